//! How System Log events come to be: their shape, their names, who and where they are from.
//!
//! The layout of `target` follows published samples; `debugData.requestId`, `transaction.id`
//! and the `X-Okta-Request-Id` of the answer are one and the same. Reading the log is
//! [`logs`](super::logs).

use serde_json::{Map, Value, json};

use super::{Call, Okta, Principal};
use crate::time::iso;

/// One event and when it can be read.
#[derive(Debug, Clone)]
pub(crate) struct LogRow {
    pub(crate) published_ms: i64,
    pub(crate) visible_ms: i64,
    pub(crate) event: Value,
}

/// Where an event comes from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    pub(crate) now_ms: i64,
    pub(crate) actor: Value,
    pub(crate) ip: String,
    pub(crate) proxy: bool,
    pub(crate) user_agent: String,
    pub(crate) session: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) api_token: Option<String>,
    pub(crate) request_id: String,
    pub(crate) uri: String,
    /// A job of the org's own: no browser, no address.
    pub(crate) job: bool,
}

/// `eventType`, its `legacyEventType`, its `displayMessage`.
#[rustfmt::skip]
const KINDS: &[(&str, &str, &str)] = &[
    ("application.user_membership.add", "app.generic.provision.assign_user_to_app", "Add user to application membership"),
    ("application.user_membership.remove", "app.generic.provision.deactivate_user_from_app", "Remove user's application membership"),
    ("app.oauth2.consent.revoke", "app.oauth2.consent.revoke_success", "OAuth2 consent is revoked"),
    ("app.oauth2.token.revoke", "app.oauth2.token.revoke_success", "OAuth2 token is revoked"),
    ("app.oauth2.token.grant.access_token", "app.oauth2.token.grant.access_token_success", "OIDC access token is granted"),
    ("device.lifecycle.deactivate", "device.lifecycle.deactivate", "Deactivate device"),
    ("device.lifecycle.suspend", "device.lifecycle.suspend", "Suspend device"),
    ("device.lifecycle.unsuspend", "device.lifecycle.unsuspend", "Unsuspend device"),
    ("device.user.add", "device.user.add", "Add device to user"),
    ("group.user_membership.add", "core.user_group_member.user_add", "Add user to group membership"),
    ("group.user_membership.remove", "core.user_group_member.user_remove", "Remove user from group membership"),
    ("policy.evaluate_sign_on", "", "Evaluation of sign-on policy"),
    ("security.threat.configuration.update", "", "Update Threat Insight configuration"),
    ("security.threat.detected", "security.threat.detected", "Request from suspicious actor"),
    ("system.api_token.create", "api.token.create", "Create API token"),
    ("system.api_token.revoke", "api.token.revoke", "Revoke API token"),
    ("system.push.send_factor_verify_push", "mim.system.push.send_factor_verify_push", "Send push notification"),
    ("user.account.expire_password", "core.user.config.password_expired", "User's Okta password is expired"),
    ("user.account.lock", "core.user_auth.account_locked", "Max sign in attempts exceeded"),
    ("user.account.privilege.grant", "core.user.admin_privilege.granted", "Grant user privilege"),
    ("user.account.privilege.revoke", "core.user.admin_privilege.revoke", "Revoke all user privileges"),
    ("user.account.report_suspicious_activity_by_enduser", "core.user.account.report_suspicious_activity_by_enduser", "User report suspicious activity"),
    ("user.account.reset_password", "core.user.config.password_reset", "Fired when the user's Okta password is reset"),
    ("user.account.unlock_by_admin", "core.user_auth.account_unlocked_by_admin", "Unlock user account by admin"),
    ("user.account.update_password", "core.user.config.password_update.success", "User update password for Okta"),
    ("user.authentication.auth_via_mfa", "core.user.factor.attempt_success", "Authentication of user via MFA"),
    ("user.authentication.sso", "app.auth.sso", "User single sign on to app"),
    ("user.authentication.universal_logout", "", "Universal Logout"),
    ("user.authentication.universal_logout.scheduled", "", "Universal Logout scheduled"),
    ("user.lifecycle.activate", "core.user.config.user_activated", "Activate Okta user"),
    ("user.lifecycle.deactivate", "core.user.config.user_deactivated", "Deactivate Okta user"),
    ("user.lifecycle.suspend", "core.user.config.user_suspended", "Suspend Okta user"),
    ("user.lifecycle.unsuspend", "core.user.config.user_unsuspended", "Unsuspend Okta user"),
    ("user.mfa.factor.activate", "core.user.factor.activate", "Activate factor for user"),
    ("user.mfa.factor.deactivate", "core.user.factor.reset", "Reset factor for user"),
    ("user.mfa.factor.reset_all", "core.user.factor.reset_all", "Reset all factors for user"),
    ("user.risk.change", "", "User risk level changed"),
    ("user.session.access_admin_app", "app.admin.sso.login.success", "User accessing Okta admin app"),
    ("user.session.clear", "core.user.clear_session", "Clear user session"),
    ("user.session.end", "core.user_auth.logout_success", "User logout from Okta"),
    ("user.session.impersonation.end", "core.user.impersonation.session.ended", "End impersonation session"),
    ("user.session.impersonation.grant", "core.user.impersonation.grant.enabled", "Enable impersonation grant"),
    ("user.session.impersonation.initiate", "core.user.impersonation.session.initiated", "Begin impersonation session"),
    ("user.session.impersonation.revoke", "core.user.impersonation.grant.revoked", "Revoke impersonation grant"),
    ("user.session.start", "core.user_auth.login_success", "User login to Okta"),
    ("zone.create", "network_zone.rule.created", "Create network zone"),
    ("zone.deactivate", "network_zone.rule.disabled", "Deactivate network zone"),
    ("zone.activate", "network_zone.rule.enabled", "Activate network zone"),
    ("zone.delete", "network_zone.rule.deleted", "Delete network zone"),
    ("zone.update", "network_zone.rule.updated", "Update network zone"),
];

impl Okta {
    /// Writes one event. `outcome` is its result and reason; `debug` is added to `debugData`.
    pub(crate) fn event(
        &mut self,
        origin: &Origin,
        event_type: &str,
        outcome: (&str, Option<&str>),
        target: Vec<Value>,
        debug: &[(&str, String)],
    ) {
        let (_, legacy, message) = KINDS
            .iter()
            .find(|(kind, _, _)| *kind == event_type)
            .copied()
            .unwrap_or((event_type, "", event_type));
        let mut data = Map::from_iter([
            ("requestId".to_owned(), json!(origin.request_id)),
            ("requestUri".to_owned(), json!(origin.uri)),
            ("url".to_owned(), json!(format!("{}?", origin.uri))),
        ]);
        data.extend(
            debug
                .iter()
                .map(|(key, value)| ((*key).to_owned(), json!(value))),
        );
        let detail = origin
            .api_token
            .as_ref()
            .map_or_else(|| json!({}), |id| json!({ "requestApiTokenId": id }));
        let event = json!({
            "actor": origin.actor,
            "client": client_of(origin),
            "device": null,
            "authenticationContext": {
                "authenticationProvider": null, "credentialProvider": null, "credentialType": null,
                "issuer": null, "interface": null, "authenticationStep": 0,
                "rootSessionId": origin.session, "externalSessionId": origin.session,
            },
            "displayMessage": message,
            "eventType": event_type,
            "outcome": { "result": outcome.0, "reason": outcome.1 },
            "published": iso(origin.now_ms),
            "securityContext": security_of(origin),
            "severity": if outcome.0 == "FAILURE" { "WARN" } else { "INFO" },
            "debugContext": { "debugData": data },
            "legacyEventType": if legacy.is_empty() { Value::Null } else { json!(legacy) },
            "transaction": { "type": if origin.job { "JOB" } else { "WEB" }, "id": origin.request_id, "detail": detail },
            "uuid": self.rng.uuid(),
            "version": "0",
            "request": { "ipChain": chain_of(origin) },
            "target": if target.is_empty() { Value::Null } else { Value::Array(target) },
        });
        self.log.push(LogRow {
            published_ms: origin.now_ms,
            visible_ms: origin.now_ms + self.settings.log_delay_ms,
            event,
        });
    }

    /// The origin of an event that an API call causes.
    pub(crate) fn origin(&self, call: &Call<'_>) -> Origin {
        let mut origin = Origin {
            now_ms: call.now_ms,
            ip: call
                .request
                .header("x-forwarded-for")
                .unwrap_or("192.0.2.10")
                .to_owned(),
            user_agent: call
                .request
                .header("user-agent")
                .unwrap_or_default()
                .to_owned(),
            request_id: call.request_id.clone(),
            uri: call.request.path.clone(),
            ..Origin::default()
        };
        match &call.who {
            Principal::Nobody => {
                origin.actor = json!({ "id": "unknown", "type": "User", "alternateId": "unknown", "displayName": "unknown", "detailEntry": null })
            }
            Principal::Client { id, .. } => self.sign_as_client(&mut origin, id),
            Principal::Ssws { token_id, user_id } => {
                origin.actor = self.user_ref(user_id);
                origin.api_token = Some(token_id.clone());
                origin.session = Some(format!("trs{}", &call.request_id[..22]));
            }
        }
        origin
    }

    /// Makes a service app the actor.
    pub(crate) fn sign_as_client(&self, origin: &mut Origin, id: &str) {
        let name = self
            .service_apps
            .get(id)
            .map_or("", |app| app.name.as_str());
        origin.actor = json!({ "id": id, "type": "PublicClientApp", "alternateId": id, "displayName": name, "detailEntry": null });
        origin.client_id = Some(id.to_owned());
    }

    /// A user as actor or target.
    pub(crate) fn user_ref(&self, id: &str) -> Value {
        if id == Self::IMPORT {
            return json!({ "id": id, "type": "SystemPrincipal", "alternateId": "system@okta.com", "displayName": "Okta System", "detailEntry": null });
        }
        let (login, name) = self.users.get(id).map_or_else(
            || ("unknown".to_owned(), "unknown".to_owned()),
            |u| (u.login.clone(), u.display_name()),
        );
        json!({ "id": id, "type": "User", "alternateId": login, "displayName": name, "detailEntry": null })
    }
}

/// Jobs come from no address.
fn chain_of(origin: &Origin) -> Value {
    if origin.job {
        return json!([]);
    }
    json!([{ "ip": origin.ip, "geographicalContext": null, "version": "V4", "source": null }])
}

fn client_of(origin: &Origin) -> Value {
    json!({
        "userAgent": { "rawUserAgent": origin.user_agent, "os": "Unknown", "browser": "UNKNOWN" },
        "zone": "null", "device": "Computer", "id": origin.client_id, "ipAddress": origin.ip,
        "geographicalContext": null,
    })
}

fn security_of(origin: &Origin) -> Value {
    let (number, name, domain) = match origin.ip.as_str() {
        "203.0.113.66" => (64505, "fasthost bulletproof example", "fasthost.example"),
        "203.0.113.140" => (64507, "residential proxy example", "homeline.example"),
        ip if ip.starts_with("198.51.100.") => (64501, "home isp example", "home.example"),
        _ => (64500, "contoso ltd", "contoso.example"),
    };
    json!({ "asNumber": number, "asOrg": name, "isp": name, "domain": domain, "isProxy": origin.proxy })
}
