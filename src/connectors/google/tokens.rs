//! `revoke_tokens`: what the person let apps do in his name, app by app.
//!
//! Oddities: a token has no date of its own (see [`reports`](super::reports)), and deleting takes
//! everything that was given to one client id. Google's own apps on his devices stand among them;
//! without a token they ask to sign in again. Source: Directory API, tokens.list and
//! tokens.delete (discovery document).

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::future::join;
use serde_json::{Value, json};

use super::Google;
use super::accounts::{self, State};
use super::answers::{self, deleted, list};
use super::reports::Authorized;
use super::vendor::VENDOR;
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, Planning, Seen, Unread, Verb, account_of, change, not_selected, send, target, text,
};
use crate::model::{Applied, Change, Kept, Outcome, ProofState, Select, Skip};
use crate::transport::{Path, Write, Writer};

pub(super) const KIND: &str = "admin#directory#tokenList";

pub(super) struct RevokeTokens;

#[async_trait]
impl Verb<Google> for RevokeTokens {
    async fn plan(&self, p: &Planning<'_, Google>, who: &Identified) -> Planned {
        let tokens = list(p.glance, path(&who.id), KIND);
        let (account, tokens) = join(accounts::planned(p, &who.id), tokens).await;
        let (account, notes) = match account {
            Ok(account) => account,
            Err(skip) => return Planned::skipped(skip),
        };
        let tokens = match tokens {
            Ok(tokens) => by_client(tokens),
            Err(unread) => {
                return Planned::skipped(Skip::Unread {
                    why: answers::why(&unread),
                });
            }
        };
        let mut planned = Planned {
            notes,
            ..Planned::default()
        };
        let dates = dates(p, &who.id, !tokens.is_empty(), &mut planned.notes).await;
        for (client, token) in &tokens {
            let created = dates
                .as_ref()
                .and_then(|dates| dates.created(client, &p.case.window));
            let label = match text(token, "displayText") {
                "" => client,
                name => name,
            };
            let target = target("app", client, label);
            match not_selected("Google", p.step, p.case, client, created) {
                Some((why, suspect)) => planned.kept.push(Kept {
                    target,
                    why,
                    suspect,
                }),
                None => {
                    let sentence = format!("revoke all tokens of app {}", target.label);
                    let before = json!({
                        "token": token, "authorized_at": created,
                        "super_admin": account.super_admin,
                    });
                    let change = change(&VENDOR, p.step, who, target, sentence, before);
                    planned.changes.push(change);
                }
            }
        }
        if planned.changes.is_empty() {
            let why = match planned.kept.len() {
                0 => "no app holds a token".to_owned(),
                n => format!("none of {n} apps selected"),
            };
            planned.skip = Some(Skip::NothingSelected { why });
        }
        planned
    }

    async fn apply(&self, _google: &Google, w: &Writer<'_>, change: &Change) -> Outcome {
        let path = path(account_of(change)).seg(&change.target.id);
        deleted(change, send(w, &Write::delete(path)).await)
    }

    async fn prove(&self, _google: &Google, glance: &Glance, done: &Applied) -> Seen {
        let id = account_of(&done.change);
        let tokens = list(glance, path(id), KIND).await;
        let is_it = |token: &Value| token["clientId"] == *done.change.target.id;
        absent(glance, id, tokens, is_it, "app").await
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("lets the app in again".into()))
    }
}

fn path(id: &str) -> Path {
    accounts::path(id).then("/tokens")
}

/// One token a client; apps that Google gives the same id go together.
fn by_client(tokens: Vec<Value>) -> BTreeMap<String, Value> {
    let named = tokens.into_iter().map(|token| {
        let client = text(&token, "clientId").to_owned();
        (client, token)
    });
    named.collect()
}

/// The dates, where the selector asks for them. Without them the run goes on: what is undated
/// is kept, and said.
async fn dates(
    p: &Planning<'_, Google>,
    id: &str,
    any: bool,
    notes: &mut Vec<String>,
) -> Option<Authorized> {
    if p.step.select != Select::InWindow || !any {
        return None;
    }
    match Authorized::read(p.glance, id).await {
        Ok(dates) => Some(dates),
        Err(why) => {
            notes.push(format!(
                "when apps were let in cannot be read, so that all are kept: {why}; \
                 `select: all` needs no dates"
            ));
            None
        }
    }
}

/// What a list shows of an item that is to be gone from it. A list that is not there proves
/// nothing while its account is.
pub(super) async fn absent(
    glance: &Glance,
    id: &str,
    list: Result<Vec<Value>, Unread>,
    is_it: impl Fn(&Value) -> bool,
    what: &str,
) -> Seen {
    match list {
        Ok(list) if list.iter().any(is_it) => {
            (ProofState::Refuted, format!("the {what} is still listed"))
        }
        Ok(list) => (
            ProofState::Proven,
            match list.len() {
                0 => format!("no {what} listed any more"),
                n => format!("not among the {n} {what}(s) listed"),
            },
        ),
        Err(Unread::Absent { .. }) => match State::read(glance, id).await {
            State::Gone => (ProofState::Proven, "the account is gone".into()),
            State::Is(_) => (
                ProofState::Pending,
                format!("Google has no list of {what}s, but the account is there"),
            ),
            State::Unread(why) => (ProofState::Pending, why),
        },
        Err(unread) => (ProofState::Pending, answers::why(&unread)),
    }
}
