//! An app of Contoso's own with a Global Token Revocation endpoint: one URL that ends what a person has.
//!
//! `POST /global-token-revocation` with one RFC 9493 subject, signed by a JWT or by a bearer token.
//! Statuses are those of the draft (draft-parecki-oauth-global-token-revocation), which defines no
//! body; the claims that are looked at are those that Okta sends. The order of the checks
//! (credential, right, body, person) is assumed.
//!
//! Absent: sign-in itself, and any way to ask what is alive. Such an endpoint has none.

mod caller;
mod contoso;
mod inside;
pub mod state;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub use contoso::{APP, ISSUER, KEY_ID, TOKEN};

use crate::http::{Request, Response};
use crate::rng::Rng;
use crate::vendor::{Answer, Handled, Trouble, Vendor};
use state::Person;

/// Where the endpoint stands, below the system's own address.
pub const PATH: &str = "/global-token-revocation";

/// How this receiver differs from the ordinary one.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The one member of the body: `sub_id`, or `subject` as in older drafts.
    pub member: String,
    /// Subject formats that it takes.
    pub formats: BTreeSet<String>,
    /// Whether whoever is authenticated may revoke.
    pub may_revoke: bool,
    /// How long every answer takes, milliseconds.
    pub latency_ms: u64,
}

/// One receiver.
#[derive(Debug, Clone)]
pub struct Gtr {
    /// How it is configured.
    pub settings: Settings,
    /// Where it stands; [`PATH`] lies below. No slash at the end.
    pub base_url: String,
    /// People by the app's own id of them.
    pub people: BTreeMap<String, Person>,
    /// Public keys of the issuer that it trusts.
    pub keys: Vec<Value>,
    /// A bearer token that it trusts.
    pub token: Option<String>,
    pub(crate) used_jtis: BTreeSet<String>,
    pub(crate) rng: Rng,
}

impl Gtr {
    /// Answers one request at `now_ms`.
    pub fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        let mutating = self.is_write(request);
        let (principal, answer) = if mutating {
            match self.caller(request, now_ms) {
                Some(who) => (who, self.revoke(request)),
                None => (String::new(), Answer::empty(401)),
            }
        } else {
            (String::new(), Answer::empty(404))
        };
        let effective = answer.effective;
        let mut response = answer.response("application/json");
        finish(&mut response, now_ms);
        Handled {
            response,
            principal,
            mutating,
            effective,
        }
    }

    fn revoke(&mut self, request: &Request) -> Answer {
        if !self.settings.may_revoke {
            return Answer::empty(403);
        }
        let Some(id) = self.named(request) else {
            return Answer::empty(400);
        };
        let Some(person) = id.and_then(|id| self.people.get_mut(&id)) else {
            return Answer::empty(404);
        };
        if person.stuck {
            return Answer::empty(422);
        }
        let had = !person.sessions.is_empty() || !person.refresh_tokens.is_empty();
        person.sessions.clear();
        person.refresh_tokens.clear();
        Answer::empty(204).changed(had)
    }

    /// Whom the body names: nobody known, or none at all if it is malformed.
    fn named(&self, request: &Request) -> Option<Option<String>> {
        let body: Value = serde_json::from_slice(&request.body).ok()?;
        let members = body.as_object().filter(|all| all.len() == 1)?;
        let subject = members.get(&self.settings.member)?;
        let format = subject["format"].as_str()?;
        if !self.settings.formats.contains(format) {
            return None;
        }
        let people = self.people.values();
        let is: Box<dyn Fn(&&Person) -> bool> = match format {
            "email" => {
                let email = subject["email"].as_str()?.to_lowercase();
                Box::new(move |who| who.email.to_lowercase() == email)
            }
            "iss_sub" => {
                let (iss, sub) = (subject["iss"].as_str()?, subject["sub"].as_str()?);
                Box::new(move |who| iss == ISSUER && who.sub == sub)
            }
            "opaque" => {
                let id = subject["id"].as_str()?;
                Box::new(move |who| who.id == id)
            }
            _ => return None,
        };
        let found: Vec<&Person> = people.filter(|who| is(who)).collect();
        Some(match &found[..] {
            [one] => Some(one.id.clone()),
            _ => None,
        })
    }
}

fn finish(response: &mut Response, now_ms: i64) {
    let date = ("Date".to_owned(), crate::time::http_date(now_ms));
    response.headers.push(date);
}

impl Vendor for Gtr {
    fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        Self::handle(self, request, now_ms)
    }

    fn is_write(&self, request: &Request) -> bool {
        request.method == "POST" && request.path == PATH
    }

    fn latency_ms(&self) -> u64 {
        self.settings.latency_ms
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
            Trouble::LieOk => Answer::empty(204),
            Trouble::Unauthorized => Answer::empty(401),
            Trouble::Forbidden => Answer::empty(403),
            Trouble::NotFound => Answer::empty(404),
            // The draft has no word for it: a repetition is a 204 like any other.
            Trouble::AlreadyDone | Trouble::Conflict => Answer::empty(409),
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
