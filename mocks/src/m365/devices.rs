//! Registered devices, whose primary refresh token dies when they are disabled.

use serde_json::json;

use super::answers::{bad, no_such_resource};
use super::users::seconds;
use super::{Call, M365};
use crate::vendor::Answer;

impl M365 {
    /// `registeredDevices` and `ownedDevices`: the mock makes no difference.
    pub(super) fn list_devices(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.find(call.param(0)) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let items = self.users[&id].devices.values().map(|d| {
            json!({
                "@odata.type": "#microsoft.graph.device", "id": d.id, "deviceId": d.id,
                "displayName": d.name, "operatingSystem": d.system, "accountEnabled": d.account_enabled,
                "registrationDateTime": seconds(d.created_ms), "trustType": "Workplace",
            })
        });
        self.page(call, "directoryObjects", items.collect(), 100)
    }

    pub(super) fn update_device(&mut self, call: &Call<'_>) -> Answer {
        let body = call.json();
        let only = body.as_object().filter(|o| o.len() == 1);
        let Some(enabled) = only.and_then(|o| o.get("accountEnabled")?.as_bool()) else {
            return bad("the mock updates accountEnabled, by a boolean, and nothing else");
        };
        let mut all = self.users.values_mut();
        let Some(device) = all.find_map(|u| u.devices.get_mut(call.param(0))) else {
            return no_such_resource(call.param(0));
        };
        let changed = device.account_enabled != enabled;
        device.account_enabled = enabled;
        Answer::empty(204).changed(changed)
    }
}
