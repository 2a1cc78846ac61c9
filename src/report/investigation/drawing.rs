//! The chart of one account: a lane for each session and token of the intruder, one for the
//! subject's own doing, one for everybody else's; the window shaded; each detection a mark.
//!
//! Drawn is the stretch around the intruder; what lies further off is counted under the chart.

use std::collections::BTreeMap;

use super::super::chart::{Chart, Draft, Scale};
use super::super::text::{clock, count, cut, zone_name};
use super::context::Context;
use super::still::or;
use crate::evidence::investigation::{Moment, SubjectFindings, Whose};
use crate::model::{Trace, Utc};

/// Lanes of the intruder's sessions, and of tokens; the rest shares one.
const SESSIONS_MAX: usize = 6;
const TOKENS_MAX: usize = 3;

/// Detections that are marked; the rest stands in the table.
const MARKS_MAX: usize = 16;

/// Columns of a lane's label: what a phone has room for.
const LABEL_MAX: usize = 46;

/// The chart, if anything has a time.
pub(super) fn of(context: &Context<'_>, subject: &SubjectFindings) -> Option<Chart> {
    let dated: Vec<(Utc, &Moment)> = subject
        .timeline
        .iter()
        .filter_map(|row| Some((row.at?, row)))
        .collect();
    let first = dated.iter().map(|(at, _)| *at).min()?;
    let last = dated.iter().map(|(at, _)| *at).max()?;
    let (from, until) = focus(subject, first, last);
    let scale = Scale::of(from, until);
    let says = format!(
        "Chart: when the intruder, the account's owner and others acted, {} to {}. \
         The table of the section “Timeline” tells the same, row by row.",
        context.at(from),
        context.at(until)
    );
    let mut draft = Draft::new(scale, context.zone, says);
    if let Some(window) = subject.window {
        let label = format!("window from {}", clock(window.start, context.zone));
        draft.shade(window.start, window.end, label);
    }
    for (kind, label, events) in lanes(subject, &dated) {
        let total: usize = events.iter().map(|(_, number)| number).sum();
        let label = format!("{}, {}", cut(&label, LABEL_MAX - 12), count(total, "event"));
        draft.lane(kind, label, &events);
    }
    marks(&mut draft, context, subject, scale);
    notes(&mut draft, context, subject, scale, &dated);
    Some(draft.done())
}

/// The stretch to draw: the intruder's, with half as much before and after.
fn focus(subject: &SubjectFindings, first: Utc, last: Utc) -> (Utc, Utc) {
    let intruder = &subject.intruder;
    let start = intruder.start.or(subject.window.map(|window| window.start));
    let Some(start) = start else {
        return (first, last);
    };
    let end = intruder.last.unwrap_or(last).max(start);
    let around = end.since(start).max(std::time::Duration::from_secs(600)) / 2;
    (
        first.max(start.minus(around)).min(start),
        last.min(end.plus(around)).max(end),
    )
}

type LaneOf = (&'static str, String, Vec<(Utc, usize)>);

/// Who acted when, in lanes: the intruder's first.
fn lanes(subject: &SubjectFindings, dated: &[(Utc, &Moment)]) -> Vec<LaneOf> {
    let intruder = &subject.intruder;
    let mut of_token: BTreeMap<&str, Vec<(Utc, usize)>> = BTreeMap::new();
    let mut of_session: BTreeMap<&str, Vec<(Utc, usize)>> = BTreeMap::new();
    let mut loose = Vec::new();
    let (mut own, mut others, mut unclear) = (Vec::new(), Vec::new(), Vec::new());
    let tokens: Vec<&str> = intruder
        .tokens
        .iter()
        .take(TOKENS_MAX)
        .map(|one| &one.id[..])
        .collect();
    let sessions: Vec<&str> = intruder
        .sessions
        .iter()
        .take(SESSIONS_MAX)
        .map(|one| &one.id[..])
        .collect();
    for (at, row) in dated {
        let event = (*at, row.events.max(1));
        match row.whose {
            Whose::Own => own.push(event),
            Whose::Other | Whose::Oust => others.push(event),
            Whose::Unclear => unclear.push(event),
            Whose::Intruder if tokens.contains(&&row.token[..]) => {
                of_token.entry(&row.token).or_default().push(event);
            }
            Whose::Intruder if sessions.contains(&&row.session[..]) => {
                of_session.entry(&row.session).or_default().push(event);
            }
            Whose::Intruder => loose.push(event),
        }
    }
    let mut lanes: Vec<LaneOf> = Vec::new();
    let traces = [
        (
            "session",
            intruder.sessions.iter().take(SESSIONS_MAX),
            of_session,
        ),
        (
            "API token",
            intruder.tokens.iter().take(TOKENS_MAX),
            of_token,
        ),
    ];
    for (kind, traces, mut seen) in traces {
        for one in traces {
            let events = seen.remove(&one.id[..]).unwrap_or_else(|| ends(one));
            let label = format!("intruder: {kind} {}", or(&one.name, &one.id));
            lanes.push(("intruder", label, events));
        }
    }
    let beyond = intruder.sessions.len().saturating_sub(SESSIONS_MAX)
        + intruder.tokens.len().saturating_sub(TOKENS_MAX);
    if !loose.is_empty() {
        let label = if lanes.is_empty() {
            "intruder".into()
        } else if beyond > 0 {
            format!("intruder: {beyond} more, and the rest")
        } else {
            "intruder: everything else".into()
        };
        lanes.push(("intruder", label, loose));
    }
    let rest = [
        ("own", "the subject's own", own),
        ("other", "others: administrators, the directory", others),
        ("unclear", "unclear whose", unclear),
    ];
    for (kind, label, events) in rest {
        if !events.is_empty() {
            lanes.push((kind, label.into(), events));
        }
    }
    lanes
}

/// What is drawn of a trace without a row in the timeline: its ends.
fn ends(one: &Trace) -> Vec<(Utc, usize)> {
    let before = one.events.saturating_sub(1);
    let ends = [(one.first, 1), (one.last, before)];
    ends.into_iter().filter(|(_, number)| *number > 0).collect()
}

fn marks(draft: &mut Draft<'_>, context: &Context<'_>, subject: &SubjectFindings, scale: Scale) {
    let mut fired: Vec<(Utc, &str)> = subject
        .detections
        .iter()
        .filter_map(|one| Some((one.first?, one.title.as_str())))
        .filter(|(at, _)| scale.holds(*at))
        .collect();
    fired.sort_unstable();
    let beyond = fired.len().saturating_sub(MARKS_MAX);
    draft.marks(
        "detections",
        fired
            .into_iter()
            .take(MARKS_MAX)
            .map(|(at, title)| (at, format!("{} {title}", clock(at, context.zone)))),
    );
    if beyond > 0 {
        draft.note(format!(
            "{} more in their table",
            count(beyond, "detection")
        ));
    }
}

fn notes(
    draft: &mut Draft<'_>,
    context: &Context<'_>,
    subject: &SubjectFindings,
    scale: Scale,
    dated: &[(Utc, &Moment)],
) {
    let events = |rows: &[&Moment]| rows.iter().map(|row| row.events.max(1)).sum::<usize>();
    let off: Vec<&Moment> = dated
        .iter()
        .filter(|(at, _)| !scale.holds(*at))
        .map(|(_, row)| *row)
        .collect();
    let undated: Vec<&Moment> = subject
        .timeline
        .iter()
        .filter(|row| row.at.is_none())
        .collect();
    draft.note(format!(
        "times in {}; a bar is taller the more events it stands for",
        zone_name(dated[0].0, context.zone)
    ));
    if !off.is_empty() {
        draft.note(format!(
            "{} before or after this stretch not drawn",
            count(events(&off), "event")
        ));
    }
    if !undated.is_empty() {
        draft.note(format!(
            "{} without a time not drawn",
            count(events(&undated), "event")
        ));
    }
}
