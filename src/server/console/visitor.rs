//! Who looks at a page, and who sends a form: the one place that asks.
//!
//! A form is taken only from whoever is signed in, from a page of ours, with what that session's
//! forms carry.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::frame::{Broken, sorry};
use crate::desk::Power;
use crate::server::api::power_word;
use crate::server::session::{Who, by_cookie, foreign_page};
use crate::server::site::Site;

/// Somebody who is signed in and looks at a page.
pub(super) struct Visitor(pub(super) Who);

impl FromRequestParts<Site> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        match by_cookie(site, &parts.headers).await {
            Ok(Some(who)) => Ok(Self(who)),
            Ok(None) => {
                let to = parts.uri.path_and_query().map_or("/", |path| path.as_str());
                let to = utf8_percent_encode(to, NON_ALPHANUMERIC);
                Err(Redirect::to(&format!("/sign-in?to={to}")).into_response())
            }
            Err(error) => Err(Broken::from(error).into_response()),
        }
    }
}

/// The words of a form, of which the last of a name counts.
#[derive(Debug, Default)]
pub(super) struct Words(HashMap<String, String>);

impl Words {
    /// From `a=b&c=d`.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(bytes);
        Self(pairs.into_owned().take(20).collect())
    }

    /// What stands under a name; empty if nothing.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |text| text.trim())
    }
}

/// A form that somebody who is signed in sent from a page of ours.
pub(super) struct Filled {
    pub(super) who: Who,
    pub(super) words: Words,
}

impl FromRequest<Site> for Filled {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        if foreign_page(&parts.headers, &parts.uri) {
            return Err(foreign());
        }
        let Visitor(who) = Visitor::from_request_parts(&mut parts, site).await?;
        let words = words(site, Request::from_parts(parts, body)).await?;
        if !who.is_own_form(words.get("csrf")) {
            return Err(foreign());
        }
        Ok(Self { who, words })
    }
}

/// The words of a form, whoever sent it.
pub(super) async fn words(site: &Site, request: Request) -> Result<Words, Response> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or("");
    if !kind.starts_with("application/x-www-form-urlencoded") {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(sorry(status, "That is no form of ours.", ""));
    }
    match Bytes::from_request(request, site).await {
        Ok(bytes) => Ok(Words::read(&bytes)),
        Err(error) => Err(sorry(error.status(), "The form is too large.", "")),
    }
}

/// The form did not come from a page of this session.
pub(super) fn foreign() -> Response {
    let says = "This form was not sent from a page of yours, or you have signed in anew since. \
                Nothing was changed.";
    let next = "Open the page again and repeat it.";
    sorry(StatusCode::FORBIDDEN, says, next)
}

/// He may not do that.
pub(super) fn not_his(power: Power) -> Response {
    let says = format!("Your token does not allow this: it takes {}.", a(power));
    let next = "Ask an admin for a token that does.";
    sorry(StatusCode::FORBIDDEN, &says, next)
}

/// With its article.
pub(super) fn a(power: Power) -> String {
    match power {
        Power::Approver | Power::Admin => format!("an {}", power_word(power)),
        _ => format!("a {}", power_word(power)),
    }
}
