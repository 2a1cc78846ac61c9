//! Who signs: keys, a profile or a workload's token, and the role that they assume.
//!
//! Reads and writes are signed by two of these. Where there is a role to assume, the one for reads
//! asks for a session that AWS itself holds to reading ([`READING`]): a plan could not write if it
//! tried. Keys that are used as they are know no such thing, and `docs/connectors/aws.md` says so.
//!
//! Keys of a role are kept until a minute before they end. Refused, they are asked for anew, once.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Request;
use secrecy::ExposeSecret as _;
use tokio::sync::Mutex;

use super::api::{IDENTITY_STORE, ORGANIZATIONS, SSO, STS, TRAIL};
use super::profile::{self, Profile};
use super::settings::{Auth, Keys, Place as System, RoleToAssume, Settings};
use super::sigv4::{Signing, Skew, sign_request};
use super::sts::{Session, Sts, unsignable};
use super::voice;
use crate::given::Clock;
use crate::transport::{Answer, AuthError, Credential, Place};

/// How long before their end keys are no longer used.
const RENEW_BEFORE: Duration = Duration::from_secs(60);

/// Keys younger than this are not given up: they were renewed for another request.
const JUST_NOW: Duration = Duration::from_secs(5);

/// All that planning and proving ask; the rights of the role cut down to it. Kept short: a session
/// policy and its kin are bounded [spec]. Named one by one, because a wildcard would let in reads of
/// things that are none of ours.
pub(super) const READING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GetRole","iam:ListRoles","iam:ListRolePolicies","iam:GetRolePolicy","iam:SimulatePrincipalPolicy","cloudtrail:LookupEvents","sso:ListInstances","identitystore:GetUserId","identitystore:DescribeUser","organizations:DescribePolicy","organizations:ListTargetsForPolicy"],"Resource":"*"}]}"#;

/// Signs the requests of one system, for reading or for all.
pub(super) struct Signer {
    sts: Arc<Sts>,
    auth: Auth,
    /// The role to assume with what `auth` gives.
    role: Option<RoleToAssume>,
    /// Where each of its services is signed for.
    regions: Regions,
    policy: Option<&'static str>,
    held: Mutex<Option<Held>>,
}

/// Where a system's services are signed for.
#[derive(Clone)]
struct Regions {
    /// Of what is global.
    global: String,
    sts: String,
    organizations: String,
    identity_center: String,
}

struct Held {
    keys: Signing,
    got_at: Duration,
    ends_at: Option<Duration>,
}

impl Signer {
    /// One for reading, and one for all.
    pub(super) fn both(settings: &Settings, sts: Sts) -> (Arc<Self>, Arc<Self>) {
        let sts = Arc::new(sts);
        let signer = |policy| {
            Arc::new(Self {
                sts: Arc::clone(&sts),
                auth: settings.auth.clone(),
                role: settings.role().cloned(),
                regions: Regions::of(settings),
                policy,
                held: Mutex::default(),
            })
        };
        (signer(Some(READING)), signer(None))
    }

    /// The keys to sign with now; asks for some if there are none or they are about to end.
    /// Whoever comes meanwhile waits for the same answer.
    async fn keys(&self) -> Result<Signing, AuthError> {
        let mut held = self.held.lock().await;
        let now = self.sts.clock.elapsed();
        let fresh = |held: &&Held| held.ends_at.is_none_or(|ends| now + RENEW_BEFORE < ends);
        if let Some(held) = held.as_ref().filter(fresh) {
            return Ok(held.keys.clone());
        }
        let (keys, holds) = self.fetch().await?;
        let got_at = self.sts.clock.elapsed();
        *held = Some(Held {
            keys: keys.clone(),
            got_at,
            ends_at: holds.map(|holds| got_at + holds),
        });
        Ok(keys)
    }

    async fn fetch(&self) -> Result<(Signing, Option<Duration>), AuthError> {
        let Some(role) = &self.role else {
            return self.base(self.policy).await;
        };
        let (base, _) = self.base(None).await?;
        let session = self.sts.assume(&base, role, self.policy).await?;
        Ok((session.keys, Some(session.holds)))
    }

    /// Who we are before the role, and for how long. `policy` where there is none to assume.
    async fn base(&self, policy: Option<&str>) -> Result<(Signing, Option<Duration>), AuthError> {
        match &self.auth {
            Auth::Keys(keys) => Ok((stored(keys, &*self.sts.clock).await?, None)),
            Auth::WebIdentity { token, role } => {
                let token = token.fetch(&*self.sts.clock).await?;
                let role = role.to_string();
                let session = self.sts.assume_with_token(&role, &token, policy).await?;
                Ok((session.keys, Some(session.holds)))
            }
            Auth::Profile(name) => self.by_profile(name, policy).await,
        }
    }

    async fn by_profile(
        &self,
        name: &str,
        policy: Option<&str>,
    ) -> Result<(Signing, Option<Duration>), AuthError> {
        let Profile { base, roles } = profile::read(name, &*self.sts.clock).await?;
        let (mut keys, mut holds) = match base {
            profile::Base::Keys(keys) => (keys, None),
            profile::Base::Token { token, role } => {
                let token = token.fetch(&*self.sts.clock).await?;
                let own = policy.filter(|_| roles.is_empty());
                let Session { keys, holds } = self
                    .sts
                    .assume_with_token(&role.to_string(), &token, own)
                    .await?;
                (keys, Some(holds))
            }
        };
        for (at, role) in roles.iter().enumerate() {
            let own = policy.filter(|_| at + 1 == roles.len());
            let session = self.sts.assume(&keys, role, own).await?;
            (keys, holds) = (session.keys, Some(session.holds));
        }
        Ok((keys, holds))
    }
}

impl Regions {
    fn of(settings: &Settings) -> Self {
        let global = settings.partition.region().to_owned();
        Self {
            sts: settings.region.clone(),
            organizations: settings.partition.region_of_organizations().to_owned(),
            identity_center: match &settings.place {
                System::IdentityCenter(center) => center.region.clone(),
                System::Account(_) => global.clone(),
            },
            global,
        }
    }

    /// The service and region that a request at `place` is signed for.
    fn at<'r>(&'r self, place: &'r str) -> (&'r str, &'r str) {
        match place {
            STS => ("sts", &self.sts),
            SSO => ("sso", &self.identity_center),
            IDENTITY_STORE => ("identitystore", &self.identity_center),
            ORGANIZATIONS => ("organizations", &self.organizations),
            other => match other.strip_prefix(TRAIL) {
                Some(region) => ("cloudtrail", region),
                None => ("iam", &self.global),
            },
        }
    }
}

#[async_trait]
impl Credential for Signer {
    async fn sign(&self, request: &mut Request<Vec<u8>>) -> Result<(), AuthError> {
        let keys = self.keys().await?;
        let place = request.extensions().get::<Place>().cloned();
        let place = place.and_then(|place| place.0).unwrap_or_default();
        let (service, region) = self.regions.at(&place);
        let now = self.sts.skew.now(&*self.sts.clock);
        sign_request(request, &keys, service, region, now).map_err(unsignable)
    }

    async fn warm(&self) {
        let _ = self.keys().await;
    }

    /// A wrong time is mended by having heard the right one. Else the keys are had anew: somebody
    /// may have put better ones in their place.
    async fn renew(&self, answer: &Answer) -> bool {
        if voice::is_skewed(&voice::said(answer)) {
            return true;
        }
        let mut held = self.held.lock().await;
        let now = self.sts.clock.elapsed();
        held.take_if(|held| now.saturating_sub(held.got_at) >= JUST_NOW);
        true
    }

    async fn fall_back(&self) -> bool {
        false
    }

    fn told(&self) -> Vec<String> {
        Vec::new()
    }

    fn hears(&self, answer: &Answer) {
        if answer.headers.contains_key(http::header::DATE) {
            self.sts.skew.hear(&*self.sts.clock, answer.server_at);
        }
    }
}

async fn stored(keys: &Keys, clock: &dyn Clock) -> Result<Signing, AuthError> {
    let session_token = match &keys.session_token {
        Some(token) => Some(token.fetch(clock).await?),
        None => None,
    };
    let id = keys.access_key_id.fetch(clock).await?;
    Ok(Signing {
        access_key_id: id.expose_secret().trim().to_owned(),
        secret_access_key: keys.secret_access_key.fetch(clock).await?,
        session_token,
    })
}

/// What AWS's clock is ahead, for whoever opens a system.
pub(super) fn no_skew() -> Skew {
    Skew::default()
}

#[cfg(test)]
mod tests {
    use super::super::vendor::VENDOR;
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    /// What a plan could not do is not planned, and what it could do beside that is a gift.
    #[test]
    fn reading_is_exactly_what_the_actions_say_that_they_read() {
        let policy: Value = serde_json::from_str(READING).unwrap();
        let allowed = policy["Statement"][0]["Action"].as_array().unwrap().iter();
        let allowed: BTreeSet<&str> = allowed.filter_map(Value::as_str).collect();
        let reads = VENDOR.actions.iter().flat_map(|action| action.reads);
        assert_eq!(allowed, reads.copied().collect());
        assert!(READING.len() <= 2_048, "what STS takes [spec]");
    }
}
