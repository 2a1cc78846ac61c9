//! What each verb costs in requests, for the projection of a run of many.

use http::Method;

use super::bucket;
use super::scopes::USERS;
use crate::connector::{Ask, Costs};

/// What a verb costs; `None` for those that only give back.
pub(super) fn of(verb: &str) -> Option<Costs> {
    let one = Ask::one(bucket(&Method::GET, USERS));
    let costs = |again: Vec<Ask>, prove: Vec<Ask>| Costs {
        again: vec![again],
        send: vec![one],
        prove: vec![prove],
        ..Costs::default()
    };
    Some(match verb {
        // Nothing shows it afterwards.
        "sign_out" | "invalidate_backup_codes" => costs(vec![one], vec![]),
        // The account and what it lists, side by side.
        "revoke_tokens" | "delete_app_passwords" => costs(vec![one, one], vec![one]),
        "suspend_user" => costs(vec![one], vec![one]),
        _ => return None,
    })
}
