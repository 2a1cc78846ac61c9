//! What exists at the mock receiver: plain values, ordered and serialisable; all of it is in the digest.
//!
//! `intruder` is the mock's own knowledge.

use std::collections::BTreeMap;

use serde::Serialize;

/// Somebody who uses the app.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Person {
    /// The app's own id of him, which provisioning told Okta.
    pub id: String,
    /// His address, as Okta asserted it at first sign-on.
    pub email: String,
    /// His `sub` at Okta: the id that a rename does not change.
    pub sub: String,
    /// Live sessions by number.
    pub sessions: BTreeMap<u64, Session>,
    /// Refresh tokens by number.
    pub refresh_tokens: BTreeMap<u64, RefreshToken>,
    /// The app cannot sign him out (422).
    pub stuck: bool,
}

/// A signed-in browser.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Session {
    /// When it began, milliseconds since 1970.
    pub created_ms: i64,
    /// From where.
    pub ip: String,
    /// Whether the intruder holds it.
    pub intruder: bool,
}

/// A refresh token of the app's own client.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RefreshToken {
    /// The client.
    pub client: String,
    /// Whether the intruder holds it.
    pub intruder: bool,
}
