//! `apps:` of the config file: which app of the directory belongs to which system.

use super::Connector;
use super::connectors::is_directory;
use crate::connector::System;
use crate::model::SystemId;
use crate::yaml::{At, Diagnostic, Fields, Node, Problems, spoken};

/// Entries at most.
const APPS_MAX: usize = 1_000;

/// Reads the map; every value must be a configured system.
pub(super) fn read(
    fields: &mut Fields<'_>,
    connectors: &[Connector],
    problems: &mut Problems,
) -> Vec<(String, SystemId)> {
    let Some(at) = fields.take("apps", problems) else {
        return Vec::new();
    };
    let Node::Map(entries) = &at.value else {
        let title = "`apps` is a map: `CATALOGUE_NAME: SYSTEM`";
        problems.add(Diagnostic::new(at.span.clone(), title));
        return Vec::new();
    };
    if entries.len() > APPS_MAX {
        let title = format!("more than {APPS_MAX} apps");
        problems.add(Diagnostic::new(at.span.clone(), title));
        return Vec::new();
    }
    let mut apps = Vec::new();
    for (app, system) in entries {
        let Some(name) = problems.text("a system", system, 128) else {
            continue;
        };
        match service(&name, connectors) {
            Ok(id) => apps.push((app.value.clone(), id)),
            Err(problem) => problems.add(problem),
        }
    }
    apps
}

/// The configured service of this id.
fn service(name: &At<String>, connectors: &[Connector]) -> Result<SystemId, Diagnostic> {
    let problem = |title: String| Diagnostic::new(name.span.clone(), title);
    let id = name.value.as_str();
    if let Some(found) = connectors.iter().find(|each| each.id.as_str() == id) {
        if is_directory(found.row.vendor) {
            let title = format!("`{id}` is the directory");
            return Err(problem(title).label("its apps lead to the systems behind it"));
        }
        return Ok(found.id.clone());
    }
    let title = format!("no connector is called {}", spoken(id));
    let ids = || connectors.iter().map(|each| each.id.as_str());
    let of_vendor: Vec<&str> = connectors
        .iter()
        .filter(|each| each.row.vendor.id == id)
        .map(|each| each.id.as_str())
        .collect();
    Err(match &of_vendor[..] {
        [] => problem(title).nearest(id, ids()),
        some => problem(title).label(format!("say which: {}", some.join(", "))),
    })
}

/// Gives each service the apps that `apps:` says are its own, and takes them from the others.
pub fn hand_out(services: &mut [System], apps: &[(String, SystemId)]) {
    for (app, system) in apps {
        for service in &mut *services {
            service.apps.retain(|known| known != app);
            if service.id == *system {
                service.apps.push(app.clone());
            }
        }
    }
}
