//! What exists in the mock tenant: plain values, ordered and serialisable.
//!
//! Everything not marked `serde(skip)` belongs to the digest. `intruder` is the mock's own
//! knowledge: no API shows it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

/// A person of the directory.
#[derive(Debug, Clone, Default, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "Graph describes a user by these flags"
)]
pub struct User {
    /// The object id.
    pub id: String,
    /// The principal name.
    pub upn: String,
    /// The mail address.
    pub mail: String,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// Disabled accounts sign in nowhere.
    pub account_enabled: bool,
    /// A guest signs in at his home tenant; revoking does nothing to him.
    pub guest: bool,
    /// Managed by an on-premises directory.
    pub synced: bool,
    /// What that directory says of the account, which comes back at the next sync.
    pub enabled_on_premises: bool,
    /// When the next sync overwrites a change.
    pub sync_due_ms: Option<i64>,
    /// In a restricted-management unit: writes are refused.
    pub restricted: bool,
    /// Directory roles by name.
    pub roles: BTreeSet<String>,
    /// Whether there is a mailbox.
    pub mailbox: bool,
    /// Milliseconds since 1970, like all times here.
    pub created_ms: i64,
    /// Sessions that began before are void.
    pub valid_from_ms: i64,
    /// What a lagging replica still shows.
    pub valid_from_was_ms: i64,
    /// Until when it does.
    pub replica_until_ms: i64,
    /// How long access tokens of a revoked session may still work.
    pub access_until_ms: Option<i64>,
    /// Browser sessions by id.
    pub sessions: BTreeMap<String, Session>,
    /// Refresh tokens by id.
    pub refresh_tokens: BTreeMap<String, Session>,
    /// Authentication methods by id.
    pub methods: BTreeMap<String, Method>,
    /// Inbox rules by id.
    pub rules: BTreeMap<String, Rule>,
    /// Registered devices by object id.
    pub devices: BTreeMap<String, Device>,
    /// `none` or `high`.
    pub risk: String,
}

/// A browser session or a refresh token.
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

/// A registered authentication method.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Method {
    /// Its id.
    pub id: String,
    /// The path segment of its kind, such as `phoneMethods`.
    pub segment: String,
    /// When; Graph allows null.
    pub created_ms: Option<i64>,
    /// The rest of what Graph shows.
    pub detail: Value,
    /// The one asked for first; it cannot go while another second factor is left.
    pub default: bool,
    /// Whether the intruder registered it.
    pub intruder: bool,
}

/// An inbox rule; rules have no dates.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it works.
    pub enabled: bool,
    /// Its place in the row.
    pub sequence: u32,
    /// When it applies, as Graph has it.
    pub conditions: Value,
    /// What it does, as Graph has it.
    pub actions: Value,
    /// Whether the intruder made it.
    pub intruder: bool,
}

/// A registered device.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Device {
    /// The object id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its operating system.
    pub system: String,
    /// Disabled devices get no tokens.
    pub account_enabled: bool,
    /// When it was registered.
    pub created_ms: i64,
    /// Whether it is the intruder's.
    pub intruder: bool,
}

/// A delegated permission grant: a consent.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Grant {
    /// Its id.
    pub id: String,
    /// The object id of the app's service principal.
    pub client_id: String,
    /// One person, or everybody if absent.
    pub principal_id: Option<String>,
    /// The service principal of the API.
    pub resource_id: String,
    /// Scopes, space-separated.
    pub scope: String,
    /// When; only the directory audit tells, and not for ever.
    pub created_ms: i64,
    /// Whether the intruder made it.
    pub intruder: bool,
}

/// An app as the tenant knows it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ServicePrincipal {
    /// The object id.
    pub id: String,
    /// The app's own id.
    pub app_id: String,
    /// Its name.
    pub name: String,
}

/// A secret of an app registration.
#[derive(Debug, Clone, Default)]
pub struct Secret {
    /// The value.
    pub value: String,
    /// When it expires.
    pub expires_ms: i64,
}

/// A certificate of an app registration.
#[derive(Debug, Clone, Default)]
pub struct Registered {
    /// SHA-256 of the certificate, base64url.
    pub thumbprint: String,
    /// Its public key.
    pub jwk: Value,
    /// When it expires.
    pub expires_ms: i64,
}

/// An app registration: oust itself.
#[derive(Debug, Clone, Default)]
pub struct App {
    /// The client id.
    pub client_id: String,
    /// Its secrets.
    pub secrets: Vec<Secret>,
    /// Its certificates.
    pub certificates: Vec<Registered>,
    /// Application permissions with consent.
    pub permissions: BTreeSet<String>,
    /// Whether it holds a directory role that may disable administrators.
    pub privileged: bool,
}

/// An access token of an [`App`].
#[derive(Debug, Clone)]
pub(crate) struct AccessToken {
    pub(crate) client_id: String,
    pub(crate) permissions: BTreeSet<String>,
    pub(crate) expires_ms: i64,
}
