//! Who asks: the App by a JWT, its installation by a token, an owner by his; and what each may do.
//!
//! Installations are admitted by permission and level, owners by scope. Assumed: an installation's
//! permission for each operation but the two on fine-grained tokens, what an owner's token is told where
//! only Apps may ask, and that what somebody lacks the scope for is not found.

use std::collections::BTreeMap;

use super::answers::{not_for_apps, not_found, refusal, scim_refusal};
use super::routes::{Needs, Route};
use super::{Call, GitHub};
use crate::http::Request;
use crate::vendor::Answer;

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// The App itself.
    App,
    /// Its installation, with these permissions.
    Installation(BTreeMap<String, String>),
    /// An owner, by the name of his token.
    Owner(String),
}

impl Caller {
    pub(super) fn name(&self, system: &str) -> String {
        match self {
            Self::App => format!("{system}:app"),
            Self::Installation(_) => format!("{system}:installation"),
            Self::Owner(name) => format!("{system}:token:{name}"),
        }
    }
}

impl GitHub {
    /// Who holds the token of a request; the error is boxed for it is large.
    pub(super) fn caller(&self, request: &Request, now_ms: i64) -> Result<Caller, Answer> {
        let header = request.header("authorization").unwrap_or_default();
        let secret = ["Bearer ", "bearer ", "token "]
            .iter()
            .find_map(|scheme| header.strip_prefix(scheme));
        let Some(secret) = secret else {
            return Err(refusal(401, "Requires authentication"));
        };
        if secret.starts_with("eyJ") {
            return self.check_jwt(secret, now_ms).map(|()| Caller::App);
        }
        if let Some(token) = self.installation_tokens.get(secret) {
            if token.expires_ms <= now_ms {
                return Err(refusal(401, "Bad credentials"));
            }
            if self.app.suspended_ms.is_some() {
                return Err(refusal(403, "This installation has been suspended"));
            }
            return Ok(Caller::Installation(token.permissions.clone()));
        }
        self.owners_tokens
            .iter()
            .find(|(_, token)| token.secret == secret && !token.revoked)
            .filter(|(_, token)| {
                let owner = self.people.get(&token.user_id);
                owner.is_some_and(|p| !p.suspended)
            })
            .map(|(name, _)| Caller::Owner(name.clone()))
            .ok_or_else(|| refusal(401, "Bad credentials"))
    }

    /// Whether a caller may use a route at all; and that it is about what exists here.
    pub(super) fn admit(&self, route: &Route, call: &Call<'_>) -> Result<(), Box<Answer>> {
        let of_enterprise = route.path.contains("{enterprise}");
        let no = |answer: Answer| Err(Box::new(self.as_scim(route, answer)));
        match (call.caller, route.needs) {
            (Caller::App, Needs::Jwt) => return Ok(()),
            (Caller::App, _) => {
                return no(refusal(401, "Bad credentials"));
            }
            (_, Needs::Jwt) => {
                return no(refusal(401, "A JSON web token could not be decoded"));
            }
            (_, Needs::Anything) => return Ok(()),
            (Caller::Installation(_), Needs::Token) => return Ok(()),
            (Caller::Owner(_), Needs::Token) => {
                return no(refusal(403, "Must authenticate as an installation"));
            }
            _ => {}
        }
        let about = call.param(0);
        let known = if of_enterprise {
            about.eq_ignore_ascii_case(&self.enterprise)
        } else {
            about.eq_ignore_ascii_case(&self.org)
        };
        if route.path.contains('{') && !known && route.needs != Needs::Person {
            return no(not_found());
        }
        match call.caller {
            Caller::App => Ok(()),
            Caller::Installation(held) => match route.needs {
                Needs::Right {
                    permission, level, ..
                } if has(held, permission, level) => Ok(()),
                _ => no(not_for_apps()),
            },
            Caller::Owner(name) => self.admit_owner(route, name).or_else(no),
        }
    }

    fn admit_owner(&self, route: &Route, name: &str) -> Result<(), Answer> {
        let token = &self.owners_tokens[name];
        let has = |scope: &str| token.scopes.contains(scope);
        let scopes = match route.needs {
            Needs::Right { scopes, .. } => scopes,
            _ => return Ok(()),
        };
        if scopes.is_empty() {
            let text = "Resource not accessible by personal access token";
            return Err(refusal(403, text));
        }
        let of_org = !route.path.contains("{enterprise}");
        if of_org && self.settings.saml != super::Saml::None && !token.authorized {
            let text = "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.";
            let url = format!(
                "required; url=https://github.com/orgs/{}/sso?authorization_request=AAMOCK",
                self.org
            );
            return Err(refusal(403, text).header("x-github-sso", url));
        }
        let owner = self.people.get(&token.user_id);
        let is_owner = owner
            .and_then(|p| p.membership.as_ref())
            .is_some_and(|m| m.role == "admin" && !m.pending);
        if !is_owner {
            let text = "You must be an organization owner to use this endpoint.";
            return Err(refusal(403, text));
        }
        if scopes.iter().any(|scope| has(scope)) {
            Ok(())
        } else {
            Err(not_found())
        }
    }

    /// A refusal in SCIM's shape, where SCIM was asked.
    fn as_scim(&self, route: &Route, answer: Answer) -> Answer {
        if !route.path.starts_with("/scim/") {
            return answer;
        }
        let text = answer.body.as_ref().and_then(|b| b["message"].as_str());
        let mut scim = scim_refusal(answer.status, text.unwrap_or_default());
        scim.headers = answer.headers;
        scim
    }

    /// The answer with the scopes of an owner's token.
    pub(super) fn with_scopes(&self, answer: Answer, caller: &Caller) -> Answer {
        let Caller::Owner(name) = caller else {
            return answer;
        };
        let Some(token) = self.owners_tokens.get(name) else {
            return answer;
        };
        let scopes: Vec<&str> = token.scopes.iter().map(String::as_str).collect();
        answer.header("x-oauth-scopes", scopes.join(", "))
    }
}

/// Whether a permission is held at a level: who may write may read.
pub(super) fn has(held: &BTreeMap<String, String>, permission: &str, level: &str) -> bool {
    held.get(permission)
        .is_some_and(|have| have == level || (level == "read" && have == "write"))
}
