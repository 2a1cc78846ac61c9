//! Who of those that were looked into is who in the case, and how sure the log is of it.
//!
//! Pure. The parts are those that the rule gives to actor and target; what the log confirms of an
//! account outweighs them: whoever was acted as and has an intruder in his account is compromised.

use std::collections::BTreeMap;

use crate::config::RuleRow;
use crate::engine::{Looked, Seen};
use crate::model::{Confirmation, Intruder, Part, Role, Subject, name_key};

/// One account of the case.
pub(super) struct Person {
    pub(super) subject: Subject,
    pub(super) role: Role,
    /// Whether there is something to do for him, the alert's word taken for it.
    pub(super) told: Confirmation,
    /// The same by the log alone.
    pub(super) alone: Confirmation,
    /// What was found: with the alert's word and without.
    with_alert: Intruder,
    by_itself: Intruder,
    /// Whether the alert named him.
    pub(super) is_named: bool,
    /// What the log says of him, in a sentence.
    pub(super) says: String,
}

impl Person {
    /// When the intruder was last seen in his account.
    pub(super) fn last(&self) -> Option<crate::model::Utc> {
        self.with_alert.last
    }
}

/// All accounts of an alert.
pub(super) struct People(pub(super) Vec<Person>);

impl People {
    /// By the rule's parts and by what was found.
    pub(super) fn of(looked: Looked, rule: &RuleRow) -> Self {
        let each = looked.accounts.into_iter();
        Self(each.map(|seen| person(seen, rule)).collect())
    }

    /// How sure the log is of anybody.
    pub(super) fn answer(&self) -> Confirmation {
        let each = self
            .0
            .iter()
            .filter(|who| who.is_named || is_sure(who.told));
        strongest(each.map(|who| who.told))
    }

    /// Those that a person is asked about.
    pub(super) fn to_propose(&self) -> Vec<&Person> {
        let open = |who: &&Person| match who.told {
            Confirmation::Confirmed => true,
            Confirmation::Undecided => who.is_named,
            Confirmation::NotConfirmed => false,
        };
        self.0.iter().filter(open).collect()
    }

    /// Those that a rule may agree to contain; nobody, if the log by itself is sure of none.
    pub(super) fn to_contain(&self) -> Vec<&Person> {
        if !self.0.iter().any(|who| is_sure(who.alone)) {
            return Vec::new();
        }
        let acted_as = |who: &Person| who.role == Role::Impersonated && is_open(who.alone);
        let each = self.0.iter();
        each.filter(|who| is_sure(who.alone) || acted_as(who))
            .collect()
    }

    /// What the log says of each of them.
    pub(super) fn says(&self) -> String {
        let each = self
            .0
            .iter()
            .filter(|who| who.is_named || is_open(who.told));
        let each: Vec<&str> = each.map(|who| who.says.as_str()).collect();
        each.join("; ")
    }
}

/// What a plan is made of.
pub(super) struct Chosen {
    pub(super) who: Vec<String>,
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) found: Vec<Intruder>,
}

impl Chosen {
    /// With the alert's word, or by what the log says alone.
    pub(super) fn of(people: &[&Person], alone: bool) -> Self {
        let id = |who: &&Person| who.subject.id.to_string();
        let found = |who: &&Person| match alone {
            true => who.by_itself.clone(),
            false => who.with_alert.clone(),
        };
        Self {
            who: people.iter().map(id).collect(),
            roles: people
                .iter()
                .map(|who| (name_key(&id(who)), who.role))
                .collect(),
            found: people.iter().map(found).collect(),
        }
    }
}

fn person(seen: Seen, rule: &RuleRow) -> Person {
    let given = match seen.part {
        Part::Actor => rule.actor,
        Part::Target => rule.target,
        Part::Unknown if rule.has_roles() && seen.granted => Some(Role::Granter),
        Part::Unknown => None,
    };
    let role = match given.unwrap_or_default() {
        // Somebody else is in his account, whatever else happened to him.
        Role::Impersonated if is_sure(seen.told.answer) && seen.granted => Role::Granter,
        Role::Impersonated if is_sure(seen.told.answer) => Role::Compromised,
        role => role,
    };
    let (acted_as, granted) = (seen.acted_as, seen.granted);
    let sure = |intruder: &Intruder| match (intruder.answer, role) {
        // Support access is somebody's work on most days: the log does not tell whether it was meant.
        (Confirmation::NotConfirmed, Role::Impersonated) if acted_as => Confirmation::Undecided,
        (Confirmation::NotConfirmed, Role::Granter) if granted => Confirmation::Undecided,
        (answer, _) => answer,
    };
    let (told, alone) = (sure(&seen.told), sure(&seen.alone));
    let says = says(&seen, told, role);
    Person {
        role,
        told,
        alone,
        with_alert: seen.told,
        by_itself: seen.alone,
        is_named: seen.is_named,
        says,
        subject: seen.subject,
    }
}

fn says(seen: &Seen, told: Confirmation, role: Role) -> String {
    let login = &seen.subject.login;
    let unread = seen.told.unread.as_ref();
    let unread = unread.map_or_else(String::new, |why| {
        format!(" (the log was read in part: {why})")
    });
    match (told, seen.told.start) {
        (Confirmation::Confirmed, Some(start)) => {
            format!("the log shows somebody else in {login}'s account from {start}{unread}")
        }
        (Confirmation::Confirmed, None) => {
            format!("the log shows somebody else in {login}'s account{unread}")
        }
        (Confirmation::Undecided, _) if role == Role::Impersonated && seen.acted_as => {
            format!("somebody signed in as {login} by support access{unread}")
        }
        (Confirmation::Undecided, _) if role == Role::Granter && seen.granted => {
            format!("{login} gave support access{unread}")
        }
        (Confirmation::Undecided, _) => {
            format!("the log does not settle whether somebody else is in {login}'s account{unread}")
        }
        (Confirmation::NotConfirmed, _) => {
            format!("the log shows nobody else in {login}'s account")
        }
    }
}

pub(super) fn is_sure(answer: Confirmation) -> bool {
    answer == Confirmation::Confirmed
}

fn is_open(answer: Confirmation) -> bool {
    answer != Confirmation::NotConfirmed
}

fn strongest(answers: impl Iterator<Item = Confirmation>) -> Confirmation {
    answers.fold(Confirmation::NotConfirmed, |most, one| match (most, one) {
        (Confirmation::Confirmed, _) | (_, Confirmation::Confirmed) => Confirmation::Confirmed,
        (Confirmation::Undecided, _) | (_, Confirmation::Undecided) => Confirmation::Undecided,
        (Confirmation::NotConfirmed, Confirmation::NotConfirmed) => Confirmation::NotConfirmed,
    })
}
