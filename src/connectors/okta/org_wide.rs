//! What is changed for the whole org is changed once, however many subjects a case has.
//!
//! A step asks for every subject by himself, at times for one alone, and never says in which
//! order. So that all come to the same answer, the change belongs to the one with the smallest id
//! among those who justify it. Only subjects of the same role are compared: a step may not be for
//! the others. Known gap: where `when:` leaves out that one and not his like, nobody carries it.

use crate::connector::Planned;
use crate::model::{Case, Skip, Subject};

/// Whether `who` carries a change of the whole org that all of `justify` would justify; else who
/// does.
pub(super) fn carries<'c>(
    case: &'c Case,
    who: &Subject,
    justifies: impl Fn(&Subject) -> bool,
) -> Result<(), &'c Subject> {
    let alike = case.subjects.iter().filter(|each| each.role == who.role);
    match alike
        .filter(|each| justifies(each))
        .min_by_key(|each| &each.id)
    {
        Some(first) if first.id != who.id => Err(first),
        _ => Ok(()),
    }
}

/// The row of everybody else.
pub(super) fn left_to(who: &Subject) -> Planned {
    Planned::skipped(Skip::NothingSelected {
        why: format!("it is for the whole org: done once, with {}", who.login),
    })
}
