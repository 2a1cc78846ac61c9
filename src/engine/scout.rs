//! Reads ahead at services that had not answered when the plan was made.
//!
//! While the directory is being written to, it looks up who the subjects are there and what each
//! step would change, so that a step finds it read when its turn comes. Nobody waits for it, and
//! it ends with the writes.
//!
//! Records identities, as whoever asks for them does, and nothing else: what a step takes of it
//! is the step's to record. Targets that may grow in number are read once more by the step itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use futures_util::future::join_all;

use super::late::{self, identified};
use super::rows::as_step;
use super::run::Run;
use super::step::{Reread, reader};
use super::tenants::is_as_planned;
use crate::connector::{Identified, System};
use crate::model::{PlannedStep, Skip, StepKey, UserId};

/// Above this many subjects nothing is read ahead: the quota belongs to containment then.
const SUBJECTS_MAX: usize = 20;

/// What was read and not yet taken.
#[derive(Default)]
pub(super) struct Scout {
    read: Mutex<BTreeMap<(StepKey, UserId), Reread>>,
}

impl Scout {
    /// What was read for this step and subject, once.
    pub(super) fn take(&self, step: StepKey, subject: &UserId) -> Option<Reread> {
        self.lock().remove(&(step, subject.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(StepKey, UserId), Reread>> {
        self.read
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

/// Reads ahead wherever the plan left identities open.
pub(super) async fn look_ahead(run: &Run) {
    if run.plan.case.subjects.len() > SUBJECTS_MAX {
        return;
    }
    let open = run.tools.services.iter();
    let open = open.filter(|system| late::is_open(&run.plan, &system.id));
    join_all(open.map(|system| at(run, system))).await;
}

async fn at(run: &Run, system: &System) {
    if is_as_planned(run, system).await.is_err() {
        return;
    }
    let steps = run.plan.steps().filter(|step| step.system == system.id);
    join_all(steps.map(|step| of(run, system, step))).await;
}

/// One step, for everybody whose row was not read.
async fn of(run: &Run, system: &System, step: &PlannedStep) {
    let mut who: Vec<Identified> = Vec::new();
    for row in &step.subjects {
        if matches!(row.skip, Some(Skip::Unread { .. })) {
            who.extend(identified(run, system, &row.subject).await.ok());
        }
    }
    if who.is_empty() {
        return;
    }
    let planned = system
        .connector
        .plan(
            &reader(run, step, system),
            &as_step(step),
            &who,
            &run.plan.case,
        )
        .await;
    let read = who.into_iter().zip(planned);
    let read = read.filter(|(_, planned)| !matches!(planned.skip, Some(Skip::Unread { .. })));
    run.scout
        .lock()
        .extend(read.map(|(who, planned)| ((step.key, who.subject.id), Ok(Some(planned)))));
}
