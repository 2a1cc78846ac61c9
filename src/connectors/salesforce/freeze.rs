//! `freeze_user` and its undoing, `unfreeze_user`.
//!
//! Freezing stops logins and leaves everything else of the account as it is; what it does to a
//! session that is open is not documented, so that sessions are ended, too. Oddity: it is a field of
//! `UserLogin`, a row with an id of its own beside the user. A 204 would not say who froze him, and
//! what others froze is not ours to give back: the row is read first. Source: UserLogin [docs].

use async_trait::async_trait;
use serde_json::json;

use super::Salesforce;
use super::rights::{MANAGE_USERS, Sight, sight};
use super::together::About;
use super::vendor::VENDOR;
use super::voice::{VOICE, why};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, Planning, Seen, Service as _, Verb, account_of, change, send, target, text, undoing,
};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState, Skip};
use crate::transport::{Path, Write, Writer};

/// How an account stands with logging in.
struct Login {
    /// The row's own id.
    id: String,
    frozen: bool,
}

const LOGINS: About = About {
    select: "Id, UserId, IsFrozen",
    object: "UserLogin",
    whose: "UserId",
    counted: false,
};

pub(super) struct FreezeUser;

#[async_trait]
impl Verb<Salesforce> for FreezeUser {
    async fn plan(&self, p: &Planning<'_, Salesforce>, who: &Identified) -> Planned {
        plan(p, who, true).await
    }

    async fn apply(&self, salesforce: &Salesforce, w: &Writer<'_>, change: &Change) -> Outcome {
        set(salesforce, w, change, true).await
    }

    async fn prove(&self, salesforce: &Salesforce, glance: &Glance, done: &Applied) -> Seen {
        seen(salesforce, glance, done, true).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if done.change.before["frozen"] == true || is_by_others(done) {
            return Err(CannotUndo::NotOurs);
        }
        Ok(vec![undoing(
            &VENDOR,
            &done.change,
            "unfreeze_user",
            sentence(false),
            json!({}),
        )])
    }
}

pub(super) struct UnfreezeUser;

#[async_trait]
impl Verb<Salesforce> for UnfreezeUser {
    async fn plan(&self, p: &Planning<'_, Salesforce>, who: &Identified) -> Planned {
        plan(p, who, false).await
    }

    async fn apply(&self, salesforce: &Salesforce, w: &Writer<'_>, change: &Change) -> Outcome {
        set(salesforce, w, change, false).await
    }

    async fn prove(&self, salesforce: &Salesforce, glance: &Glance, done: &Applied) -> Seen {
        seen(salesforce, glance, done, false).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if is_by_others(done) {
            return Err(CannotUndo::NotOurs);
        }
        Ok(vec![undoing(
            &VENDOR,
            &done.change,
            "freeze_user",
            sentence(true),
            json!({}),
        )])
    }
}

fn sentence(frozen: bool) -> &'static str {
    if frozen {
        "freeze the account: no login"
    } else {
        "let the frozen account log in again"
    }
}

async fn plan(p: &Planning<'_, Salesforce>, who: &Identified, frozen: bool) -> Planned {
    let login = match Login::read(p.service, p.glance, &who.id).await {
        Ok(login) => login,
        Err(why) => return Planned::skipped(Skip::Unread { why }),
    };
    if !frozen && !login.frozen {
        let why = "not frozen at Salesforce".into();
        return Planned::skipped(Skip::NothingSelected { why });
    }
    let mut notes = p.service.notes(p.glance.reader());
    if frozen && login.frozen {
        notes.push("frozen at Salesforce already: a release leaves him so".into());
    }
    let target = target("user", &who.id, &who.subject.login);
    let before = json!({ "user_login": login.id, "frozen": login.frozen });
    let sentence = sentence(frozen).to_owned();
    Planned {
        notes,
        ..Planned::one(change(&VENDOR, p.step, who, target, sentence, before))
    }
}

/// Reads, then writes if it is not so yet.
async fn set(salesforce: &Salesforce, w: &Writer<'_>, change: &Change, frozen: bool) -> Outcome {
    let glance = Glance::new(w.reader(), &VOICE).carried(salesforce.carrier());
    let login = Login::read(salesforce, &glance, account_of(change)).await;
    if login.as_ref().is_ok_and(|login| login.frozen == frozen) {
        return Outcome::bare(OutcomeKind::AlreadyDone);
    }
    // A list that hides him does not save him: the plan knows the row.
    let id = match login {
        Ok(login) => login.id,
        Err(_) => text(&change.before, "user_login").to_owned(),
    };
    let path = Path::new(&salesforce.data)
        .then("/sobjects/UserLogin")
        .seg(&id);
    let write = Write::patch(path).json(json!({ "IsFrozen": frozen }));
    VOICE.outcome(change, send(w, &write).await, false)
}

/// Somebody else had done it before any call of ours took effect. An unanswered call of ours
/// leaves a receipt: what it may have done is ours.
fn is_by_others(done: &Applied) -> bool {
    done.outcome.kind == OutcomeKind::AlreadyDone && done.outcome.receipts.is_empty()
}

async fn seen(salesforce: &Salesforce, glance: &Glance, done: &Applied, frozen: bool) -> Seen {
    match Login::read(salesforce, glance, account_of(&done.change)).await {
        Ok(now) if now.frozen == frozen => (ProofState::Proven, format!("IsFrozen: {frozen} read")),
        Ok(now) => (
            ProofState::Refuted,
            format!("IsFrozen: {} read", now.frozen),
        ),
        Err(why) => (ProofState::Pending, why),
    }
}

impl Login {
    /// Reads it, once per glance.
    async fn read(salesforce: &Salesforce, glance: &Glance, account: &str) -> Result<Self, String> {
        let mut held = LOGINS.of(salesforce, glance, account).await;
        // Everybody has one: an answer for many that does not tell of it is not believed.
        if held.as_ref().is_ok_and(|(rows, _)| rows.is_empty()) {
            held = LOGINS.alone(salesforce, glance, account).await;
        }
        let (rows, _) = held.map_err(|unread| why(&unread))?;
        let Some(row) = rows.first() else {
            return Err(match sight(salesforce, glance, MANAGE_USERS).await {
                Sight::Clear => "Salesforce has no login of his".into(),
                Sight::Blind(why) | Sight::Unknown(why) => why,
            });
        };
        match row["IsFrozen"].as_bool() {
            Some(frozen) if text(row, "UserId") == account && !text(row, "Id").is_empty() => {
                Ok(Self {
                    id: text(row, "Id").to_owned(),
                    frozen,
                })
            }
            _ => Err("Salesforce's answer is not this account's login".into()),
        }
    }
}
