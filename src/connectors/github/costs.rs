//! What each verb costs in requests, for the projection of a run of many.
//!
//! Whoever is acted on is read by his number first: the calls take logins, which change.

use http::Method;

use super::bucket;
use super::listed::OWNERS_MAX;
use crate::connector::{Ask, Costs};

/// What a verb costs; `None` for those that only give back.
pub(super) fn of(verb: &str) -> Option<Costs> {
    let one = Ask::one(bucket(&Method::GET, "/user"));
    let write = Ask::one(bucket(&Method::POST, "/orgs"));
    let by_login = || vec![vec![one], vec![one]];
    Some(match verb {
        "revoke_credentials" | "remove_member" => Costs {
            again: by_login(),
            send: vec![one, write],
            prove: by_login(),
            ..Costs::default()
        },
        "revoke_fine_grained_tokens" => Costs {
            again: vec![
                vec![one],
                vec![Ask::together(one.bucket, "grants", OWNERS_MAX)],
            ],
            send: vec![write],
            prove: vec![vec![one], vec![Ask::many(one.bucket, OWNERS_MAX)]],
            ..Costs::default()
        },
        "suspend_managed_user" => {
            let graphql = Ask::one(bucket(&Method::POST, "/graphql"));
            let scim = Ask::one(bucket(&Method::GET, "/scim/v2/"));
            Costs {
                again: vec![vec![one], vec![graphql], vec![scim]],
                send: vec![scim, scim],
                prove: vec![vec![scim]],
                ..Costs::default()
            }
        }
        _ => return None,
    })
}
