//! `disable_account` and what takes it back, `enable_account`.
//!
//! In no shipped playbook: an account at Microsoft that follows Okta is out with it. Where
//! on-premises Active Directory masters the account, its next sync may enable it again [inferred]:
//! noted before consent. Administrators are refused to an app without a directory role. Source:
//! "Update user"; `memberOf` by "List a user's direct memberships".

use async_trait::async_trait;
use serde_json::{Value, json};

use super::M365;
use super::together::Ask;
use super::users::{self, User, not_so};
use super::vendor::VENDOR;
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, Planning, Seen, Unread, Verb, bounded, change, items, target, text, undoing,
};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState, Skip};
use crate::transport::Writer;

/// Roles named in a note at most.
const ROLES_MAX: usize = 5;

pub(super) struct DisableAccount;

#[async_trait]
impl Verb<M365> for DisableAccount {
    async fn plan(&self, p: &Planning<'_, M365>, who: &Identified) -> Planned {
        let user = match User::read(p.glance, &who.id).await {
            Ok(user) => user,
            Err(unread) => {
                let why = p.service.no_account("disable_account", &unread);
                return Planned::skipped(Skip::Unread { why });
            }
        };
        match user.get("accountEnabled") {
            Value::Bool(true) => {}
            Value::Bool(false) => {
                let why = "is disabled already".into();
                return Planned::skipped(Skip::NothingSelected { why });
            }
            _ => {
                let why = "Microsoft 365 does not say whether the account is enabled".into();
                return Planned::skipped(Skip::Unread { why });
            }
        }
        let target = target("user", &who.id, user.name());
        let sentence = "block sign-in of the account".to_owned();
        let mut planned = Planned::one(change(
            &VENDOR,
            p.step,
            who,
            target,
            sentence,
            user.before(),
        ));
        planned.notes = user.notes();
        if user.is_synced() {
            planned.notes.push(
                "on-premises Active Directory masters the account: its next sync may enable it \
                 again; disable it there as well"
                    .into(),
            );
        }
        planned.notes.extend(roles(p, &who.id).await);
        planned
    }

    async fn apply(&self, m365: &M365, w: &Writer<'_>, change: &Change) -> Outcome {
        set(m365, w, change, false).await
    }

    async fn prove(&self, m365: &M365, glance: &Glance, done: &Applied) -> Seen {
        is_now(m365, glance, done, false).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if done.outcome.kind == OutcomeKind::AlreadyDone || done.change.before["enabled"] != true {
            return Err(CannotUndo::NotOurs);
        }
        Ok(vec![undoing(
            &VENDOR,
            &done.change,
            "enable_account",
            "let the account sign in again",
            json!({}),
        )])
    }
}

pub(super) struct EnableAccount;

#[async_trait]
impl Verb<M365> for EnableAccount {
    async fn plan(&self, _p: &Planning<'_, M365>, _who: &Identified) -> Planned {
        let why = "it only undoes `m365.disable_account`, by `oust release`".into();
        Planned::skipped(Skip::Unsupported { why })
    }

    async fn apply(&self, m365: &M365, w: &Writer<'_>, change: &Change) -> Outcome {
        set(m365, w, change, true).await
    }

    async fn prove(&self, m365: &M365, glance: &Glance, done: &Applied) -> Seen {
        is_now(m365, glance, done, true).await
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::NotOurs)
    }
}

async fn set(m365: &M365, w: &Writer<'_>, change: &Change, enabled: bool) -> Outcome {
    let path = users::path(&change.target.id);
    let ask = Ask::patch(path, json!({ "accountEnabled": enabled }));
    m365.outcome(change, m365.send(w, ask).await, false)
}

async fn is_now(m365: &M365, glance: &Glance, done: &Applied, wanted: bool) -> Seen {
    let user = match User::read(glance, &done.change.target.id).await {
        Ok(user) => user,
        Err(Unread::Absent { .. }) if !wanted => {
            return (ProofState::Proven, "the account is gone".into());
        }
        Err(unread) => {
            return (
                ProofState::Pending,
                m365.no_account("disable_account", &unread),
            );
        }
    };
    match user.get("accountEnabled").as_bool() {
        Some(enabled) if enabled == wanted => {
            (ProofState::Proven, format!("accountEnabled is {enabled}"))
        }
        Some(enabled) => not_so(glance, done, format!("accountEnabled is {enabled}")),
        None => (ProofState::Pending, "accountEnabled was not told".into()),
    }
}

/// Directory roles, which make Entra ask for a role of the app, too.
async fn roles(p: &Planning<'_, M365>, id: &str) -> Option<String> {
    let path = users::path(id).then("/memberOf");
    let got = p.glance.list(path, "value", "@odata.nextLink").await;
    let memberships = match &*got {
        Ok(memberships) => memberships,
        Err(unread) => {
            let why = p.service.unread_directory(unread);
            return Some(format!(
                "whether he is an administrator was not read: {why}"
            ));
        }
    };
    let is_role = |each: &&Value| text(each, "@odata.type") == "#microsoft.graph.directoryRole";
    let names: Vec<String> = items(memberships)
        .iter()
        .filter(is_role)
        .take(ROLES_MAX)
        .map(|role| bounded(text(role, "displayName"), 60))
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "he holds {}: the app itself must hold Privileged Authentication Administrator, or \
             this is refused",
            names.join(", ")
        )
    })
}
