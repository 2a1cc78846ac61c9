//! What exists in the mock Slack organisation: plain values, ordered and serialisable.
//!
//! Everything not marked `serde(skip)` belongs to the digest. `intruder` is the mock's own
//! knowledge: no API shows it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// A member of the organisation.
#[derive(Debug, Clone, Default, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "Slack describes a member by these flags"
)]
pub struct Member {
    /// `W…` or `U…`.
    pub id: String,
    /// SCIM's `userName`.
    pub user_name: String,
    /// The mail address.
    pub email: String,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// False when deactivated.
    pub active: bool,
    /// An admin of the organisation.
    pub is_admin: bool,
    /// An owner of the organisation.
    pub is_owner: bool,
    /// The one primary owner.
    pub is_primary_owner: bool,
    /// A guest.
    pub is_restricted: bool,
    /// A bot user.
    pub is_bot: bool,
    /// Workspaces, `T…`.
    pub workspaces: BTreeSet<String>,
    /// Live sessions by id.
    pub sessions: BTreeMap<u64, Session>,
    /// Tokens of apps that act as this member, by id; no API lists them.
    pub app_tokens: BTreeMap<String, AppToken>,
    /// Milliseconds since 1970, like all times here.
    pub created_ms: i64,
    /// When he was deactivated.
    pub deactivated_ms: Option<i64>,
}

/// A signed-in client of a member.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Session {
    /// Its id.
    pub id: u64,
    /// The enterprise (`E…`) or the workspace (`T…`) it is signed in to.
    pub team_id: String,
    /// When it began.
    pub created_ms: i64,
    /// From where.
    pub ip: String,
    /// The operating system.
    pub os: String,
    /// A phone's.
    pub mobile: bool,
    /// Whether the intruder holds it.
    pub intruder: bool,
}

/// A user token of an app.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AppToken {
    /// Its own id.
    pub id: String,
    /// The app.
    pub app: String,
    /// The token itself.
    #[serde(skip)]
    pub secret: String,
    /// Whether the intruder holds it.
    pub intruder: bool,
}

/// A workspace of the organisation.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Workspace {
    /// `T…`.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A token of an administrator's app: oust itself.
#[derive(Debug, Clone, Default)]
pub struct AdminToken {
    /// Its own name, for the journal.
    pub id: String,
    /// The token.
    pub secret: String,
    /// The member who installed the app.
    pub user_id: String,
    /// The scopes it was granted.
    pub scopes: BTreeSet<String>,
    /// Revoked tokens are known, and refused as such.
    pub revoked: bool,
}

/// A bulk reset that was accepted and not yet carried out.
#[derive(Debug, Clone)]
pub(crate) struct ResetJob {
    pub(crate) due_ms: i64,
    pub(crate) user_ids: Vec<String>,
    pub(crate) which: Which,
}

/// Which sessions a reset ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    All,
    Mobile,
    Web,
}
