//! Whose event is whose: whether somebody else is in an account, since when, and by which
//! sessions, addresses, browsers and tokens.
//!
//! Takes events that were read, each once; returns an [`Intruder`] with the events that say so, and
//! for every event whose it is. Reads nothing itself, and believes no alert: what an alert names
//! is only where to look ([`Hints`]).
//!
//! A session is the intruder's if what opened it looks bad (`sessions`), or if the alert or the
//! person's own report names it; from there it goes on by root session, by browser and by address
//! to other sessions of the account. A session that the person opened and somebody else went on
//! with is the intruder's only from the place that it went on from. The answer to a push comes
//! from the person's own phone: it belongs to the session, and its address to the person.
//!
//! Confirmed is what cannot come from having two devices: a session in two places at once, a
//! report by the person, or two different signs in what hangs together. Source of the rules: Okta
//! API, LogEvent, and the published detections that the rules in `config/detections` name.

mod asks;
mod marks;
mod planted;
mod seize;
mod sessions;

use crate::model::{Confirmation, Intruder, Sign, UserId, Witness};

use self::marks::Marks;
pub use self::marks::is_ours;
use self::seize::Seizure;
use super::Event;
use super::investigation::Whose;

/// Whose account is looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The directory's id of it.
    pub id: UserId,
    /// Its login, for people.
    pub login: String,
}

/// Where to look, and who we are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// Ids of events that an alert names.
    pub events: Vec<String>,
    /// Sessions that an alert or a person names.
    pub sessions: Vec<String>,
    /// API tokens that an alert or a person names.
    pub tokens: Vec<String>,
    /// Ids of clients that are ours alone.
    pub our_clients: Vec<String>,
    /// The account that our API token belongs to; its acts are ours with our user agent alone.
    pub our_account: Option<String>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Who is in there.
    pub intruder: Intruder,
    /// For each event given, in the same order, whose doing it is.
    pub whose: Vec<Whose>,
}

/// Looks into one account. `events` are all that is known of it: what it did and had done to it,
/// what was done with API tokens it made, and the life of support access; sorted by `published`.
#[must_use]
pub fn inquire(account: &Account, events: &[Event<'_>], hints: &Hints) -> Found {
    let id = account.id.as_str();
    let sessions = sessions::of(id, events);
    let seizure = Seizure::of(id, &sessions, events, hints);
    let answer = answer(&seizure);
    if answer == Confirmation::NotConfirmed {
        return nobody(account, events, hints, seizure.signs);
    }
    let marks = Marks::of(id, events, hints, seizure);
    let mut found = marks.found(account, events);
    found.intruder.answer = answer;
    if answer != Confirmation::Confirmed {
        // Nobody says that these are his: they are what a person should look at.
        for whose in found
            .whose
            .iter_mut()
            .filter(|whose| **whose == Whose::Intruder)
        {
            *whose = Whose::Unclear;
        }
        found.intruder.planted.clear();
    }
    found
}

fn nobody(account: &Account, events: &[Event<'_>], hints: &Hints, because: Vec<Witness>) -> Found {
    Found {
        intruder: Intruder {
            subject: Some(account.id.clone()),
            answer: Confirmation::NotConfirmed,
            because,
            log_read_until: events.iter().filter_map(|event| event.published()).max(),
            ..Intruder::default()
        },
        whose: marks::without(account.id.as_str(), events, hints),
    }
}

/// What the signs together say.
fn answer(seizure: &Seizure) -> Confirmation {
    let has = |sign: Sign| seizure.signs.iter().any(|each| each.sign == sign);
    let hard = [
        Sign::SplitSession,
        Sign::NewProxy,
        Sign::Suspected,
        Sign::Alerted,
    ];
    let hard = hard.into_iter().filter(|sign| has(*sign)).count();
    let kinds = hard + usize::from(has(Sign::Persistence));
    if seizure.is_sure || has(Sign::Reported) || (hard > 0 && kinds > 1) {
        Confirmation::Confirmed
    } else if hard > 0 {
        Confirmation::Undecided
    } else {
        Confirmation::NotConfirmed
    }
}

#[cfg(test)]
mod tests;
