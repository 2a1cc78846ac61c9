//! What stands around every page: where one is, who one is, whether automatic runs are frozen.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::tz::TimeZone;

use super::html;
use super::visitor::a;
use crate::desk::{Power, ProposalState};
use crate::model::Utc;
use crate::server::api::{Problem, power_word};
use crate::server::session::Who;
use crate::server::site::Site;
use crate::sqlite::FileError;

/// Proposals that are counted.
const COUNTED_MAX: usize = 100;

/// A moment on a page: local, with UTC behind it.
pub(super) struct When {
    pub(super) local: String,
    pub(super) utc: String,
}

impl When {
    pub(super) fn of(at: Utc, zone: &TimeZone) -> Self {
        let local = at.timestamp().to_zoned(zone.clone());
        Self {
            local: local.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            utc: at.to_string(),
        }
    }
}

/// A place in the navigation.
pub(super) struct Place {
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) here: bool,
    pub(super) count: String,
}

/// The frame of a page.
pub(super) struct Frame {
    pub(super) title: String,
    pub(super) places: Vec<Place>,
    pub(super) name: String,
    pub(super) power: &'static str,
    pub(super) csrf: String,
    pub(super) frozen: Option<String>,
    pub(super) zone: String,
    pub(super) now: When,
}

impl Frame {
    /// For whoever is signed in.
    pub(super) async fn of(
        site: &Site,
        who: &Who,
        here: &'static str,
        title: impl Into<String>,
    ) -> Result<Self, FileError> {
        let waiting = site
            .desk
            .proposals(Some(ProposalState::Waiting), COUNTED_MAX);
        let now = site.shared.clock.now();
        let waiting = waiting.await?;
        let waiting = waiting.iter().filter(|each| each.expires_at > now).count();
        let frozen = site.desk.frozen().await?;
        let mut frame = Self::bare(site, title);
        frame.name = who.name().to_owned();
        frame.power = power_word(who.token.power);
        frame.csrf.clone_from(&who.csrf);
        frame.frozen = frozen.map(|frozen| {
            let since = When::of(frozen.at, &site.settings.zone).local;
            format!("by {} since {since}: {}", frozen.by, frozen.reason)
        });
        let counted = match waiting {
            0 => String::new(),
            COUNTED_MAX => format!("{COUNTED_MAX}+"),
            some => some.to_string(),
        };
        let mut places = vec![
            ("/", "Now", String::new()),
            ("/proposals", "Proposals", counted),
            ("/runs", "Runs", String::new()),
            ("/alerts", "Alerts", String::new()),
            ("/rehearsals", "Rehearsals", String::new()),
            ("/audit", "Audit", String::new()),
            ("/freeze", "Freeze", String::new()),
        ];
        if who.may(Power::Admin) {
            places.push(("/tokens", "Tokens", String::new()));
        }
        let place = |(path, name, count): (&'static str, &'static str, String)| Place {
            path,
            name,
            here: path == here,
            count,
        };
        frame.places = places.into_iter().map(place).collect();
        Ok(frame)
    }

    /// For nobody that is known.
    pub(super) fn bare(site: &Site, title: impl Into<String>) -> Self {
        let now = site.shared.clock.now();
        let zone = &site.settings.zone;
        let name = now.timestamp().to_zoned(zone.clone());
        Self {
            title: title.into(),
            places: Vec::new(),
            name: String::new(),
            power: "",
            csrf: String::new(),
            frozen: None,
            zone: name.strftime("%Z").to_string(),
            now: When::of(now, zone),
        }
    }

    /// Whether somebody is signed in.
    pub(super) fn is_signed_in(&self) -> bool {
        !self.name.is_empty()
    }
}

#[derive(Template)]
#[template(path = "console/sorry.html")]
struct Sorry<'p> {
    says: &'p str,
    next: &'p str,
}

/// Why something is not there, or was not done.
pub(super) fn sorry(status: StatusCode, says: &str, next: &str) -> Response {
    (status, html(&Sorry { says, next })).into_response()
}

/// What kept a page from being made.
pub(super) struct Broken(Problem);

impl<E: Into<Problem>> From<E> for Broken {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Broken {
    fn into_response(self) -> Response {
        let (status, says, next) = self.0.says();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        sorry(status, says, next)
    }
}

/// That something takes more than somebody has; empty if it does not.
pub(super) fn takes(who: &Who, power: Power) -> String {
    match who.may(power) {
        true => String::new(),
        false => format!("This takes {}.", a(power)),
    }
}
