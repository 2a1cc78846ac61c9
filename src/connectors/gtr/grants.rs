//! What an app with a revocation endpoint has to grant: the right to revoke, as it calls it.

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
            principal: "our key or token".into(),
            roles: vec!["the right to revoke for others, as the app calls it".into()],
            notes: vec!["it must trust the issuer and know the public half of the key".into()],
            ..Grant::default()
        },
    }
}
