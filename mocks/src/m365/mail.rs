//! Inbox rules: read, switched off, deleted. A rule has no date in Graph.

use serde_json::{Value, json};

use super::answers::{bad, refusal};
use super::state::Rule;
use super::{Call, M365};
use crate::vendor::Answer;

impl M365 {
    pub(super) fn list_rules(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.mailbox(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let mut rules: Vec<&Rule> = self.users[&id].rules.values().collect();
        rules.sort_by_key(|rule| rule.sequence);
        let items = rules.into_iter().map(rule_json).collect();
        let context = format!("users('{id}')/mailFolders('inbox')/messageRules");
        self.page(call, &context, items, 999)
    }

    pub(super) fn get_rule(&mut self, call: &Call<'_>) -> Answer {
        match self.rule_at(call) {
            Ok(id) => Answer::json(200, rule_json(&self.users[&id].rules[call.param(1)])),
            Err(refusal) => refusal,
        }
    }

    /// `PATCH`; the mock takes `isEnabled` and refuses the rest.
    pub(super) fn update_rule(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.rule_at(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let body = call.json();
        let only = body.as_object().filter(|o| o.len() == 1);
        let Some(enabled) = only.and_then(|o| o.get("isEnabled")?.as_bool()) else {
            return bad("the mock updates isEnabled, by a boolean, and nothing else");
        };
        let user = self.users.get_mut(&id).expect("it was found");
        let rule = user.rules.get_mut(call.param(1)).expect("it was found");
        let changed = rule.enabled != enabled;
        rule.enabled = enabled;
        Answer::json(200, rule_json(rule)).changed(changed)
    }

    pub(super) fn delete_rule(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.rule_at(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let user = self.users.get_mut(&id).expect("it was found");
        user.rules.remove(call.param(1));
        Answer::empty(204).changed(true)
    }

    fn mailbox(&self, call: &Call<'_>) -> Result<String, Answer> {
        let id = self.find(call.param(0))?;
        if self.users[&id].mailbox {
            return Ok(id);
        }
        let text = "The mailbox is either inactive, soft-deleted, or is hosted on-premise.";
        Err(refusal(404, "MailboxNotEnabledForRESTAPI", text))
    }

    fn rule_at(&self, call: &Call<'_>) -> Result<String, Answer> {
        let id = self.mailbox(call)?;
        if self.users[&id].rules.contains_key(call.param(1)) {
            return Ok(id);
        }
        let text = "The specified object was not found in the store.";
        Err(refusal(404, "ErrorItemNotFound", text))
    }
}

fn rule_json(rule: &Rule) -> Value {
    json!({
        "id": rule.id, "displayName": rule.name, "sequence": rule.sequence,
        "isEnabled": rule.enabled, "hasError": false, "isReadOnly": false,
        "conditions": rule.conditions, "actions": rule.actions,
    })
}
