//! The request table: every request that a connector can send, one row each.
//!
//! A story's journal is held against the table of its vendor: a request without a row fails it,
//! and so does a row that no story sent. The rows are written from the vendors' references, not
//! from the code. A new request needs its row with its source.

mod aws;
pub(crate) mod github;
pub(crate) mod google;
mod gtr;
mod m365;
mod okta;
pub(crate) mod salesforce;
mod slack;

use std::collections::BTreeSet;

use oust_mocks::Entry;
use serde_json::Value;

/// One request.
pub(crate) struct Row {
    pub(crate) method: &'static str,
    /// `{}` stands for one outside value.
    pub(crate) path: &'static str,
    /// Query keys, sorted.
    pub(crate) query: &'static [&'static str],
    /// Keys of the JSON body, sorted; empty for none.
    pub(crate) body: &'static [&'static str],
    /// Statuses that say yes.
    pub(crate) good: &'static [u16],
    /// Where it stands.
    pub(crate) source: &'static str,
}

impl Row {
    fn is(&self, entry: &Entry) -> bool {
        self.method == entry.method
            && same_path(self.path, &entry.path)
            && keys_of_query(&entry.query) == self.query
            && keys_of_body(&entry.body) == self.body
    }
}

/// Every row of `table` that `entries` sent; panics at a request that no row describes.
pub(crate) fn sent<'a>(table: &[Row], entries: impl Iterator<Item = &'a Entry>) -> BTreeSet<usize> {
    let mut sent = BTreeSet::new();
    for entry in entries {
        let row = table.iter().position(|row| row.is(entry));
        let row = row.unwrap_or_else(|| {
            panic!(
                "no row for {} {} {:?} {:?} at {}",
                entry.method,
                entry.path,
                keys_of_query(&entry.query),
                keys_of_body(&entry.body),
                entry.system
            )
        });
        let Row { good, source, .. } = &table[row];
        assert!(!source.is_empty());
        let says_yes = (200..300).contains(&entry.status);
        assert!(
            !says_yes || good.contains(&entry.status),
            "{} is no success of {} {}",
            entry.status,
            entry.method,
            entry.path
        );
        sent.insert(row);
    }
    sent
}

/// Panics if a row was sent by nobody.
pub(crate) fn all_sent(table: &[Row], sent: &BTreeSet<usize>) {
    let missing: Vec<String> = table
        .iter()
        .enumerate()
        .filter(|(place, _)| !sent.contains(place))
        .map(|(_, row)| format!("{} {}", row.method, row.path))
        .collect();
    assert!(missing.is_empty(), "rows that no story sends: {missing:?}");
}

fn same_path(template: &str, path: &str) -> bool {
    let (wanted, is): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    wanted.len() == is.len()
        && wanted
            .iter()
            .zip(is)
            .all(|(wanted, is)| *wanted == "{}" || *wanted == is)
}

fn keys_of_query(query: &str) -> Vec<String> {
    let mut keys: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split('=').next().unwrap_or_default().to_owned())
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

fn keys_of_body(body: &str) -> Vec<String> {
    let body: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let object = body.as_object();
    let mut keys: Vec<String> = object.map_or_else(Vec::new, |all| all.keys().cloned().collect());
    keys.sort();
    keys
}
