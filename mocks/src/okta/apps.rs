//! Apps and their users, and what else hangs on a user or guards the org: devices, identity
//! providers, risk, ThreatInsight, zones, support access.

use serde_json::{Value, json};

use super::state::{App, AppUser, Device, Zone};
use super::{Answer, Call, Okta};
use crate::time::{iso, iso_or_null};

impl Okta {
    /// An app as a log target.
    pub(crate) fn app_ref(&self, id: &str) -> Value {
        let (label, sign_on) = self
            .apps
            .get(id)
            .map_or(("unknown", "SAML_2_0"), |a| (&a.label, &a.sign_on));
        json!({
            "id": id, "type": "AppInstance", "alternateId": label, "displayName": label,
            "detailEntry": { "signOnModeType": sign_on },
        })
    }

    /// `GET /apps`, all or, by `filter=user.id eq "…"`, those of one user.
    pub(super) fn list_apps(&mut self, call: &Call<'_>) -> Answer {
        let user = match call.query("filter").map(user_in_filter) {
            None => None,
            Some(Some(id)) => Some(id),
            Some(None) => return Answer::error(400, "E0000031", "Invalid search criteria.", &[]),
        };
        let expanded = call
            .query("expand")
            .and_then(|e| e.strip_prefix("user/"))
            .map(str::to_owned);
        if expanded.is_some() && expanded != user {
            return Answer::refused(
                "expand",
                "expand=user/{userId} needs the same user in the filter",
            );
        }
        let of_user = user.as_ref().and_then(|id| self.users.get(id));
        let items = self
            .apps
            .values()
            .filter(|app| user.is_none() || of_user.is_some_and(|u| u.apps.contains_key(&app.id)))
            .map(|app| {
                let mut body = self.app_json(app);
                if let (Some(_), Some(owner)) = (&expanded, of_user) {
                    body["_embedded"] =
                        json!({ "user": app_user_json(&owner.id, &owner.apps[&app.id]) });
                }
                (app.id.clone(), body)
            })
            .collect();
        self.page(call, items, 20, 200)
    }

    pub(super) fn get_app(&mut self, call: &Call<'_>) -> Answer {
        match self.apps.get(call.param(0)) {
            Some(app) => Answer::json(200, self.app_json(app)),
            None => Answer::not_found(call.param(0), "AppInstance"),
        }
    }

    pub(super) fn app_links(&mut self, call: &Call<'_>) -> Answer {
        let Some(user) = self.find_user(call.param(0)) else {
            return Answer::not_found(call.param(0), "User");
        };
        let links = user.apps.iter().filter_map(|(id, assigned)| {
            let app = self.apps.get(id)?;
            Some(json!({
                "id": user.id, "label": app.label, "linkUrl": format!("{}/home/{}/{id}", self.base_url, app.name),
                "logoUrl": null, "appName": app.name, "appInstanceId": id, "appAssignmentId": assigned.id,
                "credentialsSetup": false, "hidden": false, "sortOrder": 0,
            }))
        });
        Answer::list(links.collect())
    }

    pub(super) fn app_users(&mut self, call: &Call<'_>) -> Answer {
        let app = call.param(0);
        if !self.apps.contains_key(app) {
            return Answer::not_found(app, "AppInstance");
        }
        let items = self
            .users
            .values()
            .filter_map(|u| Some((u.id.clone(), app_user_json(&u.id, u.apps.get(app)?))))
            .collect();
        self.page(call, items, 50, 500)
    }

    pub(super) fn get_app_user(&mut self, call: &Call<'_>) -> Answer {
        let (app, user) = (call.param(0), call.param(1));
        match self.users.get(user).and_then(|u| u.apps.get(app)) {
            Some(assigned) => Answer::json(200, app_user_json(user, assigned)),
            None => Answer::not_found(user, "AppUser"),
        }
    }

    pub(super) fn unassign_app(&mut self, call: &Call<'_>) -> Answer {
        let (app, user) = (call.param(0).to_owned(), call.param(1).to_owned());
        let Some(assigned) = self
            .users
            .get(&user)
            .and_then(|u| u.apps.get(&app))
            .cloned()
        else {
            return Answer::not_found(&user, "AppUser");
        };
        // A group assignment comes back at once: the group still has the app.
        let direct = assigned.scope == "USER";
        if direct {
            self.user_mut(&user).apps.remove(&app);
            let (origin, target) = (
                self.origin(call),
                self.assignment_targets(&user, &app, &assigned),
            );
            self.event(
                &origin,
                "application.user_membership.remove",
                ("SUCCESS", None),
                target,
                &[],
            );
        }
        Answer::empty(204).changed(direct)
    }

    /// Assigns an app directly (rollback of an unassignment).
    pub(super) fn assign_app(&mut self, call: &Call<'_>) -> Answer {
        let (app, body) = (call.param(0).to_owned(), call.json());
        let user = body["id"].as_str().unwrap_or_default().to_owned();
        if !self.apps.contains_key(&app) {
            return Answer::not_found(&app, "AppInstance");
        }
        if let Err(refusal) = self.strict(&user) {
            return refusal;
        }
        let assigned = AppUser {
            id: self.rng.id("0ua"),
            scope: "USER".to_owned(),
            status: "ACTIVE".to_owned(),
            created_ms: call.now_ms,
            user_name: body["credentials"]["userName"]
                .as_str()
                .unwrap_or(&self.users[&user].login)
                .to_owned(),
            external_id: None,
        };
        let answer = Answer::json(200, app_user_json(&user, &assigned)).changed(true);
        let target = self.assignment_targets(&user, &app, &assigned);
        self.user_mut(&user).apps.insert(app, assigned);
        let origin = self.origin(call);
        self.event(
            &origin,
            "application.user_membership.add",
            ("SUCCESS", None),
            target,
            &[],
        );
        answer
    }

    /// The three log targets of an app assignment.
    pub(crate) fn assignment_targets(
        &self,
        user: &str,
        app: &str,
        assigned: &AppUser,
    ) -> Vec<Value> {
        let mut first = self.user_ref(user);
        first["id"] = json!(assigned.id);
        first["type"] = json!("AppUser");
        vec![first, self.app_ref(app), self.user_ref(user)]
    }

    fn app_json(&self, app: &App) -> Value {
        json!({
            "id": app.id, "name": app.name, "label": app.label, "status": "ACTIVE", "signOnMode": app.sign_on,
            "features": [], "created": iso(app.created_ms), "lastUpdated": iso(app.created_ms),
            "universalLogout": {
                "status": if app.universal_logout { "ENABLED" } else { "UNSUPPORTED" },
                "supportType": "FULL", "protocol": "GLOBAL_TOKEN_REVOCATION", "identityStack": "NOT_SHARED",
            },
            "_links": { "self": { "href": format!("{}/api/v1/apps/{}", self.base_url, app.id) } },
        })
    }

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
            .map(|d| (d.id.clone(), device_json(d)))
            .collect();
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
        }))
    }

    pub(super) fn list_idps(&mut self, call: &Call<'_>) -> Answer {
        let items = self
            .idps
            .keys()
            .filter_map(|id| Some((id.clone(), self.idp_json(id)?)))
            .collect();
        self.page(call, items, 20, 200)
    }

    pub(super) fn user_idps(&mut self, call: &Call<'_>) -> Answer {
        match self.find_user(call.param(0)) {
            Some(user) => Answer::list(
                user.idps
                    .iter()
                    .filter_map(|id| self.idp_json(id))
                    .collect(),
            ),
            None => Answer::not_found(call.param(0), "User"),
        }
    }

    pub(super) fn unlink_idp(&mut self, call: &Call<'_>) -> Answer {
        let (idp, user) = (call.param(0).to_owned(), call.param(1).to_owned());
        if let Err(refusal) = self.strict(&user) {
            return refusal;
        }
        if self.user_mut(&user).idps.remove(&idp) {
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

    fn threats_json(&self) -> Value {
        json!({ "action": self.threat_action, "excludeZones": self.threat_exclude })
    }

    pub(super) fn get_threats(&mut self, _call: &Call<'_>) -> Answer {
        Answer::json(200, self.threats_json())
    }

    pub(super) fn set_threats(&mut self, call: &Call<'_>) -> Answer {
        let body = call.json();
        let action = body["action"].as_str().unwrap_or_default().to_owned();
        if !["none", "audit", "block"].contains(&action.as_str()) {
            return Answer::refused("action", "action must be none, audit or block");
        }
        self.threat_action = action;
        if let Some(zones) = body["excludeZones"].as_array() {
            self.threat_exclude = zones
                .iter()
                .filter_map(|z| z.as_str().map(str::to_owned))
                .collect();
        }
        let origin = self.origin(call);
        self.event(
            &origin,
            "security.threat.configuration.update",
            ("SUCCESS", None),
            Vec::new(),
            &[],
        );
        Answer::json(200, self.threats_json()).changed(true)
    }

    pub(super) fn list_zones(&mut self, call: &Call<'_>) -> Answer {
        let items = self
            .zones
            .values()
            .map(|z| (z.id.clone(), zone_json(z)))
            .collect();
        self.page(call, items, 20, 200)
    }

    pub(super) fn get_zone(&mut self, call: &Call<'_>) -> Answer {
        match self.zones.get(call.param(0)) {
            Some(zone) => Answer::json(200, zone_json(zone)),
            None => Answer::not_found(call.param(0), "NetworkZone"),
        }
    }

    pub(super) fn create_zone(&mut self, call: &Call<'_>) -> Answer {
        let body = call.json();
        let (Some(name), "IP") = (
            body["name"].as_str(),
            body["type"].as_str().unwrap_or_default(),
        ) else {
            return Answer::refused("networkZone", "name and type IP are needed");
        };
        if self.zones.values().any(|z| z.name == name) {
            return Answer::refused(
                "name",
                "An object with this field already exists in the current organization",
            );
        }
        let zone = Zone {
            id: self.rng.id("nzo"),
            name: name.to_owned(),
            usage: body["usage"].as_str().unwrap_or("POLICY").to_owned(),
            status: "ACTIVE".to_owned(),
            system: false,
            gateways: body["gateways"].clone(),
            created_ms: call.now_ms,
            last_updated_ms: call.now_ms,
        };
        let shown = zone_json(&zone);
        self.zone_event(call, "zone.create", &zone);
        self.zones.insert(zone.id.clone(), zone);
        Answer::json(200, shown).changed(true)
    }

    pub(super) fn replace_zone(&mut self, call: &Call<'_>) -> Answer {
        let body = call.json();
        let Some(zone) = self.zones.get_mut(call.param(0)) else {
            return Answer::not_found(call.param(0), "NetworkZone");
        };
        if let Some(name) = body["name"].as_str() {
            name.clone_into(&mut zone.name);
        }
        zone.gateways = body["gateways"].clone();
        zone.last_updated_ms = call.now_ms;
        let zone = zone.clone();
        self.zone_event(call, "zone.update", &zone);
        Answer::json(200, zone_json(&zone)).changed(true)
    }

    pub(super) fn delete_zone(&mut self, call: &Call<'_>) -> Answer {
        match self.zones.get(call.param(0)) {
            None => Answer::not_found(call.param(0), "NetworkZone"),
            Some(zone) if zone.system => Answer::forbidden(),
            Some(zone) => {
                let zone = zone.clone();
                self.zones.remove(&zone.id);
                self.zone_event(call, "zone.delete", &zone);
                Answer::empty(204).changed(true)
            }
        }
    }

    pub(super) fn activate_zone(&mut self, call: &Call<'_>) -> Answer {
        self.zone_status(call, "ACTIVE", "zone.activate")
    }

    pub(super) fn deactivate_zone(&mut self, call: &Call<'_>) -> Answer {
        self.zone_status(call, "INACTIVE", "zone.deactivate")
    }

    fn zone_status(&mut self, call: &Call<'_>, status: &str, event: &str) -> Answer {
        let Some(zone) = self.zones.get_mut(call.param(0)) else {
            return Answer::not_found(call.param(0), "NetworkZone");
        };
        let changed = zone.status != status;
        status.clone_into(&mut zone.status);
        let zone = zone.clone();
        self.zone_event(call, event, &zone);
        Answer::json(200, zone_json(&zone)).changed(changed)
    }

    fn zone_event(&mut self, call: &Call<'_>, event: &str, zone: &Zone) {
        let target = json!({ "id": zone.id, "type": "NetworkZone", "alternateId": "unknown", "displayName": zone.name, "detailEntry": null });
        let origin = self.origin(call);
        self.event(&origin, event, ("SUCCESS", None), vec![target], &[]);
    }

    pub(super) fn organization(&mut self, _call: &Call<'_>) -> Answer {
        Answer::json(
            200,
            json!({
                "id": self.org_id,
                "pipeline": if self.settings.oie { "idx" } else { "v1" },
                "_links": { "organization": { "href": self.base_url } },
                "settings": { "analyticsCollectionEnabled": false, "bugReportingEnabled": false, "omEnabled": false },
            }),
        )
    }

    pub(super) fn list_event_hooks(&mut self, _call: &Call<'_>) -> Answer {
        Answer::list(self.event_hooks.values().cloned().collect())
    }

    pub(super) fn list_log_streams(&mut self, _call: &Call<'_>) -> Answer {
        Answer::list(self.log_streams.values().cloned().collect())
    }

    /// The share of a bucket that one API token or OAuth app may use.
    pub(super) fn principal_limits(&mut self, _call: &Call<'_>) -> Answer {
        let one = |kind: &str| {
            json!({
                "id": format!("prl{kind}"), "principalId": self.org_id, "principalType": kind,
                "defaultPercentage": self.limits.principal_percent, "defaultConcurrencyPercentage": 75,
            })
        };
        Answer::list(vec![one("SSWS_TOKEN"), one("OAUTH_CLIENT")])
    }

    pub(super) fn get_support(&mut self, call: &Call<'_>) -> Answer {
        let open = self.support_until_ms.filter(|until| *until > call.now_ms);
        Answer::json(
            200,
            json!({
                "support": if open.is_some() { "ENABLED" } else { "DISABLED" },
                "expiration": iso_or_null(open),
                "caseNumber": null,
            }),
        )
    }

    /// `POST /org/privacy/oktaSupport/revoke`: ends what `user.session.impersonation.grant` allowed.
    pub(super) fn revoke_support(&mut self, call: &Call<'_>) -> Answer {
        let changed = self.support_until_ms.take().is_some();
        if changed {
            let origin = self.origin(call);
            self.event(
                &origin,
                "user.session.impersonation.revoke",
                ("SUCCESS", None),
                Vec::new(),
                &[],
            );
        }
        Answer::json(
            200,
            json!({ "support": "DISABLED", "expiration": null, "caseNumber": null }),
        )
        .changed(changed)
    }
}

/// The user in `user.id eq "…"`, the one filter on apps that the mock knows.
fn user_in_filter(text: &str) -> Option<String> {
    let rest = text
        .trim()
        .strip_prefix("user.id")?
        .trim_start()
        .strip_prefix("eq")?
        .trim();
    rest.strip_prefix('"')?.strip_suffix('"').map(str::to_owned)
}

fn app_user_json(user: &str, assigned: &AppUser) -> Value {
    json!({
        "id": user, "scope": assigned.scope, "status": assigned.status,
        "externalId": assigned.external_id,
        "created": iso(assigned.created_ms), "lastUpdated": iso(assigned.created_ms),
        "statusChanged": iso(assigned.created_ms), "lastSync": null, "syncState": "DISABLED",
        "passwordChanged": null,
        "credentials": { "userName": assigned.user_name },
        "profile": { "email": assigned.user_name },
    })
}

fn device_json(d: &Device) -> Value {
    json!({
        "id": d.id, "status": d.status, "created": iso(d.created_ms), "lastUpdated": iso(d.created_ms),
        "profile": { "displayName": d.name, "platform": d.platform, "registered": true, "managed": false },
    })
}

fn zone_json(z: &Zone) -> Value {
    json!({
        "id": z.id, "type": "IP", "name": z.name, "status": z.status, "usage": z.usage, "system": z.system,
        "gateways": z.gateways, "proxies": null,
        "created": iso(z.created_ms), "lastUpdated": iso(z.last_updated_ms),
    })
}
