//! How a vendor talks, and what its answers mean for a change.
//!
//! Good is done, a missing target of a deletion is already done, a refusal is a failure in the
//! vendor's words with the next step, and whatever may have happened without saying so is in
//! doubt. Nothing here sends a second request: a call in doubt is read back by others.

use super::changes::{bounded, login_of};
use super::sent::{Sent, unanswered};
use crate::model::{Change, Outcome, OutcomeKind, Vendor};
use crate::transport::{Answer, Meaning};

/// Bytes of a vendor's text that are carried along.
const TEXT_MAX: usize = 300;

/// How one vendor talks.
pub(in crate::connectors) struct Voice {
    /// Its name, for people.
    pub(in crate::connectors) name: &'static str,
    /// What it declares, for the rights that a refusal names.
    pub(in crate::connectors) vendor: &'static Vendor,
    /// The error that an answer holds; empty if none.
    pub(in crate::connectors) said: fn(&Answer) -> Said,
    /// What an answer means, where the status alone does not say it.
    pub(in crate::connectors) meaning: fn(&Answer, &Said) -> Meaning,
    /// A refusal in words with the next step, where the common ones would mislead.
    pub(in crate::connectors) refusal: fn(&Change, &Said) -> Option<(String, String)>,
}

/// The error in a vendor's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::connectors) struct Said {
    /// Its code.
    pub(in crate::connectors) code: String,
    /// Its text, bounded.
    pub(in crate::connectors) text: String,
}

impl Said {
    /// An error as a vendor wrote it.
    pub(in crate::connectors) fn new(code: &str, text: &str) -> Self {
        Self {
            code: bounded(code, 60),
            text: bounded(text, TEXT_MAX),
        }
    }
}

impl Voice {
    /// What an answer means at this vendor.
    pub(in crate::connectors) fn meaning(&self, answer: &Answer) -> Meaning {
        (self.meaning)(answer, &(self.said)(answer))
    }

    /// Whether an answer says yes.
    pub(in crate::connectors) fn is_good(&self, answer: &Answer) -> bool {
        matches!(self.meaning(answer), Meaning::Done | Meaning::Accepted)
    }

    /// One sentence for an answer that was no good.
    pub(in crate::connectors) fn sentence(&self, answer: &Answer) -> String {
        let said = (self.said)(answer);
        let name = self.name;
        match (said.code.as_str(), said.text.as_str()) {
            ("", "") => format!("{name} answered {}", answer.status),
            ("", text) => format!("{name} answered {}: {text}", answer.status),
            (code, "") => format!("{name} answered {} {code}", answer.status),
            (code, text) => format!("{name} answered {} {code}: {text}", answer.status),
        }
    }

    /// The outcome of `change`, which made one call. `gone_is_done`: that its target does not
    /// exist any more is what was wanted.
    pub(in crate::connectors) fn outcome(
        &self,
        change: &Change,
        sent: Sent,
        gone_is_done: bool,
    ) -> Outcome {
        let kind = match &sent.answer {
            Ok(answer) => self.answered(change, answer, gone_is_done),
            Err(error) => unanswered(self.name, error),
        };
        Outcome {
            kind,
            receipts: vec![sent.receipt],
        }
    }

    /// The outcome kind of an answer.
    pub(in crate::connectors) fn answered(
        &self,
        change: &Change,
        answer: &Answer,
        gone_is_done: bool,
    ) -> OutcomeKind {
        let said = (self.said)(answer);
        let name = self.name;
        let failed = |why: String, hint: String| OutcomeKind::Failed { why, hint };
        let meaning = (self.meaning)(answer, &said);
        match meaning {
            Meaning::Done => return OutcomeKind::Done,
            Meaning::Accepted => return OutcomeKind::Accepted,
            Meaning::Gone if gone_is_done => return OutcomeKind::AlreadyDone,
            _ => {}
        }
        if let Some((why, hint)) = (self.refusal)(change, &said) {
            return failed(why, hint);
        }
        let sentence = self.sentence(answer);
        let resume = "`oust runs resume` tries again";
        match meaning {
            Meaning::Throttled => failed(
                format!("{name} throttled us; it had no effect"),
                resume.into(),
            ),
            Meaning::Broken | Meaning::Elsewhere => OutcomeKind::InDoubt {
                why: format!("{sentence}; it may have happened"),
            },
            Meaning::Forbidden => failed(
                format!(
                    "{name} refused `{}` for {}: we lack the right ({sentence})",
                    change.action,
                    login_of(change)
                ),
                format!("grant {}, then `oust runs resume`", self.needs(change)),
            ),
            Meaning::Unauthenticated => failed(
                format!("{name} does not know our credential ({sentence})"),
                "check the credential and its grants in the config; then `oust runs resume`".into(),
            ),
            Meaning::Conflict => failed(sentence, resume.into()),
            _ => failed(sentence, format!("look at the account at {name}")),
        }
    }

    /// The rights that a change's action needs, for people.
    pub(in crate::connectors) fn needs(&self, change: &Change) -> String {
        let action = self.vendor.action(change.action.verb());
        action.map_or_else(String::new, |action| action.needs.join(" and "))
    }
}

/// The table of statuses, for vendors that keep to it.
pub(in crate::connectors) fn by_status(answer: &Answer, _said: &Said) -> Meaning {
    answer.meaning()
}

/// For vendors whose refusals need no words of their own.
pub(in crate::connectors) fn no_words(_change: &Change, _said: &Said) -> Option<(String, String)> {
    None
}
