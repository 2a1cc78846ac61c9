//! The network and the credential, as ports: what the transport is given.

use std::time::Duration;

use async_trait::async_trait;
use http::{Request, Response};

use super::meaning::Answer;

/// Sends one request and returns its answer; no retry, no redirect, no credential of its own.
#[async_trait]
pub trait Wire: Send + Sync {
    /// Sends `request` to its absolute URI.
    ///
    /// # Errors
    /// [`WireError::NotSent`] only if the request certainly had no effect.
    async fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: WireLimits,
    ) -> Result<Response<Vec<u8>>, WireError>;
}

/// Bytes of a usual answer's body at most.
pub(super) const BODY_MAX: usize = 8 << 20;

/// Bounds of one call.
#[derive(Clone, Copy, Debug)]
pub struct WireLimits {
    /// From the first byte sent to the last received.
    pub call: Duration,
    /// Bytes of an answer's body; more is an error.
    pub body_max: usize,
}

impl Default for WireLimits {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(10),
            body_max: BODY_MAX,
        }
    }
}

/// What kept an answer from us.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WireError {
    /// Nothing reached the vendor.
    #[error("could not connect: {0}")]
    NotSent(String),
    /// It was sent, and no answer came: it may have happened.
    #[error("no answer: {0}")]
    Silent(String),
    /// The status was read, the body could not be.
    #[error("answered {status}, but the body could not be read: {why}")]
    Unreadable {
        /// The HTTP status.
        status: u16,
        /// What went wrong.
        why: String,
    },
}

/// Signs requests of one system with one power (read-only or write).
#[async_trait]
pub trait Credential: Send + Sync {
    /// Adds what authenticates `request`.
    ///
    /// # Errors
    /// [`AuthError`] if no valid credential can be had.
    async fn sign(&self, request: &mut Request<Vec<u8>>) -> Result<(), AuthError>;

    /// Fetches ahead what [`Credential::sign`] will need; what goes wrong shows there.
    async fn warm(&self) {
        let _ = self.sign(&mut Request::new(Vec::new())).await;
    }

    /// The vendor does not take what we signed with and answered this: forgets what is cached.
    /// `false` if a renewal cannot help.
    async fn renew(&self, answer: &Answer) -> bool;

    /// The credential is refused for good: changes to the second one, once. `false` if there
    /// is none or it is in use already. The change is told by [`Credential::told`].
    async fn fall_back(&self) -> bool;

    /// What people should know about the credentials used: "the first was refused".
    fn told(&self) -> Vec<String>;

    /// Shown every answer, for those whose signature depends on the vendor's clock.
    fn hears(&self, _answer: &Answer) {}

    /// Whether a 401 is about the credential at all; some vendors answer it for a feature that
    /// is not bought.
    fn concerns(&self, _answer: &Answer) -> bool {
        true
    }
}

/// Why a request could not be authenticated.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuthError {
    /// The vendor refused the credential.
    #[error("{system} refused our credential: {why}")]
    Refused {
        /// Which system.
        system: String,
        /// What it said.
        why: String,
        /// What to do about it.
        hint: String,
    },
    /// The token endpoint could not be reached or understood; trying again may help.
    #[error("no token from {system}: {why}")]
    Unreachable {
        /// Which system.
        system: String,
        /// What went wrong.
        why: String,
    },
    /// A secret could not be had on this machine.
    #[error("{what}")]
    Secret {
        /// Where it should be (file, variable, command) and what is wrong; never the value.
        what: String,
        /// What to do about it.
        hint: String,
    },
}

impl AuthError {
    /// The operator's next step; empty if there is none but trying again.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::Refused { hint, .. } | Self::Secret { hint, .. } => hint,
            Self::Unreachable { .. } => "",
        }
    }
}
