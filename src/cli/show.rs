//! What a person or a script is shown of plans, runs and reports.
//!
//! Chooses the rendering and its style; the renderings themselves are in `report`.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;

use super::args::{Global, Output};
use super::exit::{Exit, a_write_is_leaving};
use super::files::{WhenNeeded, Written};
use super::is_lively;
use super::setup::TOOL;
use crate::connectors;
use crate::engine::{Checked, Observer, Projection, Tools};
use crate::evidence::investigation::Investigation;
use crate::ledger::{Event, Mode, RunRow, RunState};
use crate::model::{Action, ActionId, Plan, SystemId, Utc, Verdict};
use crate::report::{self, Aside, Granting, Live, Report, Style, Tight};
use crate::transport::Client;

/// The vendor of the identity source.
const DIRECTORY: &str = "okta";

/// How this terminal wants its text.
pub(super) fn style(global: &Global) -> Style {
    let width = console_width().clamp(60, 120);
    Style {
        color: is_lively(global),
        width,
    }
}

fn console_width() -> usize {
    std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100)
}

/// What an investigation found.
pub(super) fn investigation(global: &Global, found: &Investigation) -> String {
    report::investigation_screen(found, &TimeZone::system(), style(global))
}

/// What a check found.
pub(super) fn check(global: &Global, checked: &Checked) -> String {
    report::check_screen(checked, style(global))
}

/// What has to be granted.
pub(super) fn grants(global: &Global, all: &[Granting]) -> String {
    report::grants_screen(all, style(global))
}

/// The plan, as it is consented to.
pub(super) fn plan(global: &Global, plan: &Plan) -> String {
    report::plan_screen(plan, &TimeZone::system(), style(global))
}

/// What carrying it out is expected to take.
pub(super) fn predicted(global: &Global, projection: &Projection) -> String {
    report::predicted_screen(projection, style(global))
}

/// Why a guard refuses the run.
pub(super) fn refused(global: &Global, plan: &Plan) -> String {
    report::refused_screen(plan, style(global))
}

/// A plan as a report in which nothing was done yet: nobody tried, so nothing is open either.
pub(super) fn planned_json(plan: &Plan, predicted: Option<Projection>) -> String {
    let mut state = RunState::default();
    let requester = plan.case.source.name();
    let opened = Event::Opened {
        tool: TOOL.to_owned(),
        mode: match plan.gives_back {
            None => Mode::Contain,
            Some(_) => Mode::Release,
        },
        requester: requester.to_owned(),
        plan: std::sync::Arc::new(plan.clone()),
    };
    state.apply(plan.made_at, &opened);
    let mut planned = whole(&state, true);
    planned.verdict = Verdict::NotAttempted;
    planned.predicted = predicted;
    for system in &mut planned.systems {
        system.verdict = Verdict::NotAttempted;
    }
    for subject in &mut planned.subjects {
        subject.verdict = Verdict::NotAttempted;
        for system in &mut subject.systems {
            system.verdict = Verdict::NotAttempted;
        }
    }
    json(&planned)
}

/// The report of a run as it stands, for people: of more than 200 subjects it holds the first that
/// are not contained, and says of all what is alike. Needs no config: what actions are is compiled
/// in, and the rest is in the ledger.
pub(super) fn report(state: &RunState, recorded: bool) -> Report {
    let report = beside(state, recorded, "", &mut io::sink()).0;
    Report {
        subjects_file: None,
        ..report
    }
}

/// The same with all its subjects, however many.
pub(super) fn whole(state: &RunState, recorded: bool) -> Report {
    let mut report = Report::of(state, &action, &home(state));
    report.recorded = report.recorded && recorded;
    report
}

/// The same of more than 200 subjects with a line of JSON for each of them at `lines`, which the
/// report names `file`; and whether they could be written.
pub(super) fn beside(
    state: &RunState,
    recorded: bool,
    file: &str,
    lines: &mut dyn io::Write,
) -> (Report, io::Result<()>) {
    let aside = Aside { file, lines };
    let (mut report, written) = Report::of_many(state, &action, &home(state), aside);
    report.recorded = report.recorded && recorded;
    (report, written)
}

fn home(state: &RunState) -> SystemId {
    let mut systems = state.plan.iter().flat_map(|plan| &plan.systems);
    let home = systems.find(|system| system.id.vendor() == DIRECTORY);
    home.map_or_else(|| SystemId::new(DIRECTORY), |system| system.id.clone())
}

pub(super) fn action(id: &ActionId) -> Option<&'static Action> {
    let vendor = connectors::vendors().find(|vendor| vendor.id == id.vendor())?;
    vendor.action(id.verb())
}

/// The one JSON object.
pub(super) fn json(report: &Report) -> String {
    serde_json::to_string(report).expect("a report is plain values")
}

/// The result for people.
pub(super) fn result(global: &Global, report: &Report, file: Option<&Path>) -> String {
    let file = file.map(|path| path.display().to_string());
    report::result_screen(report, &TimeZone::system(), file.as_deref(), style(global))
}

/// A run that somebody goes on with: what came of it so far, and of many how far it is.
pub(super) fn so_far(global: &Global, state: &RunState, recorded: bool) -> String {
    let subjects = state.plan.as_ref().map(|plan| plan.case.subjects.len());
    if subjects.is_some_and(|many| many > report::SUBJECTS_TOLD_MAX) {
        return report::so_far_screen(state, style(global));
    }
    result(global, &report(state, recorded), None)
}

/// The result of a run that its person stopped.
pub(super) fn stopped(global: &Global, report: &Report) -> String {
    report::stopped_screen(report, style(global))
}

/// What a command ends with that shows this report.
pub(super) fn exit_of(report: &Report) -> Exit {
    if matches!(report.verdict, Verdict::Contained | Verdict::Released) {
        Exit::Good
    } else {
        Exit::NotAllGood
    }
}

/// How long runs took.
pub(super) fn stats(global: &Global, stats: &report::Stats) -> String {
    let text = report::stats_screen(stats, &TimeZone::system(), style(global));
    text.trim_end().to_owned()
}

/// One line of `runs list`.
pub(super) fn run_row(run: &RunRow) -> String {
    let verdict = match (&run.verdict, run.closed_at) {
        (Some(verdict), Some(_)) => verdict.as_str(),
        _ if run.wrote => "UNFINISHED, with writes made",
        _ => "UNFINISHED, nothing written",
    };
    let opened = run.opened_at.timestamp().to_zoned(TimeZone::system());
    let who = match &run.subjects[..] {
        [one] => one.clone(),
        many => format!("{} subjects", many.len()),
    };
    format!(
        "{}  {}  {:<18} {:<12} {}",
        run.id,
        opened.strftime("%Y-%m-%d %H:%M %Z"),
        report::escape::visible(&run.playbook),
        verdict,
        report::escape::visible(&who),
    )
}

/// Makes the report and writes its files; above 200 subjects all of them go into a file of their
/// own, one JSON line each.
pub(super) fn write_files(dir: &Path, state: &RunState, recorded: bool) -> (Report, Written) {
    let mut written = Written::below(dir);
    let run = state.plan.as_ref().map(|plan| plan.run.to_string());
    let name = format!("oust-{}", run.unwrap_or_default());
    let file = format!("{name}.subjects.jsonl");
    let path = dir.join(&file);
    let (report, lines) = beside(state, recorded, &file, &mut WhenNeeded::at(&path));
    if let (Err(error), []) = (lines, &written.trouble[..]) {
        written.failed(&path, "written", &error);
        // Half of it would pass for all.
        let _ = std::fs::remove_file(&path);
    }
    let zone = TimeZone::system();
    let (html, markdown) = (
        report::html(&report, &zone),
        report::markdown(&report, &zone),
    );
    let json = json(&report);
    let renderings = [("json", &*json), ("html", &html), ("md", &markdown)];
    written.add(dir, &name, &renderings);
    (report, written)
}

/// Shows progress on stderr, and knows when the first write leaves.
pub(super) struct Watcher {
    live: Option<Mutex<Live>>,
}

impl Watcher {
    /// A live tree on a terminal, plain lines elsewhere.
    pub(super) fn new(global: &Global, tools: &Tools) -> Self {
        let clients: Vec<_> = tools
            .systems()
            .map(|system| (system.id.clone(), Arc::clone(&system.client)))
            .collect();
        let quota = move || tightest(&clients);
        let style = style(global);
        let out = Box::new(std::io::stderr());
        let live = match (is_lively(global), global.output) {
            (true, _) => Some(Live::tree(out, style)),
            (false, Output::Human) => Some(Live::plain(out, style)),
            (false, Output::Json) => None,
        };
        Self {
            live: live.map(|live| Mutex::new(live.with_quota(quota))),
        }
    }

    /// Leaves the terminal clean for the result.
    pub(super) fn finish(&self) {
        if let Some(live) = &self.live {
            live.lock()
                .expect("no code panics while it holds this lock")
                .finish();
        }
    }
}

/// The bucket of which least is left, of those that answers told of.
fn tightest(clients: &[(SystemId, Arc<Client>)]) -> Option<Tight> {
    let all = clients.iter().flat_map(|(id, client)| {
        let buckets = client.buckets().into_iter();
        buckets.map(move |bucket| Tight {
            what: format!("{id} {}", bucket.name),
            left: bucket.remaining,
            of: bucket.limit,
        })
    });
    // Shares of a thousand, so that buckets of different sizes compare.
    all.filter(|tight| tight.of > 0)
        .min_by_key(|tight| tight.left.saturating_mul(1000) / tight.of)
}

impl Observer for Watcher {
    fn saw(&self, _: Utc, event: &Event, state: &RunState) {
        if matches!(event, Event::Intended { .. }) {
            a_write_is_leaving();
        }
        #[cfg(debug_assertions)]
        super::fault::point();
        if let Some(live) = &self.live {
            live.lock()
                .expect("no code panics while it holds this lock")
                .see(state, event);
        }
    }
}
