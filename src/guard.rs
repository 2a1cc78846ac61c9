//! What refuses a run or a step before the first write.
//!
//! Facts are read once, all at the same time and within 2 s; judging them is pure. A guard
//! refuses as little as it can: for the last usable super administrators sessions and tokens
//! still go and only the lock waits. What could not be read refuses automatic runs and is told
//! to people. Does not ask for consent, and does not know any vendor.

use std::time::Duration;

use futures_util::future::join;

use crate::connector::{AgentToken, DirectorySystem};
use crate::given::{Clock, within};
use crate::ledger::Store;
use crate::model::{
    ActionId, Case, GuardAnswer, GuardName, GuardReply, Lift, Subject, UserId, count, count_and,
};
use crate::transport::Reader;

/// How long the guards' reads may take together.
const READ_FOR: Duration = Duration::from_secs(2);

/// Up to so many subjects `cap_percent` allows in an org of any size.
const PERCENT_FROM: u64 = 5;

/// The limits, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardConfig {
    /// Ids that nobody contains: break-glass accounts.
    pub protected: Vec<UserId>,
    /// Subjects a run.
    pub cap_run: u64,
    /// Subjects a rolling hour.
    pub cap_hour: u64,
    /// Subjects a run as a share of `active_users`, in percent; never below 5.
    pub cap_percent: u64,
    /// How many active users the org has, if known.
    pub active_users: Option<u64>,
}

impl Default for GuardConfig {
    fn default() -> Self {
        Self {
            protected: Vec::new(),
            cap_run: 25,
            cap_hour: 50,
            cap_percent: 2,
            active_users: None,
        }
    }
}

/// What the guards judge by. An `Err` is a fact that could not be read, and why.
#[derive(Clone, Debug)]
pub struct GuardFacts {
    /// The account whose rights we act with, if it is one.
    pub own_principal: Result<Option<UserId>, String>,
    /// Super administrators who can sign in.
    pub super_admins: Result<Vec<UserId>, String>,
    /// Agents of those subjects who own some.
    pub agents: Result<Vec<(UserId, Vec<AgentToken>)>, String>,
    /// Subjects of runs within the last hour.
    pub subjects_last_hour: Result<u64, String>,
}

/// The facts that do not depend on who the subjects are, so that they can be read while the
/// subjects are still being looked up.
pub struct OrgFacts {
    own_principal: Result<Option<UserId>, String>,
    super_admins: Result<Vec<UserId>, String>,
}

/// Reads what does not depend on the subjects.
pub async fn read_org(directory: &DirectorySystem, clock: &dyn Clock) -> OrgFacts {
    let reader = Reader::new(directory.system.client.clone()).patient(READ_FOR);
    let both = join(
        directory.directory.own_principal(&reader),
        directory.directory.usable_super_admins(&reader),
    );
    let late = || Err("not answered within 2 s".to_owned());
    let (own_principal, super_admins) = match within(clock, READ_FOR, both).await {
        Some(read) => read,
        None => (late(), Err("not answered within 2 s".to_owned())),
    };
    OrgFacts {
        own_principal,
        super_admins,
    }
}

/// The facts about the subjects of one case.
pub struct CaseFacts {
    agents: Result<Vec<(UserId, Vec<AgentToken>)>, String>,
    subjects_last_hour: Result<u64, String>,
}

impl GuardFacts {
    /// Both together.
    #[must_use]
    pub fn of(org: OrgFacts, case: &CaseFacts) -> Self {
        Self {
            own_principal: org.own_principal,
            super_admins: org.super_admins,
            agents: case.agents.clone(),
            subjects_last_hour: case.subjects_last_hour.clone(),
        }
    }
}

/// Reads what depends on the subjects.
pub async fn read_case(
    directory: &DirectorySystem,
    store: &dyn Store,
    subjects: &[Subject],
    clock: &dyn Clock,
) -> CaseFacts {
    let reader = Reader::new(directory.system.client.clone()).patient(READ_FOR);
    let an_hour_ago = clock.now().minus(Duration::from_secs(3600));
    let both = join(
        directory.directory.agents_of(&reader, subjects),
        store.subjects_since(an_hour_ago),
    );
    let (agents, hour) = match within(clock, READ_FOR, both).await {
        Some((agents, hour)) => (agents, hour.map_err(|error| error.to_string())),
        None => (
            Err("not answered within 2 s".to_owned()),
            Err("not answered within 2 s".to_owned()),
        ),
    };
    let of_owners = |agents: Vec<Vec<AgentToken>>| {
        let ids = subjects.iter().map(|who| who.id.clone());
        ids.zip(agents)
            .filter(|(_, tokens)| !tokens.is_empty())
            .collect()
    };
    CaseFacts {
        agents: agents.map(of_owners),
        subjects_last_hour: hour,
    }
}

/// Judges a case: one answer per guard that has something to judge.
///
/// `locking` are the actions that keep a subject from signing in. `lifts` make a refusal
/// not bind; automatic runs have none.
#[must_use]
pub fn judge(
    case: &Case,
    facts: &GuardFacts,
    config: &GuardConfig,
    locking: &[ActionId],
    lifts: &[Lift],
) -> Vec<GuardAnswer> {
    let judged = [
        (GuardName::Protected, protected(case, config)),
        (GuardName::OwnPrincipal, own_principal(case, facts)),
        (GuardName::SuperAdmins, super_admins(case, facts, locking)),
        (GuardName::AgentOwner, agent_owner(case, facts)),
        (GuardName::CapRun, cap_run(case, config)),
        (GuardName::CapHour, cap_hour(case, facts, config)),
        (GuardName::CapPercent, cap_percent(case, config)),
    ];
    judged
        .into_iter()
        .map(|(name, reply)| {
            let refuses = matches!(
                reply,
                GuardReply::RefusesRun { .. } | GuardReply::RefusesSteps { .. }
            );
            let lifted = lifts
                .iter()
                .find(|lift| refuses && lift.guard == name)
                .cloned();
            GuardAnswer {
                name,
                reply,
                lifted,
            }
        })
        .collect()
}

/// Whether there are too many subjects for this run, whatever else is read: then nothing need
/// be read about each of them.
#[must_use]
pub fn too_many(case: &Case, config: &GuardConfig, lifts: &[Lift]) -> bool {
    let refuses = matches!(cap_run(case, config), GuardReply::RefusesRun { .. });
    refuses && !lifts.iter().any(|lift| lift.guard == GuardName::CapRun)
}

/// The caps that so many subjects are above, and why, but for those that are lifted: known before
/// anything is read about each of them. `last_hour` are those of the runs before.
#[must_use]
pub fn over_caps(
    count: u64,
    last_hour: u64,
    config: &GuardConfig,
    lifts: &[Lift],
) -> Vec<(GuardName, String)> {
    let percent = config.active_users.filter(|_| count > PERCENT_FROM);
    let judged = [
        (GuardName::CapRun, over_run(count, config)),
        (GuardName::CapHour, over_hour(count, last_hour, config)),
        (
            GuardName::CapPercent,
            percent.map_or(GuardReply::Passes, |active| {
                over_percent(count, active, config)
            }),
        ),
    ];
    let refused = judged.into_iter().filter_map(|(name, reply)| match reply {
        GuardReply::RefusesRun { why, .. } => Some((name, why)),
        _ => None,
    });
    refused
        .filter(|(name, _)| !lifts.iter().any(|lift| lift.guard == *name))
        .collect()
}

fn names(subjects: &[&Subject]) -> String {
    let logins: Vec<&str> = subjects
        .iter()
        .take(3)
        .map(|who| who.login.as_str())
        .collect();
    let more = subjects.len().saturating_sub(3);
    if more == 0 {
        logins.join(" and ")
    } else {
        format!("{} and {more} more", logins.join(", "))
    }
}

fn protected(case: &Case, config: &GuardConfig) -> GuardReply {
    let hit: Vec<&Subject> = case
        .subjects
        .iter()
        .filter(|who| config.protected.contains(&who.id))
        .collect();
    if hit.is_empty() {
        return GuardReply::Passes;
    }
    GuardReply::RefusesRun {
        why: format!("{} is protected by config (guards.protected)", names(&hit)),
        next: "leave the protected accounts out, or --lift protected=REASON".into(),
    }
}

fn own_principal(case: &Case, facts: &GuardFacts) -> GuardReply {
    match &facts.own_principal {
        Ok(Some(own)) if case.subjects.iter().any(|who| who.id == *own) => GuardReply::RefusesRun {
            why: "this is the account whose rights oust acts with: containing it would stop us"
                .into(),
            next: "configure another credential for oust, then run again".into(),
        },
        Ok(_) => GuardReply::Passes,
        Err(why) => unread(case, "whose rights we act with", why),
    }
}

fn super_admins(case: &Case, facts: &GuardFacts, locking: &[ActionId]) -> GuardReply {
    let usable = match &facts.super_admins {
        Ok(usable) => usable,
        Err(why) => return unread(case, "the super administrators", why),
    };
    let hit: Vec<&Subject> = case
        .subjects
        .iter()
        .filter(|who| usable.contains(&who.id))
        .collect();
    if hit.is_empty() {
        return GuardReply::Passes;
    }
    let remain = usable.len() - hit.len();
    if remain > 0 {
        let remain = count_and(remain, "super administrator", ("remains", "remain"));
        return GuardReply::Warns {
            why: format!("{remain} usable after this"),
        };
    }
    let (are, last) = match hit.len() {
        1 => ("is", "the last usable super administrator".to_owned()),
        n => ("are", format!("the last {n} usable super administrators")),
    };
    GuardReply::RefusesSteps {
        why: format!("{} {are} {last}", names(&hit)),
        actions: locking.to_vec(),
        subjects: hit.iter().map(|who| who.id.clone()).collect(),
    }
}

fn agent_owner(case: &Case, facts: &GuardFacts) -> GuardReply {
    let agents = match &facts.agents {
        Ok(agents) => agents,
        Err(why) => return unread(case, "agent tokens", why),
    };
    let of = |who: &Subject| agents.iter().find(|(owner, _)| *owner == who.id);
    let owners = case.subjects.iter().filter_map(|who| Some((who, of(who)?)));
    let owned: Vec<String> = owners
        .flat_map(|(who, (_, tokens))| tokens.iter().map(move |token| (who, token)))
        .map(|(who, token)| {
            let local = who.login.split('@').next().unwrap_or(&who.login);
            format!(
                "suspending {local} may stop an {}: token \"{}\" belongs to him",
                token.kind, token.name
            )
        })
        .collect();
    match (owned.is_empty(), case.source.is_automatic()) {
        (true, _) => GuardReply::Passes,
        // A person lifts it by typing the consent, having read this above everything else.
        (false, false) => GuardReply::Warns {
            why: owned.join("; "),
        },
        (false, true) => GuardReply::RefusesRun {
            why: owned.join("; "),
            next: "a person runs: oust contain".into(),
        },
    }
}

fn counted(number: u64, one: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), one)
}

fn over(number: u64, cap: u64, what: &str, guard: GuardName) -> GuardReply {
    if number <= cap {
        return GuardReply::Passes;
    }
    GuardReply::RefusesRun {
        why: format!(
            "{}, {cap} {} allowed {what}",
            counted(number, "subject"),
            if cap == 1 { "is" } else { "are" },
        ),
        next: format!("oust contain … --lift {guard}=REASON"),
    }
}

fn cap_run(case: &Case, config: &GuardConfig) -> GuardReply {
    over_run(case.subjects.len() as u64, config)
}

fn over_run(count: u64, config: &GuardConfig) -> GuardReply {
    over(count, config.cap_run, "in one run", GuardName::CapRun)
}

fn over_hour(count: u64, before: u64, config: &GuardConfig) -> GuardReply {
    let count = before.saturating_add(count);
    over(count, config.cap_hour, "within an hour", GuardName::CapHour)
}

fn over_percent(count: u64, active: u64, config: &GuardConfig) -> GuardReply {
    let cap = (active.saturating_mul(config.cap_percent) / 100).max(PERCENT_FROM);
    let active = counted(active, "active user");
    let what = format!("({} % of {active})", config.cap_percent);
    over(count, cap, &what, GuardName::CapPercent)
}

fn cap_hour(case: &Case, facts: &GuardFacts, config: &GuardConfig) -> GuardReply {
    match &facts.subjects_last_hour {
        Ok(before) => over_hour(case.subjects.len() as u64, *before, config),
        Err(why) => unread(case, "the runs of the last hour", why),
    }
}

fn cap_percent(case: &Case, config: &GuardConfig) -> GuardReply {
    let count = case.subjects.len() as u64;
    match config.active_users {
        _ if count <= PERCENT_FROM => GuardReply::Passes,
        Some(active) => over_percent(count, active, config),
        None => unread(
            case,
            "how many active users there are",
            "guards.active_users is not set",
        ),
    }
}

fn unread(case: &Case, what: &str, why: &str) -> GuardReply {
    let why = format!("could not read {what}: {why}");
    if case.source.is_automatic() {
        GuardReply::RefusesRun {
            why,
            next: "a person runs: oust contain".into(),
        }
    } else {
        GuardReply::Warns { why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Role, Source, Tri, Utc, Window, WindowHow};

    fn case(logins: &[&str], source: Source) -> Case {
        let subjects = logins
            .iter()
            .map(|login| Subject {
                id: UserId::new(format!("id-{login}")),
                login: (*login).to_owned(),
                role: Role::Compromised,
                status: "ACTIVE".into(),
                privileged: Tri::No,
                roles: Vec::new(),
                groups: None,
                accounts: None,
                mastered_by: "OKTA".into(),
                changed_at: None,
                last_login: None,
            })
            .collect();
        let start = Utc::from_millis(0);
        let window = Window {
            start,
            end: None,
            how: WindowHow::Given,
        };
        Case {
            subjects,
            window,
            id: None,
            reason: None,
            source,
            began: None,
            intruders: Vec::new(),
        }
    }

    fn facts(super_admins: &[&str]) -> GuardFacts {
        GuardFacts {
            own_principal: Ok(None),
            super_admins: Ok(super_admins
                .iter()
                .map(|login| UserId::new(format!("id-{login}")))
                .collect()),
            agents: Ok(Vec::new()),
            subjects_last_hour: Ok(0),
        }
    }

    fn person() -> Source {
        Source::Person("kim".into())
    }

    fn reply(answers: &[GuardAnswer], name: GuardName) -> &GuardReply {
        &answers
            .iter()
            .find(|answer| answer.name == name)
            .unwrap()
            .reply
    }

    #[test]
    fn for_the_last_super_admins_only_the_lock_waits() {
        let locking = [ActionId::new("okta", "suspend_user")];
        let both = case(&["alex", "priya"], person());
        let config = GuardConfig::default();
        let answers = judge(&both, &facts(&["alex", "priya"]), &config, &locking, &[]);
        let GuardReply::RefusesSteps {
            actions, subjects, ..
        } = reply(&answers, GuardName::SuperAdmins)
        else {
            panic!("{answers:?}");
        };
        assert_eq!((actions.len(), subjects.len()), (1, 2));
        let one = judge(
            &case(&["alex"], person()),
            &facts(&["alex", "priya"]),
            &config,
            &locking,
            &[],
        );
        assert!(matches!(
            reply(&one, GuardName::SuperAdmins),
            GuardReply::Warns { .. }
        ));
    }

    #[test]
    fn what_could_not_be_read_refuses_machines_and_is_told_to_people() {
        let mut unread = facts(&[]);
        unread.super_admins = Err("timeout".into());
        let alert = Source::Alert("elastic".into());
        let config = GuardConfig::default();
        let automatic = judge(&case(&["alex"], alert), &unread, &config, &[], &[]);
        assert!(matches!(
            reply(&automatic, GuardName::SuperAdmins),
            GuardReply::RefusesRun { .. }
        ));
        let manual = judge(&case(&["alex"], person()), &unread, &config, &[], &[]);
        assert!(matches!(
            reply(&manual, GuardName::SuperAdmins),
            GuardReply::Warns { .. }
        ));
    }

    #[test]
    fn over_a_cap_the_run_stops_and_a_lift_is_recorded() {
        let logins: Vec<String> = (0..26).map(|n| format!("u{n}")).collect();
        let logins: Vec<&str> = logins.iter().map(String::as_str).collect();
        let many = case(&logins, person());
        let config = GuardConfig {
            active_users: Some(10_000),
            ..GuardConfig::default()
        };
        let answers = judge(&many, &facts(&[]), &config, &[], &[]);
        assert!(
            answers
                .iter()
                .any(|answer| answer.name == GuardName::CapRun && answer.stops_run())
        );
        let lift = Lift {
            guard: GuardName::CapRun,
            reason: "breach".into(),
            by: "kim".into(),
        };
        let lifted = judge(&many, &facts(&[]), &config, &[], &[lift]);
        assert!(!lifted.iter().any(GuardAnswer::stops_run));
    }
}
