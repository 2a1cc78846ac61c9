//! Contains by itself what the log by itself confirms, as far as rule, guards and cap allow.
//!
//! The order is the safety: nobody whom only the alert accuses, then the guards, then the freeze,
//! then the cap, which is counted before anything leaves. Whatever stops it short of a guard becomes
//! a proposal that says why.

use std::time::Duration;

use super::carry::{Carry, What};
use super::people::{Chosen, People};
use super::propose::{Wanted, began, name_of};
use super::{Next, Trouble, Worker};
use crate::config::RuleRow;
use crate::consent::Consent;
use crate::inbox::Entry;
use crate::model::{RunId, Source, count};

/// How long the plan waits for the services once the directory's part is ready.
const GRACE: Duration = Duration::from_secs(1);

/// The time over which a source's automatic runs are counted.
const CAP_FOR: Duration = Duration::from_secs(3600);

impl Worker {
    pub(super) async fn contain(
        &self,
        entry: &Entry,
        rule: &RuleRow,
        run: RunId,
        people: &People,
        says: &str,
    ) -> Result<Next, Trouble> {
        let chosen = people.to_contain();
        if chosen.is_empty() {
            let why = format!("only with the alert's word for it, never by the log alone: {says}");
            return self.propose(entry, rule, run, people, why).await;
        }
        if let Some(frozen) = self.desk.frozen().await? {
            let why = format!(
                "automatic runs are frozen by {} ({}); {says}",
                frozen.by, frozen.reason
            );
            return self.propose(entry, rule, run, people, why).await;
        }
        let tools = self.open(&run)?;
        let wanted = Wanted {
            run: &run,
            chosen: Chosen::of(&chosen, true),
            source: Source::Alert(name_of(&entry.alert)),
            reason: says.to_owned(),
            grace: GRACE,
            warm_writes: true,
        };
        let mut prepared = match self.plan(&tools, &rule.playbook, wanted).await {
            Ok(prepared) => prepared,
            Err(error) => return self.no_plan(entry, &error),
        };
        prepared.plan.case.began = Some(began(entry));
        if let Some(fate) = self.refused(entry, &prepared.plan) {
            return Ok(Next::Settle(fate));
        }
        let now = self.shared.clock.now();
        let most = self.setup.cap_source;
        let source = &entry.alert.source;
        let counted = self
            .desk
            .count_automatic(source, &run, now, now.minus(CAP_FOR), most)
            .await?;
        if !counted {
            let number = count(usize::try_from(most).unwrap_or(usize::MAX), "automatic run");
            let why = format!(
                "cap_source: {source} had {number} within an hour (oust thaw clears it); {says}"
            );
            return self.propose(entry, rule, run, people, why).await;
        }
        let consent = match Consent::standing(&prepared.plan, &rule.name(), now) {
            Ok(consent) => consent,
            Err(why) => {
                return self
                    .propose(entry, rule, run, people, format!("{why}; {says}"))
                    .await;
            }
        };
        self.tell_of_the_others(entry, people, &chosen);
        let what = What::Begin {
            plan: Box::new(prepared.plan),
            consent,
            snapshot: prepared.snapshot,
        };
        let carry = Carry::new(run, what, tools).settling(&entry.id);
        Ok(Next::Carry(Box::new(carry)))
    }

    /// Those whom the log by itself does not confirm are left to people.
    fn tell_of_the_others(
        &self,
        entry: &Entry,
        people: &People,
        chosen: &[&super::people::Person],
    ) {
        let left: Vec<&str> = people
            .to_propose()
            .iter()
            .filter(|one| !chosen.iter().any(|each| each.subject.id == one.subject.id))
            .map(|one| one.says.as_str())
            .collect();
        if !left.is_empty() {
            self.tell_people(
                entry,
                &left.join("; "),
                "look into it with oust investigate",
            );
        }
    }
}
