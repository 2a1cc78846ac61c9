//! Shared signals: tells configured receivers, by a signed token, that somebody's sessions are revoked.
//!
//! Reading order: [`settings`], [`token`] (what is said, and the signature), [`revoked`] (the one
//! verb, and what each answer means). Who is meant stands in the kit ([`subject`]). Sources: RFC 8417
//! (security event tokens), RFC 8935 (push), OpenID Shared Signals Framework 1.0 and CAEP 1.0 (final,
//! 2025-08-29), Okta's security events providers [docs].
//!
//! Such a receiver is told, and decides for itself. It can be asked nothing, and a 202 says that it
//! has taken the token, not that a session ended: nothing is ever proven here, and no shipped playbook
//! relies on it. We are no whole transmitter: there is no stream to register, no metadata and no keys
//! to fetch at ours; issuer and public key are told to the receiver by its admin.

mod grants;
mod revoked;
mod settings;
mod token;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderValue, Request, header};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OnceCell;

use self::revoked::{SessionRevoked, VOICE};
use self::settings::{KnowsOf, Settings};
use self::token::Signer;
use super::kit::{Service, Verb, Voice, opened, subject};
use super::{OpenError, Opened, Opening, Reached, Row};
use crate::connector::{Ask, Costs};
use crate::given::Clock;
use crate::model::{
    Action, ActionId, ChangeId, Ends, Evicts, Finding, Identity, Left, Lookup, Provable, Severity,
    SystemId, Tri, Undo, Vendor,
};
use crate::transport::{
    Answer, AuthError, Bucket, Credential, Manners, Reader, SecretRef, no_quota, only_401,
    only_429, only_json,
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
    id: "caep",
    // A receiver is no app of a catalogue: `apps:` says which lead there, or `subjects: all`.
    apps: &[],
    actions: &[SESSION_REVOKED],
    undone_by: &[],
};

const SESSION_REVOKED: Action = Action {
    verb: "session_revoked",
    does: "tells the receiver, by a signed security event token, that the account's sessions are revoked",
    needs: &["issuer and public key of ours, told to the receiver"],
    reads: &[],
    settings: &[],
    undo: Undo::PersonRedoes,
    proof: Provable::Unverifiable(NOT_READ),
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1539", "T1550.004"],
    d3fend: &["D3-ST"],
    collateral: "",
    residual: &[Left {
        what: "whatever the receiver does not act on",
        ends: Ends::ByPerson("somebody ends it there"),
    }],
};

/// Why nothing is ever proven here.
const NOT_READ: &str = "a receiver only says that it has taken the token, and can be asked nothing";

/// No receiver names a speed; one call a subject is all there is.
const BUCKET: Bucket = Bucket {
    name: "push",
    per_minute: 60,
};

/// One receiver.
struct Caep {
    system: SystemId,
    /// What tells one run from another: our own user agent, which names it.
    run: String,
    settings: Settings,
    signer: Signer,
    header: Arc<Header>,
    clock: Arc<dyn Clock>,
    /// How often the receiver has taken a token about a change: the next says so anew.
    taken: Mutex<HashMap<ChangeId, u32>>,
}

impl Caep {
    fn times_taken(&self, change: &ChangeId) -> u32 {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.get(change).copied().unwrap_or(0)
    }

    fn was_taken(&self, change: &ChangeId) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken.entry(change.clone()).or_default() += 1;
    }
}

fn open(opening: &Opening) -> Result<Opened, OpenError> {
    let settings = opening.settings(Settings::parse)?;
    let header = Arc::new(Header {
        system: opening.id.clone(),
        place: settings.authorization.clone(),
        clock: Arc::clone(&opening.clock),
        value: OnceCell::new(),
    });
    let client = opening.client(Reached {
        origin: settings.url.clone(),
        more_origins: Vec::new(),
        reads_as: Arc::clone(&header) as Arc<dyn Credential>,
        writes_as: Arc::clone(&header) as Arc<dyn Credential>,
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
    let connector = Caep {
        system: opening.id.clone(),
        run: opening.user_agent.clone(),
        signer: Signer::new(
            opening.id.clone(),
            settings.key_id.clone(),
            settings.private_key.clone(),
            Arc::clone(&opening.clock),
        ),
        settings,
        header,
        clock: Arc::clone(&opening.clock),
        taken: Mutex::default(),
    };
    Ok(opened(opening, connector, client))
}

#[async_trait]
impl Service for Caep {
    const VENDOR: &'static Vendor = &VENDOR;
    const VOICE: &'static Voice = &VOICE;
    const PROVE_FOR: Duration = Duration::from_secs(60);

    fn verb(name: &str) -> Option<&'static dyn Verb<Self>> {
        match name {
            "session_revoked" => Some(&SessionRevoked),
            _ => None,
        }
    }

    /// One call, and nothing that could be read.
    fn costs(&self, verb: &str) -> Option<Costs> {
        (verb == "session_revoked").then(|| Costs {
            send: vec![Ask::one(BUCKET)],
            ..Costs::default()
        })
    }

    /// Whether we could sign, and have what the receiver wants to see: all that can be told without
    /// telling it something.
    async fn preflight(&self, _r: &Reader, _wanted: &[ActionId]) -> Vec<Finding> {
        let high = |id: &str, text: String, hint: &str| Finding {
            severity: Severity::High,
            id: id.into(),
            text,
            hint: hint.to_owned(),
        };
        let secrets = [
            Some(&self.settings.private_key),
            self.settings.authorization.as_ref(),
        ];
        let exposed = secrets.into_iter().flatten().filter_map(SecretRef::exposed);
        let exposed = exposed.map(|text| high("secret_exposed", text, ""));
        let mut nowhere = Request::new(Vec::new());
        let errors = [
            self.signer.ready().await.err(),
            self.header.sign(&mut nowhere).await.err(),
        ];
        let errors = errors.into_iter().flatten();
        let errors = errors.map(|error| high("caep_access", error.to_string(), error.hint()));
        exposed.chain(errors).collect()
    }

    async fn identify(&self, _r: &Reader, who: &[Lookup]) -> Vec<Identity> {
        let each = who.iter();
        each.map(|lookup| match self.settings.knows {
            KnowsOf::ByApp => subject::identity(&self.settings.subject, lookup),
            KnowsOf::All => {
                // Nobody has to be assigned an app there.
                let known = Lookup {
                    has_app: Tri::Yes,
                    ..lookup.clone()
                };
                subject::identity(&self.settings.subject, &known)
            }
        })
        .collect()
    }

    /// Two systems with one endpoint are one.
    async fn tenant(&self, _r: &Reader) -> Result<Option<String>, String> {
        Ok(Some(self.settings.url.to_string()))
    }
}

/// The `Authorization` that the receiver gave out, word for word; none if it wants none, as Okta does.
struct Header {
    system: SystemId,
    place: Option<SecretRef>,
    clock: Arc<dyn Clock>,
    value: OnceCell<SecretString>,
}

#[async_trait]
impl Credential for Header {
    async fn sign(&self, request: &mut Request<Vec<u8>>) -> Result<(), AuthError> {
        let Some(place) = &self.place else {
            return Ok(());
        };
        let fetch = || place.fetch(&*self.clock);
        let text = self.value.get_or_try_init(fetch).await?;
        let value = HeaderValue::from_str(text.expose_secret());
        let mut value = value.map_err(|_| AuthError::Secret {
            what: format!("{}: `authorization` is no value of a header", self.system),
            hint: "put there what the receiver gave out, such as `Bearer …`, on one line".into(),
        })?;
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
        Ok(())
    }

    /// It is what it is.
    async fn renew(&self, _answer: &Answer) -> bool {
        false
    }

    async fn fall_back(&self) -> bool {
        false
    }

    fn told(&self) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::kit::declared_can_be_done;

    #[test]
    fn what_is_declared_can_be_done() {
        declared_can_be_done::<Caep>();
    }
}
