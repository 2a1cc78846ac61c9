//! What guards the org as a whole: ThreatInsight, zones, hooks, streams, support access, quotas.

use serde_json::{Value, json};

use super::state::{SupportCase, Zone};
use super::{Answer, Call, Okta};
use crate::time::{iso, iso_or_null};

impl Okta {
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
        let items = self.zones.values().map(|z| (z.id.clone(), zone_json(z)));
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
        if body["type"] != "IP" || body["gateways"].as_array().is_none_or(Vec::is_empty) {
            return Answer::refused("gateways", "type IP and gateways or proxies are needed");
        }
        if let Some(name) = body["name"].as_str() {
            name.clone_into(&mut zone.name);
        }
        if let Some(usage) = body["usage"].as_str() {
            usage.clone_into(&mut zone.usage);
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
            Some(zone) if zone.status == "ACTIVE" && self.settings.oie => {
                Answer::refused("networkZone", "An active zone cannot be deleted")
            }
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

    /// Whether support may sign in, and by which of the two ways that is managed here.
    fn support_json(&self, now_ms: i64) -> Value {
        let is_open = |until: &i64| *until > now_ms;
        let case = self
            .support_cases
            .values()
            .find(|c| c.until_ms.as_ref().is_some_and(is_open));
        let open = match self.support_cases.is_empty() {
            true => self.support_until_ms.filter(is_open),
            false => case.and_then(|c| c.until_ms),
        };
        let link = |path: &str, method: &str| {
            let href = format!("{}/api/v1/org/privacy/oktaSupport/{path}", self.base_url);
            json!({ "href": href, "hints": { "allow": [method] } })
        };
        let links = match (self.support_cases.is_empty(), open) {
            (true, Some(_)) => {
                json!({ "extend": link("extend", "POST"), "revoke": link("revoke", "POST") })
            }
            (true, None) => json!({ "grant": link("grant", "POST") }),
            (false, _) => {
                json!({ "case": link("case/{caseNumber}", "PATCH"), "cases": link("cases", "GET") })
            }
        };
        json!({
            "support": if open.is_some() { "ENABLED" } else { "DISABLED" },
            "expiration": iso_or_null(open),
            "caseNumber": case.map(|c| &c.number),
            "_links": links,
        })
    }

    pub(super) fn get_support(&mut self, call: &Call<'_>) -> Answer {
        Answer::json(200, self.support_json(call.now_ms))
    }

    /// `POST /org/privacy/oktaSupport/revoke`: ends what `user.session.impersonation.grant` allowed.
    /// An org that goes by cases answers 301 and does nothing.
    pub(super) fn revoke_support(&mut self, call: &Call<'_>) -> Answer {
        if !self.support_cases.is_empty() {
            return Answer::empty(301);
        }
        let changed = self.support_until_ms.take().is_some();
        if changed {
            self.support_revoked(call);
        }
        Answer::json(200, self.support_json(call.now_ms)).changed(changed)
    }

    pub(super) fn list_support_cases(&mut self, call: &Call<'_>) -> Answer {
        if self.support_cases.is_empty() {
            return Answer::no_such_path();
        }
        let cases = self.support_cases.values();
        let cases: Vec<Value> = cases.map(|c| case_json(c, call.now_ms)).collect();
        Answer::json(200, json!({ "supportCases": cases }))
    }

    /// Ends access for one case; giving it is not what we test.
    pub(super) fn update_support_case(&mut self, call: &Call<'_>) -> Answer {
        let status = call.json()["impersonation"]["status"].clone();
        let Some(case) = self.support_cases.get_mut(call.param(0)) else {
            return Answer::not_found(call.param(0), "OktaSupportCase");
        };
        if status != "DISABLED" {
            return Answer::refused("impersonation", "the mock only ends access");
        }
        let changed = case.until_ms.take().is_some();
        let body = case_json(case, call.now_ms);
        self.support_until_ms = None;
        if changed {
            self.support_revoked(call);
        }
        Answer::json(200, body).changed(changed)
    }

    fn support_revoked(&mut self, call: &Call<'_>) {
        let origin = self.origin(call);
        let event = "user.session.impersonation.revoke";
        self.event(&origin, event, ("SUCCESS", None), Vec::new(), &[]);
    }
}

fn case_json(case: &SupportCase, now_ms: i64) -> Value {
    let open = case.until_ms.filter(|until| *until > now_ms);
    json!({
        "caseNumber": case.number, "subject": case.subject,
        "impersonation": { "status": if open.is_some() { "ENABLED" } else { "DISABLED" }, "expiration": iso_or_null(open) },
        "selfAssigned": { "status": "NOT_REQUIRED" },
    })
}

fn zone_json(z: &Zone) -> Value {
    json!({
        "id": z.id, "type": "IP", "name": z.name, "status": z.status, "usage": z.usage, "system": z.system,
        "gateways": z.gateways, "proxies": null,
        "created": iso(z.created_ms), "lastUpdated": iso(z.last_updated_ms),
    })
}
