//! The plan, as it is shown before anyone agrees: whom, since when, what is done, what cannot
//! be undone, what stays. Warnings first: they are why one would not go on.
//!
//! Up to three subjects every change has its line; above that a table of subjects and a line
//! per step, never a wall.

use jiff::tz::TimeZone;

use super::LINES_MAX;
use crate::model::{
    Change, GuardReply, Identity, Kept, Plan, PlannedFor, PlannedStage, PlannedStep, Severity,
    Skip, Subject, Tri, Undo, UserId,
};
use crate::report::text::{Ink, Page, Style, count, moment, zone_name};

/// Up to this many subjects each change has its line.
const TOLD_ONE_BY_ONE_MAX: usize = 3;
/// Rows in the table of subjects.
const ROWS_MAX: usize = 20;
/// Changes of one step told one by one.
const CHANGES_MAX: usize = 5;
/// Where a step's sentence begins.
const SENTENCE: usize = 18;

/// The plan screen.
#[must_use]
pub fn plan_screen(plan: &Plan, zone: &TimeZone, style: Style) -> String {
    let mut page = Page::new(style);
    subjects(&mut page, plan);
    window(&mut page, plan, zone);
    warnings(&mut page, plan);
    page.gap();
    for stage in &plan.stages {
        show_stage(&mut page, plan, stage);
    }
    page.gap();
    totals(&mut page, plan);
    page.done()
}

/// The question: what to type to go on.
#[must_use]
pub fn prompt_line(plan: &Plan) -> String {
    let word = plan.typed_word();
    format!("Type {} to go on: ", crate::report::escape::visible(&word))
}

fn subjects(page: &mut Page, plan: &Plan) {
    let all = &plan.case.subjects;
    if all.len() <= TOLD_ONE_BY_ONE_MAX {
        for who in all {
            page.put(Ink::Strong, &who.login);
            page.put(Ink::Plain, &format!("  {}  {}", who.id, who.status));
            page.put(Ink::Warn, &roles(who)).end();
        }
        return;
    }
    page.put(Ink::Strong, &count(all.len(), "subject")).end();
    let longest = all
        .iter()
        .take(ROWS_MAX)
        .map(|who| Page::measure(&who.login));
    let wide = longest.max().unwrap_or(0).clamp(10, 44) + 4;
    for who in all.iter().take(ROWS_MAX) {
        let changes = changes_for(plan, who);
        page.to(2).put(Ink::Plain, &who.login);
        page.to(wide).put(Ink::Plain, &who.status);
        page.to(wide + 14)
            .put(Ink::Plain, &count(changes.len(), "change"));
        page.put(Ink::Warn, &roles(who)).end();
    }
    if all.len() > ROWS_MAX {
        let text = format!("and {} more", all.len() - ROWS_MAX);
        page.to(2).put(Ink::Dim, &text).end();
    }
}

fn roles(who: &Subject) -> String {
    match (who.privileged, &who.roles[..]) {
        (Tri::Unread, _) => "  roles unread".into(),
        (Tri::No, []) => String::new(),
        (_, []) => "  administrator".into(),
        (_, roles) => format!("  {}", roles.join(", ").to_lowercase().replace('_', " ")),
    }
}

fn window(page: &mut Page, plan: &Plan, zone: &TimeZone) {
    let window = plan.case.window;
    let end = window
        .end
        .map_or_else(|| "now".into(), |end| moment(end, zone));
    let text = format!(
        "window {} → {end} ({})   times in {}   org {}",
        moment(window.start, zone),
        window.how.word(),
        zone_name(plan.made_at, zone),
        plan.org
    );
    page.wrap(0, Ink::Plain, &text).end();
}

fn warnings(page: &mut Page, plan: &Plan) {
    for guard in &plan.guards {
        let said = match &guard.reply {
            GuardReply::Passes => continue,
            GuardReply::Warns { why } | GuardReply::RefusesSteps { why, .. } => {
                format!("{}: {why}", guard.name)
            }
            GuardReply::RefusesRun { why, next } if guard.lifted.is_none() => {
                format!("REFUSED by {}: {why}; next best: {next}", guard.name)
            }
            GuardReply::RefusesRun { why, .. } => format!("{}: {why}", guard.name),
        };
        let lifted = guard.lifted.as_ref().map_or_else(String::new, |lift| {
            format!(" (lifted by {}: {})", lift.by, lift.reason)
        });
        page.wrap(0, Ink::Warn, &format!("! {said}{lifted}")).end();
    }
    for finding in &plan.findings {
        let (mark, ink) = match finding.severity {
            Severity::Info => ("", Ink::Plain),
            Severity::Warning => ("! ", Ink::Warn),
            Severity::High => ("! ", Ink::Bad),
        };
        let hint = match &finding.hint[..] {
            "" => String::new(),
            hint => format!(" ({hint})"),
        };
        page.wrap(0, ink, &format!("{mark}{}{hint}", finding.text))
            .end();
    }
    for text in unsettled(plan).into_iter().take(LINES_MAX) {
        page.wrap(0, Ink::Warn, &text).end();
    }
    left_out(page, plan);
}

/// Subjects that nobody can act on at a system.
fn unsettled(plan: &Plan) -> Vec<String> {
    let mut all = Vec::new();
    for system in plan
        .systems
        .iter()
        .filter(|system| plan.scope.includes(&system.id))
    {
        for (who, identity) in &system.identities {
            let why = match identity {
                Identity::Found { .. } | Identity::NoAccount => continue,
                Identity::Ambiguous { candidates } => {
                    format!("several accounts answer: {}", candidates.join(", "))
                }
                Identity::Contested { why } => format!("changed in the window: {why}"),
                Identity::Unread { why } => format!("not read: {why}"),
            };
            let login = plan.case.subjects.iter().find(|each| each.id == *who);
            let login = login.map_or(who.as_str(), |each| &each.login);
            all.push(format!("! {}: {login}: {why}", system.id));
        }
    }
    all
}

fn left_out(page: &mut Page, plan: &Plan) {
    let scope = &plan.scope;
    if !scope.only.is_empty() {
        let text = format!(
            "! only {}: nothing else is attempted",
            scope.only.join(", ")
        );
        page.wrap(0, Ink::Warn, &text).end();
    }
    if !scope.skip.is_empty() {
        let text = format!("! not attempted: {} (--skip)", scope.skip.join(", "));
        page.wrap(0, Ink::Warn, &text).end();
    }
}

fn show_stage(page: &mut Page, plan: &Plan, stage: &PlannedStage) {
    let shown: Vec<&PlannedStep> = stage
        .steps
        .iter()
        .filter(|step| plan.scope.includes(&step.system))
        .collect();
    page.to(2).put(Ink::Strong, &stage.name);
    if stage.ask {
        page.put(Ink::Plain, "  asks for a consent of its own");
    }
    page.end();
    let mut last_system = None;
    for step in &shown {
        let mut lines = step_lines(plan, step);
        // One system's steps stand under its name.
        for line in &mut lines {
            line.system = (last_system != Some(&step.system)).then(|| step.system.to_string());
            last_system = Some(&step.system);
        }
        for line in lines {
            show_line(page, &line);
        }
    }
    nothing_to_do(page, plan, &shown);
    keeps(page, plan, &shown, false);
    keeps(page, plan, &shown, true);
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
    let changes: Vec<&Change> = acting.iter().flat_map(|each| &each.changes).collect();
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
        lines.push(Line::new(Ink::Plain, text, Some(first.undo)));
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
    if plan.case.subjects.len() > TOLD_ONE_BY_ONE_MAX {
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
fn keeps(page: &mut Page, plan: &Plan, steps: &[&PlannedStep], suspect: bool) {
    let kept: Vec<(&UserId, &Kept)> = steps
        .iter()
        .flat_map(|step| &step.subjects)
        .flat_map(|each| each.kept.iter().map(|kept| (&each.subject, kept)))
        .filter(|(_, kept)| kept.suspect == suspect)
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
        count_kinds(kept.iter().map(|(_, kept)| &kept.target.kind[..]))
    } else {
        let mut told: Vec<String> = kept
            .iter()
            .take(LINES_MAX)
            .map(|(who, kept)| {
                let target = &kept.target;
                let whose = whose(plan, who);
                format!("{whose}{} {} ({})", target.kind, target.label, kept.why)
            })
            .collect();
        if kept.len() > LINES_MAX {
            told.push(format!("and {} more", kept.len() - LINES_MAX));
        }
        told.join(", ")
    };
    page.to(4).put(ink, name);
    page.wrap(SENTENCE, ink, &text).end();
}

fn changes_for<'p>(plan: &'p Plan, who: &Subject) -> Vec<&'p Change> {
    plan.steps()
        .filter_map(|step| step.subjects.iter().find(|each| each.subject == who.id))
        .filter(|each| each.skip.is_none())
        .flat_map(|each| &each.changes)
        .collect()
}

fn totals(page: &mut Page, plan: &Plan) {
    let changes: Vec<&Change> = plan
        .steps()
        .filter(|step| plan.scope.includes(&step.system))
        .flat_map(|step| &step.subjects)
        .filter(|each| each.skip.is_none())
        .flat_map(|each| &each.changes)
        .collect();
    let never = changes
        .iter()
        .filter(|change| change.undo == Undo::Never)
        .count();
    let text = match (changes.len(), never) {
        (0, _) => "Nothing is left to change.".into(),
        (all, 0) => format!(
            "{}, all of them can be undone or done again.",
            count(all, "change")
        ),
        (all, never) => format!(
            "{}, {never} of them cannot be undone.",
            count(all, "change")
        ),
    };
    page.put(Ink::Strong, &text).end();
}
