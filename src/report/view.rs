//! What the templates show: the report's own words in reading order, times local.
//!
//! HTML and Markdown are filled from this one value, so that they cannot say different things.
//! Nothing is escaped here; the templates do that with every value (`askama.toml`).

use jiff::tz::TimeZone;

use super::chart::Chart;
use super::left::{self, Row};
use super::object::{Captured, ChangeReport, Report, StepOutcome, StepReport, SubjectReport};
use super::pace;
use super::problems::problems;
use super::sheet::Section;
use super::steps;
use super::summary::{self, contained_by, eviction, plain};
use super::text::{clock, count, moment, zone_name};
use super::{techniques, times};
use crate::ledger::Mode;
use crate::model::{ProofState, Severity, Undo, Verdict};

/// A report in reading order.
pub(super) struct View {
    pub(super) word: &'static str,
    /// A class name: `good`, `bad`, `idle`.
    pub(super) tone: &'static str,
    pub(super) headline: String,
    pub(super) unproven: Option<String>,
    pub(super) left_out: Option<String>,
    pub(super) next: Option<(&'static str, String)>,
    /// Window, case, and the zone of all times.
    pub(super) about: String,
    pub(super) alarms: Vec<String>,
    pub(super) calm: Vec<String>,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) subjects: Vec<SubjectView>,
    pub(super) subjects_file: Option<String>,
    /// What still works and what is left to be done, in one table.
    pub(super) left: Vec<Row>,
    pub(super) findings: Vec<FindingView>,
    pub(super) guards: Vec<(String, String)>,
    pub(super) ledger: String,
    pub(super) chart: Option<Chart>,
    /// What was answered and done, by public ids.
    pub(super) techniques: Option<Section>,
    /// Whether it gives back: then nothing is said of what still works.
    pub(super) gives_back: bool,
    /// Whether it is still going on: nothing is judged then.
    pub(super) live: bool,
}

pub(super) struct SubjectView {
    pub(super) login: String,
    pub(super) id: String,
    pub(super) verdict: &'static str,
    pub(super) tone: &'static str,
    pub(super) systems: Vec<SystemView>,
    pub(super) steps: Vec<StepView>,
    pub(super) kept: Vec<String>,
    pub(super) evidence: Vec<(String, String)>,
}

pub(super) struct SystemView {
    pub(super) id: String,
    pub(super) verdict: &'static str,
    pub(super) tone: &'static str,
    pub(super) lines: Vec<String>,
    pub(super) hints: Vec<String>,
}

pub(super) struct StepView {
    pub(super) stage: String,
    pub(super) system: String,
    pub(super) what: String,
    pub(super) note: Option<String>,
    pub(super) outcome: String,
    pub(super) outcome_tone: &'static str,
    pub(super) proof: String,
    pub(super) how: String,
    pub(super) tone: &'static str,
    pub(super) undo: &'static str,
}

impl StepView {
    /// As long as the run goes on, what was not sent is still to come, and what was sent a moment ago
    /// is on its way: neither is left out nor in doubt yet.
    fn wait(&mut self, is_running: bool) {
        let word = match &self.how[..] {
            steps::NEVER_SENT => "to come",
            steps::UNANSWERED if is_running => "on its way",
            _ => return,
        };
        word.clone_into(&mut self.outcome);
        self.how.clear();
        self.outcome_tone = "";
        self.tone = "idle";
    }
}

pub(super) struct FindingView {
    pub(super) severity: &'static str,
    pub(super) tone: &'static str,
    pub(super) text: String,
    pub(super) hint: String,
}

impl View {
    pub(super) fn of(report: &Report, zone: &TimeZone) -> Self {
        let signs = summary::life(report, zone);
        let mut alarms: Vec<String> = signs.iter().map(|(_, text)| text.clone()).collect();
        alarms.extend(not_evicted(report));
        alarms.extend(told_elsewhere(report));
        if !report.recorded {
            alarms.push("unrecorded: no resume, no release".into());
        }
        let mut calm: Vec<String> = Vec::new();
        calm.extend(summary::found_later(report));
        calm.extend(summary::read_again(report, zone));
        calm.extend(summary::no_life(report, zone).filter(|_| signs.is_empty()));
        Self {
            word: summary::word(report),
            tone: tone(report.verdict),
            headline: summary::headline(report),
            unproven: (report.unproven > 0).then(|| summary::unproven(report)),
            left_out: summary::left_out(report),
            next: summary::next_command(report),
            about: about(report, zone),
            alarms,
            calm,
            facts: facts(report, zone),
            subjects: report
                .subjects
                .iter()
                .map(|subject| subject_view(subject, zone))
                .collect(),
            subjects_file: report.subjects_file.clone(),
            left: left::rows(report, zone),
            gives_back: report.gives_back.is_some(),
            findings: findings(report),
            guards: guards(report),
            ledger: ledger(report),
            chart: pace::of(report, zone),
            techniques: techniques::section(report),
            live: false,
        }
    }

    /// The same of a run that is not over: how far it is, and no verdict.
    pub(super) fn unfinished(
        mut self,
        word: &'static str,
        headline: String,
        is_running: bool,
    ) -> Self {
        self.live = true;
        self.word = word;
        self.tone = "idle";
        self.headline = headline;
        self.unproven = None;
        self.next = None;
        self.chart = None;
        // Who is not evicted yet is no alarm while that is being done.
        self.alarms.retain(|text| !text.starts_with(NOT_EVICTED));
        self.calm
            .retain(|text| !text.starts_with(summary::LOG_UNREAD));
        for step in self.subjects.iter_mut().flat_map(|who| &mut who.steps) {
            step.wait(is_running);
        }
        self
    }
}

/// What the run was about, in one line: read out first on a call.
fn about(report: &Report, zone: &TimeZone) -> String {
    let mut parts = vec![format!("window {}", window(report, zone))];
    parts.extend(report.case.as_ref().map(|case| format!("case {case}")));
    let at = report.started_at.unwrap_or(report.window.start);
    parts.push(format!("times in {}", zone_name(at, zone)));
    parts.join("; ")
}

fn window(report: &Report, zone: &TimeZone) -> String {
    let end = report
        .window
        .end
        .map_or_else(|| "now".into(), |end| moment(end, zone));
    format!(
        "{} → {end} ({})",
        moment(report.window.start, zone),
        report.window.how.word()
    )
}

/// That this is not all who are open.
fn told_elsewhere(report: &Report) -> Option<String> {
    let open = report.of_all.as_ref().map(|all| all.open_in_file)?;
    let file = report.subjects_file.as_deref().unwrap_or("the ledger");
    let rest = count(open, "more subject");
    (open > 0).then(|| match report.mode {
        Mode::Contain => format!("{rest} not contained: not told here, but in {file}"),
        Mode::Release => format!("{rest} not given back: not told here, but in {file}"),
    })
}

/// How the alarm about a missing eviction begins.
const NOT_EVICTED: &str = "not evicted: ";

/// Who may be let in again, by name as long as that is short.
fn not_evicted(report: &Report) -> Option<String> {
    let names: Vec<&str> = report
        .subjects
        .iter()
        .filter(|subject| subject.can_reenter)
        .map(|subject| subject.login.as_str())
        .collect();
    let all = report.of_all.as_ref();
    let all = all.map_or(names.len(), |all| all.can_reenter);
    let who = match &names[..] {
        _ if all > names.len() => count(all, "subject"),
        [] => return None,
        [only] => (*only).to_owned(),
        few if few.len() <= 3 => few.join(", "),
        many => count(many.len(), "subject"),
    };
    Some(format!(
        "{NOT_EVICTED}{who}; single sign-on can let them in again at every system"
    ))
}

fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Released | Verdict::Contained => "good",
        Verdict::Partial | Verdict::Unknown => "bad",
        Verdict::NotAttempted => "idle",
    }
}

fn facts(report: &Report, zone: &TimeZone) -> Vec<(&'static str, String)> {
    let mut facts: Vec<(&'static str, String)> = Vec::new();
    facts.push(("run", report.run_id.to_string()));
    let back = report.gives_back.as_ref();
    facts.extend(back.map(|run| ("gives back", run.to_string())));
    facts.push(("org", format!("{} ({})", report.org, report.org_id)));
    facts.extend(report.case.clone().map(|case| ("case", case)));
    facts.extend(report.reason.clone().map(|reason| ("reason", reason)));
    facts.push(("window", window(report, zone)));
    facts.push(("requested by", report.requester.clone()));
    facts.push((
        "consent",
        report.consent.as_ref().map_or_else(
            || "nobody agreed to it".into(),
            |consent| format!("{} at {}", consent.by, moment(consent.at, zone)),
        ),
    ));
    let began = report.started_at.map(|at| moment(at, zone));
    let ended = report
        .finished_at
        .map_or_else(|| "unfinished".into(), |at| clock(at, zone));
    if let Some((began, at)) = began.zip(report.started_at) {
        facts.push((
            "time",
            format!("{began} → {ended}, times in {}", zone_name(at, zone)),
        ));
    }
    facts.push(("took", times::from_consent(report)));
    facts.extend(times::from_start(report));
    facts.push((
        "playbook",
        format!(
            "{} ({})",
            report.playbook.name,
            short(&report.playbook.digest)
        ),
    ));
    let sent = &report.requests;
    facts.push((
        "requests",
        format!(
            "{}, {}, {} repeated, {} throttled",
            count_of(sent.reads, "read"),
            count_of(sent.writes, "write"),
            sent.retries,
            sent.throttled
        ),
    ));
    facts.push(("made by", report.tool.clone()));
    facts
}

fn count_of(number: u64, one: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), one)
}

fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}

fn subject_view(subject: &SubjectReport, zone: &TimeZone) -> SubjectView {
    SubjectView {
        login: subject.login.clone(),
        id: subject.okta_id.to_string(),
        verdict: plain(subject.verdict),
        tone: tone(subject.verdict),
        systems: subject
            .systems
            .iter()
            .map(|system| {
                let open = problems(subject, &system.id);
                let mut lines: Vec<String> = open.iter().map(|problem| problem.text()).collect();
                let mut hints: Vec<String> = open
                    .into_iter()
                    .filter_map(|problem| problem.hint)
                    .collect();
                hints.dedup();
                match system.verdict {
                    Verdict::NotAttempted => lines.push("nobody tried".into()),
                    _ if lines.is_empty() => lines.push(contained_by(subject, system, zone)),
                    _ => lines.splice(0..0, eviction(subject, system)).for_each(drop),
                }
                SystemView {
                    id: system.id.to_string(),
                    verdict: plain(system.verdict),
                    tone: tone(system.verdict),
                    lines,
                    hints,
                }
            })
            .collect(),
        steps: subject
            .steps
            .iter()
            .flat_map(|step| step_views(step, zone))
            .collect(),
        kept: subject
            .steps
            .iter()
            .flat_map(|step| step.kept.iter().map(move |kept| (step, kept)))
            .map(|(step, kept)| {
                let look = if kept.suspect { "; look at it" } else { "" };
                format!(
                    "{}: {} {} ({}){look}",
                    step.system, kept.target.kind, kept.target.label, kept.why
                )
            })
            .collect(),
        evidence: subject
            .evidence
            .iter()
            .map(|one| {
                let kept = match one.captured {
                    Captured::Before => "kept before the first write",
                    Captured::Late => "kept after the first write had left",
                    Captured::Missing => "missing",
                };
                let why = one
                    .why
                    .as_ref()
                    .map_or_else(String::new, |why| format!(": {why}"));
                (one.part.clone(), format!("{kept}{why}"))
            })
            .collect(),
    }
}

fn step_views(step: &StepReport, zone: &TimeZone) -> Vec<StepView> {
    if step.changes.is_empty() {
        let why = step.not_done.as_ref();
        return vec![StepView {
            stage: step.stage.clone(),
            system: step.system.to_string(),
            what: step.action.verb().replace('_', " "),
            note: None,
            outcome: "skipped".into(),
            outcome_tone: "",
            proof: String::new(),
            how: why.map(|why| why.why.clone()).unwrap_or_default(),
            tone: if why.is_some_and(|why| why.open) && !step.optional {
                "bad"
            } else {
                "idle"
            },
            undo: "",
        }];
    }
    step.changes
        .iter()
        .map(|change| change_view(step, change, zone))
        .collect()
}

fn change_view(step: &StepReport, change: &ChangeReport, zone: &TimeZone) -> StepView {
    let proof = change.proof.as_ref();
    let how = match proof {
        Some(proof) => {
            let again = proof.read_again_at;
            let again = again.map(|at| format!("; read again {}", moment(at, zone)));
            let again = again.unwrap_or_default();
            format!("{}, {}{again}", proof.how, clock(proof.at, zone))
        }
        None => String::new(),
    };
    let why = change.why.clone().unwrap_or_default();
    let said: Vec<String> = [why, how]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    StepView {
        stage: step.stage.clone(),
        system: step.system.to_string(),
        what: change.sentence.clone(),
        note: change
            .found_after_plan
            .then(|| "found after the plan".into()),
        outcome: change.outcome.word().replace('_', " "),
        outcome_tone: match change.outcome {
            StepOutcome::Failed | StepOutcome::InDoubt => "word bad",
            _ => "",
        },
        proof: proof.map_or_else(String::new, |proof| proof.state.word().into()),
        how: said.join("; "),
        tone: match (proof.map(|proof| proof.state), change.outcome) {
            (Some(ProofState::Proven), _) => "good",
            (Some(ProofState::Refuted), _) => "bad",
            (_, StepOutcome::Failed | StepOutcome::InDoubt) => "bad",
            _ => "idle",
        },
        undo: match change.undo {
            Undo::Restores => "can be undone",
            Undo::PersonRedoes => "the person redoes it",
            Undo::Never => "cannot be undone",
        },
    }
}

fn findings(report: &Report) -> Vec<FindingView> {
    let planted = report.planted.iter().map(|one| FindingView {
        severity: severity(one.severity),
        tone: if one.resolved { "good" } else { "bad" },
        text: format!("planted: {}", summary::planted(one)),
        hint: summary::planted_now(one),
    });
    let noted = report.findings.iter().map(|finding| FindingView {
        severity: severity(finding.severity),
        tone: match finding.severity {
            Severity::Info => "idle",
            Severity::Warning | Severity::High => "bad",
        },
        text: finding.text.clone(),
        hint: finding.hint.clone(),
    });
    planted.chain(noted).collect()
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::High => "high",
    }
}

/// Guards that had something to say.
fn guards(report: &Report) -> Vec<(String, String)> {
    report
        .guards
        .iter()
        .filter(|guard| guard.answer != "passes")
        .map(|guard| {
            let lifted = match (&guard.lifted_by, &guard.lifted_because) {
                (Some(by), because) => format!(
                    "; lifted by {by}: {}",
                    because.as_deref().unwrap_or("no reason given")
                ),
                _ => String::new(),
            };
            let text = format!(
                "{}: {}{lifted}",
                guard.answer.replace('_', " "),
                guard.why.as_deref().unwrap_or_default()
            );
            (guard.name.to_string(), text)
        })
        .collect()
}

fn ledger(report: &Report) -> String {
    report.ledger_head.as_ref().map_or_else(
        || "unrecorded".into(),
        |head| format!("record {}, {}", head.seq, head.hash),
    )
}
