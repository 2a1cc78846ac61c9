//! What exists in the mock org: plain values, ordered and serialisable.
//!
//! People and what hangs on them belong to the digest; the app, its tokens and the quota do not.
//! `intruder` is the mock's own knowledge: no API shows it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// A person of the org, with his row of `UserLogin` and all that hangs on him.
#[derive(Debug, Clone, Default, Serialize)]
pub struct User {
    /// `005…`, 18 characters.
    pub id: String,
    /// Unique in all of Salesforce; need not be a mail address that works.
    pub username: String,
    /// Not unique.
    pub email: String,
    /// The SAML subject, where single sign-on is so configured.
    pub federation_identifier: Option<String>,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Deactivated people cannot sign in.
    pub is_active: bool,
    /// `Standard` for staff.
    pub user_type: String,
    /// `00e…`.
    pub profile_id: String,
    /// The id of the row of `UserLogin`, `0Yw…`.
    pub login_id: String,
    /// Frozen people cannot sign in either.
    pub is_frozen: bool,
    /// After too many wrong passwords.
    pub is_password_locked: bool,
    /// Milliseconds since 1970, like all times here.
    pub created_ms: i64,
    /// Rows of `AuthSession` by id, expired ones too.
    pub sessions: BTreeMap<String, Session>,
    /// Rows of `OauthToken`, by delete token.
    pub tokens: BTreeMap<String, OauthToken>,
    /// Names of permissions, such as `ManageUsers`.
    pub permissions: BTreeSet<String>,
}

/// A row of `AuthSession`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Session {
    /// `0Ak…`.
    pub id: String,
    /// The session in which this one was opened; it ends with it.
    pub parent_id: Option<String>,
    /// `UI`, `API`, `Content`, `Visualforce`, `Oauth2`, …
    pub session_type: String,
    /// How he came in.
    pub login_type: String,
    /// When it began.
    pub created_ms: i64,
    /// When it was last used.
    pub last_modified_ms: i64,
    /// Counted from `last_modified_ms`.
    pub num_seconds_valid: i64,
    /// From where.
    pub source_ip: String,
    /// The OAuth token that opened it, by delete token.
    pub token: Option<String>,
    /// Whether the intruder holds it.
    pub intruder: bool,
}

impl Session {
    /// Whether it opens anything; a row that does not may linger.
    #[must_use]
    pub fn is_live(&self, now_ms: i64) -> bool {
        self.last_modified_ms + self.num_seconds_valid * 1000 > now_ms
    }
}

/// A row of `OauthToken`: what an app holds in somebody's name.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OauthToken {
    /// Good for the revoke endpoint and nothing else.
    pub delete_token: String,
    /// Called an access token; it is the refresh token.
    pub access_token: String,
    /// The app.
    pub app_name: String,
    /// `0DS…`.
    pub app_menu_item_id: String,
    /// When it was made.
    pub created_ms: i64,
    /// When it was last used.
    pub last_used_ms: Option<i64>,
    /// How often.
    pub use_count: u32,
    /// Whether the intruder holds it.
    pub intruder: bool,
}

/// The External Client App of ours.
#[derive(Debug, Clone, Default)]
pub struct App {
    /// Its consumer key, the `iss` of assertions.
    pub client_id: String,
    /// The public key of its certificate, as a JWK.
    pub key: Option<serde_json::Value>,
    /// When the certificate expires.
    pub key_expires_ms: Option<i64>,
    /// Who is pre-authorised, by user name.
    pub approved: BTreeSet<String>,
    /// An administrator has blocked it.
    pub blocked: bool,
    /// What its tokens may do; `api` is needed.
    pub scopes: Vec<String>,
}

/// An access token of ours.
#[derive(Debug, Clone)]
pub(crate) struct AccessToken {
    pub(crate) user_id: String,
    pub(crate) expires_ms: i64,
}

/// The rest of a query's answer.
#[derive(Debug, Clone)]
pub(crate) struct Cursor {
    pub(crate) user_id: String,
    pub(crate) rows: Vec<serde_json::Value>,
    pub(crate) total: usize,
    pub(crate) batch: usize,
}
