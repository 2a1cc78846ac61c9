//! Microsoft 365: Entra ID and the mailbox behind an Okta account, by Microsoft Graph v1.0.
//!
//! Reading order: [`vendor`] (what it can do), [`settings`], [`token`] with [`certificate`] (who we
//! are), [`permissions`] and [`voice`] (why it was refused), [`find`] and [`users`] (who he is), the
//! verbs one file each, [`together`] (one request for many), [`preflight`].
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
mod costs;
mod find;
mod grants;
mod limits;
mod methods;
mod permissions;
mod preflight;
mod rules;
mod sessions;
mod settings;
mod together;
mod token;
mod users;
mod vendor;
mod voice;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use async_trait::async_trait;

use self::find::Directory;
use self::settings::Settings;
use self::together::{Ask, Together};
use self::token::{Entra, GRANTED, Known, Told};
use self::vendor::VENDOR;
use self::voice::VOICE;
use super::kit::{
    Bearer, Carrier, Sent, Service, TokenEndpoint, Verb, Voice, one_by_one, opened, settle_many,
};
use super::{OpenError, Opened, Opening, Reached, Row};
use crate::connector::Costs;
use crate::model::{ActionId, Change, Finding, Identity, Lookup, Outcome, Vendor};
use crate::transport::{
    Credential, Manners, Reader, Writer, no_quota, only_401, only_429, only_json,
};

/// The row in the register.
pub(super) const ROW: Row = Row {
    vendor: &VENDOR,
    settings: settings::KEYS,
    split: super::one,
    grants: grants::grants,
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

/// One tenant.
struct M365 {
    settings: Settings,
    bearer: Arc<Bearer>,
    known: Known,
    together: Arc<Together>,
}

fn open(opening: &Opening) -> Result<Opened, OpenError> {
    let settings = opening.settings(Settings::parse)?;
    let known = Known::default();
    let entra = Entra {
        endpoint: TokenEndpoint::of(opening, settings.token_url()),
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
    let client = opening.client(Reached {
        origin: settings.graph_url.clone(),
        more_origins: Vec::new(),
        reads_as: Arc::clone(&bearer) as Arc<dyn Credential>,
        writes_as: Arc::clone(&bearer) as Arc<dyn Credential>,
        manners: MANNERS,
    });
    Ok(opened(
        opening,
        M365 {
            settings,
            bearer,
            known,
            together: Arc::default(),
        },
        client,
    ))
}

impl M365 {
    /// What the last token told of itself.
    fn told(&self) -> Option<Told> {
        self.known
            .lock()
            .expect("no code panics while it holds this lock")
            .clone()
    }

    /// Sends one write, in a crowd along with others'.
    async fn send(&self, w: &Writer<'_>, ask: Ask) -> Sent {
        self.together.send(w, ask).await
    }
}

#[async_trait]
impl Service for M365 {
    const VENDOR: &'static Vendor = &VENDOR;
    const VOICE: &'static Voice = &VOICE;
    const PROVE_FOR: Duration = Duration::from_secs(5 * 60);
    /// Enough to fill a few batches.
    const AT_ONCE: usize = 100;

    fn verb(name: &str) -> Option<&'static dyn Verb<Self>> {
        Some(match name {
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

    fn carrier(&self) -> Option<Arc<dyn Carrier>> {
        Some(Arc::clone(&self.together) as Arc<dyn Carrier>)
    }

    fn costs(&self, verb: &str) -> Option<Costs> {
        costs::of(verb)
    }

    async fn preflight(&self, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
        preflight::findings(self, r, wanted).await
    }

    async fn identify(&self, r: &Reader, who: &[Lookup]) -> Vec<Identity> {
        let directory = Directory::new(self, r);
        settle_many(&directory, who, Self::AT_ONCE).await
    }

    /// As the token tells; that was fetched with the first read.
    async fn tenant(&self, _r: &Reader) -> Result<Option<String>, String> {
        let warmed = self.bearer.header(GRANTED).await;
        warmed.map_err(|error| error.to_string())?;
        let tenant = self.told().map(|told| told.tenant);
        Ok(tenant.filter(|id| !id.is_empty()))
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
            one_by_one(self, w, batch).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::kit::declared_can_be_done;

    #[test]
    fn what_is_declared_can_be_done() {
        declared_can_be_done::<M365>();
    }
}
