//! Which of our tokens signs which request: one for every day, and one for each rare power.
//!
//! A service app's token holds the scopes it was asked for, and one that is not granted costs
//! another round trip before the first write. What only few actions need (devices, network zones,
//! support access) is therefore asked for by a token of its own, when a request first needs it: a
//! missing right stops that action and delays nothing else.

use std::sync::Arc;

use async_trait::async_trait;
use http::Request;

use super::auth::Keyring;
use crate::transport::{Answer, AuthError, Credential};

/// A token of its own for what lies below one path.
pub(super) struct Rare {
    /// Where its requests go: `/api/v1/zones`.
    pub(super) below: &'static str,
    pub(super) keyring: Arc<Keyring>,
}

/// All tokens of one credential.
pub(super) struct Powers {
    everyday: Arc<Keyring>,
    rare: Vec<Rare>,
}

impl Powers {
    pub(super) fn new(everyday: Arc<Keyring>, rare: Vec<Rare>) -> Self {
        Self { everyday, rare }
    }

    fn of(&self, path: &str) -> &Keyring {
        let is_below = |rare: &&Rare| {
            let rest = path.strip_prefix(rare.below);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let rare = self.rare.iter().find(is_below);
        rare.map_or(&self.everyday, |rare| &rare.keyring)
    }

    fn all(&self) -> impl Iterator<Item = &Keyring> {
        let rare = self.rare.iter().map(|rare| &*rare.keyring);
        [&*self.everyday].into_iter().chain(rare)
    }
}

#[async_trait]
impl Credential for Powers {
    async fn sign(&self, request: &mut Request<Vec<u8>>) -> Result<(), AuthError> {
        let keyring = self.of(request.uri().path());
        keyring.sign(request).await
    }

    /// Only what most requests need: a rare power is asked for when it is needed.
    async fn warm(&self) {
        self.everyday.warm().await;
    }

    /// The answer does not tell which token it was signed with: all are asked for anew, those
    /// that are young excepted.
    async fn renew(&self, answer: &Answer) -> bool {
        let mut any = false;
        for keyring in self.all() {
            any |= keyring.renew(answer).await;
        }
        any
    }

    async fn fall_back(&self) -> bool {
        let mut any = false;
        for keyring in self.all() {
            any |= keyring.fall_back().await;
        }
        any
    }

    fn told(&self) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        for sentence in self.all().flat_map(Credential::told) {
            if !told.contains(&sentence) {
                told.push(sentence);
            }
        }
        told
    }

    fn hears(&self, answer: &Answer) {
        self.all().for_each(|keyring| keyring.hears(answer));
    }

    fn concerns(&self, answer: &Answer) -> bool {
        self.everyday.concerns(answer)
    }
}
