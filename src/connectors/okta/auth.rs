//! Our credentials at Okta: an SSWS token, or a service app with `private_key_jwt` and DPoP.
//!
//! A [`Keyring`] signs with its first credential and, once that is refused in mid-run, with its
//! second, and says so loudly. Tokens are cached until a minute before they end; one task asks,
//! the others wait for its answer. A scope that only optional steps need never keeps the kill
//! from starting: if it is not granted, we ask again without it.
//!
//! Reading has a keyring of its own with read scopes only, so that a plan cannot write even if
//! everything else failed. An SSWS token has no scopes: there the same keyring serves both.

use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use http::{HeaderValue, Request};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use super::dpop::{ProofKey, Proving};
use super::grantor::{App, Granted, Grantor};
use super::key::SigningKey;
use super::scopes::Scopes;
use super::settings::Auth;
use super::token::NoToken;
use crate::model::Utc;
use crate::transport::{Answer, AuthError, Credential, SecretRef};

/// A token is renewed this long before it ends.
const RENEW_BEFORE: Duration = Duration::from_secs(60);

/// A token this young was renewed by another task: a 401 of an older one says nothing about it.
const JUST_NOW: Duration = Duration::from_secs(5);

/// One or two credentials with one power.
pub(super) struct Keyring {
    system: String,
    sources: Vec<Auth>,
    scopes: Scopes,
    grantor: Arc<Grantor>,
    state: Mutex<State>,
    told: StdMutex<Vec<String>>,
}

#[derive(Default)]
struct State {
    /// Which source is in use.
    at: usize,
    /// When we changed to it.
    changed_at: Option<Duration>,
    live: Option<Arc<Live>>,
    /// The scopes that are granted, once learnt.
    granted: Option<Vec<&'static str>>,
}

/// What requests are signed with at present.
struct Live {
    token: SecretString,
    /// Where the token is from, for people.
    place: String,
    scheme: &'static str,
    proof_key: Option<Arc<ProofKey>>,
    got_at: Duration,
    /// `None`: it does not end.
    ends_at: Option<Duration>,
}

impl Keyring {
    /// A keyring that has asked for nothing yet; `sources` is the first and perhaps a second.
    pub(super) fn new(
        system: &str,
        sources: Vec<Auth>,
        scopes: Scopes,
        grantor: Arc<Grantor>,
    ) -> Self {
        Self {
            system: system.to_owned(),
            sources,
            scopes,
            grantor,
            state: Mutex::default(),
            told: StdMutex::default(),
        }
    }

    fn tell(&self, sentence: String) {
        let mut told = self
            .told
            .lock()
            .expect("no code panics while it holds this lock");
        if !told.contains(&sentence) {
            told.push(sentence);
        }
    }

    /// The token to sign with now; asked for if there is none or it is about to end.
    async fn live(&self) -> Result<Arc<Live>, AuthError> {
        let mut state = self.state.lock().await;
        let now = self.grantor.endpoint.clock.elapsed();
        let fresh = state
            .live
            .as_ref()
            .filter(|live| live.ends_at.is_none_or(|ends| now + RENEW_BEFORE < ends));
        if let Some(live) = fresh {
            return Ok(Arc::clone(live));
        }
        let source = &self.sources[state.at];
        let asked = match source {
            Auth::ApiToken(secret) => {
                secret
                    .fetch(&*self.grantor.endpoint.clock)
                    .await
                    .map(|token| Live {
                        token,
                        place: secret.place(),
                        scheme: "SSWS",
                        proof_key: None,
                        got_at: now,
                        ends_at: None,
                    })
            }
            Auth::ServiceApp {
                client_id,
                private_key,
                key_id,
            } => {
                self.ask(&mut state, client_id, private_key, key_id.as_deref())
                    .await
            }
        };
        let live = match asked {
            Ok(live) => Arc::new(live),
            // The second credential is for this, too: the first one's secret cannot be had.
            Err(AuthError::Secret { what, hint }) if state.at + 1 < self.sources.len() => {
                return Err(self.refused(what, hint));
            }
            Err(error) => return Err(error),
        };
        state.live = Some(Arc::clone(&live));
        Ok(live)
    }

    async fn ask(
        &self,
        state: &mut State,
        client_id: &str,
        private_key: &SecretRef,
        key_id: Option<&str>,
    ) -> Result<Live, AuthError> {
        let pem = private_key.fetch(&*self.grantor.endpoint.clock).await?;
        let place = private_key.place();
        let key = SigningKey::from_pem(&pem).map_err(|why| unfit_key(&place, client_id, &why))?;
        let app = App {
            client_id,
            key_id,
            key: &key,
            place: &place,
        };
        let all: Vec<&'static str> = match &state.granted {
            Some(granted) => granted.clone(),
            None => [&self.scopes.required[..], &self.scopes.optional[..]].concat(),
        };
        let granted = match self.grantor.ask(&app, &all).await {
            Err(NoToken::InvalidScope(_)) => self.narrow(state, &app).await?,
            other => other.map_err(|error| self.explain(error, &app))?,
        };
        self.tell_missing(&granted.given.lacks(&all), client_id);
        let now = self.grantor.endpoint.clock.elapsed();
        Ok(Live {
            token: granted.given.token,
            place: format!("the answer of {}", self.system),
            scheme: match granted.proof_key {
                Some(_) => "DPoP",
                None => "Bearer",
            },
            proof_key: granted.proof_key,
            got_at: now,
            ends_at: Some(now + granted.given.holds),
        })
    }

    /// Finds out which optional scopes are granted, and asks for those.
    async fn narrow(&self, state: &mut State, app: &App<'_>) -> Result<Granted, AuthError> {
        let required = &self.scopes.required;
        let with = |scope: &'static str| [&required[..], &[scope]].concat();
        let tries: Vec<Vec<&'static str>> = self.scopes.optional.iter().map(|s| with(s)).collect();
        let answers = join_all(tries.iter().map(|scopes| self.grantor.ask(app, scopes))).await;
        let mut granted = required.clone();
        let mut missing = Vec::new();
        let mut all_told = true;
        for (scope, answer) in self.scopes.optional.iter().zip(answers) {
            match answer {
                Ok(_) => granted.push(scope),
                Err(NoToken::InvalidScope(_)) => missing.push(*scope),
                Err(_) => all_told = false,
            }
        }
        let given = self
            .grantor
            .ask(app, &granted)
            .await
            .map_err(|error| self.explain(error, app))?;
        self.tell_missing(&missing, app.client_id);
        // What nobody told is asked for again with the next token.
        state.granted = all_told.then_some(granted);
        Ok(given)
    }

    fn tell_missing(&self, missing: &[&str], client_id: &str) {
        if !missing.is_empty() {
            self.tell(format!(
                "{} did not grant {} to {client_id}: steps that need it will fail; grant it under \
                 Applications, Okta API Scopes",
                self.system,
                missing.join(", "),
            ));
        }
    }

    fn explain(&self, error: NoToken, app: &App<'_>) -> AuthError {
        let now = self.grantor.endpoint.clock.now();
        explain(&self.system, now, &self.scopes.required, error, app)
    }

    fn refused(&self, why: String, hint: String) -> AuthError {
        AuthError::Refused {
            system: self.system.clone(),
            why,
            hint,
        }
    }
}

/// Why an app got no token for `scopes`, and what to do about it.
pub(super) fn explain(
    system: &str,
    now: Utc,
    scopes: &[&str],
    error: NoToken,
    app: &App<'_>,
) -> AuthError {
    let refused = |why: String, hint: String| AuthError::Refused {
        system: system.to_owned(),
        why,
        hint,
    };
    let client_id = app.client_id;
    match error {
        NoToken::InvalidScope(why) => refused(
            why,
            format!(
                "grant {} to {client_id} (Admin console, Applications, Okta API Scopes)",
                scopes.join(", ")
            ),
        ),
        NoToken::WrongTime(vendor, why) => {
            let apart = vendor.seconds() - now.seconds();
            let side = if apart >= 0 { "ahead of" } else { "behind" };
            let hint = format!(
                "its clock says {vendor}, ours {now}: it is {} s {side} ours; set the clock of \
                 this machine by NTP",
                apart.abs()
            );
            refused(why, hint)
        }
        NoToken::Refused(why) => refused(
            why,
            format!(
                "check that app {client_id} is active and has the public key of {} under {}",
                app.place,
                app.key_id
                    .map_or("one of its keys".to_owned(), |id| format!("key id {id}")),
            ),
        ),
        NoToken::WantsProof | NoToken::WantsNonce(_) => refused(
            "it keeps asking for another DPoP proof".into(),
            "check the DPoP setting of the app".into(),
        ),
        NoToken::Unreachable(why) => AuthError::Unreachable {
            system: system.to_owned(),
            why,
        },
        NoToken::CannotSign(why) => unfit_key(app.place, client_id, &why),
    }
}

/// A key that is there and cannot be used.
pub(super) fn unfit_key(place: &str, client_id: &str, why: &str) -> AuthError {
    AuthError::Secret {
        what: format!("{place} {why} (it should hold the private key of app {client_id})"),
        hint: "put there the private key that belongs to a public key of the app, as PEM; or \
               name another place in the config file, under `auth`"
            .into(),
    }
}

/// A token that no header can carry.
fn unfit_token(place: &str) -> AuthError {
    AuthError::Secret {
        what: format!("{place} holds no token that a header can carry"),
        hint: "put the token there alone: one line, no spaces".into(),
    }
}

#[async_trait]
impl Credential for Keyring {
    async fn sign(&self, request: &mut Request<Vec<u8>>) -> Result<(), AuthError> {
        let live = self.live().await?;
        let unfit = |_| unfit_token(&live.place);
        let text = format!("{} {}", live.scheme, live.token.expose_secret());
        let mut value = HeaderValue::from_str(&text).map_err(unfit)?;
        value.set_sensitive(true);
        if let Some(key) = &live.proof_key {
            let proof = key.proof(&Proving {
                method: request.method().as_str(),
                url: request.uri(),
                now: self.grantor.seconds_there(),
                jti: &self.grantor.endpoint.jti(),
                nonce: None,
                token: Some(live.token.expose_secret()),
            });
            let proof = proof.map_err(|why| AuthError::Secret {
                what: format!("no DPoP proof could be made: {why}"),
                hint: String::new(),
            })?;
            let mut proof = HeaderValue::from_str(&proof).map_err(unfit)?;
            proof.set_sensitive(true);
            request.headers_mut().insert("dpop", proof);
        }
        request
            .headers_mut()
            .insert(http::header::AUTHORIZATION, value);
        Ok(())
    }

    async fn renew(&self, _answer: &Answer) -> bool {
        let mut state = self.state.lock().await;
        if let Auth::ApiToken(_) = self.sources[state.at] {
            return false;
        }
        let now = self.grantor.endpoint.clock.elapsed();
        let just_renewed = state
            .live
            .as_ref()
            .is_some_and(|live| now.saturating_sub(live.got_at) < JUST_NOW);
        if !just_renewed {
            state.live = None;
        }
        true
    }

    async fn fall_back(&self) -> bool {
        let mut state = self.state.lock().await;
        let now = self.grantor.endpoint.clock.elapsed();
        if state.at + 1 >= self.sources.len() {
            // Another task changed it while this one's request was still under way.
            return state
                .changed_at
                .is_some_and(|at| now.saturating_sub(at) < JUST_NOW);
        }
        let first = self.sources[state.at].name();
        *state = State {
            at: state.at + 1,
            changed_at: Some(now),
            ..State::default()
        };
        self.tell(format!(
            "{} refused {first} in mid-run; {} is used since: find out who revoked the first",
            self.system,
            self.sources[state.at].name()
        ));
        true
    }

    fn told(&self) -> Vec<String> {
        self.told
            .lock()
            .expect("no code panics while it holds this lock")
            .clone()
    }

    /// A feature that the org has not bought answers 401, too; the credential is fine.
    fn concerns(&self, answer: &Answer) -> bool {
        answer.json["errorCode"] != "E0000015"
    }
}
