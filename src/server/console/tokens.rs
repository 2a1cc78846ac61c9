//! Tokens: who has one, giving one out, taking one back. For admins.
//!
//! A new token is shown once, on the page that answers its form, and kept nowhere.

use std::time::Duration;

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use jiff::tz::TimeZone;
use secrecy::ExposeSecret;

use super::frame::{Broken, Frame, When, sorry};
use super::html;
use super::runs::seg;
use super::visitor::{Filled, Visitor, a, not_his};
use crate::desk::{Power, Token, Wanted};
use crate::model::Utc;
use crate::server::api::{Problem, power_word};
use crate::server::session::audit;
use crate::server::site::Site;

/// Days that a token may hold.
const DAYS_MAX: u64 = 365;
/// Characters of a name.
const NAME_MAX: usize = 100;
/// Rows of the page.
const ROWS: usize = 200;

struct Row {
    id: String,
    name: String,
    power: &'static str,
    okta_id: String,
    expires: When,
    used: Option<When>,
    word: &'static str,
    tone: &'static str,
    revoke: Option<String>,
}

impl Row {
    fn of(token: &Token, now: Utc, zone: &TimeZone) -> Self {
        let (word, tone) = match (token.revoked_at, now >= token.expires_at) {
            (Some(_), _) => ("taken back", "idle"),
            (None, true) => ("expired", "idle"),
            (None, false) => ("holds", "good"),
        };
        Self {
            id: token.id.clone(),
            name: token.name.clone(),
            power: power_word(token.power),
            okta_id: token.okta_id.clone().unwrap_or_default(),
            expires: When::of(token.expires_at, zone),
            used: token.used_at.map(|at| When::of(at, zone)),
            word,
            tone,
            revoke: (word == "holds").then(|| format!("/tokens/{}/revoke", seg(&token.id))),
        }
    }
}

#[derive(Template)]
#[template(path = "console/tokens.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    /// A token that was just given out: its name and its text.
    new: Option<(String, String)>,
    wrong: String,
}

/// Who has one.
pub(super) async fn list(
    State(site): State<Site>,
    Visitor(who): Visitor,
) -> Result<Response, Broken> {
    if !who.may(Power::Admin) {
        return Ok(not_his(Power::Admin));
    }
    let frame = Frame::of(&site, &who, "/tokens", "Tokens").await?;
    page(&site, frame, None, "").await
}

async fn page(
    site: &Site,
    frame: Frame,
    new: Option<(String, String)>,
    wrong: &str,
) -> Result<Response, Broken> {
    let now = site.shared.clock.now();
    let zone = &site.settings.zone;
    let tokens = site.desk.tokens().await?;
    let rows = tokens.iter().take(ROWS);
    Ok(html(&Page {
        frame,
        rows: rows.map(|token| Row::of(token, now, zone)).collect(),
        new,
        wrong: wrong.to_owned(),
    }))
}

/// Gives one out.
pub(super) async fn add(State(site): State<Site>, filled: Filled) -> Result<Response, Broken> {
    let Filled { who, words } = filled;
    if !who.may(Power::Admin) {
        return Ok(not_his(Power::Admin));
    }
    let name = words.get("name");
    let power = match words.get("power") {
        "viewer" => Some(Power::Viewer),
        "responder" => Some(Power::Responder),
        "approver" => Some(Power::Approver),
        "admin" => Some(Power::Admin),
        _ => None,
    };
    let days = words.get("days").parse().ok();
    let days = days.filter(|days| (1..=DAYS_MAX).contains(days));
    let frame = Frame::of(&site, &who, "/tokens", "Tokens").await?;
    let is_name = !name.is_empty() && name.chars().count() <= NAME_MAX;
    let (Some(power), Some(days), true) = (power, days, is_name) else {
        let wrong = "Nothing was given out: a token needs a name, a power and from 1 to 365 days.";
        let mut response = page(&site, frame, None, wrong).await?;
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(response);
    };
    let okta_id = Some(words.get("okta_id")).filter(|id| !id.is_empty());
    let okta_id = okta_id.map(|id| id.chars().take(NAME_MAX).collect());
    let now = site.shared.clock.now();
    let holds_for = Duration::from_secs(days * 24 * 60 * 60);
    let wanted = Wanted {
        name: name.to_owned(),
        okta_id,
        power,
        made_at: now,
        expires_at: now.plus(holds_for),
    };
    let (token, text) = Token::issue(wanted).map_err(Problem::unavailable)?;
    site.desk.add_token(&token).await?;
    let what = format!(
        "gave {} of {} to {name} for {days} days",
        token.id,
        a(power)
    );
    audit(&site, who.name(), what).await?;
    let new = (token.name, text.expose_secret().to_owned());
    page(&site, frame, Some(new), "").await
}

/// Takes one back.
pub(super) async fn revoke(
    State(site): State<Site>,
    path: Result<Path<String>, PathRejection>,
    filled: Filled,
) -> Result<Response, Broken> {
    if !filled.who.may(Power::Admin) {
        return Ok(not_his(Power::Admin));
    }
    let now = site.shared.clock.now();
    let id = path.map(|Path(id)| id).unwrap_or_default();
    if !site.desk.revoke_token(&id, now).await? {
        return Ok(sorry(StatusCode::NOT_FOUND, "There is no such token.", ""));
    }
    audit(&site, filled.who.name(), format!("took back {id}")).await?;
    Ok(Redirect::to("/tokens").into_response())
}
