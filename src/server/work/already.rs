//! What is known of these accounts already: a plan that waits, a run that is under way, or one that
//! has contained them since the intruder was last seen.

use super::Trouble;
use super::Worker;
use crate::desk::{Proposal, ProposalState};
use crate::ledger::Mode;
use crate::model::{RunId, UserId, Utc};

/// Proposals of one state that are looked at.
const PROPOSALS_MAX: usize = 1_000;

/// Runs whose records are read.
const RUNS_MAX: usize = 20;

impl Worker {
    /// A plan or a run that is open and about all of these accounts.
    pub(super) async fn open_for(&self, ids: &[UserId]) -> Result<Option<RunId>, Trouble> {
        if ids.is_empty() {
            return Ok(None);
        }
        for state in [ProposalState::Waiting, ProposalState::Approved] {
            let open = self.desk.proposals(Some(state), PROPOSALS_MAX).await?;
            let now = self.shared.clock.now();
            let same = |one: &&Proposal| one.expires_at > now && covers(&one.subject_ids, ids);
            if let Some(one) = open.iter().find(same) {
                return Ok(Some(one.run.clone()));
            }
        }
        for row in self.archive.unfinished().await?.into_iter().take(RUNS_MAX) {
            if self.is_about(&row.id, ids).await? {
                return Ok(Some(row.id));
            }
        }
        Ok(None)
    }

    /// A run that ended after the intruder was last seen in any of these accounts.
    pub(super) async fn contained_since(
        &self,
        who: &[(UserId, String)],
        last: Utc,
    ) -> Result<Option<RunId>, Trouble> {
        let ids: Vec<UserId> = who.iter().map(|(id, _)| id.clone()).collect();
        let runs = self.archive.runs().await?;
        // What was given back, whole or in part, keeps nobody out any more.
        let given_back: Vec<RunId> = runs
            .iter()
            .filter(|run| run.wrote)
            .filter_map(|run| run.gives_back.clone())
            .collect();
        let since = runs.into_iter().filter(|run| {
            let named = |(_, login): &(UserId, String)| {
                let mut logins = run.subjects.iter();
                logins.any(|known| known.eq_ignore_ascii_case(login))
            };
            let contains = run.gives_back.is_none() && !given_back.contains(&run.id);
            run.wrote
                && contains
                && run.closed_at.is_some_and(|at| at >= last)
                && who.iter().all(named)
        });
        for run in since.take(RUNS_MAX) {
            if self.is_about(&run.id, &ids).await? {
                return Ok(Some(run.id));
            }
        }
        Ok(None)
    }

    /// Whether a run contains all of these.
    async fn is_about(&self, run: &RunId, ids: &[UserId]) -> Result<bool, Trouble> {
        let state = self.archive.state(run).await?;
        let Some(plan) = state.plan.filter(|_| state.mode == Some(Mode::Contain)) else {
            return Ok(false);
        };
        let subjects = plan.case.subjects.iter();
        let theirs: Vec<String> = subjects.map(|who| who.id.to_string()).collect();
        Ok(covers(&theirs, ids))
    }
}

fn covers(theirs: &[String], ids: &[UserId]) -> bool {
    ids.iter()
        .all(|id| theirs.iter().any(|known| known == id.as_str()))
}
