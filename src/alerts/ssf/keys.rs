//! A transmitter's published keys: fetched when a token first needs them, kept, and fetched anew for a
//! key that is not known, since keys are changed.
//!
//! Anybody can name a key that does not exist: that costs the transmitter at most one request a minute.
//! Keys that could not be fetched refuse nobody for good: whoever sent is told to send again. A key that
//! the transmitter withdrew is forgotten within the hour, unless nothing can be fetched at all.
//!
//! One fetch at a time: tokens that come meanwhile wait for it.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, header};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::token::{Token, refused};
use super::{Place, Transmitter};
use crate::alerts::Refused;
use crate::given::Clock;
use crate::transport::{Wire, WireLimits, origin_of};

/// The time between two fetches at least.
const GAP: Duration = Duration::from_secs(60);

/// The same while there are no keys at all.
const GAP_EMPTY: Duration = Duration::from_secs(10);

/// How long keys are good without being looked at again.
const GOOD_FOR: Duration = Duration::from_secs(3_600);

/// How long they are kept if they cannot be fetched.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3_600);

/// Keys in one set at most.
const KEYS_MAX: usize = 100;

/// Bounds of one request: who sent a token waits for it.
const LIMITS: WireLimits = WireLimits {
    call: Duration::from_secs(5),
    body_max: 256 << 10,
};

/// The keys of one transmitter.
pub(super) struct Keys {
    wire: Arc<dyn Wire>,
    clock: Arc<dyn Clock>,
    place: Place,
    issuer: String,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    keys: Vec<Jwk>,
    /// When they were fetched, and when that was last tried.
    fetched: Option<Duration>,
    tried: Option<Duration>,
    /// What went wrong last.
    trouble: String,
}

impl Keys {
    /// Nothing fetched yet.
    pub(super) fn new(wire: Arc<dyn Wire>, clock: Arc<dyn Clock>, of: &Transmitter) -> Self {
        Self {
            wire,
            clock,
            place: of.keys.clone(),
            issuer: of.issuer.clone(),
            held: Mutex::default(),
        }
    }

    /// The one key that may have signed `token`.
    pub(super) async fn of(&self, token: &Token<'_>) -> Result<Jwk, Refused> {
        let mut held = self.held.lock().await;
        let now = self.clock.elapsed();
        let age = held.fetched.map(|at| now.saturating_sub(at));
        let fits = one(&held.keys, token);
        let good = age.is_some_and(|age| age < GOOD_FOR);
        if (fits.is_none() || !good) && self.may_try(&held, now) {
            self.fetch(&mut held, now).await;
        }
        let age = held.fetched.map(|at| now.saturating_sub(at));
        if age.is_none_or(|age| age > KEPT_FOR) {
            return Err(Refused::Unready(format!("no keys: {}", held.trouble)));
        }
        let why = "no key of the transmitter is the one that the token names";
        one(&held.keys, token).ok_or_else(|| refused("invalid_key", why))
    }

    fn may_try(&self, held: &Held, now: Duration) -> bool {
        let gap = if held.keys.is_empty() { GAP_EMPTY } else { GAP };
        held.tried.is_none_or(|at| now.saturating_sub(at) >= gap)
    }

    async fn fetch(&self, held: &mut Held, now: Duration) {
        held.tried = Some(now);
        match self.fetched().await {
            Ok(keys) => {
                held.keys = keys;
                held.fetched = Some(now);
            }
            Err(why) => held.trouble = why,
        }
    }

    async fn fetched(&self) -> Result<Vec<Jwk>, String> {
        let place = match &self.place {
            Place::Keys(url) => url.clone(),
            Place::Document(url) => self.named(url).await?,
        };
        let set = self.get(&place).await?;
        let keys = set.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or("the set of keys has no list `keys`")?;
        // One that we do not understand must not keep the others from us.
        let known = |key: &Value| serde_json::from_value::<Jwk>(key.clone()).ok();
        let keys = keys.iter().take(KEYS_MAX).filter_map(known).collect();
        Ok(JwkSet { keys }.keys)
    }

    /// Where the transmitter's document says its keys are: at home, and of this very issuer.
    async fn named(&self, document: &Url) -> Result<Url, String> {
        let said = self.get(document).await?;
        if said["issuer"].as_str() != Some(self.issuer.as_str()) {
            return Err("the transmitter's document is of another issuer".into());
        }
        let keys = said["jwks_uri"]
            .as_str()
            .ok_or("the document has no `jwks_uri`")?;
        let keys = origin_of(keys)?;
        if keys.origin() != document.origin() {
            return Err("its keys are at another host: name it by `jwks_uri`".into());
        }
        Ok(keys)
    }

    async fn get(&self, url: &Url) -> Result<Value, String> {
        let request = Request::get(url.as_str()).header(header::ACCEPT, "application/json");
        let request = request.body(Vec::new()).map_err(|_| "no address of keys")?;
        let answer = self.wire.send(request, LIMITS).await;
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.status() != 200 {
            return Err(format!("answered {}", answer.status().as_u16()));
        }
        serde_json::from_slice(answer.body()).map_err(|_| "answered no JSON".into())
    }
}

/// The key that fits; of two that fit equally none can be told to be the one.
fn one(keys: &[Jwk], token: &Token<'_>) -> Option<Jwk> {
    let mut fitting = keys.iter().filter(|key| token.may_be(key));
    let key = fitting.next();
    key.filter(|_| fitting.next().is_none()).cloned()
}
