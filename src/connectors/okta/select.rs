//! Accounts by a group or a search: all pages, or an error; never a part that looks like all.
//!
//! What is found here is a proposal: whoever takes it reads each account by its id before anything
//! is planned for it. Okta calls `search` eventually consistent: somebody who changed a moment ago
//! may be missing, so that nothing is ever proven by it. Lists of a group are not called so.
//!
//! A deactivated account is told apart, because a search finds those too. Sources: Okta API 2026.06.3,
//! "List all users" (`search`, at most 200 a page), "List all users in a group" (200 a page is what
//! it recommends), "Retrieve a group".

use std::collections::HashSet;

use serde_json::Value;

use super::answers::{self, bounded, sentence};
use super::glance::text;
use super::pages::{self, Torn};
use crate::connector::{PickError, Picked, Picks, Selector, Unheard};
use crate::model::UserId;
use crate::transport::{Answer, Meaning, Path, Read, Reader};

/// Accounts a page.
const PAGE: &str = "200";

/// Pages at most: a page may be shorter than it was asked for.
const PAGES_MAX: usize = 400;

/// Characters of a name or login.
const NAME_MAX: usize = 200;

/// What reading a group takes.
const MAY_NOT: &str = "check that the credential in the config file is active and may read groups: \
                       okta.groups.read, or an administrator's API token";

/// All that the selector names.
///
/// # Errors
/// [`PickError`], if they are more than `max`, or could not be read to the last one.
pub(super) async fn pick(
    r: &Reader,
    org: &str,
    by: &Selector,
    max: usize,
) -> Result<Picks, PickError> {
    match by {
        Selector::Group(id) => group(r, org, id, max).await,
        Selector::Search(expression) => {
            let path = Path::new("/api/v1/users")
                .query("search", expression.as_str())
                .query("limit", PAGE);
            let who = all(r, &Read::get(path), max).await?;
            let name = String::new();
            Ok(Picks { name, who })
        }
    }
}

async fn group(r: &Reader, org: &str, id: &str, max: usize) -> Result<Picks, PickError> {
    let none = || PickError::NoSuchGroup {
        id: id.to_owned(),
        org: org.to_owned(),
    };
    // Without an id the path is another one: that of all groups.
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(none());
    }
    let path = Path::new("/api/v1/groups").seg(id);
    let answer = r.send(&Read::get(path.clone())).await;
    let answer = answer.map_err(|error| Unheard::from(&error))?;
    if answer.meaning() == Meaning::Gone {
        return Err(none());
    }
    if !answer.is_good() {
        return Err(refused(&answer));
    }
    if answer.json["id"] != *id {
        let what = "Okta's answer is another group than the one asked for";
        return Err(Unheard::Answer(what.into()).into());
    }
    let members = Read::get(path.then("/users").query("limit", PAGE));
    let who = all(r, &members, max).await?;
    let name = bounded(text(&answer.json["profile"], "name"), NAME_MAX);
    Ok(Picks { name, who })
}

async fn all(r: &Reader, read: &Read, max: usize) -> Result<Vec<Picked>, PickError> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let take = |users: Vec<Value>| {
        for picked in users.iter().map(picked) {
            if picked.id.as_str().is_empty() {
                return Err(unfit("an account of Okta's list has no id"));
            }
            if seen.insert(picked.id.clone()) {
                found.push(picked);
            }
        }
        match found.len() > max {
            true => Err(PickError::TooMany { max }),
            false => Ok(()),
        }
    };
    let mut left = PAGES_MAX;
    pages::each(r, read, &mut left, torn, take).await?;
    Ok(found)
}

fn torn(torn: Torn) -> PickError {
    match torn {
        Torn::Silent(error) => Unheard::from(&error).into(),
        Torn::Refused(answer) => refused(&answer),
        Torn::NoList => unfit("Okta's list of accounts is no list"),
        Torn::Circle => unfit("the next page of Okta's list is the one before"),
        Torn::Endless => unfit("Okta's list goes on after 400 pages"),
    }
}

fn unfit(what: &str) -> PickError {
    Unheard::Answer(what.to_owned()).into()
}

fn picked(user: &Value) -> Picked {
    Picked {
        id: UserId::new(text(user, "id")),
        login: bounded(text(&user["profile"], "login"), NAME_MAX),
        is_gone: text(user, "status") == "DEPROVISIONED",
    }
}

fn refused(answer: &Answer) -> PickError {
    if answer.meaning() == Meaning::Invalid {
        return PickError::Refused(sentence(answer));
    }
    PickError::Unread(match answers::unheard(answer) {
        Unheard::Credential { why, .. } => Unheard::Credential {
            why,
            hint: MAY_NOT.into(),
        },
        other => other,
    })
}
