//! What the connector of a Global Token Revocation endpoint can send: one request, in two spellings.

use super::{Row, all_sent, sent};
use crate::gtr::{ALEX, desk_with};
use oust_mocks::World;
use serde_json::json;

use crate::wire::now_ms;

const TABLE: &[Row] = &[
    Row {
        method: "POST",
        path: "/global-token-revocation",
        query: &[],
        body: &["sub_id"],
        good: &[204],
        source: "draft-parecki-oauth-global-token-revocation, Revocation Request [docs]",
    },
    Row {
        method: "POST",
        path: "/global-token-revocation",
        query: &[],
        body: &["subject"],
        good: &[204],
        source: "the same, older versions [docs]",
    },
];

#[tokio::test(start_paused = true)]
async fn every_request_has_its_row_and_every_row_is_sent() {
    let mut rows = std::collections::BTreeSet::new();
    for member in ["sub_id", "subject"] {
        let world =
            World::contoso(now_ms()).with_gtr(|gtr| member.clone_into(&mut gtr.settings.member));
        let desk = desk_with(world, json!({ "body": member }));
        let change = desk.change("revoke", ALEX).await;
        let done = desk.applied(&change).await;
        desk.proof(&done).await;
        let range = desk.org.range();
        let entries = range.journal.entries().iter();
        rows.extend(sent(TABLE, entries.filter(|entry| entry.system == "gtr")));
    }
    all_sent(TABLE, &rows);
}
