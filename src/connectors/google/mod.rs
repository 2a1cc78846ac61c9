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
mod costs;
mod grants;
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
use http::Method;

use self::accounts::{ByKey, Own};
use self::answers::{VOICE, is_too_fast};
use self::issuer::Delegation;
use self::settings::Settings;
use self::vendor::VENDOR;
use super::kit::{Bearer, Glance, Service, TokenEndpoint, Verb, Voice, opened, settle_all};
use super::{OpenError, Opened, Opening, Reached, Row};
use crate::connector::Costs;
use crate::model::{ActionId, Finding, Identity, Lookup, Vendor};
use crate::transport::{Bucket, Credential, Manners, Reader, no_quota, only_401, only_json};

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
    throttled: is_too_fast,
    expired: only_401,
    body: only_json,
    quota: no_quota,
};

/// One Workspace.
struct Google {
    settings: Settings,
    bearer: Arc<Bearer>,
    /// The administrator whom we act for, once read.
    own: OnceLock<Own>,
}

fn open(opening: &Opening) -> Result<Opened, OpenError> {
    let settings = opening.settings(Settings::parse)?;
    let bearer = Arc::new(bearer(opening, &settings));
    let client = opening.client(Reached {
        origin: settings.api_url.clone(),
        more_origins: Vec::new(),
        reads_as: Arc::clone(&bearer) as Arc<dyn Credential>,
        writes_as: Arc::clone(&bearer) as Arc<dyn Credential>,
        manners: MANNERS,
    });
    let google = Google {
        settings,
        bearer,
        own: OnceLock::new(),
    };
    Ok(opened(opening, google, client))
}

/// Reads and writes take the same tokens: Google has no read-only scope for what is listed here.
fn bearer(opening: &Opening, settings: &Settings) -> Bearer {
    let delegation = Delegation {
        endpoint: TokenEndpoint::of(opening, settings.token_url.to_string()),
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
impl Service for Google {
    const VENDOR: &'static Vendor = &VENDOR;
    const VOICE: &'static Voice = &VOICE;
    /// Lists and states are read at once [inferred]; what is unverifiable says so without waiting.
    const PROVE_FOR: Duration = Duration::from_secs(2 * 60);

    fn verb(name: &str) -> Option<&'static dyn Verb<Self>> {
        Some(match name {
            "revoke_tokens" => &tokens::RevokeTokens,
            "delete_app_passwords" => &app_passwords::DeleteAppPasswords,
            "invalidate_backup_codes" => &backup_codes::InvalidateBackupCodes,
            "sign_out" => &sign_out::SignOut,
            "suspend_user" => &suspend::SuspendUser,
            "unsuspend_user" => &suspend::UnsuspendUser,
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
            glance: &glance,
            customer: self.settings.customer.as_deref(),
        };
        settle_all(&finder, who).await
    }

    async fn own_ids(&self, r: &Reader) -> Result<Vec<String>, String> {
        self.own(r).await.map(|own| vec![own.id])
    }

    async fn tenant(&self, r: &Reader) -> Result<Option<String>, String> {
        let customer = self.own(r).await?.customer;
        Ok(Some(customer).filter(|id| !id.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::kit::declared_can_be_done;

    #[test]
    fn what_is_declared_can_be_done() {
        declared_can_be_done::<Google>();
    }
}
