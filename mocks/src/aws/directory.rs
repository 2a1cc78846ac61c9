//! Identity Center: its one instance, and its users by user name or external id.

use serde_json::{Value, json};

use super::answers::{Done, Outcome, Refusal, refuse};
use super::state::PortalUser;
use super::{Aws, Call, MANAGEMENT};
use crate::time::DAY;

impl Aws {
    pub(super) fn list_instances(&mut self, call: &Call<'_>) -> Outcome {
        self.allow(call.caller, "sso:ListInstances", "*", "*")?;
        let center = &self.center;
        let here = center.enabled && call.account() == MANAGEMENT;
        let instance = json!({
            "InstanceArn": center.instance_arn, "IdentityStoreId": center.store_id,
            "OwnerAccountId": MANAGEMENT, "Status": "ACTIVE",
            "CreatedDate": (self.now_ms - 900 * DAY) / 1000,
        });
        let all: Vec<Value> = here.then_some(instance).into_iter().collect();
        Ok(Done::told(json!({ "Instances": all })))
    }

    pub(super) fn get_user_id(&mut self, call: &Call<'_>) -> Outcome {
        self.in_store(call, "identitystore:GetUserId")?;
        let by = &call.json["AlternateIdentifier"];
        let unique = &by["UniqueAttribute"];
        let path = unique["AttributePath"].as_str().unwrap_or_default();
        let wanted = unique["AttributeValue"].as_str();
        let found = self.center.users.values().find(|user| {
            if let Some(id) = by["ExternalId"]["Id"].as_str() {
                return user.external_id == id;
            }
            // User names are case-insensitive in the identity store.
            path.eq_ignore_ascii_case("userName")
                && wanted.is_some_and(|name| user.user_name.eq_ignore_ascii_case(name))
        });
        let user = found.ok_or_else(|| no_user("USER not found."))?;
        Ok(Done::told(json!({
            "UserId": user.id, "IdentityStoreId": self.center.store_id, "UserArn": arn_of(&user.id),
        })))
    }

    pub(super) fn describe_user(&mut self, call: &Call<'_>) -> Outcome {
        self.in_store(call, "identitystore:DescribeUser")?;
        let id = call.json["UserId"].as_str().unwrap_or_default();
        let user = self.center.users.get(id);
        let user = user.ok_or_else(|| no_user("USER not found."))?;
        Ok(Done::told(self.shown_user(user)))
    }

    fn shown_user(&self, user: &PortalUser) -> Value {
        let status = if user.enabled { "ENABLED" } else { "DISABLED" };
        json!({
            "UserId": user.id, "UserName": user.user_name, "UserStatus": status,
            "IdentityStoreId": self.center.store_id, "UserArn": arn_of(&user.id), "Revision": "1",
            "ExternalIds": [{ "Issuer": "https://scim.aws.com/okta", "Id": user.external_id }],
            "Emails": [{ "Value": user.user_name, "Type": "work", "Primary": true }],
        })
    }

    /// Whether the caller may, and names the identity store there is.
    fn in_store(&self, call: &Call<'_>, action: &str) -> Result<(), Refusal> {
        let store = call.json["IdentityStoreId"].as_str().unwrap_or_default();
        let arn = format!("arn:aws:identitystore::{MANAGEMENT}:identitystore/{store}");
        self.allow(call.caller, action, &arn, &arn)?;
        let here = self.center.enabled && call.account() == MANAGEMENT;
        if !here || store != self.center.store_id {
            return Err(no_user("IdentityStore not found."));
        }
        Ok(())
    }
}

fn no_user(text: &str) -> Refusal {
    refuse(400, "ResourceNotFoundException", text)
}

fn arn_of(user: &str) -> String {
    format!("arn:aws:identitystore:::user/{user}")
}
