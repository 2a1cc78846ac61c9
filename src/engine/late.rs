//! Identities that had not answered when the plan was made.
//!
//! They are looked up when a step of that system is first due, for all its subjects at once, by
//! the keys that consent covered, and recorded before anything is written there. A system that
//! stays silent is asked a few times and then left open.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::rows::{account_of, ourselves};
use super::run::Run;
use super::services::identify;
use crate::connector::{Identified, System};
use crate::ledger::{Event, RunState};
use crate::model::{Identity, Lookup, Plan, Skip, Subject, SystemId, UserId};

/// Times a silent system is asked who its subjects are.
const LOOKUPS_MAX: u32 = 3;

/// What was asked so far, system by system.
#[derive(Default)]
pub(super) struct Late {
    systems: Mutex<BTreeMap<SystemId, Arc<tokio::sync::Mutex<Asked>>>>,
}

#[derive(Default)]
struct Asked {
    times: u32,
    own: Vec<String>,
}

impl Late {
    fn at(&self, system: &SystemId) -> Arc<tokio::sync::Mutex<Asked>> {
        let mut systems = self
            .systems
            .lock()
            .expect("no code panics while it holds this lock");
        Arc::clone(systems.entry(system.clone()).or_default())
    }
}

/// The subject at `system`, as far as is known without asking.
pub(super) fn known(run: &Run, system: &SystemId, subject: &UserId) -> Option<Identified> {
    let who = subject_of(run, subject)?;
    let identity = run
        .recorder
        .read(|state| identity(run, state, system, subject));
    match identity? {
        Identity::Found { id } => Some(Identified {
            subject: who.clone(),
            id,
        }),
        _ => None,
    }
}

/// The subject at `system`; asks the system if it had not answered before.
///
/// # Errors
/// Why nobody there may be acted on.
pub(super) async fn identified(
    run: &Run,
    system: &System,
    subject: &UserId,
) -> Result<Identified, Skip> {
    let unread = || Skip::Unread {
        why: "this plan does not say who he is there".into(),
    };
    let who = subject_of(run, subject).ok_or_else(unread)?;
    let read = || {
        let known = run
            .recorder
            .read(|state| identity(run, state, &system.id, subject));
        known.ok_or_else(unread)
    };
    let mut found = read()?;
    let mut own = Vec::new();
    if is_open(&run.plan, &system.id) {
        let asked = run.late.at(&system.id);
        let mut asked = asked.lock().await;
        found = read()?;
        if matches!(found, Identity::Unread { .. }) && asked.times < LOOKUPS_MAX {
            asked.times += 1;
            ask(run, system, &mut asked).await;
            found = read()?;
        }
        own.clone_from(&asked.own);
    }
    let id = account_of(&found)?;
    if own.contains(&id) {
        return Err(ourselves(system));
    }
    Ok(Identified {
        subject: who.clone(),
        id,
    })
}

/// Looks up everybody who is still unread there, and records who they are.
async fn ask(run: &Run, system: &System, asked: &mut Asked) {
    let open: Vec<Lookup> = run.recorder.read(|state| {
        let planned = run.plan.systems.iter().find(|each| each.id == system.id);
        let late = planned.map(|each| each.late.as_slice()).unwrap_or_default();
        let is_unread = |lookup: &&Lookup| {
            let known = identity(run, state, &system.id, &lookup.subject);
            matches!(known, Some(Identity::Unread { .. }))
        };
        late.iter().filter(is_unread).cloned().collect()
    });
    let known = identify(system, &open).await;
    asked.own = known.own;
    for (subject, identity) in known.identities {
        run.recorder.defer(Event::Identified {
            system: system.id.clone(),
            subject,
            identity,
        });
    }
}

/// Whether the plan left identities open there.
pub(super) fn is_open(plan: &Plan, system: &SystemId) -> bool {
    let planned = plan.systems.iter().find(|each| each.id == *system);
    planned.is_some_and(|each| !each.late.is_empty())
}

fn identity(run: &Run, state: &RunState, system: &SystemId, subject: &UserId) -> Option<Identity> {
    let planned = run.plan.systems.iter().find(|each| each.id == *system)?;
    let (_, identity) = run.entry_of(&planned.identities, subject, |(id, _)| id)?;
    let late = state.late_identity(system, subject);
    Some(late.unwrap_or(identity).clone())
}

fn subject_of<'r>(run: &'r Run, subject: &UserId) -> Option<&'r Subject> {
    run.entry_of(&run.plan.case.subjects, subject, |who| &who.id)
}
