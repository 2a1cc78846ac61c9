//! Google Workspace: tokens of apps, app passwords, backup codes, sessions, suspension.
//!
//! Reading order: [`vendor`] (what it can do), [`settings`], [`scopes`] with [`key`] and
//! [`issuer`] (who we are), [`answers`] (what Google says, and means), [`accounts`] (who somebody
//! is), [`reports`] (when an app was let in), and the verbs one file each: [`tokens`],
//! [`app_passwords`], [`backup_codes`], [`sign_out`], [`suspend`].
//!
//! oust is a service account with domain-wide delegation that acts for one administrator. Paths,
//! methods, fields and scopes are the Directory API's discovery document (revision 20261104), the
//! limits its documentation. The rest is not read from a text of Google's here, and is to be
//! compared with a recorded answer before anybody relies on it:
//!
//! - [docs*] the token request and its errors; that one missing scope fails it all; the 24 h.
//! - [docs*] reasons and texts of errors (403 `forbidden` for super administrators and foreign
//!   domains, 404 with `userKey`, 412); a 403 that throttles is [docs], a 429 beside it [docs*].
//! - [docs*] the shape of the Reports API's activities, its parameter names, paging, and lag.
//! - [docs*] that cookies end within minutes of a sign-out.
//! - [inferred] that sign-out leaves apps' tokens; the unit of app passwords' times; that lists
//!   show a deletion at once; what a 400 to `verificationCodes/invalidate` means; that listing
//!   tokens takes the same privilege as deleting them; the catalogue name `google`.
//!
//! Never called, on purpose: the list of backup codes, which answers with the live ones.

mod accounts;
mod answers;
mod app_passwords;
mod backup_codes;
mod issuer;
mod key;
mod preflight;
mod reports;
mod scopes;
mod settings;
mod sign_out;
mod suspend;
mod tokens;
mod vendor;

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;
use http::Method;

use self::accounts::{ByKey, Own};
use self::answers::{VOICE, is_too_fast};
use self::issuer::Delegation;
use self::settings::Settings;
use self::vendor::VENDOR;
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
    Bucket, Client, ClientParts, Credential, Manners, Reader, Writer, no_quota, only_401, only_json,
};

/// The row in the register.
pub(super) const ROW: Row = Row {
    vendor: &VENDOR,
    settings: settings::KEYS,
    split: super::one,
    open,
};

const MANNERS: Manners = Manners {
    bucket,
    headers: &[],
    request_ids: &[],
    throttled: is_too_fast,
    expired: only_401,
    body: only_json,
    quota: no_quota,
};

/// Subjects looked up at the same time.
const AT_ONCE: usize = 16;

/// One Workspace.
struct Google {
    settings: Settings,
    bearer: Arc<Bearer>,
    /// The administrator whom we act for, once read.
    own: OnceLock<Own>,
}

fn open(opening: &Opening) -> Result<Opened, OpenError> {
    let settings = Settings::parse(&opening.settings).map_err(|why| OpenError {
        id: opening.id.clone(),
        why,
        hint: "see `connectors:` in config/oust.yaml".into(),
    })?;
    let bearer = Arc::new(bearer(opening, &settings));
    let client = Arc::new(Client::new(ClientParts {
        system: opening.id.clone(),
        origin: settings.api_url.clone(),
        more_origins: Vec::new(),
        wire: Arc::clone(&opening.wire),
        clock: Arc::clone(&opening.clock),
        rng: Arc::clone(&opening.rng),
        reads_as: Arc::clone(&bearer) as Arc<dyn Credential>,
        writes_as: Arc::clone(&bearer) as Arc<dyn Credential>,
        manners: MANNERS,
        user_agent: opening.user_agent.clone(),
    }));
    let google = Google {
        settings,
        bearer,
        own: OnceLock::new(),
    };
    Ok(Opened::Service(System {
        id: opening.id.clone(),
        connector: Arc::new(google),
        apps: VENDOR.apps.iter().map(|app| (*app).to_owned()).collect(),
        client,
    }))
}

/// Reads and writes take the same tokens: Google has no read-only scope for what is listed here.
fn bearer(opening: &Opening, settings: &Settings) -> Bearer {
    let delegation = Delegation {
        endpoint: TokenEndpoint {
            system: opening.id.to_string(),
            wire: Arc::clone(&opening.wire),
            clock: Arc::clone(&opening.clock),
            rng: Arc::clone(&opening.rng),
            url: settings.token_url.to_string(),
            user_agent: opening.user_agent.clone(),
            secrets: Secrets::default(),
        },
        account: settings.account.clone(),
        admin: settings.admin.clone(),
        ahead: AtomicI64::new(0),
    };
    Bearer::new(
        Box::new(delegation),
        Arc::clone(&opening.clock),
        scopes::ALWAYS,
        scopes::power_of,
    )
}

/// Queries a minute by one user of one Cloud project; the administrator is the user. The Reports
/// API's own limit is [docs*].
fn bucket(_method: &Method, path: &str) -> Bucket {
    if scopes::is_report(path) {
        return Bucket {
            name: "reports",
            per_minute: 250,
        };
    }
    Bucket {
        name: "directory",
        per_minute: 2400,
    }
}

/// The verb behind an action.
fn verb(action: &ActionId) -> Option<&'static dyn Verb<Google>> {
    Some(match action.verb() {
        "revoke_tokens" => &tokens::RevokeTokens,
        "delete_app_passwords" => &app_passwords::DeleteAppPasswords,
        "invalidate_backup_codes" => &backup_codes::InvalidateBackupCodes,
        "sign_out" => &sign_out::SignOut,
        "suspend_user" => &suspend::SuspendUser,
        "unsuspend_user" => &suspend::UnsuspendUser,
        _ => return None,
    })
}

impl Google {
    /// The administrator whom we act for; kept once read.
    async fn own(&self, r: &Reader) -> Result<Own, String> {
        if let Some(own) = self.own.get() {
            return Ok(own.clone());
        }
        let own = accounts::own(&Glance::new(r, &VOICE), &self.settings.admin).await?;
        Ok(self.own.get_or_init(|| own).clone())
    }
}

#[async_trait]
impl Connector for Google {
    fn vendor(&self) -> &'static Vendor {
        &VENDOR
    }

    async fn preflight(&self, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
        preflight::findings(self, r, wanted).await
    }

    async fn identify(&self, r: &Reader, who: &[Lookup]) -> Vec<Identity> {
        let glance = Glance::new(r, &VOICE);
        let finder = ByKey {
            glance: &glance,
            customer: self.settings.customer.as_deref(),
        };
        let each: Vec<BoxFuture<'_, Identity>> = who
            .iter()
            .map(|lookup| Box::pin(settle(&finder, lookup)) as BoxFuture<'_, Identity>)
            .collect();
        stream::iter(each).buffered(AT_ONCE).collect().await
    }

    async fn own_ids(&self, r: &Reader) -> Result<Vec<String>, String> {
        self.own(r).await.map(|own| vec![own.id])
    }

    async fn tenant(&self, r: &Reader) -> Result<Option<String>, String> {
        let customer = self.own(r).await?.customer;
        Ok(Some(customer).filter(|id| !id.is_empty()))
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

    async fn apply(&self, w: &Writer<'_>, batch: &[Change]) -> Vec<Outcome> {
        apply_all(verb, self, w, batch).await
    }

    async fn prove(&self, r: &Reader, done: &[Applied]) -> Vec<Proof> {
        prove_all(verb, self, &VOICE, r, done).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        inverse_of(verb, done)
    }

    /// Lists and states are read at once [inferred]; what is unverifiable says so without waiting.
    fn prove_for(&self) -> Duration {
        Duration::from_secs(2 * 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_declared_can_be_done_and_every_verb_is_declared() {
        for action in VENDOR.actions {
            assert!(verb(&action.id("google")).is_some(), "{}", action.verb);
            assert!(!action.needs.is_empty(), "{}", action.verb);
        }
        assert!(verb(&ActionId::new("google", "make_coffee")).is_none());
    }
}
