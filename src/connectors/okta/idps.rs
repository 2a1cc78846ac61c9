//! `unlink_idps`: identity providers that an account was linked to within the window.
//!
//! A link lets whoever holds the account at that provider sign in here, whatever the password and
//! the factors. Okta dates the link, and its catalogue has no event for it, so that the date alone
//! decides. Never unlinked are the provider that profiles come from and the only one of somebody
//! who signs in by a provider: the one would come back, the other would be shut out. Whether the
//! org routes everybody's sign-in to a provider stands in its routing rules, which are not read.
//!
//! Source: Okta API, "Identity provider users": unlink [spec]; retrieve a user by Okta's SDKs;
//! `policy.provisioning.profileMaster` [spec].

use async_trait::async_trait;
use serde_json::{Value, json};

use super::answers::{outcome, send};
use super::events::Evidence;
use super::glance::{Unread, items, text};
use super::made_in_window::minute;
use super::users;
use super::verb::{Planning, Seen, Verb, moment, target};
use super::{Okta, crowd::in_order};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{
    Applied, Change, Kept, Outcome, ProofState, Select, Skip, Subject, UserId, Utc, count,
};
use crate::transport::{Path, Write, Writer};

/// Kinds of credential that are kept by a provider. Source: `AuthenticationProviderType` [spec].
const BY_PROVIDER: &[&str] = &["FEDERATION", "SOCIAL"];

pub(super) struct UnlinkIdps;

#[async_trait]
impl Verb for UnlinkIdps {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let got = p.glance.list(linked(&who.subject.id)).await;
        let idps = match &*got {
            Ok(idps) => items(idps),
            Err(unread) => return Planned::skipped(Skip::Unread { why: unread.why() }),
        };
        let dates: Vec<Result<Option<Utc>, Unread>> =
            in_order(idps, |idp| Box::pin(since(p, &who.subject.id, idp))).await;
        let mut planned = Planned::default();
        for (idp, since) in idps.iter().zip(dates) {
            let target = target("idp", text(idp, "id"), text(idp, "name"));
            if moment(idp, "created").is_some_and(|at| p.case.window.contains(at)) {
                planned.notes.push(format!(
                    "identity provider {} itself was made within the window: look at it",
                    target.label
                ));
            }
            let since = match since {
                Ok(since) => since,
                Err(unread) => {
                    let why = format!("since when cannot be read: {}", unread.why());
                    planned.skip = Some(Skip::Unread { why });
                    continue;
                }
            };
            match stays(p, &who.subject, idp, since, idps.len()) {
                Some((why, suspect)) => planned.kept.push(Kept {
                    target,
                    why,
                    suspect,
                }),
                None => {
                    let when = since.map(|at| format!(" (linked {})", minute(at)));
                    let when = when.unwrap_or_default();
                    let sentence = format!("unlink identity provider {}{when}", target.label);
                    let before = json!({ "idp": target.label, "linked": since });
                    let change = p.change(who, target, sentence, before);
                    planned.changes.push(change);
                }
            }
        }
        if planned.changes.is_empty() && planned.skip.is_none() {
            let why = match planned.kept.len() {
                0 => "is linked to no identity provider".to_owned(),
                n => format!("none of {} selected", count(n, "identity provider")),
            };
            planned.skip = Some(Skip::NothingSelected { why });
        }
        planned
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let path = link(&change.target.id, &change.subject);
        outcome(change, send(w, &Write::delete(path)).await, true)
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        let change = &done.change;
        match &*e.glance.list(linked(&change.subject)).await {
            Ok(idps) if items(idps).iter().any(|idp| idp["id"] == *change.target.id) => {
                (ProofState::Refuted, "still linked".into())
            }
            Ok(_) => (ProofState::Proven, "not linked any more".into()),
            Err(unread) => (ProofState::Pending, unread.why()),
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes(
            "is linked again when he next signs in by that provider".into(),
        ))
    }
}

fn linked(who: &UserId) -> Path {
    users::path(who).then("/idps")
}

fn link(idp: &str, who: &UserId) -> Path {
    Path::new("/api/v1/idps")
        .seg(idp)
        .then("/users")
        .seg(who.as_str())
}

/// Since when he is linked, if the step selects by it. The provider's own date says nothing of it.
async fn since(p: &Planning<'_>, who: &UserId, idp: &Value) -> Result<Option<Utc>, Unread> {
    if p.step.select != Select::InWindow {
        return Ok(None);
    }
    match &*p.glance.one(link(text(idp, "id"), who)).await {
        Ok(link) => Ok(moment(link, "created")),
        Err(unread) => Err(unread.clone()),
    }
}

/// Why a link stays, and whether a person should look at it.
fn stays(
    p: &Planning<'_>,
    who: &Subject,
    idp: &Value,
    since: Option<Utc>,
    all: usize,
) -> Option<(String, bool)> {
    let dated = json!({ "created": since });
    if let Some(stays) = p.not_selected(&dated, text(idp, "id")) {
        return Some(stays);
    }
    if idp["policy"]["provisioning"]["profileMaster"] == true {
        let why = "profiles come from it: it would be linked again";
        return Some((why.into(), true));
    }
    (all == 1 && BY_PROVIDER.contains(&who.mastered_by.as_str())).then(|| {
        let why = "he signs in by it and by nothing else: unlink it by hand once he has a password";
        (why.into(), true)
    })
}
