//! Who cuts an app that the intruder opened: one of our systems, or somebody to call.

use super::Investigator;
use crate::engine::instances::leads_to;
use crate::evidence::investigation::ReachedApp;
use crate::model::AppAccount;
use crate::transport::{Rank, Reader};

/// Fills in the systems and the owners.
pub(super) async fn fill(tools: &Investigator, apps: &mut [ReachedApp]) {
    let Some(directory) = &tools.directory else {
        return;
    };
    let ids: Vec<String> = apps
        .iter()
        .filter(|app| !app.app.is_empty())
        .map(|app| app.app.clone())
        .collect();
    let reader = Reader::new(directory.system.client.clone()).ranked(Rank::Evidence);
    let names = directory.directory.app_names(&reader, &ids).await;
    for app in apps {
        let name = names.get(&app.app).cloned().unwrap_or_default();
        app.own_app |= directory.directory.is_own_app(&name);
        let account = AppAccount {
            app: app.app.clone(),
            label: app.name.clone(),
            name: name.clone(),
            ..AppAccount::default()
        };
        let systems = leads_to(&account, &tools.services);
        app.systems = systems.map(|system| system.id.to_string()).collect();
        let called = [app.name.as_str(), app.app.as_str(), name.as_str()];
        let called = called
            .into_iter()
            .chain(app.systems.iter().map(String::as_str));
        let owner = tools.owners.iter().find(|owner| owner.owns(called.clone()));
        app.owner = owner.map_or_else(String::new, |owner| owner.contact.clone());
    }
}
