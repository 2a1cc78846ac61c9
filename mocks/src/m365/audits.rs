//! The directory audit: the one place that dates a consent, for as long as it is kept.

use serde_json::{Value, json};

use super::odata::{filter, matches};
use super::{Call, M365};
use crate::time::{DAY, iso};
use crate::vendor::Answer;

/// How long events are kept.
const KEPT_MS: i64 = 30 * DAY;
const FILTERABLE: &[&str] = &[
    "activityDisplayName",
    "activityDateTime",
    "category",
    "correlationId",
    "loggedByService",
    "initiatedBy/user/id",
    "initiatedBy/user/userPrincipalName",
    "initiatedBy/app/appId",
    "targetResources/id",
    "targetResources/displayName",
];

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Audit {
    at_ms: i64,
    visible_ms: i64,
    event: Value,
}

impl M365 {
    /// `directoryAudits`, newest first.
    pub(super) fn list_audits(&mut self, call: &Call<'_>) -> Answer {
        let tests = match filter(call, FILTERABLE) {
            Ok(tests) => tests,
            Err(refusal) => return refusal,
        };
        let now_ms = call.now_ms;
        let mut found: Vec<&Audit> = self
            .audits
            .iter()
            .filter(|a| a.visible_ms <= now_ms && a.at_ms > now_ms - KEPT_MS)
            .filter(|a| matches(&tests, &a.event))
            .collect();
        found.sort_by_key(|a| std::cmp::Reverse(a.at_ms));
        let items = found.into_iter().map(|a| a.event.clone()).collect();
        self.page(call, "auditLogs/directoryAudits", items, 999)
    }

    /// Notes what an app of ours did to someone.
    pub(super) fn audit_by_app(&mut self, call: &Call<'_>, what: &str, target: &str) {
        let by = json!({ "app": { "appId": call.client_id, "displayName": "oust" }, "user": null });
        let target = json!([{ "id": target, "type": "User", "modifiedProperties": [] }]);
        self.audit(what, "UserManagement", by, target, call.now_ms);
    }

    /// Notes that a person registered a method.
    pub(super) fn audit_registration(&mut self, user: &str, ip: &str, now_ms: i64) {
        let by = self.by_user(user, ip);
        let target = json!([{ "id": user, "type": "User", "modifiedProperties": [] }]);
        let what = "User registered security info";
        self.audit(what, "UserManagement", by, target, now_ms);
    }

    /// Notes a person's consent to an app, as Entra words it.
    pub(super) fn audit_consent(&mut self, grant: &str, ip: &str, now_ms: i64) {
        let Some(grant) = self.grants.get(grant).cloned() else {
            return;
        };
        let user = grant.principal_id.unwrap_or_default();
        let app = self
            .service_principals
            .get(&grant.client_id)
            .cloned()
            .unwrap_or_default();
        let permissions = format!(
            "\"[] => [[Id: {}, ClientId: {}, PrincipalId: {user}, ResourceId: {}, ConsentType: Principal, Scope: {}]]; \"",
            grant.id, grant.client_id, grant.resource_id, grant.scope,
        );
        let target = json!([{
            "id": app.id, "type": "ServicePrincipal", "displayName": app.name,
            "modifiedProperties": [
                { "displayName": "ConsentContext.IsAdminConsent", "oldValue": null, "newValue": "\"False\"" },
                { "displayName": "ConsentAction.Permissions", "oldValue": null, "newValue": permissions },
            ],
        }]);
        let by = self.by_user(&user, ip);
        let what = "Consent to application";
        self.audit(what, "ApplicationManagement", by, target, now_ms);
    }

    fn by_user(&self, user: &str, ip: &str) -> Value {
        let upn = self.users.get(user).map(|u| u.upn.as_str());
        json!({ "app": null, "user": { "id": user, "userPrincipalName": upn, "ipAddress": ip } })
    }

    fn audit(&mut self, what: &str, category: &str, by: Value, target: Value, now_ms: i64) {
        let id = format!("Directory_{}", self.rng.uuid());
        self.audits.push(Audit {
            at_ms: now_ms,
            visible_ms: now_ms + self.settings.audit_delay_ms,
            event: json!({
                "id": id, "activityDateTime": iso(now_ms), "activityDisplayName": what,
                "category": category, "correlationId": self.rng.uuid(),
                "loggedByService": "Core Directory", "operationType": "Update",
                "result": "success", "resultReason": "",
                "initiatedBy": by, "targetResources": target, "additionalDetails": [],
            }),
        });
    }
}
