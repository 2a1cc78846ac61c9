//! Who signs a request, and what he may do.
//!
//! The order of the checks (key, token, age, signature, end of the session, permission) is assumed.

use serde_json::Value;

use super::Aws;
use super::answers::{Api, Refusal, refuse};
use super::policy::{Context, Say, say};
use super::roles::Decision;
use super::sigv4::{SKEW_MAX_MS, Signed};
use super::state::Principal;
use crate::http::Request;
use crate::time::{compact, second};

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(super) principal: Principal,
    pub(super) key_id: String,
    pub(super) issued_ms: i64,
    /// The region that was signed for.
    pub(super) region: String,
    session_policy: Option<Value>,
    api: Api,
}

impl Caller {
    pub(super) fn account(&self) -> &str {
        self.principal.account()
    }
}

impl Aws {
    /// Whoever signed a request; or why nobody whom we know did.
    pub(super) fn caller(
        &self,
        api: Api,
        request: &Request,
        now_ms: i64,
    ) -> Result<Caller, Refusal> {
        let told = |xml, json, text: &str| Err(refused(api, xml, json, text));
        let Some(signed) = Signed::of(request) else {
            let name = "MissingAuthenticationToken";
            let text = "Request is missing Authentication Token";
            return told(name, "MissingAuthenticationTokenException", text);
        };
        let invalid = || {
            let text = "The security token included in the request is invalid.";
            told("InvalidClientTokenId", "UnrecognizedClientException", text)
        };
        let Some(key) = self.keys.get(&signed.key_id).filter(|key| key.active) else {
            return invalid();
        };
        if key.session_token.as_deref() != request.header("x-amz-security-token") {
            return invalid();
        }
        let wrong = |text: &str| told("SignatureDoesNotMatch", "InvalidSignatureException", text);
        if let Some(text) = untimely(&signed, now_ms) {
            return wrong(&text);
        }
        if signed.service != api.signing_name() {
            let name = api.signing_name();
            return wrong(&format!(
                "Credential should be scoped to correct service: '{name}'."
            ));
        }
        if !signed.is_by(&key.secret, request, &self.sent_path(request)) {
            return wrong(
                "The request signature we calculated does not match the signature you provided. \
                 Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
            );
        }
        if key.expires_ms.is_some_and(|end| end <= now_ms) {
            let text = "The security token included in the request is expired";
            return told("ExpiredToken", "ExpiredTokenException", text);
        }
        Ok(Caller {
            principal: key.principal.clone(),
            key_id: signed.key_id,
            issued_ms: key.issued_ms,
            region: signed.region,
            session_policy: key.session_policy.clone(),
            api,
        })
    }

    fn context_of_caller(&self, caller: &Caller) -> Context {
        let Principal::Role {
            account,
            role,
            session,
        } = &caller.principal
        else {
            return Context::new();
        };
        let id = self.role(account, role).map_or("", |role| role.id.as_str());
        [
            ("aws:userid", format!("{id}:{session}")),
            ("aws:TokenIssueTime", second(caller.issued_ms)),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
    }

    /// The path as the caller wrote it, for he signed it with the way to this system.
    fn sent_path(&self, request: &Request) -> String {
        let rest = self.base_url.split_once("://").map_or("", |(_, rest)| rest);
        let way = rest.find('/').map_or("", |at| &rest[at..]);
        format!("{way}{}", request.path)
    }

    /// Whether a caller may; else the refusal in AWS's words, in which roles are called `role NAME`.
    pub(super) fn allow(
        &self,
        caller: &Caller,
        action: &str,
        resource: &str,
        called: &str,
    ) -> Result<(), Refusal> {
        let context = self.context_of_caller(caller);
        let narrowed = caller
            .session_policy
            .as_ref()
            .is_some_and(|policy| say(policy, action, resource, &context) != Say::Allow);
        let decision = match &caller.principal {
            Principal::Role { account, role, .. } => {
                self.judge(account, role, action, resource, &context)
            }
            Principal::User { account, name } => self.judge_user(account, name, action, resource),
        };
        let why = match decision {
            Decision::Allowed if !narrowed => return Ok(()),
            Decision::Allowed => format!("because no session policy allows the {action} action"),
            Decision::ExplicitDeny => {
                "with an explicit deny in an identity-based policy".to_owned()
            }
            Decision::ImplicitDeny => {
                format!("because no identity-based policy allows the {action} action")
            }
        };
        let who = caller.principal.arn();
        let text = format!(
            "User: {who} is not authorized to perform: {action} on resource: {called} {why}"
        );
        Err(refused(
            caller.api,
            "AccessDenied",
            "AccessDeniedException",
            &text,
        ))
    }
}

/// A refusal of 403, or 400 in JSON.
fn refused(api: Api, xml: &'static str, json: &'static str, text: &str) -> Refusal {
    if api.is_query() {
        refuse(403, xml, text)
    } else {
        refuse(400, json, text)
    }
}

fn untimely(signed: &Signed, now_ms: i64) -> Option<String> {
    let at = &signed.at;
    let now = compact(now_ms);
    if signed.at_ms < now_ms - SKEW_MAX_MS {
        let edge = compact(now_ms - SKEW_MAX_MS);
        return Some(format!(
            "Signature expired: {at} is now earlier than {edge} ({now} - 5 min.)"
        ));
    }
    if signed.at_ms > now_ms + SKEW_MAX_MS {
        let edge = compact(now_ms + SKEW_MAX_MS);
        return Some(format!(
            "Signature not yet current: {at} is still later than {edge} ({now} + 5 min.)"
        ));
    }
    None
}
