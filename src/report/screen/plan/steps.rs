//! The stages of a plan: each step's changes, why it is left out, what it keeps.

use std::collections::BTreeSet;

use super::TOLD_ONE_BY_ONE_MAX;
use crate::model::{
    Change, Kept, Plan, PlannedFor, PlannedStage, PlannedStep, Skip, StageOrder, SystemId, Undo,
    UserId,
};
use crate::report::screen::LINES_MAX;
use crate::report::text::{Ink, Page, count};

/// Changes of one step told one by one.
const CHANGES_MAX: usize = 5;
/// Where a step's sentence begins.
const SENTENCE: usize = 18;

/// What was shown of earlier stages, so that nothing is told twice.
#[derive(Default)]
pub(super) struct Told {
    changes: BTreeSet<(String, String)>,
    kept: BTreeSet<(String, String, String)>,
}

/// One stage, below its name.
pub(super) fn show_stage(page: &mut Page, plan: &Plan, stage: &PlannedStage, told: &mut Told) {
    let mut shown: Vec<&PlannedStep> = stage
        .steps
        .iter()
        .filter(|step| plan.scope.includes(&step.system))
        .collect();
    if stage.order == StageOrder::Parallel {
        // Each system goes its own way: its steps stand together.
        let mut systems: Vec<&SystemId> = Vec::new();
        for step in &shown {
            if !systems.contains(&&step.system) {
                systems.push(&step.system);
            }
        }
        shown.sort_by_key(|step| systems.iter().position(|system| **system == step.system));
    }
    page.to(2).put(Ink::Strong, &stage.name);
    if stage.ask {
        page.put(Ink::Plain, "  asks for a consent of its own");
    }
    page.end();
    let mut last_system = None;
    for step in &shown {
        let mut lines = match still_read(step) {
            true if last_system == Some(&step.system) => Vec::new(),
            true => vec![reading(&shown, &step.system)],
            false => step_lines(plan, step),
        };
        for line in &mut lines {
            let once = (step.system.to_string(), line.text.clone());
            if line.undo.is_some() && !told.changes.insert(once) {
                line.text.push_str(", again");
                line.undo = None;
            }
        }
        // One system's steps stand under its name.
        for line in &mut lines {
            line.system = (last_system != Some(&step.system)).then(|| step.system.to_string());
            last_system = Some(&step.system);
        }
        for line in lines {
            show_line(page, &line);
        }
    }
    if shown.is_empty() {
        let text = "nothing: none of its systems is configured, or in scope";
        page.to(4).put(Ink::Dim, text).end();
    }
    nothing_to_do(page, plan, &shown);
    for suspect in [false, true] {
        keeps(page, plan, &shown, suspect, told);
    }
}

/// Whether its system has not answered yet, for anybody.
fn still_read(step: &PlannedStep) -> bool {
    let mut rows = step.subjects.iter();
    !step.subjects.is_empty() && rows.all(|each| each.skip.as_ref().is_some_and(Skip::is_not_yet))
}

/// All that is to be done at a system that has not answered yet.
fn reading(steps: &[&PlannedStep], system: &SystemId) -> Line {
    let here = steps.iter().filter(|step| step.system == *system);
    let mut all: Vec<String> = Vec::new();
    for words in here.map(|step| words(step)) {
        if !all.contains(&words) {
            all.push(words);
        }
    }
    let text = format!("reading…   {}", all.join(", "));
    Line::new(Ink::Dim, text, None)
}

/// One line of a stage.
struct Line {
    system: Option<String>,
    text: String,
    ink: Ink,
    undo: Option<Undo>,
    notes: Vec<String>,
}

impl Line {
    fn new(ink: Ink, text: String, undo: Option<Undo>) -> Self {
        Self {
            system: None,
            text,
            ink,
            undo,
            notes: Vec::new(),
        }
    }
}

fn show_line(page: &mut Page, line: &Line) {
    if let Some(system) = &line.system {
        page.to(4).put(Ink::Plain, system);
    }
    let undo_column = page.width().saturating_sub(18).max(SENTENCE + 20);
    let said = match line.undo {
        Some(Undo::Restores) => Some(("can be undone", Ink::Dim)),
        Some(Undo::Never) => Some(("cannot be undone", Ink::Plain)),
        Some(Undo::PersonRedoes) | None => None,
    };
    let right = if said.is_some() {
        undo_column - 2
    } else {
        page.width()
    };
    page.wrap_to(SENTENCE, right, line.ink, &line.text);
    if let Some((said, ink)) = said {
        page.to(undo_column).put(ink, said);
    }
    page.end();
    for note in &line.notes {
        page.wrap(SENTENCE, Ink::Dim, &format!("({note})")).end();
    }
}

fn step_lines(plan: &Plan, step: &PlannedStep) -> Vec<Line> {
    if plan.case.subjects.len() > TOLD_ONE_BY_ONE_MAX {
        return summed(step);
    }
    step.subjects
        .iter()
        .flat_map(|each| lines_for(plan, step, each))
        .collect()
}

/// The lines of one step for one subject.
fn lines_for(plan: &Plan, step: &PlannedStep, each: &PlannedFor) -> Vec<Line> {
    let whose = whose(plan, &each.subject);
    let mut lines: Vec<Line> = match &each.changes[..] {
        _ if each.skip.is_some() => Vec::new(),
        few if few.len() <= CHANGES_MAX => few
            .iter()
            .map(|change| {
                let text = format!("{whose}{}", change.sentence);
                Line::new(Ink::Plain, text, Some(change.undo))
            })
            .collect(),
        many => {
            let text = format!(
                "{whose}{}: {}",
                words(step),
                count_kinds(many.iter().map(|change| &change.target.kind[..]))
            );
            vec![Line::new(
                Ink::Plain,
                text,
                many.first().map(|change| change.undo),
            )]
        }
    };
    if let Some(text) = each.skip.as_ref().and_then(skip_text) {
        let text = format!("{whose}{}   {text}", words(step));
        lines.push(Line::new(Ink::Warn, text, None));
    }
    if let Some(last) = lines.last_mut() {
        last.notes.clone_from(&each.notes);
    }
    lines
}

/// A step for many subjects, in as few lines as tell it.
fn summed(step: &PlannedStep) -> Vec<Line> {
    let acting: Vec<&PlannedFor> = step
        .subjects
        .iter()
        .filter(|each| each.skip.is_none() && !each.changes.is_empty())
        .collect();
    let changes: Vec<&Change> = acting
        .iter()
        .flat_map(|each| &each.changes)
        .map(|change| &**change)
        .collect();
    let mut lines = Vec::new();
    if let Some(first) = changes.first() {
        let same = changes
            .iter()
            .all(|change| change.sentence == first.sentence);
        let what = if same {
            first.sentence.clone()
        } else {
            words(step)
        };
        let whom = count(acting.len(), "subject");
        let text = if changes.len() == acting.len() {
            format!("{what}   for {whom}")
        } else {
            format!("{what}   {} for {whom}", count(changes.len(), "change"))
        };
        let mut line = Line::new(Ink::Plain, text, Some(first.undo));
        line.notes = notes(&acting);
        lines.push(line);
    }
    let mut reasons: Vec<(String, usize)> = Vec::new();
    for text in step
        .subjects
        .iter()
        .filter_map(|each| skip_text(each.skip.as_ref()?))
    {
        match reasons.iter_mut().find(|(known, _)| *known == text) {
            Some((_, number)) => *number += 1,
            None => reasons.push((text, 1)),
        }
    }
    for (text, number) in reasons.into_iter().take(CHANGES_MAX) {
        let text = format!("{}   for {}: {text}", words(step), count(number, "subject"));
        lines.push(Line::new(Ink::Warn, text, None));
    }
    lines
}

/// The notes of many subjects: each once, and only the first few.
fn notes(acting: &[&PlannedFor]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for note in acting.iter().flat_map(|each| &each.notes) {
        if all.len() < CHANGES_MAX && !all.contains(note) {
            all.push(note.clone());
        }
    }
    all
}

/// What a person must read about a step that is left out; `None` if nothing is lost by it.
fn skip_text(skip: &Skip) -> Option<String> {
    match skip {
        Skip::WhenFalse | Skip::NothingSelected { .. } | Skip::NoAccount => None,
        Skip::Guard { guard, .. } => Some(format!("{}; --lift {guard}=REASON", skip.sentence())),
        Skip::Unasked => Some("proposed: it asks for a consent of its own".into()),
        other => Some(format!("skipped: {}", other.sentence())),
    }
}

/// `clear_sessions` as words.
fn words(step: &PlannedStep) -> String {
    step.action.verb().replace('_', " ")
}

/// `25 grants, 23 refresh tokens`: how many of which kind.
fn count_kinds<'k>(all: impl Iterator<Item = &'k str>) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for kind in all {
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, number)) => *number += 1,
            None => kinds.push((kind, 1)),
        }
    }
    let counted: Vec<String> = kinds
        .into_iter()
        .map(|(kind, number)| count(number, &kind.replace('_', " ")))
        .collect();
    counted.join(", ")
}

/// Says whose it is where there is more than one.
fn whose(plan: &Plan, subject: &UserId) -> String {
    match &plan.case.subjects[..] {
        [_] => String::new(),
        many => many
            .iter()
            .find(|who| who.id == *subject)
            .map_or_else(String::new, |who| format!("{}: ", who.login)),
    }
}

/// Steps with nothing to do for anybody, on one line: what was looked for and not found.
fn nothing_to_do(page: &mut Page, plan: &Plan, steps: &[&PlannedStep]) {
    // A release has a step only where somebody has something to get back.
    if plan.case.subjects.len() > TOLD_ONE_BY_ONE_MAX || plan.gives_back.is_some() {
        return;
    }
    let idle: Vec<String> = steps
        .iter()
        .filter_map(|step| {
            let why = step.subjects.iter().find_map(|each| match &each.skip {
                Some(Skip::NothingSelected { why }) if why.is_empty() => Some(String::new()),
                Some(Skip::NothingSelected { why }) => Some(format!(" ({why})")),
                Some(Skip::NoAccount) => Some(" (no account there)".into()),
                _ => None,
            })?;
            Some(format!("{} {}{why}", step.system, words(step)))
        })
        .collect();
    if !idle.is_empty() {
        page.to(4).put(Ink::Dim, "no change");
        page.wrap(SENTENCE, Ink::Dim, &idle.join(", ")).end();
    }
}

/// What the selectors leave alone: each thing for few subjects, their number for many.
fn keeps(page: &mut Page, plan: &Plan, steps: &[&PlannedStep], suspect: bool, told: &mut Told) {
    let several = steps.iter().any(|step| step.system != steps[0].system);
    let kept: Vec<(&PlannedStep, &UserId, &Kept)> = steps
        .iter()
        .flat_map(|step| step.subjects.iter().map(move |each| (*step, each)))
        .flat_map(|(step, each)| {
            each.kept
                .iter()
                .map(move |kept| (step, &each.subject, kept))
        })
        .filter(|(_, _, kept)| kept.suspect == suspect)
        .filter(|(step, who, kept)| {
            let target = format!("{} {}", kept.target.kind, kept.target.id);
            told.kept
                .insert((step.system.to_string(), who.to_string(), target))
        })
        .collect();
    if kept.is_empty() {
        return;
    }
    let (name, ink) = if suspect {
        ("keeps, look!", Ink::Warn)
    } else {
        ("keeps", Ink::Plain)
    };
    let text = if plan.case.subjects.len() > TOLD_ONE_BY_ONE_MAX {
        count_kinds(kept.iter().map(|(_, _, kept)| &kept.target.kind[..]))
    } else {
        let mut lines: Vec<String> = kept
            .iter()
            .take(LINES_MAX)
            .map(|(step, who, kept)| {
                let target = &kept.target;
                let kind = target.kind.replace('_', " ");
                let mut whose = whose(plan, who);
                if several {
                    whose.insert_str(0, &format!("{}: ", step.system));
                }
                format!("{whose}{kind} {} ({})", target.label, kept.why)
            })
            .collect();
        if kept.len() > LINES_MAX {
            lines.push(format!("and {} more", kept.len() - LINES_MAX));
        }
        lines.join(", ")
    };
    page.to(4).put(ink, name);
    page.wrap(SENTENCE, ink, &text).end();
}
