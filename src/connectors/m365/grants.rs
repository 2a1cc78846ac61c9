//! What Entra has to grant: application permissions of Microsoft Graph, with admin consent.

use serde_json::Value;

use super::permissions::USER_READ;
use crate::connectors::rights;
use crate::model::{Access, Action, Grant};

pub(super) fn grants(_settings: &Value, actions: &[&'static Action], access: Access) -> Grant {
    let all = rights(actions, access).chain([USER_READ]);
    Grant {
        roles: match access {
            Access::Read => Vec::new(),
            Access::Write => vec![
                "to act on administrators: directory role Privileged Authentication Administrator"
                    .into(),
            ],
        },
        notes: vec![
            "application permissions, each with admin consent; one token has them all".into(),
        ],
        ..Grant::of("app registration", all)
    }
}
