//! What the Microsoft 365 connector can send.

use oust::model::{KeyKind, Select};
use oust_mocks::accounts::m365_id;
use oust_mocks::m365::KINDS;
use serde_json::json;

use super::{Row, all_sent, sent};
use crate::m365::{ALEX, contoso, desk};

const SPEC: &str = "graph.yaml [spec]";
const TABLE: &[Row] = &[
    row(
        "POST",
        "/login/{}/oauth2/v2.0/token",
        &[],
        &[],
        &[200],
        "OAuth 2.0 client credentials [docs]",
    ),
    row(
        "GET",
        "/graph/v1.0/users/{}",
        &["%24select"],
        &[],
        &[200],
        SPEC,
    ),
    row(
        "GET",
        "/graph/v1.0/users",
        &["%24filter", "%24select"],
        &[],
        &[200],
        SPEC,
    ),
    row(
        "GET",
        "/graph/v1.0/users",
        &["%24select", "%24top"],
        &[],
        &[200],
        SPEC,
    ),
    row(
        "POST",
        "/graph/v1.0/users/{}/revokeSignInSessions",
        &[],
        &[],
        &[200, 204],
        SPEC,
    ),
    row(
        "PATCH",
        "/graph/v1.0/users/{}",
        &[],
        &["accountEnabled"],
        &[204],
        SPEC,
    ),
    row(
        "GET",
        "/graph/v1.0/users/{}/memberOf",
        &[],
        &[],
        &[200],
        "List a user's direct memberships [docs*]",
    ),
    row(
        "GET",
        "/graph/v1.0/users/{}/authentication/methods",
        &[],
        &[],
        &[200],
        SPEC,
    ),
    method("/graph/v1.0/users/{}/authentication/fido2Methods/{}"),
    method("/graph/v1.0/users/{}/authentication/microsoftAuthenticatorMethods/{}"),
    method("/graph/v1.0/users/{}/authentication/phoneMethods/{}"),
    method("/graph/v1.0/users/{}/authentication/emailMethods/{}"),
    method("/graph/v1.0/users/{}/authentication/softwareOathMethods/{}"),
    method("/graph/v1.0/users/{}/authentication/temporaryAccessPassMethods/{}"),
    method("/graph/v1.0/users/{}/authentication/windowsHelloForBusinessMethods/{}"),
    method("/graph/v1.0/users/{}/authentication/platformCredentialMethods/{}"),
    method("/graph/v1.0/users/{}/authentication/externalAuthenticationMethods/{}"),
    row(
        "GET",
        "/graph/v1.0/users/{}/oauth2PermissionGrants",
        &[],
        &[],
        &[200],
        SPEC,
    ),
    row(
        "DELETE",
        "/graph/v1.0/oauth2PermissionGrants/{}",
        &[],
        &[],
        &[204],
        SPEC,
    ),
    row(
        "GET",
        "/graph/v1.0/servicePrincipals/{}",
        &["%24select"],
        &[],
        &[200],
        SPEC,
    ),
    row(
        "GET",
        "/graph/v1.0/auditLogs/directoryAudits",
        &["%24filter"],
        &[],
        &[200],
        SPEC,
    ),
    row(
        "GET",
        "/graph/v1.0/users/{}/mailFolders/inbox/messageRules",
        &[],
        &[],
        &[200],
        SPEC,
    ),
    row(
        "PATCH",
        "/graph/v1.0/users/{}/mailFolders/inbox/messageRules/{}",
        &[],
        &["isEnabled"],
        &[200],
        SPEC,
    ),
];

const fn row(
    method: &'static str,
    path: &'static str,
    query: &'static [&'static str],
    body: &'static [&'static str],
    good: &'static [u16],
    source: &'static str,
) -> Row {
    Row {
        method,
        path,
        query,
        body,
        good,
        source,
    }
}

const fn method(path: &'static str) -> Row {
    row("DELETE", path, &[], &[], &[204], SPEC)
}

#[tokio::test(start_paused = true)]
async fn every_request_has_its_row_and_every_row_is_sent() {
    let desk = desk(contoso());
    let (id, at) = (m365_id(ALEX), desk.org.at_ms());
    for kind in KINDS {
        let mut range = desk.org.range();
        range
            .m365
            .register_method(&id, kind.segment, json!({}), true, at - 60_000);
    }
    desk.who_by(&[(KeyKind::Id, "bm9ib2R5")]).await;
    desk.who("nobody@contoso.example").await;
    desk.system.connector.preflight(&desk.reader, &[]).await;
    for verb in [
        "delete_auth_methods",
        "revoke_consents",
        "disable_inbox_rules",
        "revoke_sessions",
        "disable_account",
    ] {
        let planned = desk.plan(verb, ALEX, Select::InWindow).await;
        assert!(!planned.changes.is_empty(), "{verb}");
        for done in desk.applied_together(&planned.changes).await {
            desk.proof(&done).await;
            for link in desk.system.connector.inverse(&done).unwrap_or_default() {
                let undone = desk.applied(&link).await;
                desk.proof(&undone).await;
            }
        }
    }
    let range = desk.org.range();
    let entries = range.journal.entries().iter();
    let here = entries.filter(|entry| entry.system == "m365");
    let rows = sent(TABLE, here.clone());
    all_sent(TABLE, &rows);
    for entry in here.filter(|entry| (200..300).contains(&entry.status)) {
        let only = sent(TABLE, std::iter::once(entry));
        let row = &TABLE[*only.first().unwrap()];
        assert!(row.good.contains(&entry.status), "{entry:#?}");
    }
}
