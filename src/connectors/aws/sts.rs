//! Asks STS for the keys of a role: one signed form, one answer.
//!
//! Not by the system's own client, which signs with what is asked for here. STS refuses a time that
//! is minutes off: then it is asked once more, at its own. Source: STS `AssumeRole` and
//! `AssumeRoleWithWebIdentity` [spec]; which error is whose mistake [docs].

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method, Request, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use super::api::{Pairs, sts_form};
use super::settings::RoleToAssume;
use super::sigv4::{Signing, Skew, sign_request};
use super::voice;
use crate::connectors::kit::{Said, bounded};
use crate::given::Clock;
use crate::model::Utc;
use crate::transport::{Answer, AuthError, Meaning, Wire, WireLimits, json_or_xml};

/// How we are called where we act: sessions of ours are told apart by it.
pub(super) const SESSION: &str = "oust";

/// STS, and what is needed of the outside to ask it.
pub(super) struct Sts {
    /// The system, for errors.
    pub(super) system: String,
    /// The network.
    pub(super) wire: Arc<dyn Wire>,
    /// The clock.
    pub(super) clock: Arc<dyn Clock>,
    /// What AWS's is ahead.
    pub(super) skew: Skew,
    /// Its address.
    pub(super) url: Url,
    /// Where it is.
    pub(super) region: String,
    /// `oust/<version> run=<id>`
    pub(super) user_agent: String,
}

/// Keys that end.
#[derive(Clone)]
pub(super) struct Session {
    /// To sign with.
    pub(super) keys: Signing,
    /// How long they hold.
    pub(super) holds: Duration,
}

impl Sts {
    /// The keys of `role`, with no more rights than `policy` allows.
    ///
    /// # Errors
    /// [`AuthError`], with what to do about it.
    pub(super) async fn assume(
        &self,
        base: &Signing,
        role: &RoleToAssume,
        policy: Option<&str>,
    ) -> Result<Session, AuthError> {
        let mut pairs = of_role(&role.arn.to_string(), policy);
        if let Some(id) = &role.external_id {
            pairs.push(("ExternalId".into(), id.clone()));
        }
        let form = sts_form("AssumeRole", pairs);
        let answer = self.ask(&form, Some(base)).await?;
        let refused = |said: &Said| self.not_assumed(role, said);
        self.session(&answer, "AssumeRoleResult", &refused)
    }

    /// The keys of the role that a workload's token is good for.
    ///
    /// # Errors
    /// [`AuthError`], with what to do about it.
    pub(super) async fn assume_with_token(
        &self,
        role: &str,
        token: &SecretString,
        policy: Option<&str>,
    ) -> Result<Session, AuthError> {
        let mut pairs = of_role(role, policy);
        let token = token.expose_secret().trim().to_owned();
        pairs.push(("WebIdentityToken".into(), token));
        let form = sts_form("AssumeRoleWithWebIdentity", pairs);
        let answer = self.ask(&form, None).await?;
        let refused = |said: &Said| {
            (
            format!("no keys of {role} for the workload's token ({})", sentence(said)),
            match said.code.as_str() {
                "ExpiredTokenException" | "ExpiredToken" => {
                    "the token has expired: something must renew the file that `token` names"
                }
                "InvalidIdentityToken" => {
                    "the role's account must have the token's issuer as an identity provider, with \
                     the audience that the token says"
                }
                _ => {
                    "let the role's trust policy allow `sts:AssumeRoleWithWebIdentity` to the \
                     token's issuer, audience and subject"
                }
            }
            .to_owned(),
        )
        };
        self.session(&answer, "AssumeRoleWithWebIdentityResult", &refused)
    }

    async fn ask(&self, form: &Pairs, sign_with: Option<&Signing>) -> Result<Answer, AuthError> {
        let answer = self.send(form, sign_with).await?;
        if !answer.is_good() && voice::is_skewed(&voice::said(&answer)) {
            return self.send(form, sign_with).await;
        }
        Ok(answer)
    }

    async fn send(&self, form: &Pairs, sign_with: Option<&Signing>) -> Result<Answer, AuthError> {
        let request = self.request(form, sign_with)?;
        let limits = WireLimits {
            body_max: 64 << 10,
            ..WireLimits::default()
        };
        let sent_at = self.clock.now();
        let response = self.wire.send(request, limits).await;
        let response = response.map_err(|error| self.unreachable(error.to_string()))?;
        let (parts, body) = response.into_parts();
        let answer = Answer::read(&parts, json_or_xml(&parts.headers, &body).ok(), sent_at);
        if parts.headers.contains_key(header::DATE) {
            self.skew.hear(&*self.clock, answer.server_at);
        }
        Ok(answer)
    }

    fn request(
        &self,
        form: &Pairs,
        sign_with: Option<&Signing>,
    ) -> Result<Request<Vec<u8>>, AuthError> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish()
            // As AWS's own SDKs have it: whoever hashes the form again must come to the same.
            .replace('*', "%2A");
        let mut request = Request::new(body.into_bytes());
        *request.method_mut() = Method::POST;
        let uri = self.url.as_str().parse();
        *request.uri_mut() = uri.map_err(|_| self.unreachable("`sts_url` is no URL".into()))?;
        let headers = request.headers_mut();
        let media_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, media_type);
        if let Ok(agent) = HeaderValue::from_str(&self.user_agent) {
            headers.insert(header::USER_AGENT, agent);
        }
        if let Some(keys) = sign_with {
            let now = self.skew.now(&*self.clock);
            sign_request(&mut request, keys, "sts", &self.region, now).map_err(unsignable)?;
        }
        Ok(request)
    }

    fn session(
        &self,
        answer: &Answer,
        result: &str,
        refused: &dyn Fn(&Said) -> (String, String),
    ) -> Result<Session, AuthError> {
        if answer.is_good() {
            let credentials = &answer.json[result]["Credentials"];
            return session_of(credentials, answer.server_at)
                .ok_or_else(|| self.unreachable("its answer holds no keys".into()));
        }
        let said = voice::said(answer);
        let meaning = voice::by_code(&said.code).unwrap_or_else(|| answer.meaning());
        let passing = matches!(meaning, Meaning::Throttled | Meaning::Broken);
        // A broken issuer of the token [docs]; a moment later it may answer.
        if passing || said.code == "IDPCommunicationError" {
            return Err(self.unreachable(sentence(&said)));
        }
        let (why, hint) = match said.code.as_str() {
            "RegionDisabledException" => (
                format!("STS is switched off in {} for that account", self.region),
                "switch it on there, or name another `region`".into(),
            ),
            _ => refused(&said),
        };
        let system = self.system.clone();
        Err(AuthError::Refused { system, why, hint })
    }

    fn not_assumed(&self, role: &RoleToAssume, said: &Said) -> (String, String) {
        let hint = match said.code.as_str() {
            "AccessDenied" | "AccessDeniedException" => {
                let external = match role.external_id {
                    Some(_) => "; the `external_id` must be the one that it asks for",
                    None => "; if it asks for an external id, set `external_id`",
                };
                format!(
                    "let the role's trust policy name our principal, and our principal's own \
                     policy allow `sts:AssumeRole` on it{external}"
                )
            }
            _ => match voice::in_words(said) {
                Some((_, hint)) => hint,
                None => "look at the role, and at who may assume it".into(),
            },
        };
        (
            format!("could not assume {} ({})", role.arn, sentence(said)),
            hint,
        )
    }

    /// That no usable answer came.
    pub(super) fn unreachable(&self, why: String) -> AuthError {
        AuthError::Unreachable {
            system: self.system.clone(),
            why,
        }
    }
}

/// What was wrong with keys that nothing can be signed with.
pub(super) fn unsignable(why: String) -> AuthError {
    AuthError::Secret {
        what: format!("a request could not be signed: {why}"),
        hint: "put the keys into their places alone: one line, no quotes".into(),
    }
}

fn of_role(role: &str, policy: Option<&str>) -> Pairs {
    let mut pairs: Pairs = vec![
        ("RoleArn".into(), role.to_owned()),
        ("RoleSessionName".into(), SESSION.to_owned()),
    ];
    if let Some(policy) = policy {
        pairs.push(("Policy".into(), policy.to_owned()));
    }
    pairs
}

fn sentence(said: &Said) -> String {
    match (said.code.as_str(), said.text.as_str()) {
        ("", "") => "it said nothing more".into(),
        (code, "") => code.to_owned(),
        (code, text) => format!("{code}: {text}"),
    }
}

fn session_of(credentials: &Value, now: Utc) -> Option<Session> {
    let text = |key: &str| {
        let text = credentials[key].as_str();
        text.filter(|text| !text.is_empty())
    };
    let ends: Option<Utc> = text("Expiration").and_then(|at| at.parse().ok());
    let left = ends.map_or(900, |ends| ends.seconds() - now.seconds());
    Some(Session {
        keys: Signing {
            access_key_id: bounded(text("AccessKeyId")?, 128),
            secret_access_key: SecretString::from(text("SecretAccessKey")?),
            session_token: Some(SecretString::from(text("SessionToken")?)),
        },
        holds: Duration::from_secs(u64::try_from(left).unwrap_or(0).min(12 * 3600)),
    })
}
