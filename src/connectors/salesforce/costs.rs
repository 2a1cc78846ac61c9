//! What each verb costs in requests, for the projection of a run of many: a query for a hundred.
//!
//! Few of them are full: what leaves is whoever came within a moment, and answers take their time.

use http::Method;

use super::bucket;
use super::sessions::TOGETHER_MAX;
use crate::connector::{Ask, Costs};

/// So many are in a query when it leaves, on average, as runs of two hundred showed.
const USUALLY: usize = 15;

/// What a verb costs; `None` for those that only give back.
pub(super) fn of(verb: &str) -> Option<Costs> {
    let api = bucket(&Method::GET, "/");
    let one = Ask::one(api);
    let query = |what| vec![Ask::together(api, what, USUALLY)];
    let proof = || vec![Ask::many(api, USUALLY)];
    // What we may see, without which nobody's having nothing is believed.
    let rights = || vec![Ask::all(api, "rights", usize::MAX)];
    Some(match verb {
        "freeze_user" => Costs {
            again: vec![query("logins")],
            send: vec![one],
            prove: vec![proof()],
            ..Costs::default()
        },
        // Listed, then counted; what revokes a token is read for one account alone.
        "revoke_oauth_tokens" => Costs {
            again: vec![query("tokens"), query("number of tokens"), rights()],
            send: vec![one, one],
            prove: vec![proof(), proof(), rights()],
            ..Costs::default()
        },
        "delete_sessions" => Costs {
            again: vec![query("sessions"), rights()],
            send: vec![Ask::together(api, "sessions ended", TOGETHER_MAX)],
            prove: vec![proof(), rights()],
            ..Costs::default()
        },
        _ => return None,
    })
}
