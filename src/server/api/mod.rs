//! The API: JSON for scripts and for `oust` itself, by token.
//!
//! What there is stands in one list ([`operations`]), from which both the routes and their
//! description (`/openapi.json`) are made, so that neither can say what the other does not. A cookie
//! opens nothing here: another site's page can use none.

mod alerts;
mod audit;
mod caller;
mod elsewhere;
pub(super) mod freeze;
pub mod openapi;
mod operations;
mod problem;
mod proposals;
mod rehearsals;
mod runs;
mod shapes;

pub(super) use caller::power_word;
pub(super) use problem::Problem;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::header;
use serde::Serialize;

use super::site::Site;

/// Rows of one answer.
const ROWS_MAX: usize = 200;
/// Rows if nobody says how many.
const ROWS: usize = 50;

/// The routes.
pub(super) fn routes() -> Router<Site> {
    let mut router = Router::new();
    for operation in operations::all() {
        if let Some(handler) = operation.handler {
            router = router.route(operation.path, handler());
        }
    }
    router
}

/// JSON.
fn json(value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(_) => Problem::unavailable("the answer could not be written").into(),
    }
}
