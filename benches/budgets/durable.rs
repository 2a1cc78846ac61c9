//! What being durable costs: 4 calls as the engine makes them over the same 4 calls bare.
//!
//! Both go over loopback to the mock through the same connector. The engine's are measured from
//! the first intent to the moment when the last answer is durable, its reading back beside
//! them; the bare ones are nothing but the connector's `apply`, one after the other.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use oust::engine::{Observer, Tools};
use oust::ledger::{Event, RunState, SqliteStore};
use oust::model::{Change, Utc};
use oust::playbook::CheckedPlaybook;
use oust::transport::{Reader, Writer};

use super::machine::{Commits, Watch, median, ratio};
use super::table::Table;
use super::{kit, range};

/// Accounts contained each way.
const TIMES: usize = 25;

const STEPS: [&str; 4] = [
    "okta.clear_sessions: { oauth_tokens: true, forget_devices: true }",
    "okta.suspend_user: { if_locked_out: report }",
    "okta.universal_logout: { agents: keep }",
    "okta.clear_sessions: { oauth_tokens: true, forget_devices: true }",
];

pub(crate) fn measure(table: &mut Table) {
    let home = tempfile::tempdir().expect("there is room for temporary files");
    let playbook = kit::playbook(&STEPS);
    let (mut durable, mut bare) = (Vec::new(), Vec::new());
    let mut commits = Commits::in_dir(home.path());
    kit::many_threads().block_on(async {
        let server = range::serve(2 * TIMES + 2, 0).await;
        let ledger = SqliteStore::open(&home.path().join("oust.db")).expect("the disk takes it");
        let tools = range::tools(&server, Arc::new(ledger), home.path());
        let mut logins = (1..).map(|n| format!("crowd-{n:05}@contoso.example"));
        let mut next = || logins.next().expect("there is no end of them");
        // The first of each warms connections and pages.
        for _ in 0..=TIMES {
            commits.some();
            bare.push(bare_calls(&tools, &playbook, next()).await);
            durable.push(durable_calls(&tools, &playbook, next()).await);
        }
    });
    let commit = commits.median();
    let (durable, bare) = (median(durable.split_off(1)), median(bare.split_off(1)));
    let bound = commit * 6 + Duration::from_millis(1);
    let over = durable.saturating_sub(bare);
    table.add(
        "durable overhead of 4 / (6 commits + 1 ms)",
        ratio(over, bound),
        1.0,
        format!("{durable:.2?} durable, {bare:.2?} bare, one FULL commit {commit:.2?}"),
    );
}

async fn bare_calls(tools: &Tools, playbook: &CheckedPlaybook, login: String) -> Duration {
    let plan = kit::prepare(tools, playbook, &run_of(&login), vec![login])
        .await
        .plan;
    let consent = kit::consent(tools, &plan);
    let system = &tools.directory.system;
    let reader = Reader::new(system.client.clone());
    let writer = Writer::new(&reader, &consent);
    let changes: Vec<Change> = plan.changes().map(|change| Change::clone(change)).collect();
    assert_eq!(changes.len(), STEPS.len(), "each step is one write");
    let watch = Watch::start();
    for change in &changes {
        let outcomes = system
            .connector
            .apply(&writer, std::slice::from_ref(change));
        assert!(outcomes.await.iter().all(|outcome| outcome.kind.is_good()));
    }
    watch.read()
}

async fn durable_calls(tools: &Tools, playbook: &CheckedPlaybook, login: String) -> Duration {
    let prepared = kit::prepare(tools, playbook, &run_of(&login), vec![login]).await;
    let writes = Arc::new(Writes {
        watch: Watch::start(),
        span: Mutex::default(),
    });
    kit::carry_out(tools, prepared, writes.clone()).await;
    let (first, end) = *writes.span.lock().expect("nobody panicked");
    end.zip(first)
        .map_or(Duration::ZERO, |(end, first)| end - first)
}

fn run_of(login: &str) -> String {
    format!("r_{login}")
}

/// Takes the time of the first intent and of the end of the writes.
struct Writes {
    watch: Watch,
    span: Mutex<(Option<Duration>, Option<Duration>)>,
}

impl Observer for Writes {
    fn saw(&self, _: Utc, event: &Event, _: &RunState) {
        let mut span = self.span.lock().expect("nobody panicked");
        match event {
            Event::Intended { .. } => span.0 = span.0.or(Some(self.watch.read())),
            Event::WritesEnded => span.1 = Some(self.watch.read()),
            _ => {}
        }
    }
}
