//! What a command tells others about its run: that it begins, and how it ended.
//!
//! Handed over and never waited for, but for a moment at the very end, when everything is done and
//! printed: a process that is gone sends nothing any more.

use std::time::Duration;

use super::carry::From;
use super::setup::Workshop;
use super::show;
use crate::consent::Consent;
use crate::engine::{Ended, RunError};
use crate::ledger::RunState;
use crate::model::{Plan, RunId};
use crate::notify::{Notice, NoticeKind, Notifier as _};
use crate::report::Report;

/// What is on its way gets so long when a command ends.
const FLUSH: Duration = Duration::from_secs(2);

/// Consent was given. Returns whose accounts it is about.
pub(super) fn starting(shop: &Workshop, from: &From, consent: &Consent) -> Vec<String> {
    let plan: Option<&Plan> = match from {
        From::Plan(plan) => Some(plan),
        From::State(state) => state.plan.as_deref(),
    };
    let Some(plan) = plan else {
        return Vec::new();
    };
    let subjects = logins(plan);
    tell(
        shop,
        NoticeKind::Starting {
            run: plan.run.clone(),
            subjects: subjects.clone(),
            playbook: plan.playbook.name.clone(),
            by: consent.by().to_owned(),
            user_agent: shop.user_agent(),
        },
    );
    subjects
}

/// It could not begin, after it was said that it would.
pub(super) async fn not_begun(shop: &Workshop, subjects: Vec<String>, error: &RunError) {
    tell(
        shop,
        NoticeKind::Refused {
            subjects,
            why: format!("the run could not begin: {error}"),
            next: "nothing was written; plan again".into(),
        },
    );
    shop.notifier().flush(FLUSH).await;
}

/// How it ended, and where the ledger stands.
pub(super) async fn ended(shop: &Workshop, plan: &Plan, report: &Report, ended: Ended) {
    let run: RunId = report.run_id.clone();
    let head = report.ledger_head.as_ref();
    let head = head.map(|head| (head.seq, head.hash.clone()));
    tell(
        shop,
        NoticeKind::Ended {
            subjects: logins(plan),
            verdict: report.verdict,
            says: says(report, &run, ended),
            ledger_head: head,
            run,
        },
    );
    shop.notifier().flush(FLUSH).await;
}

/// The same, for whoever has shown no report of it.
pub(super) async fn ended_so(shop: &Workshop, state: &RunState, how: Ended) {
    if let Some(plan) = state.plan.as_deref() {
        let report = show::report(state, shop.archive.is_recorded());
        ended(shop, plan, &report, how).await;
    }
}

/// What a run contained came back.
pub(super) fn back(shop: &Workshop, run: &RunId, state: &RunState, what: String, next: String) {
    let subjects = state.plan.as_deref().map(logins).unwrap_or_default();
    let run = run.clone();
    tell(
        shop,
        NoticeKind::Back {
            run,
            subjects,
            what,
            next,
        },
    );
}

/// What is on its way gets a moment.
pub(super) async fn flush(shop: &Workshop) {
    shop.notifier().flush(FLUSH).await;
}

fn says(report: &Report, run: &RunId, ended: Ended) -> String {
    match (ended, report.unproven, report.counts.residual) {
        (Ended::Stopped, ..) => format!("stopped by its person: oust runs resume {run}"),
        (_, 0, 0) => "all of it is proven".into(),
        (_, unproven, open) => {
            format!("not proven: {unproven}; left for people: {open}; oust runs show {run}")
        }
    }
}

fn logins(plan: &Plan) -> Vec<String> {
    let subjects = plan.case.subjects.iter();
    subjects.map(|who| who.login.clone()).collect()
}

fn tell(shop: &Workshop, what: NoticeKind) {
    let at = shop.tools.clock.now();
    shop.notifier().tell(Notice { at, what });
}
