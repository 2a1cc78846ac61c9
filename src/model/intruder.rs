//! What the directory's log shows of an intruder in one account.
//!
//! Made by reading events (`evidence::inquiry`), never by an alert's word alone. Every claim names
//! the event that makes it, so that a person can look at that event and disagree.

use serde::{Deserialize, Serialize};

use super::{ActionId, Severity, Tri, UserId, Utc, Window, WindowHow};

/// What the log says to "somebody else is in this account".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirmation {
    /// Events say so that nobody can make by having two devices.
    Confirmed,
    /// The log was read, and nothing in it says so.
    NotConfirmed,
    /// Something looks bad, and nothing independent says the same; or the log could not be read.
    #[default]
    Undecided,
}

impl Confirmation {
    /// The word for screens and reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::NotConfirmed => "not confirmed",
            Self::Undecided => "undecided",
        }
    }
}

/// By what a claim is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// One session in two networks, with two browsers or with two device tokens.
    SplitSession,
    /// A success through a proxy by somebody who never used one.
    NewProxy,
    /// Let in although the directory suspected the address, or called the risk high.
    Suspected,
    /// A factor, token, assignment or password made in the same session.
    Persistence,
    /// The person reported the event.
    Reported,
    /// The alert named the event.
    Alerted,
    /// It shares an address, device, root session or transaction with what is the intruder's.
    Shared,
    /// It was made with an API token that the intruder made.
    Token,
}

/// An event, and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// By what.
    pub sign: Sign,
    /// In a sentence: "session idx… came from AS64505 and AS64507".
    pub says: String,
    /// The event's id; empty if it has none.
    pub event: String,
    /// When it was published.
    pub at: Option<Utc>,
}

/// A session, token or device that is the intruder's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Its id.
    pub id: String,
    /// What somebody called it; empty if nothing. Attacker input.
    pub name: String,
    /// Its first event.
    pub first: Utc,
    /// Its last.
    pub last: Utc,
    /// How many there are.
    pub events: usize,
    /// Why it is his.
    pub witness: Witness,
}

/// An address that he came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The address.
    pub ip: String,
    /// `AS64505`; empty if untold.
    pub asn: String,
    /// Whose network that is; empty if untold.
    pub network: String,
    /// Whether it is a proxy.
    pub proxy: Tri,
    /// The first of his events from there.
    pub first: Utc,
    /// The last.
    pub last: Utc,
    /// How many there are.
    pub events: usize,
    /// Why it is his.
    pub witness: Witness,
}

/// Something that he made or changed outside the account itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plant {
    /// The event's type: `user.session.impersonation.grant`.
    pub kind: String,
    /// In a sentence: "granted Okta support access".
    pub what: String,
    /// The kind of thing by the directory's word (`Token`, `User`, `PolicyRule`); empty if none.
    pub target_kind: String,
    /// Its id; empty if none.
    pub target: String,
    /// What it is called; empty if nothing. Attacker input.
    pub name: String,
    /// When.
    pub at: Utc,
    /// The event's id; empty if it has none.
    pub event: String,
    /// Who did it, by login or name.
    pub by: String,
    /// How dangerous it is.
    pub severity: Severity,
    /// What takes it away, if an action does.
    pub remedy: Option<ActionId>,
}

/// An intruder in one account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Intruder {
    /// Whose account.
    pub subject: Option<UserId>,
    /// Whether there is one.
    pub answer: Confirmation,
    /// The events that say so, or that look bad and were explained.
    pub because: Vec<Witness>,
    /// His first event: when the window begins.
    pub start: Option<Utc>,
    /// His last event.
    pub last: Option<Utc>,
    /// His sessions, the first first.
    pub sessions: Vec<Trace>,
    /// Where he came from, the first first.
    pub addresses: Vec<Address>,
    /// API tokens that he made.
    pub tokens: Vec<Trace>,
    /// The device tokens of his browsers.
    pub devices: Vec<Trace>,
    /// What he made or changed outside the account.
    pub planted: Vec<Plant>,
    /// Up to which event time the log was read.
    pub log_read_until: Option<Utc>,
    /// What kept us from reading all of it.
    pub unread: Option<String>,
}

impl Intruder {
    /// The window of the compromise, if the log shows one. It stays open: nobody knows that he is
    /// gone before he is thrown out.
    #[must_use]
    pub fn window(&self) -> Option<Window> {
        let start = self
            .start
            .filter(|_| self.answer == Confirmation::Confirmed)?;
        Some(Window {
            start,
            end: None,
            how: WindowHow::Derived,
        })
    }
}
