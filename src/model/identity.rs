//! Who a subject is at the systems behind the directory, and by what he may be looked up there.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Case, Subject, SystemId, Tri, UserId, Utc};

/// One app that the directory assigned to a subject, and who he is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppAccount {
    /// The app's id at the directory; empty if only its name could be read.
    pub app: String,
    /// Its catalogue name (`office365`), the same in every org.
    pub name: String,
    /// Its label, chosen by an admin.
    pub label: String,
    /// His id at the service, as provisioning recorded it.
    pub external_id: Option<String>,
    /// His user name at the service, as the directory asserts it.
    pub user_name: Option<String>,
    /// When the assignment was last changed.
    pub changed_at: Option<Utc>,
    /// Whether the directory can have the app sign him out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logout: Option<Logout>,
}

/// Whether an app takes part in the directory's universal logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Logout {
    /// It ends what he has there.
    Full,
    /// It ends refresh tokens at most: what is signed in goes on.
    Partial,
    /// It is switched off, or the app has none.
    No,
}

/// Who a subject is at one system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Identity {
    /// Exactly one account, pointing back.
    Found {
        /// The vendor's immutable id.
        id: String,
    },
    /// Read, and there is none.
    NoAccount,
    /// Several answer to the name; a person must choose.
    Ambiguous {
        /// The candidates' ids.
        candidates: Vec<String>,
    },
    /// What he would be found by was changed within the window; a person must look.
    Contested {
        /// What was changed.
        why: String,
        /// Ids of the accounts that answer to it now; perhaps somebody else's.
        #[serde(default)]
        candidates: Vec<String>,
    },
    /// Could not be read.
    Unread {
        /// What went wrong.
        why: String,
    },
}

/// A subject's identities, system by system.
pub type Identities = BTreeMap<SystemId, Identity>;

/// What a key is, from the best to the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// The vendor's own id, or one that it keeps for the directory.
    Id,
    /// The user name that the directory asserts to this service.
    UserName,
    /// The login at the directory, as of before the window.
    Login,
}

/// One thing a subject may be looked up by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// What it is.
    pub kind: KeyKind,
    /// Its value; may be attacker input.
    pub value: String,
    /// Why it settles nothing: it was changed within the window. `None`: it may be trusted.
    pub doubt: Option<String>,
}

/// What a subject is to be looked up by at one system, best key first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// Whose account.
    pub subject: UserId,
    /// The keys; never empty.
    pub keys: Vec<Key>,
    /// Whether the directory shows him to use the system: by an app that is assigned, was until
    /// within the window, or was signed in to. A system that tells nobody's account has no other
    /// word for "no account".
    #[serde(default)]
    pub has_app: Tri,
}

/// An identity that a person named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// The subject's login or id.
    pub who: String,
    /// At which system.
    pub system: SystemId,
    /// The vendor's id of him.
    pub id: String,
}

/// What the directory's log says of the subjects: changed names, changed assignments, sign-ons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Subjects whose profile or login was changed in the window.
    pub renamed: BTreeMap<UserId, Renamed>,
    /// Assignments changed in the window, by subject and app id: when.
    pub reassigned: BTreeMap<(UserId, String), Utc>,
    /// Apps that a subject signed in to, by id, with their label.
    pub used: BTreeMap<UserId, BTreeSet<(String, String)>>,
    /// The catalogue names of those that no assignment names, by id; empty where the directory
    /// has no such app any more. What is not here could not be read.
    pub names: BTreeMap<String, String>,
    /// Why the log could not be read, if so.
    pub unread: Option<String>,
}

/// A changed profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// When it was changed first.
    pub at: Utc,
    /// The login as of before, if the log tells.
    pub from: Option<String>,
}

/// What one subject is looked up by at a system that his `accounts` there belong to.
#[must_use]
pub fn keys_of(
    subject: &Subject,
    accounts: &[&AppAccount],
    history: &History,
    case: &Case,
) -> Vec<Key> {
    let renamed = renamed(subject, history, case);
    let login = match &history.renamed.get(&subject.id) {
        Some(Renamed {
            from: Some(from), ..
        }) => from,
        _ => &subject.login,
    };
    let mut keys = Vec::new();
    for account in accounts {
        let moved = reassigned(subject, account, history, case);
        if let Some(id) = &account.external_id {
            keys.push(Key {
                kind: KeyKind::Id,
                value: id.clone(),
                doubt: moved.clone(),
            });
        }
        if let Some(name) = &account.user_name {
            keys.push(Key {
                kind: KeyKind::UserName,
                value: name.clone(),
                doubt: moved.or_else(|| renamed.clone()),
            });
        }
    }
    keys.push(Key {
        kind: KeyKind::Login,
        value: login.clone(),
        doubt: renamed,
    });
    keys.retain(|key| !key.value.trim().is_empty());
    keys.sort();
    keys.dedup();
    keys
}

/// Why his names settle nothing; a profile is his own to edit.
fn renamed(subject: &Subject, history: &History, case: &Case) -> Option<String> {
    if let Some(renamed) = history.renamed.get(&subject.id) {
        return Some(format!("his profile was changed at {}", renamed.at));
    }
    // Without the log, an account that nothing changed since the window began is as good.
    let unread = history.unread.as_ref()?;
    let untouched = subject.changed_at.is_some_and(|at| at < case.window.start);
    (!untouched).then(|| format!("whether his profile was changed could not be read: {unread}"))
}

fn reassigned(
    subject: &Subject,
    account: &AppAccount,
    history: &History,
    case: &Case,
) -> Option<String> {
    let key = (subject.id.clone(), account.app.clone());
    if let Some(at) = history.reassigned.get(&key) {
        return Some(format!(
            "his assignment of {} was changed at {at}",
            account.label
        ));
    }
    history.unread.as_ref()?;
    let untouched = account.changed_at.is_some_and(|at| at < case.window.start);
    (!untouched).then(|| {
        format!(
            "whether his assignment of {} was changed could not be read",
            account.label
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Role, Source, Tri, Window, WindowHow};

    fn alex(login: &str) -> Subject {
        Subject {
            id: UserId::new("00u1"),
            login: login.into(),
            role: Role::Compromised,
            status: "ACTIVE".into(),
            privileged: Tri::No,
            roles: Vec::new(),
            groups: None,
            accounts: None,
            mastered_by: "OKTA".into(),
            changed_at: None,
            last_login: None,
        }
    }

    fn case() -> Case {
        Case {
            subjects: Vec::new(),
            window: Window {
                start: Utc::from_millis(1_000_000),
                end: None,
                how: WindowHow::Given,
            },
            id: None,
            reason: None,
            source: Source::Person("kim".into()),
            began: None,
            intruders: Vec::new(),
        }
    }

    fn slack() -> AppAccount {
        AppAccount {
            app: "0oa1".into(),
            name: "slack".into(),
            label: "Slack".into(),
            external_id: Some("U1".into()),
            user_name: Some("alex@example.com".into()),
            changed_at: None,
            logout: None,
        }
    }

    #[test]
    fn without_changes_every_key_is_trusted_and_the_vendor_s_id_comes_first() {
        let keys = keys_of(
            &alex("alex@example.com"),
            &[&slack()],
            &History::default(),
            &case(),
        );
        let kinds: Vec<KeyKind> = keys.iter().map(|key| key.kind).collect();
        assert_eq!(kinds, [KeyKind::Id, KeyKind::UserName, KeyKind::Login]);
        assert!(keys.iter().all(|key| key.doubt.is_none()));
    }

    #[test]
    fn a_rename_leaves_only_the_vendor_s_id_trusted_and_asks_by_the_old_login() {
        let mut history = History::default();
        let renamed = Renamed {
            at: Utc::from_millis(2_000_000),
            from: Some("alex@example.com".into()),
        };
        history.renamed.insert(UserId::new("00u1"), renamed);
        let keys = keys_of(&alex("morgan@example.com"), &[&slack()], &history, &case());
        let trusted: Vec<&str> = keys
            .iter()
            .filter(|key| key.doubt.is_none())
            .map(|key| key.value.as_str())
            .collect();
        assert_eq!(trusted, ["U1"]);
        assert!(keys.iter().all(|key| !key.value.contains("morgan")));
    }

    #[test]
    fn a_changed_assignment_makes_the_vendor_s_id_worthless_and_leaves_the_login() {
        let mut history = History::default();
        let key = (UserId::new("00u1"), "0oa1".to_owned());
        history.reassigned.insert(key, Utc::from_millis(2_000_000));
        let keys = keys_of(&alex("alex@example.com"), &[&slack()], &history, &case());
        let trusted: Vec<KeyKind> = keys
            .iter()
            .filter(|key| key.doubt.is_none())
            .map(|key| key.kind)
            .collect();
        assert_eq!(trusted, [KeyKind::Login]);
    }

    #[test]
    fn an_unread_log_trusts_nothing_that_may_have_been_touched() {
        let history = History {
            unread: Some("503".into()),
            ..History::default()
        };
        let mut old = alex("alex@example.com");
        old.changed_at = Some(Utc::from_millis(10));
        let trusted = |who: &Subject| {
            keys_of(who, &[], &history, &case())
                .iter()
                .any(|key| key.doubt.is_none())
        };
        assert!(trusted(&old));
        assert!(!trusted(&alex("alex@example.com")));
    }
}
