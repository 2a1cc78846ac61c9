//! Contoso's intranet: everybody has used it, and the knobs that make it another.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{Person, RefreshToken, Session};
use super::{Gtr, Settings};
use crate::accounts::gtr_id;
use crate::keys::KeyPair;
use crate::rng::Rng;
use crate::time::MINUTE;
use crate::world::World;

/// The id of the app at Okta that leads there. Its name is that of a custom app, in no catalogue.
pub const APP: &str = "0oaIntranet0000005d7";
/// Whose signature it trusts, and whose subjects it knows.
pub const ISSUER: &str = "https://contoso.okta.example";
/// What the trusted key is called.
pub const KEY_ID: &str = "oust-gtr";
/// A bearer token that it trusts.
pub const TOKEN: &str = "gtr-intranet-bearer-token-mock";

impl Gtr {
    /// A receiver that nobody uses and that trusts [`TOKEN`] alone.
    pub(crate) fn empty() -> Self {
        let formats = ["email", "iss_sub", "opaque"].map(str::to_owned);
        Self {
            settings: Settings {
                member: "sub_id".to_owned(),
                formats: BTreeSet::from(formats),
                may_revoke: true,
                latency_ms: 0,
            },
            base_url: String::new(),
            people: BTreeMap::new(),
            keys: Vec::new(),
            token: Some(TOKEN.to_owned()),
            used_jtis: BTreeSet::new(),
            rng: Rng::new(0x67D2),
        }
    }

    pub(super) fn join(&mut self, login: &str) {
        let id = gtr_id(login);
        let person = Person {
            id: id.clone(),
            email: login.to_owned(),
            ..Person::default()
        };
        self.people.insert(id, person);
    }

    /// Says which id at Okta is somebody's.
    pub(crate) fn learn_sub(&mut self, login: &str, sub: &str) {
        if let Some(person) = self.people.get_mut(&gtr_id(login)) {
            sub.clone_into(&mut person.sub);
        }
    }

    /// Alex's own session from home, and what the intruder opened by single sign-on.
    pub(super) fn take_over(&mut self, login: &str, start_ms: i64, now_ms: i64) {
        let id = gtr_id(login);
        self.sign_in(&id, "198.51.100.20", false, start_ms - 30 * MINUTE);
        let at_ms = start_ms + 3_400_200;
        if at_ms > now_ms {
            return;
        }
        self.sign_in(&id, "203.0.113.66", true, at_ms);
        self.give_token(&id, true);
    }

    /// Opens a session; false if he has no account.
    pub(super) fn sign_in(&mut self, id: &str, ip: &str, intruder: bool, now_ms: i64) -> bool {
        let number = self.rng.below(u64::MAX);
        let Some(person) = self.people.get_mut(id) else {
            return false;
        };
        let session = Session {
            created_ms: now_ms,
            ip: ip.to_owned(),
            intruder,
        };
        person.sessions.insert(number, session);
        true
    }

    /// Gives a refresh token of the app's own client.
    pub(super) fn give_token(&mut self, id: &str, intruder: bool) {
        let number = self.rng.below(u64::MAX);
        if let Some(person) = self.people.get_mut(id) {
            let token = RefreshToken {
                client: "intranet-mobile".to_owned(),
                intruder,
            };
            person.refresh_tokens.insert(number, token);
        }
    }
}

impl World {
    /// Tells the intranet the public half of the key that oust signs with; its id must be [`KEY_ID`]
    /// if the client says so.
    #[must_use]
    pub fn gtr_key(self, key: &KeyPair) -> Self {
        self.with_gtr(|gtr| gtr.keys.push(key.public_jwk.clone()))
    }

    /// It trusts nobody any more.
    #[must_use]
    pub fn gtr_trust_lost(self) -> Self {
        self.with_gtr(|gtr| {
            gtr.keys.clear();
            gtr.token = None;
        })
    }

    /// Whoever is authenticated may not revoke: 403.
    #[must_use]
    pub fn gtr_without_right(self) -> Self {
        self.with_gtr(|gtr| gtr.settings.may_revoke = false)
    }

    /// Changes a person; nothing if he has no account.
    #[must_use]
    pub fn gtr_person(self, login: &str, change: impl FnOnce(&mut Person)) -> Self {
        self.with_gtr(|gtr| {
            if let Some(person) = gtr.people.get_mut(&gtr_id(login)) {
                change(person);
            }
        })
    }

    /// Changes anything else there.
    #[must_use]
    pub fn with_gtr(mut self, change: impl FnOnce(&mut Gtr)) -> Self {
        change(&mut self.gtr);
        self
    }
}
