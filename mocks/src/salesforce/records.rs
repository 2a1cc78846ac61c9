//! Single records: described, read, changed, deleted; and sessions deleted many at a time.
//!
//! A session takes those along that were opened in it. That deactivating somebody ends his sessions and
//! leaves the tokens of apps asleep is assumed, as is all that the composite delete does with sessions.

use serde_json::{Value, json};

use super::answers::{no_access, not_found, refusal};
use super::query::record;
use super::{Call, Salesforce};
use crate::vendor::Answer;

/// The most ids that one composite delete takes.
const MANY_MAX: usize = 200;

impl Salesforce {
    pub(super) fn describe(&mut self, call: &Call<'_>) -> Answer {
        let Some(object) = self.object(call.param(0), &call.user_id) else {
            return not_found();
        };
        let fields = object.fields.iter().map(|name| {
            json!({ "name": name, "updateable": object.updateable.contains(name), "filterable": true })
        });
        Answer::json(
            200,
            json!({
                "name": object.name, "queryable": true, "retrieveable": object.name != "OauthToken",
                "createable": false, "updateable": !object.updateable.is_empty(),
                "deletable": object.deletable, "fields": fields.collect::<Vec<_>>(),
            }),
        )
    }

    pub(super) fn retrieve(&mut self, call: &Call<'_>) -> Answer {
        let object = self.object(call.param(0), &call.user_id);
        let Some(object) = object.filter(|o| o.name != "OauthToken") else {
            return not_found();
        };
        let rows = self.rows(object, &call.user_id);
        let Some(row) = rows.iter().find(|row| row["Id"] == *call.param(1)) else {
            return not_found();
        };
        let fields: Vec<String> = match call.query("fields") {
            Some(list) => list.split(',').map(|f| f.trim().to_owned()).collect(),
            None => object.fields.iter().map(|f| (*f).to_owned()).collect(),
        };
        if let Some(field) = fields.iter().find(|f| object.field(f).is_none()) {
            let text = format!(
                "No such column '{field}' on sobject of type {}",
                object.name
            );
            return refusal(400, "INVALID_FIELD", &text);
        }
        Answer::json(200, record(object, &fields, row, &call.version))
    }

    pub(super) fn update(&mut self, call: &Call<'_>) -> Answer {
        let Some(object) = self.object(call.param(0), &call.user_id) else {
            return not_found();
        };
        let body: Value = serde_json::from_slice(&call.request.body).unwrap_or(Value::Null);
        let Some(changes) = body.as_object() else {
            return refusal(400, "JSON_PARSER_ERROR", "Unexpected character in the body");
        };
        let unlocks = |name: &str, value: &Value| name != "IsPasswordLocked" || *value == false;
        let taken = changes.iter().all(|(name, value)| {
            object.updateable.contains(&name.as_str()) && value.is_boolean() && unlocks(name, value)
        });
        if !taken {
            let text = "Unable to create/update fields: check the security settings of this field";
            return refusal(400, "INVALID_FIELD_FOR_INSERT_UPDATE", text);
        }
        if !self.may(&call.user_id, "ManageUsers") {
            return no_access();
        }
        let id = call.param(1);
        let is_login = object.name == "UserLogin";
        let blocked = self.settings.deactivation_blocked;
        let Some(user) = self
            .users
            .values_mut()
            .find(|u| id == if is_login { &u.login_id } else { &u.id })
        else {
            return not_found();
        };
        let before = (user.is_active, user.is_frozen, user.is_password_locked);
        for (name, value) in changes {
            let value = value.as_bool().unwrap_or_default();
            match name.as_str() {
                "IsFrozen" => user.is_frozen = value,
                "IsPasswordLocked" => user.is_password_locked = value,
                _ if blocked && !value => {
                    let text = "You cannot deactivate a user who is the default owner of leads";
                    return refusal(400, "FIELD_INTEGRITY_EXCEPTION", text);
                }
                _ => {
                    user.is_active = value;
                    if !value {
                        user.sessions.clear();
                    }
                }
            }
        }
        let after = (user.is_active, user.is_frozen, user.is_password_locked);
        Answer::empty(204).changed(before != after)
    }

    pub(super) fn delete(&mut self, call: &Call<'_>) -> Answer {
        let Some(object) = self.object(call.param(0), &call.user_id) else {
            return not_found();
        };
        if !object.deletable {
            return refusal(
                405,
                "METHOD_NOT_ALLOWED",
                "HTTP Method 'DELETE' not allowed. Allowed are HEAD,GET,PATCH",
            );
        }
        match self.delete_session(call.param(1), &call.user_id) {
            Ok(()) => Answer::empty(204).changed(true),
            Err("ENTITY_IS_DELETED") => refusal(404, "ENTITY_IS_DELETED", "entity is deleted"),
            Err("NOT_FOUND") => not_found(),
            Err(_) => no_access(),
        }
    }

    /// The outcome for each id, in their order; with `allOrNone` all or nothing.
    pub(super) fn delete_many(&mut self, call: &Call<'_>) -> Answer {
        let ids: Vec<&str> = call
            .query("ids")
            .unwrap_or_default()
            .split(',')
            .filter(|id| !id.is_empty())
            .collect();
        if ids.is_empty() || ids.len() > MANY_MAX {
            let text = format!("The ids are 1 to {MANY_MAX}");
            return refusal(400, "INVALID_INPUT", &text);
        }
        if !self.settings.composite_takes_sessions {
            let text = "sObject type 'AuthSession' is not supported.";
            return refusal(400, "INVALID_TYPE", text);
        }
        let before = self.users.clone();
        let done: Vec<Result<(), &str>> = ids
            .iter()
            .map(|id| self.delete_session(id, &call.user_id))
            .collect();
        let whole = call.query("allOrNone") == Some("true");
        let rolled_back = whole && done.iter().any(Result::is_err);
        let changed = !rolled_back && done.iter().any(Result::is_ok);
        if rolled_back {
            self.users = before;
        }
        let rows = ids.iter().zip(done).map(|(id, done)| {
            let code = match done {
                Ok(()) if rolled_back => "ALL_OR_NONE_OPERATION_ROLLED_BACK",
                Ok(()) => return json!({ "id": id, "success": true, "errors": [] }),
                Err(code) => code,
            };
            let text = code.to_lowercase().replace('_', " ");
            json!({ "success": false, "errors": [{ "statusCode": code, "message": text, "fields": [] }] })
        });
        let body = Value::Array(rows.collect());
        Answer::json(200, body).changed(changed)
    }

    /// Ends a session and all that were opened in it; the error is its code.
    fn delete_session(&mut self, id: &str, caller: &str) -> Result<(), &'static str> {
        if !id.starts_with("0Ak") {
            return Err("NOT_FOUND");
        }
        if self.settings.locked.contains(id) {
            return Err("UNABLE_TO_LOCK_ROW");
        }
        let owner = self.users.values().find(|u| u.sessions.contains_key(id));
        let owner = owner.ok_or("ENTITY_IS_DELETED")?.id.clone();
        if owner != caller && !self.may(caller, "ManageUsers") {
            return Err("INSUFFICIENT_ACCESS_OR_READONLY");
        }
        let user = self.users.get_mut(&owner).ok_or("NOT_FOUND")?;
        let mut gone = vec![id.to_owned()];
        while let Some(id) = gone.pop() {
            user.sessions.remove(&id);
            let children = user.sessions.values();
            let children = children.filter(|s| s.parent_id.as_ref() == Some(&id));
            gone.extend(children.map(|s| s.id.clone()));
        }
        Ok(())
    }
}
