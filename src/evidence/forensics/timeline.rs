//! What happened, row by row: events that are one thing to a person are one row.
//!
//! A sign-in is five events, and six opened apps are one visit. Only what one person did from one
//! place in one session is ever put together, and whose it is always agrees.

use std::collections::{BTreeMap, BTreeSet};

use super::Material;
use super::fold::{Row, Step};
use super::seen::Seen;
use super::sentence::Speaker;
use crate::evidence::event::By;
use crate::evidence::investigation::{TokenRow, Whose};

/// Rows kept. An account that does more within days is no person.
const ROWS_MAX: usize = 5_000;

/// The rows, the first first, and how many found no place.
pub(super) fn rows(m: &Material<'_>, tokens: &[TokenRow]) -> (Vec<Row>, usize) {
    let names = tokens
        .iter()
        .map(|row| (row.id.as_str(), row.name.as_str()));
    let speaker = Speaker {
        account: m.account,
        tokens: names.collect(),
    };
    let mut rows: Vec<Row> = Vec::new();
    let mut last: BTreeMap<u8, usize> = BTreeMap::new();
    let mut places = Places::default();
    for seen in m.seen() {
        let moved = places.moved(seen);
        let step = Step::of(seen, &speaker);
        let before = last.get(&order(seen.whose)).copied();
        let added = before.is_some_and(|place| moved.is_empty() && rows[place].take(seen, &step));
        let place = match (added, before) {
            (true, Some(place)) => place,
            _ => {
                rows.push(Row::new(seen, step, moved));
                rows.len() - 1
            }
        };
        rows[place].detected(m.detected.get(seen.id()));
        last.insert(order(seen.whose), place);
    }
    for row in &mut rows {
        row.settle();
    }
    fit(rows)
}

fn order(whose: Whose) -> u8 {
    whose as u8
}

/// Keeps what matters: the intruder's, ours and what is unclear before the rest.
fn fit(mut rows: Vec<Row>) -> (Vec<Row>, usize) {
    let all = rows.len();
    let mut beyond = all.saturating_sub(ROWS_MAX);
    rows.retain(|row| {
        let goes = beyond > 0 && matches!(row.moment.whose, Whose::Own | Whose::Other);
        beyond -= usize::from(goes);
        !goes
    });
    rows.truncate(ROWS_MAX);
    let left_out = all - rows.len();
    (rows, left_out)
}

/// From where each session was seen: its networks, and its browsers.
#[derive(Default)]
struct Places {
    sessions: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>,
}

/// Answers of a phone in whose hand the person may be; they come from where the phone is.
const ANSWERS: &[&str] = &[
    "user.authentication.auth_via_mfa",
    "user.mfa.factor.activate",
];

impl Places {
    /// What is new about where the session is used from; empty at its first event.
    fn moved(&mut self, seen: Seen<'_>) -> &'static str {
        let session = seen.session();
        if session.is_empty() || !seen.token().is_empty() || ANSWERS.contains(&seen.kind()) {
            return "";
        }
        let is_first = !self.sessions.contains_key(&session);
        let (networks, agents) = self.sessions.entry(session).or_default();
        let new = |known: &mut BTreeSet<String>, value: Option<String>| {
            let had = !known.is_empty();
            value.is_some_and(|value| known.insert(value)) && had
        };
        let network = new(networks, seen.event.key(By::Asn));
        let agent = new(agents, seen.agent().map(str::to_owned));
        match (is_first, network, agent) {
            (false, true, true) => "same session, other network and browser",
            (false, true, false) => "same session, other network",
            (false, false, true) => "same session, other browser",
            _ => "",
        }
    }
}
