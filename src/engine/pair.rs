//! Two changes that are never left half done: letting a person in, and taking the old password away.
//!
//! Between the two the account is open under a password that the intruder may know. So the intents
//! of both are durable before the first leaves, nothing stops in between, and if the second fails,
//! what makes the first good again (he is shut out) is done at once. Only when that fails, too, is
//! the account open with its old password, and then nothing is said louder.
//!
//! After a crash anywhere a resumed run reads back first what was sent: a pair that is half done is
//! finished, one that was undone is begun anew, one that was done is left alone, whatever became of
//! the account since.

use std::time::Duration;

use super::executor::Subject;
use super::run::Run;
use super::step::{self, ATTEMPTS_MAX};
use super::tenants::is_as_planned;
use crate::connector::System;
use crate::ledger::{ChangeState, Event};
use crate::model::{
    Change, Finding, Outcome, OutcomeKind, PlannedStep, Proof, ProofState, Severity, Skip, StepKey,
};
use crate::transport::{Reader, Writer};

/// Reads that must agree before what was answered counts as not done, and the time between them: vendors lag behind themselves.
const REFUTALS: u32 = 3;
const LAG: Duration = Duration::from_secs(1);

/// Carries the pair out for one subject, as far as it is not done.
pub(super) async fn run(
    subject: &Subject<'_>,
    step: &PlannedStep,
    then: StepKey,
    or_else: StepKey,
) {
    let run = subject.run;
    let his = |key: StepKey| -> Option<Change> {
        let step = run.plan.step(key)?;
        let row = run.entry_of(&step.subjects, subject.id, |row| &row.subject)?;
        row.changes.first().map(|change| Change::clone(change))
    };
    let (Some(first), Some(then), Some(or_else)) = (his(step.key), his(then), his(or_else)) else {
        return;
    };
    let Some(system) = run.tools.system(&step.system) else {
        let why = "it is no longer configured".to_owned();
        step::skip(subject, step, Skip::Unsupported { why });
        return;
    };
    if let Err(why) = is_as_planned(run, system).await {
        step::skip(subject, step, why);
        return;
    }
    let pair = Pair {
        run,
        system,
        reader: step::reader(run, step, system).in_turn(run.turn_of(subject.id, step.key)),
        first,
        then,
        or_else,
    };
    pair.carry_out(subject).await;
}

struct Pair<'a> {
    run: &'a Run,
    system: &'a System,
    reader: Reader,
    first: Change,
    then: Change,
    or_else: Change,
}

impl Pair<'_> {
    async fn carry_out(&self, subject: &Subject<'_>) {
        if self.is_done() {
            return;
        }
        self.read_what_was_sent().await;
        // Shut out again means that letting in is not so any more, whatever was read before.
        if self.is_so(&self.or_else) {
            self.refute_first();
        }
        let is_in = self.is_so(&self.first);
        let renewed = self.is_so(&self.then);
        match (is_in, renewed) {
            (true, true) => {}
            (true, false) => step::intend(self.run, std::slice::from_ref(&self.then)).await,
            (false, _) => {
                step::intend(self.run, &[self.first.clone(), self.then.clone()]).await;
                if !self.let_in().await {
                    return;
                }
            }
        }
        let good =
            (is_in && renewed) || (self.send(&self.then).await && self.shows(&self.then).await);
        match good {
            true => self.needs_no_more(subject),
            false => self.shut_again().await,
        }
    }

    /// Whether both were done, and nobody shut him out again for a failure of ours. Who locks the
    /// account after that had a reason that is not ours to undo.
    fn is_done(&self) -> bool {
        self.run.recorder.read(|state| {
            let well = |change: &Change| {
                let known = state.change(&change.id);
                known.is_some_and(|each| each.is_answered_well() || each.is_proven())
            };
            let sent = |change: &Change| {
                let known = state.change(&change.id);
                known.is_some_and(|each| each.attempts > 0)
            };
            let order = |change: &Change| state.change(&change.id).map_or(0, |each| each.order);
            let shut = sent(&self.or_else) && order(&self.or_else) > order(&self.then);
            let renewed = state
                .change(&self.then.id)
                .is_some_and(|each| !each.proof_is(ProofState::Refuted));
            well(&self.first) && well(&self.then) && renewed && !shut
        })
    }

    /// Reads back what an earlier command sent: it decides what is left to do.
    async fn read_what_was_sent(&self) {
        let sent: Vec<Change> = self.run.recorder.read(|state| {
            let all = [&self.first, &self.then, &self.or_else].into_iter();
            let sent = all.filter(|change| {
                state
                    .change(&change.id)
                    .is_some_and(|each| each.attempts > 0)
            });
            sent.cloned().collect()
        });
        if sent.is_empty() {
            return;
        }
        let proofs = step::read_back(self.run, self.system, &self.reader, &sent).await;
        for (change, proof) in sent.into_iter().zip(proofs) {
            // A read that failed now takes nothing back that was read before.
            if matches!(proof.state, ProofState::Proven | ProofState::Refuted) {
                let change = change.id;
                self.run.recorder.defer(Event::Proved { change, proof });
            }
        }
    }

    /// Lets him in; `false` if that is known not to have happened, and the rest is off.
    async fn let_in(&self) -> bool {
        if self.send(&self.first).await {
            return true;
        }
        // What may have happened is answered by going on: the old password must go.
        let in_doubt = self.run.recorder.read(|state| {
            state
                .change(&self.first.id)
                .is_some_and(ChangeState::is_in_doubt)
        });
        if !in_doubt {
            self.answer_unsent();
        }
        in_doubt
    }

    /// The intent of the second stands, and nothing left for it.
    fn answer_unsent(&self) {
        let attempt = self
            .run
            .recorder
            .read(|state| state.change(&self.then.id).map_or(0, |each| each.attempts));
        self.run.recorder.defer(Event::Answered {
            change: self.then.id.clone(),
            attempt,
            outcome: Outcome::bare(OutcomeKind::Failed {
                why: "not sent: he was not let in".into(),
                hint: String::new(),
            }),
            ms: 0,
        });
    }

    /// Heeds no stop: between the two the account is open.
    fn writer(&self) -> Writer<'_> {
        self.run.writer(&self.reader)
    }

    /// Sends what is intended, and once more what may or may not have happened; whether it is so
    /// in the end.
    async fn send(&self, change: &Change) -> bool {
        let batch = [change.clone()];
        let doubtful = step::call(self.run, self.system, &self.writer(), &batch).await;
        self.settle(change, doubtful).await
    }

    /// Reads back and repeats what may have happened; whether it is good in the end.
    async fn settle(&self, change: &Change, mut doubtful: Vec<Change>) -> bool {
        for attempt in 1..=ATTEMPTS_MAX {
            if doubtful.is_empty() {
                break;
            }
            let again = step::unsettled(self.run, self.system, &self.reader, doubtful).await;
            if again.is_empty() || attempt == ATTEMPTS_MAX {
                break;
            }
            step::intend(self.run, &again).await;
            doubtful = step::call(self.run, self.system, &self.writer(), &again).await;
        }
        self.is_so(change)
    }

    /// Whether what was answered shows in a read, too: an answer alone must not leave the account
    /// open. What cannot be read is believed; nothing that requires it goes on without its proof.
    async fn shows(&self, change: &Change) -> bool {
        let sent = [change.clone()];
        for read in 1..=REFUTALS {
            let proofs = step::read_back(self.run, self.system, &self.reader, &sent).await;
            let Some(proof) = proofs.into_iter().next() else {
                return true;
            };
            let state = proof.state;
            if state == ProofState::Proven || (state == ProofState::Refuted && read == REFUTALS) {
                let change = change.id.clone();
                self.run.recorder.defer(Event::Proved { change, proof });
            }
            match state {
                ProofState::Refuted => {}
                ProofState::Proven | ProofState::Pending | ProofState::Unverifiable => return true,
            }
            if read < REFUTALS {
                self.run.tools.clock.sleep(LAG).await;
            }
        }
        false
    }

    /// Whether it is so, as far as answers and reads tell.
    fn is_so(&self, change: &Change) -> bool {
        self.run.recorder.read(|state| {
            state.change(&change.id).is_some_and(|each| {
                let well = each.is_answered_well() || each.is_proven();
                well && !each.proof_is(ProofState::Refuted)
            })
        })
    }

    /// Nothing is left to be made good.
    fn needs_no_more(&self, subject: &Subject<'_>) {
        let sent = self.run.recorder.read(|state| {
            state
                .change(&self.or_else.id)
                .is_some_and(|each| each.attempts > 0)
        });
        if let Some(step) = self.run.plan.step(self.or_else.step).filter(|_| !sent) {
            let why = "not needed: the password step is done".to_owned();
            step::skip(subject, step, Skip::NothingSelected { why });
        }
    }

    /// The password step failed: he is shut out again.
    async fn shut_again(&self) {
        step::intend(self.run, std::slice::from_ref(&self.or_else)).await;
        let mut shut = self.send(&self.or_else).await && self.shows(&self.or_else).await;
        if !shut {
            // Once more: nothing is worse than leaving him in.
            step::intend(self.run, std::slice::from_ref(&self.or_else)).await;
            shut = self.send(&self.or_else).await && self.shows(&self.or_else).await;
        }
        let who = &self.or_else.target.label;
        if shut {
            self.refute_first();
        } else if self.turned_out_well().await {
            return;
        }
        let run = &self.run.plan.run;
        let finding = match shut {
            true => Finding {
                severity: Severity::High,
                id: "shut_again".into(),
                text: format!("the password step failed for {who}: the account is shut again"),
                hint: format!("mend what refused it, then: oust runs resume {run}"),
            },
            false => Finding {
                severity: Severity::High,
                id: "open_with_old_password".into(),
                text: format!(
                    "the account of {who} may be open with its OLD password: the password step \
                     failed, and so did shutting it again"
                ),
                hint: format!(
                    "suspend it by hand now, in the directory's own console; then: oust runs \
                     resume {run}"
                ),
            },
        };
        self.run
            .recorder
            .commit(vec![Event::Noted { finding }])
            .await;
    }

    /// A last look at the password step, which nothing had answered.
    async fn turned_out_well(&self) -> bool {
        let last = [self.then.clone()];
        let proofs = step::read_back(self.run, self.system, &self.reader, &last).await;
        for proof in proofs {
            let change = self.then.id.clone();
            if proof.state == ProofState::Proven {
                self.run.recorder.defer(Event::Proved { change, proof });
                return true;
            }
        }
        false
    }

    fn refute_first(&self) {
        let how = "shut again: the password step failed";
        let proof = Proof::read(ProofState::Refuted, how, self.run.tools.clock.now());
        let change = self.first.id.clone();
        self.run.recorder.defer(Event::Proved { change, proof });
    }
}
