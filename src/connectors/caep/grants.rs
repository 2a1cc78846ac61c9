//! What a receiver of shared signals has to be told and to grant: by its admin, once.

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
            principal: "our key, and the receiver's authorization if it gives one out".into(),
            roles: vec!["the right to push security event tokens, as the receiver calls it".into()],
            notes: vec!["it must trust the issuer and know the public half of the key".into()],
            ..Grant::default()
        },
    }
}
