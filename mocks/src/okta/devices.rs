//! What hangs on a user besides apps: devices, linked identity providers, risk.

use serde_json::{Value, json};

use super::state::Device;
use super::{Answer, Call, Okta};
use crate::time::iso;

impl Okta {
    pub(super) fn user_devices(&mut self, call: &Call<'_>) -> Answer {
        if !self.settings.oie {
            return Answer::no_such_path();
        }
        let id = match self.strict(call.param(0)) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let own = self.devices.values().filter(|d| d.users.contains(&id));
        Answer::list(own.map(|d| json!({
            "created": iso(d.created_ms), "deviceUserId": format!("duo{}", d.id), "device": device_json(d),
        })).collect())
    }

    pub(super) fn list_devices(&mut self, call: &Call<'_>) -> Answer {
        let items = self
            .devices
            .values()
            .map(|d| (d.id.clone(), device_json(d)));
        self.page(call, items, 200, 200)
    }

    pub(super) fn get_device(&mut self, call: &Call<'_>) -> Answer {
        match self.devices.get(call.param(0)) {
            Some(device) => Answer::json(200, device_json(device)),
            None => Answer::not_found(call.param(0), "Device"),
        }
    }

    pub(super) fn device_users(&mut self, call: &Call<'_>) -> Answer {
        let Some(device) = self.devices.get(call.param(0)) else {
            return Answer::not_found(call.param(0), "Device");
        };
        let users = device.users.iter().filter_map(|id| self.users.get(id));
        Answer::list(users.map(|u| json!({
            "created": iso(device.created_ms), "managementStatus": "NOT_MANAGED", "user": self.user_json(u),
        })).collect())
    }

    pub(super) fn suspend_device(&mut self, call: &Call<'_>) -> Answer {
        self.device_status(call, "SUSPENDED", "device.lifecycle.suspend")
    }

    pub(super) fn unsuspend_device(&mut self, call: &Call<'_>) -> Answer {
        self.device_status(call, "ACTIVE", "device.lifecycle.unsuspend")
    }

    pub(super) fn deactivate_device(&mut self, call: &Call<'_>) -> Answer {
        self.device_status(call, "DEACTIVATED", "device.lifecycle.deactivate")
    }

    /// Device lifecycle calls are idempotent: the same again is 204 and nothing happens.
    fn device_status(&mut self, call: &Call<'_>, status: &str, event: &str) -> Answer {
        let Some(device) = self.devices.get_mut(call.param(0)) else {
            return Answer::not_found(call.param(0), "Device");
        };
        if device.status == status {
            return Answer::empty(204);
        }
        status.clone_into(&mut device.status);
        let target = json!({ "id": device.id, "type": "Device", "alternateId": "unknown", "displayName": device.name, "detailEntry": null });
        if status == "DEACTIVATED" {
            device.users.clear();
        }
        let origin = self.origin(call);
        self.event(&origin, event, ("SUCCESS", None), vec![target], &[]);
        Answer::empty(204).changed(true)
    }

    fn idp_json(&self, id: &str) -> Option<Value> {
        let idp = self.idps.get(id)?;
        Some(json!({
            "id": idp.id, "name": idp.name, "type": idp.kind, "status": idp.status,
            "created": iso(idp.created_ms), "lastUpdated": iso(idp.created_ms), "protocol": { "type": idp.kind },
            "policy": { "provisioning": { "action": "AUTO", "profileMaster": idp.profile_master } },
        }))
    }

    pub(super) fn list_idps(&mut self, call: &Call<'_>) -> Answer {
        let items = self
            .idps
            .keys()
            .filter_map(|id| Some((id.clone(), self.idp_json(id)?)));
        self.page(call, items, 20, 200)
    }

    pub(super) fn user_idps(&mut self, call: &Call<'_>) -> Answer {
        match self.find_user(call.param(0)) {
            Some(user) => Answer::list(
                user.idps
                    .keys()
                    .filter_map(|id| self.idp_json(id))
                    .collect(),
            ),
            None => Answer::not_found(call.param(0), "User"),
        }
    }

    /// The link of one user, with its date.
    pub(super) fn linked_idp(&mut self, call: &Call<'_>) -> Answer {
        let (idp, user) = (call.param(0), call.param(1));
        match self.users.get(user).and_then(|u| u.idps.get(idp)) {
            Some(since) => Answer::json(
                200,
                json!({
                    "id": user, "externalId": format!("{idp}-{user}"), "created": iso(*since),
                    "lastUpdated": iso(*since), "profile": {},
                }),
            ),
            None => Answer::not_found(user, "IdentityProviderUser"),
        }
    }

    pub(super) fn unlink_idp(&mut self, call: &Call<'_>) -> Answer {
        let (idp, user) = (call.param(0).to_owned(), call.param(1).to_owned());
        if let Err(refusal) = self.strict(&user) {
            return refusal;
        }
        if self.user_mut(&user).idps.remove(&idp).is_some() {
            return Answer::empty(204).changed(true);
        }
        Answer::not_found(&idp, "IdentityProviderUser")
    }

    pub(super) fn get_risk(&mut self, call: &Call<'_>) -> Answer {
        if !self.settings.oie {
            return Answer::no_such_path();
        }
        match self.strict(call.param(0)) {
            Ok(id) => Answer::json(200, json!({ "riskLevel": self.users[&id].risk })),
            Err(refusal) => refusal,
        }
    }

    pub(super) fn put_risk(&mut self, call: &Call<'_>) -> Answer {
        if !self.settings.oie {
            return Answer::no_such_path();
        }
        let id = match self.strict(call.param(0)) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let body = call.json();
        let level = body["riskLevel"].as_str().unwrap_or_default().to_owned();
        if !["HIGH", "MEDIUM", "LOW"].contains(&level.as_str()) {
            return Answer::refused("riskLevel", "riskLevel must be HIGH, MEDIUM or LOW");
        }
        let status = if self.users[&id].risk == "NONE" {
            201
        } else {
            200
        };
        self.user_mut(&id).risk = level;
        let (origin, target) = (self.origin(call), self.user_ref(&id));
        self.event(
            &origin,
            "user.risk.change",
            ("SUCCESS", None),
            vec![target],
            &[],
        );
        Answer::json(
            status,
            json!({ "riskLevel": self.users[&id].risk, "reason": "Admin override" }),
        )
        .changed(true)
    }
}

fn device_json(d: &Device) -> Value {
    json!({
        "id": d.id, "status": d.status, "created": iso(d.created_ms), "lastUpdated": iso(d.created_ms),
        "profile": { "displayName": d.name, "platform": d.platform, "registered": true, "managed": false },
    })
}
