//! The mocks under test, as a client meets them: requests in, answers out, truth compared.

#[cfg(test)]
mod auth;
#[cfg(test)]
mod aws;
#[cfg(test)]
mod contained;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod github;
#[cfg(test)]
mod google;
#[cfg(test)]
mod gtr;
#[cfg(test)]
mod http;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod listing;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod m365;
#[cfg(test)]
mod org;
#[cfg(test)]
mod salesforce;
#[cfg(test)]
mod services;
#[cfg(test)]
mod slack;
#[cfg(test)]
mod story;

use oust_mocks::world::SSWS_SECRET;
use oust_mocks::{Range, Request, Response, World};
use serde_json::Value;

/// 2026-03-10T15:00:00Z.
pub(crate) const NOW: i64 = 1_773_154_800_000;

/// The contoso range at [`NOW`].
pub(crate) fn contoso() -> Range {
    open(World::contoso(NOW))
}

pub(crate) fn open(world: World) -> Range {
    Range::new(world, 7)
}

/// Asks as the service account; any reply but a whole answer is a failed test.
pub(crate) fn ask_at(range: &mut Range, now_ms: i64, method: &str, target: &str) -> Response {
    let request =
        Request::new(method, target).with_header("authorization", &format!("SSWS {SSWS_SECRET}"));
    range
        .handle("okta", &request, now_ms)
        .answer()
        .expect("a whole answer")
        .clone()
}

pub(crate) fn ask(range: &mut Range, method: &str, target: &str) -> Response {
    ask_at(range, NOW, method, target)
}

/// Sends JSON as the service account.
pub(crate) fn send(range: &mut Range, method: &str, target: &str, body: &Value) -> Response {
    let request = Request::new(method, target)
        .with_header("authorization", &format!("SSWS {SSWS_SECRET}"))
        .with_body("application/json", body.to_string());
    range
        .handle("okta", &request, NOW)
        .answer()
        .expect("a whole answer")
        .clone()
}

/// The ids in a list.
pub(crate) fn ids(list: &Value) -> Vec<String> {
    let items = list.as_array().expect("a list");
    items
        .iter()
        .map(|i| i["id"].as_str().expect("an id").to_owned())
        .collect()
}

/// Path and query of an absolute URL of the mock.
pub(crate) fn target(url: &str) -> String {
    url.strip_prefix("https://contoso.okta.example")
        .expect("a link to the org itself")
        .to_owned()
}

/// Every item of a paged list, and how many pages it took.
pub(crate) fn all_pages(range: &mut Range, first: &str) -> (Vec<Value>, usize) {
    let (mut items, mut pages, mut next) = (Vec::new(), 0, Some(first.to_owned()));
    while let Some(at) = next {
        let answer = ask(range, "GET", &at);
        assert_eq!(answer.status, 200, "{at}");
        items.extend(answer.json().as_array().expect("a list").iter().cloned());
        pages += 1;
        next = answer.link("next").map(target);
    }
    (items, pages)
}

#[test]
fn every_operation_of_the_mock_is_one_of_okta_s() {
    // Real, documented operations that the trimmed specification does not hold.
    let beyond = [
        "GET /api/v1/groups/{groupId}",
        "GET /api/v1/iam/roles/{roleIdOrLabel}/permissions",
        "GET /api/v1/idps/{idpId}/users/{userId}",
        "GET /api/v1/policies",
        "GET /api/v1/policies/{policyId}/rules",
        "PATCH /api/v1/org/privacy/oktaSupport/cases/{caseNumber}",
        "POST /api/v1/org/privacy/oktaSupport/revoke",
    ];
    let known: Vec<&str> = include_str!("okta-operations.txt").lines().collect();
    for (method, path, ..) in oust_mocks::okta::operations() {
        let line = format!("{method} {path}");
        assert!(
            known.contains(&line.as_str()) || beyond.contains(&line.as_str()),
            "{line}"
        );
    }
}

#[test]
fn reads_are_get_but_for_the_token_and_writes_are_never_get() {
    for (method, path, _, writes) in oust_mocks::okta::operations() {
        assert_eq!(
            writes,
            method != "GET" && path != "/oauth2/v1/token",
            "{method} {path}"
        );
    }
}
