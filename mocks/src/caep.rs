//! A receiver of security event tokens: takes what is signed by whom it trusts, once each.
//!
//! `POST /events` with one compact token (RFC 8935); statuses and codes are the RFC's, claims are
//! checked as OpenID SSF 1.0 has them (`sub_id` at the top, `sub` and `exp` forbidden), or as Okta's
//! receiver documents them (subject within the event). The order of the checks is assumed. A token
//! whose `jti` was taken before is answered 202 and changes nothing.
//!
//! Absent: streams, polling, and any way to ask what was taken. It is no service that people sign in
//! to: what it keeps is what it was told.

use std::collections::BTreeMap;

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::http::{Request, Response};
use crate::jwt::verify_by;
use crate::vendor::{Answer, Handled, Trouble, Vendor, sha};

/// Where tokens are taken, below the receiver's own address.
pub const PATH: &str = "/events";
/// Whom it trusts.
pub const ISSUER: &str = "https://oust.contoso.example";
/// What it calls itself.
pub const AUDIENCE: &str = "https://hub.contoso.example";

/// The one event that it knows.
const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

/// Seconds that a token may be dated off.
const SKEW: i64 = 300;

/// One receiver.
#[derive(Debug, Clone, Default)]
pub struct Caep {
    /// Public keys of the issuer that it trusts.
    pub keys: Vec<Value>,
    /// What must stand in `Authorization`, if anything.
    pub authorization: Option<String>,
    /// Whether tokens are laid out as Okta has them.
    pub okta_dialect: bool,
    /// What it was told: the subject of each token by its `jti`.
    pub taken: BTreeMap<String, Value>,
    /// Tokens that it had taken before.
    pub repeated: u32,
}

/// Why a token is not taken: code and description.
type Refused = (&'static str, &'static str);

impl Caep {
    /// Answers one request at `now_ms`.
    pub fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        let mutating = self.is_write(request);
        let answer = match mutating {
            false => Answer::empty(404),
            true if !self.is_let_in(request) => Answer::empty(401),
            true => self.take(request, now_ms),
        };
        let effective = answer.effective;
        let mut response = answer.response("application/json");
        finish(&mut response, now_ms);
        Handled {
            response,
            principal: ISSUER.to_owned(),
            mutating,
            effective,
        }
    }

    /// SHA-256 over what it was told.
    #[must_use]
    pub fn digest(&self) -> String {
        sha(&self.taken)
    }

    fn is_let_in(&self, request: &Request) -> bool {
        let given = request.header("authorization");
        self.authorization
            .as_deref()
            .is_none_or(|wanted| given == Some(wanted))
    }

    fn take(&mut self, request: &Request, now_ms: i64) -> Answer {
        match self.read(request, now_ms) {
            Err((err, description)) => {
                Answer::json(400, json!({ "err": err, "description": description }))
            }
            Ok((jti, _)) if self.taken.contains_key(&jti) => {
                self.repeated += 1;
                Answer::empty(202)
            }
            Ok((jti, subject)) => {
                self.taken.insert(jti, subject);
                Answer::empty(202).changed(true)
            }
        }
    }

    /// The token's id and subject.
    fn read(&self, request: &Request, now_ms: i64) -> Result<(String, Value), Refused> {
        let media_type = request.header("content-type").unwrap_or_default();
        if media_type != "application/secevent+jwt" {
            return Err(("invalid_request", "not a security event token"));
        }
        let token = std::str::from_utf8(&request.body).unwrap_or_default();
        let header = jsonwebtoken::decode_header(token);
        let header = header.map_err(|_| ("invalid_request", "no token"))?;
        let is_known = matches!(header.alg, Algorithm::RS256 | Algorithm::ES256);
        if header.typ.as_deref() != Some("secevent+jwt") || !is_known {
            return Err(("invalid_request", "typ or alg"));
        }
        let keys = self.keys.iter();
        let mut named = keys.filter(|key| key["kid"].as_str() == header.kid.as_deref());
        let claims = named.find_map(|key| verify_by(token, header.alg, key));
        let claims = claims.ok_or(("invalid_key", "no key of ours verifies it"))?;
        if claims["iss"] != ISSUER {
            return Err(("invalid_issuer", "not whom we trust"));
        }
        if claims["aud"] != AUDIENCE {
            return Err(("invalid_audience", "not for us"));
        }
        self.told(&claims, now_ms.div_euclid(1000))
    }

    fn told(&self, claims: &Value, now: i64) -> Result<(String, Value), Refused> {
        let wrong = |what: &'static str| ("invalid_request", what);
        let jti = claims["jti"].as_str().filter(|jti| !jti.is_empty());
        let jti = jti.ok_or(wrong("no jti"))?;
        let iat = claims["iat"].as_i64().ok_or(wrong("no iat"))?;
        if (iat - now).abs() > SKEW {
            return Err(wrong("iat is far off"));
        }
        if !claims["sub"].is_null() || !claims["exp"].is_null() {
            return Err(wrong("sub or exp"));
        }
        let events = claims["events"].as_object().ok_or(wrong("no events"))?;
        let event = events.get(SESSION_REVOKED).filter(|_| events.len() == 1);
        let event = event.ok_or(wrong("not one event of ours"))?;
        let at = event["event_timestamp"].as_i64();
        if at.is_none_or(|at| (at - now).abs() > SKEW) {
            return Err(wrong("event_timestamp"));
        }
        let reason = event["reason_admin"]["en"].as_str();
        if reason.is_none_or(str::is_empty) {
            return Err(wrong("no reason_admin"));
        }
        let (wanted, elsewhere) = match self.okta_dialect {
            true => (&event["subject"]["user"], &claims["sub_id"]),
            false => (&claims["sub_id"], &event["subject"]),
        };
        if !wanted["format"].is_string() || !elsewhere.is_null() {
            return Err(wrong("no subject where it belongs"));
        }
        Ok((jti.to_owned(), wanted.clone()))
    }
}

fn finish(response: &mut Response, now_ms: i64) {
    let date = ("Date".to_owned(), crate::time::http_date(now_ms));
    response.headers.push(date);
}

impl Vendor for Caep {
    fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        Self::handle(self, request, now_ms)
    }

    fn is_write(&self, request: &Request) -> bool {
        request.method == "POST" && request.path == PATH
    }

    fn latency_ms(&self) -> u64 {
        0
    }

    fn canned(&mut self, status: u16, body: Vec<u8>, _request: &Request, now_ms: i64) -> Response {
        let mut answer = Response {
            status,
            headers: Vec::new(),
            body,
        };
        finish(&mut answer, now_ms);
        answer
    }

    fn trouble(&mut self, what: Trouble, _request: &Request, now_ms: i64) -> Response {
        let answer = match what {
            Trouble::Status(status) => Answer::empty(status),
            Trouble::LieOk | Trouble::AlreadyDone => Answer::empty(202),
            Trouble::Unauthorized => Answer::empty(401),
            Trouble::Forbidden => Answer::empty(403),
            Trouble::NotFound => Answer::empty(404),
            Trouble::Conflict => Answer::empty(409),
            Trouble::ThrottleMinute => Answer::empty(429).header("Retry-After", "30"),
            Trouble::ThrottleConcurrency => Answer::empty(429).header("Retry-After", "1"),
            Trouble::ThrottleNoHeaders => Answer::empty(429),
            Trouble::Internal => Answer::empty(500),
            Trouble::ReadOnly => Answer::empty(503),
        };
        let mut response = answer.response("application/json");
        finish(&mut response, now_ms);
        response
    }
}
