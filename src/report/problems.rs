//! What is open at a system, in sentences: read off the object, for every rendering alike.

use super::object::{ChangeReport, StepOutcome, StepReport, SubjectReport};
use crate::model::{ProofState, SystemId, Verdict};

/// One thing that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// What, in a few words.
    pub(super) what: String,
    /// What that leaves, for the list of what still works.
    pub(super) left: String,
    /// Why; may be empty.
    pub(super) why: String,
    /// What to do next.
    pub(super) hint: Option<String>,
}

impl Problem {
    /// Both in one sentence.
    pub(super) fn text(&self) -> String {
        match &self.why[..] {
            "" => self.what.clone(),
            why => format!("{}: {why}", self.what),
        }
    }
}

/// What keeps a subject from being contained at a system; empty if it is.
pub(super) fn problems(subject: &SubjectReport, system: &SystemId) -> Vec<Problem> {
    let verdict = subject
        .systems
        .iter()
        .find(|each| each.id == *system)
        .map(|each| each.verdict);
    if !matches!(verdict, Some(Verdict::Partial | Verdict::Unknown)) {
        return Vec::new();
    }
    let here: Vec<&StepReport> = subject
        .steps
        .iter()
        .filter(|step| step.system == *system && !step.optional)
        .collect();
    let mut found: Vec<Problem> = Vec::new();
    let mut unread: Vec<Problem> = Vec::new();
    for (place, step) in here.iter().enumerate() {
        let later = &here[place + 1..];
        for change in &step.changes {
            if is_spoken_for(step, change, later) {
                continue;
            }
            let unverifiable = has_proof(change, ProofState::Unverifiable);
            match problem_of(step, change) {
                Some(problem) if unverifiable => unread.push(problem),
                Some(problem) => found.push(problem),
                None => {}
            }
        }
        if let Some(not_done) = step.not_done.as_ref().filter(|why| why.open) {
            found.push(Problem {
                what: format!("`{}` not done", step.action.verb()),
                left: format!("not done: {}", step.action.verb().replace('_', " ")),
                why: not_done.why.clone(),
                hint: None,
            });
        }
    }
    // What cannot be read back is the reason only where nothing else is.
    if found.is_empty() {
        found = unread;
    }
    if found.is_empty() {
        found.extend(unreachable(subject, system));
    }
    found
}

/// Whether the same change, made again by a later step, was proven.
fn is_spoken_for(step: &StepReport, change: &ChangeReport, later: &[&StepReport]) -> bool {
    later
        .iter()
        .filter(|other| other.action == step.action)
        .flat_map(|other| &other.changes)
        .any(|other| other.target == change.target && has_proof(other, ProofState::Proven))
}

fn has_proof(change: &ChangeReport, state: ProofState) -> bool {
    change
        .proof
        .as_ref()
        .is_some_and(|proof| proof.state == state)
}

fn problem_of(step: &StepReport, change: &ChangeReport) -> Option<Problem> {
    let verb = step.action.verb();
    let what = &change.sentence;
    let why = change.why.as_deref().unwrap_or_default();
    let problem = |what: String, why: &str| {
        let left = match change.outcome {
            StepOutcome::Failed => format!("not done: {}", change.sentence),
            _ => what.clone(),
        };
        Some(Problem {
            what,
            left,
            why: why.to_owned(),
            hint: change.hint.clone(),
        })
    };
    let how = change.proof.as_ref().map_or("", |proof| &proof.how);
    match (
        change.proof.as_ref().map(|proof| proof.state),
        change.outcome,
    ) {
        (Some(ProofState::Proven), _) => None,
        (Some(ProofState::Refuted), _) => problem(format!("not so: {what}"), how),
        // The account itself is named by the line; the verb says enough.
        (_, StepOutcome::Failed) if change.target.kind == "user" => {
            problem(format!("refused `{verb}`"), why)
        }
        (_, StepOutcome::Failed) => problem(format!("refused `{verb}`: {what}"), why),
        (_, StepOutcome::InDoubt) => problem(format!("may or may not have happened: {what}"), why),
        // The step's own reason stands for it.
        (_, StepOutcome::Skipped) if step.not_done.is_some() => None,
        (_, StepOutcome::Skipped) => problem(format!("not done: {what}"), why),
        (Some(ProofState::Pending), _) => problem(format!("not to be seen yet: {what}"), how),
        (Some(ProofState::Unverifiable), _) => problem(format!("cannot be read back: {what}"), how),
        (None, _) => problem(format!("answered, not read back: {what}"), ""),
    }
}

fn unreachable(subject: &SubjectReport, system: &SystemId) -> Option<Problem> {
    use super::object::WhoThere;
    let there = &subject
        .systems
        .iter()
        .find(|each| each.id == *system)?
        .identity;
    let (what, why) = match there {
        WhoThere::Ambiguous { candidates } => {
            ("several accounts answer to the name", candidates.join(", "))
        }
        WhoThere::Contested { why, .. } => ("the identity is contested", why.clone()),
        WhoThere::Unread { why } => ("the identity could not be read", why.clone()),
        WhoThere::NotConfigured { why } => ("no connector is configured", why.clone()),
        _ if !subject.signs_of_life.is_empty() => (
            "the log shows the account at work after the last clear",
            String::new(),
        ),
        _ => ("eviction is not shown", String::new()),
    };
    Some(Problem {
        what: what.into(),
        left: what.into(),
        why,
        hint: None,
    })
}
