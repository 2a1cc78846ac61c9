//! What an approver reads: a plan in few plain lines, and what has changed since it was proposed.
//!
//! The same lines for terminal, console and API. Everything in them is made harmless here; HTML and
//! JSON add their own escapes. The whole plan is `plan_screen`; what consent binds is
//! `Plan::differs_from`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::escape::visible;
use super::text::count;
use crate::model::{Change, Finding, GuardReply, Plan, Role, Severity, Tri, Undo};

/// Accounts that are named one by one, and lines of one kind.
const NAMED_MAX: usize = 25;
const LINES_MAX: usize = 60;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BriefLine {
    /// What it is about.
    pub kind: BriefKind,
    /// What it says.
    pub text: String,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BriefKind {
    /// Whose account.
    Whom,
    /// Since when, why, by which playbook, who asks.
    Why,
    /// What would be done, and can be undone or done again.
    Does,
    /// What would be done, and cannot be undone.
    Never,
    /// What should be known before anybody agrees.
    Warning,
    /// A thing that consent binds is another now: the plan no longer holds.
    Moved,
    /// A change that the plan now has and had not.
    Added,
    /// A change that it had.
    Gone,
}

impl BriefKind {
    /// What stands before the line where there is no colour.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Whom => "whose account  ",
            Self::Why => "               ",
            Self::Does => "would          ",
            Self::Never => "for good       ",
            Self::Warning | Self::Moved => "!              ",
            Self::Added => "+              ",
            Self::Gone => "-              ",
        }
    }
}

fn line(kind: BriefKind, text: &str) -> BriefLine {
    let text = visible(text);
    BriefLine { kind, text }
}

/// A plan for approvers: whose accounts, why, what to be warned of, what would be done, and which
/// of that for good.
#[must_use]
pub fn brief(plan: &Plan) -> Vec<BriefLine> {
    let mut lines = whom(plan);
    lines.extend(why(plan));
    lines.extend(warnings(plan));
    let (mut does, mut never) = (Vec::new(), Vec::new());
    for (text, undo) in sentences(plan) {
        match undo {
            Undo::Never => never.push(line(BriefKind::Never, &text)),
            _ => does.push(line(BriefKind::Does, &text)),
        }
    }
    if does.is_empty() && never.is_empty() {
        does.push(line(
            BriefKind::Does,
            "change nothing: nothing is left to change",
        ));
    }
    lines.extend(bounded(does, BriefKind::Does));
    lines.extend(bounded(never, BriefKind::Never));
    lines
}

/// What `now`, the same case planned again, has that `before` had not: what consent binds first,
/// then single changes. Empty if it is the same.
#[must_use]
pub fn brief_difference(before: &Plan, now: &Plan) -> Vec<BriefLine> {
    let moved = before.differs_from(now);
    let mut lines: Vec<BriefLine> = moved
        .iter()
        .map(|text| line(BriefKind::Moved, text))
        .collect();
    let all = |plan: &Plan| -> BTreeMap<String, String> {
        let changes = planned(plan);
        changes
            .map(|change| (change.id.to_string(), sentence(plan, change)))
            .collect()
    };
    let (was, is) = (all(before), all(now));
    let only = |some: &BTreeMap<String, String>, other: &BTreeMap<String, String>, kind| {
        let found = some.iter().filter(|(id, _)| !other.contains_key(*id));
        let texts: BTreeSet<&str> = found.map(|(_, text)| text.as_str()).collect();
        let found = texts.into_iter().map(|text| line(kind, text)).collect();
        bounded(found, kind)
    };
    lines.extend(only(&is, &was, BriefKind::Added));
    lines.extend(only(&was, &is, BriefKind::Gone));
    lines
}

fn bounded(mut lines: Vec<BriefLine>, kind: BriefKind) -> Vec<BriefLine> {
    if lines.len() > LINES_MAX {
        let more = lines.len() - LINES_MAX;
        lines.truncate(LINES_MAX);
        lines.push(line(kind, &format!("and {more} more")));
    }
    lines
}

fn whom(plan: &Plan) -> Vec<BriefLine> {
    let all = &plan.case.subjects;
    let mut lines: Vec<BriefLine> = all
        .iter()
        .take(NAMED_MAX)
        .map(|who| {
            let admin = match who.privileged {
                Tri::Yes => ", an administrator",
                Tri::Unread => ", roles unread",
                Tri::No => "",
            };
            let part = match who.role {
                Role::Compromised => "",
                Role::Granter => ", gave the intruder access",
                Role::Impersonator => ", acts as somebody else",
                Role::Impersonated => ", somebody else acts as it",
            };
            let (login, id, status) = (&who.login, &who.id, &who.status);
            line(
                BriefKind::Whom,
                &format!("{login} ({id}), {status}{admin}{part}"),
            )
        })
        .collect();
    if all.len() > NAMED_MAX {
        let more = format!("and {} more, {} in all", all.len() - NAMED_MAX, all.len());
        lines.push(line(BriefKind::Whom, &more));
    }
    lines
}

fn why(plan: &Plan) -> Vec<BriefLine> {
    let case = &plan.case;
    let by = case.source.name();
    let (start, how) = (case.window.start, case.window.how.word());
    let mut texts = vec![
        format!("at {} ({})", plan.org, plan.org_id),
        format!(
            "{}, the playbook {}",
            plan.playbook.title, plan.playbook.name
        ),
        format!("asked for by {by}, planned at {}", plan.made_at),
        format!("the intruder is taken to be in since {start} ({how})"),
    ];
    texts.extend(case.id.iter().map(|id| format!("case {id}")));
    texts.extend(
        case.reason
            .iter()
            .map(|reason| format!("because: {reason}")),
    );
    let selected = plan.findings.iter();
    let selected = selected.filter(|finding| finding.id == Finding::SELECTED);
    texts.extend(selected.map(|finding| finding.text.clone()));
    texts
        .iter()
        .map(|text| line(BriefKind::Why, text))
        .collect()
}

fn warnings(plan: &Plan) -> Vec<BriefLine> {
    let mut texts = Vec::new();
    for guard in &plan.guards {
        let said = match &guard.reply {
            GuardReply::Passes => continue,
            GuardReply::Warns { why } | GuardReply::RefusesSteps { why, .. } => why.clone(),
            GuardReply::RefusesRun { why, .. } => format!("refuses the run: {why}"),
        };
        let lifted = guard.lifted.as_ref();
        let lifted = lifted.map(|lift| format!(" (lifted by {}: {})", lift.by, lift.reason));
        texts.push(format!(
            "{}: {said}{}",
            guard.name,
            lifted.unwrap_or_default()
        ));
    }
    let findings = plan.findings.iter();
    let grave = findings.filter(|finding| finding.severity != Severity::Info);
    texts.extend(grave.map(|finding| finding.text.clone()));
    let lines = texts.iter().map(|text| line(BriefKind::Warning, text));
    bounded(lines.collect(), BriefKind::Warning)
}

fn planned(plan: &Plan) -> impl Iterator<Item = &Change> {
    let steps = plan
        .steps()
        .filter(|step| plan.scope.includes(&step.system));
    let rows = steps.flat_map(|step| &step.subjects);
    let rows = rows.filter(|row| row.skip.is_none());
    rows.flat_map(|row| &row.changes).map(|change| &**change)
}

/// Whose, and which of his.
type Targets<'p> = BTreeSet<(&'p str, &'p str)>;

/// Each thing once, however many steps do it; for more than one subject, how many each is for.
fn sentences(plan: &Plan) -> Vec<(String, Undo)> {
    let several = plan.case.subjects.len() > 1;
    let mut found: Vec<(String, Undo, Targets<'_>)> = Vec::new();
    for change in planned(plan) {
        let text = if several {
            format!("{}: {}", change.system, action_of(change))
        } else {
            sentence(plan, change)
        };
        let target = (change.subject.as_str(), change.target.id.as_str());
        match found.iter_mut().find(|(known, ..)| *known == text) {
            Some((_, _, targets)) => {
                targets.insert(target);
            }
            None => found.push((text, change.undo, BTreeSet::from([target]))),
        }
    }
    let told = found.into_iter().map(|(text, undo, targets)| {
        let text = match several {
            true => format!("{text}, {}", count(targets.len(), "time")),
            false => text,
        };
        (text, undo)
    });
    told.collect()
}

fn action_of(change: &Change) -> String {
    change.action.verb().replace('_', " ")
}

fn sentence(plan: &Plan, change: &Change) -> String {
    let whose = match &plan.case.subjects[..] {
        [_] => String::new(),
        all => all
            .iter()
            .find(|who| who.id == change.subject)
            .map_or_else(String::new, |who| format!(" of {}", who.login)),
    };
    format!("{}: {}{whose}", change.system, change.sentence)
}
