//! Global session policies and their rules, as far as the quarantine group needs them: its own, and
//! the default one for everybody. Shapes are those of Okta's Policies API; read only.

use serde_json::{Value, json};

use super::{Answer, Call, Okta};

const QUARANTINE: &str = "00pQuarantine0000005d7";
const CONTRACTORS: &str = "00pContractors000005d7";
const DEFAULT: &str = "00pDefault0000000005d7";
const EVERYONE: &str = "00gEveryone000000005d7";

impl Okta {
    /// By type, which has to be said.
    pub(super) fn list_policies(&mut self, call: &Call<'_>) -> Answer {
        let Some(kind) = call.query("type") else {
            return Answer::refused("type", "type is required");
        };
        if kind != "OKTA_SIGN_ON" {
            return Answer::list(Vec::new());
        }
        let mut policies = Vec::new();
        let mut add = |id: &str, name: &str, group: &str| {
            let priority = policies.len() + 1;
            policies.push(json!({
                "id": id, "name": name, "type": "OKTA_SIGN_ON", "status": "ACTIVE",
                "system": id == DEFAULT, "priority": priority,
                "conditions": { "people": { "groups": { "include": [group] } } },
            }));
        };
        if self.settings.before_quarantine {
            add(CONTRACTORS, "Contractors", EVERYONE);
        }
        add(QUARANTINE, "Quarantine", &self.quarantine_group);
        add(DEFAULT, "Default Policy", EVERYONE);
        Answer::list(policies)
    }

    pub(super) fn list_rules(&mut self, call: &Call<'_>) -> Answer {
        let access = match call.param(0) {
            QUARANTINE if self.settings.quarantine_denies => "DENY",
            QUARANTINE | CONTRACTORS | DEFAULT => "ALLOW",
            other => return Answer::not_found(other, "Policy"),
        };
        Answer::list(vec![rule(call.param(0), access)])
    }
}

fn rule(policy: &str, access: &str) -> Value {
    json!({
        "id": format!("0pr{}", &policy[3..]), "name": "Everybody", "type": "SIGN_ON",
        "status": "ACTIVE", "priority": 1,
        "conditions": {
            "people": { "users": { "exclude": [] } },
            "network": { "connection": "ANYWHERE" },
            "authContext": { "authType": "ANY" },
        },
        "actions": { "signon": { "access": access, "requireFactor": false } },
    })
}
