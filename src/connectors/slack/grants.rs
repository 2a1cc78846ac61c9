//! What Slack has to grant: user scopes of one token.

use serde_json::Value;

use super::settings::Settings;
use crate::connectors::rights;
use crate::model::{Access, Action, Grant};

pub(super) fn grants(settings: &Value, actions: &[&'static Action], access: Access) -> Grant {
    let scim = Settings::parse(settings).is_ok_and(|settings| settings.scim);
    let mut notes = vec![
        "a user token (xoxp-) of an owner or admin, the app installed on the organisation"
            .to_owned(),
    ];
    if scim && !rights(actions, access).any(|right| right == "admin") {
        notes.push(
            "`scim: true` looks people up by SCIM, too, which takes the scope `admin`: set `scim: \
             false` to go without"
                .into(),
        );
    }
    Grant {
        notes,
        ..Grant::of("user token", rights(actions, access))
    }
}
