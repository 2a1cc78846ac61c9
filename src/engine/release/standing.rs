//! What the run changed, one by one: does it still stand as we left it, and what undoes it?
//!
//! Reads each change back before its inverse is planned. Undone by somebody else, or made while
//! the intruder was in, it is left alone; what cannot be read is not touched either, and counts as
//! open. Knows neither steps nor guards.

use std::time::Duration;

use futures_util::future::join_all;

use super::{ReleaseRequest, Whose};
use crate::connector::{CannotUndo, System};
use crate::engine::run::Tools;
use crate::engine::step::applied_of;
use crate::engine::tenants;
use crate::given::within;
use crate::ledger::{ChangeState, RunState};
use crate::model::{
    Applied, Change, LeftAlone, LeftWhy, Plan, Proof, ProofState, RunId, Scope, Select, Skip,
    SystemId, UserId,
};
use crate::transport::{Rank, Reader};

/// How long one system's reads may take.
const READ_FOR: Duration = Duration::from_secs(30);

/// One change of the run that its release undoes, or would.
pub(super) struct Back {
    /// What the run did.
    pub(super) was: Change,
    /// What undoes it, one unbroken chain.
    pub(super) chain: Vec<Change>,
    /// Why it is not known whether it still stands, if so.
    pub(super) skip: Option<Skip>,
}

/// Everything that the run changed, sorted out.
#[derive(Default)]
pub(super) struct Standing {
    /// To be undone, in the order it was done.
    pub(super) back: Vec<Back>,
    /// Left as it is.
    pub(super) left: Vec<LeftAlone>,
    /// Undoings of changes that somebody else undid: they tell how the password is replaced.
    pub(super) undone: Vec<Vec<Change>>,
    /// Systems with something to give back that are out of scope.
    beyond: Vec<SystemId>,
}

impl Standing {
    /// The systems that were left out on purpose although something is to be given back there.
    pub(super) fn left_out(&self, scope: &Scope) -> Vec<SystemId> {
        let mut all: Vec<SystemId> = Vec::new();
        for id in self.beyond.iter().filter(|id| !scope.includes(id)) {
            if !all.contains(id) {
                all.push(id.clone());
            }
        }
        all
    }
}

/// A change and what would undo it, before it is read back.
struct Candidate {
    applied: Applied,
    chain: Vec<Change>,
}

/// Reads how everything that the run changed stands.
pub(super) async fn read(
    tools: &Tools,
    request: &ReleaseRequest<'_>,
    before: &Plan,
    who: &[Whose],
) -> Standing {
    let mut standing = Standing::default();
    let mut asked: Vec<Candidate> = Vec::new();
    for each in request
        .state
        .changes()
        .iter()
        .filter(|each| may_stand(each))
    {
        match sort_out(tools, request, before, each) {
            Sorted::Ask(candidate) => asked.push(candidate),
            Sorted::Unconfigured(chain) => standing.back.push(Back {
                was: Change::clone(&each.change),
                chain,
                skip: Some(Skip::Unsupported {
                    why: "its system is no longer configured".into(),
                }),
            }),
            Sorted::Beyond => standing.beyond.push(each.change.system.clone()),
            Sorted::Left(why) => standing.leave(&each.change, why),
        }
    }
    let proofs = read_back(tools, before, who, &asked).await;
    for (Candidate { applied, chain }, proof) in asked.into_iter().zip(proofs) {
        let skip = match proof {
            Ok(proof) => match proof.state {
                ProofState::Proven => None,
                ProofState::Refuted => {
                    let seen = proof.how;
                    standing.leave(&applied.change, LeftWhy::Changed { seen });
                    standing.undone.push(chain);
                    continue;
                }
                ProofState::Pending | ProofState::Unverifiable => {
                    let why = format!("not read whether it still stands: {}", proof.how);
                    Some(Skip::Unread { why })
                }
            },
            Err(skip) => Some(skip),
        };
        standing.back.push(Back {
            was: Change::clone(&applied.change),
            chain,
            skip,
        });
    }
    standing
}

impl Standing {
    fn leave(&mut self, change: &Change, why: LeftWhy) {
        let left = LeftAlone {
            subject: change.subject.clone(),
            system: change.system.clone(),
            what: change.sentence.clone(),
            why,
        };
        if !self.left.contains(&left) {
            self.left.push(left);
        }
    }
}

/// Whether it was done, or may have been.
fn may_stand(each: &ChangeState) -> bool {
    each.attempts > 0 && (each.is_answered_well() || each.is_proven() || each.is_in_doubt())
}

enum Sorted {
    Ask(Candidate),
    Unconfigured(Vec<Change>),
    Beyond,
    Left(LeftWhy),
}

fn sort_out(
    tools: &Tools,
    request: &ReleaseRequest<'_>,
    before: &Plan,
    each: &ChangeState,
) -> Sorted {
    let change = &each.change;
    let applied = applied_of(request.state, change);
    let Some(system) = tools.system(&change.system) else {
        // Nobody can say what would undo it: that it is not given back must not be silent.
        return Sorted::Unconfigured(vec![Change::clone(change)]);
    };
    let chain = match system.connector.inverse(&applied) {
        Ok(chain) if chain.is_empty() => return Sorted::Left(LeftWhy::NotOurs),
        Ok(chain) => chain,
        Err(CannotUndo::NotOurs) => return Sorted::Left(LeftWhy::NotOurs),
        Err(CannotUndo::Never(why)) => return Sorted::Left(LeftWhy::Never { why }),
        Err(CannotUndo::PersonRedoes(how)) => return Sorted::Left(LeftWhy::PersonRedoes { how }),
    };
    if let Some(by) = given_back(request.earlier, &chain) {
        return Sorted::Left(LeftWhy::GivenBack { by });
    }
    if is_planted(before, change) {
        return Sorted::Left(LeftWhy::Planted);
    }
    if !request.scope.includes(&change.system) {
        return Sorted::Beyond;
    }
    Sorted::Ask(Candidate { applied, chain })
}

/// Whether its target was made while the intruder was in, or chosen for looking so.
fn is_planted(before: &Plan, change: &Change) -> bool {
    let made = change
        .made_at
        .is_some_and(|at| before.case.window.contains(at));
    let step = before.step(change.step);
    made || step.is_some_and(|step| step.select == Select::InWindow)
}

/// The earlier release that has done what this chain begins with, and whose doing still stands
/// as far as it knows.
fn given_back(earlier: &[RunState], chain: &[Change]) -> Option<RunId> {
    let first = chain.first()?;
    let done = |each: &ChangeState| {
        let same = (
            &each.change.action,
            &each.change.system,
            &each.change.subject,
        ) == (&first.action, &first.system, &first.subject);
        let stands = each.is_proven() || each.is_answered_well();
        same && each.change.target == first.target && stands && !each.proof_is(ProofState::Refuted)
    };
    let run = earlier
        .iter()
        .find(|state| state.changes().iter().any(done))?;
    run.plan.as_ref().map(|plan| plan.run.clone())
}

/// Whether the directory's password step was proven for him by an earlier release.
pub(super) fn renewed_before(tools: &Tools, request: &ReleaseRequest<'_>, who: &UserId) -> bool {
    let renews = |change: &Change| {
        let link = tools
            .directory
            .directory
            .password_step(change, request.password);
        link.is_some()
    };
    let changes = request.earlier.iter().flat_map(RunState::changes);
    let mut his = changes.filter(|each| each.change.subject == *who);
    his.any(|each| each.is_proven() && renews(&each.change))
}

/// One answer for each candidate; `Err` says why it could not be asked.
async fn read_back(
    tools: &Tools,
    before: &Plan,
    who: &[Whose],
    asked: &[Candidate],
) -> Vec<Result<Proof, Skip>> {
    let unmoved = tenants::unmoved(tools, before, READ_FOR).await;
    let lost = |candidate: &Candidate| {
        let his = |each: &&Whose| each.subject().id == candidate.applied.change.subject;
        match who.iter().find(his) {
            Some(Whose::There(_)) => None,
            Some(Whose::Gone(_, why)) => Some(Skip::Unsupported { why: why.clone() }),
            Some(Whose::Unread(_, why)) => Some(Skip::Unread { why: why.clone() }),
            None => Some(Skip::Unread {
                why: "he is not among the run's subjects".into(),
            }),
        }
    };
    let moved = || Skip::Unsupported {
        why: "its name stands for another account at the vendor than the run's, or does not tell"
            .into(),
    };
    let mut answers: Vec<Option<Result<Proof, Skip>>> = asked
        .iter()
        .map(|candidate| {
            let here = unmoved
                .iter()
                .any(|system| system.id == candidate.applied.change.system);
            lost(candidate).or_else(|| (!here).then(moved)).map(Err)
        })
        .collect();
    let each = unmoved.iter().map(|system| {
        let places: Vec<usize> = (0..asked.len())
            .filter(|place| {
                answers[*place].is_none() && asked[*place].applied.change.system == system.id
            })
            .collect();
        let done: Vec<Applied> = places
            .iter()
            .map(|place| asked[*place].applied.clone())
            .collect();
        async move { (places, prove(tools, system, done).await) }
    });
    for (places, proofs) in join_all(each).await {
        for (place, proof) in places.into_iter().zip(proofs) {
            answers[place] = Some(Ok(proof));
        }
    }
    let silent = || {
        let why = "not read whether it still stands: no answer in time".to_owned();
        Err(Skip::Unread { why })
    };
    answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(silent))
        .collect()
}

async fn prove(tools: &Tools, system: &System, done: Vec<Applied>) -> Vec<Proof> {
    if done.is_empty() {
        return Vec::new();
    }
    let reader = Reader::new(system.client.clone())
        .ranked(Rank::Prove)
        .patient(READ_FOR);
    let proofs = system.connector.prove(&reader, &done);
    within(&*tools.clock, READ_FOR, proofs)
        .await
        .unwrap_or_default()
}
