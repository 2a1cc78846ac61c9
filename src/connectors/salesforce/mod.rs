//! Salesforce: freezing, OAuth tokens of apps, sessions.
//!
//! Reading order: [`vendor`] (what it can do), [`settings`], [`token`] (who we are), [`voice`] (what
//! Salesforce says, and means), [`soql`] and [`rights`] (asking, and whether "none" can be believed),
//! [`people`] (who somebody is), the verbs one file each: [`freeze`], [`tokens`], [`sessions`], [`together`] (many
//! in one query), and [`preflight`].
//!
//! Salesforce publishes no machine-readable description: everything here rests on its
//! documentation. What was read is [docs]; what is known from it and was not read again [docs*], and
//! what is deduced [inferred], stands in the file that uses it. In short:
//!
//! - [docs*] the token request's answers and errors, error codes and their statuses, SOQL paging,
//!   composite deletion, `UserPermissionAccess`, `Sforce-Limit-Info`, descriptions of objects;
//! - [inferred] that sessions may be deleted by the composite call, that a parent takes its children
//!   along, that expired rows linger, that `Manage Users` is what shows others' sessions, and the
//!   catalogue name of Okta's app.
//!
//! Never selected: `OauthToken.AccessToken`, which is a refresh token. `DeleteToken` is selected
//! just before it is used, and never by a plan.

mod costs;
mod freeze;
mod grants;
mod people;
mod preflight;
mod rights;
mod sessions;
mod settings;
mod soql;
mod together;
mod token;
mod tokens;
mod vendor;
mod voice;

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use http::Method;

use self::people::People;
use self::sessions::TOGETHER_MAX;
use self::settings::Settings;
use self::together::Together;
use self::token::{API, Instance, Integration, Signer};
use self::vendor::VENDOR;
use self::voice::VOICE;
use super::kit::{
    Bearer, Carrier, Glance, Service, TokenEndpoint, Verb, Voice, one_by_one, opened, settle_many,
};
use super::{OpenError, Opened, Opening, Reached, Row};
use crate::connector::Costs;
use crate::model::{ActionId, Change, Finding, Identity, Lookup, Outcome, Vendor};
use crate::transport::{Bucket, Credential, Manners, Quota, Reader, Writer, only_401, only_json};

/// The row in the register.
pub(super) const ROW: Row = Row {
    vendor: &VENDOR,
    settings: settings::KEYS,
    split: super::one,
    grants: grants::grants,
    open,
};

const MANNERS: Manners = Manners {
    bucket,
    headers: &[],
    request_ids: &[],
    throttled: voice::too_many_at_once,
    expired: only_401,
    body: only_json,
    quota: voice::quota,
};

/// One org.
struct Salesforce {
    settings: Settings,
    /// `/services/data/v66.0`
    data: String,
    bearer: Arc<Bearer>,
    instance: Instance,
    /// What many ask for.
    together: Together,
    /// The integration user's id, once read.
    own: OnceLock<String>,
}

fn open(opening: &Opening) -> Result<Opened, OpenError> {
    let settings = opening.settings(Settings::parse)?;
    let instance = Instance::default();
    let bearer = Arc::new(bearer(opening, &settings, &instance));
    let signer: Arc<dyn Credential> = Arc::new(Signer(Arc::clone(&bearer)));
    let client = opening.client(Reached {
        origin: settings.instance_url.clone(),
        more_origins: Vec::new(),
        reads_as: Arc::clone(&signer),
        writes_as: signer,
        manners: MANNERS,
    });
    let salesforce = Salesforce {
        data: settings.data(),
        settings,
        bearer,
        instance,
        together: Together::default(),
        own: OnceLock::new(),
    };
    Ok(opened(opening, salesforce, client))
}

/// Reads and writes take the same token: Salesforce's scope `api` knows no reading alone.
fn bearer(opening: &Opening, settings: &Settings, instance: &Instance) -> Bearer {
    let integration = Integration {
        endpoint: TokenEndpoint::of(opening, settings.token_url()),
        settings: settings.clone(),
        ahead: AtomicI64::new(0),
        instance: Arc::clone(instance),
    };
    Bearer::new(
        Box::new(integration),
        Arc::clone(&opening.clock),
        &[API],
        token::power_of,
    )
}

/// Salesforce has no limit by the minute: its quota is a day's, and told to people. The pace only
/// keeps us from using it up in one go.
fn bucket(_method: &Method, _path: &str) -> Bucket {
    Bucket {
        name: "api",
        per_minute: 6_000,
    }
}

/// How many changes of an action go together; more than one only of one account.
fn together(action: &ActionId) -> usize {
    match action.verb() {
        "revoke_oauth_tokens" => usize::MAX,
        "delete_sessions" => TOGETHER_MAX,
        _ => 1,
    }
}

/// What is left of the day's requests, for people.
fn short_of(quota: Quota) -> String {
    format!(
        "of the org's {} API requests in 24 hours {} are left, for all its integrations",
        quota.max,
        quota.left()
    )
}

impl Salesforce {
    /// The instance of the last token.
    fn instance(&self) -> Option<String> {
        self.instance
            .lock()
            .expect("no code panics while it holds this lock")
            .clone()
    }

    /// What a person should read beside any plan here.
    fn notes(&self, r: &Reader) -> Vec<String> {
        let short = r.quota().filter(Quota::is_short);
        short.map(short_of).into_iter().collect()
    }
}

#[async_trait]
impl Service for Salesforce {
    const VENDOR: &'static Vendor = &VENDOR;
    const VOICE: &'static Voice = &VOICE;
    /// Rows are read from where they were changed; what a list still shows goes within moments
    /// [inferred].
    const PROVE_FOR: Duration = Duration::from_secs(2 * 60);
    /// Enough for a few queries about many.
    const AT_ONCE: usize = 200;

    fn verb(name: &str) -> Option<&'static dyn Verb<Self>> {
        Some(match name {
            "freeze_user" => &freeze::FreezeUser,
            "unfreeze_user" => &freeze::UnfreezeUser,
            "revoke_oauth_tokens" => &tokens::RevokeOauthTokens,
            "delete_sessions" => &sessions::DeleteSessions,
            _ => return None,
        })
    }

    fn carrier(&self) -> Option<Arc<dyn Carrier>> {
        Some(Arc::clone(&self.together.shared) as Arc<dyn Carrier>)
    }

    fn costs(&self, verb: &str) -> Option<Costs> {
        costs::of(verb)
    }

    async fn preflight(&self, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
        preflight::findings(self, r, wanted).await
    }

    async fn identify(&self, r: &Reader, who: &[Lookup]) -> Vec<Identity> {
        let people = People {
            salesforce: self,
            glance: Glance::new(r, &VOICE).carried(self.carrier()),
        };
        settle_many(&people, who, Self::AT_ONCE).await
    }

    async fn own_ids(&self, r: &Reader) -> Result<Vec<String>, String> {
        if let Some(own) = self.own.get() {
            return Ok(vec![own.clone()]);
        }
        let own = people::own(self, &Glance::new(r, &VOICE)).await?;
        Ok(vec![self.own.get_or_init(|| own).clone()])
    }

    /// By its My Domain, of which each org has its own; it costs no read.
    async fn tenant(&self, _r: &Reader) -> Result<Option<String>, String> {
        Ok(Some(self.settings.instance_url.to_string()))
    }

    /// One list of secrets serves all apps of one account, and one call many sessions.
    fn batch(&self, changes: Vec<Change>) -> Vec<Vec<Change>> {
        let mut batches: Vec<Vec<Change>> = Vec::new();
        for change in changes {
            let fits = |last: &&mut Vec<Change>| {
                last.len() < together(&change.action)
                    && last
                        .iter()
                        .all(|each| each.action == change.action && each.subject == change.subject)
            };
            match batches.last_mut().filter(fits) {
                Some(last) => last.push(change),
                None => batches.push(vec![change]),
            }
        }
        batches
    }

    async fn apply(&self, w: &Writer<'_>, batch: &[Change]) -> Vec<Outcome> {
        match batch.first().map(|change| change.action.verb()) {
            Some("revoke_oauth_tokens") => tokens::revoke_all(self, w, batch).await,
            Some("delete_sessions") => together::delete_sessions(self, w, batch).await,
            _ => one_by_one(self, w, batch).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::kit::declared_can_be_done;

    #[test]
    fn what_is_declared_can_be_done() {
        declared_can_be_done::<Salesforce>();
    }
}
