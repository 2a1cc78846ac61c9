//! What an account holds: roles and their policies, sessions, keys, the trail; and the organisation.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

/// One account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// Roles by name.
    pub roles: BTreeMap<String, Role>,
    /// What its users may do, by name.
    pub users: BTreeMap<String, Vec<Value>>,
    /// OpenID Connect providers that its roles may trust, by host.
    pub providers: BTreeSet<String>,
    /// What CloudTrail will tell, oldest first.
    pub trail: Vec<Event>,
}

/// A role and all its policies.
#[derive(Debug, Clone, Serialize)]
pub struct Role {
    /// Its name, unique in the account.
    pub name: String,
    /// `AROA…`, new whenever a role is made anew.
    pub id: String,
    /// `/`, or where it lies.
    pub path: String,
    /// When it was made.
    pub created_ms: i64,
    /// How long a session lasts at most, seconds.
    pub max_session_s: i64,
    /// Who may assume it.
    pub trust: Value,
    /// Inline policies by name, as they were written.
    pub inline: BTreeMap<String, String>,
    /// What its attached policies say.
    pub attached: Vec<Value>,
}

/// A session of somebody in a role.
#[derive(Debug, Clone, Serialize)]
pub struct Session {
    /// The account of the role.
    pub account: String,
    /// The role's name.
    pub role: String,
    /// The role's id when the session began.
    pub role_id: String,
    /// The session name.
    pub name: String,
    /// When it began: `aws:TokenIssueTime`.
    pub issued_ms: i64,
    /// When it ends by itself.
    pub expires_ms: i64,
    /// The Okta login of the person it belongs to; empty for a machine.
    pub owner: String,
    /// Whether the intruder has it.
    pub intruder: bool,
    /// How it came about.
    pub origin: Origin,
    /// The Identity Center user whose session it is.
    pub portal_user: Option<String>,
}

/// How a session came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Origin {
    /// By the identity provider's assertion.
    Saml,
    /// From another session of the same account, by the event of this id.
    Chain(String),
    /// From a session of another account.
    Abroad,
    /// From the access portal of Identity Center.
    Portal,
    /// By something that is nobody's here.
    Machine,
}

/// A person, as far as Amazon knows of him: nothing but what his identity provider may assert.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Person {
    /// The session name that is asserted.
    pub session_name: String,
    /// Account and role that he may assume by SAML.
    pub roles: Vec<(String, String)>,
    /// His user in Identity Center.
    pub portal_user: Option<String>,
    /// Account and reserved role that the portal offers him.
    pub portal_roles: Vec<(String, String)>,
    /// Whether the intruder is in his portal, and until when.
    pub portal_until_ms: Option<i64>,
    /// Access keys of other users that the intruder made: account and key.
    pub minted: Vec<(String, String)>,
}

/// A user of Identity Center.
#[derive(Debug, Clone, Serialize)]
pub struct PortalUser {
    /// Its id.
    pub id: String,
    /// The user name, which provisioning made the login.
    pub user_name: String,
    /// The id at Okta, which provisioning made the external id.
    pub external_id: String,
    /// Whether it is enabled.
    pub enabled: bool,
}

/// A service control policy.
#[derive(Debug, Clone, Serialize)]
pub struct Scp {
    /// `p-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its text.
    pub content: String,
    /// What it is attached to: the root, or accounts.
    pub targets: BTreeSet<String>,
    /// Whether Amazon manages it.
    pub aws_managed: bool,
}

/// The organisation.
#[derive(Debug, Clone, Serialize)]
pub struct Organization {
    /// `o-…`.
    pub id: String,
    /// `r-…`.
    pub root: String,
    /// Its policies by id.
    pub policies: BTreeMap<String, Scp>,
}

/// Identity Center.
#[derive(Debug, Clone, Serialize)]
pub struct IdentityCenter {
    /// `arn:aws:sso:::instance/ssoins-…`.
    pub instance_arn: String,
    /// `d-…`.
    pub store_id: String,
    /// Users by id.
    pub users: BTreeMap<String, PortalUser>,
    /// Whether there is an instance at all.
    pub enabled: bool,
}

/// A key that requests are signed with.
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// The secret.
    pub secret: String,
    /// Whose it is.
    pub principal: Principal,
    /// The session token that must come with it; none for a user's key.
    pub session_token: Option<String>,
    /// When it ends; never, for a user's key.
    pub expires_ms: Option<i64>,
    /// When it was given.
    pub issued_ms: i64,
    /// Whether it may be used.
    pub active: bool,
    /// The policy that its session was narrowed by.
    pub session_policy: Option<Value>,
}

/// Who signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A user of an account.
    User {
        /// The account.
        account: String,
        /// The user's name.
        name: String,
    },
    /// A session of a role.
    Role {
        /// The account.
        account: String,
        /// The role's name.
        role: String,
        /// The session name.
        session: String,
    },
}

impl Principal {
    /// The account it belongs to.
    #[must_use]
    pub fn account(&self) -> &str {
        match self {
            Self::User { account, .. } | Self::Role { account, .. } => account,
        }
    }

    /// The ARN by which it is named.
    #[must_use]
    pub fn arn(&self) -> String {
        match self {
            Self::User { account, name } => format!("arn:aws:iam::{account}:user/{name}"),
            Self::Role {
                account,
                role,
                session,
            } => format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
        }
    }
}

/// An event of CloudTrail.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// Such as `AssumeRoleWithSAML`.
    pub name: String,
    /// Such as `sts.amazonaws.com`.
    pub source: String,
    /// When it happened.
    pub at_ms: i64,
    /// Where.
    pub region: String,
    /// The user name that it can be looked up by.
    pub username: String,
    /// The whole record.
    pub record: Value,
    /// Whether any answer has held it, or it was delivered before anybody asked.
    pub told: bool,
}
