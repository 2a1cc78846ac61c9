//! GitHub: what members authorised for single sign-on, fine-grained tokens, membership, managed
//! users.
//!
//! Reading order: [`vendor`] (what it can do), [`settings`], [`app`] (who we are), [`voice`] (what
//! GitHub says, and means), [`accounts`], [`graph`] and [`find`] (who somebody is), the verbs one
//! file each: [`credentials`] (sent by [`revoke`]), [`fine_grained`], [`member`], [`managed`]; [`leftovers`] (what no
//! call ends, and where a person does it), [`preflight`].
//!
//! One instance stands for one organisation or enterprise; nothing here is shared between two.
//! Paths, methods and fields are `github.json` (Enterprise Cloud 23.0.2) and
//! `github-external-identities.graphql`. What rests on documentation that was not read again
//! ([docs*]) or on deduction ([inferred]) is marked in the file that uses it; in short:
//!
//! - [docs*] which permission gives the credential authorisations, the signature's claims, texts of
//!   errors, `x-github-sso`, addresses of data residency, the rule of managed logins, web pages;
//! - [inferred] that organisations without SAML answer 403 or 404, that a `guid` is SCIM's id, how
//!   long a queued revocation takes, the catalogue name `githubcloud`.

mod accounts;
mod app;
mod costs;
mod credentials;
mod find;
mod fine_grained;
mod grants;
mod graph;
mod leftovers;
mod listed;
mod managed;
mod member;
mod preflight;
mod revoke;
mod settings;
mod vendor;
mod voice;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use http::Method;

use self::accounts::Account;
use self::app::{App, Learnt, READING, WRITING};
use self::find::ByKey;
use self::settings::{Auth, Settings};
use self::vendor::VENDOR;
use self::voice::{VOICE, is_too_fast};
use super::kit::{
    Bearer, Glance, Issuer, Service, Stored, TokenEndpoint, Verb, Voice, one_by_one, opened,
    settle_all,
};
use super::{OpenError, Opened, Opening, Reached, Row};
use crate::connector::Costs;
use crate::model::{ActionId, Change, Finding, Identity, Lookup, Outcome, Skip, Vendor};
use crate::transport::{
    Bucket, Credential, Manners, Path, Reader, Writer, no_quota, only_401, only_json,
};

/// The row in the register.
pub(super) const ROW: Row = Row {
    vendor: &VENDOR,
    settings: settings::KEYS,
    split: super::one,
    grants: grants::grants,
    open,
};

/// Headers of every request. A newer version has breaking changes that nobody here has read.
const HEADERS: &[(&str, &str)] = &[
    ("accept", "application/vnd.github+json"),
    ("x-github-api-version", "2022-11-28"),
];

const MANNERS: Manners = Manners {
    bucket,
    headers: HEADERS,
    request_ids: &["x-github-request-id"],
    throttled: is_too_fast,
    expired: only_401,
    body: only_json,
    quota: no_quota,
};

/// GraphQL's address among the client's.
const GRAPHQL: &str = "graphql";

/// One organisation, or one enterprise.
struct GitHub {
    settings: Settings,
    /// What plans and proofs are signed with.
    reading: Arc<Bearer>,
    /// What our App learnt of itself; a person's token learns nothing.
    learnt: Arc<Learnt>,
    /// Whose token we act with, once read.
    own: OnceLock<Account>,
    /// What GitHub warned of when it took a call of ours.
    warned: OnceLock<String>,
    /// Whose fine-grained tokens are asked for.
    granted: listed::Granted,
}

fn open(opening: &Opening) -> Result<Opened, OpenError> {
    let settings = opening.settings(Settings::parse)?;
    let learnt = Arc::new(Learnt::default());
    let reading = Arc::new(bearer(opening, &settings, &learnt, &[READING], |_, _| {
        READING
    }));
    let writing = match settings.auth {
        Auth::App { .. } => Arc::new(bearer(opening, &settings, &learnt, &[WRITING], |_, _| {
            WRITING
        })),
        Auth::Token(_) => Arc::clone(&reading),
    };
    let client = opening.client(Reached {
        origin: settings.api_url.clone(),
        more_origins: vec![(GRAPHQL.into(), settings.graphql_url.clone())],
        reads_as: Arc::clone(&reading) as Arc<dyn Credential>,
        writes_as: writing,
        manners: MANNERS,
    });
    let github = GitHub {
        settings,
        reading,
        learnt,
        own: OnceLock::new(),
        warned: OnceLock::new(),
        granted: listed::Granted::default(),
    };
    Ok(opened(opening, github, client))
}

/// Tokens of one power. A person's token has but one, whatever it is called.
fn bearer(
    opening: &Opening,
    settings: &Settings,
    learnt: &Arc<Learnt>,
    powers: &'static [&'static str],
    power_of: fn(&Method, &str) -> &'static str,
) -> Bearer {
    let issuer: Box<dyn Issuer> = match &settings.auth {
        Auth::Token(token) => Box::new(Stored {
            token: token.clone(),
            clock: Arc::clone(&opening.clock),
        }),
        Auth::App {
            app_id,
            installation,
            private_key,
        } => Box::new(App {
            endpoint: TokenEndpoint::of(opening, settings.api_url.to_string()),
            app_id: app_id.clone(),
            private_key: private_key.clone(),
            installation: installation.clone(),
            org: settings.org.clone(),
            learnt: Arc::clone(learnt),
        }),
    };
    Bearer::new(issuer, Arc::clone(&opening.clock), powers, power_of)
}

/// 5,000 requests an hour by default, of GraphQL as many points; writes are asked to stay below 80 a
/// minute. The headers correct all of it. Source: GitHub, "Rate limits for the REST API"; the limit
/// of writes [docs*].
fn bucket(method: &Method, path: &str) -> Bucket {
    let (name, per_minute) = if path.ends_with("/graphql") {
        ("graphql", 80)
    } else if path.contains("/scim/v2/") {
        ("scim", 80)
    } else if *method == Method::GET {
        ("core", 80)
    } else {
        ("core write", 70)
    };
    Bucket { name, per_minute }
}

impl GitHub {
    /// The person whose token we act with; `None` for an App, which is nobody.
    ///
    /// # Errors
    /// A sentence, if he could not be read.
    async fn own(&self, glance: &Glance) -> Result<Option<Account>, String> {
        if !self.settings.is_person() {
            return Ok(None);
        }
        if let Some(own) = self.own.get() {
            return Ok(Some(own.clone()));
        }
        let got = glance.one(Path::new("/user")).await;
        let user = got.as_ref().as_ref().map_err(|unread| unread.why())?;
        let own = Account::of(user).ok_or("GitHub's answer names no account")?;
        Ok(Some(self.own.get_or_init(|| own).clone()))
    }

    /// Why an account must not be acted on: it is whose token we act with, or may be. Whatever
    /// is revoked of his would be revoked of ours.
    async fn is_ours(&self, glance: &Glance, id: &str) -> Option<Skip> {
        match self.own(glance).await {
            Ok(Some(own)) if own.id == id => Some(Skip::Unsupported {
                why: format!(
                    "it is {}, whose personal access token we act with: it would revoke itself",
                    own.login
                ),
            }),
            Ok(_) => None,
            Err(why) => Some(Skip::Unread {
                why: format!(
                    "whose personal access token we act with could not be read, and it must not \
                     revoke itself: {why}"
                ),
            }),
        }
    }
}

#[async_trait]
impl Service for GitHub {
    const VENDOR: &'static Vendor = &VENDOR;
    const VOICE: &'static Voice = &VOICE;
    /// GitHub queues and works later [inferred].
    const PROVE_FOR: Duration = Duration::from_secs(10 * 60);

    fn verb(name: &str) -> Option<&'static dyn Verb<Self>> {
        Some(match name {
            "revoke_credentials" => &credentials::RevokeCredentials,
            "revoke_fine_grained_tokens" => &fine_grained::RevokeFineGrainedTokens,
            "remove_member" => &member::RemoveMember,
            "invite_member" => &member::InviteMember,
            "suspend_managed_user" => &managed::SuspendManagedUser,
            "unsuspend_managed_user" => &managed::UnsuspendManagedUser,
            _ => return None,
        })
    }

    fn costs(&self, verb: &str) -> Option<Costs> {
        costs::of(verb)
    }

    async fn preflight(&self, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
        preflight::findings(self, r, wanted).await
    }

    async fn identify(&self, r: &Reader, who: &[Lookup]) -> Vec<Identity> {
        let glance = Glance::new(r, &VOICE);
        let finder = ByKey {
            github: self,
            glance: &glance,
        };
        settle_all(&finder, who).await
    }

    async fn own_ids(&self, r: &Reader) -> Result<Vec<String>, String> {
        let own = self.own(&Glance::new(r, &VOICE)).await?;
        Ok(own.into_iter().map(|own| own.id).collect())
    }

    /// By its name at its host: that is what every call of ours names, and it costs no read.
    async fn tenant(&self, _r: &Reader) -> Result<Option<String>, String> {
        let Settings {
            api_url,
            org,
            enterprise,
            ..
        } = &self.settings;
        let names = [org, enterprise].map(|name| name.as_deref().unwrap_or("-"));
        Ok(Some(format!("{api_url}{}", names.join("/").to_lowercase())))
    }

    /// Fine-grained tokens go together, a hundred in one call.
    fn batch(&self, changes: Vec<Change>) -> Vec<Vec<Change>> {
        fine_grained::batches(changes)
    }

    async fn apply(&self, w: &Writer<'_>, batch: &[Change]) -> Vec<Outcome> {
        match batch {
            [first, _, ..] if fine_grained::is_one(first) => {
                fine_grained::revoke_all(self, w, batch).await
            }
            _ => one_by_one(self, w, batch).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::kit::declared_can_be_done;
    use crate::given::SystemClock;
    use crate::transport::SecretRef;
    use serde_json::{Value, json};

    /// Settings of an App at contoso, with other values.
    pub(super) fn app(patch: Value) -> Value {
        let mut all = json!({
            "org": "contoso", "app_id": 12345, "private_key": { "file": "/key.pem" },
        });
        let more = patch.as_object().cloned().unwrap_or_default();
        all.as_object_mut().unwrap().extend(more);
        all
    }

    /// A connector that can reach nobody.
    pub(super) fn github(settings: &Value) -> GitHub {
        let clock = Arc::new(SystemClock::new());
        let stored = Stored {
            token: SecretRef::Env("NONE".into()),
            clock: clock.clone(),
        };
        GitHub {
            settings: Settings::parse(settings).unwrap(),
            reading: Arc::new(Bearer::new(Box::new(stored), clock, &[], |_, _| READING)),
            learnt: Arc::default(),
            granted: listed::Granted::default(),
            own: OnceLock::new(),
            warned: OnceLock::new(),
        }
    }

    #[test]
    fn what_is_declared_can_be_done() {
        declared_can_be_done::<GitHub>();
    }

    #[test]
    fn each_api_has_a_budget_of_its_own() {
        let of = |method: Method, path: &str| bucket(&method, path).name;
        assert_eq!(of(Method::POST, "/api/graphql"), "graphql");
        assert_eq!(
            of(Method::GET, "/api/v3/scim/v2/enterprises/e/Users"),
            "scim"
        );
        assert_eq!(of(Method::GET, "/user/7"), "core");
        assert_eq!(of(Method::DELETE, "/orgs/o/memberships/a"), "core write");
    }
}
