//! What Google has to grant: scopes of the domain-wide delegation, and a role of the administrator
//! whom oust acts for.

use serde_json::Value;

use super::scopes::{SECURITY, USER_READ};
use crate::connectors::rights;
use crate::model::{Access, Action, Grant, each_once};

pub(super) fn grants(_settings: &Value, actions: &[&'static Action], access: Access) -> Grant {
    let is_scope = |right: &&str| right.starts_with("https://");
    let (scopes, roles): (Vec<&str>, Vec<&str>) = rights(actions, access)
        .chain([USER_READ])
        .partition(|right| is_scope(right));
    let mut notes = vec!["acting on super administrators takes a super administrator".to_owned()];
    if access == Access::Read && scopes.contains(&SECURITY) {
        notes.push(
            "Google has no read-only scope for tokens and app passwords: this one could write"
                .into(),
        );
    }
    let mut roles = each_once(roles);
    if access == Access::Read {
        roles.push("an administrator role that may read users".into());
    }
    Grant {
        roles,
        notes,
        ..Grant::of("service account with domain-wide delegation", scopes)
    }
}
