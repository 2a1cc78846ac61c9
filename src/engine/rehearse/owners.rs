//! Whom to call when the cord is pulled: app by app, by the config's `owners:`.
//!
//! Rows are the subject's apps at the directory, the directory's own left out, and each system where
//! he has an account that none of those apps leads to. An app without an owner is a gap.

use std::collections::BTreeSet;

use super::finding;
use crate::engine::instances::leads_to;
use crate::engine::run::Tools;
use crate::model::{Finding, Identity, Owner, Plan, Severity, Subject, SystemId};
use crate::rehearsals::AppOwner;

/// All of them, those with a connector first.
pub(super) fn of(tools: &Tools, plan: &Plan, who: &Subject, owners: &[Owner]) -> Vec<AppOwner> {
    let mut all = Vec::new();
    let mut told = BTreeSet::<SystemId>::new();
    let home = &tools.directory.directory;
    for account in who.accounts.iter().flatten() {
        if home.is_own_app(&account.name) {
            continue;
        }
        let systems: Vec<SystemId> = leads_to(account, &tools.services)
            .map(|system| system.id.clone())
            .filter(|system| plan.scope.includes(system))
            .collect();
        let names = [&*account.label, &*account.name, &*account.app];
        let of_systems = systems
            .iter()
            .flat_map(|each| [each.as_str(), each.vendor()]);
        let owner = owner_of(owners, names.into_iter().chain(of_systems));
        told.extend(systems.iter().cloned());
        all.push(row(label(account), systems.into_iter().next(), owner));
    }
    let unreached = plan.unreached.iter();
    for each in unreached.filter(|each| !each.app.is_empty()) {
        if all.iter().any(|row| row.app == each.app) {
            continue;
        }
        all.push(row(each.app.clone(), None, owner_of(owners, each.names())));
    }
    for system in &plan.systems {
        let here = system.identities.first();
        let has = here.is_some_and(|(_, identity)| matches!(identity, Identity::Found { .. }));
        let at_home = system.id == tools.directory.system.id;
        if has && !at_home && !told.contains(&system.id) {
            let names = [system.id.as_str(), system.id.vendor()];
            let owner = owner_of(owners, names.into_iter());
            all.push(row(system.id.to_string(), Some(system.id.clone()), owner));
        }
    }
    all.sort_by(|a, b| (a.system.is_none(), &a.app).cmp(&(b.system.is_none(), &b.app)));
    all.dedup_by(|a, b| a.app == b.app && a.system == b.system);
    all
}

/// Whoever looks after the directory: the people who pull the cord.
pub(super) fn us(tools: &Tools, owners: &[Owner]) -> Option<AppOwner> {
    let home = &tools.directory.system.id;
    let owner = owner_of(owners, [home.as_str(), home.vendor()].into_iter())?;
    Some(row(home.to_string(), Some(home.clone()), Some(owner)))
}

fn label(account: &crate::model::AppAccount) -> String {
    let names = [&account.label, &account.name, &account.app];
    let named = names.into_iter().find(|name| !name.is_empty());
    named.cloned().unwrap_or_default()
}

fn owner_of<'o, 'n>(
    owners: &'o [Owner],
    names: impl Iterator<Item = &'n str> + Clone,
) -> Option<&'o Owner> {
    owners.iter().find(|owner| owner.owns(names.clone()))
}

fn row(app: String, system: Option<SystemId>, owner: Option<&Owner>) -> AppOwner {
    AppOwner {
        app,
        system,
        owner: owner.map(|owner| owner.owner.clone()).unwrap_or_default(),
        contact: owner.map(|owner| owner.contact.clone()).unwrap_or_default(),
    }
}

/// One finding for all that nobody is named for.
pub(super) fn gaps(owners: &[AppOwner]) -> Option<Finding> {
    let unowned: Vec<&str> = owners
        .iter()
        .filter(|row| !row.is_named())
        .map(|row| row.app.as_str())
        .collect();
    (!unowned.is_empty()).then(|| {
        let text = format!("nobody is named as owner of {}", unowned.join(", "));
        let hint = "add them under `owners:` in the config: { app, owner, contact }";
        finding(Severity::Warning, "no_owner".into(), text, hint)
    })
}
