//! What refuses a release, or steps of it, before anybody is asked.
//!
//! Facts are read once, side by side with how the run's changes stand; judging them is pure. What
//! could not be read refuses as if it were so: to let somebody in is never urgent. Each answer says
//! the next best command, and a person lifts it for a reason that is recorded.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join3;

use super::standing;
use super::steps::has_its_password_here;
use super::{ReleaseRequest, Whose};
use crate::connector::LockAct;
use crate::engine::run::Tools;
use crate::evidence::investigation::Now;
use crate::given::within;
use crate::ledger::RunState;
use crate::model::{
    ActionId, AppAccount, Evicts, GuardAnswer, GuardName, GuardReply, History, Plan, PlannedStage,
    Plant, Severity, Subject, SystemId, UserId, Utc, WindowHow, count,
};
use crate::transport::Reader;

/// How long the reads may take.
const READ_FOR: Duration = Duration::from_secs(30);

/// Things named one by one in a sentence.
const NAMED_MAX: usize = 4;

/// What the guards judge by.
pub(super) struct Facts {
    /// What the intruder left that is, or may be, still there.
    planted: Vec<(Plant, Now)>,
    /// What the log says of the subjects' assignments; `None` if it did not answer in time.
    history: Option<History>,
    /// What is assigned to each, in the order of those who are there.
    accounts: Vec<(Subject, Option<Vec<AppAccount>>)>,
    /// Who locked and unlocked them since.
    locks: Result<Vec<LockAct>, String>,
}

/// Reads them.
pub(super) async fn read(
    tools: &Tools,
    request: &ReleaseRequest<'_>,
    before: &Plan,
    who: &[Whose],
) -> Facts {
    let home = &tools.directory;
    let there: Vec<Subject> = who
        .iter()
        .filter_map(|each| match each {
            Whose::There(who) => Some(who.clone()),
            Whose::Gone(..) | Whose::Unread(..) => None,
        })
        .collect();
    let reader = Reader::new(home.system.client.clone()).patient(READ_FOR);
    let plants = plants(before);
    let planted = async {
        let now = match plants.is_empty() {
            true => Vec::new(),
            false => {
                let now = home.directory.planted_now(&reader, &plants);
                within(&*tools.clock, READ_FOR, now)
                    .await
                    .unwrap_or_default()
            }
        };
        let unread = std::iter::repeat(Now::Unread);
        plants
            .clone()
            .into_iter()
            .zip(now.into_iter().chain(unread))
            .collect()
    };
    let assignments = async {
        let window = &before.case.window;
        let both = futures_util::future::join(
            home.directory
                .history(&reader, &there, window, window.start),
            home.directory.accounts(&reader, &there),
        );
        match within(&*tools.clock, READ_FOR, both).await {
            Some((history, accounts)) => {
                let none = std::iter::repeat_with(|| None);
                let accounts = accounts.into_iter().chain(none);
                (Some(history), there.iter().cloned().zip(accounts).collect())
            }
            None => (None, there.iter().cloned().map(|who| (who, None)).collect()),
        }
    };
    let locks = async {
        let ids: Vec<UserId> = there.iter().map(|who| who.id.clone()).collect();
        let Some(since) = request.state.first_write_at.filter(|_| !ids.is_empty()) else {
            return Ok(Vec::new());
        };
        let acts = home.directory.locks_since(&reader, &ids, since);
        let late = || Err("the log did not answer in time".to_owned());
        within(&*tools.clock, READ_FOR, acts)
            .await
            .unwrap_or_else(late)
    };
    let (planted, (history, accounts), locks) = join3(planted, assignments, locks).await;
    Facts {
        planted,
        history,
        accounts,
        locks,
    }
}

/// What the intruder left outside the accounts that is dangerous, each thing once.
fn plants(before: &Plan) -> Vec<Plant> {
    let all = before.case.intruders.iter().flat_map(|each| &each.planted);
    let mut plants: Vec<Plant> = Vec::new();
    for plant in all.filter(|plant| plant.severity >= Severity::High) {
        if !plants.contains(plant) {
            plants.push(plant.clone());
        }
    }
    plants
}

/// What the guards answer to this plan.
pub(super) fn judge(
    tools: &Tools,
    request: &ReleaseRequest<'_>,
    before: &Plan,
    who: &[Whose],
    facts: &Facts,
    stages: &[PlannedStage],
) -> Vec<GuardAnswer> {
    let asked = Asked {
        tools,
        request,
        before,
        who,
        stages,
    };
    let judged = [
        (GuardName::WindowAssumed, asked.window()),
        (GuardName::PlantedOpen, asked.planted(facts)),
        (GuardName::AssignmentsOpen, asked.assignments(facts)),
        (GuardName::YoungerLock, asked.younger_lock(facts)),
        (GuardName::PasswordElsewhere, asked.password_elsewhere()),
        (GuardName::PasswordFirst, asked.password_first()),
    ];
    let answers = judged.into_iter().map(|(name, reply)| {
        let refuses = !matches!(reply, GuardReply::Passes | GuardReply::Warns { .. });
        let mut lifts = request.lifts.iter();
        let lifted = lifts.find(|lift| refuses && lift.guard == name).cloned();
        GuardAnswer {
            name,
            reply,
            lifted,
        }
    });
    answers.collect()
}

struct Asked<'a> {
    tools: &'a Tools,
    request: &'a ReleaseRequest<'a>,
    before: &'a Plan,
    who: &'a [Whose],
    stages: &'a [PlannedStage],
}

impl Asked<'_> {
    /// The command that goes on in spite of a guard.
    fn lift(&self, guard: GuardName, reason: &str) -> String {
        format!("oust release {} --lift {guard}='{reason}'", self.request.of)
    }

    fn window(&self) -> GuardReply {
        let window = self.before.case.window;
        if window.how != WindowHow::Assumed {
            return GuardReply::Passes;
        }
        GuardReply::RefusesRun {
            why: format!(
                "nobody has confirmed since when the intruder was in: {} is assumed, and what he \
                 made earlier was kept",
                window.start
            ),
            next: format!(
                "oust investigate {}, then {}",
                self.logins(),
                self.lift(GuardName::WindowAssumed, "in since …, nothing older")
            ),
        }
    }

    fn logins(&self) -> String {
        let logins: Vec<&str> = self.who.iter().map(|each| &*each.subject().login).collect();
        logins.join(" ")
    }

    fn planted(&self, facts: &Facts) -> GuardReply {
        let open: Vec<&(Plant, Now)> = facts
            .planted
            .iter()
            .filter(|(_, now)| *now != Now::Gone)
            .collect();
        if open.is_empty() {
            return GuardReply::Passes;
        }
        let told = |(plant, now): &&(Plant, Now)| {
            let unread = if *now == Now::Unread {
                " (not read)"
            } else {
                ""
            };
            let remedy = plant.remedy.as_ref();
            let remedy = remedy.map_or_else(String::new, |by| format!(" ({by} takes it away)"));
            format!("{}{unread}{remedy}", plant.what)
        };
        GuardReply::RefusesRun {
            why: format!(
                "what the intruder left is, or may be, still there: {}",
                listed(open.iter().map(told))
            ),
            next: format!(
                "take it away, then release; if it is in order: {}",
                self.lift(GuardName::PlantedOpen, "looked at: …")
            ),
        }
    }

    fn assignments(&self, facts: &Facts) -> GuardReply {
        let refuse = |why: String| GuardReply::RefusesRun {
            why,
            next: format!(
                "decide about them with the apps' owners, take away what is not his; then {}",
                self.lift(GuardName::AssignmentsOpen, "decided: …")
            ),
        };
        let unread = |why: &str| {
            refuse(format!(
                "whether apps were assigned while the intruder was in could not be read: {why}"
            ))
        };
        let Some(history) = &facts.history else {
            return unread("the log did not answer in time");
        };
        if let Some(why) = &history.unread {
            return unread(why);
        }
        let mut open: Vec<String> = Vec::new();
        for (who, accounts) in &facts.accounts {
            let mut changed = history
                .reassigned
                .keys()
                .filter(|(whose, _)| *whose == who.id);
            let Some(accounts) = accounts else {
                match changed.next() {
                    Some(_) => return unread(&format!("{}'s apps did not answer", who.login)),
                    None => continue,
                }
            };
            // What nobody has is undone.
            let still =
                changed.filter_map(|(_, app)| accounts.iter().find(|account| account.app == *app));
            open.extend(still.map(|account| format!("{} to {}", account.label, who.login)));
        }
        if open.is_empty() {
            return GuardReply::Passes;
        }
        let number = count(open.len(), "app");
        refuse(format!(
            "{number} assigned or changed while the intruder was in, and nobody undid it: {}",
            listed(open.into_iter())
        ))
    }

    fn younger_lock(&self, facts: &Facts) -> GuardReply {
        let mut hit: Vec<(UserId, String)> = Vec::new();
        for younger in self.request.younger {
            for id in &younger.subjects {
                if let Some(login) = self.login(id) {
                    hit.push((
                        id.clone(),
                        format!("{login}, contained again by {}", younger.run),
                    ));
                }
            }
        }
        match &facts.locks {
            Err(why) => {
                let why = format!(
                    "whether somebody else has locked the account since could not be read: {why}"
                );
                return GuardReply::RefusesRun {
                    why,
                    next: self.lift(GuardName::YoungerLock, "asked: nobody did"),
                };
            }
            Ok(acts) => {
                for (id, act) in last_acts(self.request.state, acts) {
                    if let Some(login) = self.login(&id).filter(|_| act.locks && !act.ours) {
                        let what = format!("{login}, {} by {} at {}", act.what, act.by, act.at);
                        hit.push((id, what));
                    }
                }
            }
        }
        if hit.is_empty() {
            return GuardReply::Passes;
        }
        let why = format!(
            "a lock that is younger than this run's: {}; ask whoever made it, then lift it",
            listed(hit.iter().map(|(_, what)| what.clone()))
        );
        let all = self.who.iter().all(|each| {
            let id = &each.subject().id;
            hit.iter().any(|(whose, _)| whose == id)
        });
        if all {
            let next = match self.request.younger.last() {
                Some(younger) => format!("oust release {}", younger.run),
                None => self.lift(GuardName::YoungerLock, "agreed with …"),
            };
            return GuardReply::RefusesRun { why, next };
        }
        GuardReply::RefusesSteps {
            why,
            actions: self.actions(|_, _| true),
            subjects: hit.into_iter().map(|(id, _)| id).collect(),
        }
    }

    fn login(&self, id: &UserId) -> Option<String> {
        let mut who = self.who.iter().map(Whose::subject);
        who.find(|who| who.id == *id).map(|who| who.login.clone())
    }

    /// A person whose password lives elsewhere is let in when it was changed there.
    fn password_elsewhere(&self) -> GuardReply {
        let there = self.who.iter().filter_map(|each| match each {
            Whose::There(who) => Some(who),
            Whose::Gone(..) | Whose::Unread(..) => None,
        });
        let elsewhere: Vec<&Subject> = there
            .filter(|who| !has_its_password_here(&who.mastered_by))
            .collect();
        let refused = |who: &&&Subject| self.has_changes(&who.id, |_, _| true);
        let elsewhere: Vec<&Subject> = elsewhere.iter().filter(refused).copied().collect();
        if elsewhere.is_empty() {
            return GuardReply::Passes;
        }
        let told = elsewhere.iter().map(|who| {
            let source = match &who.mastered_by[..] {
                "" => "a source that could not be read",
                named => named,
            };
            let mut owners = self.request.owners.iter();
            let owner = owners.find(|owner| owner.owns([source].into_iter()));
            let owner = owner.map_or_else(String::new, |owner| {
                format!(" (owner: {}, {})", owner.owner, owner.contact)
            });
            format!("{}'s at {source}{owner}", who.login)
        });
        GuardReply::RefusesSteps {
            why: format!(
                "the password lives elsewhere: {}; have it changed there, then {}",
                listed(told),
                self.lift(GuardName::PasswordElsewhere, "changed at …, by …")
            ),
            // Ending his sessions once more lets nobody in.
            actions: self.actions(|action, _| !self.clears(action)),
            subjects: elsewhere.iter().map(|who| who.id.clone()).collect(),
        }
    }

    /// At a service he is let in when the directory's password step is proven.
    fn password_first(&self) -> GuardReply {
        let home = &self.tools.directory.system.id;
        let renewed = |id: &UserId| {
            let here = |action: &ActionId, _: &SystemId| self.renews(action);
            self.has_changes(id, here) || standing::renewed_before(self.tools, self.request, id)
        };
        let at_services = |_: &ActionId, system: &SystemId| system != home;
        let without: Vec<&Subject> = self
            .who
            .iter()
            .map(Whose::subject)
            // Who has his password elsewhere is another guard's.
            .filter(|who| has_its_password_here(&who.mastered_by))
            .filter(|who| self.has_changes(&who.id, at_services) && !renewed(&who.id))
            .collect();
        if without.is_empty() {
            return GuardReply::Passes;
        }
        GuardReply::RefusesSteps {
            why: format!(
                "{}: the password the intruder may know was not changed, and services would let \
                 it in; oust release {} gives Okta back first, or {}",
                listed(without.iter().map(|who| who.login.clone())),
                self.request.of,
                self.lift(GuardName::PasswordFirst, "changed on …, by …"),
            ),
            actions: self.actions(at_services),
            subjects: without.iter().map(|who| who.id.clone()).collect(),
        }
    }

    fn clears(&self, action: &ActionId) -> bool {
        let known = self.tools.action(action);
        known.is_some_and(|known| known.evicts == Evicts::Clears)
    }

    fn renews(&self, action: &ActionId) -> bool {
        let steps = self.stages.iter().flat_map(|stage| &stage.steps);
        let changes = steps.flat_map(|step| step.subjects.iter().flat_map(|row| &row.changes));
        let directory = &self.tools.directory.directory;
        let mut of_it = changes.filter(|change| change.action == *action);
        of_it.any(|change| {
            directory
                .password_step(change, self.request.password)
                .is_some()
        })
    }

    /// The actions of the plan that `which` is true of.
    fn actions(&self, which: impl Fn(&ActionId, &SystemId) -> bool) -> Vec<ActionId> {
        let mut all: Vec<ActionId> = Vec::new();
        for step in self.stages.iter().flat_map(|stage| &stage.steps) {
            if which(&step.action, &step.system) && !all.contains(&step.action) {
                all.push(step.action.clone());
            }
        }
        all
    }

    /// Whether he has a change in a step that `which` is true of.
    fn has_changes(&self, who: &UserId, which: impl Fn(&ActionId, &SystemId) -> bool) -> bool {
        let mut steps = self.stages.iter().flat_map(|stage| &stage.steps);
        steps.any(|step| {
            let mut rows = step.subjects.iter().filter(|row| row.subject == *who);
            which(&step.action, &step.system) && rows.any(|row| !row.changes.is_empty())
        })
    }
}

/// The last thing that somebody did to each account's lock after this run had locked it.
fn last_acts(state: &RunState, acts: &[LockAct]) -> BTreeMap<UserId, LockAct> {
    let locked_at = |who: &UserId| -> Option<Utc> {
        let his = state
            .changes()
            .iter()
            .filter(|each| each.change.subject == *who);
        let receipts = his.flat_map(|each| &each.receipts);
        receipts.map(|receipt| receipt.server_at).min()
    };
    let mut last: BTreeMap<UserId, LockAct> = BTreeMap::new();
    for act in acts {
        if locked_at(&act.subject).is_none_or(|at| act.at >= at) {
            last.insert(act.subject.clone(), act.clone());
        }
    }
    last
}

/// The first few of them, in a sentence.
fn listed(all: impl ExactSizeIterator<Item = String>) -> String {
    let number = all.len();
    let named: Vec<String> = all.take(NAMED_MAX).collect();
    match number.saturating_sub(NAMED_MAX) {
        0 => named.join("; "),
        more => format!("{}; and {more} more", named.join("; ")),
    }
}
