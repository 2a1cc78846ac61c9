//! What a receiver of security event tokens has to grant: belief in our issuer.

use serde_json::Value;

use crate::model::{Access, Action, Grant};

pub(super) fn grants(_settings: &Value, _actions: &[&'static Action], access: Access) -> Grant {
    match access {
        Access::Read => Grant {
            principal: "none".into(),
            notes: vec!["nothing is read there".into()],
            ..Grant::default()
        },
        Access::Write => Grant {
            principal: "our issuer and key".into(),
            roles: vec!["a stream of ours, whose issuer, audience and key id it knows".into()],
            notes: vec!["where it asks for an Authorization header, that too".into()],
            ..Grant::default()
        },
    }
}
