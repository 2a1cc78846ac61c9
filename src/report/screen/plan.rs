//! The plan, as it is shown before anyone agrees: whom, since when, what is done, what cannot
//! be undone, what stays. Warnings first: they are why one would not go on.
//!
//! Up to three subjects every change has its line; above that a table of subjects and a line
//! per step, never a wall.

mod steps;

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::LINES_MAX;
use crate::model::{
    Change, GuardReply, Identity, NOT_YET, Plan, Severity, Subject, SystemId, Tri, Undo,
};
use crate::report::released::{Stays, stays};
use crate::report::text::{Ink, Page, Style, count, moment, zone_name};

/// Up to this many subjects each change has its line.
const TOLD_ONE_BY_ONE_MAX: usize = 3;
/// Rows in the table of subjects.
const ROWS_MAX: usize = 20;
/// The plan screen.
#[must_use]
pub fn plan_screen(plan: &Plan, zone: &TimeZone, style: Style) -> String {
    let mut page = Page::new(style);
    subjects(&mut page, plan);
    window(&mut page, plan, zone);
    warnings(&mut page, plan);
    page.gap();
    let mut told = steps::Told::default();
    for stage in &plan.stages {
        steps::show_stage(&mut page, plan, stage, &mut told);
    }
    not_reached(&mut page, plan);
    left_alone(&mut page, plan);
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
    if let Some(run) = &plan.gives_back {
        let text = format!("gives back what run {run} took");
        page.wrap(0, Ink::Strong, &text).end();
    }
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
                Identity::Unread { why } if why == NOT_YET => continue,
                Identity::Ambiguous { candidates } => {
                    format!("several accounts answer: {}", candidates.join(", "))
                }
                Identity::Contested { why, candidates } => match &candidates[..] {
                    [] => format!("contested: {why}"),
                    some => format!("contested: {why}; it may be {}", some.join(" or ")),
                },
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

/// What the subjects use and this run leaves as it is: to know before anybody agrees.
fn not_reached(page: &mut Page, plan: &Plan) {
    let in_scope = |vendor: &Option<SystemId>| match vendor {
        Some(vendor) => plan.scope.includes(vendor),
        None => plan.scope.only.is_empty(),
    };
    let (mut could, mut never) = (BTreeSet::new(), BTreeSet::new());
    for each in plan.unreached.iter().filter(|each| in_scope(&each.vendor)) {
        match &each.vendor {
            Some(vendor) if each.app.is_empty() => could.insert(format!("{vendor} ({})", each.why)),
            Some(vendor) => could.insert(format!("{vendor} ({}, {})", each.app, each.why)),
            None => never.insert(match plan.owner_of(each.names()) {
                Some(known) => format!("{} (owner: {}, {})", each.app, known.owner, known.contact),
                None => each.app.clone(),
            }),
        };
    }
    for (what, names, ink) in [
        ("not configured", could, Ink::Warn),
        ("no connector", never, Ink::Plain),
    ] {
        let more = names.len().saturating_sub(LINES_MAX);
        let mut named: Vec<String> = names.into_iter().take(LINES_MAX).collect();
        if more > 0 {
            named.push(format!("and {more} more"));
        }
        if !named.is_empty() {
            page.to(2).put(ink, what);
            page.wrap(18, ink, &named.join(", ")).end();
        }
    }
}

/// Of a release: what stays as it is, first what somebody has to do.
fn left_alone(page: &mut Page, plan: &Plan) {
    let all = stays(plan);
    let login = |stays: &Stays| {
        let mut who = plan.case.subjects.iter();
        let known = who.find(|who| who.id == stays.subject && plan.case.subjects.len() > 1);
        known.map_or_else(String::new, |who| format!("{}: ", who.login))
    };
    for (name, by_hand) in [("by hand", true), ("left alone", false)] {
        let mut those = all
            .iter()
            .filter(|stays| stays.by_hand == by_hand)
            .peekable();
        if those.peek().is_some() {
            page.to(2).put(Ink::Strong, name).end();
        }
        for stays in those.clone().take(LINES_MAX) {
            page.to(4).put(Ink::Plain, &stays.place());
            let text = format!("{}{}", login(stays), stays.text);
            page.wrap(18, Ink::Plain, &text).end();
        }
        let more = those.count().saturating_sub(LINES_MAX);
        if more > 0 {
            page.to(18).put(Ink::Dim, &format!("and {more} more")).end();
        }
    }
}

fn changes_for<'p>(plan: &'p Plan, who: &Subject) -> Vec<&'p Change> {
    plan.steps()
        .filter_map(|step| step.subjects.iter().find(|each| each.subject == who.id))
        .filter(|each| each.skip.is_none())
        .flat_map(|each| &each.changes)
        .map(|change| &**change)
        .collect()
}

fn totals(page: &mut Page, plan: &Plan) {
    let changes: Vec<&Change> = plan
        .steps()
        .filter(|step| plan.scope.includes(&step.system))
        .flat_map(|step| &step.subjects)
        .filter(|each| each.skip.is_none())
        .flat_map(|each| &each.changes)
        .map(|change| &**change)
        .collect();
    // What a later stage does again is one thing that is gone, not two.
    let never: BTreeSet<_> = changes
        .iter()
        .filter(|change| change.undo == Undo::Never)
        .map(|change| {
            (
                &change.subject,
                &change.system,
                &change.action,
                &change.target.id,
            )
        })
        .collect();
    let never = never.len();
    let text = match (changes.len(), never) {
        (0, _) => "Nothing is left to change.".into(),
        (all, 0) => format!(
            "{}, all of them can be undone or done again.",
            count(all, "change")
        ),
        (all, never) => format!(
            "{}; {} cannot be undone.",
            count(all, "change"),
            count(never, "thing")
        ),
    };
    page.put(Ink::Strong, &text).end();
}
