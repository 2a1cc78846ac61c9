//! One account: found by id, primary address or alias, and asked by its id ever after.
//!
//! Who he is known by are his id, his primary address and his aliases, which administrators give;
//! never `emails` or the recovery address, which are his own to edit. A foreign domain's 403 is
//! no "no account": we were not allowed to look. Source: Directory API, users.get (discovery
//! document); the 403 and 404 [docs*].

use async_trait::async_trait;
use serde_json::Value;

use super::Google;
use super::answers;
use super::scopes::USERS;
use crate::connectors::kit::{Glance, Planning, Unread, items, text};
use crate::identity::{Candidate, Finder};
use crate::model::{Key, KeyKind, Skip};
use crate::transport::Path;

/// `/admin/directory/v1/users/{id}`
pub(super) fn path(id: &str) -> Path {
    Path::new(USERS).seg(id)
}

fn basic(key: &str) -> Path {
    path(key).query("projection", "basic")
}

/// An account as far as containing it cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) suspended: bool,
    pub(super) archived: bool,
    pub(super) super_admin: bool,
    pub(super) enrolled_2sv: Option<bool>,
}

/// Whether it could be read.
pub(super) enum State {
    /// Read.
    Is(Account),
    /// There is no such account any more.
    Gone,
    /// Not read: why.
    Unread(String),
}

impl State {
    /// Reads it by its id, once per glance.
    pub(super) async fn read(glance: &Glance, id: &str) -> Self {
        match &*glance.one(basic(id)).await {
            Ok(user) => match account(user, id) {
                Some(account) => Self::Is(account),
                None => Self::Unread("Google's answer is not this account".into()),
            },
            Err(Unread::Absent { .. }) => Self::Gone,
            Err(unread) => Self::Unread(answers::why(unread)),
        }
    }
}

fn account(user: &Value, id: &str) -> Option<Account> {
    if text(user, "id") != id {
        return None;
    }
    let is = |key: &str| user[key] == true;
    Some(Account {
        suspended: user["suspended"].as_bool()?,
        archived: is("archived"),
        super_admin: is("isAdmin"),
        enrolled_2sv: user["isEnrolledIn2Sv"].as_bool(),
    })
}

/// The account of a subject while planning, with what a person should read about it.
///
/// # Errors
/// Why nothing can be planned.
pub(super) async fn planned(
    p: &Planning<'_, Google>,
    id: &str,
) -> Result<(Account, Vec<String>), Skip> {
    let account = match State::read(p.glance, id).await {
        State::Is(account) => account,
        State::Gone => return Err(Skip::NoAccount),
        State::Unread(why) => return Err(Skip::Unread { why }),
    };
    let mut notes = Vec::new();
    if account.super_admin {
        let own = p.service.own(p.glance.reader()).await;
        if !own.is_ok_and(|own| own.super_admin) {
            notes.push(format!(
                "a super administrator at Google, which {} is not as far as can be read: Google \
                 may refuse",
                p.service.settings.admin
            ));
        }
    }
    if account.suspended {
        notes.push("suspended at Google already".into());
    }
    if account.archived {
        notes.push("archived at Google: nobody can sign in".into());
    }
    Ok((account, notes))
}

/// The administrator whom we act for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) id: String,
    /// The customer that he belongs to; empty if it was not told.
    pub(super) customer: String,
    pub(super) super_admin: bool,
    pub(super) suspended: bool,
}

/// Reads him.
///
/// # Errors
/// A sentence, if he could not be read.
pub(super) async fn own(glance: &Glance, admin: &str) -> Result<Own, String> {
    match &*glance.one(basic(admin)).await {
        Ok(user) if text(user, "id").is_empty() => Err("Google's answer names no id".into()),
        Ok(user) => Ok(Own {
            id: text(user, "id").to_owned(),
            customer: text(user, "customerId").to_owned(),
            super_admin: user["isAdmin"] == true,
            suspended: user["suspended"] == true,
        }),
        Err(Unread::Absent { .. }) => Err(format!("Google knows no {admin}")),
        Err(unread) => Err(answers::why(unread)),
    }
}

/// Looks accounts up.
pub(super) struct ByKey<'a> {
    pub(super) glance: &'a Glance,
    pub(super) customer: Option<&'a str>,
}

#[async_trait]
impl Finder for ByKey<'_> {
    async fn find(&self, key: &Key) -> Result<Vec<Candidate>, String> {
        let value = key.value.trim();
        if !can_be_a_key(key.kind, value) {
            return Ok(Vec::new());
        }
        let got = self.glance.one(basic(value)).await;
        let user = match &*got {
            Ok(user) => user,
            Err(Unread::Absent { .. }) => return Ok(Vec::new()),
            Err(unread) => return Err(format!("{value}: {}", answers::why(unread))),
        };
        if text(user, "id").is_empty() {
            return Err("Google's answer names no id".into());
        }
        // A reseller's administrator sees the people of other customers, too.
        let theirs = self.customer.is_some_and(|own| user["customerId"] != *own);
        Ok(if theirs {
            Vec::new()
        } else {
            vec![candidate(user)]
        })
    }
}

/// Google finds people by addresses and numeric ids; anything else names nobody there.
fn can_be_a_key(kind: KeyKind, value: &str) -> bool {
    let number = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    value.contains('@') || (kind == KeyKind::Id && number)
}

fn candidate(user: &Value) -> Candidate {
    let aliases = ["aliases", "nonEditableAliases"];
    let aliases = aliases.iter().flat_map(|key| items(&user[*key]));
    let names = aliases.chain([&user["primaryEmail"]]);
    Candidate {
        id: text(user, "id").to_owned(),
        names: names
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_he_can_edit_himself_is_not_what_he_is_known_by() {
        let user = json!({
            "id": "1", "primaryEmail": "alex@example.com", "aliases": ["a@example.com"],
            "nonEditableAliases": ["alex@example.com.test-google-a.com"],
            "emails": [{ "address": "kim@example.com" }], "recoveryEmail": "kim@example.org",
        });
        let names = candidate(&user).names;
        assert_eq!(names.len(), 3);
        assert!(names.iter().all(|name| !name.contains("kim")), "{names:?}");
    }

    #[test]
    fn only_addresses_and_numbers_are_asked_for() {
        assert!(can_be_a_key(KeyKind::Login, "alex@example.com"));
        assert!(can_be_a_key(KeyKind::Id, "103456"));
        assert!(!can_be_a_key(KeyKind::Login, "103456"));
        assert!(!can_be_a_key(KeyKind::Id, "00u1/../me"));
        assert!(!can_be_a_key(KeyKind::Id, ""));
    }

    #[test]
    fn an_answer_about_somebody_else_is_no_answer() {
        let user = json!({ "id": "1", "suspended": false });
        assert!(account(&user, "1").is_some());
        assert_eq!(account(&user, "2"), None);
        assert_eq!(
            account(&json!({ "id": "1" }), "1"),
            None,
            "no state, no answer"
        );
    }
}
