//! What would stop us tonight: every system asked at the same time, and what belongs to none.
//!
//! Takes the playbooks that may be run and what the config says; returns one [`Checked`]. Each
//! system answers for itself by its connector's `preflight` and has [`SYSTEM_FOR`] to do so: one
//! that is silent is told as silent and holds up nobody. Reads alone: nothing here can hold a
//! `Writer`.
//!
//! Does not look at files: what is wrong with the config file, or a system that could not be
//! opened, is handed in by whoever opened them.

mod clocks;
mod object;
mod org;
mod wanted;

use std::time::Duration;

use futures_util::future::{join, join_all};

pub use object::{
    ActiveUsers, Checked, OrgChecked, SCHEMA as CHECK_SCHEMA, State, SystemCheck, check_schema,
};
pub use wanted::wanted;
use wanted::wanted_back;

use super::run::Tools;
use super::tenants;
use crate::approval::Approvers;
use crate::connector::System;
use crate::given::within;
use crate::guard::GuardConfig;
use crate::model::{Finding, Owner, Scope, Severity, SystemId};
use crate::playbook::CheckedPlaybook;
use crate::transport::{Rank, Reader};

/// How long one system may take.
pub(super) const SYSTEM_FOR: Duration = Duration::from_secs(30);

/// What is to be checked, and against what.
pub struct CheckAsk<'a> {
    /// The playbooks that may be run tonight.
    pub playbooks: &'a [CheckedPlaybook],
    /// Which systems.
    pub scope: &'a Scope,
    /// The guards' limits.
    pub guards: &'a GuardConfig,
    /// Who may sign.
    pub approvers: &'a Approvers,
    /// Whom to call about an app.
    pub owners: &'a [Owner],
    /// What was found before anything was asked.
    pub found: Vec<Finding>,
    /// Systems that could not be opened, and why.
    pub unopened: Vec<(SystemId, Finding)>,
}

/// Looks at everything, by reads alone.
pub async fn check(tools: &Tools, ask: &CheckAsk<'_>) -> Checked {
    let checked_at = tools.clock.now();
    let (here, left_out): (Vec<&System>, Vec<&System>) = tools
        .systems()
        .partition(|system| ask.scope.includes(&system.id));
    let looks = here.iter().map(|system| look(tools, ask, system));
    let (mut systems, org) = join(join_all(looks), org::look(tools, ask)).await;
    for (id, finding) in &ask.unopened {
        if ask.scope.includes(id) {
            systems.push(unopened(id, finding.clone()));
        }
    }
    let mut findings = ask.found.clone();
    findings.extend(org.findings);
    findings.extend(clocks::compare(&mut systems));
    findings.extend(twice(tools, &here).await);
    for system in &mut systems {
        settle(system);
    }
    let directory = systems
        .iter()
        .find(|each| each.id == tools.directory.system.id);
    if directory.is_some_and(|directory| directory.state != State::Ready) {
        quieten(&mut findings);
    }
    worst_first(&mut findings);
    let ready = systems.iter().filter(|each| each.state == State::Ready);
    let mut checked = Checked {
        schema: CHECK_SCHEMA,
        tool: tools.tool.clone(),
        checked_at,
        org: org.org,
        playbooks: ask
            .playbooks
            .iter()
            .map(|each| each.reference.name.clone())
            .collect(),
        left_out: left_out.iter().map(|system| system.id.clone()).collect(),
        ready: ready.count(),
        systems,
        findings,
        active_users: org.active_users,
        good: false,
    };
    checked.good = checked.is_good();
    checked
}

/// One system, by its own word, within its time.
async fn look(tools: &Tools, ask: &CheckAsk<'_>, system: &System) -> SystemCheck {
    let wanted = wanted(ask.playbooks, system);
    let reader = Reader::new(system.client.clone()).ranked(Rank::Evidence);
    let began = tools.clock.elapsed();
    let back = wanted_back(&wanted, system);
    let connector = &system.connector;
    let told = async {
        let both = [&wanted[..], &back[..]].concat();
        let mut told = connector.preflight(&reader, &both).await;
        // Whether the night would miss it, or the morning alone, is told apart only where something
        // is missing: every look costs quota. Where the night is hindered, that comes first.
        if !back.is_empty() && told.iter().any(|each| each.severity == Severity::High) {
            let tonight = connector.preflight(&reader, &wanted).await;
            let hindered = tonight.iter().any(|each| each.severity == Severity::High);
            told = match hindered {
                true => tonight,
                false => [missed(told, &tonight), tonight].concat(),
            };
        }
        told
    };
    let told = within(&*tools.clock, SYSTEM_FOR, told).await;
    let took = tools.clock.elapsed().saturating_sub(began);
    let answered = system.client.has_answered();
    let (state, findings) = match told {
        Some(findings) => (State::Ready, findings),
        None => (State::Silent, vec![late(answered)]),
    };
    SystemCheck {
        id: system.id.clone(),
        vendor: system.id.vendor().to_owned(),
        state,
        answered,
        wanted,
        clock_ahead_ms: system.client.clock_ahead_ms(),
        ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        findings,
    }
}

/// What only a release would miss: the night goes well without it, the morning after does not.
fn missed(of_release: Vec<Finding>, known: &[Finding]) -> Vec<Finding> {
    let new = of_release
        .into_iter()
        .filter(|finding| !known.contains(finding));
    new.map(|finding| Finding {
        severity: finding.severity.min(Severity::Warning),
        text: format!("to give an account back: {}", finding.text),
        ..finding
    })
    .collect()
}

fn late(answered: bool) -> Finding {
    let seconds = SYSTEM_FOR.as_secs();
    let text = match answered {
        true => format!("answers so slowly that it was not looked at to the end in {seconds} s"),
        false => format!("did not answer in {seconds} s"),
    };
    finding(
        Severity::High,
        "no_answer",
        text,
        "check its address in the config file, the network and the vendor's status page",
    )
}

fn unopened(id: &SystemId, finding: Finding) -> SystemCheck {
    SystemCheck {
        id: id.clone(),
        vendor: id.vendor().to_owned(),
        state: State::Silent,
        answered: false,
        wanted: Vec::new(),
        clock_ahead_ms: None,
        ms: 0,
        findings: vec![finding],
    }
}

/// Systems of one vendor that are one and the same there.
async fn twice(tools: &Tools, here: &[&System]) -> Vec<Finding> {
    let of_several = here.iter().filter(|system| {
        let vendor = system.id.vendor();
        let same = here.iter().filter(|other| other.id.vendor() == vendor);
        same.count() > 1
    });
    let each = of_several.map(|system| async move {
        let tenant = within(&*tools.clock, org::FACTS_FOR, tenants::ask(system)).await;
        (system.id.clone(), tenant.and_then(Result::ok).flatten())
    });
    let told = join_all(each).await;
    let known = told
        .iter()
        .filter_map(|(id, tenant)| Some((id, tenant.as_deref()?)));
    tenants::shared_by(known)
}

/// What follows from a directory that is hindered is told, and not as something more.
fn quieten(findings: &mut [Finding]) {
    for finding in findings {
        if finding.id == org::ORG_UNREAD {
            finding.severity = Severity::Info;
        }
    }
}

/// The state follows from what was found.
fn settle(system: &mut SystemCheck) {
    worst_first(&mut system.findings);
    let is_high = |finding: &Finding| finding.severity == Severity::High;
    if system.state == State::Ready && system.findings.iter().any(is_high) {
        system.state = State::Hindered;
    }
}

fn worst_first(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
}

fn finding(severity: Severity, id: &str, text: String, hint: impl Into<String>) -> Finding {
    Finding {
        severity,
        id: id.into(),
        text,
        hint: hint.into(),
    }
}
