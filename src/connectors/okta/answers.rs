//! What Okta's answers mean for a change: one table for all verbs.
//!
//! Good is done, a missing target of a DELETE is already done, a refusal is a failure in
//! Okta's words with the next step, and whatever may have happened without saying so is in
//! doubt. Nothing here sends a second request: a call in doubt is read back by others.

pub(super) use super::super::kit::{Sent, bounded, login_of, send, unread};

use super::super::kit;
use super::vendor::VENDOR;
use crate::connector::Unheard;
use crate::model::{Change, Outcome, OutcomeKind};
use crate::transport::{Answer, CallError, Meaning};

/// Bytes of Okta's text that are carried along.
const TEXT_MAX: usize = 300;

/// The error in a body of Okta's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// `E0000001`; of the OAuth endpoints the `error` word.
    pub(super) code: String,
    /// Summary and causes, bounded.
    pub(super) text: String,
}

impl Said {
    /// The error of an answer; empty if its body is none of Okta's.
    pub(super) fn of(answer: &Answer) -> Self {
        let body = &answer.json;
        let word = |key: &str| body[key].as_str().unwrap_or_default();
        let code = [word("errorCode"), word("error")].concat();
        let mut text = [word("errorSummary"), word("error_description")].concat();
        let causes = body["errorCauses"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        for cause in causes
            .iter()
            .filter_map(|each| each["errorSummary"].as_str())
        {
            if !text.contains(cause) {
                text = format!("{text}; {cause}");
            }
        }
        Self {
            code: bounded(&code, 40),
            text: bounded(&text, TEXT_MAX),
        }
    }
}

/// One sentence for an answer that was no good, for what could not be read.
pub(super) fn sentence(answer: &Answer) -> String {
    let said = Said::of(answer);
    match (said.code.as_str(), said.text.as_str()) {
        ("", _) => format!("Okta answered {}", answer.status),
        (code, text) => format!("Okta answered {} {code}: {text}", answer.status),
    }
}

impl Sent {
    /// Whether the status says yes.
    pub(super) fn is_good(&self) -> bool {
        self.answer.as_ref().is_ok_and(Answer::is_good)
    }

    /// Whether Okta answered that the state things are in does not allow it.
    pub(super) fn wants_reread(&self) -> bool {
        self.answer.as_ref().is_ok_and(|answer| {
            matches!(answer.meaning(), Meaning::Invalid | Meaning::Conflict)
                || matches!(Said::of(answer).code.as_str(), "E0000038" | "E0000107")
        })
    }
}

/// The outcome of `change`, which made one call. `gone_is_done`: its 404 means that the target
/// does not exist any more.
pub(super) fn outcome(change: &Change, sent: Sent, gone_is_done: bool) -> Outcome {
    let kind = match &sent.answer {
        Ok(answer) => answered(change, answer, gone_is_done),
        Err(error) => unanswered(error),
    };
    Outcome {
        kind,
        receipts: vec![sent.receipt],
    }
}

/// The outcome kind of an answer.
pub(super) fn answered(change: &Change, answer: &Answer, gone_is_done: bool) -> OutcomeKind {
    let said = Said::of(answer);
    let failed = |why: String, hint: &str| OutcomeKind::Failed {
        why,
        hint: hint.to_owned(),
    };
    let resume = "`oust runs resume` tries again";
    match answer.meaning() {
        Meaning::Done => OutcomeKind::Done,
        Meaning::Accepted => OutcomeKind::Accepted,
        Meaning::Gone if gone_is_done && said.code != "E0000008" => OutcomeKind::AlreadyDone,
        Meaning::Throttled => failed("Okta throttled us; it had no effect".into(), resume),
        Meaning::Broken if said.code == "E0000010" => failed(
            "Okta is in read-only mode; it had no effect".into(),
            "wait for Okta (status.okta.com), then `oust runs resume`",
        ),
        Meaning::Broken | Meaning::Elsewhere => OutcomeKind::InDoubt {
            why: format!("{}; it may have happened", sentence(answer)),
        },
        Meaning::Forbidden => forbidden(change, &said, answer),
        Meaning::Unauthenticated if said.code == "E0000015" => failed(
            format!("not available in this org ({})", said.code),
            "the org lacks the feature or the licence",
        ),
        Meaning::Unauthenticated => failed(
            format!("Okta does not know our credential ({})", sentence(answer)),
            "check key, client id and grants in the config; then `oust runs resume`",
        ),
        Meaning::Gone | Meaning::Invalid | Meaning::Conflict => {
            failed(sentence(answer), "look at the account in the Admin console")
        }
    }
}

fn forbidden(change: &Change, said: &Said, answer: &Answer) -> OutcomeKind {
    let who = login_of(change);
    let action = &change.action;
    let needs = VENDOR
        .action(action.verb())
        .map(|action| action.needs.join(" and "))
        .unwrap_or_default();
    let (why, hint) = match said.code.as_str() {
        "E0000006" | "" => (
            format!(
                "Okta refused `{action}` for {who}: we lack the right ({})",
                sentence(answer)
            ),
            format!(
                "grant {needs} (to act on an administrator: SUPER_ADMIN), then `oust runs resume`"
            ),
        ),
        "E0000015" => (
            format!("not available in this org ({})", sentence(answer)),
            "the org lacks the feature or the licence".into(),
        ),
        "E0000023" => (
            format!("{who} is mastered by another system ({})", said.text),
            "do it there as well".into(),
        ),
        "E0000038" | "E0000107" => (
            format!(
                "{who} is in a status that does not allow it ({})",
                said.text
            ),
            "look at the account's status in the Admin console".into(),
        ),
        "E0000032" => (
            format!("{who} may not be unlocked by us ({})", said.text),
            "unlock it in the Admin console or in its directory".into(),
        ),
        _ => (
            sentence(answer),
            format!("grant {needs}, then `oust runs resume`"),
        ),
    };
    OutcomeKind::Failed { why, hint }
}

/// The outcome kind of a call that no answer came to.
pub(super) fn unanswered(error: &CallError) -> OutcomeKind {
    kit::unanswered("Okta", error)
}

/// Why an answer tells us nothing: what is wrong is our credential, or the answer.
pub(super) fn unheard(answer: &Answer) -> Unheard {
    let why = sentence(answer);
    match answer.meaning() {
        Meaning::Unauthenticated | Meaning::Forbidden => Unheard::Credential {
            why,
            hint: "check that the credential in the config file is active and may read accounts: \
                   okta.users.read, or an administrator's API token"
                .into(),
        },
        _ => Unheard::Answer(why),
    }
}
