//! Factors and authenticator enrolments: two views of the same things, with different holes.
//!
//! `/factors` leaves out what the enrolment policy hides; the enrolments (Identity Engine
//! only) show those too, and passwords and temporary codes besides. Deleting one face of Okta
//! Verify deletes the others.

use serde_json::{Value, json};

use super::state::{Enrollment, Factor};
use super::{Answer, Call, Okta};
use crate::time::iso;

impl Okta {
    /// A user whose factors may be shown: a deactivated one has none, says Okta with a 404.
    fn factor_owner(&self, call: &Call<'_>) -> Result<String, Answer> {
        let id = self.strict(call.param(0))?;
        if self.users[&id].status == "DEPROVISIONED" {
            return Err(Answer::not_found(&id, "User"));
        }
        Ok(id)
    }

    pub(super) fn list_factors(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.factor_owner(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let shown = |f: &&Factor| !self.settings.hidden_factors.contains(&f.id);
        let factors = self.users[&id].factors.values().filter(shown);
        Answer::list(factors.map(|f| self.factor_json(&id, f)).collect())
    }

    pub(super) fn get_factor(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.factor_owner(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        match self.users[&id].factors.get(call.param(1)) {
            Some(factor) => Answer::json(200, self.factor_json(&id, factor)),
            None => Answer::not_found(call.param(1), "UserFactor"),
        }
    }

    pub(super) fn delete_factor(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.factor_owner(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        if let Some(refusal) = self.refuses_while_suspended(&id) {
            return refusal;
        }
        self.remove_factor(call, &id, call.param(1), "UserFactor")
    }

    /// Sources disagree on whether that can be: an org may be either.
    fn refuses_while_suspended(&self, id: &str) -> Option<Answer> {
        let refuses = !self.settings.factors_go_while_suspended;
        (refuses && self.users[id].status == "SUSPENDED").then(|| {
            let text = "This operation is not allowed in the user's current status.";
            Answer::error(403, "E0000038", text, &[])
        })
    }

    fn remove_factor(&mut self, call: &Call<'_>, id: &str, factor: &str, kind: &str) -> Answer {
        let Some(gone) = self.user_mut(id).factors.remove(factor) else {
            return Answer::not_found(factor, kind);
        };
        let mut all = vec![gone];
        if matches!(all[0].kind.as_str(), "push" | "signed_nonce") && all[0].provider == "OKTA" {
            let siblings: Vec<String> = self.users[id]
                .factors
                .values()
                .filter(|f| f.is_okta_verify())
                .map(|f| f.id.clone())
                .collect();
            all.extend(
                siblings
                    .iter()
                    .filter_map(|s| self.user_mut(id).factors.remove(s)),
            );
        }
        if call.flag("removeRecoveryEnrollment", false) && all[0].phone.is_some() {
            self.user_mut(id).mobile_phone = None;
        }
        self.user_mut(id).last_updated_ms = call.now_ms;
        let origin = self.origin(call);
        for factor in &all {
            let target = self.factor_targets(id, factor);
            let name = event_name(factor);
            let reason = format!("User reset {name} factor");
            let debug = [("factor", name.to_owned())];
            self.event(
                &origin,
                "user.mfa.factor.deactivate",
                ("SUCCESS", Some(&reason)),
                target,
                &debug,
            );
        }
        Answer::empty(204).changed(true)
    }

    /// The log targets of a factor event: the enrolment is named on Identity Engine only.
    pub(crate) fn factor_targets(&self, user: &str, factor: &Factor) -> Vec<Value> {
        let mut target = vec![self.user_ref(user)];
        if self.settings.oie {
            target.push(json!({
                "id": factor.id, "type": "AuthenticatorEnrollment", "alternateId": "unknown",
                "displayName": authenticator(factor).1, "detailEntry": null,
            }));
        }
        target
    }

    pub(super) fn list_enrollments(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.oie_owner(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let user = &self.users[&id];
        let factors = user.factors.values().map(|f| self.as_enrollment(&id, f));
        let others = user
            .enrollments
            .values()
            .map(|e| self.enrollment_json(&id, e));
        Answer::list(factors.chain(others).collect())
    }

    pub(super) fn get_enrollment(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.oie_owner(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let (user, key) = (&self.users[&id], call.param(1));
        if let Some(factor) = user.factors.get(key) {
            return Answer::json(200, self.as_enrollment(&id, factor));
        }
        match user.enrollments.get(key) {
            Some(other) => Answer::json(200, self.enrollment_json(&id, other)),
            None => Answer::not_found(key, "AuthenticatorEnrollment"),
        }
    }

    pub(super) fn delete_enrollment(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.oie_owner(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let key = call.param(1).to_owned();
        if self.users[&id]
            .enrollments
            .get(&key)
            .is_some_and(|e| e.kind == "password")
        {
            return Answer::refused(
                "deleteAuthenticatorEnrollment",
                "A password enrollment cannot be deleted",
            );
        }
        if let Some(gone) = self.user_mut(&id).enrollments.remove(&key) {
            let (origin, target) = (self.origin(call), self.user_ref(&id));
            let reason = format!("User reset {} factor", gone.key.to_uppercase());
            self.event(
                &origin,
                "user.mfa.factor.deactivate",
                ("SUCCESS", Some(&reason)),
                vec![target],
                &[],
            );
            return Answer::empty(204).changed(true);
        }
        self.remove_factor(call, &id, &key, "AuthenticatorEnrollment")
    }

    pub(super) fn list_preregistered(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.oie_owner(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let keys = self.users[&id].preregistered_keys.iter().map(|(key, (name, at))| {
            json!({
                "id": key, "name": name, "userId": id, "status": "ACTIVE", "factorType": "webauthn",
                "created": iso(*at), "lastUpdated": iso(*at),
            })
        });
        Answer::list(keys.collect())
    }

    pub(super) fn delete_preregistered(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.oie_owner(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        match self.user_mut(&id).preregistered_keys.remove(call.param(1)) {
            Some(_) => Answer::empty(204).changed(true),
            None => Answer::not_found(call.param(1), "WebAuthnPreregistration"),
        }
    }

    fn oie_owner(&self, call: &Call<'_>) -> Result<String, Answer> {
        if self.settings.oie {
            self.factor_owner(call)
        } else {
            Err(Answer::no_such_path())
        }
    }

    fn factor_json(&self, user: &str, factor: &Factor) -> Value {
        json!({
            "id": factor.id,
            "factorType": factor.kind,
            "provider": factor.provider,
            "vendorName": factor.provider,
            "status": factor.status,
            "created": iso(factor.created_ms),
            "lastUpdated": iso(factor.last_updated_ms),
            "profile": profile(factor),
            "_links": { "self": {
                "href": format!("{}/api/v1/users/{user}/factors/{}", self.base_url, factor.id),
                "hints": { "allow": ["GET", "DELETE"] },
            } },
        })
    }

    fn as_enrollment(&self, user: &str, factor: &Factor) -> Value {
        let (kind, name, key) = authenticator(factor);
        let as_one = Enrollment {
            id: factor.id.clone(),
            kind: kind.to_owned(),
            key: key.to_owned(),
            name: name.to_owned(),
            created_ms: factor.created_ms,
            last_updated_ms: factor.last_updated_ms,
            intruder: factor.intruder,
        };
        let mut body = self.enrollment_json(user, &as_one);
        body["status"] = json!(factor.status);
        body["nickname"] = json!(factor.name);
        body
    }

    fn enrollment_json(&self, user: &str, e: &Enrollment) -> Value {
        json!({
            "id": e.id, "type": e.kind, "key": e.key, "name": e.name, "status": "ACTIVE",
            "created": iso(e.created_ms), "lastUpdated": iso(e.last_updated_ms),
            "_links": { "self": {
                "href": format!("{}/api/v1/users/{user}/authenticator-enrollments/{}", self.base_url, e.id),
                "hints": { "allow": ["GET", "DELETE"] },
            } },
        })
    }
}

fn profile(factor: &Factor) -> Value {
    match factor.kind.as_str() {
        "push" | "signed_nonce" => json!({
            "credentialId": factor.id, "deviceType": "SmartPhone_Android", "name": factor.name,
            "platform": "ANDROID", "version": "35",
        }),
        "webauthn" | "u2f" => {
            json!({ "credentialId": factor.id, "authenticatorName": factor.name })
        }
        "sms" | "call" => json!({ "phoneNumber": factor.phone }),
        "email" => json!({ "email": factor.name }),
        _ => json!({ "credentialId": factor.name }),
    }
}

/// Type, name and key of the authenticator a factor belongs to.
fn authenticator(factor: &Factor) -> (&'static str, &'static str, &'static str) {
    match (factor.kind.as_str(), factor.provider.as_str()) {
        ("token:software:totp", "GOOGLE") => ("app", "Google Authenticator", "google_otp"),
        ("sms" | "call", _) => ("phone", "Phone", "phone_number"),
        ("webauthn" | "u2f", _) => ("security_key", "Security Key or Biometric", "webauthn"),
        ("email", _) => ("email", "Email", "okta_email"),
        ("question", _) => (
            "security_question",
            "Security Question",
            "security_question",
        ),
        _ => ("app", "Okta Verify", "okta_verify"),
    }
}

/// What the System Log calls a factor.
pub(crate) fn event_name(factor: &Factor) -> &'static str {
    match (factor.kind.as_str(), factor.provider.as_str()) {
        ("push", _) => "OKTA_VERIFY_PUSH",
        ("signed_nonce", _) => "SIGNED_NONCE",
        ("token:software:totp", "GOOGLE") => "GOOGLE_AUTHENTICATOR",
        ("token:software:totp", _) => "OKTA_SOFT_TOKEN",
        ("webauthn", _) => "FIDO_WEBAUTHN",
        ("sms", _) => "SMS_FACTOR",
        ("call", _) => "CALL_FACTOR",
        ("email", _) => "EMAIL_FACTOR",
        _ => "FACTOR",
    }
}
