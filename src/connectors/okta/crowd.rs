//! Many accounts in one answer, and many reads in their order.
//!
//! `GET /api/v1/users?filter=…` takes `id eq` and `profile.login eq`, joined by `or`, shows
//! deactivated accounts too and what was changed a moment ago. `search` lags behind writes and is
//! never asked. An answer counts for whom it holds and says nothing of whom it does not: values
//! are compared case by case, a page may be cut, and so whoever is missing is read by himself.
//!
//! How long an address Okta takes is not documented ([inferred]: 8 KB, as most servers); half of
//! that is used. Source: Okta API, "List all users": `filter`, `limit` at most 200.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;
use serde_json::Value;

use super::glance::text;
use crate::connector::ResolveError;
use crate::transport::{Path, Read, Reader};

/// Up to so many accounts are read one by one, all at once: nobody waits for a list then.
pub(super) const FEW: usize = 4;

/// Accounts in one answer at most: one page.
const PAGE_MAX: usize = 200;

/// Bytes of a filter at most, as it stands in the address.
const FILTER_MAX: usize = 4_000;

/// Reads at the same time for a few; for many, twice as many. Okta takes 75 at once from a whole
/// Workforce org, and others ask it too. Source: "Rate limits: concurrency".
const AT_ONCE: usize = 16;

/// Above this many it is a crowd.
const CROWD: usize = 50;

/// What `make` makes of each, in their order; each is begun when its turn comes, so that ten
/// thousand are never under way or in memory together.
pub(super) fn in_order<'a, T, O>(
    all: &'a [T],
    make: impl Fn(&'a T) -> BoxFuture<'a, O> + Send + 'a,
) -> BoxFuture<'a, Vec<O>>
where
    T: Sync,
    O: Send + 'a,
{
    let at_once = if all.len() > CROWD {
        2 * AT_ONCE
    } else {
        AT_ONCE
    };
    let each = stream::iter(all.iter().map(make));
    Box::pin(each.buffered(at_once).collect())
}

/// What accounts are asked for by.
#[derive(Clone, Copy)]
pub(super) enum By {
    /// The id.
    Id,
    /// The whole login, in the case given.
    Login,
}

impl By {
    fn test(self, value: &str) -> String {
        let field = match self {
            Self::Id => "id",
            Self::Login => "profile.login",
        };
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        format!("{field} eq \"{value}\"")
    }

    /// The values in groups that one request can ask for.
    pub(super) fn groups<'v>(self, values: &[&'v str]) -> Vec<Vec<&'v str>> {
        let mut groups: Vec<Vec<&str>> = Vec::new();
        let mut length = 0;
        for value in values {
            let test = self.test(value);
            let more = encoded(&test) + encoded(" or ");
            match groups.last_mut() {
                Some(group) if group.len() < PAGE_MAX && length + more <= FILTER_MAX => {
                    group.push(value);
                    length += more;
                }
                _ => {
                    groups.push(vec![value]);
                    length = more;
                }
            }
        }
        groups
    }

    /// The accounts in the answer about one group; none if there was no good answer. Nobody is
    /// known to be absent by it.
    pub(super) async fn read(self, reader: &Reader, group: &[&str]) -> Vec<Value> {
        let tests: Vec<String> = group.iter().map(|value| self.test(value)).collect();
        let path = Path::new("/api/v1/users")
            .query("filter", tests.join(" or "))
            .query("limit", "200");
        match reader.send(&Read::get(path)).await {
            Ok(answer) if answer.is_good() => match answer.json {
                Value::Array(found) => found.into_iter().map(slim).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

/// An account without what nobody here looks at: all of its profile but the login, and its links.
/// Of thousands that is most of what is read.
fn slim(mut user: Value) -> Value {
    if let Some(user) = user.as_object_mut() {
        user.retain(|part, _| !matches!(part.as_str(), "_links" | "_embedded" | "type"));
    }
    for (part, kept) in [("profile", "login"), ("credentials", "provider")] {
        if let Some(part) = user.get_mut(part).and_then(Value::as_object_mut) {
            part.retain(|name, _| name == kept);
        }
    }
    user
}

/// Accounts that one request asks for by id, which are all of one length.
pub(super) fn ids_in_one() -> usize {
    let test = encoded(&By::Id.test("00u00000000000000000"));
    (FILTER_MAX / (test + encoded(" or "))).min(PAGE_MAX)
}

/// How long a text is in an address at most.
fn encoded(text: &str) -> usize {
    let each = |byte: u8| if byte.is_ascii_alphanumeric() { 1 } else { 3 };
    text.bytes().map(each).sum()
}

/// The accounts that `names` (logins or ids) lead to, each by whole login or id and by nothing
/// else; whoever asked for is in no answer is left out.
pub(super) async fn named(
    reader: &Reader,
    names: &[String],
) -> BTreeMap<String, Result<Value, ResolveError>> {
    let asked: BTreeSet<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| !name.trim().is_empty())
        .collect();
    let (ids, logins): (Vec<&str>, Vec<&str>) = asked.iter().partition(|name| is_id(name));
    let groups: Vec<(By, Vec<&str>)> = [(By::Id, ids), (By::Login, logins)]
        .into_iter()
        .flat_map(|(by, values)| by.groups(&values).into_iter().map(move |each| (by, each)))
        .collect();
    let answers = in_order(&groups, |(by, group)| Box::pin(by.read(reader, group))).await;

    let mut by_name: BTreeMap<String, BTreeMap<String, Arc<Value>>> = BTreeMap::new();
    for user in answers.into_iter().flatten() {
        let id = text(&user, "id").to_owned();
        let login = text(&user["profile"], "login").to_lowercase();
        if id.is_empty() {
            continue;
        }
        let user = Arc::new(user);
        for name in BTreeSet::from([id.to_lowercase(), login]) {
            let same = by_name.entry(name).or_default();
            same.insert(id.clone(), Arc::clone(&user));
        }
    }
    let exactly_one = |name: &&str| {
        let all = by_name.get(&name.to_lowercase())?;
        let fits = all
            .values()
            .filter(|user| super::users::points_back(user, name));
        let fits: Vec<&Arc<Value>> = fits.collect();
        let found = match &fits[..] {
            [] => return None,
            [only] => Ok(Value::clone(only)),
            several => Err(ResolveError::Several {
                who: (*name).to_owned(),
                candidates: several
                    .iter()
                    .map(|user| super::users::candidate(user))
                    .collect(),
            }),
        };
        Some(((*name).to_owned(), found))
    };
    asked.iter().filter_map(exactly_one).collect()
}

/// Whether it looks like an account's id: `00u` and 17 more. A login that does is found by
/// itself.
fn is_id(name: &str) -> bool {
    name.len() == 20 && name.starts_with("00u") && name.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_an_account_is_what_somebody_looks_at() {
        let user = serde_json::json!({
            "id": "00u1", "status": "ACTIVE", "_links": { "self": {} },
            "profile": { "login": "a@b.example", "mobilePhone": "1" },
            "credentials": { "provider": { "type": "OKTA" }, "emails": [] },
        });
        let left = serde_json::json!({
            "id": "00u1", "status": "ACTIVE", "profile": { "login": "a@b.example" },
            "credentials": { "provider": { "type": "OKTA" } },
        });
        assert_eq!(slim(user), left);
        // What is no account stays what it is, and fits nobody.
        for odd in [
            Value::Null,
            "text".into(),
            serde_json::json!({ "profile": 7 }),
        ] {
            assert_eq!(slim(odd.clone()), odd);
        }
    }

    #[test]
    fn everybody_is_in_one_group_and_no_address_grows_too_long() {
        let ids: Vec<String> = (0..1_000).map(|n| format!("00u{n:017}")).collect();
        let odd: Vec<String> = (0..50)
            .map(|n| format!("{n}{}", "é\"/".repeat(60)))
            .collect();
        for (by, names) in [(By::Id, ids), (By::Login, odd)] {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let groups = by.groups(&names);
            assert_eq!(groups.concat(), names);
            assert!(groups.len() < names.len());
            for group in &groups {
                let tests: Vec<String> = group.iter().map(|each| by.test(each)).collect();
                assert!(encoded(&tests.join(" or ")) <= FILTER_MAX);
            }
        }
        // One that is longer by itself is asked for by itself.
        let long = "x".repeat(5_000);
        assert_eq!(By::Login.groups(&["a", &long, "b"]).len(), 3);
    }

    #[test]
    fn a_value_cannot_end_its_quotes() {
        let test = By::Login.test(r#"x" or profile.login eq "y"#);
        assert_eq!(test, r#"profile.login eq "x\" or profile.login eq \"y""#);
    }
}
