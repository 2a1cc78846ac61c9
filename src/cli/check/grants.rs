//! `oust check --grants`: what has to be granted, per system and playbook, for reading and for
//! writing.
//!
//! Made from what actions declare; asks nobody, opens no secret, needs no system that can be
//! reached. Without a config file every vendor is shown with its usual settings. What a release
//! takes is shown as if it were a playbook of its own, because no playbook names its actions.

use serde_json::{Value, json};

use super::super::args::{CheckArgs, Global, Output};
use super::super::exit::{Exit, Failure};
use super::super::setup::{TOOL, load_config};
use super::super::{print, show};
use super::playbooks;
use crate::config::Places;
use crate::connectors::{REGISTER, Row};
use crate::model::{Access, Action, Scope, SystemId};
use crate::playbook::CheckedPlaybook;
use crate::report::Granting;
use crate::report::escape::harmless_json;

/// The name of the shape.
const SCHEMA: &str = "oust.grants/v1";

/// What a release is called beside the playbooks.
const RELEASE: &str = "release";

/// One system as it is configured.
struct Place {
    id: SystemId,
    row: Row,
    settings: Value,
}

/// Prints them.
///
/// # Errors
/// [`Failure`], if the config file or a playbook is no good.
pub(super) fn grants(global: &Global, args: &CheckArgs) -> Result<Exit, Failure> {
    let playbooks = playbooks(&args.playbook)?;
    let scope = Scope {
        only: args.only.clone(),
        skip: args.skip.clone(),
    };
    let places = places(global)?;
    let named = |name: &&String| {
        let known = |place: &Place| place.id.as_str() == *name || place.id.vendor() == *name;
        !places.iter().any(known)
    };
    if let Some(stranger) = args.only.iter().chain(&args.skip).find(named) {
        let what = format!("no system is called `{stranger}`");
        let hint = "systems are those of the config file";
        return Err(Failure::say(Exit::Usage, what, hint));
    }
    let here = places.iter().filter(|place| scope.includes(&place.id));
    let all: Vec<Granting> = here
        .flat_map(|place| of_place(place, &playbooks, args.playbook.is_empty()))
        .collect();
    match global.output {
        Output::Human => print(show::grants(global, &all).trim_end()),
        Output::Json => {
            let object = json!({ "schema": SCHEMA, "tool": TOOL, "grants": all });
            print(&harmless_json(&object.to_string()));
        }
    }
    Ok(Exit::Good)
}

/// The systems of the config file; without one every vendor, once.
fn places(global: &Global) -> Result<Vec<Place>, Failure> {
    let find = Places::new(global.config.as_deref(), |name| std::env::var_os(name));
    if find.find().is_err() {
        let usual = REGISTER.iter().map(|row| Place {
            id: SystemId::new(row.vendor.id),
            row: *row,
            settings: json!({}),
        });
        return Ok(usual.collect());
    }
    let config = load_config(global)?;
    let each = config.connectors.into_iter().map(|entry| Place {
        id: entry.id,
        row: entry.row,
        settings: entry.settings,
    });
    Ok(each.collect())
}

/// One entry for each playbook, those with the same needs together.
fn of_place(place: &Place, playbooks: &[CheckedPlaybook], release: bool) -> Vec<Granting> {
    let mut found: Vec<Granting> = Vec::new();
    let mut add = |name: &str, actions: Vec<&'static Action>| {
        if actions.is_empty() {
            return;
        }
        let grant = |access| (place.row.grants)(&place.settings, &actions, access);
        let (read, write) = (grant(Access::Read), grant(Access::Write));
        if read.is_empty() && write.is_empty() {
            return;
        }
        let same = |each: &&mut Granting| each.read == read && each.write == write;
        match found.iter_mut().find(same) {
            Some(known) => {
                known.playbooks.push(name.to_owned());
                let more = names(place, &actions);
                known.actions.extend(more);
                known.actions.sort();
                known.actions.dedup();
            }
            None => found.push(Granting {
                system: place.id.clone(),
                playbooks: vec![name.to_owned()],
                actions: names(place, &actions),
                read,
                write,
            }),
        }
    };
    for playbook in playbooks {
        add(&playbook.reference.name, wanted(place, playbook));
    }
    if release {
        let done = playbooks.iter().flat_map(|each| wanted(place, each));
        let mut undoing: Vec<&'static Action> = Vec::new();
        for action in done.flat_map(|action| place.row.vendor.undoing(action.verb)) {
            if undoing.iter().all(|known| known.verb != action.verb) {
                undoing.push(action);
            }
        }
        add(RELEASE, undoing);
    }
    found
}

fn names(place: &Place, actions: &[&'static Action]) -> Vec<String> {
    let each = actions.iter();
    each.map(|action| action.id(place.row.vendor.id).to_string())
        .collect()
}

/// What a playbook wants of it, as `engine::wanted` has it; which of a vendor's systems carry an
/// action is left to the vendor.
fn wanted(place: &Place, playbook: &CheckedPlaybook) -> Vec<&'static Action> {
    let mut found: Vec<&'static Action> = Vec::new();
    for step in playbook.stages.iter().flat_map(|stage| &stage.steps) {
        let here = step.at.is_empty()
            || step
                .at
                .iter()
                .any(|at| at == place.id.as_str() || at == place.id.vendor());
        if step.action.vendor() != place.row.vendor.id || !here {
            continue;
        }
        if let Some(action) = place.row.vendor.action(step.action.verb())
            && !found.iter().any(|known| known.verb == action.verb)
        {
            found.push(action);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_grant_is_empty_where_an_action_declares_rights_and_nothing_comes_twice() {
        for row in REGISTER {
            let actions: Vec<&'static Action> = row.vendor.actions.iter().collect();
            for access in [Access::Read, Access::Write] {
                let grant: crate::model::Grant = (row.grants)(&json!({}), &actions, access);
                let mut once = grant.scopes.clone();
                once.dedup();
                assert_eq!(grant.scopes, once, "{}", row.vendor.id);
                let blind = actions.iter().all(|action| action.reads.is_empty());
                assert_eq!(
                    grant.is_empty(),
                    blind && access == Access::Read,
                    "{} {access:?}",
                    row.vendor.id
                );
            }
        }
    }
}
