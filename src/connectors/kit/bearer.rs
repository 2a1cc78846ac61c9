//! Bearer tokens of one system, kept until shortly before they end.
//!
//! Where a vendor's rights come as sets, each set is a *power* with a token of its own, so that
//! one that is not granted never keeps another from working. Which power a request needs, the
//! vendor's file tells by method and path.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use http::{HeaderValue, Method, Request, header};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use crate::given::Clock;
use crate::transport::{Answer, AuthError, Credential, SecretRef};

/// How long before its end a token is no longer used.
const RENEW_BEFORE: Duration = Duration::from_secs(60);

/// A token younger than this is not given up for a 401: it was renewed for another request.
const JUST_NOW: Duration = Duration::from_secs(5);

/// Where tokens come from.
#[async_trait]
pub(in crate::connectors) trait Issuer: Send + Sync {
    /// Asks for a token with `power`.
    ///
    /// # Errors
    /// [`AuthError`], with what to do about it.
    async fn issue(&self, power: &'static str) -> Result<Issued, AuthError>;
}

/// A token as it was given.
pub(in crate::connectors) struct Issued {
    /// The token.
    pub(in crate::connectors) token: SecretString,
    /// How long it holds; `None` if it does not end.
    pub(in crate::connectors) holds: Option<Duration>,
}

/// A token that an administrator stored; it does not end.
pub(in crate::connectors) struct Stored {
    /// Where it is.
    pub(in crate::connectors) token: SecretRef,
    /// The clock.
    pub(in crate::connectors) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Issuer for Stored {
    async fn issue(&self, _power: &'static str) -> Result<Issued, AuthError> {
        Ok(Issued {
            token: self.token.fetch(&*self.clock).await?,
            holds: None,
        })
    }
}

/// The tokens of one system.
pub(in crate::connectors) struct Bearer {
    issuer: Box<dyn Issuer>,
    clock: Arc<dyn Clock>,
    powers: &'static [&'static str],
    power_of: fn(&Method, &str) -> &'static str,
    held: StdMutex<BTreeMap<&'static str, Arc<Mutex<Option<Held>>>>>,
}

struct Held {
    token: SecretString,
    got_at: Duration,
    ends_at: Option<Duration>,
}

impl Bearer {
    /// Nothing asked for yet. `powers` are those fetched ahead.
    pub(in crate::connectors) fn new(
        issuer: Box<dyn Issuer>,
        clock: Arc<dyn Clock>,
        powers: &'static [&'static str],
        power_of: fn(&Method, &str) -> &'static str,
    ) -> Self {
        Self {
            issuer,
            clock,
            powers,
            power_of,
            held: StdMutex::default(),
        }
    }

    fn place(&self, power: &'static str) -> Arc<Mutex<Option<Held>>> {
        let mut held = self
            .held
            .lock()
            .expect("no code panics while it holds this lock");
        Arc::clone(held.entry(power).or_default())
    }

    /// The header that a token with `power` makes; asks for one if there is none or it is about
    /// to end. Whoever comes meanwhile waits for the same answer.
    ///
    /// # Errors
    /// [`AuthError`], as the issuer says.
    pub(in crate::connectors) async fn header(
        &self,
        power: &'static str,
    ) -> Result<HeaderValue, AuthError> {
        let place = self.place(power);
        let mut held = place.lock().await;
        let now = self.clock.elapsed();
        let fresh = |held: &&Held| held.ends_at.is_none_or(|ends| now + RENEW_BEFORE < ends);
        if held.as_ref().filter(fresh).is_none() {
            let issued = self.issuer.issue(power).await?;
            let got_at = self.clock.elapsed();
            *held = Some(Held {
                token: issued.token,
                got_at,
                ends_at: issued.holds.map(|holds| got_at + holds),
            });
        }
        let token = held.as_ref().map(|held| held.token.expose_secret());
        let text = format!("Bearer {}", token.unwrap_or_default());
        let mut value = HeaderValue::from_str(&text).map_err(|_| AuthError::Secret {
            what: "a token is not fit for a header".into(),
            hint: "put the token alone into its place: one line, no quotes".into(),
        })?;
        value.set_sensitive(true);
        Ok(value)
    }
}

#[async_trait]
impl Credential for Bearer {
    async fn sign(&self, request: &mut Request<Vec<u8>>) -> Result<(), AuthError> {
        let power = (self.power_of)(request.method(), request.uri().path());
        let value = self.header(power).await?;
        request.headers_mut().insert(header::AUTHORIZATION, value);
        Ok(())
    }

    async fn warm(&self) {
        join_all(self.powers.iter().map(|power| self.header(power))).await;
    }

    async fn renew(&self, _answer: &Answer) -> bool {
        let places: Vec<_> = {
            let held = self
                .held
                .lock()
                .expect("no code panics while it holds this lock");
            held.values().cloned().collect()
        };
        let now = self.clock.elapsed();
        let mut can_end = false;
        for place in places {
            let mut held = place.lock().await;
            can_end |= held.as_ref().is_some_and(|held| held.ends_at.is_some());
            held.take_if(|held| {
                held.ends_at.is_some() && now.saturating_sub(held.got_at) >= JUST_NOW
            });
        }
        can_end
    }

    async fn fall_back(&self) -> bool {
        false
    }

    fn told(&self) -> Vec<String> {
        Vec::new()
    }
}
