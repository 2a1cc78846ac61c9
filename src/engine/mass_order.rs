//! In which order many are evicted: each wholly, one after the other, or everybody suspended before
//! anybody's sessions are cleared.
//!
//! The second locks everybody out in about half the time, but only where a suspension ends sessions:
//! sources disagree on that, so it is done only where the config asks for it and a live rehearsal on
//! this org's canary showed it. Otherwise the plan says why not, and each is evicted in his turn.

use std::sync::Arc;

use async_trait::async_trait;

use super::executor::FEW_MAX;
use super::run::Tools;
use crate::model::{Evicts, Fact, FactName, Finding, Plan, PlannedStep, Severity, StepKey};

/// What `mass_order` of the config asks for.
#[derive(Clone, Default)]
pub enum MassOrder {
    /// Each subject's eviction is one piece.
    #[default]
    InTurn,
    /// All suspensions first, if these rehearsals show that they end sessions.
    SuspendsFirst(Arc<dyn Shown>),
}

/// What live rehearsals showed about the org.
#[async_trait]
pub trait Shown: Send + Sync {
    /// The newest word on it at this org.
    ///
    /// # Errors
    /// Why it could not be read, in words.
    async fn newest(&self, org_id: &str, name: FactName) -> Result<Option<Fact>, String>;
}

/// What shows that suspensions may go first for so many subjects, and what to say of the order.
pub(super) async fn decide(
    tools: &Tools,
    org_id: &str,
    subjects: usize,
) -> (Option<Fact>, Option<Finding>) {
    let MassOrder::SuspendsFirst(shown) = &tools.mass_order else {
        return (None, None);
    };
    if subjects <= FEW_MAX {
        return (None, None);
    }
    let why_not = match shown.newest(org_id, FactName::SuspensionEndsSessions).await {
        Ok(Some(fact)) if fact.holds => {
            let text = format!(
                "everybody is suspended before anybody's sessions are cleared: on {} the canary showed \
                 that a suspension ends them ({})",
                fact.at, fact.how
            );
            let finding = finding(Severity::Info, text, String::new());
            return (Some(fact), Some(finding));
        }
        Ok(Some(fact)) => format!(
            "on {} the canary showed that a suspension ends none ({})",
            fact.at, fact.how
        ),
        Ok(None) => "no live rehearsal showed yet that a suspension ends sessions".to_owned(),
        Err(why) => format!("what rehearsals showed could not be read: {why}"),
    };
    let text = format!("`mass_order: suspends_first` is not followed: {why_not}");
    let hint =
        "each is suspended and cleared in his turn; docs/rehearse.md says how the canary shows it";
    (
        None,
        Some(finding(Severity::Warning, text, hint.to_owned())),
    )
}

fn finding(severity: Severity, text: String, hint: String) -> Finding {
    Finding {
        severity,
        id: "mass_order".to_owned(),
        text,
        hint,
    }
}

/// The eviction's last step that locks, where suspensions go first: what comes after it in the stage
/// waits behind everybody's.
pub(super) fn last_lock(tools: &Tools, plan: &Plan) -> Option<StepKey> {
    plan.suspends_first.as_ref()?;
    let steps = &plan.stages.first()?.steps;
    let locks = |step: &&PlannedStep| {
        let action = tools.action(&step.action);
        action.is_some_and(|action| action.evicts == Evicts::Locks)
    };
    steps.iter().rfind(locks).map(|step| step.key)
}

/// Whether a step waits behind everybody's suspension.
pub(super) fn is_behind(step: StepKey, last_lock: Option<StepKey>) -> bool {
    last_lock.is_some_and(|lock| step.stage == lock.stage && step > lock)
}
