//! Signing in and out: with a token that was given out, never by the directory.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{StatusCode, Uri, header};
use secrecy::{ExposeSecret, SecretString};

use super::frame::{Broken, Frame};
use super::html;
use super::visitor::{Filled, Words, foreign, words};
use crate::server::session::{
    audit, begin, by_token, clear_cookie, foreign_page, peer, public_part, set_cookie,
};
use crate::server::site::Site;

#[derive(Template)]
#[template(path = "console/sign_in.html")]
struct Page {
    frame: Frame,
    to: String,
    wrong: String,
}

/// The form.
pub(super) async fn show(State(site): State<Site>, uri: Uri) -> Response {
    let words = Words::read(uri.query().unwrap_or_default().as_bytes());
    page(&site, own_path(words.get("to")), "")
}

/// Somebody sends a token.
pub(super) async fn take(State(site): State<Site>, request: Request) -> Result<Response, Broken> {
    let from = peer(request.extensions());
    if foreign_page(request.headers(), request.uri()) {
        return Ok(foreign());
    }
    let words = match words(&site, request).await {
        Ok(words) => words,
        Err(response) => return Ok(response),
    };
    let to = own_path(words.get("to"));
    let text = SecretString::from(words.get("token").to_owned());
    let id = public_part(text.expose_secret()).to_owned();
    if let Err(seconds) = site.attempts.count(from, &id) {
        let says = format!("Too many attempts came from this address. Try again in {seconds} s.");
        let mut response = page(&site, to, &says);
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, seconds.into());
        return Ok(response);
    }
    let Some(token) = by_token(&site, &text).await? else {
        return refuse(&site, from.to_string(), &id, to).await;
    };
    let now = site.shared.clock.now();
    let cookie = begin(&site, &token, now).await?;
    audit(
        &site,
        &token.name,
        format!("signed in from {from} with {}", token.id),
    )
    .await?;
    let mut response = Redirect::to(to).into_response();
    let value = set_cookie(&cookie, site.settings.https);
    response.headers_mut().insert(header::SET_COOKIE, value);
    Ok(response)
}

/// Says no more than that it opens nothing; which token was tried stands in the audit.
async fn refuse(site: &Site, from: String, id: &str, to: &str) -> Result<Response, Broken> {
    let now = site.shared.clock.now();
    let what = match site.desk.token(id).await? {
        Some(token) if !token.holds(now) => {
            format!("did not get in: {id} has expired or was taken back")
        }
        Some(_) => format!("did not get in: wrong secret for {id}"),
        None => "did not get in: no token of ours".into(),
    };
    audit(site, &format!("somebody from {from}"), what).await?;
    let says = "This token opens nothing. It may be mistyped, expired or taken back.";
    let mut response = page(site, to, says);
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    Ok(response)
}

/// Somebody leaves.
pub(super) async fn leave(State(site): State<Site>, filled: Filled) -> Result<Response, Broken> {
    site.desk.end_session(&filled.who.session).await?;
    site.seen.forget(&filled.who.session);
    audit(&site, filled.who.name(), "signed out".into()).await?;
    let mut response = Redirect::to("/sign-in").into_response();
    let value = clear_cookie(site.settings.https);
    response.headers_mut().insert(header::SET_COOKIE, value);
    Ok(response)
}

fn page(site: &Site, to: &str, wrong: &str) -> Response {
    html(&Page {
        frame: Frame::bare(site, "Sign in"),
        to: to.to_owned(),
        wrong: wrong.to_owned(),
    })
}

/// A path of ours to go on to; whatever leads elsewhere leads to the first page.
fn own_path(to: &str) -> &str {
    let is_own = to.starts_with('/')
        && !to.starts_with("//")
        && to.len() <= 300
        && to
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/-_.~?=&%:+".contains(&byte));
    if is_own { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn nobody_is_led_elsewhere_after_signing_in() {
        assert_eq!(own_path("/runs/r_01?x=1"), "/runs/r_01?x=1");
        for wrong in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\r\nset-cookie: a=b",
            "javascript:alert(1)",
        ] {
            assert_eq!(own_path(wrong), "/", "{wrong}");
        }
    }
}
