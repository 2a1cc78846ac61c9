//! Who somebody is: by a token at the API, by a session at the console that began with one.
//!
//! Never by the directory: whoever stole an account there must not be able to approve here. A
//! session holds eight hours at most and half an hour unused, and ends with its token. Of its cookie
//! the desk keeps a hash; what its forms must carry is made from the cookie, so that only the page
//! that has the one has the other.
//!
//! Does not say what somebody may do (`Power`), nor ask for it (`console`, `api`).

mod attempts;
mod cookie;
mod gate;
mod headers;
mod seen;

pub(super) use attempts::Attempts;
pub(super) use cookie::{clear_cookie, set_cookie};
pub(super) use gate::{foreign_host, foreign_page};
pub(super) use headers::headers;
pub(super) use seen::Seen;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::{Extensions, HeaderMap, header};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::Peer;
use super::site::Site;
use crate::desk::{Audited, Power, Session, Token, hash, holder};
use crate::model::{Utc, hex};
use crate::sqlite::FileError;

/// How long a session holds.
const SESSION: Duration = Duration::from_secs(8 * 60 * 60);
/// How long it holds unused.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// A page's own script sends it: that a page looks on is no sign that somebody does.
const LIVE: &str = "x-oust-live";

/// Somebody who is known.
#[derive(Clone, Debug)]
pub(super) struct Who {
    /// His token as it stands now.
    pub(super) token: Token,
    /// What his forms carry; empty at the API.
    pub(super) csrf: String,
    /// His session's hash; empty at the API.
    pub(super) session: String,
}

impl Who {
    /// The name that stands under what he does.
    pub(super) fn name(&self) -> &str {
        &self.token.name
    }

    /// Whether he may do what takes this.
    pub(super) fn may(&self, power: Power) -> bool {
        self.token.power >= power
    }

    /// Whether a form carries what this session's forms carry.
    pub(super) fn is_own_form(&self, csrf: &str) -> bool {
        !self.csrf.is_empty()
            && verify_slices_are_equal(self.csrf.as_bytes(), csrf.as_bytes()).is_ok()
    }
}

/// Where a request came from; nobody knows it of one that no listener took.
pub(super) fn peer(extensions: &Extensions) -> IpAddr {
    let peer = extensions.get::<Peer>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0)
}

/// Begins a session for whoever has this token: the cookie's value.
pub(super) async fn begin(site: &Site, token: &Token, now: Utc) -> Result<String, FileError> {
    let value = random();
    let session = Session {
        hash: hash(&value),
        token: token.id.clone(),
        csrf: hash(&csrf_of(&value)),
        made_at: now,
        expires_at: now.plus(SESSION).min(token.expires_at),
    };
    site.desk.open_session(&session).await?;
    site.seen.note(&session.hash, now);
    Ok(value)
}

/// Whose session the request's cookie is; `None` if it is nobody's any more.
pub(super) async fn by_cookie(site: &Site, headers: &HeaderMap) -> Result<Option<Who>, FileError> {
    let Some(value) = cookie::value(headers, site.settings.https) else {
        return Ok(None);
    };
    let who = by_session(site, &hash(value)).await?;
    let who = who.map(|who| Who {
        csrf: csrf_of(value),
        ..who
    });
    if let Some(who) = &who
        && !headers.contains_key(LIVE)
    {
        let now = site.shared.clock.now();
        site.seen.note(&who.session, now);
        site.desk.token_used(&who.token.id, now).await?;
    }
    Ok(who)
}

/// Whose session has this hash, if it still holds; does not count as use.
pub(super) async fn by_session(site: &Site, hash: &str) -> Result<Option<Who>, FileError> {
    let now = site.shared.clock.now();
    let Some(session) = site.desk.session(hash).await? else {
        return Ok(None);
    };
    // After a restart nobody knows when it was last used, but for what its beginning says.
    let used = site.seen.last(hash).unwrap_or(session.made_at);
    let token = site.desk.token(&session.token).await?;
    let token = token.filter(|token| token.holds(now));
    let is_over = now >= session.expires_at || now.since(used) > IDLE;
    match token {
        Some(token) if !is_over => Ok(Some(Who {
            token,
            csrf: String::new(),
            session: hash.to_owned(),
        })),
        _ => {
            site.desk.end_session(hash).await?;
            site.seen.forget(hash);
            Ok(None)
        }
    }
}

/// Whose the token of an `Authorization: Bearer` is, if it opens anything.
pub(super) async fn by_bearer(site: &Site, headers: &HeaderMap) -> Result<Option<Who>, FileError> {
    let Some(text) = bearer(headers) else {
        return Ok(None);
    };
    let found = by_token(site, &SecretString::from(text)).await?;
    Ok(found.map(|token| Who {
        token,
        csrf: String::new(),
        session: String::new(),
    }))
}

/// The token of this text, if it opens anything.
pub(super) async fn by_token(site: &Site, text: &SecretString) -> Result<Option<Token>, FileError> {
    let now = site.shared.clock.now();
    let found = holder(&*site.desk, text, now).await?;
    if let Some(token) = &found {
        site.desk.token_used(&token.id, now).await?;
    }
    Ok(found)
}

/// The public part of a token's text, for limits and for the audit; empty if it has none.
pub(super) fn public_part(text: &str) -> &str {
    let rest = text.strip_prefix("oust_").unwrap_or_default();
    let id = rest.get(..14).unwrap_or_default();
    let is_id = id.starts_with("t_") && id[2..].bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id { id } else { "" }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(only), None) = (all.next(), all.next()) else {
        return None;
    };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// Notes who did what, and says in the log that the note itself could not be kept.
pub(super) async fn audit(site: &Site, by: &str, what: String) -> Result<(), FileError> {
    let entry = Audited {
        at: site.shared.clock.now(),
        by: by.to_owned(),
        what,
    };
    site.desk.audit(&entry).await
}

/// What the forms of the session with this cookie carry.
fn csrf_of(cookie: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"oust.csrf/v1\n");
    hash.update(cookie.as_bytes());
    hex(&hash.finalize())
}

/// 32 bytes that nobody can guess, hex.
fn random() -> String {
    let mut bytes = [0; 32];
    // It fails only where the operating system has no randomness, and then at the first key
    // already: no TLS, no server.
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
    hex(&bytes)
}
