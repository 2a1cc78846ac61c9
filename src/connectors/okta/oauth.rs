//! `revoke_oauth_grants`: refresh tokens and consents of an account, client by client.
//!
//! Oddities: a consent outlives its tokens and lets the client fetch new ones unasked, so both
//! go. Access tokens issued without a refresh token stand in no list; `clear_sessions` with
//! `oauth_tokens` revokes those. JWTs that apps check themselves live until they end. Source:
//! Okta API, "User OAuth 2.0 token management", "User grants".
//!
//! Where all are taken nobody's tokens are counted: that costs a round trip more, after which
//! nothing else is waited for, and each client is listed because it holds tokens or consents.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::Okta;
use super::answers::{outcome, send};
use super::events::Evidence;
use super::glance::{Glance, Got, Unread, items, text};
use super::users;
use super::verb::{Planning, Seen, Verb, target};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{
    Applied, Change, Kept, Outcome, OutcomeKind, ProofState, Select, Skip, UserId, count,
};
use crate::transport::{Path, Write, Writer};

/// What one client holds.
#[derive(Default)]
pub(super) struct Held {
    pub(super) name: String,
    /// `None` if they were not asked for.
    pub(super) tokens: Option<Vec<Value>>,
    pub(super) grants: Vec<Value>,
}

impl Held {
    fn say(&self) -> String {
        let tokens = match &self.tokens {
            None => Some("refresh tokens".to_owned()),
            Some(tokens) => counted(tokens, "refresh token"),
        };
        let what = [tokens, counted(&self.grants, "consent")];
        what.into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }
}

fn counted(list: &[Value], one: &str) -> Option<String> {
    (!list.is_empty()).then(|| count(list.len(), one))
}

pub(super) struct RevokeOauthGrants;

#[async_trait]
impl Verb for RevokeOauthGrants {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let with_tokens = p.step.select != Select::All;
        let held = match held_by_clients(p.glance, &who.subject.id, with_tokens).await {
            Ok(held) => held,
            Err(unread) => return Planned::skipped(Skip::Unread { why: unread.why() }),
        };
        let mut planned = Planned::default();
        for (client, held) in &held {
            let target = target("oauth_client", client, &held.name);
            match stays(p, client, held) {
                Some((why, suspect)) => planned.kept.push(Kept {
                    target,
                    why,
                    suspect,
                }),
                None => {
                    let sentence = format!("revoke {} of {}", held.say(), target.label);
                    let before = json!({ "tokens": held.tokens, "grants": held.grants });
                    planned
                        .changes
                        .push(p.change(who, target, sentence, before));
                }
            }
        }
        if planned.changes.is_empty() {
            let why = match planned.kept.len() {
                0 => "no app holds a consent or a refresh token".to_owned(),
                n => format!("none of {} selected", count(n, "client")),
            };
            planned.skip = Some(Skip::NothingSelected { why });
        } else {
            planned.notes.push(
                "access tokens that apps check themselves work until they end (Okta's default: \
                 an hour)"
                    .into(),
            );
        }
        planned
    }

    /// Tokens first, then the consents that would bring new ones.
    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let mut total = Outcome::bare(OutcomeKind::AlreadyDone);
        for what in ["/tokens", "/grants"] {
            let path = client_path(&change.subject, &change.target.id).then(what);
            let each = outcome(change, send(w, &Write::delete(path)).await, true);
            total.receipts.extend(each.receipts);
            match each.kind {
                OutcomeKind::AlreadyDone => {}
                kind @ (OutcomeKind::Done | OutcomeKind::Accepted) => total.kind = kind,
                kind => {
                    total.kind = kind;
                    return total;
                }
            }
        }
        total
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        let path = client_path(&done.change.subject, &done.change.target.id);
        let list = |what: &str| e.glance.list(full(path.clone().then(what)));
        let (tokens, grants) = join(list("/tokens"), list("/grants")).await;
        for (what, got) in [("refresh tokens", tokens), ("consents", grants)] {
            match &*got {
                Ok(list) if items(list).is_empty() => {}
                Ok(list) => {
                    let n = items(list).len();
                    return (ProofState::Refuted, format!("{n} {what} are still listed"));
                }
                Err(Unread::Absent { .. }) => {}
                Err(unread) => return (ProofState::Pending, unread.why()),
            }
        }
        (
            ProofState::Proven,
            "no refresh token and no consent listed".into(),
        )
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("consents again".into()))
    }
}

/// Everything that clients hold of an account, from two lists that need not agree; its tokens
/// only on request.
pub(super) async fn held_by_clients(
    glance: &Glance,
    who: &UserId,
    with_tokens: bool,
) -> Result<BTreeMap<String, Held>, Unread> {
    let clients = glance.list(users::path(who).then("/clients"));
    let grants = glance.list(full(users::path(who).then("/grants")));
    let (clients, grants) = join(clients, grants).await;
    let mut held: BTreeMap<String, Held> = BTreeMap::new();
    for client in items(clients.as_ref().as_ref().map_err(Unread::clone)?) {
        let name = match text(client, "client_name") {
            "" => text(client, "client_id"),
            name => name,
        };
        held.entry(text(client, "client_id").to_owned())
            .or_default()
            .name = name.to_owned();
    }
    for grant in items(grants.as_ref().as_ref().map_err(Unread::clone)?) {
        let client = text(grant, "clientId");
        let entry = held.entry(client.to_owned()).or_default();
        if entry.name.is_empty() {
            entry.name = client.to_owned();
        }
        entry.grants.push(grant.clone());
    }
    held.remove("");
    if with_tokens {
        let clients: Vec<&str> = held.keys().map(String::as_str).collect();
        let tokens = tokens_of(glance, who, &clients).await?;
        for (entry, tokens) in held.values_mut().zip(tokens) {
            entry.tokens = Some(tokens);
        }
    }
    Ok(held)
}

/// The refresh tokens of each client, in their order.
async fn tokens_of(
    glance: &Glance,
    who: &UserId,
    clients: &[&str],
) -> Result<Vec<Vec<Value>>, Unread> {
    let lists = clients
        .iter()
        .map(|client| glance.list(full(client_path(who, client).then("/tokens"))));
    let lists = join_all(lists).await;
    let tokens = lists.iter().map(|got| match &**got {
        Ok(list) => Ok(items(list).to_vec()),
        Err(Unread::Absent { .. }) => Ok(Vec::new()),
        Err(unread) => Err(unread.clone()),
    });
    tokens.collect()
}

/// Every client with the refresh tokens it holds, as evidence.
pub(super) async fn clients_with_tokens(glance: &Glance, who: &UserId) -> Got {
    let clients = glance.list(users::path(who).then("/clients")).await;
    let clients = items(clients.as_ref().as_ref().map_err(Unread::clone)?);
    let ids: Vec<&str> = clients.iter().map(|each| text(each, "client_id")).collect();
    let tokens = tokens_of(glance, who, &ids).await?;
    let with_tokens = clients.iter().zip(tokens).map(|(client, tokens)| {
        let mut client = client.clone();
        client["refresh_tokens"] = tokens.into();
        client
    });
    Ok(with_tokens.collect())
}

/// A client stays if the selector takes none of what it holds.
fn stays(p: &Planning<'_>, client: &str, held: &Held) -> Option<(String, bool)> {
    let tokens = held.tokens.as_deref().unwrap_or_default().iter();
    let all: Vec<Option<(String, bool)>> = tokens
        .chain(&held.grants)
        .map(|item| p.not_selected(item, client))
        .collect();
    if all.iter().any(Option::is_none) {
        return None;
    }
    let suspect = all.iter().flatten().any(|(_, suspect)| *suspect);
    match all.into_iter().flatten().next() {
        Some((why, _)) => Some((why, suspect)),
        None => p.not_selected(&Value::Null, client),
    }
}

fn client_path(who: &UserId, client: &str) -> Path {
    users::path(who).then("/clients").seg(client)
}

/// The largest page: Okta's default is 20.
fn full(path: Path) -> Path {
    path.query("limit", "200")
}
