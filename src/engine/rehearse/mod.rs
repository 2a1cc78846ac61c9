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

use futures_util::future::{join, join3};

use super::check::{CheckAsk, SystemCheck, check};
use super::planner::{PlanError, PlanRequest, Prepared, plan};
use super::run::Tools;
use crate::approval::Approvers;
use crate::connector::OrgToken;
use crate::guard::GuardConfig;
use crate::model::{Finding, Owner, Plan, Scope, Severity, WindowHow};
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
    /// Who may sign, as the config says.
    pub approvers: Approvers,
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
    let planned = plan(tools, playbook, guards, ask.request.clone());
    let (planned, stopping, listed) = join3(
        planned,
        preflights(
            tools,
            playbook,
            guards,
            &scope,
            (&ask.approvers, &ask.owners),
        ),
        home.directory.org_tokens(&reader),
    )
    .await;
    let mut prepared = planned?;
    let window = prepared.plan.case.window;
    if window.how == WindowHow::Derived {
        // Some steps wait in a plan until the log has told since when, and a run then finds what
        // they take. With the window known the plan has it all.
        let request = PlanRequest {
            window: Some((window.start, window.end)),
            found: std::mem::take(&mut prepared.plan.case.intruders),
            ..ask.request
        };
        prepared = plan(tools, playbook, guards, request).await?;
    }
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

/// What `oust check` finds of the playbook's systems and of the org, each under its system's name.
async fn preflights(
    tools: &Tools,
    playbook: &CheckedPlaybook,
    guards: &GuardConfig,
    scope: &Scope,
    ask: (&Approvers, &[Owner]),
) -> Vec<Finding> {
    let (approvers, owners) = ask;
    let ask = CheckAsk {
        playbooks: std::slice::from_ref(playbook),
        scope,
        guards,
        approvers,
        owners,
        found: Vec::new(),
        unopened: Vec::new(),
    };
    let checked = check(tools, &ask).await;
    let named = |system: &SystemCheck| -> Vec<Finding> {
        let id = system.id.clone();
        let all = system.findings.iter().cloned();
        all.map(|finding| Finding {
            id: format!("{id}:{}", finding.id),
            text: format!("{id}: {}", finding.text),
            ..finding
        })
        .collect()
    };
    let mut all: Vec<Finding> = checked.systems.iter().flat_map(named).collect();
    // Owners are told app by app here.
    let org = checked.findings.into_iter();
    all.extend(org.filter(|finding| finding.id != owners::NO_OWNER));
    all
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
