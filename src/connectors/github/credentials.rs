//! `revoke_credentials`: what the account authorised for single sign-on, all at once.
//!
//! GitHub answers 202 and works later; the proof is that the organisation's list holds nothing of
//! his any more. With an enterprise the call is the enterprise's, across all its organisations, and
//! of a managed user it also destroys tokens and keys. What is sent, and what after a refusal, is
//! [`revoke`](super::revoke)'s. Source: `github.json` (credential authorisations); that
//! organisations without SAML answer 403 or 404 [inferred].

use async_trait::async_trait;
use serde_json::{Value, json};

use super::GitHub;
use super::accounts::Account;
use super::leftovers;
use super::revoke::{Reach, revoke, widest};
use super::vendor::VENDOR;
use super::voice::{self, VOICE};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, Planning, Seen, Unread, Verb, account_of, bounded, change, items, moment, target, text,
};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState, Skip, Undo};
use crate::model::{count, count_and};
use crate::transport::{Path, Writer};

/// Credentials kept in a change's before-state at most.
const EVIDENCE_MAX: usize = 50;

const RIGHT: &str = "`organization_administration:read`, and single sign-on in the organisation";

pub(super) struct RevokeCredentials;

#[async_trait]
impl Verb<GitHub> for RevokeCredentials {
    async fn plan(&self, p: &Planning<'_, GitHub>, who: &Identified) -> Planned {
        let account = match Account::planned(p, who).await {
            Ok(account) => account,
            Err(skip) => return Planned::skipped(skip),
        };
        let widest = widest(p.service, account.is_managed());
        let listed = authorised(p.service, p.glance, &account).await;
        let planned = match listed {
            Some(Err(unread)) if widest == Reach::Org => {
                Planned::skipped(not_listed(p.service, &unread))
            }
            Some(Ok(listed)) if widest == Reach::Org && listed.is_empty() => {
                let why = "nothing of his is authorised for single sign-on".into();
                Planned::skipped(Skip::NothingSelected { why })
            }
            Some(Ok(listed)) => Planned::one(planned(p, who, &account, widest, Some(&listed))),
            Some(Err(_)) | None => Planned::one(planned(p, who, &account, widest, None)),
        };
        Planned {
            kept: leftovers::of(p.service, &account),
            ..planned
        }
    }

    async fn apply(&self, github: &GitHub, w: &Writer<'_>, change: &Change) -> Outcome {
        let glance = Glance::new(w.reader(), &VOICE);
        match Account::acted_on(github, &glance, change).await {
            Ok(account) => revoke(github, w, change, &account).await,
            Err(outcome) => outcome,
        }
    }

    async fn prove(&self, github: &GitHub, glance: &Glance, done: &Applied) -> Seen {
        let account = match Account::read(glance, account_of(&done.change)).await {
            Ok(account) => account,
            Err(Unread::Absent { .. }) => {
                return (ProofState::Proven, "the account is gone".into());
            }
            Err(unread) => return (ProofState::Pending, github.unread(&unread)),
        };
        let seen = in_org(github, glance, done, &account).await;
        if seen.0 == ProofState::Proven && done.change.before["destroys"] == true {
            return and_keys(glance, done, &account, seen.1).await;
        }
        seen
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if done.change.before["destroys"] == true {
            let what = "tokens and keys of a managed user were destroyed".into();
            return Err(CannotUndo::Never(what));
        }
        Err(CannotUndo::PersonRedoes(
            "authorises his tokens and keys for single sign-on again".into(),
        ))
    }
}

fn planned(
    p: &Planning<'_, GitHub>,
    who: &Identified,
    account: &Account,
    widest: Reach,
    listed: Option<&[Value]>,
) -> Change {
    let place = p.service.settings.place();
    let here = match listed.map(<[Value]>::len) {
        Some(n) => format!(
            "revoke {} at {place}",
            count(n, "single sign-on authorisation")
        ),
        None => "revoke all single sign-on authorisations".to_owned(),
    };
    let sentence = match widest {
        Reach::Org => here,
        Reach::Enterprise => format!("{here}, and those in the whole enterprise"),
        Reach::Destroys => {
            format!("{here}, and destroy all his tokens and SSH keys in the whole enterprise")
        }
    };
    let destroys = widest == Reach::Destroys;
    let before = json!({
        "github_login": account.login, "destroys": destroys,
        "credentials": listed.map(evidence),
    });
    let target = target("user", &account.id, &account.login);
    let mut change = change(&VENDOR, p.step, who, target, sentence, before);
    if destroys {
        change.undo = Undo::Never;
    }
    change
}

/// What was authorised, as far as a person will ask for it later.
fn evidence(listed: &[Value]) -> Value {
    let keys = [
        "credential_id",
        "credential_type",
        "credential_authorized_at",
        "credential_accessed_at",
        "authorized_credential_title",
        "authorized_credential_note",
    ];
    let row = |each: &Value| {
        let kept = keys.iter().filter(|key| !each[**key].is_null());
        let kept = kept.map(|key| {
            let value = match &each[*key] {
                Value::String(text) => json!(bounded(text, 100)),
                other => other.clone(),
            };
            ((*key).to_owned(), value)
        });
        Value::Object(kept.collect())
    };
    listed.iter().take(EVIDENCE_MAX).map(row).collect()
}

/// `/orgs/{org}/credential-authorizations`
pub(super) fn of_org(org: &str) -> Path {
    Path::new("/orgs")
        .seg(org)
        .then("/credential-authorizations")
}

/// What the account authorised at the organisation; `None` without one.
pub(super) async fn authorised(
    github: &GitHub,
    glance: &Glance,
    account: &Account,
) -> Option<Result<Vec<Value>, Unread>> {
    let path = of_org(github.settings.org.as_deref()?)
        .query("login", account.login.as_str())
        .query("per_page", "100");
    let got = glance.list_by_link(path).await;
    // A filter that was not heeded answers with everybody's.
    let is_his = |row: &&Value| account.is(text(row, "login"));
    let listed = got.as_ref().as_ref().map_err(Unread::clone);
    Some(listed.map(|all| items(all).iter().filter(is_his).cloned().collect()))
}

fn not_listed(github: &GitHub, unread: &Unread) -> Skip {
    let place = github.settings.place();
    match unread {
        Unread::Absent { .. } => Skip::Unsupported {
            why: format!(
                "GitHub has no list of credential authorisations for {place}: it has no SAML \
                 single sign-on, the host is a server of one's own, or our App lacks \
                 `organization_administration:read`; his tokens and keys work on there"
            ),
        },
        unread => Skip::Unread {
            why: voice::why(unread, RIGHT),
        },
    }
}

/// What the organisation lists of his.
async fn in_org(github: &GitHub, glance: &Glance, done: &Applied, account: &Account) -> Seen {
    if let OutcomeKind::Failed { why, .. } = &done.outcome.kind
        && github.settings.enterprise.is_some()
    {
        let how = format!("GitHub lists nothing of an enterprise, and refused: {why}");
        return (ProofState::Unverifiable, how);
    }
    let Some(listed) = authorised(github, glance, account).await else {
        let how = "GitHub lists no authorisations of an enterprise: name an `org` of it";
        return (ProofState::Unverifiable, how.into());
    };
    let listed = match listed {
        Ok(listed) => listed,
        Err(unread) => return (ProofState::Pending, github.unread(&unread)),
    };
    let place = github.settings.place();
    let left = listed.len();
    if left == 0 {
        let elsewhere = match github.settings.enterprise {
            Some(_) => "; other organisations of the enterprise are not read",
            None => "",
        };
        let how = format!("nothing of his is authorised at {place} any more{elsewhere}");
        return (ProofState::Proven, how);
    }
    let since = done.outcome.receipts.last().map(|each| each.server_at);
    let is_new = |row: &&Value| {
        let at = moment(row, "credential_authorized_at");
        at.zip(since).is_some_and(|(at, since)| at > since)
    };
    let new = listed.iter().filter(is_new).count();
    match &done.outcome.kind {
        _ if new > 0 => {
            let how = format!("{new} authorised again at {place} since");
            (ProofState::Refuted, how)
        }
        OutcomeKind::Accepted | OutcomeKind::InDoubt { .. } => {
            (ProofState::Pending, format!("queued; {left} still listed"))
        }
        _ => (ProofState::Refuted, format!("{left} listed at {place}")),
    }
}

/// The SSH keys of a managed user are public: that they are gone shows that they were destroyed.
async fn and_keys(glance: &Glance, done: &Applied, account: &Account, how: String) -> Seen {
    let path = Path::new("/users").seg(&account.login).then("/keys");
    let got = glance.list_by_link(path.query("per_page", "100")).await;
    match &*got {
        Ok(keys) if items(keys).is_empty() => {
            (ProofState::Proven, format!("{how}; no SSH key is left"))
        }
        Ok(keys) => {
            let left = count_and(items(keys).len(), "SSH key", ("is", "are"));
            let left = format!("{left} still there");
            match done.outcome.kind {
                OutcomeKind::Accepted => (ProofState::Pending, left),
                _ => (ProofState::Refuted, left),
            }
        }
        Err(unread) => (ProofState::Pending, voice::why(unread, "`members:read`")),
    }
}

impl GitHub {
    /// Why a list was not read.
    fn unread(&self, unread: &Unread) -> String {
        let why = voice::why(unread, RIGHT);
        match self.warned.get() {
            Some(warning) => format!(
                "{why}; GitHub had warned that our own token may be revoked ({warning}): put a new \
                 one in place, then `oust runs prove`"
            ),
            None => why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_holds_no_part_of_a_credential() {
        let row = json!({
            "login": "alex-c", "credential_id": 7, "credential_type": "personal access token",
            "token_last_eight": "hunter2!", "fingerprint": "hunter2", "scopes": ["repo"],
        });
        let kept = evidence(&[row]).to_string();
        assert!(kept.contains("personal access token"));
        assert!(!kept.contains("hunter2"), "{kept}");
    }
}
