//! Asking Google for a token, one scope at a time, and what a refusal means in our words.
//!
//! A refusal about the assertion's times is answered once with Google's own time (`Date`): a
//! laptop whose clock is wrong must still be able to kill. Every other refusal says what to do:
//! which scope to add to the delegation, which key, which address.
//! Source: Google, "OAuth 2.0 for server-to-server applications", error table [docs*]; the
//! descriptions by which `invalid_grant` is told apart are [docs*], too, and only choose the hint.

use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use secrecy::ExposeSecret as _;

use super::key::{Asserting, Signer};
use super::scopes::Power;
use super::settings::Account;
use crate::connectors::kit::{Answered, Issued, Issuer, TokenEndpoint};
use crate::model::Utc;
use crate::transport::AuthError;

/// RFC 7523.
const BY_ASSERTION: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How far our clock may be off, in seconds, before it is called wrong.
const CLOCK_OFF: i64 = 60;

/// A service account that acts for an administrator.
pub(super) struct Delegation {
    /// Where tokens are asked for.
    pub(super) endpoint: TokenEndpoint,
    /// Who asks.
    pub(super) account: Account,
    /// For whom it acts.
    pub(super) admin: String,
    /// What Google's clock is ahead of ours, in seconds, once that was learnt.
    pub(super) ahead: AtomicI64,
}

#[async_trait]
impl Issuer for Delegation {
    async fn issue(&self, power: Power) -> Result<Issued, AuthError> {
        let signer = Signer::fetch(&self.account, &self.endpoint).await?;
        let mut answered = self.ask(&signer, power).await?;
        if is_about_time(&answered) && self.learn_time(&answered) {
            answered = self.ask(&signer, power).await?;
        }
        match answered.token() {
            Some(issued) => Ok(issued),
            None => Err(self.refused(&signer.email, power, &answered)),
        }
    }
}

impl Delegation {
    async fn ask(&self, signer: &Signer, power: Power) -> Result<Answered, AuthError> {
        let now = self.endpoint.clock.now().seconds();
        let assertion = signer.assertion(&Asserting {
            admin: &self.admin,
            scope: power,
            audience: &self.endpoint.url,
            now: now + self.ahead.load(Ordering::Relaxed),
        })?;
        let form = [
            ("grant_type", BY_ASSERTION),
            ("assertion", assertion.expose_secret()),
        ];
        self.endpoint.ask(&form).await
    }

    /// Whether Google's clock differs from ours by more than is forgiven.
    fn learn_time(&self, answered: &Answered) -> bool {
        let ahead = answered.at.map(|at| self.ahead_of_us(at));
        let known = self.ahead.load(Ordering::Relaxed);
        match ahead.filter(|ahead| (ahead - known).abs() > CLOCK_OFF) {
            Some(ahead) => {
                self.ahead.store(ahead, Ordering::Relaxed);
                true
            }
            None => false,
        }
    }

    fn ahead_of_us(&self, at: Utc) -> i64 {
        at.seconds() - self.endpoint.clock.now().seconds()
    }

    fn refused(&self, email: &str, power: Power, answered: &Answered) -> AuthError {
        let why = answered.sentence();
        let system = self.endpoint.system.clone();
        if answered.is_passing() || (200..300).contains(&answered.status) {
            return AuthError::Unreachable { system, why };
        }
        let hint = match answered.error().as_str() {
            "invalid_grant" => self.about_grant(email, answered),
            "unauthorized_client" => format!(
                "add {power} to the domain-wide delegation of {email} (Admin console, Security, \
                 API controls); an edit takes effect within 24 h"
            ),
            "access_denied" => format!(
                "Google's API access control keeps {email} out: trust the service account's \
                 client in the Admin console (Security, API controls), and check that {power} is \
                 delegated to it"
            ),
            "disabled_client" => format!("enable the service account {email} in Google Cloud"),
            "invalid_scope" => format!(
                "Google does not know the scope {power} in this delegation: write it there \
                 exactly so"
            ),
            _ => format!("check the service account {email} and its key"),
        };
        AuthError::Refused { system, why, hint }
    }

    /// One word of Google's for four different things.
    fn about_grant(&self, email: &str, answered: &Answered) -> String {
        let text = answered.description().to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let admin = &self.admin;
        if is_about_time(answered) {
            let ours = self.endpoint.clock.now();
            return match answered.at {
                Some(at) => format!("set the clock: ours says {ours}, Google's {at}"),
                None => format!("set the clock: ours says {ours}"),
            };
        }
        if has(&["signature", "key"]) {
            return format!(
                "the key is not one of {email} (any more): make a new one in Google Cloud, or \
                 check `private_key` and `key_id`"
            );
        }
        if has(&["account not found"]) {
            return format!("there is no service account {email} (any more)");
        }
        if has(&["email", "user id"]) {
            return format!(
                "check `admin`: {admin} must be the primary address of an administrator who is \
                 not suspended"
            );
        }
        format!("check `admin` ({admin}), the clock, and the key of {email}")
    }
}

fn is_about_time(answered: &Answered) -> bool {
    let text = answered.description().to_lowercase();
    let words = ["timeframe", "short-lived", "iat", "exp "];
    answered.error() == "invalid_grant" && words.iter().any(|word| text.contains(word))
}
