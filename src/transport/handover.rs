//! What a call brings forth that only a person may have: a link or password for his account.
//!
//! Whoever carries a run out for a person passes a [`Handover`] along; a connector gives the
//! secret to it and keeps nothing. It goes into no record, report or log: not stored, it cannot
//! be told a second time. Does not decide where the secret goes (`cli`).

use secrecy::SecretString;

use crate::model::{SystemId, UserId};

/// Takes secrets for a person. It is called in the middle of a write and must not wait.
pub trait Handover: Send + Sync {
    /// Takes one.
    fn take(&self, handed: Handed);
}

/// A secret, and whose it is.
#[derive(Clone, Debug)]
pub struct Handed {
    /// Whose.
    pub subject: UserId,
    /// His login, for people.
    pub login: String,
    /// Where it is good.
    pub system: SystemId,
    /// What it is.
    pub what: Parcel,
    /// The secret itself.
    pub secret: SecretString,
}

/// What is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parcel {
    /// A link under which a new password is chosen.
    PasswordLink,
    /// A password that has to be changed at the first sign-in.
    TemporaryPassword,
}

impl Parcel {
    /// For people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::PasswordLink => "link for a new password",
            Self::TemporaryPassword => "temporary password",
        }
    }
}
