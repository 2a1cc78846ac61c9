//! Which account at its vendor a system is: two that are one, and one that is another by now.
//!
//! Asked where a vendor has several systems, and nowhere else: it costs a read. Two that are one
//! are told to whoever agrees to the plan; nothing is lost by them but a change made twice. One
//! whose name stands for another account than when it was planned for is left alone by a later
//! command: the ids that were agreed to are somebody else's there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::OnceCell;

use super::run::{Run, Tools};
use super::services::PlannedService;
use crate::connector::System;
use crate::given::within;
use crate::model::{Finding, Plan, Severity, Skip, SystemId};
use crate::transport::{Rank, Reader};

/// Systems that turned out to be one and the same account at the vendor.
pub(super) fn same(planned: &[PlannedService]) -> Vec<Finding> {
    let told = planned.iter().map(|service| &service.system);
    shared_by(told.filter_map(|system| Some((&system.id, system.tenant.as_deref()?))))
}

/// The same, of systems and the tenants that they told.
pub(super) fn shared_by<'s>(told: impl Iterator<Item = (&'s SystemId, &'s str)>) -> Vec<Finding> {
    let mut tenants: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (id, tenant) in told {
        let of_vendor = tenants.entry((id.vendor(), tenant)).or_default();
        of_vendor.push(id.as_str());
    }
    let twice = tenants.into_iter().filter(|(_, names)| names.len() > 1);
    twice
        .map(|((_, tenant), names)| Finding {
            severity: Severity::Warning,
            id: "same_tenant".into(),
            text: format!(
                "{} are one and the same: {tenant}; what is done there is done once for each",
                names.join(" and ")
            ),
            hint: "leave one of them in the config file".into(),
        })
        .collect()
}

/// What is known of the systems of a run that was planned by an earlier command.
#[derive(Default)]
pub(super) struct Tenants {
    asked: Mutex<BTreeMap<SystemId, Arc<OnceCell<Option<String>>>>>,
}

impl Tenants {
    fn at(&self, system: &SystemId) -> Arc<OnceCell<Option<String>>> {
        let mut asked = self
            .asked
            .lock()
            .expect("no code panics while it holds this lock");
        Arc::clone(asked.entry(system.clone()).or_default())
    }
}

/// Whether `system` is the account that the run was planned for. Asked when it is first needed,
/// by that system's own steps and proofs: nobody else waits for the answer.
///
/// # Errors
/// Why nothing may be done there now.
pub(super) async fn is_as_planned(run: &Run, system: &System) -> Result<(), Skip> {
    let Some(planned) = planned(&run.plan, &system.id).filter(|_| run.resumed) else {
        return Ok(());
    };
    let cell = run.tenants.at(&system.id);
    let now = cell.get_or_try_init(|| ask(system)).await;
    let now = now.map_err(|why| Skip::Unread { why })?;
    match now {
        Some(now) if now != planned => Err(Skip::Unsupported {
            why: format!(
                "its name stands for another account at the vendor ({now}) than when this was \
                 planned ({planned})"
            ),
        }),
        _ => Ok(()),
    }
}

/// The systems that are what they were when `plan` was made; one that does not tell in `time` is
/// left out, too.
pub(super) async fn unmoved(tools: &Tools, plan: &Plan, time: Duration) -> Vec<System> {
    let each = tools.systems().map(|system| async move {
        let Some(planned) = planned(plan, &system.id) else {
            return Some(system.clone());
        };
        let now = within(&*tools.clock, time, ask(system)).await;
        let same = now.is_some_and(|told| told.is_ok_and(|now| now.as_deref() == Some(planned)));
        same.then(|| system.clone())
    });
    join_all(each).await.into_iter().flatten().collect()
}

fn planned<'p>(plan: &'p Plan, system: &SystemId) -> Option<&'p str> {
    let planned = plan.systems.iter().find(|each| each.id == *system)?;
    planned.tenant.as_deref()
}

/// Which tenant a system is, by its own word.
///
/// # Errors
/// A sentence, if it could not be read.
pub(super) async fn ask(system: &System) -> Result<Option<String>, String> {
    let reader = Reader::new(system.client.clone()).ranked(Rank::Contain);
    system.connector.tenant(&reader).await
}
