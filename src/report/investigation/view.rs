//! An investigation in reading order: what both templates show.

use jiff::tz::TimeZone;

use super::super::chart::Chart;
use super::super::sheet::Section;
use super::super::text::{count, moment};
use super::answer;
use super::context::Context;
use super::still::few;
use super::{account, damage, drawing, timeline};
use crate::evidence::investigation::{Investigation, LogSource, SubjectFindings};

/// Gaps told at the top; all stand in their section.
const GAPS_ON_TOP: usize = 3;

/// The page.
pub(super) struct View {
    pub(super) word: &'static str,
    /// A class name.
    pub(super) tone: &'static str,
    pub(super) headline: String,
    pub(super) about: String,
    /// What the answer rests on, of the only account.
    pub(super) points: Vec<answer::Point>,
    /// What was not read, as far as it must be said at once.
    pub(super) gaps: Option<Gaps>,
    /// Commands.
    pub(super) next: Vec<String>,
    pub(super) subjects: Vec<Part>,
    pub(super) tail: Vec<Section>,
    pub(super) footer: String,
}

/// What is missing, at the top.
pub(super) struct Gaps {
    pub(super) count: String,
    pub(super) first: Vec<String>,
    pub(super) more: usize,
}

/// One account.
pub(super) struct Part {
    pub(super) id: String,
    pub(super) login: String,
    /// Its id, status and roles, in one line.
    pub(super) who: String,
    pub(super) word: &'static str,
    pub(super) tone: &'static str,
    pub(super) answer: String,
    pub(super) points: Vec<answer::Point>,
    pub(super) window: Option<String>,
    pub(super) chart: Option<Chart>,
    pub(super) sections: Vec<Section>,
}

impl View {
    pub(super) fn of(found: &Investigation, zone: &TimeZone, rows_max: usize) -> Self {
        let worst = answer::worst(found);
        let share = rows_max / found.subjects.len().max(1);
        let live = found.read.file.is_none();
        let mut contexts = Vec::new();
        let mut shown = Vec::new();
        for (place, subject) in found.subjects.iter().enumerate() {
            let mut context = Context::new(zone, place + 1, subject, &found.unread, live);
            let places = timeline::shown(&subject.timeline, share.max(1));
            context.rows = timeline::anchors(&context, &subject.timeline, &places);
            contexts.push(context);
            shown.push(places);
        }
        let subjects: Vec<Part> = found
            .subjects
            .iter()
            .zip(&contexts)
            .zip(&shown)
            .map(|((subject, context), shown)| part(context, subject, &found.read, shown))
            .collect();
        let contexts: Vec<&Context<'_>> = contexts.iter().collect();
        Self {
            word: answer::shout(worst),
            tone: answer::tone(worst),
            headline: answer::headline(found, zone),
            about: answer::about(found, zone),
            points: match &subjects[..] {
                [only] => only.points.clone(),
                _ => Vec::new(),
            },
            gaps: gaps(found),
            next: found.next.clone(),
            subjects,
            tail: vec![
                damage::threat(found, zone, &contexts),
                damage::read(found, zone),
            ],
            footer: footer(found, zone),
        }
    }

    /// Whether there is a table of contents of accounts.
    pub(super) fn has_many(&self) -> bool {
        self.subjects.len() > 1
    }
}

impl Part {
    /// The sections that are more than a line.
    pub(super) fn filled(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|section| !section.is_line())
    }
}

fn gaps(found: &Investigation) -> Option<Gaps> {
    let all = answer::gaps(found);
    (!all.is_empty()).then(|| Gaps {
        count: count(all.len(), "gap"),
        more: all.len().saturating_sub(GAPS_ON_TOP),
        first: all.into_iter().take(GAPS_ON_TOP).collect(),
    })
}

fn part(
    context: &Context<'_>,
    subject: &SubjectFindings,
    read: &LogSource,
    shown: &[usize],
) -> Part {
    let answer = subject.intruder.answer;
    let mut sections = vec![
        account::why(context, subject),
        timeline::section(context, subject, shown),
    ];
    sections.extend(account::sections(context, subject));
    sections.push(damage::impact(context, subject));
    sections.push(damage::planted(context, subject));
    sections.push(damage::detections(context, subject));
    Part {
        id: context.prefix.clone(),
        login: subject.login.clone(),
        who: who(subject),
        word: answer.word(),
        tone: answer::tone(answer),
        answer: answer::of(&subject.intruder, context.zone),
        points: answer::points(subject, read, context.zone),
        window: subject.window.map(|window| {
            let end = window
                .end
                .map_or_else(|| "now".into(), |end| context.at(end));
            format!(
                "window of containment: {} → {end} ({})",
                context.at(window.start),
                window.how.word()
            )
        }),
        chart: drawing::of(context, subject),
        sections,
    }
}

fn who(subject: &SubjectFindings) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(subject.okta_id.clone());
    parts.extend(subject.status.clone());
    let roles = subject.roles.as_ref().filter(|roles| !roles.is_empty());
    parts.extend(roles.map(|roles| few(roles, 12)));
    parts.join("; ")
}

fn footer(found: &Investigation, zone: &TimeZone) -> String {
    let org = found
        .org_id
        .as_ref()
        .map_or_else(String::new, |id| format!(" of org {id}"));
    format!(
        "{}{org}, made {} by {}",
        found.schema,
        moment(found.made_at, zone),
        found.tool
    )
}
