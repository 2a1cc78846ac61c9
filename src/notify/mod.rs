//! Tells others what happens: a signed webhook, sent and never waited for.
//!
//! The SOC hears of our own revocations before their SIEM does. Does not decide whom to tell what
//! (`config`), and nothing depends on an answer.

use serde::Serialize;

use crate::model::{RunId, Utc, Verdict};

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Notice {
    /// When it happened.
    pub at: Utc,
    /// What.
    #[serde(flatten)]
    pub what: NoticeKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "notice")]
pub enum NoticeKind {
    /// Consent was given: writes are about to leave.
    Starting {
        /// Which run.
        run: RunId,
        /// Whose accounts.
        subjects: Vec<String>,
        /// What is done.
        playbook: String,
        /// Who agreed.
        by: String,
        /// As which client we write: our user agent, for the SIEM's exception.
        user_agent: String,
    },
    /// A run ended.
    Ended {
        /// Which.
        run: RunId,
        /// Whose accounts.
        subjects: Vec<String>,
        /// How.
        verdict: Verdict,
        /// In a sentence.
        says: String,
        /// Where the ledger stands: number and hash, so that it cannot be rewritten unseen.
        ledger_head: Option<(u64, String)>,
    },
    /// A plan waits for somebody to approve it.
    Waiting {
        /// Which run it would be.
        run: RunId,
        /// Whose accounts.
        subjects: Vec<String>,
        /// Why it is proposed.
        why: String,
        /// Until when.
        expires_at: Utc,
    },
    /// An alert was refused by a guard, or a person has to look.
    Refused {
        /// Whose accounts, as far as they are known.
        subjects: Vec<String>,
        /// Why.
        why: String,
        /// What a person can do.
        next: String,
    },
}

/// Takes notices and sends them on, in its own time.
pub trait Notifier: Send + Sync {
    /// Hands one over; returns at once.
    fn tell(&self, notice: Notice);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoNotifier;

impl Notifier for NoNotifier {
    fn tell(&self, _notice: Notice) {}
}
