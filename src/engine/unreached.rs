//! What the subjects use and this configuration does not reach: said, never passed over.
//!
//! An app counts as used if it is assigned or was signed in to. Where that could not be read,
//! every vendor that we could reach and that is not configured counts as used, too.

use std::collections::{BTreeMap, BTreeSet};

use super::instances::leads_to;
use super::run::Tools;
use crate::model::{AppAccount, Case, History, Subject, SystemId, Unreached, UserId, Vendor};

/// How it is known that an app is used that is not assigned.
const SIGNED_IN: &str = "signed in to";

/// All of it, subject by subject. Of many, `at_services` tells who is assigned to the apps of
/// services that we know; apps that nobody has a connector for are not listed then.
pub(super) fn of(
    tools: &Tools,
    case: &Case,
    at_services: &BTreeMap<UserId, Vec<AppAccount>>,
    history: &History,
) -> Vec<Unreached> {
    let subjects = case.subjects.iter();
    let told = subjects.flat_map(|who| match at_services.get(&who.id) {
        Some(accounts) if who.accounts.is_none() => {
            let known = Subject {
                accounts: Some(accounts.clone()),
                ..who.clone()
            };
            of_subject(tools, &known, history)
        }
        _ => of_subject(tools, who, history),
    });
    told.collect()
}

fn of_subject(tools: &Tools, who: &Subject, history: &History) -> Vec<Unreached> {
    let unread = match (&who.accounts, &history.unread) {
        (None, _) => Some("his apps could not be read".to_owned()),
        (_, Some(why)) => Some(format!("which apps he used could not be read: {why}")),
        _ => unnamed(who, history),
    };
    let mut all: Vec<Unreached> = known_apps(who, history)
        .into_iter()
        .filter(|(account, _)| leads_to(account, &tools.services).next().is_none())
        .filter(|(account, _)| !tools.directory.directory.is_own_app(&account.name))
        .map(|(account, why)| Unreached {
            subject: who.id.clone(),
            vendor: vendor_of(tools, &account.name).map(|vendor| SystemId::new(vendor.id)),
            link: tools.directory.directory.console_of(&account),
            logout: account.logout,
            app: account.label,
            name: account.name,
            id: account.app,
            why: why.to_owned(),
        })
        .collect();
    if let Some(why) = unread {
        let told: BTreeSet<SystemId> = all.iter().filter_map(|each| each.vendor.clone()).collect();
        let not_configured = tools
            .vendors
            .iter()
            .filter(|vendor| !is_configured(tools, vendor))
            .map(|vendor| SystemId::new(vendor.id))
            .filter(|vendor| !told.contains(vendor));
        all.extend(not_configured.map(|vendor| Unreached {
            subject: who.id.clone(),
            app: String::new(),
            vendor: Some(vendor),
            why: why.clone(),
            id: String::new(),
            name: String::new(),
            logout: None,
            link: None,
        }));
    }
    all
}

/// Says which of the apps that he signed in to may be anything.
fn unnamed(who: &Subject, history: &History) -> Option<String> {
    let apps = known_apps(who, history).into_iter();
    let labels: Vec<String> = apps
        .filter(|(account, how)| *how == SIGNED_IN && !history.names.contains_key(&account.app))
        .map(|(account, _)| account.label)
        .collect();
    (!labels.is_empty()).then(|| {
        format!(
            "which service {} is could not be read",
            labels.join(" and ")
        )
    })
}

/// Apps assigned, then those only signed in to.
pub(super) fn known_apps(who: &Subject, history: &History) -> Vec<(AppAccount, &'static str)> {
    let assigned = who.accounts.as_deref().unwrap_or_default();
    let mut all: Vec<(AppAccount, &'static str)> = assigned
        .iter()
        .map(|account| (account.clone(), "assigned"))
        .collect();
    for (id, label) in history.used.get(&who.id).into_iter().flatten() {
        if !all.iter().any(|(account, _)| account.app == *id) {
            let account = AppAccount {
                app: id.clone(),
                name: history.names.get(id).cloned().unwrap_or_default(),
                label: label.clone(),
                ..AppAccount::default()
            };
            all.push((account, SIGNED_IN));
        }
    }
    all
}

fn is_configured(tools: &Tools, vendor: &Vendor) -> bool {
    tools
        .systems()
        .any(|system| system.connector.vendor().id == vendor.id)
}

fn vendor_of(tools: &Tools, name: &str) -> Option<&'static Vendor> {
    let mut vendors = tools.vendors.iter().copied();
    vendors.find(|vendor| vendor.apps.contains(&name))
}
