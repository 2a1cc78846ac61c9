//! Events from a file: one pass that keeps what an investigation needs of it.
//!
//! An account is found by its login where a file names it, and known by its id from there on. A
//! file may hold the whole org, in any order, so that what needs another event to be understood
//! is kept and sorted out later.

use std::collections::BTreeMap;

use super::InvestigateError;
use super::bag::{Bag, is_about, is_support};
use super::only::Only;
use crate::evidence::inquiry::Account;
use crate::evidence::{By, Event, Line, Saved};
use crate::model::{UserId, Utc, count};

/// Lines that are no events and are told one by one.
const TOLD_MAX: usize = 5;

/// What a file held.
#[derive(Default)]
pub(super) struct FromFile {
    pub(super) bag: Bag,
    /// An account for each that was named, in the same order.
    pub(super) accounts: Vec<Account>,
    pub(super) odd_lines: usize,
    pub(super) missing: Vec<String>,
}

/// Reads the file. Without `who`, the accounts are those that `only` is about, and the file is
/// read twice.
///
/// # Errors
/// [`InvestigateError`], if it cannot be read, or names nobody that is asked for.
pub(super) fn read(
    file: &str,
    who: &[String],
    since: Option<Utc>,
    until: Option<Utc>,
    only: Option<&Only>,
) -> Result<FromFile, InvestigateError> {
    let named = match (who, only) {
        ([], Some(only)) => people(file, only)?,
        _ => who.to_vec(),
    };
    let mut found = FromFile::default();
    let mut people: Vec<Person> = named.into_iter().map(Person::new).collect();
    for line in Saved::open(file)? {
        match line {
            Line::Event(event) => {
                let seen = Event(&event);
                let inside = seen.published().is_none_or(|at| {
                    since.is_none_or(|since| at >= since) && until.is_none_or(|until| at <= until)
                });
                let mut wanted = is_support(seen) || seen.key(By::Token).is_some();
                for person in &mut people {
                    wanted |= person.knows(seen);
                }
                wanted |= only.is_some_and(|only| only.begins(seen));
                if inside && wanted && !found.bag.add(event) {
                    found.bag.copies += 1;
                }
            }
            Line::Odd { number, why } => {
                found.odd_lines += 1;
                if found.odd_lines <= TOLD_MAX {
                    found
                        .missing
                        .push(format!("line {number} {why}: passed over"));
                }
            }
            Line::Cut { number, why } => found.missing.push(format!(
                "the file breaks off in line {number} ({why}): what comes after is lost"
            )),
        }
    }
    if found.odd_lines > TOLD_MAX {
        let all = count(found.odd_lines, "line");
        found.missing.push(format!("{all} passed over in all"));
    }
    found.bag.sort();
    for person in people {
        found.accounts.push(person.account(&found.bag, file)?);
    }
    Ok(found)
}

/// Whose accounts something is about.
fn people(file: &str, only: &Only) -> Result<Vec<String>, InvestigateError> {
    if file == "-" {
        return Err(InvestigateError::Twice);
    }
    let begins = Saved::open(file)?.filter_map(|line| match line {
        Line::Event(event) if only.begins(Event(&event)) => Some(event),
        _ => None,
    });
    let begins: Vec<serde_json::Value> = begins.take(1_000).collect();
    let events: Vec<Event<'_>> = begins.iter().map(Event).collect();
    let people = only.people(&events);
    if people.is_empty() {
        return Err(InvestigateError::NoSuch {
            what: only.says(),
            place: file.to_owned(),
        });
    }
    Ok(people)
}

/// Somebody who was named, as far as the file tells who he is.
struct Person {
    /// A login or an id.
    named: String,
    /// Ids that the login was seen with, and logins that the id was, by how often.
    ids: BTreeMap<String, usize>,
    logins: BTreeMap<String, usize>,
}

impl Person {
    fn new(named: String) -> Self {
        Self {
            named,
            ids: BTreeMap::new(),
            logins: BTreeMap::new(),
        }
    }

    /// Whether the event is about him; learns his id and login from it.
    fn knows(&mut self, event: Event<'_>) -> bool {
        let targets = event.0["target"].as_array().into_iter().flatten();
        let mut his = false;
        for part in std::iter::once(&event.0["actor"]).chain(targets) {
            let id = part["id"].as_str().unwrap_or_default();
            let login = part["alternateId"].as_str().unwrap_or_default();
            let by_name = id == self.named || login.eq_ignore_ascii_case(&self.named);
            if by_name && part["type"].as_str().is_none_or(|kind| kind == "User") {
                if !id.is_empty() {
                    *self.ids.entry(id.to_owned()).or_default() += 1;
                }
                if !login.is_empty() {
                    *self.logins.entry(login.to_owned()).or_default() += 1;
                }
            }
            his |= by_name || (!id.is_empty() && self.ids.contains_key(id));
        }
        his
    }

    /// Who he is: the id that goes with his login most often.
    fn account(self, bag: &Bag, file: &str) -> Result<Account, InvestigateError> {
        let most = |names: &BTreeMap<String, usize>| {
            let most = names.iter().max_by_key(|(_, times)| **times);
            most.map(|(name, _)| name.clone())
        };
        let id = most(&self.ids).unwrap_or_default();
        let account = Account {
            login: most(&self.logins).unwrap_or_else(|| self.named.clone()),
            id: UserId::new(id),
        };
        if bag.all().any(|event| is_about(event, &account)) {
            return Ok(account);
        }
        Err(InvestigateError::Nobody {
            who: self.named,
            file: file.to_owned(),
        })
    }
}
