//! What exists in the mock organisation and its enterprise: plain values, ordered and serialisable.
//!
//! People and what hangs on them belong to the digest; the App, tokens of ours, quotas and the queue do
//! not. `intruder` is the mock's own knowledge: no API shows it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// Somebody with an account, a member or not.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Person {
    /// Never changes, unlike the login.
    pub id: u64,
    /// What he is called; disguised while a managed user is suspended.
    pub login: String,
    /// What he is called otherwise.
    pub plain_login: String,
    /// Given and family name.
    pub name: String,
    /// The address at his identity.
    pub email: String,
    /// Whether the enterprise manages the account.
    pub managed: bool,
    /// A managed user who cannot do anything.
    pub suspended: bool,
    /// The enterprise's setup user, on whom no call may act.
    pub first_owner: bool,
    /// Milliseconds since 1970, like all times here.
    pub created_ms: i64,
    /// In the organisation, or invited.
    pub membership: Option<Membership>,
    /// Who he is at the identity provider; none if nobody has told.
    pub identity: Option<Identity>,
    /// Tokens and keys by their own id, authorised for single sign-on or not.
    pub credentials: BTreeMap<u64, Credential>,
    /// Access of fine-grained tokens to the organisation, by its id.
    pub grants: BTreeMap<u64, Grant>,
    /// Access that was asked for and not yet given, by its id.
    pub requests: BTreeMap<u64, Grant>,
    /// His browser after single sign-on; no API tells of it or ends it.
    pub browser: Option<Browser>,
}

/// How somebody belongs to the organisation.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Membership {
    /// `member` or `admin`.
    pub role: String,
    /// Invited and has not accepted.
    pub pending: bool,
    /// By himself, not only by an enterprise team.
    pub direct: bool,
    /// Enterprise teams by which he is in, too.
    pub teams: Vec<String>,
}

/// An external identity.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Identity {
    /// Its id, which is SCIM's id of the user; that they are one is assumed.
    pub guid: String,
    /// The SAML NameID, and SCIM's `userName`.
    pub name_id: String,
    /// The id that the identity provider gave.
    pub external_id: String,
    /// Whether somebody has signed in with it; until then it has no user.
    pub linked: bool,
}

/// A token or key of somebody's own.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Credential {
    /// Its own id.
    pub id: u64,
    /// `personal access token`, `SSH key`, `OAuth app token` or `GitHub app token`.
    pub kind: String,
    /// What he called it.
    pub title: String,
    /// The end of a token, or the fingerprint of a key.
    pub tail: String,
    /// What a token may do.
    pub scopes: Vec<String>,
    /// When a token ends.
    pub expires_ms: Option<i64>,
    /// The authorisation for the organisation's single sign-on.
    pub authorization: Option<Authorization>,
    /// Whether the intruder made it or has seen it.
    pub intruder: bool,
}

/// That a credential may be used in the organisation.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Authorization {
    /// Another one each time that it is given.
    pub id: u64,
    /// When.
    pub authorized_ms: i64,
    /// When the credential was last used there.
    pub accessed_ms: Option<i64>,
}

/// That a fine-grained token may be used in the organisation.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Grant {
    /// The `pat_id` of the API.
    pub id: u64,
    /// The token's own id.
    pub token_id: u64,
    /// What he called it.
    pub token_name: String,
    /// When access was given, or asked for.
    pub granted_ms: i64,
    /// When the token was last used.
    pub last_used_ms: Option<i64>,
    /// When it ends.
    pub expires_ms: Option<i64>,
    /// Whether the intruder made it.
    pub intruder: bool,
}

/// A browser that has come by single sign-on.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Browser {
    /// From where.
    pub ip: String,
    /// Until when it need not sign on again.
    pub until_ms: i64,
    /// Whether the intruder sits before it.
    pub intruder: bool,
}

/// The GitHub App of ours and its one installation.
#[derive(Debug, Clone, Default)]
pub struct App {
    /// Its number.
    pub id: u64,
    /// Its client id, as good as the number.
    pub client_id: String,
    /// Its public key, as a JWK.
    pub key: Option<serde_json::Value>,
    /// The installation's number.
    pub installation_id: u64,
    /// Permissions and levels that the organisation has accepted.
    pub permissions: BTreeMap<String, String>,
    /// When somebody suspended the installation.
    pub suspended_ms: Option<i64>,
    /// Whether it is installed at all.
    pub installed: bool,
}

/// A classic personal access token that a client of ours uses.
#[derive(Debug, Clone, Default)]
pub struct OwnersToken {
    /// The token.
    pub secret: String,
    /// Whose, by id.
    pub user_id: u64,
    /// What it may do.
    pub scopes: BTreeSet<String>,
    /// Whether it is authorised for single sign-on.
    pub authorized: bool,
    /// Revoked, deleted, expired.
    pub revoked: bool,
}

/// A token of the installation.
#[derive(Debug, Clone)]
pub(crate) struct InstallationToken {
    pub(crate) permissions: BTreeMap<String, String>,
    pub(crate) expires_ms: i64,
}

/// A revocation that GitHub has accepted and not yet carried out.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) due_ms: i64,
    /// What was authorised later is not meant.
    pub(crate) asked_ms: i64,
    pub(crate) person: u64,
    pub(crate) what: Revoked,
}

/// What a job ends.
#[derive(Debug, Clone)]
pub(crate) enum Revoked {
    /// Authorisations of credentials of these kinds; and, of managed users, the credentials themselves.
    Credentials {
        kinds: Vec<&'static str>,
        destroy: bool,
        grants: bool,
    },
    /// These grants.
    Grants(Vec<u64>),
}
