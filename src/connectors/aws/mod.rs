//! AWS: sessions in the roles of accounts, and users of IAM Identity Center.
//!
//! Reading order: [`vendor`] (what it can do), [`settings`] (one entry, several systems),
//! [`credentials`] with [`sigv4`], [`sts`] and [`profile`] (who signs), [`voice`] (what AWS says, and
//! means), [`api`] (how calls are built). At an account: [`trail`], [`providers`] and [`sessions`] (who
//! has which), [`people`], [`roles`], [`held`] and [`policy`] (what is written where), [`simulate`],
//! [`deny`]. At Identity Center: [`identity_center`] (who is who), [`scp`] (the policy), [`block`]. And
//! [`preflight`].
//!
//! Each account is a system, `aws:<account id>`, and carries `deny_sessions`. The organisation's
//! Identity Center is one more, `aws:identity-center`, and carries `block_identity_center_user`. No
//! API of AWS ends a session: both deny everything to it instead.

mod api;
mod arn;
mod block;
mod costs;
mod credentials;
mod deny;
mod grants;
mod held;
mod identity_center;
mod people;
mod policy;
mod preflight;
mod profile;
mod providers;
mod roles;
mod scp;
mod sessions;
mod settings;
mod sigv4;
mod simulate;
mod sts;
mod trail;
mod vendor;
mod voice;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Mutex, OnceCell};

use self::credentials::{Signer, no_skew};
use self::identity_center::Users;
use self::settings::{Place, Settings};
use self::sts::Sts;
use self::vendor::{CENTER_APP, DENIES, SAML_APP, VENDOR};
use self::voice::VOICE;
use super::kit::{Carrier, Glance, Service, Shared, Verb, Voice, one_by_one, opened, settle_all};
use super::{OpenError, Opened, Opening, Reached, Row};
use crate::connector::Costs;
use crate::model::{ActionId, Change, Finding, Identity, Lookup, Outcome, Vendor};
use crate::transport::{Manners, Reader, Writer, json_or_xml, no_quota};

/// The row in the register.
pub(super) const ROW: Row = Row {
    vendor: &VENDOR,
    settings: settings::KEYS,
    split: settings::split,
    grants: grants::grants,
    open,
};

const MANNERS: Manners = Manners {
    bucket: |_, _| api::CONTROL,
    // Asked for JSON, IAM would answer in a form of its own.
    headers: &[("accept", "*/*")],
    request_ids: &["x-amzn-requestid", "x-amzn-request-id"],
    throttled: voice::too_fast,
    expired: voice::is_expired,
    body: json_or_xml,
    quota: no_quota,
};

/// One account, or the Identity Center.
struct Aws {
    settings: Settings,
    /// Who we are there, once read.
    caller: OnceCell<Caller>,
    /// What the trails told lately.
    recent: trail::Recent,
    /// Who may write to a role.
    doors: deny::write::Doors,
    /// What many want of one role.
    gathered: deny::write::Gathered,
    /// What many read.
    together: Arc<Shared>,
    /// Who may write to the prepared policy: one of us at a time.
    scp_door: Mutex<()>,
}

/// Who we are at a system, by AWS's own word.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Caller {
    account: String,
    arn: String,
    /// `AROA…:oust`
    user_id: String,
}

fn open(opening: &Opening) -> Result<Opened, OpenError> {
    let settings = opening.settings(Settings::parse)?;
    let sts = Sts {
        system: opening.id.to_string(),
        wire: Arc::clone(&opening.wire),
        clock: Arc::clone(&opening.clock),
        skew: no_skew(),
        url: settings.sts_url(),
        region: settings.region.clone(),
        user_agent: opening.user_agent.clone(),
    };
    let (reads_as, writes_as) = Signer::both(&settings, sts);
    let mut more_origins = vec![(api::STS.into(), settings.sts_url())];
    match &settings.place {
        Place::Account(_) => {
            for region in &settings.trail_regions {
                let name = format!("{}{region}", api::TRAIL);
                more_origins.push((name.into(), settings.cloudtrail_url(region)));
            }
        }
        Place::IdentityCenter(center) => {
            let region = &center.region;
            more_origins.extend([
                (api::SSO.into(), settings.sso_admin_url(region)),
                (
                    api::IDENTITY_STORE.into(),
                    settings.identitystore_url(region),
                ),
                (api::ORGANIZATIONS.into(), settings.organizations_url()),
            ]);
        }
    }
    let client = opening.client(Reached {
        origin: settings.iam_url(),
        more_origins,
        reads_as,
        writes_as,
        manners: MANNERS,
    });
    let connector = Aws {
        settings,
        caller: OnceCell::new(),
        recent: trail::Recent::default(),
        doors: deny::write::Doors::default(),
        gathered: deny::write::Gathered::default(),
        together: Arc::default(),
        scp_door: Mutex::default(),
    };
    Ok(opened(opening, connector, client))
}

impl Aws {
    /// Who we are there; read once. AWS answers it whatever is denied to us [spec].
    async fn caller(&self, glance: &Glance) -> Result<&Caller, String> {
        let read = || async {
            let got = glance.ask(api::sts("GetCallerIdentity", Vec::new())).await;
            let answer = got.as_ref().as_ref().map_err(voice::why)?;
            let result = &answer["GetCallerIdentityResult"];
            let text = |key: &str| result[key].as_str().unwrap_or_default().to_owned();
            let caller = Caller {
                account: text("Account"),
                arn: text("Arn"),
                user_id: text("UserId"),
            };
            if caller.account.is_empty() || caller.arn.is_empty() {
                return Err("AWS does not say who we are".to_owned());
            }
            Ok(caller)
        };
        self.caller.get_or_try_init(read).await
    }

    /// Who people are at an account.
    async fn by_session_name(&self, r: &Reader, who: &[Lookup]) -> Vec<Identity> {
        let glance = Glance::new(r, &VOICE);
        let mut sign_ins = trail::sign_ins(&deny::plan::trails(self, &glance)).await;
        // Without the roles the trail alone tells who vouches for whom.
        let roles = roles::all(&glance).await.unwrap_or_default();
        let named = &self.settings.saml_providers;
        let providers = providers::Providers::of(named, &roles, &sign_ins.events);
        sign_ins.events.retain(|one| providers.vouched(one));
        let each = who.iter();
        each.map(|lookup| people::identity(lookup, &sign_ins))
            .collect()
    }

    /// The name of the role that we act in at an account: never a target of ours. `None` where we
    /// act as a user.
    async fn own_role(&self, glance: &Glance) -> Result<Option<String>, String> {
        if let Some(role) = self.settings.role() {
            return Ok(Some(role.arn.name.clone()));
        }
        Ok(self.caller(glance).await?.role().map(str::to_owned))
    }
}

impl Caller {
    /// `arn:aws:sts::111122223333:assumed-role/ROLE/SESSION`
    fn assumed(&self) -> Option<(&str, &str)> {
        let (_, resource) = self.arn.split_once(":assumed-role/")?;
        resource.split_once('/')
    }

    fn role(&self) -> Option<&str> {
        self.assumed().map(|(role, _)| role)
    }

    fn session(&self) -> Option<&str> {
        self.assumed().map(|(_, session)| session)
    }
}

#[async_trait]
impl Service for Aws {
    const VENDOR: &'static Vendor = &VENDOR;
    const VOICE: &'static Voice = &VOICE;
    /// A policy takes up to some minutes until it holds everywhere [docs].
    const PROVE_FOR: Duration = Duration::from_secs(5 * 60);

    fn verb(name: &str) -> Option<&'static dyn Verb<Self>> {
        Some(match name {
            "deny_sessions" => &deny::DenySessions,
            "allow_sessions" => &deny::AllowSessions,
            "block_identity_center_user" => &block::BlockUser,
            "unblock_identity_center_user" => &block::UnblockUser,
            _ => return None,
        })
    }

    fn carrier(&self) -> Option<Arc<dyn Carrier>> {
        Some(Arc::clone(&self.together) as Arc<dyn Carrier>)
    }

    fn apps(&self) -> &'static [&'static str] {
        match self.settings.place {
            Place::Account(_) => &[SAML_APP],
            Place::IdentityCenter(_) => &[CENTER_APP],
        }
    }

    fn carries(&self, action: &ActionId) -> bool {
        let of_account = DENIES.contains(&action.verb());
        of_account == matches!(self.settings.place, Place::Account(_))
    }

    fn costs(&self, verb: &str) -> Option<Costs> {
        costs::of(verb)
    }

    async fn preflight(&self, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
        preflight::findings(self, r, wanted).await
    }

    /// By session name at an account, by user at Identity Center.
    async fn identify(&self, r: &Reader, who: &[Lookup]) -> Vec<Identity> {
        match self.settings.place {
            Place::Account(_) => self.by_session_name(r, who).await,
            Place::IdentityCenter(_) => {
                let glance = Glance::new(r, &VOICE);
                let users = Users::new(self, &glance);
                settle_all(&users, who).await
            }
        }
    }

    /// Our own session there: its name is the identity that a person has at an account.
    async fn own_ids(&self, r: &Reader) -> Result<Vec<String>, String> {
        let glance = Glance::new(r, &VOICE);
        let own = match &self.settings.place {
            Place::Account(_) => self.caller(&glance).await?.session().map(str::to_owned),
            Place::IdentityCenter(_) => Users::new(self, &glance).own().await?,
        };
        Ok(own.into_iter().collect())
    }

    /// The account's id, by AWS's own word: two entries for one account are told by it.
    async fn tenant(&self, r: &Reader) -> Result<Option<String>, String> {
        let glance = Glance::new(r, &VOICE);
        let account = &self.caller(&glance).await?.account;
        Ok(Some(match &self.settings.place {
            Place::Account(_) => account.clone(),
            // The management account may be an account of the list, too.
            Place::IdentityCenter(_) => format!("{account}/identity-center"),
        }))
    }

    /// What is written to one role goes in one write, and roles do not wait for one another.
    fn batch(&self, changes: Vec<Change>) -> Vec<Vec<Change>> {
        let mut batches: Vec<Vec<Change>> = Vec::new();
        for change in changes {
            let fits = |last: &&mut Vec<Change>| {
                deny::write::wanted_by(&change.action).is_some()
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
        let wanted = batch
            .first()
            .and_then(|change| deny::write::wanted_by(&change.action));
        match wanted {
            Some(wanted) => deny::write::all(self, w, batch, wanted).await,
            None => one_by_one(self, w, batch).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::kit::declared_can_be_done;

    #[test]
    fn what_is_declared_can_be_done() {
        declared_can_be_done::<Aws>();
    }
}
