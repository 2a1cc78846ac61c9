//! The sentences that every rendering says alike: how it ended, by what a system is contained,
//! whether the log shows life.

use jiff::tz::TimeZone;

use super::object::{ChangeReport, Planted, Report, SubjectReport, SubjectSystem, WhoThere};
use super::text::{clock, count, moment, took};
use crate::ledger::Mode;
use crate::model::{ProofState, Severity, Verdict};

/// How the sentence begins that nobody looked for signs of life.
pub(super) const LOG_UNREAD: &str = "the log was not read";

/// The word for the run's end.
pub(super) fn word(report: &Report) -> &'static str {
    match report.verdict {
        Verdict::Released => "RELEASED",
        Verdict::Contained => "CONTAINED",
        Verdict::Partial => "PARTIAL",
        Verdict::Unknown => "UNKNOWN",
        Verdict::NotAttempted => "NOT ATTEMPTED",
    }
}

/// The verdict as people read it: `not attempted`.
pub(super) fn plain(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotAttempted => "not attempted",
        other => other.word(),
    }
}

/// Who, and at how many of the systems that were tried: what stands beside the word.
pub(super) fn headline(report: &Report) -> String {
    let tried = report
        .systems
        .iter()
        .filter(|system| system.verdict != Verdict::NotAttempted);
    let all = count(tried.clone().count(), "system");
    let good = tried
        .filter(|system| matches!(system.verdict, Verdict::Contained | Verdict::Released))
        .count();
    if report.mode == Mode::Release {
        return match (report.only_subject(), report.verdict) {
            (Some(only), Verdict::NotAttempted) => format!("{}: nothing was done", only.login),
            (Some(only), _) => format!("{}: given back at {good} of {all}", only.login),
            (None, _) => format!(
                "{} of {} given back at {all}",
                report.counts.released,
                count(report.counts.subjects, "subject"),
            ),
        };
    }
    let left = planted_left(report);
    match (report.only_subject(), report.verdict) {
        (Some(only), Verdict::Partial) if only.verdict == Verdict::Contained => {
            format!(
                "{} is contained; the intruder is not: {left} planted",
                only.login
            )
        }
        (None, Verdict::Partial) if report.counts.contained == report.counts.subjects => format!(
            "{} contained; the intruder is not: {left} planted",
            count(report.counts.subjects, "subject"),
        ),
        (Some(only), Verdict::NotAttempted) => format!("{}: nothing was done", only.login),
        (Some(only), Verdict::Contained) => format!("{} at {good} of {all}", only.login),
        (Some(only), _) => format!("{}: {good} of {all} contained", only.login),
        (None, _) => format!(
            "{} of {} contained at {all}",
            report.counts.contained,
            count(report.counts.subjects, "subject"),
        ),
    }
}

/// What an intruder planted, with who did it.
pub(super) fn planted(one: &Planted) -> String {
    match &one.by[..] {
        "" => one.what.clone(),
        by => format!("{by} {}", one.what),
    }
}

/// What became of it, and what takes it away.
pub(super) fn planted_now(one: &Planted) -> String {
    match (one.resolved, &one.remedy, one.severity) {
        (true, ..) => "gone".into(),
        (false, Some(remedy), _) => format!("still there: {remedy} takes it away"),
        (false, None, Severity::High) => "still there: a person has to undo it".into(),
        (false, None, _) => "a person has to look at it".into(),
    }
}

/// How many ways in the intruder left outside the subjects' own accounts.
fn planted_left(report: &Report) -> usize {
    let planted = report.planted.iter();
    let left = planted.filter(|each| !each.resolved && each.severity == Severity::High);
    left.count()
}

/// How much cannot be read back.
pub(super) fn unproven(report: &Report) -> String {
    format!("{} cannot be proven", count(report.unproven, "change"))
}

/// Systems that nobody tried, by name: silence would read as containment.
pub(super) fn left_out(report: &Report) -> Option<String> {
    let names: Vec<&str> = report
        .systems
        .iter()
        .filter(|system| system.verdict == Verdict::NotAttempted)
        .map(|system| system.id.as_str())
        .collect();
    let only = report.scope.only.join(", ");
    match (&names[..], &only[..]) {
        ([], "") => None,
        ([], only) => Some(format!("only {only} was in scope (--only)")),
        (names, "") if report.scope.skip.is_empty() => Some(format!(
            "not attempted: {} (no step acts there)",
            names.join(", ")
        )),
        (names, "") => Some(format!("not attempted: {} (--skip)", names.join(", "))),
        (names, only) => Some(format!(
            "not attempted: {} (--only {only})",
            names.join(", ")
        )),
    }
}

/// By what a system is contained: when evicted, what was read, what cannot be.
pub(super) fn contained_by(
    subject: &SubjectReport,
    system: &SubjectSystem,
    zone: &TimeZone,
) -> String {
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
    parts.extend(eviction(subject, system));
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
        let mut names: Vec<String> = Vec::new();
        for (change, proof) in read(ProofState::Unverifiable) {
            let name = format!("{} ({})", change.sentence, proof.how);
            if !names.contains(&name) {
                names.push(name);
            }
        }
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

/// How long the eviction took, at the system it is about: the directory stands first.
pub(super) fn eviction(subject: &SubjectReport, system: &SubjectSystem) -> Option<String> {
    let is_directory = subject
        .systems
        .first()
        .is_some_and(|first| first.id == system.id);
    let ms = subject.evicted_ms.filter(|_| is_directory)?;
    Some(format!("evicted in {}", took(ms)))
}

/// What the log shows after the eviction, if nothing bad; `None` if there is nothing to say.
pub(super) fn no_life(report: &Report, zone: &TimeZone) -> Option<String> {
    let read = report.log_read_until.map(|until| clock(until, zone));
    if report.subjects_file.is_some() {
        return read.map(|until| format!("the log was read to {until} for signs of life"));
    }
    // Both by the directory's clock. The log was read for those who were cleared.
    let last = report
        .subjects
        .iter()
        .filter_map(|who| who.cleared_at)
        .max()?;
    let Some((at, until)) = report.log_read_until.zip(read) else {
        return Some(format!("{LOG_UNREAD}: nothing is known of signs of life"));
    };
    let all = report.subjects.iter().all(|who| who.cleared_at.is_some());
    let since = clock(last, zone);
    Some(match (at >= last, all) {
        (false, _) => format!(
            "the log was read to {until} only, before the last clear at {since}: nothing is \
             known of signs of life"
        ),
        (true, true) => {
            format!("no sign of life since the last clear at {since} (log read to {until})")
        }
        (true, false) => format!(
            "no sign of life of those who were cleared, the last at {since} (log read to \
             {until})"
        ),
    })
}

/// What was read again after the run had closed; `None` if nothing was.
pub(super) fn read_again(report: &Report, zone: &TimeZone) -> Option<String> {
    let (number, not_so, last) = match &report.of_all {
        Some(all) => (all.read_again, all.not_so_any_more, all.last_read_again_at?),
        None => {
            let proofs = changes(report).filter_map(|change| change.proof.as_ref());
            let again = || proofs.clone().filter(|proof| proof.read_again_at.is_some());
            let last = again().filter_map(|proof| proof.read_again_at).max()?;
            let not_so = again().filter(|proof| proof.state != ProofState::Proven);
            (again().count(), not_so.count(), last)
        }
    };
    let but = match not_so {
        0 => "all still so".into(),
        some => format!("{some} not so any more or not to be seen"),
    };
    let number = count(number, "change");
    let last = moment(last, zone);
    Some(format!(
        "{number} read again after the run, last at {last}: {but}"
    ))
}

fn changes(report: &Report) -> impl Iterator<Item = &ChangeReport> + Clone {
    let steps = report.subjects.iter().flat_map(|subject| &subject.steps);
    steps.flat_map(|step| &step.changes)
}

/// The signs of life, each with what came of it; true if the eviction holds all the same.
pub(super) fn life(report: &Report, zone: &TimeZone) -> Vec<(bool, String)> {
    let mut all = Vec::new();
    for subject in &report.subjects {
        for sign in &subject.signs_of_life {
            let then = if sign.swept {
                "cleared again since"
            } else {
                "the eviction does not hold"
            };
            let text = format!(
                "sign of life {}: {}{}; {then}",
                clock(sign.at, zone),
                whose(report, &subject.login),
                sign.what
            );
            all.push((sign.swept, text));
        }
    }
    all
}

/// What was found after consent was given, in one line.
pub(super) fn found_later(report: &Report) -> Option<String> {
    const SHOWN: usize = 3;
    let found = || changes(report).filter(|change| change.found_after_plan);
    let all = match &report.of_all {
        Some(all) => all.found_later,
        None => found().count(),
    };
    let told = found().take(SHOWN).map(|change| {
        let word = match change.proof.as_ref().map(|proof| proof.state) {
            Some(ProofState::Proven) => "proven",
            _ => change.outcome.word(),
        };
        format!("{}, {word}", change.sentence)
    });
    let told: Vec<String> = told.collect();
    let tail = if all > told.len() { "; …" } else { "" };
    (all > 0).then(|| {
        let number = count(all, "change");
        match &told[..] {
            // Those of whoever is contained stand in the file.
            [] => format!("found after the plan: {number}"),
            told => format!("found after the plan: {number} ({}{tail})", told.join("; ")),
        }
    })
}

/// The command to go on with, and its name.
pub(super) fn next_command(report: &Report) -> Option<(&'static str, String)> {
    let run = &report.run_id;
    match (report.verdict, report.mode) {
        _ if !report.recorded => None,
        (Verdict::Contained, Mode::Contain) => Some(("later", format!("oust runs prove {run}"))),
        (Verdict::Partial | Verdict::Unknown, _) => {
            Some(("next", format!("oust runs resume {run}")))
        }
        (Verdict::Released, Mode::Release) => {
            contain_again(report).map(|command| ("to contain again", command))
        }
        _ => None,
    }
}

/// The command that throws them out once more; ids where logins could be anything. `None` of those
/// whom the report does not hold.
fn contain_again(report: &Report) -> Option<String> {
    const NAMED_MAX: usize = 5;
    let ids: Vec<&str> = report
        .subjects
        .iter()
        .take(NAMED_MAX)
        .map(|who| who.okta_id.as_str())
        .collect();
    let more = if report.counts.subjects > NAMED_MAX {
        " …"
    } else {
        ""
    };
    (!ids.is_empty()).then(|| format!("oust contain {}{more}", ids.join(" ")))
}

/// Says whose it is where there is more than one.
pub(super) fn whose(report: &Report, login: &str) -> String {
    if report.counts.subjects > 1 {
        format!("{login}: ")
    } else {
        String::new()
    }
}
