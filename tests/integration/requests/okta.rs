//! What the Okta connector can send, whatever a playbook or a release asks of it.
//!
//! Each row stands in Okta's own description of its management API (`management.yaml`) with this
//! method, these query keys and this success.

use std::sync::Arc;

use oust::ledger::MemoryStore;
use oust_mocks::{Entry, World};

use super::{Row, all_sent, sent};
use crate::conformance::okta::{settings, trials};
use crate::lab::{Lab, NOON, NoTap};
use crate::okta::desk::{ALEX_LOGIN, Desk};

const TABLE: &[Row] = &[
    row("DELETE", "/api/v1/api-tokens/{}", &[], &[], 204),
    row(
        "DELETE",
        "/api/v1/apps/{}/users/{}",
        &["sendEmail"],
        &[],
        204,
    ),
    row("DELETE", "/api/v1/groups/{}/users/{}", &[], &[], 204),
    row("DELETE", "/api/v1/idps/{}/users/{}", &[], &[], 204),
    row("DELETE", "/api/v1/zones/{}", &[], &[], 204),
    row(
        "DELETE",
        "/api/v1/users/{}/clients/{}/grants",
        &[],
        &[],
        204,
    ),
    row(
        "DELETE",
        "/api/v1/users/{}/clients/{}/tokens",
        &[],
        &[],
        204,
    ),
    row("DELETE", "/api/v1/users/{}/factors/{}", &[], &[], 204),
    row("DELETE", "/api/v1/users/{}/roles/{}", &[], &[], 204),
    row(
        "DELETE",
        "/api/v1/users/{}/sessions",
        &["forgetDevices", "oauthTokens"],
        &[],
        204,
    ),
    row("GET", "/.well-known/okta-organization", &[], &[], 200),
    row("GET", "/api/v1/api-tokens", &[], &[], 200),
    row("GET", "/api/v1/api-tokens/{}", &[], &[], 200),
    row(
        "GET",
        "/api/v1/apps",
        &["expand", "filter", "limit"],
        &[],
        200,
    ),
    row("GET", "/api/v1/apps/{}/users/{}", &[], &[], 200),
    row("GET", "/api/v1/devices/{}", &[], &[], 200),
    row("GET", "/api/v1/devices/{}/users", &[], &[], 200),
    row("GET", "/api/v1/idps/{}/users/{}", &[], &[], 200),
    row("GET", "/api/v1/org/privacy/oktaSupport", &[], &[], 200),
    row(
        "GET",
        "/api/v1/org/privacy/oktaSupport/cases",
        &[],
        &[],
        200,
    ),
    row("GET", "/api/v1/threats/configuration", &[], &[], 200),
    row("GET", "/api/v1/zones", &["limit"], &[], 200),
    row("GET", "/api/v1/zones/{}", &[], &[], 200),
    row(
        "PATCH",
        "/api/v1/org/privacy/oktaSupport/cases/{}",
        &[],
        &["impersonation"],
        200,
    ),
    row(
        "POST",
        "/api/v1/org/privacy/oktaSupport/revoke",
        &[],
        &[],
        200,
    ),
    row(
        "POST",
        "/api/v1/threats/configuration",
        &[],
        &["action", "excludeZones"],
        200,
    ),
    row(
        "POST",
        "/api/v1/zones",
        &[],
        &["gateways", "name", "proxies", "status", "type", "usage"],
        200,
    ),
    row(
        "POST",
        "/api/v1/zones/{}/lifecycle/deactivate",
        &[],
        &[],
        200,
    ),
    row(
        "PUT",
        "/api/v1/zones/{}",
        &[],
        &[
            "gateways", "id", "name", "proxies", "status", "type", "usage",
        ],
        200,
    ),
    row("GET", "/api/v1/iam/assignees/users", &["limit"], &[], 200),
    row(
        "GET",
        "/api/v1/logs",
        &["filter", "limit", "since", "sortOrder", "until"],
        &[],
        200,
    ),
    row("GET", "/api/v1/users/me", &[], &[], 200),
    row("GET", "/api/v1/users/{}", &[], &[], 200),
    row(
        "GET",
        "/api/v1/users/{}/authenticator-enrollments",
        &[],
        &[],
        200,
    ),
    row("GET", "/api/v1/users/{}/clients", &[], &[], 200),
    row(
        "GET",
        "/api/v1/users/{}/clients/{}/grants",
        &["limit"],
        &[],
        200,
    ),
    row(
        "GET",
        "/api/v1/users/{}/clients/{}/tokens",
        &["limit"],
        &[],
        200,
    ),
    row("GET", "/api/v1/users/{}/devices", &[], &[], 200),
    row("GET", "/api/v1/users/{}/factors", &[], &[], 200),
    row("GET", "/api/v1/users/{}/grants", &["limit"], &[], 200),
    row("GET", "/api/v1/users/{}/groups", &[], &[], 200),
    row("GET", "/api/v1/users/{}/idps", &[], &[], 200),
    row("GET", "/api/v1/users/{}/roles", &[], &[], 200),
    row(
        "POST",
        "/api/v1/apps/{}/users",
        &[],
        &["credentials", "id", "profile", "scope"],
        200,
    ),
    row(
        "POST",
        "/api/v1/devices/{}/lifecycle/suspend",
        &[],
        &[],
        204,
    ),
    row(
        "POST",
        "/api/v1/devices/{}/lifecycle/unsuspend",
        &[],
        &[],
        204,
    ),
    row(
        "POST",
        "/api/v1/users/{}/lifecycle/deactivate",
        &["sendEmail"],
        &[],
        200,
    ),
    row(
        "POST",
        "/api/v1/users/{}/lifecycle/expire_password_with_temp_password",
        &[],
        &[],
        200,
    ),
    row(
        "POST",
        "/api/v1/users/{}/lifecycle/reset_factors",
        &[],
        &[],
        200,
    ),
    row(
        "POST",
        "/api/v1/users/{}/lifecycle/reset_password",
        &["sendEmail"],
        &[],
        200,
    ),
    row("POST", "/api/v1/users/{}/lifecycle/suspend", &[], &[], 200),
    row(
        "POST",
        "/api/v1/users/{}/lifecycle/unsuspend",
        &[],
        &[],
        200,
    ),
    row("POST", "/api/v1/users/{}/roles", &[], &["type"], 201),
    row(
        "POST",
        "/oauth2/v1/global-token-revocation",
        &[],
        &["sub_id"],
        204,
    ),
    row("PUT", "/api/v1/groups/{}/users/{}", &[], &[], 204),
];

const fn row(
    method: &'static str,
    path: &'static str,
    query: &'static [&'static str],
    body: &'static [&'static str],
    good: u16,
) -> Row {
    Row {
        method,
        path,
        query,
        body,
        good: match good {
            201 => &[201],
            204 => &[204],
            _ => &[200],
        },
        source: "Okta management API description [spec]",
    }
}

#[tokio::test(start_paused = true)]
async fn every_request_has_its_row_and_every_row_is_sent() {
    let mut entries = each_action_and_its_inverse().await;
    entries.extend(each_playbook().await);
    let found = sent(TABLE, entries.iter());
    all_sent(TABLE, &found);
}

async fn each_action_and_its_inverse() -> Vec<Entry> {
    let mut entries = Vec::new();
    for trial in trials() {
        let desk = Desk::configured(trial.world, &settings());
        let planned = desk
            .plan_selecting(trial.verb, ALEX_LOGIN, trial.settings, trial.select)
            .await;
        let mut done = Vec::new();
        for change in &planned.changes {
            done.push(desk.applied(change).await);
        }
        desk.prove(&done).await;
        for applied in &done {
            let connector = &desk.okta.system.connector;
            for change in connector.inverse(applied).unwrap_or_default() {
                let undone = desk.applied(&change).await;
                desk.proof(&undone).await;
            }
        }
        entries.extend(desk.org.range().journal.entries().iter().cloned());
    }
    entries
}

async fn each_playbook() -> Vec<Entry> {
    let mut entries = Vec::new();
    for (name, _) in oust::playbook::shipped() {
        // Bailey cannot be suspended.
        let bailey = "bailey@contoso.example";
        let world = World::contoso(NOON).status(bailey, "PASSWORD_EXPIRED");
        let lab = Lab::tapped(world, 7, Arc::new(NoTap), 5);
        let tools = lab.tools(Arc::new(MemoryStore::new()));
        lab.contain(&tools, &[ALEX_LOGIN, bailey], name).await;
        let range = lab.range.lock().unwrap();
        entries.extend(range.journal.entries().iter().cloned());
    }
    entries
}
