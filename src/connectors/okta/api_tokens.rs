//! `revoke_api_tokens`: the SSWS tokens an account owns.
//!
//! Oddity: there is no list by owner and no paging; the org's whole list is read once and
//! sorted out here. Tokens of directory agents stand among them, told by their `clientName`.

use std::sync::Arc;

use serde_json::Value;

use super::glance::{Glance, Got, items, text};
use crate::model::UserId;
use crate::transport::Path;

/// What Okta calls the client of a token that a person made.
const MADE_BY_PEOPLE: &str = "Okta API";

/// All API tokens of the org.
pub(super) async fn all(glance: &Glance) -> Arc<Got> {
    glance.list(Path::new("/api/v1/api-tokens")).await
}

/// Those that `who` owns.
pub(super) fn of<'a>(tokens: &'a Value, who: &'a UserId) -> impl Iterator<Item = &'a Value> {
    items(tokens)
        .iter()
        .filter(move |token| token["userId"] == *who.as_str())
}

/// Whether an agent lives by it.
pub(super) fn is_agent(token: &Value) -> bool {
    !matches!(text(token, "clientName"), "" | MADE_BY_PEOPLE)
}
