//! `revoke_fine_grained_tokens`: their access to the organisation, grant by grant.
//!
//! Only a GitHub App may list or revoke them. The token itself lives on, for its owner's own
//! things. A grant is known by its number and carries its owner's, so that a renamed owner or a
//! filter that was not heeded never makes somebody else's grant the subject's. Many go in one call,
//! which GitHub only queues; if it takes offence at one of them, each is sent by itself. Source:
//! `github.json` (personal access tokens of an organisation).

use async_trait::async_trait;
use serde_json::{Value, json};

use super::GitHub;
use super::accounts::Account;
use super::listed;
use super::vendor::VENDOR;
use super::voice::{self, VOICE};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, Planning, Seen, Unread, Verb, account_of, change, items, moment, not_selected, send,
    target, text,
};
use crate::model::{Applied, Change, Kept, Outcome, OutcomeKind, ProofState, Skip};
use crate::transport::{Meaning, Path, Write, Writer};

/// Grants in one call at most. Source: `github.json`.
const BULK_MAX: usize = 100;

const VERB: &str = "revoke_fine_grained_tokens";
const RIGHT: &str = "`organization_personal_access_tokens:read`";

pub(super) struct RevokeFineGrainedTokens;

#[async_trait]
impl Verb<GitHub> for RevokeFineGrainedTokens {
    async fn plan(&self, p: &Planning<'_, GitHub>, who: &Identified) -> Planned {
        if let Some(why) = impossible(p.service) {
            return Planned::skipped(Skip::Unsupported { why });
        }
        let account = match Account::planned(p, who).await {
            Ok(account) => account,
            Err(skip) => return Planned::skipped(skip),
        };
        let grants = match granted(p.service, p.glance, &account).await {
            Ok(grants) => grants,
            Err(unread) => {
                let why = voice::why(&unread, RIGHT);
                return Planned::skipped(Skip::Unread { why });
            }
        };
        let mut planned = Planned::default();
        for grant in &grants {
            let granted_at = moment(grant, "access_granted_at");
            let target = target(
                "fine_grained_token",
                &id_of(grant),
                text(grant, "token_name"),
            );
            match not_selected("GitHub", p.step, p.case, &target.id, granted_at) {
                Some((why, suspect)) => planned.kept.push(Kept {
                    target,
                    why,
                    suspect,
                }),
                None => {
                    let sentence = format!("revoke fine-grained token {}", target.label);
                    let before = json!({ "github_login": account.login, "grant": evidence(grant) });
                    let change = change(&VENDOR, p.step, who, target, sentence, before);
                    planned.changes.push(change);
                }
            }
        }
        if planned.changes.is_empty() {
            let why = match planned.kept.len() {
                0 => "no fine-grained token of his has access".to_owned(),
                n => format!("none of {n} fine-grained tokens selected"),
            };
            planned.skip = Some(Skip::NothingSelected { why });
        }
        planned
    }

    async fn apply(&self, github: &GitHub, w: &Writer<'_>, change: &Change) -> Outcome {
        let write = Write::post(grants(github).seg(&change.target.id));
        let write = write.json(json!({ "action": "revoke" }));
        VOICE.outcome(change, send(w, &write).await, true)
    }

    async fn prove(&self, github: &GitHub, glance: &Glance, done: &Applied) -> Seen {
        let account = match Account::read(glance, account_of(&done.change)).await {
            Ok(account) => account,
            Err(Unread::Absent { .. }) => {
                return (ProofState::Proven, "the account is gone".into());
            }
            Err(unread) => return (ProofState::Pending, voice::why(&unread, RIGHT)),
        };
        let listed = match granted(github, glance, &account).await {
            Ok(listed) => listed,
            Err(unread) => return (ProofState::Pending, voice::why(&unread, RIGHT)),
        };
        let is_it = |grant: &Value| id_of(grant) == done.change.target.id;
        if !listed.iter().any(is_it) {
            let how = match listed.len() {
                0 => "no fine-grained token of his has access".to_owned(),
                n => format!("not among the {n} listed"),
            };
            return (ProofState::Proven, how);
        }
        match done.outcome.kind {
            OutcomeKind::Accepted | OutcomeKind::InDoubt { .. } => {
                (ProofState::Pending, "queued; still listed".into())
            }
            _ => (ProofState::Refuted, "still listed".into()),
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes(
            "asks for access with the token again, or with a new one".into(),
        ))
    }
}

/// Why this configuration cannot do it at all.
fn impossible(github: &GitHub) -> Option<String> {
    if github.settings.org.is_none() {
        return Some("fine-grained tokens have access by organisation: name `org`".into());
    }
    github.settings.is_person().then(|| {
        "GitHub lets only a GitHub App see and revoke fine-grained tokens, no personal access \
         token: configure `app_id` and `private_key`"
            .into()
    })
}

/// `/orgs/{org}/personal-access-tokens`
pub(super) fn grants(github: &GitHub) -> Path {
    let org = github.settings.org.as_deref().unwrap_or_default();
    Path::new("/orgs").seg(org).then("/personal-access-tokens")
}

/// The account's grants.
async fn granted(
    github: &GitHub,
    glance: &Glance,
    account: &Account,
) -> Result<Vec<Value>, Unread> {
    if let Some(his) = listed::of_many(github, glance.reader(), account).await {
        return Ok(his);
    }
    let path = grants(github)
        .query("owner[]", account.login.as_str())
        .query("per_page", "100");
    let got = glance.list_by_link(path).await;
    let all = got.as_ref().as_ref().map_err(Unread::clone)?;
    Ok(listed::his(items(all), account))
}

fn id_of(grant: &Value) -> String {
    let id = grant["id"].as_u64();
    id.map_or_else(String::new, |id| id.to_string())
}

/// What a person will ask for later.
fn evidence(grant: &Value) -> Value {
    let keys = [
        "token_id",
        "access_granted_at",
        "token_last_used_at",
        "token_expires_at",
        "repository_selection",
        "permissions",
    ];
    let kept = keys.iter().filter(|key| !grant[**key].is_null());
    kept.map(|key| ((*key).to_owned(), grant[*key].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Whether a change is one of these.
pub(super) fn is_one(change: &Change) -> bool {
    change.action.verb() == VERB
}

/// Grants of one person go together; everything else by itself.
pub(super) fn batches(changes: Vec<Change>) -> Vec<Vec<Change>> {
    let mut batches: Vec<Vec<Change>> = Vec::new();
    for change in changes {
        let joins = |last: &&mut Vec<Change>| {
            let same = |each: &Change| is_one(each) && each.subject == change.subject;
            is_one(&change) && last.len() < BULK_MAX && last.iter().all(same)
        };
        match batches.last_mut().filter(joins) {
            Some(last) => last.push(change),
            None => batches.push(vec![change]),
        }
    }
    batches
}

/// Revokes many in one call; if GitHub takes offence at one of them, each by itself.
pub(super) async fn revoke_all(github: &GitHub, w: &Writer<'_>, batch: &[Change]) -> Vec<Outcome> {
    let ids: Vec<u64> = batch
        .iter()
        .filter_map(|change| change.target.id.parse().ok())
        .collect();
    let Some(first) = batch.first().filter(|_| ids.len() == batch.len()) else {
        return each(github, w, batch).await;
    };
    let write = Write::post(grants(github));
    let write = write.json(json!({ "action": "revoke", "pat_ids": ids }));
    let sent = send(w, &write).await;
    let meaning = sent
        .answer
        .as_ref()
        .ok()
        .map(|answer| VOICE.meaning(answer));
    if matches!(meaning, Some(Meaning::Gone | Meaning::Invalid)) {
        return each(github, w, batch).await;
    }
    let outcome = VOICE.outcome(first, sent, false);
    vec![outcome; batch.len()]
}

async fn each(github: &GitHub, w: &Writer<'_>, batch: &[Change]) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(batch.len());
    for change in batch {
        outcomes.push(RevokeFineGrainedTokens.apply(github, w, change).await);
    }
    outcomes
}

#[cfg(test)]
mod tests {
    use super::super::tests::{app, github};
    use super::*;
    use crate::model::{ActionId, StepKey, SystemId, Target, Undo, UserId};
    use crate::model::{ChangeId, Found};

    fn one(subject: &str, id: &str) -> Change {
        Change {
            id: ChangeId::new(id),
            step: StepKey {
                stage: 0,
                step: 0,
                system: 0,
            },
            subject: UserId::new(subject),
            system: SystemId::new("github"),
            action: ActionId::new("github", VERB),
            target: Target {
                kind: "fine_grained_token".into(),
                id: id.into(),
                label: id.into(),
            },
            sentence: String::new(),
            settings: Value::Null.into(),
            before: Value::Null,
            undo: Undo::PersonRedoes,
            made_at: None,
            found: Found::InPlan,
        }
    }

    #[test]
    fn one_call_carries_a_hundred_of_one_person() {
        let mut changes: Vec<Change> = (0..101).map(|n| one("00u1", &n.to_string())).collect();
        changes.push(one("00u2", "500"));
        let sizes: Vec<usize> = batches(changes).iter().map(Vec::len).collect();
        assert_eq!(sizes, [100, 1, 1]);
    }

    #[test]
    fn a_token_of_a_person_is_told_to_be_of_no_use_here() {
        let pat = json!({ "org": "contoso", "token": { "env": "PAT" } });
        assert!(impossible(&github(&pat)).unwrap().contains("GitHub App"));
        assert_eq!(impossible(&github(&app(json!({})))), None);
    }
}
