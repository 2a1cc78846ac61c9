//! Microsoft 365: Entra ID and the mailbox behind an Okta account, by Microsoft Graph v1.0.
//!
//! Reading order: [`vendor`] (what it can do), [`settings`], [`token`] with [`certificate`] (who we
//! are), [`permissions`] and [`voice`] (why it was refused), [`find`] and [`users`] (who he is), the
//! verbs one file each, [`preflight`].
//!
//! The app acts as itself (client credentials): it is no user and can never be a subject. Every call
//! after the lookup is made with the object id. What rests on more than what was read in a
//! specification or in documentation is marked [docs*] (documentation known, not read again) or
//! [inferred] (deduced) in the file that uses it. In short:
//!
//! - [docs*] the AADSTS numbers, the claims of a token, user names with `$`, roles for administrators,
//!   Exchange's 403, the audit's retention, lag and field names;
//! - [inferred] five seconds between two clocks, a minute of lag before the contrary counts, the
//!   default method's 400, `#EXT#` for external people, a sync that enables an account again, and
//!   which methods bypass Okta.

mod account;
mod certificate;
mod consents;
mod find;
mod limits;
mod methods;
mod permissions;
mod preflight;
mod rules;
mod sessions;
mod settings;
mod token;
mod users;
mod vendor;
mod voice;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};

use self::find::Directory;
use self::settings::Settings;
use self::token::{Entra, GRANTED, Known, Told};
use self::vendor::VENDOR;
use self::voice::VOICE;
use super::kit::{
    Bearer, Glance, Planning, Secrets, TokenEndpoint, Verb, apply_all, inverse_of, plan_all,
    prove_all,
};
use super::{OpenError, Opened, Opening, Row};
use crate::connector::{CannotUndo, Connector, Identified, Planned, Step, System};
use crate::identity::settle;
use crate::model::{
    ActionId, Applied, Case, Change, Finding, Identity, Lookup, Outcome, Proof, Vendor,
};
use crate::transport::{
    Client, ClientParts, Credential, Manners, Reader, Writer, no_quota, only_401, only_429,
    only_json,
};

/// The row in the register.
pub(super) const ROW: Row = Row {
    vendor: &VENDOR,
    settings: settings::KEYS,
    split: super::one,
    open,
};

const MANNERS: Manners = Manners {
    bucket: limits::bucket,
    headers: &[("x-ms-throttle-priority", "high")],
    request_ids: &["request-id"],
    throttled: only_429,
    expired: only_401,
    body: only_json,
    quota: no_quota,
};

/// People looked up at the same time.
const AT_ONCE: usize = 16;

/// One tenant.
struct M365 {
    settings: Settings,
    bearer: Arc<Bearer>,
    known: Known,
}

fn open(opening: &Opening) -> Result<Opened, OpenError> {
    let settings = Settings::parse(&opening.settings).map_err(|why| OpenError {
        id: opening.id.clone(),
        why,
        hint: "see `connectors:` in config/oust.yaml".into(),
    })?;
    let known = Known::default();
    let entra = Entra {
        endpoint: TokenEndpoint {
            system: opening.id.to_string(),
            wire: Arc::clone(&opening.wire),
            clock: Arc::clone(&opening.clock),
            rng: Arc::clone(&opening.rng),
            url: settings.token_url(),
            user_agent: opening.user_agent.clone(),
            secrets: Secrets::default(),
        },
        settings: settings.clone(),
        known: Arc::clone(&known),
        ahead: AtomicI64::new(0),
    };
    let bearer = Arc::new(Bearer::new(
        Box::new(entra),
        Arc::clone(&opening.clock),
        &[GRANTED],
        token::power_of,
    ));
    let client = Arc::new(Client::new(ClientParts {
        system: opening.id.clone(),
        origin: settings.graph_url.clone(),
        more_origins: Vec::new(),
        wire: Arc::clone(&opening.wire),
        clock: Arc::clone(&opening.clock),
        rng: Arc::clone(&opening.rng),
        reads_as: Arc::clone(&bearer) as Arc<dyn Credential>,
        writes_as: Arc::clone(&bearer) as Arc<dyn Credential>,
        manners: MANNERS,
        user_agent: opening.user_agent.clone(),
    }));
    Ok(Opened::Service(System {
        id: opening.id.clone(),
        connector: Arc::new(M365 {
            settings,
            bearer,
            known,
        }),
        apps: VENDOR.apps.iter().map(|app| (*app).to_owned()).collect(),
        client,
    }))
}

/// The verb behind an action.
fn verb(action: &ActionId) -> Option<&'static dyn Verb<M365>> {
    Some(match action.verb() {
        "revoke_sessions" => &sessions::RevokeSessions,
        "disable_account" => &account::DisableAccount,
        "delete_auth_methods" => &methods::DeleteAuthMethods,
        "revoke_consents" => &consents::RevokeConsents,
        "disable_inbox_rules" => &rules::DisableInboxRules,
        "enable_account" => &account::EnableAccount,
        "enable_inbox_rule" => &rules::EnableInboxRule,
        _ => return None,
    })
}

impl M365 {
    /// What the last token told of itself.
    fn told(&self) -> Option<Told> {
        self.known
            .lock()
            .expect("no code panics while it holds this lock")
            .clone()
    }
}

#[async_trait]
impl Connector for M365 {
    fn vendor(&self) -> &'static Vendor {
        &VENDOR
    }

    async fn preflight(&self, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
        preflight::findings(self, r, wanted).await
    }

    async fn identify(&self, r: &Reader, who: &[Lookup]) -> Vec<Identity> {
        let directory = Directory::new(self, r);
        let each: Vec<BoxFuture<'_, Identity>> = who
            .iter()
            .map(|lookup| Box::pin(settle(&directory, lookup)) as BoxFuture<'_, Identity>)
            .collect();
        stream::iter(each).buffered(AT_ONCE).collect().await
    }

    /// As the token tells; that was fetched with the first read.
    async fn tenant(&self, _r: &Reader) -> Result<Option<String>, String> {
        let warmed = self.bearer.header(GRANTED).await;
        warmed.map_err(|error| error.to_string())?;
        let tenant = self.told().map(|told| told.tenant);
        Ok(tenant.filter(|id| !id.is_empty()))
    }

    async fn plan(&self, r: &Reader, step: &Step, who: &[Identified], case: &Case) -> Vec<Planned> {
        let glance = Glance::new(r, &VOICE);
        let planning = Planning {
            service: self,
            glance: &glance,
            step,
            case,
        };
        plan_all(verb(&step.action), &planning, who).await
    }

    /// Methods of one person go together: one may wait for the others.
    fn batch(&self, changes: Vec<Change>) -> Vec<Vec<Change>> {
        let mut batches: Vec<Vec<Change>> = Vec::new();
        for change in changes {
            match batches.last_mut() {
                Some(last)
                    if methods::is_one(&change)
                        && last.iter().all(|each| {
                            methods::is_one(each) && each.subject == change.subject
                        }) =>
                {
                    last.push(change);
                }
                _ => batches.push(vec![change]),
            }
        }
        batches
    }

    async fn apply(&self, w: &Writer<'_>, batch: &[Change]) -> Vec<Outcome> {
        if batch.iter().all(methods::is_one) {
            methods::delete_all(self, w, batch).await
        } else {
            apply_all(verb, self, w, batch).await
        }
    }

    async fn prove(&self, r: &Reader, done: &[Applied]) -> Vec<Proof> {
        prove_all(verb, self, &VOICE, r, done).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        inverse_of(verb, done)
    }

    fn prove_for(&self) -> Duration {
        Duration::from_secs(5 * 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_declared_can_be_done_and_every_verb_is_declared() {
        for action in VENDOR.actions {
            assert!(verb(&action.id("m365")).is_some(), "{}", action.verb);
            assert!(!action.needs.is_empty(), "{}", action.verb);
        }
        assert!(verb(&ActionId::new("m365", "make_coffee")).is_none());
    }
}
