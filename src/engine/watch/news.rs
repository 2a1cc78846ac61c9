//! What a look found that is not as the run left it, in words.

use crate::connector::LockAct;
use crate::model::{Finding, Plan, RunId, Severity, Subject, SystemId, UserId, Utc};

/// Characters of what a vendor or an attacker wrote that are carried along.
const TEXT_MAX: usize = 300;

/// Not as the run left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Of which kind.
    pub kind: NewsKind,
    /// Whose account.
    pub subject: UserId,
    /// For people.
    pub login: String,
    /// Where.
    pub system: SystemId,
    /// What happened, and who did it if anybody tells: a sentence, with attacker input in it.
    pub says: String,
    /// What a person does about whoever did it; empty if nothing is known of him.
    pub next: String,
    /// When it happened, or was seen.
    pub at: Utc,
}

/// Of which kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewsKind {
    /// The account was let in again.
    LetIn,
    /// What the run did at a system is undone.
    Undone,
    /// There is another thing of the kind that the run takes away.
    Appeared,
    /// The subject acted.
    Acted,
    /// Who did what was told before: nothing new but the name.
    Named,
}

impl NewsKind {
    /// Its word in reports and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::LetIn => "let_in",
            Self::Undone => "undone",
            Self::Appeared => "appeared",
            Self::Acted => "acted",
            Self::Named => "named",
        }
    }
}

impl News {
    /// Somebody let him in.
    pub(super) fn let_in(plan: &Plan, who: &Subject, act: &LockAct, system: &SystemId) -> Self {
        let by = bounded(&act.by);
        let what = bounded(&act.what);
        let says = match (act.by_job, act.by_id.as_str()) {
            (true, _) => format!("{what} ({by}) at {}", act.at),
            (false, "") => format!("{what} by {by} at {}", act.at),
            (false, id) => format!("{what} by {by} ({}) at {}", bounded(id), act.at),
        };
        Self {
            kind: NewsKind::LetIn,
            subject: who.id.clone(),
            login: who.login.clone(),
            system: system.clone(),
            says,
            next: next_of(plan, who, act),
            at: act.at,
        }
    }

    /// Something else.
    pub(super) fn new(
        kind: NewsKind,
        who: &Subject,
        system: &SystemId,
        says: &str,
        at: Utc,
    ) -> Self {
        Self {
            kind,
            subject: who.id.clone(),
            login: who.login.clone(),
            system: system.clone(),
            says: bounded(says),
            next: String::new(),
            at,
        }
    }

    /// Whether something has to be done about it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.kind != NewsKind::Named
    }

    /// As the run's records keep it: the same news is the same finding.
    #[must_use]
    pub fn finding(&self, run: &RunId) -> Finding {
        let hint = match (self.is_open(), self.next.as_str()) {
            (true, "") => format!("oust runs resume {run}"),
            (true, next) => format!("oust runs resume {run}; {next}"),
            (false, next) => next.to_owned(),
        };
        Finding {
            severity: Severity::High,
            id: "watch".into(),
            text: format!("{} at {}: {}", self.login, self.system, self.says),
            hint,
        }
    }
}

/// What stops whoever let him in from doing it again.
fn next_of(plan: &Plan, who: &Subject, act: &LockAct) -> String {
    match (act.by_job, plan.owner_of_source(who)) {
        (true, Some(owner)) => format!(
            "the next import does it again: tell {}, {}, to suspend him at the source",
            bounded(&owner.owner),
            bounded(&owner.contact)
        ),
        (true, None) if who.is_mastered_elsewhere() => format!(
            "the next import does it again: have him suspended at the source, {}",
            bounded(&who.mastered_by)
        ),
        (true, None) => "find out which import or job does that, and stop it".into(),
        (false, _) => format!(
            "call {by}: if it was not meant, contain that account too: oust contain {by}",
            by = bounded(&act.by)
        ),
    }
}

/// As much of it as is carried along.
pub(super) fn bounded(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}
