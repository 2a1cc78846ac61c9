//! Okta: the identity source, and the first place an intruder is thrown out of.
//!
//! Reading order: [`vendor`] (what it can do), [`settings`], [`auth`] with [`scopes`],
//! [`powers`], [`grantor`], [`token`], [`key`] and [`dpop`] (who we are), [`verb`] (what a verb is made of)
//! and the verbs one file each, [`answers`] (what a status means for a change), [`events`]
//! (proof by the System Log), [`directory`] and [`signs`] (what only an identity source knows).
//!
//! Every call is made with the account's immutable id; a login is looked up once.

mod account;
mod active;
mod addresses;
mod answers;
mod api_tokens;
mod app_users;
mod assignments;
mod auth;
mod console;
mod costs;
mod crowd;
mod devices;
mod directory;
mod dpop;
mod events;
mod factor_events;
mod factors;
mod glance;
mod grantor;
mod grants;
mod history;
mod holdings;
mod idps;
mod key;
mod learn;
mod limits;
mod locks;
mod logged;
mod logout;
mod logs;
mod made_in_window;
mod memberships;
mod oauth;
mod org_tokens;
mod org_wide;
mod pages;
mod powers;
mod preflight;
mod quarantine;
mod release;
mod roles;
mod scopes;
mod select;
mod sessions;
mod settings;
mod signs;
mod support;
mod suspend;
mod threats;
mod together;
mod token;
mod users;
mod vendor;
mod verb;
mod zones;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use self::auth::Keyring;
use self::crowd::in_order;
use self::events::Evidence;
use self::glance::{Glance, Unread, text};
use self::grantor::Grantor;
use self::logged::Logged;
use self::powers::{Powers, Rare};
use self::scopes::{CHECKED, RARE, Scopes};
use self::settings::{Auth, Settings};
use self::together::Together;
use self::token::Endpoint;
use self::vendor::VENDOR;
use self::verb::{Planning, Verb};
use super::{OpenError, Opened, Opening, Reached, Row};
use crate::connector::{
    CannotUndo, Connector, Costs, DirectorySystem, Identified, Planned, Step, System,
};
use crate::model::{
    ActionId, Applied, Case, Change, Finding, Identity, Lookup, Outcome, OutcomeKind, Proof,
    ProofState, Skip, UserId, Vendor,
};
use crate::transport::{
    Credential, Manners, Path, Reader, Writer, no_quota, only_401, only_429, only_json,
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
    headers: &[],
    request_ids: &["x-okta-request-id", "x-request-id"],
    throttled: only_429,
    expired: only_401,
    body: only_json,
    quota: no_quota,
};

/// One org.
struct Okta {
    settings: Settings,
    /// The system's id, for errors.
    id: String,
    /// The token endpoint, for the preflight.
    grantor: Arc<Grantor>,
    /// The account that our API token belongs to, once asked.
    own: OnceCell<Option<UserId>>,
    /// Reads of the whole org, shared by all who wait for them.
    together: Together,
    /// A zone is replaced whole: one change of ours at a time.
    zone_turn: tokio::sync::Mutex<()>,
}

fn open(opening: &Opening) -> Result<Opened, OpenError> {
    let settings = opening.settings(Settings::parse)?;
    let grantor = Arc::new(Grantor::new(Endpoint {
        wire: Arc::clone(&opening.wire),
        clock: Arc::clone(&opening.clock),
        rng: Arc::clone(&opening.rng),
        url: format!("{}oauth2/v1/token", settings.org_url),
        user_agent: opening.user_agent.clone(),
    }));
    let (reads_as, writes_as) = credentials(opening, &settings, &grantor);
    let client = opening.client(Reached {
        origin: settings.org_url.clone(),
        more_origins: Vec::new(),
        reads_as,
        writes_as,
        manners: MANNERS,
    });
    let okta = Arc::new(Okta {
        settings,
        id: opening.id.to_string(),
        grantor,
        own: OnceCell::new(),
        together: Together::default(),
        zone_turn: tokio::sync::Mutex::default(),
    });
    let system = System {
        id: opening.id.clone(),
        connector: okta.clone(),
        apps: Vec::new(),
        client,
    };
    Ok(Opened::Directory(DirectorySystem {
        system,
        directory: okta,
    }))
}

/// What reads and what writes are signed with. A lone SSWS token has no scopes to split.
fn credentials(
    opening: &Opening,
    settings: &Settings,
    grantor: &Arc<Grantor>,
) -> (Arc<dyn Credential>, Arc<Powers>) {
    let is_app = |auth: &Auth| matches!(auth, Auth::ServiceApp { .. });
    let second_is_an_app = settings.second.as_ref().is_some_and(is_app);
    let powers = |first: &Auth, everyday: Scopes, rare: &[(&'static str, &'static str)]| {
        let keyring = |scopes: Scopes| {
            let sources = [first]
                .into_iter()
                .chain(&settings.second)
                .cloned()
                .collect();
            let grantor = Arc::clone(grantor);
            Arc::new(Keyring::new(opening.id.as_str(), sources, scopes, grantor))
        };
        let own = |(below, scope): &(&'static str, &'static str)| Rare {
            below,
            keyring: keyring(Scopes::only(scope)),
        };
        let rare: Vec<Rare> = match is_app(first) || second_is_an_app {
            true => rare.iter().map(own).collect(),
            false => Vec::new(),
        };
        Arc::new(Powers::new(keyring(everyday), rare))
    };
    let to_write: Vec<_> = RARE
        .iter()
        .map(|(below, _, manage)| (*below, *manage))
        .collect();
    let to_read: Vec<_> = RARE
        .iter()
        .filter_map(|(below, read, _)| Some((*below, (*read)?)))
        .chain(CHECKED.iter().copied())
        .collect();
    let writes = powers(&settings.auth, Scopes::writing(), &to_write);
    let reads: Arc<dyn Credential> = match (&settings.read_auth, &settings.auth) {
        (None, Auth::ApiToken(_)) if !second_is_an_app => writes.clone(),
        (read_auth, auth) => powers(
            read_auth.as_ref().unwrap_or(auth),
            Scopes::reading(),
            &to_read,
        ),
    };
    (reads, writes)
}

/// The verb behind an action.
fn verb(action: &ActionId) -> Option<&'static dyn Verb> {
    Some(match action.verb() {
        "clear_sessions" => &sessions::ClearSessions,
        "suspend_user" => &suspend::SuspendUser,
        "quarantine_user" => &quarantine::QuarantineUser,
        "deactivate_user" => &account::DeactivateUser,
        "universal_logout" => &logout::UniversalLogout,
        "delete_factors" => &factors::DeleteFactors,
        "reset_factors" => &account::ResetFactors,
        "revoke_api_tokens" => &api_tokens::RevokeApiTokens,
        "revoke_oauth_grants" => &oauth::RevokeOauthGrants,
        "remove_admin_roles" => &roles::RemoveAdminRoles,
        "remove_group_memberships" => &memberships::RemoveGroupMemberships,
        "remove_app_assignments" => &assignments::RemoveAppAssignments,
        "suspend_devices" => &devices::SuspendDevices,
        "assign_admin_role" => &roles::AssignAdminRole,
        "add_group_membership" => &memberships::AddGroupMembership,
        "unlink_idps" => &idps::UnlinkIdps,
        "end_support_access" => &support::EndSupportAccess,
        "block_addresses" => &addresses::BlockAddresses,
        "block_threat_sources" => &threats::BlockThreatSources,
        "unblock_address" => &addresses::UnblockAddress,
        "restore_threat_insight" => &threats::RestoreThreatInsight,
        "assign_app" => &assignments::AssignApp,
        "unsuspend_device" => &devices::UnsuspendDevice,
        "unquarantine_user" => &quarantine::UnquarantineUser,
        "unsuspend_user" => &release::UnsuspendUser,
        "reset_password" => &release::ResetPassword,
        "expire_password_with_temp" => &release::ExpirePasswordWithTemp,
        _ => return None,
    })
}

impl Okta {
    fn host(&self) -> String {
        self.settings
            .org_url
            .host_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Every credential that is configured.
    fn credentials(&self) -> impl Iterator<Item = &Auth> {
        let settings = &self.settings;
        [&settings.auth]
            .into_iter()
            .chain(&settings.read_auth)
            .chain(&settings.second)
    }

    /// The account that our API token belongs to; kept once answered. `None` if a service app
    /// reads: whose token the other credential is, Okta then tells nobody.
    async fn own_user(&self, glance: &Glance) -> Result<Option<UserId>, String> {
        let by_token = |auth: &Auth| matches!(auth, Auth::ApiToken(_));
        if !self.credentials().any(by_token) {
            return Ok(None);
        }
        let ask = || async {
            let path = Path::new("/api/v1/users/me");
            let got = glance.one_with(&self.together, path).await;
            match &*got {
                Ok(user) if text(user, "id").is_empty() => Err("Okta's answer names no id".into()),
                Ok(user) => Ok(Some(UserId::new(text(user, "id")))),
                Err(Unread::NoAnswer(why)) => Err(why.clone()),
                Err(unread) if self.credentials().all(by_token) => Err(unread.why()),
                Err(_) => Ok(None),
            }
        };
        self.own.get_or_try_init(ask).await.cloned()
    }

    async fn prove_one(&self, r: &Reader, evidence: &Evidence<'_>, item: &Applied) -> Proof {
        let Some(verb) = verb(&item.change.action) else {
            let how = format!("`{}` is not an action of Okta's", item.change.action);
            return Proof::read(ProofState::Unverifiable, how, r.clock().now());
        };
        let (state, how) = verb.prove(self, evidence, item).await;
        let event_at = match state {
            ProofState::Proven => verb.logged_at(evidence, item).await,
            _ => None,
        };
        Proof {
            event_at,
            ..Proof::read(state, how, r.clock().now())
        }
    }

    /// Whether an event of the log is an act of ours: by our client, or by our own account with
    /// our user agent. The user agent alone proves nothing.
    fn is_ours(&self, event: &Logged, own: Option<&UserId>) -> bool {
        let by_client = self
            .credentials()
            .filter_map(Auth::client_id)
            .any(|id| event.client == id || event.actor == id);
        let by_account =
            own.is_some_and(|own| event.actor == own.as_str()) && event.is_by_our_agent;
        by_client || by_account
    }
}

#[async_trait]
impl Connector for Okta {
    fn vendor(&self) -> &'static Vendor {
        &VENDOR
    }

    async fn preflight(&self, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
        preflight::findings(self, r, wanted).await
    }

    /// At the directory a subject is himself.
    async fn identify(&self, _r: &Reader, who: &[Lookup]) -> Vec<Identity> {
        let found = |lookup: &Lookup| Identity::Found {
            id: lookup.subject.to_string(),
        };
        who.iter().map(found).collect()
    }

    async fn plan(&self, r: &Reader, step: &Step, who: &[Identified], case: &Case) -> Vec<Planned> {
        let Some(verb) = verb(&step.action) else {
            let why = format!("`{}` is not an action of Okta's", step.action);
            let none = Planned::skipped(Skip::Unsupported { why });
            return vec![none; who.len()];
        };
        let glance = match step.again {
            true => Glance::new(r),
            false => Glance::joining(r),
        };
        let planning = Planning {
            okta: self,
            glance: &glance,
            step,
            case,
            who,
        };
        in_order(who, |who| verb.plan(&planning, who)).await
    }

    async fn apply(&self, w: &Writer<'_>, batch: &[Change]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(batch.len());
        for change in batch {
            outcomes.push(match verb(&change.action) {
                Some(verb) => verb.apply(self, w, change).await,
                None => Outcome::bare(OutcomeKind::Failed {
                    why: format!("`{}` is not an action of Okta's", change.action),
                    hint: "this plan was made by another version: plan again".into(),
                }),
            });
        }
        outcomes
    }

    async fn prove(&self, r: &Reader, done: &[Applied]) -> Vec<Proof> {
        let evidence = Evidence::new(self, r, done);
        in_order(done, |item| Box::pin(self.prove_one(r, &evidence, item))).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        match verb(&done.change.action) {
            Some(verb) => verb.inverse(done),
            None => Err(CannotUndo::Never("another version made this change".into())),
        }
    }

    fn costs(&self, action: &ActionId) -> Option<Costs> {
        costs::of(action.verb())
    }

    fn raises(&self, _bucket: &str) -> Option<&'static str> {
        Some(costs::RAISES)
    }

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
            assert!(verb(&action.id("okta")).is_some(), "{}", action.verb);
            assert!(!action.needs.is_empty(), "{}", action.verb);
        }
        assert!(verb(&ActionId::new("okta", "make_coffee")).is_none());
    }
}
