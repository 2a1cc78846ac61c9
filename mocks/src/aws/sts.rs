//! STS: who is asking, and sessions of roles for whoever may have one.
//!
//! Of AssumeRoleWithWebIdentity only RS256 and one issuer. Of several reasons for which a role
//! cannot be assumed AWS names none, and neither does this. A session that follows from another lasts an
//! hour at most.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::answers::{Done, Outcome, Refusal, refuse};
use super::callers::Caller;
use super::policy::{self, Context};
use super::state::{AccessKey, Principal, Role};
use super::{Aws, Call};
use crate::jwt;
use crate::time::second;

/// An hour, in seconds.
const HOUR_S: i64 = 3600;

/// Who wants to assume a role.
enum Candidate<'a> {
    /// Whoever signs, by ARN, and his account.
    Signed { arn: String, account: &'a str },
    /// Whoever a provider of this host vouches for.
    Web { host: &'a str },
}

impl Aws {
    /// Needs no permission.
    pub(super) fn get_caller_identity(&mut self, call: &Call<'_>) -> Outcome {
        let principal = &call.caller.principal;
        let user_id = match principal {
            Principal::User { name, .. } => format!("AIDA{:0<17}", name.to_uppercase()),
            Principal::Role {
                account,
                role,
                session,
            } => {
                let id = self.role(account, role).map_or("", |role| role.id.as_str());
                format!("{id}:{session}")
            }
        };
        Ok(Done::told(json!({
            "Arn": principal.arn(), "UserId": user_id, "Account": principal.account(),
        })))
    }

    pub(super) fn assume_role(&mut self, call: &Call<'_>) -> Outcome {
        let arn = call.field("RoleArn");
        let name = session_name(call.field("RoleSessionName"))?;
        let policy = session_policy(call.given("Policy"))?;
        self.allow(call.caller, "sts:AssumeRole", arn, arn)?;
        let refused = || {
            let who = call.caller.principal.arn();
            let text = format!(
                "User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}"
            );
            refuse(403, "AccessDenied", text)
        };
        let (account, role) = self.role_of(arn).ok_or_else(refused)?;
        let mut context = Context::new();
        if let Some(id) = call.given("ExternalId") {
            context.insert("sts:ExternalId".to_owned(), id.to_owned());
        }
        let candidate = Candidate::Signed {
            arn: self.arn_of_principal(call.caller),
            account: call.account(),
        };
        if !trusts(&account, &role, "sts:AssumeRole", &candidate, &context) {
            return Err(refused());
        }
        let chained = matches!(call.caller.principal, Principal::Role { .. });
        let seconds = duration(call.given("DurationSeconds"), &role, chained)?;
        let principal = Principal::Role {
            account: account.clone(),
            role: role.name.clone(),
            session: name.to_owned(),
        };
        let (key_id, mut result) = self.give(&role, principal, policy, seconds, call.now_ms);
        self.record_assumed(call, &account, &role, name, &key_id);
        if call.given("Policy").is_some() {
            result["PackedPolicySize"] = json!(6);
        }
        Ok(Done::told(result))
    }

    /// Signed by nobody: the token is the credential.
    pub(super) fn assume_role_with_web_identity(
        &mut self,
        fields: &[(String, String)],
        now_ms: i64,
    ) -> Outcome {
        let given = |name: &str| {
            let found = fields.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str())
        };
        let field = |name: &str| given(name).unwrap_or_default();
        let name = session_name(field("RoleSessionName"))?;
        let policy = session_policy(given("Policy"))?;
        let claims = self
            .web_key
            .as_ref()
            .and_then(|key| jwt::verify_by(field("WebIdentityToken"), Algorithm::RS256, key))
            .ok_or_else(|| {
                let text = "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements";
                refuse(400, "InvalidIdentityToken", text)
            })?;
        if claims["exp"]
            .as_i64()
            .is_none_or(|end| end <= now_ms.div_euclid(1000))
        {
            return Err(refuse(400, "ExpiredTokenException", "Token expired"));
        }
        let refused = || {
            let text = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
            refuse(403, "AccessDenied", text)
        };
        let (account, role) = self.role_of(field("RoleArn")).ok_or_else(refused)?;
        let issuer = claims["iss"].as_str().unwrap_or_default();
        let host = issuer.strip_prefix("https://").unwrap_or(issuer);
        if !self.accounts[&account].providers.contains(host) {
            return Err(refuse(
                400,
                "InvalidIdentityToken",
                format!("No OpenIDConnect provider found in your account for {issuer}"),
            ));
        }
        let claim = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
        let context = [
            (format!("{host}:aud"), claim("aud")),
            (format!("{host}:sub"), claim("sub")),
        ]
        .into();
        let action = "sts:AssumeRoleWithWebIdentity";
        if !trusts(&account, &role, action, &Candidate::Web { host }, &context) {
            return Err(refused());
        }
        let seconds = duration(given("DurationSeconds"), &role, false)?;
        let principal = Principal::Role {
            account: account.clone(),
            role: role.name.clone(),
            session: name.to_owned(),
        };
        let (_, mut result) = self.give(&role, principal, policy, seconds, now_ms);
        result["SubjectFromWebIdentityToken"] = json!(claim("sub"));
        result["Audience"] = json!(claim("aud"));
        result["Provider"] = json!(format!("arn:aws:iam::{account}:oidc-provider/{host}"));
        Ok(Done::told(result))
    }

    /// A key of ours for a session, and the answer that holds it.
    fn give(
        &mut self,
        role: &Role,
        principal: Principal,
        session_policy: Option<Value>,
        seconds: i64,
        now_ms: i64,
    ) -> (String, Value) {
        let key_id = self.key_id("ASIA");
        let token = format!("IQoJb3JpZ2luX2VjE{}", self.rng.text(120));
        let secret = self.rng.text(40);
        let expires_ms = now_ms + seconds * 1000;
        let Principal::Role { session, .. } = &principal else {
            return (key_id, Value::Null);
        };
        let result = json!({
            "Credentials": {
                "AccessKeyId": key_id, "SecretAccessKey": secret, "SessionToken": token,
                "Expiration": second(expires_ms),
            },
            "AssumedRoleUser": {
                "AssumedRoleId": format!("{}:{session}", role.id), "Arn": principal.arn(),
            },
        });
        let key = AccessKey {
            secret,
            principal,
            session_token: Some(token),
            expires_ms: Some(expires_ms),
            issued_ms: now_ms,
            active: true,
            session_policy,
        };
        self.keys.insert(key_id.clone(), key);
        (key_id, result)
    }

    /// An access key's id: four letters that say its kind, sixteen capitals and digits.
    pub(super) fn key_id(&mut self, kind: &str) -> String {
        format!("{kind}{}", self.rng.text(16).to_uppercase())
    }

    /// Account and role of an ARN, if they are here.
    pub(super) fn role_of(&self, arn: &str) -> Option<(String, Role)> {
        let rest = arn.strip_prefix("arn:aws:iam::")?;
        let (account, path) = rest.split_once(":role/")?;
        let name = path.rsplit('/').next()?;
        let role = self.role(account, name)?;
        (role.arn(account) == arn).then(|| (account.to_owned(), role.clone()))
    }

    /// By which a policy names him: of a session, its role.
    fn arn_of_principal(&self, caller: &Caller) -> String {
        match &caller.principal {
            Principal::Role { account, role, .. } => self
                .role(account, role)
                .map_or_else(String::new, |role| role.arn(account)),
            user @ Principal::User { .. } => user.arn(),
        }
    }
}

/// Whether a role's trust policy lets somebody in.
fn trusts(
    account: &str,
    role: &Role,
    action: &str,
    candidate: &Candidate<'_>,
    context: &Context,
) -> bool {
    policy::statements(&role.trust)
        .into_iter()
        .any(|statement| {
            let actions = policy::texts(&statement["Action"]);
            let named = match candidate {
                Candidate::Signed { arn, account } => {
                    let root = format!("arn:aws:iam::{account}:root");
                    let all = policy::texts(&statement["Principal"]["AWS"]);
                    all.iter()
                        .any(|who| who == arn || *who == root || who == account)
                }
                Candidate::Web { host } => {
                    let provider = format!("arn:aws:iam::{account}:oidc-provider/{host}");
                    policy::texts(&statement["Principal"]["Federated"]).contains(&provider)
                }
            };
            statement["Effect"] == "Allow"
                && named
                && actions.iter().any(|pattern| policy::like(pattern, action))
                && policy::met(&statement["Condition"], context)
        })
}

fn session_name(name: &str) -> Result<&str, Refusal> {
    let good = (2..=64).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c));
    if good {
        return Ok(name);
    }
    let text = format!(
        "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
    );
    Err(refuse(400, "ValidationError", text))
}

fn session_policy(text: Option<&str>) -> Result<Option<Value>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    if text.len() > 2048 {
        let text = "Packed size of session policy consumes more than 100% of allotted space.";
        return Err(refuse(400, "PackedPolicyTooLarge", text));
    }
    let parsed = policy::check(text);
    parsed
        .map(Some)
        .map_err(|why| refuse(400, "MalformedPolicyDocument", why))
}

fn duration(given: Option<&str>, role: &Role, chained: bool) -> Result<i64, Refusal> {
    let Some(given) = given else {
        return Ok(HOUR_S);
    };
    let seconds: i64 = given.parse().unwrap_or(0);
    if chained && seconds > HOUR_S {
        let text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return Err(refuse(400, "ValidationError", text));
    }
    if seconds < 900 || seconds > role.max_session_s {
        let text =
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(refuse(400, "ValidationError", text));
    }
    Ok(seconds)
}
