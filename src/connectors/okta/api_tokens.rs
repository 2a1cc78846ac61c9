//! `revoke_api_tokens`: the SSWS tokens an account owns.
//!
//! Oddity: there is no list by owner and no paging; the org's whole list is read once and
//! sorted out here. Tokens of directory agents stand among them, told by their `clientName`.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join;
use serde_json::{Value, json};

use super::Okta;
use super::answers::{outcome, send};
use super::events::{Evidence, any_type, log_path};
use super::glance::{Glance, Got, Unread, items, text};
use super::verb::{Planning, Seen, Verb, target};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{Applied, Change, Kept, Outcome, OutcomeKind, ProofState, Skip, UserId, count};
use crate::transport::{Path, Write, Writer};

/// What Okta calls the client of a token that a person made.
const MADE_BY_PEOPLE: &str = "Okta API";

/// All API tokens of the org.
pub(super) async fn all(okta: &Okta, glance: &Glance) -> Arc<Got> {
    let path = || Path::new("/api/v1/api-tokens");
    glance.list_with(&okta.together, "api tokens", path).await
}

/// One of them, which may be there though the list hides it.
pub(super) fn path(id: &str) -> Path {
    Path::new("/api/v1/api-tokens").seg(id)
}

/// Those that `who` owns.
pub(super) fn of<'a>(tokens: &'a Value, who: &'a UserId) -> impl Iterator<Item = &'a Value> {
    items(tokens)
        .iter()
        .filter(move |token| token["userId"] == *who.as_str())
}

/// Whether an agent lives by it.
pub(super) fn is_agent(token: &Value) -> bool {
    !matches!(text(token, "clientName"), "" | MADE_BY_PEOPLE)
}

/// The tokens of an account.
pub(super) struct RevokeApiTokens;

#[async_trait]
impl Verb for RevokeApiTokens {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let (got, made) = join(all(p.okta, p.glance), made_and_revoked(p, who)).await;
        let tokens = match &*got {
            Ok(tokens) => tokens,
            Err(unread) => return Planned::skipped(not_readable(unread)),
        };
        let own = match p.okta.own_user(p.glance).await {
            Ok(own) => own,
            Err(why) => {
                let why = format!("which token is our own cannot be read ({why})");
                return Planned::skipped(Skip::Unread { why });
            }
        };
        let mut planned = Planned::default();
        if made.is_some() {
            planned.notes.push(
                "Okta hides the API tokens of suspended accounts: tokens made before the window \
                 may work again after release"
                    .into(),
            );
        }
        let (hidden, unread) = match made.as_deref() {
            None => (Vec::new(), None),
            Some(Ok(events)) => (hidden(items(events), who, tokens), None),
            Some(Err(unread)) => {
                let why = format!("which tokens Okta hides cannot be read: {}", unread.why());
                (Vec::new(), Some(Skip::Unread { why }))
            }
        };
        for token in of(tokens, &who.subject.id).chain(&hidden) {
            let target = target("api_token", text(token, "id"), text(token, "name"));
            match stays(p, token, own.as_ref() == Some(&who.subject.id)) {
                Some((why, suspect)) => planned.kept.push(Kept {
                    target,
                    why,
                    suspect,
                }),
                None => {
                    let sentence = format!("revoke API token {}", target.label);
                    let before = json!({ "token": token });
                    planned
                        .changes
                        .push(p.change(who, target, sentence, before));
                }
            }
        }
        planned.skip = unread;
        if planned.changes.is_empty() && planned.skip.is_none() {
            let why = match planned.kept.len() {
                0 => "owns no API token".to_owned(),
                n => format!("{} kept", count(n, "API token")),
            };
            planned.skip = Some(Skip::NothingSelected { why });
        }
        planned
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let write = Write::delete(path(&change.target.id));
        outcome(change, send(w, &write).await, true)
    }

    /// 404 alone proves nothing, because Okta hides a suspended owner's tokens: it must be we
    /// who got a 204 for it in this run, or the log must name it. Only such a 404 is unverifiable;
    /// an answer that was refused shows nothing, and leaves the change open.
    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        let id = &done.change.target.id;
        match &*e.glance.one(path(id)).await {
            Ok(_) => return (ProofState::Refuted, "the token can still be read".into()),
            Err(Unread::Absent { .. }) => {}
            Err(unread) => return (ProofState::Pending, unread.why()),
        }
        let by_us = |other: &&Applied| {
            other.change.target == done.change.target
                && other.change.action == done.change.action
                && other.outcome.kind == OutcomeKind::Done
        };
        if e.all.iter().find(by_us).is_some() {
            return (ProofState::Proven, "404 on the id, after Okta's 204".into());
        }
        match e.revoked(id).await {
            Some(event) => (ProofState::Proven, format!("404 on the id, and {event}")),
            None => (
                ProofState::Unverifiable,
                "404 on the id, but Okta hides the tokens of suspended accounts: it may work \
                 again after release"
                    .into(),
            ),
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::Never(
            "a new token must be made and rolled out".into(),
        ))
    }
}

/// What the log says of API tokens made and revoked within the window; `None` where the list
/// shows them all.
async fn made_and_revoked(p: &Planning<'_>, who: &Identified) -> Option<Arc<Got>> {
    if who.subject.status != "SUSPENDED" && !p.step.again {
        return None;
    }
    // Everybody's at once: API tokens are made rarely, and the log's quota is small.
    let since = p.case.window.start;
    let filter = any_type(&["system.api_token.create", "system.api_token.revoke"]);
    let path = || log_path(since, p.glance.reader().vendor_now(), &filter);
    let what = format!("api tokens made since {since}");
    let got = p.glance.list_with(&p.okta.together, &what, path).await;
    Some(got)
}

/// Tokens that the list does not show because their owner is suspended already: those the log
/// saw him make within the window and nobody revoke. They would work again after release.
fn hidden(events: &[Value], who: &Identified, listed: &Value) -> Vec<Value> {
    let of_kind = |kind: &'static str| {
        events
            .iter()
            .filter(move |event| text(event, "eventType") == kind)
            .flat_map(|event| {
                items(&event["target"])
                    .iter()
                    .map(move |target| (event, target))
            })
            .filter(|(_, target)| target["type"] == "Token")
    };
    let known: BTreeSet<&str> = items(listed)
        .iter()
        .map(|token| text(token, "id"))
        .chain(of_kind("system.api_token.revoke").map(|(_, target)| text(target, "id")))
        .collect();
    of_kind("system.api_token.create")
        .filter(|(event, target)| {
            event["actor"]["id"] == *who.subject.id.as_str() && !known.contains(text(target, "id"))
        })
        .map(|(event, target)| {
            json!({
                "id": target["id"], "name": target["displayName"],
                "userId": who.subject.id, "created": event["published"],
            })
        })
        .collect()
}

/// Why a token stays, and whether a person should look at it.
fn stays(p: &Planning<'_>, token: &Value, is_our_account: bool) -> Option<(String, bool)> {
    if is_our_account {
        return Some(("owned by the account that oust acts with".into(), true));
    }
    if is_agent(token) && p.word("agents") != "revoke" {
        let why = format!(
            "{} lives by it; `agents: revoke` stops it",
            text(token, "clientName")
        );
        return Some((why, true));
    }
    p.not_selected(token, text(token, "id"))
}

fn not_readable(unread: &Unread) -> Skip {
    match unread {
        Unread::Refused { status: 403, .. } => Skip::Unsupported {
            why: format!(
                "we may not read other accounts' API tokens: grant okta.apiTokens.read and \
                 okta.apiTokens.manage to an app with the role SUPER_ADMIN ({})",
                unread.why()
            ),
        },
        _ => Skip::Unread { why: unread.why() },
    }
}
