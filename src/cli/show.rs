//! What a person or a script is shown of plans, runs and reports.
//!
//! Chooses the rendering and its style; the renderings themselves are in `report`.

use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;

use super::args::{Global, Output};
use super::exit::{Exit, a_write_is_leaving};
use super::files::{self, Written};
use super::is_lively;
use super::setup::TOOL;
use crate::connectors;
use crate::engine::{Checked, Observer, Projection, Tools};
use crate::evidence::investigation::Investigation;
use crate::ledger::{Event, Mode, RunRow, RunState};
use crate::model::{Action, ActionId, Plan, SystemId, Utc, Verdict};
use crate::report::{self, Granting, Live, Report, Split, Style, Tight};
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
    let mut planned = report(&state, true);
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

/// The report of a run as it stands. Needs no config: what actions are is compiled in, and the
/// rest is in the ledger.
pub(super) fn report(state: &RunState, recorded: bool) -> Report {
    let mut systems = state.plan.iter().flat_map(|plan| &plan.systems);
    let home = systems.find(|system| system.id.vendor() == DIRECTORY);
    let home = home.map_or_else(|| SystemId::new(DIRECTORY), |system| system.id.clone());
    let mut report = Report::of(state, &action, &home);
    report.recorded = report.recorded && recorded;
    report
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

/// Writes the report's files; above 200 subjects those that are contained go into a file of
/// their own, one JSON line each.
pub(super) fn write_files(dir: &Path, report: &Report) -> Written {
    let name = format!("oust-{}", report.run_id);
    let subjects_file = format!("{name}.subjects.jsonl");
    let Split { report, subjects } = report.clone().split(&subjects_file);
    let zone = TimeZone::system();
    let (html, markdown) = (
        report::html(&report, &zone),
        report::markdown(&report, &zone),
    );
    let json = json(&report);
    let mut renderings = vec![("json", json.as_str()), ("html", &html), ("md", &markdown)];
    if let Some(subjects) = &subjects {
        renderings.push(("subjects.jsonl", subjects));
    }
    files::write(dir, &name, &renderings)
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
