//! What must hold at the end of every incident.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use futures_util::FutureExt;
use oust::ledger::{Archive, Disk, MemoryStore, RunState};
use oust::model::{ActionId, SystemId, Verdict};
use oust::report::Report;
use oust_mocks::Range;

use super::Outcome;
use super::schedule::Schedule;
use crate::lab::Lab;
use crate::lab::services::{everybody, services};

/// However it goes, it ends within this much virtual time, crashes included.
const ENDS_WITHIN: Duration = Duration::from_secs(60 * 60);

/// Something that must hold did not.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    what: String,
    detail: String,
}

impl Violation {
    pub(crate) fn new(what: &str, detail: impl Into<String>) -> Self {
        Self {
            what: what.to_owned(),
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.what, self.detail)
    }
}

/// Everybody who must not be touched, as they were.
pub(crate) struct Bystanders {
    digests: BTreeMap<String, String>,
    /// The same at the services behind Okta.
    behind: BTreeMap<String, String>,
}

impl Bystanders {
    pub(crate) fn of(lab: &Lab, schedule: &Schedule) -> Self {
        let range = lab.range.lock().unwrap();
        let who = schedule.who();
        let others = range
            .okta
            .users
            .values()
            .filter(|user| !who.contains(&user.login.as_str()));
        let digests = others
            .map(|user| (user.id.clone(), range.okta.user_digest(&user.id)))
            .collect();
        Self {
            digests,
            behind: behind(&range, schedule),
        }
    }
}

/// Everybody but the subjects at every service.
fn behind(range: &Range, schedule: &Schedule) -> BTreeMap<String, String> {
    let mut all = everybody(range);
    for service in services() {
        for login in schedule.who() {
            all.remove(&format!("{} {}", service.vendor, (service.id)(login)));
        }
    }
    all
}

/// Judges an incident that is over.
pub(crate) async fn hold(
    lab: &Lab,
    schedule: &Schedule,
    before: &Bystanders,
    outcome: Option<&Outcome>,
    disk: Disk,
) -> Result<(), Violation> {
    let took = lab.clock.elapsed();
    let range = lab.range.lock().unwrap();
    let journal = || range.journal.lines();
    let Some(outcome) = outcome else {
        return Err(Violation::new("the last life did not end", journal()));
    };
    if took > ENDS_WITHIN {
        return Err(Violation::new(
            "it took too long",
            format!("{took:?}\n{}", journal()),
        ));
    }
    for (id, digest) in &before.digests {
        if range.okta.user_digest(id) != *digest {
            return Err(Violation::new(
                "somebody else was touched",
                format!("{id}\n{}", journal()),
            ));
        }
    }
    if behind(&range, schedule) != before.behind {
        let what = "somebody else was touched at a service";
        return Err(Violation::new(what, journal()));
    }
    let state = match outcome {
        Outcome::NoPlan if range.journal.writes().is_empty() => return Ok(()),
        Outcome::NoPlan => return Err(Violation::new("written without a plan", journal())),
        Outcome::Closed(state) => state,
    };
    truth(&range, schedule, state)?;
    one_word(state)?;
    order(&range, state)?;
    let ledger = MemoryStore::restore(disk);
    let verified = ledger.verify(None).now_or_never().unwrap().unwrap();
    if !verified.is_good() {
        return Err(Violation::new(
            "the ledger does not verify",
            verified.sentence(),
        ));
    }
    Ok(())
}

/// Never `contained` unless it is so.
fn truth(range: &Range, schedule: &Schedule, state: &RunState) -> Result<(), Violation> {
    if state.verdict != Some(Verdict::Contained) {
        return Ok(());
    }
    for login in schedule.who() {
        let id = &range.okta.user(login).unwrap().id;
        let mut holds = if schedule.services {
            held(range, schedule, state, login)
        } else {
            range.okta.attacker_holds(id)
        };
        let unseen = unseen_at_home(range, schedule, state, id);
        holds.retain(|line| !(unseen && ended_by_a_clear(line)));
        let contained = range.okta.is_contained(id) || unseen;
        if !contained || !holds.is_empty() {
            let detail = format!("{login} holds {holds:?}\n{}", range.journal.lines());
            return Err(Violation::new("`contained`, and it is not so", detail));
        }
    }
    Ok(())
}

/// Whether what a clear ends may be left, behind a lock, because one was answered with a lie: no
/// call lists it, its event never came, and the report counts it as unproven.
fn unseen_at_home(range: &Range, schedule: &Schedule, state: &RunState, id: &str) -> bool {
    let locked = range.okta.users[id].status == "SUSPENDED" || range.okta.is_quarantined(id);
    locked && schedule.lied_to_a_clear(range) && report(state).unproven > 0
}

/// Sessions, and access tokens that no client can refresh: they stand in no list.
fn ended_by_a_clear(line: &str) -> bool {
    let what = line.strip_prefix("okta: ").unwrap_or(line);
    what.starts_with("session") || what.starts_with("access token")
}

/// What he holds of it at the systems where the playbook has a step.
fn held(range: &Range, schedule: &Schedule, state: &RunState, login: &str) -> Vec<String> {
    let plan = state.plan.as_ref().unwrap();
    let tried: BTreeSet<&str> = plan.steps().map(|step| step.system.as_str()).collect();
    // What Google or a revocation endpoint shows nobody is told as unproven: a lie about it cannot be
    // told from the truth.
    let unseen = |line: &str| {
        let blind = line.starts_with("google: session")
            || line.contains("backup codes")
            || line.starts_with("gtr: ");
        blind && schedule.lied_to_the_blind(range)
    };
    let mut all = range.holds(login);
    all.retain(|line| {
        let system = line.split(':').next().unwrap();
        tried.contains(system) && !unseen(line)
    });
    all
}

fn report(state: &RunState) -> Report {
    let actions = |id: &ActionId| {
        let vendor = oust::connectors::vendors().find(|vendor| vendor.id == id.vendor())?;
        vendor.action(id.verb())
    };
    Report::of(state, &actions, &SystemId::new("okta"))
}

/// The report says of the run what the run said of itself when it closed.
fn one_word(state: &RunState) -> Result<(), Violation> {
    let report = report(state);
    if state.verdict == Some(report.verdict) {
        return Ok(());
    }
    let detail = format!("{:?} and {:?}", state.verdict, report.verdict);
    Err(Violation::new(
        "closed with one word, told with another",
        detail,
    ))
}

/// No write of a subject overtakes an earlier step of his.
fn order(range: &Range, state: &RunState) -> Result<(), Violation> {
    let plan = state.plan.as_ref().unwrap();
    for who in &plan.case.subjects {
        let first = |sign: &str| {
            let writes = range.journal.writes();
            let found = writes
                .into_iter()
                .find(|entry| entry.path.contains(who.id.as_str()) && entry.path.contains(sign));
            found.map(|entry| entry.n)
        };
        let clear = first("/sessions");
        let lock = [first("/lifecycle/suspend"), first("/groups/")]
            .into_iter()
            .flatten()
            .min();
        let purge = [first("/factors/"), first("/grants"), first("/clients/")];
        for later in purge.into_iter().flatten().chain(lock) {
            if clear.is_none_or(|clear| clear > later) {
                let detail = format!("{}\n{}", who.login, range.journal.lines());
                return Err(Violation::new("a write overtook the first clear", detail));
            }
        }
        if let (Some(factors), Some(lock)) = (first("/factors/"), lock)
            && factors < lock
        {
            let detail = format!("{}\n{}", who.login, range.journal.lines());
            return Err(Violation::new(
                "factors were stripped from an open account",
                detail,
            ));
        }
    }
    Ok(())
}
