//! Approvals: who may decide about a plan, and whose decisions count.
//!
//! [`Vote`]s come from signed texts ([`Signed`]), which need neither the directory nor a server nor
//! a chat, or from somebody who is signed in at ours. [`weigh`] counts them against one plan:
//! k of n, nobody who asked for it, nobody whom it is about, each once, none too old. Agreeing is
//! not done here: `consent` makes of enough votes what a writer needs.
//!
//! One bad vote among those handed in is an objection and never silently left out: whoever passes
//! a forged or foreign approval should hear of it before anything is written.

mod key;
mod text;
mod weigh;

pub use key::{KeyError, PublicKey, SigningKey};
pub use text::{FormError, Signed, Statement};
pub use weigh::{Objection, Weighed, weigh};

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{RunId, UserId, Utc};

/// How long an approval holds from when the plan was made.
pub const APPROVAL_FOR: Duration = Duration::from_secs(4 * 60 * 60);

/// How many people have to agree, and who may sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approvers {
    /// So many.
    pub needed: usize,
    /// Whose signatures count.
    pub people: Vec<Approver>,
}

/// One person's agreement is enough, and nobody can sign.
impl Default for Approvers {
    fn default() -> Self {
        Self {
            needed: 1,
            people: Vec::new(),
        }
    }
}

impl Approvers {
    /// The person of this name; capitals do not make another.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Approver> {
        self.people.iter().find(|one| same(&one.name, name))
    }

    /// The person who signs with this key.
    #[must_use]
    pub fn with_key(&self, key: &PublicKey) -> Option<&Approver> {
        self.people.iter().find(|one| one.key == *key)
    }
}

/// Somebody whose signature counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// The name under what he signs.
    pub name: String,
    /// What his signatures are checked with.
    pub key: PublicKey,
    /// His own account at the directory: he decides nothing about himself.
    pub okta_id: Option<UserId>,
    /// Its login.
    pub login: Option<String>,
}

/// What somebody decided about one plan, by whom being proven. It can be made by checking a
/// signature, and for somebody who is signed in.
///
/// ```compile_fail,E0451
/// # use oust::approval::Vote;
/// # fn demo(honest: Vote) {
/// let forged = Vote { approve: true, ..honest };
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    by: String,
    okta_id: Option<UserId>,
    login: Option<String>,
    approve: bool,
    run: RunId,
    digest: String,
    at: Utc,
    expires: Utc,
    how: String,
    reason: String,
    signed: Option<String>,
}

/// An approval as the ledger keeps it, for whoever asks later; nobody acts on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub by: String,
    /// When.
    pub at: Utc,
    /// By which way: `key`, `console`, `api`.
    pub how: String,
    /// In his words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The signed text, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<String>,
}

/// What somebody decided who is signed in with a token.
#[derive(Clone, Debug)]
pub struct SignedIn<'v> {
    /// The token's name.
    pub by: &'v str,
    /// His account at the directory, if the token says it.
    pub okta_id: Option<&'v str>,
    /// To do it, or not to.
    pub approve: bool,
    /// Which run.
    pub run: &'v RunId,
    /// The digest that he saw.
    pub digest: &'v str,
    /// When.
    pub at: Utc,
    /// By which way: `console`, `api`.
    pub how: &'v str,
    /// In his words.
    pub reason: &'v str,
}

impl Vote {
    /// Somebody who is signed in decided. A name of `approvers` is that person, so that nobody
    /// counts twice by signing and clicking.
    #[must_use]
    pub fn signed_in(given: &SignedIn<'_>, rules: &Approvers) -> Self {
        let person = rules.named(given.by);
        let own = given.okta_id.map(UserId::new);
        Self {
            by: given.by.to_owned(),
            okta_id: own.or_else(|| person.and_then(|one| one.okta_id.clone())),
            login: person.and_then(|one| one.login.clone()),
            approve: given.approve,
            run: given.run.clone(),
            digest: given.digest.to_owned(),
            at: given.at,
            expires: given.at.plus(APPROVAL_FOR),
            how: given.how.to_owned(),
            reason: given.reason.to_owned(),
            signed: None,
        }
    }

    /// What the ledger keeps of it.
    #[must_use]
    pub fn record(&self) -> Approval {
        Approval {
            by: self.by.clone(),
            at: self.at,
            how: self.how.clone(),
            reason: self.reason.clone(),
            signed: self.signed.clone(),
        }
    }

    /// Who.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }

    /// Of which plan he saw the digest.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether to do it.
    #[must_use]
    pub fn approves(&self) -> bool {
        self.approve
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> Utc {
        self.at
    }

    /// By which way: `key`, `console`, `api`.
    #[must_use]
    pub fn how(&self) -> &str {
        &self.how
    }

    /// In his words; may be empty.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The signed text, if there is one.
    #[must_use]
    pub fn signed(&self) -> Option<&str> {
        self.signed.as_deref()
    }

    /// Whether both are one person, as far as anything tells.
    fn is_by_same(&self, other: &Self) -> bool {
        let equal = |one: &Option<UserId>, other: &Option<UserId>| one.is_some() && one == other;
        let login = match (&self.login, &other.login) {
            (Some(one), Some(other)) => same(one, other),
            _ => false,
        };
        same(&self.by, &other.by) || equal(&self.okta_id, &other.okta_id) || login
    }
}

/// Names and logins are written by hand: capitals and space around them do not count.
fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}
