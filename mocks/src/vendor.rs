//! What the range asks of every vendor, and the small things that the vendors share.
//!
//! A [`Vendor`] answers requests and, when a fault says so, shows its own kind of trouble: each
//! has its own shape of error and its own way to throttle. Knows no vendor by name.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::http::{Request, Response};
use crate::rng::Rng;

/// What a vendor found out about a request besides its answer.
#[derive(Debug, Clone)]
pub struct Handled {
    /// The answer, complete with the vendor's headers.
    pub response: Response,
    /// Who asked; empty when not authenticated.
    pub principal: String,
    /// Whether the endpoint changes things.
    pub mutating: bool,
    /// Whether this request did.
    pub effective: bool,
}

/// What goes wrong at a vendor, whatever its words for it are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// This status, with the error body the vendor has for it.
    Status(u16),
    /// The look of a success.
    LieOk,
    /// What is asked for has been done before.
    AlreadyDone,
    Unauthorized,
    Forbidden,
    NotFound,
    Conflict,
    /// The quota of the minute is used up.
    ThrottleMinute,
    /// Too many at once.
    ThrottleConcurrency,
    /// A throttle that says nothing of when to come back.
    ThrottleNoHeaders,
    Internal,
    ReadOnly,
}

/// One mock vendor, as the range sees it.
pub(crate) trait Vendor {
    /// Answers one request.
    fn handle(&mut self, request: &Request, now_ms: i64) -> Handled;

    /// Whether the endpoint of a request changes things, by the mock's own list.
    fn is_write(&self, request: &Request) -> bool;

    /// Lets happen what was to happen later: queues, replicas.
    fn advance(&mut self, _now_ms: i64) {}

    /// How long every answer takes.
    fn latency_ms(&self) -> u64;

    /// An answer to a request that no operation made, with the vendor's headers.
    fn canned(&mut self, status: u16, body: Vec<u8>, request: &Request, now_ms: i64) -> Response;

    /// Trouble in the vendor's own words.
    fn trouble(&mut self, what: Trouble, request: &Request, now_ms: i64) -> Response;

    /// Makes an answer's next page lie at a foreign origin, where the vendor's pages are links.
    fn foreign_next(&self) -> fn(&mut Response) {
        |_| {}
    }
}

/// What an intruder can do at a vendor that he reaches by single sign-on.
pub(crate) trait Downstream {
    /// He comes in with the identity provider's word; false if the account does not let him.
    fn enter(&mut self, id: &str, ip: &str, now_ms: i64) -> bool;

    /// Whether a session of his is alive.
    fn is_inside(&self, id: &str) -> bool;

    /// With a session, he leaves something that outlives it; which, in one word.
    fn dig_in(&mut self, id: &str, chance: &mut Rng, now_ms: i64) -> &'static str;

    /// Without a session and without the identity provider, he comes in by what he left.
    fn come_back(&mut self, _id: &str, _now_ms: i64) -> Option<&'static str> {
        None
    }

    /// Whether digging in takes another sign-on at the identity provider.
    fn asks_for_sign_on(&self) -> bool {
        false
    }
}

/// One instance of a vendor behind the identity provider, as range and world see all of them alike.
pub(crate) trait Service: Vendor + Downstream {
    /// The id here of whoever has this login at the identity provider, whether or not he is here.
    fn id_of(&self, login: &str) -> String;

    /// What provisioning has told the identity provider to be his id here.
    fn external_id_of(&self, login: &str) -> String {
        self.id_of(login)
    }

    /// SHA-256 over all that belongs to the people here.
    fn digest(&self) -> String;

    /// What the intruder still holds of a person, by id, in words.
    fn holds(&self, id: &str, now_ms: i64) -> Vec<String>;

    /// What he goes on with although nothing that this vendor's API offers could end it.
    fn lingers(&self, _id: &str, _now_ms: i64) -> Vec<String> {
        Vec::new()
    }

    /// Scheme, authority and path below which it stands; no slash at the end.
    fn set_base_url(&mut self, url: String);

    /// Begins its chance anew.
    fn reseed(&mut self, seed: u64);

    /// How long every answer takes from now on.
    fn set_latency_ms(&mut self, ms: u64);

    /// Gives a person an account.
    fn employ(&mut self, login: &str, first: &str, last: &str, created_ms: i64);

    /// What the intruder did here in the story that began at `start_ms`, as far as `now_ms`.
    fn befall(&mut self, login: &str, start_ms: i64, now_ms: i64);

    /// Somebody whom nothing befell has been at work.
    fn use_daily(&mut self, _login: &str, _now_ms: i64) {}

    /// Takes a person's account away.
    fn dismiss(&mut self, login: &str);

    /// Takes everybody's account away.
    fn evacuate(&mut self);
}

/// What an operation answers, before the vendor's headers are added.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
    /// Whether the operation changed something.
    pub(crate) effective: bool,
}

impl Answer {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            body: Some(body),
            ..Self::default()
        }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    pub(crate) fn changed(mut self, changed: bool) -> Self {
        self.effective = changed;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The answer with this content type, if it has a body.
    pub(crate) fn response(self, content_type: &str) -> Response {
        let mut headers = self.headers;
        let body = self.body.map(|body| {
            headers.insert(0, ("Content-Type".to_owned(), content_type.to_owned()));
            body.to_string().into_bytes()
        });
        Response {
            status: self.status,
            headers,
            body: body.unwrap_or_default(),
        }
    }
}

/// Counts requests in fixed windows of time, one for each key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Windows(BTreeMap<String, (i64, u32)>);

impl Windows {
    /// Counts `units`; if that is more than `limit` in `span_ms`, nothing is counted and the error is
    /// the number of seconds until the window opens again.
    pub(crate) fn take(
        &mut self,
        key: &str,
        units: u32,
        limit: u32,
        span_ms: i64,
        now_ms: i64,
    ) -> Result<(), i64> {
        let (start_ms, used) = self.0.entry(key.to_owned()).or_insert((now_ms, 0));
        if now_ms >= *start_ms + span_ms || now_ms < *start_ms {
            (*start_ms, *used) = (now_ms, 0);
        }
        if used.saturating_add(units) > limit {
            return Err((*start_ms + span_ms - now_ms + 999).div_euclid(1000).max(1));
        }
        *used += units;
        Ok(())
    }
}

/// SHA-256 in hex over plain values.
pub(crate) fn sha(value: &impl Serialize) -> String {
    use std::fmt::Write as _;
    let bytes = serde_json::to_vec(value).expect("plain values serialise");
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_full_until_its_time_is_over() {
        let mut windows = Windows::default();
        assert_eq!(windows.take("a", 1, 2, 60_000, 0), Ok(()));
        assert_eq!(windows.take("a", 1, 2, 60_000, 10_000), Ok(()));
        assert_eq!(windows.take("a", 1, 2, 60_000, 30_500), Err(30));
        assert_eq!(windows.take("b", 1, 2, 60_000, 30_500), Ok(()));
        assert_eq!(windows.take("a", 2, 2, 60_000, 60_000), Ok(()));
    }
}
