//! How Graph talks: the OData error, and why a 403 came, as far as the token's roles tell.
//!
//! Graph answers the same 403 (`Authorization_RequestDenied`, "Insufficient privileges") to a
//! missing permission, a protected administrator and a restricted administrative unit. Which one
//! it is, is told apart by what the token says it may do and by what was read of the account.
//! [docs*]: that an app needs a directory role to act on administrators; that Exchange answers 403
//! for mailboxes that an access policy leaves out.

use super::M365;
use super::methods;
use super::permissions::{self, DIRECTORY_READ};
use super::vendor::VENDOR;
use crate::connectors::kit::{Said, Sent, Unread, Voice, by_status, login_of, no_words};
use crate::model::{Change, Outcome, OutcomeKind};
use crate::transport::{Answer, Meaning};

/// How Microsoft 365 talks.
pub(super) static VOICE: Voice = Voice {
    name: "Microsoft 365",
    vendor: &VENDOR,
    said,
    meaning: by_status,
    refusal: no_words,
};

/// `{"error":{"code","message"}}`
fn said(answer: &Answer) -> Said {
    let error = &answer.json["error"];
    let text = |key: &str| error[key].as_str().unwrap_or_default();
    Said::new(text("code"), text("message"))
}

impl M365 {
    /// The outcome of `change`, which made one call.
    pub(super) fn outcome(&self, change: &Change, sent: Sent, gone_is_done: bool) -> Outcome {
        match &sent.answer {
            Ok(answer) if VOICE.meaning(answer) == Meaning::Forbidden => Outcome {
                kind: self.forbidden(change, answer),
                receipts: vec![sent.receipt],
            },
            _ => VOICE.outcome(change, sent, gone_is_done),
        }
    }

    fn forbidden(&self, change: &Change, answer: &Answer) -> OutcomeKind {
        let login = login_of(change);
        let sentence = VOICE.sentence(answer);
        let (why, hint) = match self.lacks_for(change) {
            Some(lacks) if !lacks.is_empty() => {
                let lacks = lacks.join(" and ");
                (
                    format!("the app lacks {lacks}"),
                    format!("grant the application permission {lacks} with admin consent"),
                )
            }
            _ if change.target.kind == "inbox_rule" => (
                "Exchange does not let the app into his mailbox".to_owned(),
                "an application access policy or a role scope in Exchange leaves his mailbox out: \
                 take it in, or switch the rule off with Exchange PowerShell"
                    .to_owned(),
            ),
            _ if change.before["restricted"] == true => (
                "he is in a restricted management administrative unit".to_owned(),
                "give the app a role that is scoped to that unit, or act as its administrator"
                    .to_owned(),
            ),
            lacks => {
                let granted = match lacks {
                    Some(_) => "the permission is granted",
                    None => "its token does not tell what is granted to the app",
                };
                (
                    format!("{granted}; he may be an administrator, whom not every app may touch"),
                    format!(
                        "give the app's service principal the directory role Privileged \
                         Authentication Administrator (for people without a privileged role, User \
                         Administrator is enough), and check that {} is granted",
                        VOICE.needs(change)
                    ),
                )
            }
        };
        OutcomeKind::Failed {
            why: format!(
                "Microsoft 365 refused `{}` for {login}: {why} ({sentence})",
                change.action
            ),
            hint: format!("{hint}; then `oust runs resume`"),
        }
    }

    /// What the app lacks for a change; `None` if its token does not tell.
    fn lacks_for(&self, change: &Change) -> Option<Vec<&'static str>> {
        let told = self.told()?;
        let needs = VENDOR.action(change.action.verb())?.needs;
        let mut lacks = permissions::missing(&told.roles, needs);
        if methods::may_delete(&told.roles, &change.target.kind) {
            lacks.clear();
        }
        Some(lacks)
    }

    /// Why something could not be read, with the permission that is missing, if one is.
    pub(super) fn unread(&self, verb: &str, unread: &Unread) -> String {
        let reads = VENDOR.action(verb).map_or(&[][..], |action| action.reads);
        self.unread_for(reads, unread)
    }

    /// The same, for a read that takes `wanted`.
    pub(super) fn unread_for(&self, wanted: &[&str], unread: &Unread) -> String {
        let why = unread.why();
        if !matches!(unread, Unread::Refused { .. }) {
            return why;
        }
        let lacks = self
            .told()
            .map(|told| permissions::missing(&told.roles, wanted))
            .unwrap_or_default();
        if lacks.is_empty() {
            why
        } else {
            format!(
                "the app lacks {}: grant it with admin consent ({why})",
                lacks.join(" and ")
            )
        }
    }

    /// The same, for the names of apps and roles.
    pub(super) fn unread_directory(&self, unread: &Unread) -> String {
        self.unread_for(&[DIRECTORY_READ], unread)
    }
}
