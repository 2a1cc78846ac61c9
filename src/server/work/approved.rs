//! Carries out what people approved, and lets expire what nobody decided.
//!
//! The plan is made again first. If what the approval is bound to has changed, nothing is carried
//! out: a newer proposal takes the place of the old one, and says what has changed. The run is in
//! the ledger before the desk says that it began, so that a crash between the two finds it there.

use std::time::Duration;

use super::carry::{Carry, What};
use super::ids::run_after;
use super::propose::is_over;
use super::{Tasks, Trouble, Worker};
use crate::approval::Vote;
use crate::connector::ResolveError;
use crate::consent::{Asked, Consent, ConsentError};
use crate::desk::{Proposal, ProposalState};
use crate::engine::{PlanError, PlanRequest, Prepared, plan};
use crate::ledger::RunState;
use crate::model::{GuardReply, Plan, RunId, Source};
use crate::notify::NoticeKind;
use crate::server::Item;

/// Proposals that are looked at.
const AT_THE_DESK: usize = 1_000;

/// How long until an approved plan that could not be begun is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// How long a plan that is to be carried out waits for the services.
const GRACE: Duration = Duration::from_secs(1);

impl Worker {
    /// What changed at the desk.
    pub(super) async fn look_at_the_desk(&self, tasks: &mut Tasks) {
        if let Err(why) = self.decided(tasks).await {
            tracing::error!("the desk could not be read: {why}");
        }
    }

    async fn decided(&self, tasks: &mut Tasks) -> Result<(), Trouble> {
        let waiting = Some(ProposalState::Waiting);
        for proposal in self.desk.proposals(waiting, AT_THE_DESK).await? {
            if is_over(&proposal, self.shared.clock.now()) {
                self.move_on(
                    &proposal.run,
                    ProposalState::Waiting,
                    ProposalState::Expired,
                )
                .await?;
            } else if !proposal.decisions.is_empty() && self.is_agreed(&proposal).await? {
                self.move_on(
                    &proposal.run,
                    ProposalState::Waiting,
                    ProposalState::Approved,
                )
                .await?;
            }
        }
        let approved = Some(ProposalState::Approved);
        for proposal in self.desk.proposals(approved, AT_THE_DESK).await? {
            if !tasks.works_on(&proposal.run) {
                tasks.approved(self, proposal);
            }
        }
        Ok(())
    }

    async fn is_agreed(&self, proposal: &Proposal) -> Result<bool, Trouble> {
        let plan = self.archive.plan(&proposal.phrase).await?;
        let plan = plan.filter(|plan| plan.digest() == proposal.digest);
        Ok(plan.is_some_and(|plan| self.consent_to(&plan, proposal).is_ok()))
    }

    /// What people's decisions amount to.
    fn consent_to(&self, plan: &Plan, proposal: &Proposal) -> Result<Consent, ConsentError> {
        let rules = &self.setup.approvers;
        let mut votes: Vec<Vote> = Vec::new();
        for decision in &proposal.decisions {
            match decision.vote(&proposal.run, rules) {
                Ok(vote) => votes.push(vote),
                Err(why) => {
                    tracing::warn!("a decision about {} does not count: {why}", proposal.run);
                }
            }
        }
        let asked = Asked {
            shown_at: plan.made_at,
            now: self.shared.clock.now(),
        };
        Consent::approved(plan, &votes, rules, &[&proposal.requester], asked)
    }

    async fn move_on(
        &self,
        run: &RunId,
        from: ProposalState,
        to: ProposalState,
    ) -> Result<bool, Trouble> {
        let moved = self.desk.move_proposal(run, from, to).await?;
        if moved {
            self.audit(format!("the proposal {run} is {}", to.word()))
                .await;
            self.shared.news.tell(Item::Proposal(run.clone()));
        }
        Ok(moved)
    }

    /// Carries an approved plan out. What cannot be asked now is tried at the next look.
    pub(super) async fn carry_approved(&self, proposal: Proposal) {
        let run = proposal.run.clone();
        match self.approved(proposal).await {
            Ok(Some(carry)) => self.carry_out(carry).await,
            Ok(None) => {}
            Err(why) => {
                tracing::warn!("the approved {run} could not be begun: {why}; it is tried again");
                self.shared.clock.sleep(AGAIN).await;
            }
        }
    }

    async fn approved(&self, proposal: Proposal) -> Result<Option<Carry>, Trouble> {
        let run = &proposal.run;
        let records = self.archive.records(run).await?;
        if !records.is_empty() {
            // It began, and the desk was not told.
            self.begun(run).await;
            return Ok(self.gone_on_with(run, &records, RunState::of(&records)));
        }
        let stored = self.archive.plan(&proposal.phrase).await?;
        let stored = stored.filter(|plan| plan.digest() == proposal.digest && plan.run == *run);
        let Some(stored) = stored else {
            self.overtaken(run, "its plan is not kept any more").await?;
            return Ok(None);
        };
        let consent = match self.consent_to(&stored, &proposal) {
            Ok(consent) => consent,
            Err(why) => {
                self.overtaken(run, &why.to_string()).await?;
                return Ok(None);
            }
        };
        let tools = self.open(run)?;
        let Some(playbook) = self.playbook(&stored) else {
            self.overtaken(
                run,
                "its playbook is none of the rules' any more, or has changed",
            )
            .await?;
            return Ok(None);
        };
        let request = PlanRequest::again(&stored, GRACE);
        let now = match plan(&tools, &playbook, &self.setup.guards, request).await {
            Ok(now) => now,
            Err(PlanError::Subject(
                gone @ (ResolveError::Stranger { .. } | ResolveError::Several { .. }),
            )) => {
                self.overtaken(run, &gone.to_string()).await?;
                return Ok(None);
            }
            Err(error) => return Err(Trouble::Systems(error.to_string())),
        };
        let differs = stored.differs_from(&now.plan);
        if !differs.is_empty() {
            let why = differs.join("; ");
            self.propose_again(&proposal, &stored, now, &why).await?;
            return Ok(None);
        }
        let what = What::Begin {
            plan: Box::new(stored),
            consent,
            snapshot: now.snapshot,
        };
        Ok(Some(Carry::new(run.clone(), what, tools)))
    }

    /// The playbook of a stored plan, by its content: one that a rule names.
    pub(super) fn playbook(
        &self,
        plan: &Plan,
    ) -> Option<std::sync::Arc<crate::playbook::CheckedPlaybook>> {
        let mut rows = self.setup.rules.rows();
        let row = rows.find(|row| row.playbook.reference.digest == plan.playbook.digest)?;
        Some(std::sync::Arc::clone(&row.playbook))
    }

    async fn overtaken(&self, run: &RunId, why: &str) -> Result<(), Trouble> {
        tracing::warn!("the approved {run} is not carried out: {why}");
        self.audit(format!("the approved {run} is not carried out: {why}"))
            .await;
        self.move_on(run, ProposalState::Approved, ProposalState::Overtaken)
            .await?;
        Ok(())
    }

    /// A newer proposal in its place: first that one, so that a crash leaves two and never none.
    async fn propose_again(
        &self,
        old: &Proposal,
        stored: &Plan,
        now: Prepared,
        why: &str,
    ) -> Result<(), Trouble> {
        let mut plan = now.plan;
        plan.run = run_after(&old.run);
        plan.case.window = stored.case.window;
        plan.case.began = stored.case.began;
        plan.case.intruders.clone_from(&stored.case.intruders);
        if let Source::Alert(name) = &plan.case.source {
            plan.case.source = Source::Proposed(name.clone());
        }
        plan.call(&self.setup.owners);
        let why = format!("{} was approved, and no longer holds: {why}", old.run);
        let stopping = plan.guards.iter().find_map(|guard| match &guard.reply {
            GuardReply::RefusesRun { why, next } if guard.stops_run() => Some((why, next)),
            _ => None,
        });
        if let Some((guard, next)) = stopping {
            // Nobody could approve that one either.
            let why = format!("{why}: {guard}");
            self.tell(NoticeKind::Refused {
                subjects: old.subjects.clone(),
                why: why.clone(),
                next: next.clone(),
            });
            return self.overtaken(&old.run, &why).await;
        }
        self.ask_people(&plan, old.title.clone(), why.clone(), old.alerts.clone())
            .await?;
        self.overtaken(&old.run, &why).await
    }
}
