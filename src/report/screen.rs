//! What a run's end looks like on a terminal: is it over, for whom, what still works, what now.
//!
//! Renders a [`Report`] and decides nothing. Words carry the meaning, colour repeats it; times
//! are local and the zone is said.

use jiff::tz::TimeZone;

use super::object::{Because, Report, SubjectReport, SubjectSystem, WhoThere};
use super::problems::problems;
use super::text::{Ink, Page, Style, clock, count, moment, took, zone_name};
use crate::ledger::Mode;
use crate::model::{ProofState, SystemId, Verdict};

/// Up to this many subjects are told one by one on a screen.
const SUBJECTS_SHOWN_MAX: usize = 20;
/// Up to this many lines of one kind.
const LINES_MAX: usize = 12;

/// The verdict screen. `file` is where the report was written, if it was.
#[must_use]
pub fn result_screen(report: &Report, zone: &TimeZone, file: Option<&str>, style: Style) -> String {
    let mut page = Page::new(style);
    headline(&mut page, report);
    left_out(&mut page, report);
    match report.only_subject() {
        Some(subject) => systems_of(&mut page, report, subject, zone),
        None => many(&mut page, report, zone),
    }
    page.gap();
    still_works(&mut page, report);
    by_hand(&mut page, report);
    findings(&mut page, report);
    found_later(&mut page, report);
    life(&mut page, report, zone);
    page.gap();
    next(&mut page, report, zone, file);
    page.done()
}

/// The word for the run's end and its tone.
fn word(report: &Report) -> (&'static str, Ink) {
    match (report.verdict, report.mode) {
        (Verdict::Contained, Mode::Contain) => ("CONTAINED", Ink::Good),
        (Verdict::Contained, Mode::Release) => ("RELEASED", Ink::Good),
        (Verdict::Partial, _) => ("PARTIAL", Ink::Bad),
        (Verdict::Unknown, _) => ("UNKNOWN", Ink::Bad),
        (Verdict::NotAttempted, _) => ("NOT ATTEMPTED", Ink::Warn),
    }
}

pub(super) fn tone(verdict: Verdict) -> Ink {
    match verdict {
        Verdict::Contained => Ink::Good,
        Verdict::Partial | Verdict::Unknown => Ink::Bad,
        Verdict::NotAttempted => Ink::Warn,
    }
}

/// The verdict as people read it: `not attempted`.
pub(super) fn plain(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotAttempted => "not attempted",
        other => other.word(),
    }
}

fn headline(page: &mut Page, report: &Report) {
    let (text, ink) = word(report);
    page.put(ink, text).put(Ink::Plain, "  ");
    let tried = report
        .systems
        .iter()
        .filter(|system| system.verdict != Verdict::NotAttempted);
    let all = tried.clone().count();
    let good = tried
        .filter(|system| system.verdict == Verdict::Contained)
        .count();
    match (report.only_subject(), report.verdict) {
        (Some(subject), Verdict::NotAttempted) => page
            .put(Ink::Strong, &subject.login)
            .put(Ink::Plain, ": nothing was done"),
        (Some(subject), Verdict::Contained) => page.put(Ink::Strong, &subject.login).put(
            Ink::Plain,
            &format!(" at {good} of {}", count(all, "system")),
        ),
        (Some(subject), _) => page.put(Ink::Strong, &subject.login).put(
            Ink::Plain,
            &format!(": {good} of {} contained", count(all, "system")),
        ),
        (None, _) => page.put(
            Ink::Strong,
            &format!(
                "{} of {} contained at {}",
                report.counts.contained,
                count(report.counts.subjects, "subject"),
                count(all, "system")
            ),
        ),
    };
    if report.unproven > 0 {
        page.to(58).put(
            Ink::Warn,
            &format!("{} cannot be proven", count(report.unproven, "change")),
        );
    }
    page.end();
}

/// Systems that nobody tried, by name: silence would read as containment.
fn left_out(page: &mut Page, report: &Report) {
    let names: Vec<&str> = report
        .systems
        .iter()
        .filter(|system| system.verdict == Verdict::NotAttempted)
        .map(|system| system.id.as_str())
        .collect();
    if !names.is_empty() {
        let why = match (&report.scope.only[..], &report.scope.skip[..]) {
            ([], []) => "no step acts there",
            (_, []) => "left out by --only",
            _ => "left out by --only or --skip",
        };
        page.to(2)
            .wrap(
                2,
                Ink::Warn,
                &format!("not attempted: {} ({why})", names.join(", ")),
            )
            .end();
    } else if !report.scope.only.is_empty() {
        let text = format!(
            "only {} was in scope (--only)",
            report.scope.only.join(", ")
        );
        page.wrap(2, Ink::Warn, &text).end();
    }
}

fn systems_of(page: &mut Page, report: &Report, subject: &SubjectReport, zone: &TimeZone) {
    let name_wide = name_column(subject.systems.iter().map(|system| &system.id));
    for system in &subject.systems {
        if system.verdict == Verdict::NotAttempted {
            continue;
        }
        system_line(page, report, subject, system, name_wide, zone);
    }
    if subject.can_reenter {
        let text = "! not evicted: single sign-on can let it in again at every system";
        page.wrap(2, Ink::Bad, text).end();
    }
}

fn name_column<'a>(ids: impl Iterator<Item = &'a SystemId>) -> usize {
    let longest = ids.map(|id| Page::measure(id.as_str())).max().unwrap_or(0);
    longest.clamp(10, 28) + 4
}

fn system_line(
    page: &mut Page,
    report: &Report,
    subject: &SubjectReport,
    system: &SubjectSystem,
    name_wide: usize,
    zone: &TimeZone,
) {
    page.to(2).put(Ink::Plain, system.id.as_str());
    page.to(name_wide)
        .put(tone(system.verdict), plain(system.verdict));
    let text_column = name_wide + 12;
    let open = problems(subject, &system.id);
    if open.is_empty() {
        let text = contained_by(subject, system, zone);
        page.wrap(text_column, Ink::Plain, &text).end();
        return;
    }
    for (place, problem) in open.iter().take(LINES_MAX).enumerate() {
        page.wrap(text_column, Ink::Plain, &problem.text).end();
        let repeated = open[place + 1..]
            .iter()
            .any(|later| later.hint == problem.hint);
        if let Some(hint) = problem.hint.as_ref().filter(|_| !repeated) {
            page.to(name_wide).put(Ink::Strong, "hint");
            let then = format!("{hint}, then: oust runs resume {}", report.run_id);
            page.wrap(text_column, Ink::Plain, &then).end();
        }
    }
    more(page, text_column, open.len());
}

fn more(page: &mut Page, column: usize, all: usize) {
    if all > LINES_MAX {
        let text = format!("and {} more: see the report", all - LINES_MAX);
        page.to(column).put(Ink::Dim, &text).end();
    }
}

/// By what a system is contained: when evicted, what was read, what cannot be.
fn contained_by(subject: &SubjectReport, system: &SubjectSystem, zone: &TimeZone) -> String {
    if system.identity == WhoThere::NoAccount {
        return "no account there".into();
    }
    let changes = || {
        subject
            .steps
            .iter()
            .filter(|step| step.system == system.id)
            .flat_map(|step| &step.changes)
    };
    let read = |state: ProofState| {
        changes().filter_map(move |change| {
            let proof = change.proof.as_ref().filter(|proof| proof.state == state)?;
            Some((change, proof))
        })
    };
    let mut parts: Vec<String> = Vec::new();
    let evicts_here = subject.evicted_ms.is_some()
        && subject
            .systems
            .first()
            .is_some_and(|first| first.id == system.id);
    if let Some(ms) = subject.evicted_ms.filter(|_| evicts_here) {
        parts.push(format!("evicted in {}", took(ms)));
    }
    let proven = read(ProofState::Proven).count();
    let last = read(ProofState::Proven).max_by_key(|(_, proof)| proof.at);
    match (proven, last) {
        (1, Some((_, proof))) => parts.push(format!("{} at {}", proof.how, clock(proof.at, zone))),
        (_, Some((_, proof))) => parts.push(format!(
            "{} read back, last at {}",
            count(proven, "change"),
            clock(proof.at, zone)
        )),
        _ => {}
    }
    if system.unproven > 0 {
        let names: Vec<String> = read(ProofState::Unverifiable)
            .map(|(change, proof)| format!("{}: {}", change.sentence, proof.how))
            .collect();
        let shown = names.iter().take(2).cloned().collect::<Vec<_>>().join("; ");
        let rest = names.len().saturating_sub(2);
        let tail = if rest > 0 {
            format!("; and {rest} more")
        } else {
            String::new()
        };
        parts.push(format!("cannot be read back: {shown}{tail}"));
    }
    if parts.is_empty() {
        parts.push("nothing was left to do".into());
    }
    parts.join("; ")
}

/// Several subjects: a row per system, then each subject that is not contained.
fn many(page: &mut Page, report: &Report, zone: &TimeZone) {
    let name_wide = name_column(report.systems.iter().map(|system| &system.id));
    for system in &report.systems {
        if system.verdict == Verdict::NotAttempted {
            continue;
        }
        page.to(2).put(Ink::Plain, system.id.as_str());
        page.to(name_wide)
            .put(tone(system.verdict), plain(system.verdict));
        if system.unproven > 0 {
            let text = format!("{} cannot be proven", count(system.unproven, "change"));
            page.to(name_wide + 12).put(Ink::Plain, &text);
        }
        page.end();
    }
    let open: Vec<&SubjectReport> = report
        .subjects
        .iter()
        .filter(|subject| !matches!(subject.verdict, Verdict::Contained))
        .collect();
    for subject in open.iter().take(SUBJECTS_SHOWN_MAX) {
        page.gap();
        page.put(
            tone(subject.verdict),
            &plain(subject.verdict).to_uppercase(),
        );
        page.put(Ink::Plain, "  ")
            .put(Ink::Strong, &subject.login)
            .end();
        let shown = SubjectReport {
            systems: subject
                .systems
                .iter()
                .filter(|system| system.verdict != Verdict::Contained)
                .cloned()
                .collect(),
            ..(*subject).clone()
        };
        systems_of(page, report, &shown, zone);
    }
    if open.len() > SUBJECTS_SHOWN_MAX {
        let rest = open.len() - SUBJECTS_SHOWN_MAX;
        let text = format!(
            "and {} that are not contained: see the report",
            count(rest, "more subject")
        );
        page.gap();
        page.put(Ink::Bad, &text).end();
    }
}

/// Lines under one word at the left: the first carries it, the others hang below.
fn list(page: &mut Page, name: &str, lines: &[String]) {
    const COLUMN: usize = 14;
    for (place, line) in lines.iter().take(LINES_MAX).enumerate() {
        if place == 0 {
            page.put(Ink::Strong, name);
        }
        page.wrap(COLUMN, Ink::Plain, line).end();
    }
    more(page, COLUMN, lines.len());
}

/// Says whose it is where there is more than one.
fn whose(report: &Report, login: &str) -> String {
    if report.counts.subjects > 1 {
        format!("{login}: ")
    } else {
        String::new()
    }
}

fn still_works(page: &mut Page, report: &Report) {
    let lines: Vec<String> = report
        .subjects
        .iter()
        .flat_map(|subject| subject.residual.iter().map(move |one| (subject, one)))
        // What is open or cannot be read stands with its system already.
        .filter(|(_, one)| !matches!(one.because, Because::Open | Because::Unproven))
        .map(|(subject, one)| {
            let until = one
                .until
                .as_ref()
                .map_or_else(String::new, |until| format!(" until {until}"));
            format!(
                "{}{}: {}{until} ({})",
                whose(report, &subject.login),
                one.system,
                one.what,
                one.why
            )
        })
        .collect();
    list(page, "still works", &lines);
}

fn by_hand(page: &mut Page, report: &Report) {
    let lines: Vec<String> = report
        .manual
        .iter()
        .map(|one| {
            let login = one.login.as_deref().unwrap_or_default();
            format!("{}{}: {}", whose(report, login), one.system, one.text)
        })
        .collect();
    list(page, "by hand", &lines);
}

fn findings(page: &mut Page, report: &Report) {
    let lines: Vec<String> = report
        .findings
        .iter()
        .map(|finding| match &finding.hint[..] {
            "" => finding.text.clone(),
            hint => format!("{} ({hint})", finding.text),
        })
        .collect();
    list(page, "also", &lines);
}

fn found_later(page: &mut Page, report: &Report) {
    let found: Vec<String> = report
        .subjects
        .iter()
        .flat_map(|subject| subject.steps.iter().flat_map(|step| &step.changes))
        .filter(|change| change.found_after_plan)
        .map(|change| {
            let word = match change.proof.as_ref().map(|proof| proof.state) {
                Some(ProofState::Proven) => "proven",
                _ => change.outcome.word(),
            };
            format!("{}, {word}", change.sentence)
        })
        .collect();
    if !found.is_empty() {
        let shown = found.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
        let tail = if found.len() > 3 { "; …" } else { "" };
        let text = format!(
            "found after the plan: {} ({shown}{tail})",
            count(found.len(), "change")
        );
        page.wrap(0, Ink::Plain, &text).end();
    }
}

fn life(page: &mut Page, report: &Report, zone: &TimeZone) {
    let mut signs = report
        .subjects
        .iter()
        .flat_map(|subject| {
            subject
                .signs_of_life
                .iter()
                .map(move |sign| (subject, sign))
        })
        .peekable();
    if signs.peek().is_some() {
        for (subject, sign) in signs.take(LINES_MAX) {
            let at = clock(sign.at, zone);
            let whose = whose(report, &subject.login);
            let (ink, then) = if sign.swept {
                (Ink::Warn, "cleared again since")
            } else {
                (Ink::Bad, "the eviction does not hold")
            };
            let text = format!("! sign of life {at}: {whose}{}; {then}", sign.what);
            page.wrap(0, ink, &text).end();
        }
        return;
    }
    let evicted = report
        .subjects
        .iter()
        .map(|subject| subject.evicted_at)
        .collect::<Option<Vec<_>>>()
        .and_then(|all| all.into_iter().max());
    let text = match (evicted, report.log_read_until) {
        (Some(since), Some(until)) if report.subjects_file.is_none() => format!(
            "no sign of life since {} (log read to {})",
            clock(since, zone),
            clock(until, zone)
        ),
        (_, Some(until)) => format!("no sign of life seen (log read to {})", clock(until, zone)),
        (Some(_), None) => "the log was not read: nothing is known of signs of life".into(),
        (None, None) => return,
    };
    page.wrap(0, Ink::Plain, &text).end();
}

fn next(page: &mut Page, report: &Report, zone: &TimeZone, file: Option<&str>) {
    page.put(Ink::Plain, &format!("run {}", report.run_id));
    if let Some(file) = file {
        page.put(Ink::Plain, &format!("  report {file}"));
    }
    if !report.recorded {
        page.put(Ink::Bad, "  UNRECORDED: no resume, no release")
            .end();
    } else {
        page.end();
        let command = match (report.verdict, report.mode) {
            (Verdict::Contained, Mode::Contain) => Some(("undo", "release")),
            (Verdict::Partial | Verdict::Unknown, _) => Some(("next", "runs resume")),
            _ => None,
        };
        if let Some((name, command)) = command {
            page.put(Ink::Strong, name);
            page.put(Ink::Plain, &format!("  oust {command} {}", report.run_id))
                .end();
        }
    }
    if let Some(at) = report.finished_at.or(report.started_at) {
        let text = format!("{} {}", moment(at, zone), zone_name(at, zone));
        page.put(Ink::Dim, &text).end();
    }
}
