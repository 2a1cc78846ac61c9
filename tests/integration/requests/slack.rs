//! What the Slack connector can send.

use oust::model::{KeyKind, Select};

use super::{Row, all_sent, sent};
use crate::slack::desk;
use crate::wire::now_ms;
use oust_mocks::World;

const METHOD: &str = "Slack method reference [spec]";
const SCIM: &str = "Slack SCIM API [docs]";

const TABLE: &[Row] = &[
    row("POST", "/api/auth.test", &[], &[], METHOD),
    row("GET", "/api/users.info", &["user"], &[], METHOD),
    row("GET", "/api/users.lookupByEmail", &["email"], &[], METHOD),
    row(
        "POST",
        "/api/admin.users.session.list",
        &[],
        &["limit", "team_id", "user_id"],
        METHOD,
    ),
    row(
        "POST",
        "/api/admin.users.session.reset",
        &[],
        &["user_id"],
        METHOD,
    ),
    row(
        "POST",
        "/api/admin.users.session.resetBulk",
        &[],
        &["user_ids"],
        METHOD,
    ),
    row("GET", "/scim/v2/Users", &["count", "filter"], &[], SCIM),
    row("GET", "/scim/v2/Users/{}", &[], &[], SCIM),
    row(
        "PATCH",
        "/scim/v2/Users/{}",
        &[],
        &["Operations", "schemas"],
        SCIM,
    ),
];

const fn row(
    method: &'static str,
    path: &'static str,
    query: &'static [&'static str],
    body: &'static [&'static str],
    source: &'static str,
) -> Row {
    Row {
        method,
        path,
        query,
        body,
        good: &[200],
        source,
    }
}

#[tokio::test(start_paused = true)]
async fn every_request_has_its_row_and_every_row_is_sent() {
    let mut desk = desk(World::contoso(now_ms()).slack_lookup_restricted());
    let who = desk.id("alex@contoso.example").await;
    desk.who_by(&[(KeyKind::Id, &who)]).await;
    for verb in ["reset_sessions", "deactivate_user"] {
        let change = desk.change(verb, "alex@contoso.example").await;
        let done = desk.applied(&change).await;
        desk.proof(&done).await;
    }
    desk.case.subjects = (0..21)
        .map(|n| crate::samples::subject(&format!("00u{n}"), "x"))
        .collect();
    let many = desk
        .plan("reset_sessions", "robin@contoso.example", Select::All)
        .await;
    desk.apply(&many.changes[0]).await;
    let range = desk.org.range();
    let entries = range.journal.entries().iter();
    let rows = sent(TABLE, entries.filter(|entry| entry.system == "slack"));
    all_sent(TABLE, &rows);
}
