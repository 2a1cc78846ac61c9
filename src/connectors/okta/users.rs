//! One account: looked up once by what a person typed, and by its id ever after.
//!
//! Oddity: `/users/{id}` takes ids, logins *and unambiguous short names*, so that an answer is
//! no proof that it is the account meant: it must point back. A login with a slash cannot stand
//! in the path at all. Source: Okta API, "Retrieve a user".

use serde_json::Value;

use super::answers;
use super::glance::{Glance, Unread, text};
use crate::connector::{ResolveError, Unheard};
use crate::model::UserId;
use crate::transport::{Path, Read, Reader};

/// An account's status as read.
pub(super) enum UserState {
    /// Read.
    Is(String),
    /// There is no such account any more.
    Gone,
    /// Not read: why.
    Unread(String),
}

impl UserState {
    /// Reads it, once per glance.
    pub(super) async fn read(glance: &Glance, who: &UserId) -> Self {
        match &*glance.account(who).await {
            Ok(user) => match status(user) {
                Some(status) => Self::Is(status),
                None => Self::Unread("Okta's answer names no status".into()),
            },
            Err(Unread::Absent { .. }) => Self::Gone,
            Err(unread) => Self::Unread(unread.why()),
        }
    }
}

/// The status of an account, read now.
///
/// # Errors
/// A sentence, if it could not be read.
pub(super) async fn status_of(reader: &Reader, who: &UserId) -> Result<String, String> {
    match UserState::read(&Glance::new(reader), who).await {
        UserState::Is(status) => Ok(status),
        UserState::Gone => Err("Okta knows no such account".into()),
        UserState::Unread(why) => Err(why),
    }
}

/// Why an account has no factors to list, when Okta answers 404 to the list: it is deactivated
/// or gone. A 404 by itself says neither.
///
/// # Errors
/// A sentence, if the account is there after all or cannot be read.
pub(super) async fn has_no_factors(glance: &Glance, who: &UserId) -> Result<&'static str, String> {
    match UserState::read(glance, who).await {
        UserState::Is(status) if status == "DEPROVISIONED" => Ok("a deactivated account has none"),
        UserState::Gone => Ok("the account is gone"),
        UserState::Is(status) => Err(format!(
            "Okta answered 404 to the list of factors, but the account is {status}"
        )),
        UserState::Unread(why) => Err(why),
    }
}

/// `/api/v1/users/{id}`
pub(super) fn path(who: &UserId) -> Path {
    Path::new("/api/v1/users").seg(who.as_str())
}

fn status(user: &Value) -> Option<String> {
    user["status"].as_str().map(str::to_owned)
}

/// Exactly the account that `who` names by id or by whole login.
///
/// # Errors
/// [`ResolveError`] for none, several, a mere short name, or no answer.
pub(super) async fn find(reader: &Reader, org: &str, who: &str) -> Result<Value, ResolveError> {
    let unread = |why: Unheard| ResolveError::Unread {
        who: who.to_owned(),
        why,
    };
    let stranger = || ResolveError::Stranger {
        who: who.to_owned(),
        org: org.to_owned(),
    };
    if who.trim().is_empty() {
        return Err(stranger());
    }
    if !fits_a_path(who) {
        return by_filter(reader, org, who).await;
    }
    let path = Path::new("/api/v1/users").seg(who);
    let answer = reader
        .send(&Read::get(path))
        .await
        .map_err(|error| unread(Unheard::from(&error)))?;
    if !answer.is_good() {
        return Err(match Unread::of(&answer) {
            Unread::Absent { .. } => stranger(),
            _ => unread(answers::unheard(&answer)),
        });
    }
    if text(&answer.json, "id").is_empty() {
        return Err(unread(Unheard::Answer("Okta's answer names no id".into())));
    }
    if points_back(&answer.json, who) {
        return Ok(answer.json);
    }
    if text(&answer.json, "id").is_empty() {
        return Err(unread(Unheard::Answer(
            "Okta's answer is no account".into(),
        )));
    }
    Err(ResolveError::Several {
        who: who.to_owned(),
        candidates: vec![candidate(&answer.json)],
    })
}

async fn by_filter(reader: &Reader, org: &str, who: &str) -> Result<Value, ResolveError> {
    let quoted = who.replace('\\', "\\\\").replace('"', "\\\"");
    let path = Path::new("/api/v1/users").query("filter", format!("profile.login eq \"{quoted}\""));
    let unread = |why: Unheard| ResolveError::Unread {
        who: who.to_owned(),
        why,
    };
    let mut found: Vec<Value> = match reader.list(&Read::get(path)).await {
        Ok(Ok(found)) => found,
        Ok(Err(answer)) => return Err(unread(answers::unheard(&answer))),
        Err(error) => return Err(unread(Unheard::from(&error))),
    };
    let all: Vec<String> = found.iter().map(candidate).collect();
    found.retain(|user| points_back(user, who) && !text(user, "id").is_empty());
    match (found.len(), all.is_empty()) {
        (1, _) => Ok(found.remove(0)),
        (_, true) => Err(ResolveError::Stranger {
            who: who.to_owned(),
            org: org.to_owned(),
        }),
        _ => Err(ResolveError::Several {
            who: who.to_owned(),
            candidates: all,
        }),
    }
}

/// `me` is whoever owns our token, and never meant.
fn fits_a_path(who: &str) -> bool {
    who != "me"
        && !who
            .chars()
            .any(|c| matches!(c, '/' | '\\' | '"') || c.is_control())
}

pub(super) fn points_back(user: &Value, who: &str) -> bool {
    user["id"] == *who || text(&user["profile"], "login").to_lowercase() == who.to_lowercase()
}

pub(super) fn candidate(user: &Value) -> String {
    format!("{} ({})", text(&user["profile"], "login"), text(user, "id"))
}
