//! What Salesforce has to grant: a permission set for the integration user, and one OAuth scope.

use serde_json::{Map, Value, json};

use super::rights::{API_ENABLED, field};
use crate::connectors::rights;
use crate::model::{Access, Action, Grant, GrantPolicy, each_once};

pub(super) fn grants(_settings: &Value, actions: &[&'static Action], access: Access) -> Grant {
    let permissions = each_once(rights(actions, access).chain([API_ENABLED]));
    let mut set = Map::new();
    set.insert("Name".into(), json!("oust"));
    set.insert("Label".into(), json!("oust"));
    for permission in &permissions {
        set.insert(field(permission).into(), json!(true));
    }
    let mut notes =
        vec!["pre-authorise the app for this permission set; it signs in as that user".to_owned()];
    if access == Access::Read {
        notes.push(
            "Salesforce shows others' sessions and tokens only to who may end them: reading takes \
             the same permissions"
                .into(),
        );
    }
    Grant {
        roles: permissions
            .iter()
            .map(|permission| format!("permission \"{permission}\""))
            .collect(),
        policies: vec![GrantPolicy {
            name: "permission set (POST /services/data/…/sobjects/PermissionSet)".into(),
            document: Value::Object(set),
        }],
        notes,
        ..Grant::of("external client app and integration user", ["api"])
    }
}
