//! What each verb costs in requests, for the projection of a run of many.
//!
//! Beside what the verb's own file does: whoever changes how a verb reads changes this, and a test
//! that runs many and counts says so if not.

use http::Method;

use super::crowd;
use super::limits::bucket;
use crate::connector::{Ask, Costs, Round};
use crate::transport::Bucket;

/// Events in a page of the log.
const LOG_PAGE: usize = 1_000;

/// What a verb costs; `None` for those that only give back.
pub(super) fn of(verb: &str) -> Option<Costs> {
    let api = api();
    let one = Ask::one(api);
    let costs = |again: Vec<Round>, send: Vec<Bucket>, prove: Vec<Round>| Costs {
        again,
        send: send.into_iter().map(Ask::one).collect(),
        prove,
        ..Costs::default()
    };
    Some(match verb {
        "clear_sessions" => costs(vec![], vec![api], vec![log("proof")]),
        "suspend_user" | "deactivate_user" => costs(vec![], vec![api], vec![accounts()]),
        "universal_logout" => costs(
            vec![vec![tokens()]],
            vec![bucket(&Method::POST, "/oauth2/v1/global-token-revocation")],
            vec![log("proof")],
        ),
        "quarantine_user" => costs(vec![vec![one]], vec![membership()], vec![vec![one]]),
        "delete_factors" => costs(
            // The factors, then the enrolments; to prove it both together.
            vec![vec![one], vec![one]],
            vec![api],
            vec![vec![one, one]],
        ),
        "reset_factors" | "remove_admin_roles" | "unlink_idps" => {
            costs(vec![vec![one]], vec![api], vec![vec![one]])
        }
        "revoke_api_tokens" => costs(
            vec![[vec![tokens()], log("api tokens made")].concat()],
            vec![api],
            vec![vec![one]],
        ),
        // Consents and clients; what is proven is read client by client.
        "revoke_oauth_grants" => costs(vec![vec![one, one]], vec![api, api], vec![vec![one, one]]),
        "remove_group_memberships" => costs(vec![vec![one]], vec![membership()], vec![vec![one]]),
        "end_support_access" => {
            let support = |what| Ask::all(api, what, usize::MAX);
            costs(
                vec![
                    [
                        vec![support("support"), support("support cases")],
                        log("support access"),
                    ]
                    .concat(),
                ],
                vec![api],
                vec![vec![support("support")]],
            )
        }
        _ => return None,
    })
}

/// How the limit of a bucket is raised. Source: Okta, "Principal rate limits".
pub(super) const RAISES: &str = "an API token or app gets half of the org's limit unless its share \
                                 is raised: Admin console, the token's or app's own page, rate \
                                 limits";

fn api() -> Bucket {
    bucket(&Method::GET, "/api/v1/users/id/factors")
}

fn membership() -> Bucket {
    bucket(&Method::PUT, "/api/v1/groups/id/users/id")
}

/// The org's API tokens, one list for all who wait for it.
fn tokens() -> Ask {
    Ask::all(api(), "api tokens", usize::MAX)
}

fn log(what: &'static str) -> Round {
    let logs = bucket(&Method::GET, "/api/v1/logs");
    vec![Ask::all(logs, what, LOG_PAGE)]
}

/// Accounts, as many as one filter takes.
fn accounts() -> Round {
    let users = bucket(&Method::GET, "/api/v1/users");
    vec![Ask::many(users, crowd::ids_in_one())]
}
