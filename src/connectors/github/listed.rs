//! Fine-grained tokens of many owners in one list, and what it means not to be in it.
//!
//! Few organisations have more than a page of them: a crowd is told by one list of all, ten subjects
//! at a time. Where there are more, the list is filtered by ten owners. Nobody filters it here, so
//! that whether all ten were heeded is seen by its rows: an owner who is not the first of those that
//! were named, and one who is not the last. Until both were seen, who is not in a filtered list is
//! asked about alone; so is everybody where a list goes on, was refused, or tells of somebody who was
//! not asked about. A list that goes on is not read on: what is revoked meanwhile moves its pages, and
//! a row slips through between two of them. Source: `github.json` (`owner`: at most ten).

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::GitHub;
use super::accounts::Account;
use super::fine_grained::grants;
use crate::connectors::kit::{Crowd, Gather, MOMENT, Refused, Told, lane_of};
use crate::transport::{Path, Read, Reader};

/// Owners in one list at most. Source: `github.json`.
pub(super) const OWNERS_MAX: usize = 10;

/// Rows of one page at most.
const PER_PAGE: &str = "100";

/// Whose tokens are asked for within a moment.
pub(super) struct Granted {
    crowd: Crowd,
    owners: Gather<Account, Option<Vec<Value>>>,
    /// All tokens of the organisation do not go on one page.
    is_long: AtomicBool,
    filter: Filter,
}

impl Default for Granted {
    fn default() -> Self {
        Self {
            crowd: Crowd::default(),
            owners: Gather::new(MOMENT, OWNERS_MAX),
            is_long: AtomicBool::default(),
            filter: Filter::default(),
        }
    }
}

/// What lists have shown of the filter by several owners.
#[derive(Default)]
struct Filter {
    /// Somebody who was not named first.
    beyond_first: AtomicBool,
    /// Somebody who was not named last.
    before_last: AtomicBool,
}

/// The grants of an account, in a crowd; `None` if he is to be asked about alone.
pub(super) async fn of_many(
    github: &GitHub,
    reader: &Reader,
    account: &Account,
) -> Option<Vec<Value>> {
    let granted = &github.granted;
    if !granted
        .crowd
        .is_about(reader.clock().elapsed(), Some(&account.id))
    {
        return None;
    }
    let send = async |owners| granted.list(github, reader, owners).await;
    let (lane, owner) = (lane_of(reader), account.clone());
    match granted.owners.ask(reader.clock(), &lane, owner, send).await {
        Told::Answer(his) => his,
        Told::Alone | Told::Unknown => None,
    }
}

/// Those of an account among others.
pub(super) fn his(all: &[Value], account: &Account) -> Vec<Value> {
    let is_his = |grant: &&Value| owner(grant).is_some_and(|owner| owner == account.id);
    all.iter().filter(is_his).cloned().collect()
}

fn owner(grant: &Value) -> Option<String> {
    Some(grant["owner"]["id"].as_u64()?.to_string())
}

impl Granted {
    async fn list(
        &self,
        github: &GitHub,
        reader: &Reader,
        owners: Vec<Account>,
    ) -> Result<Vec<Option<Vec<Value>>>, Refused> {
        if owners.len() == 1 {
            return Err(Refused);
        }
        if !self.is_long.load(Ordering::Relaxed) {
            if let Some(all) = page(reader, grants(github)).await? {
                let each = owners.iter().map(|account| Some(his(&all, account)));
                return Ok(each.collect());
            }
            self.is_long.store(true, Ordering::Relaxed);
        }
        let of_those = owners.iter().fold(grants(github), |path, account| {
            path.query("owner[]", account.login.as_str())
        });
        let all = page(reader, of_those).await?.ok_or(Refused)?;
        self.filter.shows(&all, &owners)?;
        let is_heeded = self.filter.is_heeded();
        let told = |account| Some(his(&all, account)).filter(|his| is_heeded || !his.is_empty());
        Ok(owners.iter().map(told).collect())
    }
}

impl Filter {
    /// Learns from a list that was filtered by these owners.
    fn shows(&self, all: &[Value], owners: &[Account]) -> Result<(), Refused> {
        for grant in all {
            let named = owners
                .iter()
                .position(|account| owner(grant).as_ref() == Some(&account.id));
            let place = named.ok_or(Refused)?;
            if place > 0 {
                self.beyond_first.store(true, Ordering::Relaxed);
            }
            if place + 1 < owners.len() {
                self.before_last.store(true, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    fn is_heeded(&self) -> bool {
        self.beyond_first.load(Ordering::Relaxed) && self.before_last.load(Ordering::Relaxed)
    }
}

/// The rows of a list that ends with its first page; `None` if it goes on.
async fn page(reader: &Reader, path: Path) -> Result<Option<Vec<Value>>, Refused> {
    let read = Read::get(path.query("per_page", PER_PAGE));
    let answer = reader.send(&read).await.map_err(|_| Refused)?;
    if !answer.is_good() {
        return Err(Refused);
    }
    if answer.next_link().is_some() {
        return Ok(None);
    }
    let rows = answer.json.as_array().map(Vec::as_slice).ok_or(Refused)?;
    match rows.iter().all(|grant| owner(grant).is_some()) {
        true => Ok(Some(rows.to_vec())),
        false => Err(Refused),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn accounts() -> Vec<Account> {
        let account = |id: u64| Account {
            id: id.to_string(),
            login: format!("login-{id}"),
        };
        (1..=3).map(account).collect()
    }

    fn of(owner: u64) -> Value {
        json!({ "id": 70 + owner, "owner": { "id": owner } })
    }

    #[test]
    fn a_filter_is_believed_when_neither_the_first_nor_the_last_alone_can_have_been_heeded() {
        let filter = Filter::default();
        assert!(filter.shows(&[], &accounts()).is_ok());
        assert!(filter.shows(&[of(1), of(1)], &accounts()).is_ok());
        assert!(!filter.is_heeded(), "perhaps only the first was");
        assert!(filter.shows(&[of(3)], &accounts()).is_ok());
        assert!(filter.is_heeded());

        let filter = Filter::default();
        assert!(filter.shows(&[of(2)], &accounts()).is_ok());
        assert!(filter.is_heeded());
        assert_eq!(filter.shows(&[of(2), of(9)], &accounts()), Err(Refused));
    }
}
