//! Stopping automatic runs, and letting them go again.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::frame::{Broken, Frame, takes};
use super::html;
use super::visitor::{Filled, Visitor, not_his};
use crate::desk::Power;
use crate::server::api::freeze::set;
use crate::server::site::Site;

#[derive(Template)]
#[template(path = "console/freeze.html")]
struct Page {
    frame: Frame,
    /// Why whoever looks cannot; empty if he can.
    not_freeze: String,
    not_thaw: String,
}

/// Whether they are frozen, and the button.
pub(super) async fn show(
    State(site): State<Site>,
    Visitor(who): Visitor,
) -> Result<Response, Broken> {
    Ok(html(&Page {
        frame: Frame::of(&site, &who, "/freeze", "Freeze").await?,
        not_freeze: takes(&who, Power::Responder),
        not_thaw: takes(&who, Power::Admin),
    }))
}

/// Somebody freezes them.
pub(super) async fn freeze(State(site): State<Site>, filled: Filled) -> Result<Response, Broken> {
    change(&site, &filled, Power::Responder, true).await
}

/// Somebody thaws them.
pub(super) async fn thaw(State(site): State<Site>, filled: Filled) -> Result<Response, Broken> {
    change(&site, &filled, Power::Admin, false).await
}

async fn change(
    site: &Site,
    filled: &Filled,
    takes: Power,
    freeze: bool,
) -> Result<Response, Broken> {
    if !filled.who.may(takes) {
        return Ok(not_his(takes));
    }
    let reason: String = filled.words.get("reason").chars().take(500).collect();
    let reason = if reason.is_empty() {
        "no reason given"
    } else {
        &reason
    };
    set(site, &filled.who, reason, freeze).await?;
    Ok(Redirect::to("/freeze").into_response())
}
