//! What exists in the mock Workspace: plain values, ordered and serialisable.
//!
//! Everything here belongs to the digest. `intruder` is the mock's own knowledge: no API shows it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// A person of the directory.
#[derive(Debug, Clone, Default, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "Google describes a user by these flags"
)]
pub struct User {
    /// 21 digits.
    pub id: String,
    /// The primary address.
    pub primary_email: String,
    /// Other addresses.
    pub aliases: Vec<String>,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// Suspended; nobody signs in.
    pub suspended: bool,
    /// Why, such as `ADMIN`.
    pub suspension_reason: Option<String>,
    /// Archived; nobody signs in either.
    pub archived: bool,
    /// A super administrator.
    pub is_admin: bool,
    /// An administrator with some privileges.
    pub is_delegated_admin: bool,
    /// Has a second step.
    pub enrolled_2sv: bool,
    /// Must have one.
    pub enforced_2sv: bool,
    /// Milliseconds since 1970, like all times here.
    pub created_ms: i64,
    /// When he last signed in.
    pub last_login_ms: Option<i64>,
    /// For recovery.
    pub recovery_email: Option<String>,
    /// For recovery.
    pub recovery_phone: Option<String>,
    /// Web and device sessions by id; no API lists them.
    pub sessions: BTreeMap<String, Session>,
    /// Tokens given to third-party apps, by client id.
    pub tokens: BTreeMap<String, AppToken>,
    /// App passwords by code id.
    pub asps: BTreeMap<i32, AppPassword>,
    /// Live backup codes.
    pub backup_codes: Vec<String>,
    /// Whether the intruder has seen them.
    pub codes_stolen: bool,
}

/// A session.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// When it began.
    pub created_ms: i64,
    /// From where.
    pub ip: String,
    /// Whether the intruder holds it.
    pub intruder: bool,
}

/// What a user allowed one app.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AppToken {
    /// The app's client id.
    pub client_id: String,
    /// Its name.
    pub display_text: String,
    /// An app on a device.
    pub native_app: bool,
    /// The scopes.
    pub scopes: Vec<String>,
    /// When; no API but Reports tells.
    pub authorized_ms: i64,
    /// Whether the intruder holds it.
    pub intruder: bool,
}

/// An application-specific password.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AppPassword {
    /// Its id.
    pub code_id: i32,
    /// What it was made for.
    pub name: String,
    /// When.
    pub created_ms: i64,
    /// When it was last used.
    pub last_used_ms: Option<i64>,
    /// Whether the intruder made it.
    pub intruder: bool,
}

/// The service account that acts for an administrator: oust itself.
#[derive(Debug, Clone, Default)]
pub struct ServiceAccount {
    /// Its address, the `iss` of its assertions.
    pub email: String,
    /// Public keys by key id.
    pub keys: BTreeMap<String, serde_json::Value>,
    /// The scopes of its domain-wide delegation.
    pub delegated: BTreeSet<String>,
    /// Disabled accounts get no token.
    pub disabled: bool,
}

/// An access token of the service account, as an administrator.
#[derive(Debug, Clone)]
pub(crate) struct AccessToken {
    pub(crate) sub: String,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) expires_ms: i64,
}

/// One row of the Reports API.
#[derive(Debug, Clone)]
pub(crate) struct Activity {
    pub(crate) at_ms: i64,
    pub(crate) visible_ms: i64,
    /// `token` or `admin`.
    pub(crate) application: &'static str,
    pub(crate) actor_id: String,
    pub(crate) actor_email: String,
    pub(crate) ip: String,
    pub(crate) kind: &'static str,
    pub(crate) name: &'static str,
    pub(crate) parameters: serde_json::Value,
}
