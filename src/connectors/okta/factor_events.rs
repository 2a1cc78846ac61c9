//! What the System Log says that an account did to factors of its own within the window.
//!
//! A factor enrolled long ago and changed within the window may be the person's own, used or
//! renamed, or may have been set up anew by whoever sits in the account. The date does not tell;
//! an event by the account itself that names the factor does. What an administrator or Okta
//! itself did names no intruder. On Classic Engine these events name no factor: there it stays
//! suspect. Source: Okta, event types `user.mfa.factor.*` and their targets
//! (`AuthenticatorEnrollment`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::answers;
use super::events::{any_type, log_path, published};
use super::glance::{Unread, items, text};
use crate::model::{UserId, Window};
use crate::transport::{Read, Reader};

/// What makes a factor another's, or alive again.
const TAKES_OVER: &[&str] = &[
    "user.mfa.factor.activate",
    "user.mfa.factor.update",
    "user.mfa.factor.unsuspend",
    "credential.register",
];

/// The factors that the account itself changed within the window, by id, each with the event
/// that says so.
///
/// # Errors
/// A sentence, if the log could not be read.
pub(super) async fn changed_by(
    reader: &Reader,
    who: &UserId,
    window: &Window,
) -> Result<BTreeMap<String, String>, String> {
    let id = who.as_str().replace(['"', '\\'], "");
    let filter = format!("({}) and actor.id eq \"{id}\"", any_type(TAKES_OVER));
    let path = log_path(window.start, reader.vendor_now(), &filter);
    let events = match reader.list(&Read::get(path).log_page()).await {
        Ok(Ok(events)) => events,
        Ok(Err(answer)) => return Err(Unread::of(&answer).why()),
        Err(error) => return Err(answers::unread(&error)),
    };
    let mut changed = BTreeMap::new();
    for event in events.iter().filter(|event| is_his(event, who, window)) {
        let said = format!(
            "event {} at {}",
            text(event, "eventType"),
            text(event, "published")
        );
        for target in items(&event["target"]) {
            changed.insert(text(target, "id").to_owned(), said.clone());
        }
    }
    changed.remove("");
    Ok(changed)
}

fn is_his(event: &Value, who: &UserId, window: &Window) -> bool {
    TAKES_OVER.contains(&text(event, "eventType"))
        && event["actor"]["id"] == who.as_str()
        && event["outcome"]["result"] != "FAILURE"
        && published(event).is_some_and(|at| window.contains(at))
}
