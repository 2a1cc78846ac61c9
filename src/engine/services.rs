//! Plans what is behind the directory: who the subjects are at each service, and its steps.
//!
//! Every service is read on its own, and none is waited for longer than a moment after the
//! directory's own plan is ready: a hanging service must not shield the intruder. What had not
//! answered by then is planned as unread, with what its subjects are to be looked up by, and is
//! read again when its step is due.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::{Either, join, join_all, select};
use tokio::sync::watch;

use super::instances::{Assigned, accounts_at, has_app};
use super::rows::{Known, Slot, plan_step, slots, unread_step};
use super::run::Tools;
use crate::connector::System;
use crate::given::Clock;
use crate::model::{
    AppAccount, Case, Chosen, History, Identity, Key, KeyKind, Lookup, NOT_YET, PlannedStep,
    PlannedSystem, StepKey, Subject, UserId, keys_of,
};
use crate::playbook::CheckedPlaybook;
use crate::transport::{Rank, Reader};

/// A system with its steps.
pub(super) struct PlannedService {
    pub(super) system: PlannedSystem,
    /// What everybody was to be looked up by.
    pub(super) lookups: Vec<Lookup>,
    pub(super) steps: BTreeMap<StepKey, PlannedStep>,
}

/// What a service is planned from, told as soon as it is known. There is one of each, whoever
/// looks at it.
#[derive(Clone)]
pub(super) struct Brief {
    pub(super) case: Arc<Case>,
    pub(super) history: Arc<History>,
    /// Of many subjects, what the apps of the configured services say of each: only those apps
    /// were read. None where everybody's own apps were, or nothing.
    pub(super) at_services: Arc<BTreeMap<UserId, Vec<AppAccount>>>,
    /// Why that could not be read.
    pub(super) services_unread: Option<String>,
}

/// What services are planned with.
pub(super) struct Services<'a> {
    pub(super) tools: &'a Tools,
    pub(super) playbook: &'a CheckedPlaybook,
    pub(super) systems: &'a [System],
    pub(super) chosen: &'a [Chosen],
    /// How long to wait once the directory's plan is ready.
    pub(super) grace: Duration,
    /// Whether writes are to follow at once.
    pub(super) warm_writes: bool,
}

impl Services<'_> {
    /// Plans every service but the directory; `None` if there is no case to plan.
    pub(super) async fn plan(
        &self,
        brief: watch::Receiver<Option<Brief>>,
        home_ready: watch::Receiver<bool>,
    ) -> Vec<PlannedService> {
        let home = &self.tools.directory.system.id;
        let services = self.systems.iter().filter(|system| system.id != *home);
        let each = services.map(|system| self.plan_one(system, brief.clone(), home_ready.clone()));
        join_all(each).await.into_iter().flatten().collect()
    }

    async fn plan_one(
        &self,
        system: &System,
        mut brief: watch::Receiver<Option<Brief>>,
        home_ready: watch::Receiver<bool>,
    ) -> Option<PlannedService> {
        let mut told = brief.clone();
        // Told apart from the rest: a system that is slow about people may be quick about itself.
        let tenant = OnceLock::new();
        let work = async {
            // What is waited for is a lock, which may not be held while something else is.
            let is_told = async { told.wait_for(Option::is_some).await.is_ok() };
            let ((), true) = join(self.warm(system), is_told).await else {
                return None;
            };
            let brief = told.borrow().clone()?;
            Some(self.read(system, &brief, &tenant).await)
        };
        let late = grace_over(&*self.tools.clock, home_ready, self.grace);
        let mut planned = match select(Box::pin(work), Box::pin(late)).await {
            Either::Left((planned, _)) => planned?,
            Either::Right(_) => {
                let brief = brief.borrow_and_update().clone()?;
                self.unread(system, &brief)
            }
        };
        planned.system.tenant = tenant.into_inner().flatten();
        Some(planned)
    }

    async fn warm(&self, system: &System) {
        let writes = async {
            if self.warm_writes {
                system.client.warm_writes().await;
            }
        };
        join(system.client.warm_reads(), writes).await;
    }

    async fn read(
        &self,
        system: &System,
        brief: &Brief,
        tenant: &OnceLock<Option<String>>,
    ) -> PlannedService {
        let lookups = self.lookups(system, brief);
        let tell = async {
            let _ = tenant.set(self.tenant(system).await);
        };
        let (known, ()) = join(identify(system, &lookups), tell).await;
        let all = slots(self.playbook, self.systems);
        let here: Vec<&Slot<'_>> = all
            .iter()
            .filter(|slot| slot.system.id == system.id)
            .collect();
        let planned = here.iter().map(|slot| plan_step(slot, &known, &brief.case));
        let steps = join_all(planned).await;
        service(system, lookups, known, steps)
    }

    fn unread(&self, system: &System, brief: &Brief) -> PlannedService {
        let why = NOT_YET.to_owned();
        let lookups = self.lookups(system, brief);
        let silent = |lookup: &Lookup| {
            let why = why.clone();
            (lookup.subject.clone(), Identity::Unread { why })
        };
        let known = Known {
            identities: lookups.iter().map(silent).collect(),
            own: Vec::new(),
        };
        let all = slots(self.playbook, self.systems);
        let here = all.iter().filter(|slot| slot.system.id == system.id);
        let steps = here
            .map(|slot| unread_step(slot, &known, &brief.case, &why))
            .collect();
        service(system, lookups, known, steps)
    }

    /// Which account at the vendor a system is, where there are several that could be one.
    async fn tenant(&self, system: &System) -> Option<String> {
        let vendor = system.id.vendor();
        let all = self.tools.services.iter();
        if all.filter(|other| other.id.vendor() == vendor).count() < 2 {
            return None;
        }
        let reader = Reader::new(system.client.clone()).ranked(Rank::Contain);
        // Unread, two that are one are not told apart: no harm comes of it but a change twice.
        system.connector.tenant(&reader).await.ok().flatten()
    }

    fn lookups(&self, system: &System, brief: &Brief) -> Vec<Lookup> {
        let subjects = brief.case.subjects.iter();
        subjects
            .map(|who| match brief.at_services.get(&who.id) {
                // Enough to tell who he is there, and too little for anything else to rest on.
                Some(accounts) if who.accounts.is_none() => {
                    let known = Subject {
                        accounts: Some(accounts.clone()),
                        ..who.clone()
                    };
                    self.lookup(system, &known, brief)
                }
                _ => self.lookup(system, who, brief),
            })
            .collect()
    }

    fn lookup(&self, system: &System, who: &Subject, brief: &Brief) -> Lookup {
        let chosen = self.chosen.iter().find(|chosen| {
            chosen.system == system.id && (chosen.who == who.id.as_str() || chosen.who == who.login)
        });
        let keys = match chosen {
            Some(chosen) => vec![Key {
                kind: KeyKind::Id,
                value: chosen.id.clone(),
                doubt: None,
            }],
            None => {
                let accounts = accounts_at(system, who, &self.tools.services);
                keys(who, &accounts, brief)
            }
        };
        Lookup {
            subject: who.id.clone(),
            keys,
            has_app: has_app(system, who, &brief.history, &self.tools.services),
        }
    }
}

/// Everybody's identity at `system`, and who we are there.
pub(super) async fn identify(system: &System, lookups: &[Lookup]) -> Known {
    let reader = Reader::new(system.client.clone()).ranked(Rank::Contain);
    let (found, own) = join(
        system.connector.identify(&reader, lookups),
        system.connector.own_ids(&reader),
    )
    .await;
    let missing = || Identity::Unread {
        why: "the connector gave no identity".into(),
    };
    let found = found.into_iter().chain(std::iter::repeat_with(missing));
    let subjects = lookups.iter().map(|lookup| lookup.subject.clone());
    Known {
        identities: subjects.zip(found).collect(),
        // Whoever we are there, our own account does not take over others': unread is no harm.
        own: own.unwrap_or_default(),
    }
}

/// His keys at a system. What an app says of him that may lead elsewhere settles nothing.
fn keys(who: &Subject, assigned: &[Assigned<'_>], brief: &Brief) -> Vec<Key> {
    let sure: Vec<_> = assigned
        .iter()
        .filter(|each| each.doubt.is_none())
        .map(|each| each.account)
        .collect();
    let mut keys = keys_of(who, &sure, &brief.history, &brief.case);
    for Assigned { account, doubt } in assigned.iter().filter(|each| each.doubt.is_some()) {
        let doubted = |kind: KeyKind, value: &str| Key {
            kind,
            value: value.to_owned(),
            doubt: doubt.clone(),
        };
        let name = account.user_name.as_ref().unwrap_or(&who.login);
        keys.push(doubted(KeyKind::UserName, name));
        let id = account.external_id.iter();
        keys.extend(id.map(|id| doubted(KeyKind::Id, id)));
    }
    keys.retain(|key| !key.value.trim().is_empty());
    keys.sort();
    keys.dedup();
    keys
}

fn service(
    system: &System,
    lookups: Vec<Lookup>,
    known: Known,
    steps: Vec<PlannedStep>,
) -> PlannedService {
    let unread = |(_, (_, identity)): &(&Lookup, &(_, Identity))| {
        matches!(identity, Identity::Unread { .. })
    };
    let late = lookups
        .iter()
        .zip(&known.identities)
        .filter(unread)
        .map(|(lookup, _)| lookup.clone())
        .collect();
    PlannedService {
        system: PlannedSystem {
            id: system.id.clone(),
            identities: known.identities,
            late,
            tenant: None,
        },
        lookups,
        steps: steps.into_iter().map(|step| (step.key, step)).collect(),
    }
}

/// Resolves `grace` after the directory's plan was ready.
pub(super) async fn grace_over(
    clock: &dyn Clock,
    mut home_ready: watch::Receiver<bool>,
    grace: Duration,
) {
    if home_ready.wait_for(|ready| *ready).await.is_ok() {
        clock.sleep(grace).await;
    }
}
