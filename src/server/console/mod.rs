//! The console: pages for people, from this server alone, readable and usable without a script.
//!
//! What needs somebody stands first. Every value on a page may be the intruder's and goes through
//! our own escapes (`askama.toml`). A page changes nothing when it is read; what changes something is
//! a form, and every form is checked in one place (`visitor::Filled`).

mod alerts;
mod audit;
mod events;
mod freeze;
mod frame;
mod ledger;
mod overview;
mod proposals;
mod rehearsals;
mod runs;
mod sign_in;
mod tokens;
mod visitor;

pub(super) use alerts::alerts_matching;
pub use ledger::look_at_ledger;

use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, response::Html};
use http::{StatusCode, header};

use super::Shared;
use super::api::{self, Problem};
use super::session::headers;
use super::site::{Settings, Site};

/// Bytes of a body that is taken.
const BODY_MAX: usize = 64 * 1024;

/// Console and API. Empty in a process that only receives: it has neither desk nor ledger.
///
/// Whoever accepts connections puts a [`super::Peer`] into each request. The router has the fallback
/// for unknown paths, so that another that is merged with it may have none.
pub fn router(shared: Shared, settings: Settings) -> Router {
    let Some(site) = Site::new(shared, settings) else {
        return Router::new();
    };
    Router::new()
        .route("/", get(overview::show))
        .route("/runs", get(runs::list))
        .route("/runs/{run}", get(runs::show))
        .route("/proposals", get(proposals::list))
        .route("/proposals/{run}", get(proposals::show))
        .route("/proposals/{run}/approve", post(proposals::approve))
        .route("/proposals/{run}/deny", post(proposals::deny))
        .route("/alerts", get(alerts::list))
        .route("/alerts/{id}", get(alerts::show))
        .route("/rehearsals", get(rehearsals::list))
        .route("/rehearsals/{id}", get(rehearsals::show))
        .route("/audit", get(audit::list))
        .route("/freeze", get(freeze::show).post(freeze::freeze))
        .route("/thaw", post(freeze::thaw))
        .route("/tokens", get(tokens::list).post(tokens::add))
        .route("/tokens/{id}/revoke", post(tokens::revoke))
        .route("/sign-in", get(sign_in::show).post(sign_in::take))
        .route("/sign-out", post(sign_in::leave))
        .route("/events", get(events::stream))
        .route("/style.css", get(style))
        .route("/live.js", get(script))
        .merge(api::routes())
        .fallback(nowhere)
        .method_not_allowed_fallback(not_so)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn_with_state(site.clone(), headers))
        .with_state(site)
}

async fn style() -> Response {
    let own = include_str!("../../../templates/console/console.css");
    let text = [crate::report::page_css(), own].concat();
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], text).into_response()
}

async fn script() -> Response {
    let text = include_str!("../../../templates/console/live.js");
    let kind = "text/javascript; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

async fn nowhere(request: Request) -> Response {
    if is_for_scripts(&request) {
        return Problem::not_found("path").into();
    }
    frame::sorry(StatusCode::NOT_FOUND, "There is no such page.", "")
}

async fn not_so(request: Request) -> Response {
    if is_for_scripts(&request) {
        return Problem::method().into();
    }
    let says = "This page takes another method.";
    frame::sorry(StatusCode::METHOD_NOT_ALLOWED, says, "")
}

fn is_for_scripts(request: &Request) -> bool {
    let path = request.uri().path();
    path.starts_with("/v1/") || path == "/openapi.json"
}

/// A rendered page.
fn html(page: &impl askama::Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(_) => Problem::unavailable("the page could not be written").into(),
    }
}
