//! The operations the mock knows below a version, and which of all requests change something.
//!
//! `writes` is the mock's own judgement. That a method which a path does not take is a 405 is known;
//! its exact words are not.

use super::answers::{not_allowed, not_found};
use super::{Call, Salesforce};
use crate::http::{self, Request};
use crate::vendor::Answer;

type Run = fn(&mut Salesforce, &Call<'_>) -> Answer;

#[rustfmt::skip]
const ROUTES: &[(&str, &str, bool, Run)] = &[
    ("GET", "/query", false, Salesforce::run_query),
    ("GET", "/query/{cursor}", false, Salesforce::query_more),
    ("GET", "/limits", false, Salesforce::limits),
    ("GET", "/sobjects/{object}/describe", false, Salesforce::describe),
    ("GET", "/sobjects/{object}/{id}", false, Salesforce::retrieve),
    ("PATCH", "/sobjects/{object}/{id}", true, Salesforce::update),
    ("DELETE", "/sobjects/{object}/{id}", true, Salesforce::delete),
    ("DELETE", "/composite/sobjects", true, Salesforce::delete_many),
];

/// What carries out a request below a version, and its path parameters; or why nothing does.
pub(super) fn find(method: &str, segments: &[String]) -> Result<(Run, Vec<String>), Answer> {
    let mut fitting = ROUTES
        .iter()
        .filter_map(|route| Some((route, http::fit(route.1, segments)?)))
        .peekable();
    if fitting.peek().is_none() {
        return Err(not_found());
    }
    fitting
        .find(|(route, _)| route.0 == method)
        .map(|(route, at)| (route.3, at))
        .ok_or_else(|| not_allowed(method))
}

/// Whether a request goes to something that changes the org. Tokens for us do not; revoking does,
/// even by GET; what is unknown is taken to, unless read by GET.
pub(super) fn is_write(request: &Request) -> bool {
    match request.path.as_str() {
        "/services/oauth2/token" => false,
        "/services/oauth2/revoke" => true,
        _ => request.method != "GET",
    }
}

/// Method, path and effect of every operation the mock carries out.
#[must_use]
pub fn operations() -> Vec<(&'static str, String, bool)> {
    let first = [
        ("GET", "/services/data", false),
        ("POST", "/services/oauth2/token", false),
        ("POST", "/services/oauth2/revoke", true),
        ("GET", "/services/oauth2/revoke", true),
    ];
    first
        .into_iter()
        .map(|(method, path, writes)| (method, path.to_owned(), writes))
        .chain(ROUTES.iter().map(|(method, path, writes, _)| {
            (
                *method,
                format!("/services/data/{{version}}{path}"),
                *writes,
            )
        }))
        .collect()
}
