//! Global Token Revocation: any app with such an endpoint, each a system of its own.
//!
//! Reading order: [`settings`] (and [`subject`]: who is meant, in the form that the app knows him by),
//! [`signature`] (who asks), [`revoke`] (the one verb, and what each answer means). Source:
//! draft-parecki-oauth-global-token-revocation; the claims of the signature are those that Okta
//! sends when it asks such an endpoint [docs*]. An individual draft, not a standard: what apps
//! make of it differs, and the settings say so.
//!
//! The endpoint answers no question. Nobody is looked up there, nothing is read back, and a plan
//! sends nothing to it: who has an account is the directory's word (`Lookup::has_app`), and a
//! revocation stays unproven. We have no account there either, so that there is none to spare.

mod grants;
mod revoke;
mod settings;
mod signature;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;

use self::revoke::{Revoke, VOICE};
use self::settings::{Auth, Settings};
use self::signature::Signed;
use super::kit::{Bearer, Service, Stored, Verb, Voice, opened, subject};
use super::{OpenError, Opened, Opening, Reached, Row};
use crate::connector::{Ask, Costs};
use crate::model::{
    Action, ActionId, Ends, Evicts, Finding, Identity, Left, Lookup, Provable, Severity, Undo,
    Vendor,
};
use crate::transport::{
    Bucket, Credential, Manners, Reader, no_quota, only_401, only_429, only_json,
};

/// The row in the register.
pub(super) const ROW: Row = Row {
    vendor: &VENDOR,
    settings: settings::KEYS,
    split: super::one,
    grants: grants::grants,
    open,
};

const VENDOR: Vendor = Vendor {
    id: "gtr",
    // Custom apps stand in no catalogue: `apps:` says which lead there.
    apps: &[],
    actions: &[REVOKE],
    undone_by: &[],
};

const REVOKE: Action = Action {
    verb: "revoke",
    does: "asks the app to end all sessions and refresh tokens of the account",
    needs: &["the right to revoke for others, as the app calls it"],
    reads: &[],
    settings: &[],
    undo: Undo::PersonRedoes,
    proof: Provable::Unverifiable(NOT_READ),
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1539", "T1550.001", "T1550.004"],
    d3fend: &["D3-ST"],
    collateral: "",
    residual: &[
        Left {
            what: "access tokens, which an app should end and need not",
            ends: Ends::ByItself("their own end"),
        },
        Left {
            what: "API keys and passwords of the app's own",
            ends: Ends::ByPerson("somebody ends them there"),
        },
    ],
};

/// Why nothing is ever proven here.
const NOT_READ: &str = "the app only says that it has begun: a revocation endpoint lists neither \
                        sessions nor tokens";

/// The draft has no word on speed; one call a subject is all there is.
const BUCKET: Bucket = Bucket {
    name: "revoke",
    per_minute: 60,
};

/// One token does everything.
const THE_TOKEN: &str = "token";

/// One endpoint.
struct Gtr {
    settings: Settings,
    credential: Arc<dyn Credential>,
}

fn open(opening: &Opening) -> Result<Opened, OpenError> {
    let settings = opening.settings(Settings::parse)?;
    let credential = credential(&settings, opening);
    let client = opening.client(Reached {
        origin: settings.url.clone(),
        more_origins: Vec::new(),
        reads_as: Arc::clone(&credential),
        writes_as: Arc::clone(&credential),
        manners: Manners {
            bucket: |_, _| BUCKET,
            headers: &[],
            request_ids: &["x-request-id"],
            throttled: only_429,
            expired: only_401,
            body: only_json,
            quota: no_quota,
        },
    });
    let connector = Gtr {
        settings,
        credential,
    };
    Ok(opened(opening, connector, client))
}

fn credential(settings: &Settings, opening: &Opening) -> Arc<dyn Credential> {
    let clock = Arc::clone(&opening.clock);
    match &settings.auth {
        Auth::Token(token) => {
            let stored = Stored {
                token: token.clone(),
                clock: Arc::clone(&clock),
            };
            let power = |_: &Method, _: &str| THE_TOKEN;
            Arc::new(Bearer::new(Box::new(stored), clock, &[THE_TOKEN], power))
        }
        Auth::Jwt(jwt) => {
            let system = opening.id.clone();
            let rng = Arc::clone(&opening.rng);
            Arc::new(Signed::new(system, jwt.clone(), clock, rng))
        }
    }
}

#[async_trait]
impl Service for Gtr {
    const VENDOR: &'static Vendor = &VENDOR;
    const VOICE: &'static Voice = &VOICE;
    const PROVE_FOR: Duration = Duration::from_secs(60);

    fn verb(name: &str) -> Option<&'static dyn Verb<Self>> {
        match name {
            "revoke" => Some(&Revoke),
            _ => None,
        }
    }

    /// One call, and nothing that could be read.
    fn costs(&self, verb: &str) -> Option<Costs> {
        (verb == "revoke").then(|| Costs {
            send: vec![Ask::one(BUCKET)],
            ..Costs::default()
        })
    }

    /// Whether we could sign: all that can be told without a revocation.
    async fn preflight(&self, _r: &Reader, _wanted: &[ActionId]) -> Vec<Finding> {
        let high = |id: &str, text: String, hint: &str| Finding {
            severity: Severity::High,
            id: id.into(),
            text,
            hint: hint.to_owned(),
        };
        let secret = match &self.settings.auth {
            Auth::Token(token) => token,
            Auth::Jwt(jwt) => &jwt.private_key,
        };
        let exposed = secret.exposed();
        let exposed = exposed.map(|text| high("secret_exposed", text, ""));
        let mut nowhere = http::Request::new(Vec::new());
        let signed = self.credential.sign(&mut nowhere).await;
        let unsigned = signed
            .err()
            .map(|error| high("gtr_access", error.to_string(), error.hint()));
        exposed.into_iter().chain(unsigned).collect()
    }

    async fn identify(&self, _r: &Reader, who: &[Lookup]) -> Vec<Identity> {
        let each = who.iter();
        each.map(|lookup| subject::identity(&self.settings.subject, lookup))
            .collect()
    }

    /// Two systems with one endpoint are one.
    async fn tenant(&self, _r: &Reader) -> Result<Option<String>, String> {
        Ok(Some(self.settings.url.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::kit::declared_can_be_done;

    #[test]
    fn what_is_declared_can_be_done() {
        declared_can_be_done::<Gtr>();
    }
}
