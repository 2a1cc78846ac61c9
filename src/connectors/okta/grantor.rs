//! The org's token endpoint with what it has taught us: whether it wants DPoP, its nonce, its clock.
//!
//! Shared by all keyrings of one org, so that the second does not learn again what the first was
//! told. Whether an org wants DPoP is found out by asking both ways at once: with a proof it then
//! takes two round trips to a token, and one without; asking in turn would take three.

use std::sync::{Arc, Mutex};

use futures_util::future::join;

use super::dpop::ProofKey;
use super::key::SigningKey;
use super::token::{Asking, Endpoint, Given, NoToken};

/// Rounds for one token at most: both ways at once, two nonces, the clock, and some.
const ROUNDS_MAX: usize = 6;

/// The token endpoint of one org.
pub(super) struct Grantor {
    /// How it is asked.
    pub(super) endpoint: Endpoint,
    learnt: Mutex<Learnt>,
}

/// What it has taught us.
#[derive(Clone, Default)]
struct Learnt {
    proof: Proof,
    nonce: Option<String>,
    skew: i64,
}

/// Whether it wants a DPoP proof.
#[derive(Clone, Default)]
enum Proof {
    #[default]
    Unknown,
    Unwanted,
    Wanted(Arc<ProofKey>),
}

/// A service app about to ask.
pub(super) struct App<'a> {
    /// Its client id.
    pub(super) client_id: &'a str,
    /// The name of its key at Okta.
    pub(super) key_id: Option<&'a str>,
    /// Its key.
    pub(super) key: &'a SigningKey,
    /// Where the key is, for people.
    pub(super) place: &'a str,
}

/// A token, and the key it is bound to, if it is.
pub(super) struct Granted {
    /// The token.
    pub(super) given: Given,
    /// What proofs along with it are signed with.
    pub(super) proof_key: Option<Arc<ProofKey>>,
}

impl Grantor {
    /// Nothing learnt yet.
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            learnt: Mutex::default(),
        }
    }

    /// The vendor's time now, in seconds since 1970, as far as it was told.
    pub(super) fn seconds_there(&self) -> i64 {
        self.endpoint.clock.now().seconds() + self.learnt().skew
    }

    /// Asks for `scopes`, giving the org the proof, the nonce and the time that it wants.
    ///
    /// # Errors
    /// [`NoToken`], if it wants something that we cannot give.
    pub(super) async fn ask(
        &self,
        app: &App<'_>,
        scopes: &[&'static str],
    ) -> Result<Granted, NoToken> {
        let mut set_clock = false;
        let mut last = NoToken::Unreachable("asked too often".into());
        for _ in 0..ROUNDS_MAX {
            let learnt = self.learnt();
            let error = match self.once(app, scopes, &learnt).await {
                Ok(granted) => return Ok(granted),
                Err(error) => error,
            };
            match &error {
                NoToken::WantsProof => self.learn(|learnt| learnt.proof = Proof::Unknown),
                NoToken::WantsNonce(nonce) if learnt.nonce.as_ref() != Some(nonce) => {
                    self.learn(|learnt| learnt.nonce = Some(nonce.clone()));
                }
                NoToken::WrongTime(vendor, _) if !set_clock => {
                    set_clock = true;
                    let skew = vendor.seconds() - self.endpoint.clock.now().seconds();
                    self.learn(|learnt| learnt.skew = skew);
                }
                _ => return Err(error),
            }
            last = error;
        }
        Err(last)
    }

    async fn once(
        &self,
        app: &App<'_>,
        scopes: &[&'static str],
        learnt: &Learnt,
    ) -> Result<Granted, NoToken> {
        let asking = |proof_key| Asking {
            client_id: app.client_id,
            key: app.key,
            key_id: app.key_id,
            scopes,
            proof_key,
            nonce: learnt.nonce.as_deref(),
            skew: learnt.skew,
        };
        let plain = |given| Granted {
            given,
            proof_key: None,
        };
        let bound = |given: Given, key: &Arc<ProofKey>| Granted {
            proof_key: given.bound.then(|| Arc::clone(key)),
            given,
        };
        match &learnt.proof {
            Proof::Unwanted => self.endpoint.ask(&asking(None)).await.map(plain),
            Proof::Wanted(key) => {
                let answer = self.endpoint.ask(&asking(Some(key))).await;
                answer.map(|given| bound(given, key))
            }
            Proof::Unknown => {
                let key = Arc::new(ProofKey::generate().map_err(NoToken::CannotSign)?);
                let (without, with) = (asking(None), asking(Some(&key)));
                let both = join(self.endpoint.ask(&without), self.endpoint.ask(&with));
                match both.await {
                    (Err(NoToken::WantsProof), with) => {
                        self.learn(|learnt| learnt.proof = Proof::Wanted(Arc::clone(&key)));
                        with.map(|given| bound(given, &key))
                    }
                    (Ok(given), _) => {
                        self.learn(|learnt| learnt.proof = Proof::Unwanted);
                        Ok(plain(given))
                    }
                    (Err(error), _) => Err(error),
                }
            }
        }
    }

    fn learnt(&self) -> Learnt {
        self.learnt
            .lock()
            .expect("no code panics while it holds this lock")
            .clone()
    }

    fn learn(&self, what: impl FnOnce(&mut Learnt)) {
        what(
            &mut self
                .learnt
                .lock()
                .expect("no code panics while it holds this lock"),
        );
    }
}
