//! The part of the report that needs no judging: what the plan and the ledger say outright.

use super::object::{
    ConsentReport, Counts, GuardReport, LedgerHead, LeftAloneReport, Playbook, Report,
    ReportWindow, Requests, SCHEMA, ScopeReport, SystemRequests, Timings,
};
use super::released::{Stays, stays};
use crate::ledger::{Mode, RunState};
use crate::model::{GuardAnswer, GuardReply, Plan, RunId, Utc, Verdict, WindowHow};

/// Everything that needs no judging.
pub(super) fn frame(state: &RunState) -> Report {
    let plan = state.plan.as_deref();
    let window = plan.map(|plan| plan.case.window);
    Report {
        schema: SCHEMA.into(),
        tool: state.tool.clone(),
        run_id: plan.map_or_else(|| RunId::new(""), |plan| plan.run.clone()),
        recorded: state.head.is_some(),
        org_id: plan.map(|plan| plan.org_id.clone()).unwrap_or_default(),
        org: plan.map(|plan| plan.org.clone()).unwrap_or_default(),
        mode: state.mode.unwrap_or(Mode::Contain),
        playbook: plan.map(playbook).unwrap_or_default(),
        plan_digest: plan.map(Plan::digest).unwrap_or_default(),
        case: plan.and_then(|plan| plan.case.id.clone()),
        reason: plan.and_then(|plan| plan.case.reason.clone()),
        window: ReportWindow {
            start: window.map_or_else(|| Utc::from_millis(0), |window| window.start),
            end: window.and_then(|window| window.end),
            how: window.map_or(WindowHow::Assumed, |window| window.how),
        },
        requester: state.requester.clone(),
        consent: state.consent.as_ref().map(|(kind, by, at)| ConsentReport {
            kind: *kind,
            by: by.clone(),
            at: *at,
        }),
        guards: plan.map_or_else(Vec::new, |plan| plan.guards.iter().map(guard).collect()),
        scope: plan.map(scope).unwrap_or_default(),
        started_at: state.opened_at,
        finished_at: state.closed_at,
        verdict: Verdict::NotAttempted,
        unproven: 0,
        systems: Vec::new(),
        counts: Counts::default(),
        subjects: Vec::new(),
        subjects_file: None,
        of_all: None,
        findings: state.findings.clone(),
        planted: Vec::new(),
        manual: Vec::new(),
        predicted: None,
        gives_back: plan.and_then(|plan| plan.gives_back.clone()),
        left_alone: plan.map_or_else(Vec::new, left_alone),
        log_read_until: state.log_read_until,
        timings: Timings::default(),
        requests: requests(state),
        ledger_head: state.head.as_ref().map(|head| LedgerHead {
            seq: head.seq,
            hash: head.hash.clone(),
        }),
    }
}

fn left_alone(plan: &Plan) -> Vec<LeftAloneReport> {
    let login = |stays: &Stays| {
        let mut who = plan.case.subjects.iter();
        let known = who.find(|who| who.id == stays.subject);
        known.map_or_else(|| stays.subject.to_string(), |who| who.login.clone())
    };
    let each = stays(plan).into_iter().map(|stays| LeftAloneReport {
        login: login(&stays),
        system: stays.place(),
        text: stays.text,
        by_hand: stays.by_hand,
    });
    each.collect()
}

fn playbook(plan: &Plan) -> Playbook {
    Playbook {
        name: plan.playbook.name.clone(),
        title: plan.playbook.title.clone(),
        digest: plan.playbook.digest.clone(),
    }
}

fn scope(plan: &Plan) -> ScopeReport {
    ScopeReport {
        only: plan.scope.only.clone(),
        skip: plan.scope.skip.clone(),
    }
}

fn guard(answer: &GuardAnswer) -> GuardReport {
    let (word, why) = match &answer.reply {
        GuardReply::Passes => ("passes", None),
        GuardReply::Warns { why } => ("warns", Some(why)),
        GuardReply::RefusesSteps { why, .. } => ("refuses_steps", Some(why)),
        GuardReply::RefusesRun { why, .. } => ("refuses_run", Some(why)),
    };
    GuardReport {
        name: answer.name,
        answer: word.into(),
        why: why.cloned(),
        lifted_by: answer.lifted.as_ref().map(|lift| lift.by.clone()),
        lifted_because: answer.lifted.as_ref().map(|lift| lift.reason.clone()),
    }
}

fn requests(state: &RunState) -> Requests {
    let mut all = Requests::default();
    for (system, reading) in &state.requests {
        all.reads += reading.reads;
        all.writes += reading.writes;
        all.retries += reading.retries;
        all.throttled += reading.throttled;
        let here = SystemRequests {
            reads: reading.reads,
            writes: reading.writes,
            retries: reading.retries,
            throttled: reading.throttled,
        };
        all.by_system.insert(system.to_string(), here);
    }
    all
}
