//! Makes a plan for what an alert led to, and lets it wait for people.

use std::time::Duration;

use super::people::{Chosen, People};
use super::{Next, Trouble, Worker};
use crate::approval::APPROVAL_FOR;
use crate::config::RuleRow;
use crate::desk::{Proposal, ProposalState};
use crate::engine::{PlanError, PlanRequest, Prepared, Tools, plan};
use crate::inbox::Entry;
use crate::model::{Alert, Began, Fate, GuardReply, Plan, RunId, Scope, Source, Utc};
use crate::notify::NoticeKind;
use crate::playbook::CheckedPlaybook;
use crate::server::Item;

/// How long a plan that is looked at waits for the services.
const PATIENCE: Duration = Duration::from_secs(30);

/// Characters of a sender's words in a title.
const WORDS_MAX: usize = 120;

/// What a plan is made for.
pub(super) struct Wanted<'w> {
    pub(super) run: &'w RunId,
    pub(super) chosen: Chosen,
    pub(super) source: Source,
    pub(super) reason: String,
    pub(super) grace: Duration,
    pub(super) warm_writes: bool,
}

impl Worker {
    /// Keeps a plan and asks people.
    pub(super) async fn propose(
        &self,
        entry: &Entry,
        rule: &RuleRow,
        run: RunId,
        people: &People,
        why: String,
    ) -> Result<Next, Trouble> {
        let tools = self.open(&run)?;
        let wanted = Wanted {
            run: &run,
            chosen: Chosen::of(&people.to_propose(), false),
            source: Source::Proposed(name_of(&entry.alert)),
            reason: why.clone(),
            grace: PATIENCE,
            warm_writes: false,
        };
        let mut plan = match self.plan(&tools, &rule.playbook, wanted).await {
            Ok(prepared) => prepared.plan,
            Err(error) => return self.no_plan(entry, &error),
        };
        plan.case.began = Some(began(entry));
        if let Some(fate) = self.refused(entry, &plan) {
            return Ok(Next::Settle(fate));
        }
        let title = title(&entry.alert, &plan);
        self.ask_people(&plan, title, why.clone(), vec![entry.id.clone()])
            .await?;
        Ok(Next::Settle(Fate::Proposed { run, why }))
    }

    /// Keeps plan and proposal, and tells people that it waits.
    pub(super) async fn ask_people(
        &self,
        plan: &Plan,
        title: String,
        why: String,
        alerts: Vec<String>,
    ) -> Result<(), Trouble> {
        self.archive.bind_org(&plan.org_id).await?;
        self.archive.save_plan(plan).await?;
        let subjects = &plan.case.subjects;
        let logins: Vec<String> = subjects.iter().map(|who| who.login.clone()).collect();
        let proposal = Proposal {
            run: plan.run.clone(),
            phrase: plan.phrase(),
            digest: plan.digest(),
            subjects: logins.clone(),
            subject_ids: subjects.iter().map(|who| who.id.to_string()).collect(),
            title,
            why: why.clone(),
            requester: plan.case.source.name().to_owned(),
            alerts,
            made_at: plan.made_at,
            expires_at: plan.made_at.plus(APPROVAL_FOR),
            state: ProposalState::Waiting,
            decisions: Vec::new(),
        };
        if self.desk.propose(&proposal).await? {
            self.tell(NoticeKind::Waiting {
                run: plan.run.clone(),
                subjects: logins,
                why,
                expires_at: proposal.expires_at,
            });
            self.shared.news.tell(Item::Proposal(plan.run.clone()));
        }
        Ok(())
    }

    /// The systems, for one run.
    pub(super) fn open(&self, run: &RunId) -> Result<Tools, Trouble> {
        (self.setup.open)(Some(run)).map_err(Trouble::Systems)
    }

    pub(super) async fn plan(
        &self,
        tools: &Tools,
        playbook: &CheckedPlaybook,
        wanted: Wanted<'_>,
    ) -> Result<Prepared, PlanError> {
        let request = PlanRequest {
            run: wanted.run.clone(),
            who: wanted.chosen.who,
            may_be_gone: std::collections::BTreeSet::new(),
            roles: wanted.chosen.roles,
            window: None,
            case_id: None,
            reason: Some(wanted.reason),
            source: wanted.source,
            scope: Scope::default(),
            lifts: Vec::new(),
            warm_writes: wanted.warm_writes,
            identities: Vec::new(),
            found: wanted.chosen.found,
            grace: wanted.grace,
        };
        let mut prepared = plan(tools, playbook, &self.setup.guards, request).await?;
        prepared.plan.call(&self.setup.owners);
        Ok(prepared)
    }

    /// What becomes of an alert that a guard stops.
    pub(super) fn refused(&self, entry: &Entry, plan: &Plan) -> Option<Fate> {
        let mut guards = plan.guards.iter().filter(|guard| guard.stops_run());
        let (name, why, next) = guards.find_map(|guard| match &guard.reply {
            GuardReply::RefusesRun { why, next } => Some((guard.name, why, next)),
            _ => None,
        })?;
        let why = format!("{name}: {why}");
        self.tell_people(entry, &why, next);
        let next = next.clone();
        Some(Fate::Refused { why, next })
    }

    /// Without a plan: the directory is asked again, whatever else is wrong is told.
    pub(super) fn no_plan(&self, entry: &Entry, error: &PlanError) -> Result<Next, Trouble> {
        let unread = match error {
            PlanError::Org(_) => true,
            PlanError::Subject(why) => {
                matches!(why, crate::connector::ResolveError::Unread { .. })
            }
            _ => false,
        };
        if unread {
            return Err(Trouble::Systems(error.to_string()));
        }
        let why = error.to_string();
        self.tell_people(entry, &why, &error.hint());
        tracing::warn!("alert {}: {why}", entry.id);
        Ok(Next::Settle(Fate::Failed { why }))
    }
}

/// From when on times count: the alert was durable here. When its sender says that something
/// happened is kept beside it.
pub(super) fn began(entry: &Entry) -> Began {
    Began {
        at: entry.at,
        event_time: entry.alert.event_time,
    }
}

/// Who asks: `alert soc-elastic/<rule>`. The sender's words, bounded.
pub(super) fn name_of(alert: &Alert) -> String {
    let rule = match alert.rule.id.as_str() {
        "" => &alert.rule.name,
        id => id,
    };
    format!("alert {}/{}", alert.source, short(rule))
}

fn title(alert: &Alert, plan: &Plan) -> String {
    let who: Vec<&str> = plan
        .case
        .subjects
        .iter()
        .map(|who| who.login.as_str())
        .collect();
    let rule = match alert.rule.name.as_str() {
        "" => &alert.rule.id,
        name => name,
    };
    format!("{}: {}, by {}", who.join(", "), short(rule), alert.source)
}

fn short(words: &str) -> String {
    let clean = words.chars().filter(|c| !c.is_control());
    clean.take(WORDS_MAX).collect()
}

/// The moment a plan's approvals end.
pub(super) fn is_over(proposal: &Proposal, now: Utc) -> bool {
    proposal.expires_at <= now
}
