//! What an account holds now, as the directory answered it when it was asked.
//!
//! Each part stands by itself: one that could not be read is `None`, with a sentence in
//! [`Holdings::unread`], and never an empty list. Says nothing of who made what.

use super::investigation::FactorFate;
use crate::model::Utc;

/// What one account holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Its status by the directory's word.
    pub status: Option<String>,
    /// Its factors, enrolments that are no factor of the list among them.
    pub factors: Option<Vec<HeldFactor>>,
    /// Apps assigned to it.
    pub apps: Option<Vec<HeldGrant>>,
    /// Groups it is in.
    pub groups: Option<Vec<HeldGrant>>,
    /// Its admin roles.
    pub roles: Option<Vec<HeldGrant>>,
    /// The org's API tokens: those of others tell whether one that was revoked is back.
    pub api_tokens: Option<Vec<HeldToken>>,
    /// Clients that hold its consents or refresh tokens.
    pub clients: Option<Vec<HeldClient>>,
    /// Its devices.
    pub devices: Option<Vec<HeldDevice>>,
    /// Identity providers that are linked to it.
    pub idps: Option<Vec<HeldIdp>>,
    /// What could not be read, a sentence each.
    pub unread: Vec<String>,
}

/// A factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldFactor {
    /// Its id.
    pub id: String,
    /// The kind by the directory's word: `push`, `sms`, `security_key`.
    pub kind: String,
    /// Who provides it by the directory's word: `OKTA`, `GOOGLE`; empty if untold.
    pub provider: String,
    /// What tells it from others. Attacker input.
    pub name: String,
    /// When it was enrolled.
    pub created: Option<Utc>,
    /// When it was last changed.
    pub changed: Option<Utc>,
    /// What a deletion by the window would do with it.
    pub fate: FactorFate,
}

/// An app, a group, a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldGrant {
    /// Its id; of a role, its type.
    pub id: String,
    /// What it is called. Attacker input.
    pub name: String,
    /// `user` if given directly, `group` if by a group; empty if untold.
    pub scope: String,
}

/// An API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldToken {
    /// Its id.
    pub id: String,
    /// What it is called. Attacker input.
    pub name: String,
    /// Whether the account owns it.
    pub is_his: bool,
    /// When it was made.
    pub created: Option<Utc>,
    /// From where it may be used, by the directory's word.
    pub network: String,
}

/// A client of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldClient {
    /// Its id.
    pub id: String,
    /// What it is called. Attacker input.
    pub name: String,
    /// What it may.
    pub scopes: Vec<String>,
    /// When the first consent or token of it was given.
    pub created: Option<Utc>,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldDevice {
    /// Its id.
    pub id: String,
    /// What it is called. Attacker input.
    pub name: String,
    /// Its platform.
    pub platform: String,
    /// Its status.
    pub status: String,
    /// When it was made.
    pub created: Option<Utc>,
}

/// A linked identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldIdp {
    /// Its id.
    pub id: String,
    /// What it is called. Attacker input.
    pub name: String,
    /// Its type by the directory's word.
    pub kind: String,
}

/// How the directory treats addresses that it knows to be bad.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreatConfig {
    /// `none`, `audit` or `block`.
    pub action: String,
    /// Zones that it does not look at, by name; by id where the name could not be read.
    pub excluded_zones: Vec<String>,
}
