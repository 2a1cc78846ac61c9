//! What GitHub has to grant: permissions of an App, as its manifest says them.

use serde_json::{Map, Value, json};

use crate::connectors::rights;
use crate::model::{Access, Action, Grant, GrantPolicy, each_once};

pub(super) fn grants(_settings: &Value, actions: &[&'static Action], access: Access) -> Grant {
    let all = each_once(rights(actions, access).chain(["members:read"]));
    let (permissions, others): (Vec<String>, Vec<String>) =
        all.into_iter().partition(|right| is_permission(right));
    let mut levels: Map<String, Value> = Map::new();
    for right in &permissions {
        let Some((name, level)) = right.split_once(':') else {
            continue;
        };
        // `read` sorts before `write`, which includes it.
        levels.insert(name.to_owned(), json!(level));
    }
    let scopes: Vec<String> = levels
        .iter()
        .map(|(name, level)| format!("{name}:{}", level.as_str().unwrap_or_default()))
        .collect();
    Grant {
        roles: others,
        policies: vec![GrantPolicy {
            name: "organisation permissions of the GitHub App (manifest)".into(),
            document: json!({ "default_permissions": levels }),
        }],
        notes: vec!["an owner must accept new permissions of an installed App".into()],
        ..Grant::of("GitHub App", scopes.iter().map(String::as_str))
    }
}

/// `name:level`; everything else is a sentence.
fn is_permission(right: &str) -> bool {
    !right.contains(' ') && right.contains(':')
}
