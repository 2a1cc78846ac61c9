//! The case: whose accounts, since when, why.

use serde::{Deserialize, Serialize};

use super::{AppAccount, Intruder, UserId, Utc};

/// Who is to be contained, for which window, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The accounts, privileged first; never empty once planned.
    pub subjects: Vec<Subject>,
    /// When the intruder was in.
    pub window: Window,
    /// The ticket, as the person gave it.
    pub id: Option<String>,
    /// The reason in a sentence, as the person gave it.
    pub reason: Option<String>,
    /// What started this.
    pub source: Source,
    /// When it started: what every time of a run counts from. Consent does not cover it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Began>,
    /// What the log shows of an intruder in each account, as far as it was asked; in no order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intruders: Vec<Intruder>,
}

impl Case {
    /// The intruder in this account, if the log was asked.
    #[must_use]
    pub fn intruder(&self, who: &UserId) -> Option<&Intruder> {
        let mut all = self.intruders.iter();
        all.find(|intruder| intruder.subject.as_ref() == Some(who))
    }

    /// Whether this event's actor is one of the case's accounts, or the event was made with an
    /// API token that an intruder made in one: what was done by it was done by the intruder.
    #[must_use]
    pub fn is_by_subject(&self, actor: Option<&str>, token: Option<&str>) -> bool {
        let is_subject = |id: &str| self.subjects.iter().any(|who| who.id.as_str() == id);
        let is_his_token = |id: &str| {
            let tokens = self.intruders.iter().flat_map(|each| &each.tokens);
            tokens.into_iter().any(|each| each.id == id)
        };
        actor.is_some_and(is_subject) || token.is_some_and(is_his_token)
    }
}

/// The reason of a containment that is rehearsed on a canary: by it such a run is told from others.
pub const LIVE_REHEARSAL: &str = "live rehearsal on the canary";

/// When a case started, by our own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Began {
    /// When the alert was durable here, or the command was given.
    pub at: Utc,
    /// When what the alert is about happened, as its sender says: another's clock, and attacker
    /// input. It is shown, and nothing counts from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Utc>,
}

/// What started a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A person at the command line, named by the operating system.
    Person(String),
    /// An alert, named by its source and rule.
    Alert(String),
    /// The same, and a person is asked: he reads what the guards say, and answers.
    Proposed(String),
}

impl Source {
    /// Its name, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Person(name) | Self::Alert(name) | Self::Proposed(name) => name,
        }
    }

    /// Whether no person is there to answer questions.
    #[must_use]
    pub fn is_automatic(&self) -> bool {
        matches!(self, Self::Alert(_))
    }
}

/// The part an account plays in the incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The intruder uses it.
    #[default]
    Compromised,
    /// It gave the intruder access.
    Granter,
    /// It acts as somebody else.
    Impersonator,
    /// Somebody else acts as it.
    Impersonated,
}

/// A question that may have no answer yet; no answer is never taken for a yes or a no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tri {
    /// Read, and so.
    Yes,
    /// Read, and not so.
    No,
    /// Could not be read.
    #[default]
    Unread,
}

/// What two names that people give have in common if they mean the same account: a login counts
/// in any case, an id as it is. Without an `@` it may be either, and is taken for an id.
#[must_use]
pub fn name_key(name: &str) -> String {
    match name.contains('@') {
        true => name.to_lowercase(),
        false => name.to_owned(),
    }
}

/// An account to contain, as the directory knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// The immutable id; the only thing that requests are made with.
    pub id: UserId,
    /// The login, for people.
    pub login: String,
    /// The part it plays.
    pub role: Role,
    /// The directory's status, an open word (`ACTIVE`, `SUSPENDED`, …).
    pub status: String,
    /// Whether it holds an admin role.
    pub privileged: Tri,
    /// Admin roles by the directory's type name; empty if unread or none.
    pub roles: Vec<String>,
    /// Group ids; `None` if unread, for instance because no condition asks for them.
    pub groups: Option<Vec<String>>,
    /// His app assignments; `None` if unread.
    pub accounts: Option<Vec<AppAccount>>,
    /// Where the profile is mastered (`OKTA`, `ACTIVE_DIRECTORY`, `IMPORT`, …).
    pub mastered_by: String,
    /// When the directory last changed anything about him.
    pub changed_at: Option<Utc>,
    /// When he last signed in at the directory. Only for the order of the case: it is not kept,
    /// because the order is.
    #[serde(skip)]
    pub last_login: Option<Utc>,
}

impl Subject {
    /// Whether the directory only copies his profile: whatever its source says next, the directory
    /// does, reactivating him included. Who signs in elsewhere is still the directory's own.
    #[must_use]
    pub fn is_mastered_elsewhere(&self) -> bool {
        let own = ["", "OKTA", "SOCIAL", "FEDERATION"];
        !own.contains(&self.mastered_by.as_str())
    }

    /// The names by which `owners:` may call that source: its own, or that of all imports.
    pub fn source_names(&self) -> impl Iterator<Item = &str> + Clone {
        let names = [self.mastered_by.as_str(), "import"];
        names.into_iter().filter(|_| self.is_mastered_elsewhere())
    }

    /// Catalogue names of his apps; `None` if unread.
    #[must_use]
    pub fn apps(&self) -> Option<Vec<String>> {
        let accounts = self.accounts.as_ref()?;
        let mut names: Vec<String> = accounts.iter().map(|each| each.name.clone()).collect();
        names.sort();
        names.dedup();
        Some(names)
    }
}

/// The window of the compromise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// When it began.
    pub start: Utc,
    /// When it ended; `None` is still open.
    pub end: Option<Utc>,
    /// How the start is known.
    pub how: WindowHow,
}

impl Window {
    /// Whether `at` lies inside.
    #[must_use]
    pub fn contains(&self, at: Utc) -> bool {
        at >= self.start && self.end.is_none_or(|end| at <= end)
    }
}

/// How a window is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowHow {
    /// A person gave it.
    Given,
    /// The System Log shows it.
    Derived,
    /// Nobody knows: seven days, said so, and release refuses until it is confirmed.
    Assumed,
}

impl WindowHow {
    /// The word for screens and reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Derived => "derived",
            Self::Assumed => "assumed",
        }
    }
}
