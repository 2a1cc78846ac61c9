//! Factors: enrolled, removed, changed, there now.
//!
//! Classic Engine's events name no factor's id, only its kind. So an enrolment is joined with a
//! factor by the id where one is told, else by kind and by time: the two are made within minutes.
//! What a deletion by the window takes is asked of whoever deletes, and not worked out here.

use std::time::Duration;

use super::Material;
use super::factor_kind::{ALL, FactorKind};
use super::seen::Seen;
use crate::evidence::holdings::HeldFactor;
use crate::evidence::investigation::{FactorFate, FactorRow, Now, Told, Whose};
use crate::model::{Utc, Window};

const ENROLLED: &[&str] = &["user.mfa.factor.activate", "credential.register"];

const REMOVED: &[&str] = &[
    "user.mfa.factor.deactivate",
    "user.mfa.factor.reset_all",
    "credential.revoke",
];

/// A runbook's name for the third is not in the catalogue; some tools write it all the same.
const CHANGED: &[&str] = &[
    "user.mfa.factor.update",
    "user.mfa.factor.suspend",
    "user.mfa.factor.unsuspend",
    "user.mfa.factor.update_phone",
];

/// An event and the factor's own date lie as close to each other as this.
const TOGETHER: Duration = Duration::from_secs(5 * 60);

/// Changes nearer to the enrolment than this are part of it.
const SAME: Duration = Duration::from_secs(60);

/// The factors, those that the log tells of first by their time, then the older ones.
pub(super) fn rows(m: &Material<'_>, window: Option<Window>) -> Vec<FactorRow> {
    let mut open: Vec<Deed<'_>> = m
        .seen()
        .filter(|seen| seen.is_to(m.account))
        .filter_map(Deed::of)
        .collect();
    let held = m.holdings.and_then(|holdings| holdings.factors.as_deref());
    let mut rows: Vec<FactorRow> = held
        .unwrap_or_default()
        .iter()
        .map(|factor| of_held(factor, &mut open, window))
        .collect();
    for deed in open {
        of_log(deed, held.is_some(), &mut rows);
    }
    rows.sort_by_key(|row| (first(row).is_none(), first(row)));
    rows
}

/// What an event did to a factor.
struct Deed<'e> {
    seen: Seen<'e>,
    what: What,
    kind: FactorKind,
    id: &'e str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Enrolled,
    Changed,
    Removed,
}

impl<'e> Deed<'e> {
    fn of(seen: Seen<'e>) -> Option<Self> {
        let what = if seen.did(ENROLLED) {
            What::Enrolled
        } else if seen.did(REMOVED) {
            What::Removed
        } else if seen.did(CHANGED) {
            What::Changed
        } else {
            return None;
        };
        Some(Self {
            seen,
            what,
            kind: kind(seen),
            id: seen.thing("AuthenticatorEnrollment").unwrap_or_default().id,
        })
    }
}

/// Which kind of factor an event is about, as far as it says.
pub(super) fn kind(seen: Seen<'_>) -> FactorKind {
    if seen.kind() == "user.mfa.factor.reset_all" {
        return FactorKind {
            key: String::new(),
            name: ALL.into(),
            recovers: true,
        };
    }
    let said = ["factor", "factorType"]
        .into_iter()
        .find_map(|name| seen.debug(name));
    let enrolment = seen
        .thing("AuthenticatorEnrollment")
        .map(|thing| thing.name);
    FactorKind::in_reason(seen.reason())
        .or_else(|| Some(FactorKind::of(said?, "")))
        .or_else(|| {
            Some(FactorKind::of(
                enrolment.filter(|name| !name.is_empty())?,
                "",
            ))
        })
        .unwrap_or_else(|| FactorKind {
            key: String::new(),
            name: "a factor".into(),
            recovers: false,
        })
}

fn of_held(factor: &HeldFactor, open: &mut Vec<Deed<'_>>, window: Option<Window>) -> FactorRow {
    let kind = FactorKind::of(&factor.kind, &factor.provider);
    let enrolled = take(open, What::Enrolled, factor, &kind, factor.created);
    let changed_at = factor.changed.filter(|at| {
        let created = factor.created;
        created.is_none_or(|created| at.since(created) > SAME)
    });
    let changed = take(open, What::Changed, factor, &kind, changed_at);
    let in_window = |at: Option<Utc>| {
        at.zip(window)
            .is_some_and(|(at, window)| window.contains(at))
    };
    let whose = match (&enrolled, &changed) {
        (Some(deed), _) => deed.seen.whose,
        (None, Some(deed)) => deed.seen.whose,
        _ if in_window(factor.created) || in_window(changed_at) => Whose::Unclear,
        _ => Whose::Own,
    };
    FactorRow {
        id: Some(factor.id.clone()),
        kind: kind.name,
        name: factor.name.clone(),
        whose,
        enrolled: told(enrolled, factor.created),
        changed: told(changed, changed_at),
        removed: None,
        now: Now::There,
        would: factor.fate,
    }
}

/// The event, else the factor's own date.
fn told(deed: Option<Deed<'_>>, at: Option<Utc>) -> Option<Told> {
    match deed {
        Some(deed) => Some(deed.seen.told()),
        None => at.map(|at| Told {
            at: Some(at),
            ..Told::default()
        }),
    }
}

/// Takes the event that did this to this factor: by its id, else the nearest of its kind.
fn take<'e>(
    open: &mut Vec<Deed<'e>>,
    what: What,
    factor: &HeldFactor,
    kind: &FactorKind,
    at: Option<Utc>,
) -> Option<Deed<'e>> {
    let named = |deed: &Deed<'_>| deed.what == what && deed.id == factor.id;
    if let Some(place) = open.iter().rposition(named) {
        return Some(open.remove(place));
    }
    let apart = |deed: &Deed<'_>| {
        let (at, seen) = (at?, deed.seen.at?);
        Some(at.since(seen).max(seen.since(at)))
    };
    let alike = |deed: &Deed<'_>| {
        let no_id = deed.id.is_empty() || !factor.id.starts_with(prefix(deed.id));
        deed.what == what && no_id && deed.kind.key == kind.key
    };
    let near = open
        .iter()
        .enumerate()
        .filter(|(_, deed)| alike(deed))
        .filter_map(|(place, deed)| Some((apart(deed)?, place)))
        .filter(|(apart, _)| *apart <= TOGETHER)
        .min()?;
    Some(open.remove(near.1))
}

/// Ids of one sort begin alike: an event that names another factor is not about this one.
fn prefix(id: &str) -> &str {
    id.get(..3).unwrap_or(id)
}

/// A deed of which no factor is left to see.
fn of_log(deed: Deed<'_>, is_read: bool, rows: &mut Vec<FactorRow>) {
    let told = deed.seen.told();
    let unknown = if is_read { Now::Gone } else { Now::Unread };
    let row = FactorRow {
        id: Some(deed.id.to_owned()).filter(|id| !id.is_empty()),
        kind: deed.kind.name.clone(),
        name: String::new(),
        whose: deed.seen.whose,
        enrolled: None,
        changed: None,
        removed: None,
        now: unknown,
        would: if is_read {
            FactorFate::Nothing
        } else {
            FactorFate::Unknown
        },
    };
    match deed.what {
        What::Enrolled => rows.push(FactorRow {
            enrolled: Some(told),
            ..row
        }),
        What::Changed => rows.push(FactorRow {
            changed: Some(told),
            ..row
        }),
        What::Removed => {
            // One that the log saw come is the one that goes.
            let came = rows.iter_mut().rfind(|other| {
                let same = match (&other.id, &row.id) {
                    (Some(other), Some(this)) => other == this,
                    _ => other.kind == row.kind,
                };
                other.removed.is_none() && other.now != Now::There && same
            });
            match came {
                Some(came) => {
                    came.removed = Some(told);
                    came.now = Now::Gone;
                    came.would = FactorFate::Nothing;
                }
                None => rows.push(FactorRow {
                    removed: Some(told),
                    now: Now::Gone,
                    would: FactorFate::Nothing,
                    ..row
                }),
            }
        }
    }
}

fn first(row: &FactorRow) -> Option<Utc> {
    let all = [&row.enrolled, &row.changed, &row.removed];
    all.into_iter().flatten().find_map(|told| told.at)
}
