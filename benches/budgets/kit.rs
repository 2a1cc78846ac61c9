//! An incident in a few lines: plan, agree, carry out.

use std::sync::Arc;

use oust::connectors::vendors;
use oust::consent::{Asked, Consent};
use oust::engine::{Observer, PlanRequest, Prepared, Run, Start, Tools, plan};
use oust::guard::GuardConfig;
use oust::ledger::RunState;
use oust::model::{Plan, RunId, Scope, Source, Utc, Verdict};
use oust::playbook::{CheckedPlaybook, check, find};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

/// One thread, so that its processor time is the engine's.
pub(crate) fn one_thread() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built")
}

/// As the command line runs the engine.
pub(crate) fn many_threads() -> Runtime {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built")
}

/// A shipped playbook.
pub(crate) fn shipped(name: &str) -> CheckedPlaybook {
    let vendors: Vec<_> = vendors().collect();
    find(name, &vendors).expect("a shipped playbook checks")
}

/// A playbook of one stage with these steps.
pub(crate) fn playbook(steps: &[&str]) -> CheckedPlaybook {
    let head = "playbook: oust/v1\nname: bench\ntitle: Bench\ndescription: For measuring.\n\
                stages:\n  - name: evict\n    steps:\n";
    let steps = steps.iter().map(|step| format!("      - {step}\n"));
    let text = head.to_owned() + &steps.collect::<String>();
    let vendors: Vec<_> = vendors().collect();
    check("bench.yaml", &text, &vendors).expect("the bench's playbook checks")
}

/// Logins of a crowd of `n`.
pub(crate) fn crowd(n: usize) -> Vec<String> {
    (1..=n).map(|n| format!("crowd-{n:05}")).collect()
}

/// Plans to contain `who`, with the window open since 1970.
pub(crate) async fn prepare(
    tools: &Tools,
    playbook: &CheckedPlaybook,
    run: &str,
    who: Vec<String>,
) -> Prepared {
    let request = PlanRequest {
        run: RunId::new(run),
        who,
        may_be_gone: std::collections::BTreeSet::new(),
        roles: std::collections::BTreeMap::new(),
        window: Some((Utc::from_millis(0), None)),
        case_id: None,
        reason: None,
        source: Source::Person("kim".into()),
        scope: Scope::default(),
        lifts: Vec::new(),
        warm_writes: false,
        identities: Vec::new(),
        found: Vec::new(),
        grace: std::time::Duration::from_secs(1),
    };
    // How many may be contained at once is not what is measured.
    let guards = GuardConfig {
        cap_run: u64::MAX,
        ..GuardConfig::default()
    };
    plan(tools, playbook, &guards, request)
        .await
        .expect("everybody is known here")
}

/// Consent to a plan, given now.
pub(crate) fn consent(tools: &Tools, plan: &Plan) -> Consent {
    let now = tools.clock.now();
    Consent::yes(plan, "kim", Asked { shown_at: now, now }).expect("the plan is fresh")
}

/// Carries a plan out, watched.
pub(crate) async fn carry_out(
    tools: &Tools,
    prepared: Prepared,
    observer: Arc<dyn Observer>,
) -> Run {
    let (_keep, stop) = watch::channel(false);
    let start = Start {
        consent: consent(tools, &prepared.plan),
        requester: "kim".into(),
        snapshot: prepared.snapshot,
        observer,
        stop,
        prove_for: None,
        handover: None,
    };
    let run = Run::begin(tools.clone(), prepared.plan, start)
        .await
        .expect("the ledger is ours alone");
    run.carry_out().await;
    run
}

/// Stops with what is open, if anything is: a run that contained nobody measures nothing.
pub(crate) fn is_contained(state: &RunState) {
    if state.verdict == Some(Verdict::Contained) {
        return;
    }
    let open: Vec<String> = state
        .changes()
        .iter()
        .filter(|each| !each.is_proven())
        .map(|each| format!("{}: {:?} {:?}", each.change.id, each.outcome, each.proof))
        .collect();
    panic!(
        "{:?}; open: {open:#?}; skipped: {:#?}; {:#?}",
        state.verdict, state.skipped, state.findings
    );
}
