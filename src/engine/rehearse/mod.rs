//! Rehearses a containment: everything that it would do and need today, by reads alone.
//!
//! The plan is the program's own, made for a person as `oust plan` makes it; beside it every
//! system is asked what would stop us, and the directory what stops with the account and who owns
//! the org's API tokens. Then all of it becomes one [`Rehearsal`]. A system that cannot be reached
//! is a finding, never an error: half an org that does not answer is what a rehearsal is for.
//!
//! Writes nothing (it holds no `Writer`), keeps nothing, shows nothing.

pub mod canary;
mod owners;
mod predict;
mod steps;
mod stops;
mod tokens;

use std::time::Duration;

use futures_util::future::{join, join_all, join3};

use super::planner::{PlanError, PlanRequest, Prepared, plan};
use super::run::Tools;
use crate::connector::{OrgToken, System};
use crate::guard::GuardConfig;
use crate::model::{ActionId, Finding, Owner, Plan, Severity};
use crate::playbook::CheckedPlaybook;
use crate::rehearsals::{Kind, Rehearsal, SCHEMA, Verdict, Who};
use crate::transport::{Rank, Reader};

/// How long a system may take to say what would stop us.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a plan says where the log shows no intruder: of a rehearsal that is to be hoped.
const NOBODY_IN: &str = "intruder_not_confirmed";

/// What to rehearse.
pub struct RehearseAsk {
    /// The rehearsal's id.
    pub id: String,
    /// Who rehearses.
    pub by: String,
    /// Whether it will be carried out.
    pub kind: Kind,
    /// Whom to call, as the config says.
    pub owners: Vec<Owner>,
    /// What is planned.
    pub request: PlanRequest,
}

/// A rehearsal, and the plan that it is made of.
pub struct Rehearsed {
    /// What was found.
    pub rehearsal: Rehearsal,
    /// What a live one carries out.
    pub prepared: Prepared,
}

/// Rehearses the containment of the request's first subject.
///
/// # Errors
/// [`PlanError`], if there is no such subject or the directory cannot be read.
pub async fn rehearse(
    tools: &Tools,
    playbook: &CheckedPlaybook,
    guards: &GuardConfig,
    ask: RehearseAsk,
) -> Result<Rehearsed, PlanError> {
    let home = &tools.directory;
    let reader = Reader::new(home.system.client.clone())
        .ranked(Rank::Evidence)
        .patient(PATIENCE);
    let scope = ask.request.scope.clone();
    let planned = plan(tools, playbook, guards, ask.request);
    let (planned, stopping, listed) = join3(
        planned,
        preflights(tools, playbook, &scope),
        home.directory.org_tokens(&reader),
    )
    .await;
    let mut prepared = planned?;
    prepared.plan.call(&ask.owners);
    let plan = &prepared.plan;
    let Some(who) = plan.case.subjects.first().cloned() else {
        return Err(PlanError::Nobody);
    };
    let alone = std::slice::from_ref(&who);
    let (holdings, agents) = join(
        home.directory.holdings(&reader, &who, None),
        home.directory.agents_of(&reader, alone),
    )
    .await;

    let mut findings: Vec<Finding> = plan
        .findings
        .iter()
        .filter(|finding| finding.id != NOBODY_IN)
        .cloned()
        .collect();
    findings.extend(stopping);
    findings.extend(steps::findings(plan));
    let (stops, unread) = stops::of(&holdings, agents);
    findings.extend(unread);
    let owners = owners::of(tools, plan, &who, &ask.owners);
    findings.extend(owners::gaps(&owners));
    let tokens = reviewed(listed, plan);
    findings.extend(tokens::findings(&tokens));
    let rehearsal = Rehearsal {
        schema: SCHEMA.into(),
        id: ask.id,
        tool: tools.tool.clone(),
        org_id: plan.org_id.clone(),
        org: plan.org.clone(),
        at: plan.made_at,
        by: ask.by,
        kind: ask.kind,
        playbook: plan.playbook.clone(),
        subject: Who {
            id: who.id.clone(),
            login: who.login.clone(),
            status: who.status.clone(),
            roles: who.roles.clone(),
            mastered_by: who.mastered_by.clone(),
        },
        scope: plan.scope.clone(),
        identities: steps::identities(plan),
        writes: steps::writes(plan),
        left_alone: steps::left_alone(plan),
        gates: steps::gates(plan),
        predicted: predict::of(tools, plan),
        stops,
        owners,
        us: owners::us(tools, &ask.owners),
        tokens,
        verdict: Verdict::Ok,
        findings,
        live: None,
    };
    let verdict = Rehearsal::judge(&rehearsal.findings);
    Ok(Rehearsed {
        rehearsal: Rehearsal {
            verdict,
            ..rehearsal
        },
        prepared,
    })
}

fn reviewed(listed: Result<Vec<OrgToken>, String>, plan: &Plan) -> crate::rehearsals::TokenReview {
    match listed {
        Ok(all) => tokens::review(all, plan.made_at),
        Err(why) => crate::rehearsals::TokenReview {
            tokens: Vec::new(),
            unread: why,
        },
    }
}

/// What each system says would stop us, as far as the playbook needs it.
async fn preflights(
    tools: &Tools,
    playbook: &CheckedPlaybook,
    scope: &crate::model::Scope,
) -> Vec<Finding> {
    let all = tools.systems().filter(|system| scope.includes(&system.id));
    let each = all.map(|system| preflight(system, playbook));
    join_all(each).await.into_iter().flatten().collect()
}

async fn preflight(system: &System, playbook: &CheckedPlaybook) -> Vec<Finding> {
    let steps = playbook.stages.iter().flat_map(|stage| &stage.steps);
    let mut wanted: Vec<ActionId> = steps
        .map(|step| step.action.clone())
        .filter(|action| action.vendor() == system.id.vendor())
        .filter(|action| system.connector.carries(action))
        .collect();
    wanted.sort();
    wanted.dedup();
    if wanted.is_empty() {
        return Vec::new();
    }
    let reader = Reader::new(system.client.clone())
        .ranked(Rank::Evidence)
        .patient(PATIENCE);
    let found = system.connector.preflight(&reader, &wanted).await;
    let named = |finding: Finding| Finding {
        id: format!("{}:{}", system.id, finding.id),
        text: format!("{}: {}", system.id, finding.text),
        ..finding
    };
    found.into_iter().map(named).collect()
}

/// A finding of ours.
fn finding(severity: Severity, id: String, text: String, hint: &str) -> Finding {
    Finding {
        severity,
        id,
        text,
        hint: hint.to_owned(),
    }
}
