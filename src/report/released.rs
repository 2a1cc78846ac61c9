//! What a release says beside its verdict: what stays as it is, and what people do by hand.
//!
//! One place for plan screen, result, page and ticket. Nothing here may read as containment.

use crate::model::{LeftAlone, LeftWhy, Plan, SystemId, UserId};

/// What stays, in one line of its kind.
pub(super) struct Stays {
    /// Whose.
    pub(super) subject: UserId,
    /// Where: the systems, in the order they were changed.
    pub(super) systems: Vec<SystemId>,
    /// What and why, in a sentence.
    pub(super) text: String,
    /// Whether somebody has to do something about it.
    pub(super) by_hand: bool,
}

impl Stays {
    /// Where, for people.
    pub(super) fn place(&self) -> String {
        let names: Vec<&str> = self.systems.iter().map(SystemId::as_str).collect();
        names.join(", ")
    }
}

/// Everything that stays: what a person does again in the same way is one line.
pub(super) fn stays(plan: &Plan) -> Vec<Stays> {
    let mut lines: Vec<(&LeftAlone, Vec<SystemId>, Vec<&str>)> = Vec::new();
    for left in &plan.left_alone {
        let same = |(first, ..): &&mut (&LeftAlone, _, _)| {
            first.subject == left.subject && first.why == left.why
        };
        match lines.iter_mut().find(same) {
            Some((_, systems, whats)) => {
                if !systems.contains(&left.system) {
                    systems.push(left.system.clone());
                }
                if !whats.contains(&&*left.what) {
                    whats.push(&left.what);
                }
            }
            None => lines.push((left, vec![left.system.clone()], vec![&left.what])),
        }
    }
    let line = |(first, systems, whats): (&LeftAlone, Vec<SystemId>, Vec<&str>)| Stays {
        subject: first.subject.clone(),
        text: text(&first.why, &whats),
        by_hand: first.is_by_hand(),
        systems,
    };
    lines.into_iter().map(line).collect()
}

fn text(why: &LeftWhy, whats: &[&str]) -> String {
    const NAMED_MAX: usize = 6;
    let named = whats
        .iter()
        .take(NAMED_MAX)
        .copied()
        .collect::<Vec<_>>()
        .join("; ");
    let whats = match whats.len().saturating_sub(NAMED_MAX) {
        0 => named,
        more => format!("{named}; and {more} more"),
    };
    match why {
        LeftWhy::Changed { seen } => format!("changed by somebody since: {whats} ({seen})"),
        LeftWhy::Planted => format!(
            "made or chosen while the intruder was in: {whats}; if it is his own, give it back by \
             hand"
        ),
        LeftWhy::NotOurs => format!("was so before: {whats}"),
        LeftWhy::Never { why } => format!("{why}: {whats}"),
        LeftWhy::PersonRedoes { how } => format!("he {how}: {whats}"),
        LeftWhy::GivenBack { by } => format!("given back by {by}: {whats}"),
    }
}
