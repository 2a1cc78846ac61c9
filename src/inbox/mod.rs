//! The inbox: alerts that were acknowledged and not yet dealt with, and what became of the others.
//!
//! Whoever sends an alert is told yes only when it is durable here. It is a file of its own, beside
//! the ledger: the process that receives needs no other, and a flood of alerts never stands before
//! a containment's next commit. Does not look into an alert (`server::work`), nor authenticate one
//! (`alerts`).

mod sqlite;

pub use sqlite::SqliteInbox;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

use crate::model::{Alert, Fate, Utc};
use crate::sqlite::FileError;

/// An alert as it was received.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// What the adapter made of it.
    pub alert: Alert,
    /// When.
    pub at: Utc,
    /// From where; `None` if we found it ourselves.
    pub from: Option<IpAddr>,
    /// The body as text, for people, bounded; secrets in headers and address are not part of it.
    pub raw: String,
}

/// What became of handing one in. Either way it is durable, and its sender is told yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is new; this is its id: `a_` and a sortable hex number.
    New(String),
    /// One of the same source and key is there already, under this id.
    Again(String),
}

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nobody has taken it yet, or it was put back.
    Waiting,
    /// Somebody is looking into it.
    Taken,
    /// It is dealt with.
    Settled,
}

/// An alert in the inbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// When it was received.
    pub at: Utc,
    /// From where.
    pub from: Option<IpAddr>,
    /// What the adapter made of it.
    pub alert: Alert,
    /// The body as text; empty in lists.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub raw: String,
    /// Where it stands.
    pub standing: Standing,
    /// How often it was taken.
    pub attempts: u32,
    /// What became of it, once settled.
    pub fate: Option<Fate>,
    /// When that was.
    pub settled_at: Option<Utc>,
    /// How often the same alert came again.
    pub repeats: u64,
}

/// How many alerts stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Nobody has taken them yet.
    pub waiting: u64,
    /// Somebody looks into them.
    pub taken: u64,
    /// Dealt with.
    pub settled: u64,
    /// When the oldest that nobody has taken came.
    pub oldest_waiting: Option<Utc>,
}

/// Why an alert was not accepted, or the inbox could not be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum InboxError {
    /// As many alerts wait as may. Nothing of what was handed in is kept.
    #[error("{waiting} alerts wait already")]
    Full {
        /// How many wait.
        waiting: u64,
    },
    /// Another process takes alerts from this inbox.
    #[error("another process works on the inbox at {path}")]
    Taken {
        /// Which file.
        path: String,
    },
    /// There is no such alert.
    #[error("there is no alert {id} in the inbox")]
    NoAlert {
        /// Which.
        id: String,
    },
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Keeps alerts until they are dealt with, and remembers them after.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Keeps all of them in one durable commit, each once: an answer means durable. With a cursor,
    /// that is moved in the same commit, so that what was read is neither lost nor read twice.
    ///
    /// # Errors
    /// [`InboxError::Full`], any other if they are not durable; nothing is kept then.
    async fn accept(
        &self,
        received: Vec<Received>,
        cursor: Option<Cursor>,
    ) -> Result<Vec<Accepted>, InboxError>;

    /// Takes the next alerts that wait and are due, oldest first, at most `most`, none of `busy`
    /// sources (those that are being worked on to their limit). What a dead process had taken is
    /// waiting again since [`Inbox::begin_work`].
    ///
    /// # Errors
    /// [`InboxError`]; nothing is taken then.
    async fn take(&self, now: Utc, most: usize, busy: &[String]) -> Result<Vec<Entry>, InboxError>;

    /// Says what became of one, in one durable commit.
    ///
    /// # Errors
    /// [`InboxError`]; it stands as before then.
    async fn settle(&self, id: &str, fate: Fate, at: Utc) -> Result<(), InboxError>;

    /// Puts one back: it waits again, and is due then.
    ///
    /// # Errors
    /// [`InboxError`]; it stands as before then.
    async fn put_back(&self, id: &str, due: Utc) -> Result<(), InboxError>;

    /// Becomes the one process that takes alerts here; what was taken waits again.
    ///
    /// # Errors
    /// [`InboxError::Taken`], if another process is.
    async fn begin_work(&self) -> Result<(), InboxError>;

    /// The newest alerts, newest first, without their bodies; those received before `before`, if
    /// that is given.
    ///
    /// # Errors
    /// [`InboxError`] if they cannot be read.
    async fn entries(&self, before: Option<&str>, most: usize) -> Result<Vec<Entry>, InboxError>;

    /// One alert with its body.
    ///
    /// # Errors
    /// [`InboxError`] if it cannot be read.
    async fn entry(&self, id: &str) -> Result<Option<Entry>, InboxError>;

    /// How many stand where.
    ///
    /// # Errors
    /// [`InboxError`] if they cannot be read.
    async fn counts(&self) -> Result<Counts, InboxError>;

    /// Up to where somebody has read, as last handed to [`Inbox::accept`].
    ///
    /// # Errors
    /// [`InboxError`] if it cannot be read.
    async fn cursor(&self, name: &str) -> Result<Option<String>, InboxError>;

    /// Forgets what was settled before then.
    ///
    /// # Errors
    /// [`InboxError`]; nothing is forgotten then.
    async fn forget_before(&self, before: Utc) -> Result<u64, InboxError>;
}

/// Up to where a log was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Whose: `okta`.
    pub name: String,
    /// The place, in whoever's words.
    pub place: String,
}
