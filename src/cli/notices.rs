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
use crate::ledger::{Event, RunState};
use crate::model::{Plan, RunId};
use crate::notify::{Notice, NoticeKind, Notifier as _};
use crate::report::Report;

/// What is on its way gets so long when a command ends.
const FLUSH: Duration = Duration::from_secs(2);

/// Consent was given. Returns whose accounts it is about.
pub(super) fn starting(shop: &Workshop, from: &From<'_>, consent: &Consent) -> Vec<String> {
    let plan: Option<&Plan> = match from {
        From::Plan(plan) => Some(plan),
        From::Records(records) => records.iter().find_map(|record| match &record.event {
            Event::Opened { plan, .. } => Some(&**plan),
            _ => None,
        }),
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
pub(super) async fn ended(shop: &Workshop, state: &RunState, ended: Ended) {
    let report = show::report(state, shop.archive.is_recorded());
    let run: RunId = report.run_id.clone();
    let head = report.ledger_head.as_ref();
    let head = head.map(|head| (head.seq, head.hash.clone()));
    let subjects = state.plan.as_deref().map(logins).unwrap_or_default();
    tell(
        shop,
        NoticeKind::Ended {
            subjects,
            verdict: report.verdict,
            says: says(&report, &run, ended),
            ledger_head: head,
            run,
        },
    );
    shop.notifier().flush(FLUSH).await;
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
    let open: usize = report.subjects.iter().map(|who| who.residual.len()).sum();
    match (ended, report.unproven, open) {
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
