//! A plan in a rehearsal's words: who he is where, the writes in order, what would not be done.

use super::finding;
use crate::model::{
    Finding, GuardReply, Identity, Plan, PlannedStage, PlannedStep, Severity, Skip,
};
use crate::rehearsals::{Gate, Intended, LeftAlone, Whom, WhomIs};

/// Who he is at each system in scope.
pub(super) fn identities(plan: &Plan) -> Vec<Whom> {
    let systems = plan.systems.iter();
    systems
        .filter(|system| plan.scope.includes(&system.id))
        .filter_map(|system| {
            let (_, identity) = system.identities.first()?;
            let (is, id, why) = match identity {
                Identity::Found { id } => (WhomIs::Found, id.clone(), String::new()),
                Identity::NoAccount => (WhomIs::NoAccount, String::new(), String::new()),
                Identity::Ambiguous { candidates } => {
                    let why = format!("several accounts answer: {}", candidates.join(", "));
                    (WhomIs::Ambiguous, String::new(), why)
                }
                Identity::Contested { why, .. } => (WhomIs::Contested, String::new(), why.clone()),
                Identity::Unread { why } => (WhomIs::Unread, String::new(), why.clone()),
            };
            Some(Whom {
                system: system.id.clone(),
                is,
                id,
                why,
            })
        })
        .collect()
}

fn in_scope(plan: &Plan) -> impl Iterator<Item = (&PlannedStage, &PlannedStep)> {
    let stages = plan.stages.iter();
    let steps = stages.flat_map(|stage| stage.steps.iter().map(move |step| (stage, step)));
    steps.filter(|(_, step)| plan.scope.includes(&step.system))
}

/// Every write, in the order of the plan.
pub(super) fn writes(plan: &Plan) -> Vec<Intended> {
    let mut all = Vec::new();
    for (stage, step) in in_scope(plan) {
        for change in step.subjects.iter().flat_map(|each| &each.changes) {
            all.push(Intended {
                stage: stage.name.clone(),
                asks: stage.ask,
                system: change.system.clone(),
                action: change.action.clone(),
                sentence: change.sentence.clone(),
                target_kind: change.target.kind.clone(),
                target_id: change.target.id.clone(),
                undo: change.undo,
            });
        }
    }
    all
}

/// Every step that would do nothing.
pub(super) fn left_alone(plan: &Plan) -> Vec<LeftAlone> {
    let mut all = Vec::new();
    for (stage, step) in in_scope(plan) {
        for skip in step.subjects.iter().filter_map(|each| each.skip.as_ref()) {
            if skip.is_not_meant() {
                continue;
            }
            all.push(LeftAlone {
                system: step.system.clone(),
                action: step.action.clone(),
                why: skip.sentence(),
                open: !skip.is_closed() && !step.optional && !stage.ask,
            });
        }
    }
    all
}

/// What the guards said, but for those that had nothing to say.
pub(super) fn gates(plan: &Plan) -> Vec<Gate> {
    plan.guards
        .iter()
        .filter_map(|guard| {
            let (answer, why) = match &guard.reply {
                GuardReply::Passes => return None,
                GuardReply::Warns { why } => ("warns", why),
                GuardReply::RefusesSteps { why, .. } => ("refuses_steps", why),
                GuardReply::RefusesRun { why, .. } => ("refuses_run", why),
            };
            Some(Gate {
                name: guard.name.word().to_owned(),
                answer: answer.to_owned(),
                why: why.clone(),
            })
        })
        .collect()
}

/// What of it would leave a containment open.
pub(super) fn findings(plan: &Plan) -> Vec<Finding> {
    let mut all = Vec::new();
    let identities = identities(plan);
    for whom in &identities {
        if !whom.is.is_settled() {
            let id = format!("{}:identity", whom.system);
            let text = format!("{}: {}: {}", whom.system, whom.is.words(), whom.why);
            let hint = match whom.is {
                WhomIs::Unread => "nothing would be done there until it answers",
                _ => "look, then name the account: --identity LOGIN=SYSTEM=ID",
            };
            all.push(finding(Severity::High, id, text, hint));
        }
    }
    let unsettled = |step: &PlannedStep| {
        let mut at = identities.iter();
        at.any(|whom| whom.system == step.system && !whom.is.is_settled())
    };
    for (stage, step) in in_scope(plan) {
        if stage.ask || step.optional || unsettled(step) {
            continue;
        }
        for skip in step.subjects.iter().filter_map(|each| each.skip.as_ref()) {
            let severity = match skip {
                skip if skip.is_closed() => continue,
                Skip::AgentsKept { .. } => Severity::Warning,
                _ => Severity::High,
            };
            let id = format!("{}:{}", step.system, step.action);
            let text = format!("{}: {}: {}", step.system, step.action, skip.sentence());
            if !all.iter().any(|known: &Finding| known.id == id) {
                all.push(finding(severity, id, text, ""));
            }
        }
    }
    all.extend(refused(plan));
    all.extend(unreached(plan));
    all
}

fn refused(plan: &Plan) -> Vec<Finding> {
    let refusing = plan.guards.iter().filter(|guard| guard.stops_run());
    refusing
        .filter_map(|guard| match &guard.reply {
            GuardReply::RefusesRun { why, next } => Some(finding(
                Severity::High,
                format!("guard:{}", guard.name.word()),
                format!("{} would refuse the run: {why}", guard.name),
                next,
            )),
            _ => None,
        })
        .collect()
}

/// Apps of his that a connector would reach and none is configured for: a run would end partial.
fn unreached(plan: &Plan) -> Vec<Finding> {
    let all = plan.unreached.iter();
    let reachable = all.filter_map(|each| Some((each.vendor.as_ref()?, each)));
    reachable
        .filter(|(vendor, _)| plan.scope.includes(vendor))
        .map(|(vendor, each)| {
            let app = match &each.app[..] {
                "" => String::new(),
                app => format!("{app}, "),
            };
            finding(
                Severity::High,
                format!("{vendor}:not_configured"),
                format!(
                    "{vendor} is used and not configured ({app}{}): nothing would be done there",
                    each.why
                ),
                "add a connector to the config",
            )
        })
        .collect()
}
