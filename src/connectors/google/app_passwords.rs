//! `delete_app_passwords`: application-specific passwords, which pass by sign-on and second step.
//!
//! They sleep while the account is suspended and wake with it. Oddity: times are int64 in a
//! string, "Unix time" without a unit; above 1e11 they are taken as milliseconds [inferred].
//! Source: Directory API, asps.list and asps.delete (discovery document).

use async_trait::async_trait;
use futures_util::future::join;
use serde_json::{Value, json};

use super::Google;
use super::accounts;
use super::answers::{self, deleted, list};
use super::tokens::absent;
use super::vendor::VENDOR;
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, Planning, Seen, Verb, account_of, change, not_selected, send, target, text,
};
use crate::model::{Applied, Change, Kept, Outcome, Skip, Utc};
use crate::transport::{Path, Write, Writer};

const KIND: &str = "admin#directory#aspList";

/// Above this, a number is no time in seconds of this millennium.
const MILLIS_FROM: i64 = 100_000_000_000;

pub(super) struct DeleteAppPasswords;

#[async_trait]
impl Verb<Google> for DeleteAppPasswords {
    async fn plan(&self, p: &Planning<'_, Google>, who: &Identified) -> Planned {
        let passwords = list(p.glance, path(&who.id), KIND);
        let (account, passwords) = join(accounts::planned(p, &who.id), passwords).await;
        let (account, notes) = match account {
            Ok(account) => account,
            Err(skip) => return Planned::skipped(skip),
        };
        let passwords = match passwords {
            Ok(passwords) => passwords,
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
        for password in &passwords {
            let created = time(&password["creationTime"]);
            let used = time(&password["lastTimeUsed"]);
            let target = target("app_password", &id_of(password), text(password, "name"));
            match not_selected("Google", p.step, p.case, &target.id, created) {
                Some((why, suspect)) => {
                    let used_within = used.filter(|at| p.case.window.contains(*at));
                    let why = match used_within {
                        Some(at) => format!("{why}, but used at {at}"),
                        None => why,
                    };
                    planned.kept.push(Kept {
                        target,
                        why,
                        suspect: suspect || used_within.is_some(),
                    });
                }
                None => {
                    let sentence = format!("delete app password \"{}\"", target.label);
                    let before = json!({
                        "created_at": created, "last_used_at": used,
                        "super_admin": account.super_admin,
                    });
                    let change = change(&VENDOR, p.step, who, target, sentence, before);
                    planned.changes.push(change);
                }
            }
        }
        if planned.changes.is_empty() {
            let why = match planned.kept.len() {
                0 => "has no app password".to_owned(),
                n => format!("none of {n} app passwords selected"),
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
        let passwords = list(glance, path(id), KIND).await;
        let is_it = |password: &Value| id_of(password) == done.change.target.id;
        absent(glance, id, passwords, is_it, "app password").await
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("makes a new app password".into()))
    }
}

fn path(id: &str) -> Path {
    accounts::path(id).then("/asps")
}

/// A number in the discovery document; empty if there is none.
fn id_of(password: &Value) -> String {
    match &password["codeId"] {
        Value::Number(id) => id.to_string(),
        Value::String(id) => id.clone(),
        _ => String::new(),
    }
}

/// A time, in whichever unit; 0 is never.
fn time(value: &Value) -> Option<Utc> {
    let number = match value {
        Value::String(text) => text.parse().ok()?,
        other => other.as_i64()?,
    };
    match number {
        ..=0 => None,
        seconds @ 1..=MILLIS_FROM => Some(Utc::from_millis(seconds * 1000)),
        millis => Some(Utc::from_millis(millis)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_either_unit_and_nonsense_is_none() {
        let at = "2026-03-10T14:30:00Z".parse::<Utc>().ok();
        assert_eq!(time(&json!("1773153000")), at);
        assert_eq!(time(&json!("1773153000000")), at);
        assert_eq!(time(&json!(1_773_153_000)), at);
        for never in [json!("0"), json!("-1"), json!("soon"), json!(null)] {
            assert_eq!(time(&never), None, "{never}");
        }
    }
}
