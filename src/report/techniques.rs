//! What a run answered and what it did about it, by public ids: a table for whoever reports to
//! others in ATT&CK and D3FEND.
//!
//! Only of steps that a system said yes to: what was merely planned answered nothing.

use std::collections::BTreeMap;

use super::object::Report;
use super::sheet::{Cell, Row, Section, Table};
use super::sums::is_made;
use crate::model::{ActionId, SystemId, technique_link, technique_name};

/// Steps by technique: action and where, each once.
type Steps<'r> = BTreeMap<&'r str, Vec<String>>;

/// The section; `None` if nothing was done that answers anything known.
pub(super) fn section(report: &Report) -> Option<Section> {
    let (mut attack, mut d3fend): (Steps<'_>, Steps<'_>) = Default::default();
    for step in done(report) {
        let verb = step.action.verb().replace('_', " ");
        let says = format!("{verb} at {}", step.system);
        for (ids, all) in [(step.attack, &mut attack), (step.d3fend, &mut d3fend)] {
            for id in ids {
                let known = all.entry(id).or_default();
                if !known.contains(&says) {
                    known.push(says.clone());
                }
            }
        }
    }
    if attack.is_empty() && d3fend.is_empty() {
        return None;
    }
    let title = "Techniques answered, countermeasures taken";
    let section = Section::new("techniques".into(), title);
    Some(
        [
            ("MITRE ATT&CK: answered", attack),
            ("MITRE D3FEND: taken", d3fend),
        ]
        .into_iter()
        .filter(|(_, steps)| !steps.is_empty())
        .fold(section, |section, (caption, steps)| {
            section.table(table(caption, steps))
        }),
    )
}

fn table(caption: &str, steps: Steps<'_>) -> Table {
    let rows = steps.into_iter().map(|(id, by)| {
        let name = technique_name(id).unwrap_or_default();
        let page = technique_link(id).unwrap_or_default();
        Row::new(
            "",
            [
                Cell::text(id),
                Cell::text(name).under(page),
                Cell::lines(&by),
            ],
        )
    });
    Table::new(caption, &["id", "name and page", "by"], rows)
}

/// A step of which at least one change was answered with a yes.
struct Done<'r> {
    action: &'r ActionId,
    system: &'r SystemId,
    attack: &'r [String],
    d3fend: &'r [String],
}

fn done(report: &Report) -> Vec<Done<'_>> {
    if let Some(all) = &report.of_all {
        let each = all.done.iter().map(|each| Done {
            action: &each.action,
            system: &each.system,
            attack: &each.attack,
            d3fend: &each.d3fend,
        });
        return each.collect();
    }
    let steps = report.subjects.iter().flat_map(|subject| &subject.steps);
    let done = steps.filter(|step| step.changes.iter().any(is_made));
    let each = done.map(|step| Done {
        action: &step.action,
        system: &step.system,
        attack: &step.attack,
        d3fend: &step.d3fend,
    });
    each.collect()
}
