//! Several systems of one vendor: which of them an app of the directory leads to.
//!
//! A catalogue name tells the vendor, not which of its systems. An app that may lead to several
//! of them, or of which a system's own kind is assigned more than once under different ids, names
//! nobody: what it knows of a subject (his id, his user name) may be another system's word for
//! somebody else. There he is looked up by his login alone, and what such an app knows only names
//! candidates. Whether every such app is accounted for is told once all systems have answered.
//!
//! Does not look anybody up (`services` does), and decides nothing that `apps:` could say.

use std::collections::{BTreeMap, BTreeSet};

use super::run::Tools;
use super::services::PlannedService;
use super::unreached::known_apps;
use crate::connector::System;
use crate::model::{
    AppAccount, Case, History, Identity, Lookup, Skip, Subject, SystemId, Tri, Unreached, UserId,
};

/// An app assignment that belongs to a system, or may.
pub(super) struct Assigned<'s> {
    pub(super) account: &'s AppAccount,
    /// Why what it knows of him settles nothing there.
    pub(super) doubt: Option<String>,
}

/// The subject's app assignments that belong to `system`, or may. One that a system claims by
/// its id is that system's alone.
pub(super) fn accounts_at<'s>(
    system: &System,
    who: &'s Subject,
    services: &[System],
) -> Vec<Assigned<'s>> {
    let all = who.accounts.as_deref().unwrap_or_default().iter();
    let here = all.filter(|account| leads_to(account, services).any(|each| each.id == system.id));
    let here: Vec<&AppAccount> = here.collect();
    let ids: BTreeSet<&str> = here
        .iter()
        .filter(|account| !is_claimed(account, services))
        .filter_map(|account| account.external_id.as_deref())
        .collect();
    let assigned = |account| Assigned {
        account,
        doubt: doubt(account, services, ids.len() > 1),
    };
    here.into_iter().map(assigned).collect()
}

/// Whether the directory shows him to use `system`. An assignment that is gone since the window
/// began counts: whoever takes it away keeps the session.
pub(super) fn has_app(
    system: &System,
    who: &Subject,
    history: &History,
    services: &[System],
) -> Tri {
    let mut apps: Vec<AppAccount> = known_apps(who, history)
        .into_iter()
        .map(|(account, _)| account)
        .collect();
    let moved = history.reassigned.keys().filter(|(id, _)| *id == who.id);
    for (_, app) in moved {
        if !apps.iter().any(|account| account.app == *app) {
            apps.push(AppAccount {
                app: app.clone(),
                name: history.names.get(app).cloned().unwrap_or_default(),
                ..AppAccount::default()
            });
        }
    }
    let leads = |account: &AppAccount| leads_to(account, services).any(|to| to.id == system.id);
    if apps.iter().any(leads) {
        return Tri::Yes;
    }
    let is_unnamed = |account: &AppAccount| {
        account.name.is_empty()
            && !history.names.contains_key(&account.app)
            && !is_claimed(account, services)
    };
    let unread = who.accounts.is_none() || history.unread.is_some();
    if unread || apps.iter().any(is_unnamed) {
        Tri::Unread
    } else {
        Tri::No
    }
}

/// The systems that an app leads to, or may lead to.
pub(super) fn leads_to<'t>(
    account: &AppAccount,
    services: &'t [System],
) -> impl Iterator<Item = &'t System> {
    let by = if is_claimed(account, services) {
        account.app.clone()
    } else {
        account.name.clone()
    };
    services
        .iter()
        .filter(move |system| !by.is_empty() && system.apps.contains(&by))
}

fn is_claimed(account: &AppAccount, services: &[System]) -> bool {
    let mut services = services.iter();
    services.any(|system| system.apps.contains(&account.app))
}

fn doubt(account: &AppAccount, services: &[System], ids_differ: bool) -> Option<String> {
    if is_claimed(account, services) {
        return None;
    }
    let systems: Vec<&str> = leads_to(account, services)
        .map(|system| system.id.as_str())
        .collect();
    let label = &account.label;
    match &systems[..] {
        [only] if ids_differ => Some(format!(
            "{label} and other apps of his are of one kind and know different ids of him, of \
             which one can be {only}'s: say under `apps:` which app leads there"
        )),
        [] | [_] => None,
        several => Some(format!(
            "{label} may lead to {}: say under `apps:` which",
            several.join(" or ")
        )),
    }
}

/// What a subject's apps of one kind amount to at the systems that they may lead to.
struct Shared {
    /// His apps, by label, one for each account that they stand for.
    apps: BTreeMap<String, String>,
    /// Where they may lead.
    systems: Vec<SystemId>,
}

/// His apps that may lead to several systems, or to one as several, by where they may.
fn shared(tools: &Tools, who: &Subject, history: &History) -> Vec<Shared> {
    let services = &tools.services;
    let mut all: BTreeMap<Vec<SystemId>, BTreeMap<String, String>> = BTreeMap::new();
    for (account, _) in known_apps(who, history) {
        if is_claimed(&account, services) {
            continue;
        }
        let systems: Vec<SystemId> = leads_to(&account, services)
            .map(|each| each.id.clone())
            .collect();
        // At one system alone, apps that do not tell his id there speak against nothing.
        let stands_for = match (&account.external_id, systems.len()) {
            (Some(id), _) => id.clone(),
            (None, 0 | 1) => continue,
            (None, _) => account.app.clone(),
        };
        let apps = all.entry(systems).or_default();
        apps.insert(stands_for, account.label.clone());
    }
    all.into_iter()
        .filter(|(systems, apps)| systems.len() > 1 || (systems.len() == 1 && apps.len() > 1))
        .map(|(systems, apps)| Shared { apps, systems })
        .collect()
}

/// Weighs what all systems answered. Where he was found at as many systems as his apps can lead
/// to, nobody answering at the others means that he has no account there. Where he was not, and
/// no system is open for it, what is missing is told as not reached.
pub(super) fn account_for(
    tools: &Tools,
    case: &Case,
    history: &History,
    planned: &mut [PlannedService],
) -> Vec<Unreached> {
    let mut missing = Vec::new();
    for who in &case.subjects {
        for shared in shared(tools, who, history) {
            missing.extend(account_for_one(tools, who, &shared, planned));
        }
    }
    missing
}

fn account_for_one(
    tools: &Tools,
    who: &Subject,
    shared: &Shared,
    planned: &mut [PlannedService],
) -> Option<Unreached> {
    let own: BTreeSet<SystemId> = who
        .accounts
        .iter()
        .flatten()
        .filter(|account| is_claimed(account, &tools.services))
        .flat_map(|account| leads_to(account, &tools.services))
        .map(|system| system.id.clone())
        .collect();
    let mut found = 0;
    let mut open = false;
    for id in shared.systems.iter().filter(|id| !own.contains(id)) {
        let service = planned.iter().find(|each| each.system.id == *id);
        match service.and_then(|service| identity_of(service, &who.id)) {
            // Left out on purpose, or silent yet: it may be the one.
            None | Some(Identity::Found { .. } | Identity::Unread { .. }) => found += 1,
            Some(Identity::NoAccount) => {}
            Some(Identity::Ambiguous { .. } | Identity::Contested { .. }) => open = true,
        }
    }
    let accounted = found >= shared.apps.len();
    if accounted {
        for service in planned.iter_mut() {
            if shared.systems.contains(&service.system.id) {
                nobody_there(tools, who, service);
            }
        }
        return None;
    }
    let names: Vec<&str> = shared.systems.iter().map(SystemId::as_str).collect();
    let labels: BTreeSet<&str> = shared.apps.values().map(String::as_str).collect();
    (!open).then(|| Unreached {
        subject: who.id.clone(),
        app: labels.into_iter().collect::<Vec<_>>().join(", "),
        vendor: shared.systems.first().map(unknown_of),
        why: format!(
            "{} apps, and he was found at {found} of {}: say under `apps:` which leads where",
            shared.apps.len(),
            names.join(", ")
        ),
        id: String::new(),
        name: String::new(),
        logout: None,
        link: None,
    })
}

/// The system of this vendor of which nobody knows which it is. No configured one is called so.
fn unknown_of(one: &SystemId) -> SystemId {
    SystemId::new(format!("{}:?", one.vendor()))
}

fn identity_of<'p>(service: &'p PlannedService, who: &UserId) -> Option<&'p Identity> {
    let mut identities = service.system.identities.iter();
    identities
        .find(|(id, _)| id == who)
        .map(|(_, identity)| identity)
}

/// Takes back the doubt that only an app which leads elsewhere had raised.
fn nobody_there(tools: &Tools, who: &Subject, service: &mut PlannedService) {
    let Some(system) = tools.system(&service.system.id) else {
        return;
    };
    let of_apps: BTreeSet<String> = accounts_at(system, who, &tools.services)
        .into_iter()
        .filter_map(|assigned| assigned.doubt)
        .collect();
    let is_his = |lookup: &&Lookup| lookup.subject == who.id;
    let Some(lookup) = service.lookups.iter().find(is_his) else {
        return;
    };
    let mut doubts = lookup.keys.iter().filter_map(|key| key.doubt.as_ref());
    if !doubts.all(|doubt| of_apps.contains(doubt)) {
        return;
    }
    let mut identities = service.system.identities.iter_mut();
    let Some((_, identity)) = identities.find(|(id, _)| *id == who.id) else {
        return;
    };
    if !matches!(identity, Identity::Contested { .. }) {
        return;
    }
    *identity = Identity::NoAccount;
    let rows = service
        .steps
        .values_mut()
        .flat_map(|step| &mut step.subjects);
    for row in rows.filter(|row| row.subject == who.id) {
        // The only reason of this kind that there is before a vendor was asked.
        if matches!(row.skip, Some(Skip::Unsupported { .. })) {
            row.skip = Some(Skip::NoAccount);
        }
    }
}
