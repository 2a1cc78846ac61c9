//! Tells others what happens: a signed webhook, sent and never waited for.
//!
//! The SOC hears of our own revocations before their SIEM does. Does not decide whom to tell what
//! (`config`), and nothing depends on an answer.

mod receiver;
mod sender;
mod shape;

pub use receiver::{Receiver, Shape, Tell, Where};
pub use sender::{SIGNATURE, Sender, signature};

use serde::Serialize;

use crate::model::{RELEASE, RunId, Utc, Verdict};

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
    /// What a run contained came back while it was watched.
    Back {
        /// Which run.
        run: RunId,
        /// Whose accounts.
        subjects: Vec<String>,
        /// What came back, and who did it.
        what: String,
        /// What is done about it, or what a person can do.
        next: String,
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

impl Notice {
    /// In a sentence, its strings as they came: whoever shows it escapes it.
    #[must_use]
    pub fn sentence(&self) -> String {
        match &self.what {
            NoticeKind::Starting {
                run,
                subjects,
                playbook,
                by,
                ..
            } if playbook == RELEASE => format!(
                "oust gives {} back now (run {run}), agreed to by {by}: what it undoes at the \
                 vendors is ours",
                named(subjects)
            ),
            NoticeKind::Starting {
                run,
                subjects,
                playbook,
                by,
                ..
            } => format!(
                "oust contains {} now ({playbook}, run {run}), agreed to by {by}: revocations that \
                 follow are ours",
                named(subjects)
            ),
            NoticeKind::Ended {
                run,
                subjects,
                verdict,
                says,
                ..
            } => format!(
                "{}: {} (run {run}). {says}",
                named(subjects),
                verdict.word()
            ),
            NoticeKind::Waiting {
                run,
                subjects,
                why,
                expires_at,
            } => format!(
                "{} waits for approval until {expires_at} (run {run}): {why}",
                named(subjects)
            ),
            NoticeKind::Back {
                run,
                subjects,
                what,
                next,
            } => format!("{} came back (run {run}): {what}. {next}", named(subjects)),
            NoticeKind::Refused {
                subjects,
                why,
                next,
            } => format!("refused for {}: {why}. {next}", named(subjects)),
        }
    }

    /// The run that it is about, if there is one.
    #[must_use]
    pub fn run(&self) -> Option<&RunId> {
        match &self.what {
            NoticeKind::Starting { run, .. }
            | NoticeKind::Ended { run, .. }
            | NoticeKind::Waiting { run, .. }
            | NoticeKind::Back { run, .. } => Some(run),
            NoticeKind::Refused { .. } => None,
        }
    }

    /// Which of the four it is.
    #[must_use]
    pub fn tells(&self) -> Tell {
        match &self.what {
            NoticeKind::Starting { .. } => Tell::Starting,
            NoticeKind::Ended { .. } => Tell::Ended,
            NoticeKind::Waiting { .. } => Tell::Waiting,
            // A person has to look, too.
            NoticeKind::Back { .. } | NoticeKind::Refused { .. } => Tell::Refused,
        }
    }
}

/// Some of them, and how many more.
fn named(subjects: &[String]) -> String {
    const NAMED_MAX: usize = 5;
    match subjects {
        [] => "nobody known".into(),
        few if few.len() <= NAMED_MAX => few.join(", "),
        many => {
            let (first, rest) = many.split_at(NAMED_MAX);
            format!("{} and {} more", first.join(", "), rest.len())
        }
    }
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
