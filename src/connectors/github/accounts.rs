//! One account: known by its number, which never changes, and asked for its login each time.
//!
//! GitHub's calls take logins, and a login may change at any moment: its owner renames himself, a
//! suspension disguises him, and a freed login may be somebody else's a second later. So the number
//! is all that is kept, and whoever acts asks for the login that belongs to it now. Source: "Get a
//! user using their ID" (`users/get-by-id`), which is not in `github.json`; that only managed users
//! have a `_` in their login [docs*].

use serde_json::Value;

use super::GitHub;
use super::voice;
use crate::connector::Identified;
use crate::connectors::kit::{Glance, Planning, Unread, account_of, text};
use crate::model::{Change, Outcome, OutcomeKind, Skip};
use crate::transport::Path;

/// The right that takes seeing somebody.
const RIGHT: &str = "`members:read`";

/// An account as it is called now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// Its number.
    pub(super) id: String,
    /// Its login at this moment.
    pub(super) login: String,
}

/// `/user/{number}`
pub(super) fn by_id(id: &str) -> Path {
    Path::new("/user").seg(id)
}

impl Account {
    /// What a user object says, if it is a person's.
    pub(super) fn of(user: &Value) -> Option<Self> {
        let login = text(user, "login");
        let is_person = matches!(text(user, "type"), "User" | "");
        let id = user["id"].as_u64()?.to_string();
        (is_person && !login.is_empty()).then(|| Self {
            id,
            login: login.to_owned(),
        })
    }

    /// Reads it by its number, once per glance.
    pub(super) async fn read(glance: &Glance, id: &str) -> Result<Self, Unread> {
        match &*glance.one(by_id(id)).await {
            Ok(user) => Self::of(user)
                .filter(|account| account.id == id)
                .ok_or_else(|| Unread::NoAnswer("GitHub's answer is not this account".into())),
            Err(unread) => Err(unread.clone()),
        }
    }

    /// The account of a subject while planning; never our own.
    ///
    /// # Errors
    /// Why nothing can be planned.
    pub(super) async fn planned(p: &Planning<'_, GitHub>, who: &Identified) -> Result<Self, Skip> {
        if let Some(ours) = p.service.is_ours(p.glance, &who.id).await {
            return Err(ours);
        }
        match Self::read(p.glance, &who.id).await {
            Ok(account) => Ok(account),
            Err(Unread::Absent { .. }) => Err(Skip::NoAccount),
            Err(unread) => Err(Skip::Unread {
                why: voice::why(&unread, RIGHT),
            }),
        }
    }

    /// The account of a change just before it is made; never our own.
    ///
    /// # Errors
    /// The outcome, for nothing may be sent.
    pub(super) async fn acted_on(
        github: &GitHub,
        glance: &Glance,
        change: &Change,
    ) -> Result<Self, Outcome> {
        let failed = |why: String, hint: &str| {
            Outcome::bare(OutcomeKind::Failed {
                why,
                hint: hint.to_owned(),
            })
        };
        let id = account_of(change);
        if let Some(ours) = github.is_ours(glance, id).await {
            let hint = "act on him by another credential, such as a GitHub App";
            return Err(failed(ours.sentence(), hint));
        }
        match Self::read(glance, id).await {
            Ok(account) => Ok(account),
            Err(Unread::Absent { .. }) => Err(failed(
                format!("GitHub knows no account {id} any more; nothing was sent"),
                "plan again: it was deleted since",
            )),
            Err(unread) => Err(failed(
                format!(
                    "how account {id} is called now could not be read, so that nothing was sent: {}",
                    voice::why(&unread, RIGHT)
                ),
                "`oust runs resume` tries again",
            )),
        }
    }

    /// Whether an enterprise manages it.
    pub(super) fn is_managed(&self) -> bool {
        self.login.contains('_')
    }

    /// Whether a login of a list is this account's.
    pub(super) fn is(&self, login: &str) -> bool {
        self.login.eq_ignore_ascii_case(login)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_organisation_or_a_bot_is_nobody() {
        let of = |kind: &str| Account::of(&json!({ "id": 7, "login": "alex-c", "type": kind }));
        assert!(of("User").is_some());
        assert_eq!(of("Organization"), None);
        assert_eq!(of("Bot"), None);
        assert_eq!(Account::of(&json!({ "login": "alex-c" })), None);
    }

    #[test]
    fn only_managed_logins_have_an_underscore() {
        let account = |login: &str| Account {
            id: "7".into(),
            login: login.into(),
        };
        assert!(account("alex_contoso").is_managed());
        assert!(!account("alex-c").is_managed());
        assert!(account("Alex-C").is("alex-c") && !account("alex").is("alex-c"));
    }
}
