//! What each verb costs in requests, for the projection of a run of many.

use http::Method;

use super::limits::bucket;
use crate::connector::{Ask, Costs};

/// What a verb costs; `None` for those that only give back.
pub(super) fn of(verb: &str) -> Option<Costs> {
    let (post, get) = (Method::POST, Method::GET);
    let scim = Ask::one(bucket(&get, "/scim/v2/Users"));
    Some(match verb {
        // One call for all whose turn comes; each is proven by his own list.
        "reset_sessions" => Costs {
            again: vec![vec![Ask::one(bucket(&post, "/users.info"))]],
            send: vec![Ask::all(
                bucket(&post, "/admin.users.session.resetBulk"),
                "reset",
                usize::MAX,
            )],
            prove: vec![vec![Ask::one(bucket(&post, "/admin.users.session.list"))]],
            ..Costs::default()
        },
        "deactivate_user" => Costs {
            again: vec![vec![scim]],
            send: vec![Ask::one(bucket(&Method::PATCH, "/scim/v2/Users"))],
            prove: vec![vec![scim]],
            ..Costs::default()
        },
        _ => return None,
    })
}
