//! What each verb costs in requests, for the projection of a run of many.
//!
//! Whoever is denied in one role at the same moment is denied by one write, and the role is read once
//! for all of them; as if there were one role alone. AWS's simulator is asked about each session.

use super::api::{CONTROL, TRAIL_PACE};
use crate::connector::{Ask, Costs, Round};
use crate::transport::Bucket;

/// What a verb costs; `None` for those that only give back, and at Identity Center.
pub(super) fn of(verb: &str) -> Option<Costs> {
    (verb == "deny_sessions").then(|| Costs {
        again: vec![
            all(CONTROL, &["roles"]),
            all(TRAIL_PACE, &["sign-ins", "chains"]),
            all(CONTROL, &["policy"]),
        ],
        // Who the role is, its policy and the size of its others; the write; and the policy again.
        send: all(
            CONTROL,
            &["role", "policy before", "others", "write", "policy after"],
        ),
        prove: vec![
            all(CONTROL, &["role proven", "policy proven"]),
            // With tokens of before and of after the cut-off.
            vec![Ask::each(CONTROL), Ask::each(CONTROL)],
        ],
        stays_listed: true,
    })
}

fn all(bucket: Bucket, whats: &[&'static str]) -> Round {
    let each = whats.iter();
    each.map(|what| Ask::all(bucket, what, usize::MAX))
        .collect()
}
