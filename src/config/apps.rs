//! `apps:` of the config file: which app of the directory belongs to which system.

use super::Connector;
use crate::model::SystemId;
use crate::yaml::{Diagnostic, Fields, Node, Problems, spoken};

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
        let known = connectors.iter().map(|each| each.id.as_str());
        if known.clone().any(|id| id == name.value) {
            apps.push((app.value.clone(), SystemId::new(name.value)));
        } else {
            let title = format!("no connector is called {}", spoken(&name.value));
            problems.add(Diagnostic::new(name.span, title).nearest(&name.value, known));
        }
    }
    apps
}
