//! `suspend_managed_user` and its undoing, `unsuspend_managed_user`.
//!
//! In no shipped playbook: it reaches the whole enterprise, and Okta's provisioning does the same
//! when it deactivates him. SCIM knows him by an id of its own, found through the enterprise's
//! external identities or, where those are hidden, by the name that the directory gave him. While
//! suspended his login is disguised, so that nothing is looked up by it afterwards. The
//! organisation's SCIM is never used: there `active: false` deletes the identity. Source:
//! `github.json` (SCIM of an enterprise); that `guid` is SCIM's id [inferred].

use async_trait::async_trait;
use serde_json::{Value, json};

use super::GitHub;
use super::accounts::Account;
use super::find::{by_user_name, scim_of_enterprise};
use super::graph::{At, By, Identities, identities};
use super::vendor::VENDOR;
use super::voice::{self, VOICE};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, Planning, Seen, Unread, Verb, account_of, bounded, change, send, target, text, undoing,
};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState, Skip};
use crate::transport::{Path, Write, Writer};

const RIGHT: &str = "an enterprise owner's token with scim:enterprise";

pub(super) struct SuspendManagedUser;

#[async_trait]
impl Verb<GitHub> for SuspendManagedUser {
    async fn plan(&self, p: &Planning<'_, GitHub>, who: &Identified) -> Planned {
        let Some(slug) = p.service.settings.enterprise.as_deref() else {
            return Planned::skipped(Skip::Unsupported {
                why: "managed users are an enterprise's: name `enterprise`".into(),
            });
        };
        let account = match Account::planned(p, who).await {
            Ok(account) => account,
            Err(skip) => return Planned::skipped(skip),
        };
        let user = match scim_user(p, slug, who, &account).await {
            Ok(user) => user,
            Err(skip) => return Planned::skipped(skip),
        };
        let Some(active) = user["active"].as_bool() else {
            return Planned::skipped(Skip::Unread {
                why: "SCIM does not say whether he is active".into(),
            });
        };
        if !active {
            return Planned::skipped(Skip::NothingSelected {
                why: "suspended at GitHub already".into(),
            });
        }
        let before = json!({
            "github_login": account.login, "scim": text(&user, "id"), "active": active,
            "user_name": bounded(text(&user, "userName"), 200),
        });
        let target = target("user", &account.id, &account.login);
        let sentence = format!("suspend the managed user in enterprise {slug}");
        Planned::one(change(&VENDOR, p.step, who, target, sentence, before))
    }

    async fn apply(&self, github: &GitHub, w: &Writer<'_>, change: &Change) -> Outcome {
        set(github, w, change, false).await
    }

    async fn prove(&self, github: &GitHub, glance: &Glance, done: &Applied) -> Seen {
        seen(github, glance, &done.change, false).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        let is_by_others =
            done.outcome.kind == OutcomeKind::AlreadyDone && done.outcome.receipts.is_empty();
        if done.change.before["active"] != true || is_by_others {
            return Err(CannotUndo::NotOurs);
        }
        let sentence = "give the suspended managed user back";
        let verb = "unsuspend_managed_user";
        Ok(vec![undoing(
            &VENDOR,
            &done.change,
            verb,
            sentence,
            json!({}),
        )])
    }
}

pub(super) struct UnsuspendManagedUser;

#[async_trait]
impl Verb<GitHub> for UnsuspendManagedUser {
    async fn plan(&self, _p: &Planning<'_, GitHub>, _who: &Identified) -> Planned {
        let why = "it only undoes `github.suspend_managed_user`".into();
        Planned::skipped(Skip::Unsupported { why })
    }

    async fn apply(&self, github: &GitHub, w: &Writer<'_>, change: &Change) -> Outcome {
        set(github, w, change, true).await
    }

    async fn prove(&self, github: &GitHub, glance: &Glance, done: &Applied) -> Seen {
        seen(github, glance, &done.change, true).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        let sentence = "suspend the managed user";
        let verb = "suspend_managed_user";
        Ok(vec![undoing(
            &VENDOR,
            &done.change,
            verb,
            sentence,
            json!({}),
        )])
    }
}

/// The account as SCIM has it: exactly one.
async fn scim_user(
    p: &Planning<'_, GitHub>,
    slug: &str,
    who: &Identified,
    account: &Account,
) -> Result<Value, Skip> {
    let unread = |why: String| Skip::Unread { why };
    let by = By::Login(&account.login);
    if let Ok(Identities::Are(all)) = identities(p.glance, At::Enterprise(slug), by).await {
        let his = all.into_iter().find(|each| {
            let id = each.account.as_ref().map(|(id, _)| id);
            id == Some(&account.id) && !each.guid.is_empty()
        });
        if let Some(his) = his {
            return match &*p.glance.one(scim_of_enterprise(slug).seg(&his.guid)).await {
                Ok(user) => Ok(user.clone()),
                Err(why) => Err(unread(voice::why(why, RIGHT))),
            };
        }
    }
    if !account.is_managed() {
        return Err(Skip::Unsupported {
            why: format!(
                "{} is nobody's managed user: he owns his account",
                account.login
            ),
        });
    }
    let mut users = by_user_name(p.glance, slug, &who.subject.login)
        .await
        .map_err(unread)?;
    match (users.pop(), users.is_empty()) {
        (Some(user), true) => Ok(user),
        (None, _) => Err(unread(format!(
            "SCIM of {slug} knows no {}: whose id to suspend is not known",
            who.subject.login
        ))),
        (Some(_), false) => Err(unread(format!(
            "SCIM of {slug} knows {} more than once",
            who.subject.login
        ))),
    }
}

fn path(github: &GitHub, change: &Change) -> Path {
    let slug = github.settings.enterprise.as_deref().unwrap_or_default();
    scim_of_enterprise(slug).seg(text(&change.before, "scim"))
}

async fn set(github: &GitHub, w: &Writer<'_>, change: &Change, active: bool) -> Outcome {
    let glance = Glance::new(w.reader(), &VOICE);
    if let Some(ours) = github.is_ours(&glance, account_of(change)).await {
        return Outcome::bare(OutcomeKind::Failed {
            why: ours.sentence(),
            hint: "act on him by another credential".into(),
        });
    }
    let now = glance.one(path(github, change)).await;
    if now
        .as_ref()
        .as_ref()
        .is_ok_and(|user| user["active"] == active)
    {
        return Outcome::bare(OutcomeKind::AlreadyDone);
    }
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "active", "value": active }],
    });
    let write = Write::patch(path(github, change)).json(body);
    VOICE.outcome(change, send(w, &write).await, false)
}

async fn seen(github: &GitHub, glance: &Glance, change: &Change, wanted: bool) -> Seen {
    match &*glance.one(path(github, change)).await {
        Ok(user) => match user["active"].as_bool() {
            Some(active) if active == wanted => {
                (ProofState::Proven, format!("active: {active} read"))
            }
            Some(active) => (ProofState::Refuted, format!("active: {active} read")),
            None => (ProofState::Pending, "SCIM says no `active`".into()),
        },
        Err(Unread::Absent { .. }) if !wanted => {
            (ProofState::Proven, "SCIM does not know him any more".into())
        }
        Err(unread) => (ProofState::Pending, voice::why(unread, RIGHT)),
    }
}
