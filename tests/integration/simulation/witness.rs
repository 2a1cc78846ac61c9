//! Who watches: the ledger's side (which intents are durable) and the network's side (which
//! writes left), and whether the second is ever ahead of the first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use oust::ledger::{Event, Happened, Head, MemoryStore, Record, RunRow, Store, StoreError};
use oust::model::{Change, ChangeId, Plan, RunId, UserId, Utc};
use oust_mocks::{Range, Request};

use super::invariants::Violation;
use super::plant::Plant;
use super::schedule::Crash;
use crate::lab::Tap;

/// One write leaves at most so often for one intent: the transport's attempts.
const SENDS_PER_INTENT: u64 = 4;

/// Durable intents, by what they are about: `verb subject` at Okta; at a service `system verb`,
/// since its ids are not the subjects'.
#[derive(Default)]
pub(crate) struct Intents {
    changes: Mutex<BTreeMap<ChangeId, String>>,
    durable: Mutex<BTreeMap<String, u64>>,
}

impl Intents {
    fn learn(&self, change: &Change) {
        let verb = change.action.verb();
        let what = match change.system.as_str() {
            "okta" => format!("{verb} {}", change.subject),
            system => format!("{system} {verb}"),
        };
        self.changes.lock().unwrap().insert(change.id.clone(), what);
    }

    fn count(&self, change: &ChangeId) {
        let what = self.changes.lock().unwrap()[change].clone();
        *self.durable.lock().unwrap().entry(what).or_default() += 1;
    }

    fn of(&self, what: &str) -> u64 {
        self.durable.lock().unwrap().get(what).copied().unwrap_or(0)
    }
}

/// A ledger in memory that tells which intents became durable.
pub(crate) struct Witness {
    kept: Arc<MemoryStore>,
    intents: Arc<Intents>,
    plant: Plant,
}

impl Witness {
    pub(crate) fn new(kept: Arc<MemoryStore>, intents: Arc<Intents>, plant: Plant) -> Self {
        Self {
            kept,
            intents,
            plant,
        }
    }

    fn saw(&self, events: &[Happened]) {
        for happened in events {
            match &happened.event {
                Event::Opened { plan, .. } => plan.changes().for_each(|c| self.intents.learn(c)),
                Event::FoundLater { change } => self.intents.learn(change),
                Event::Intended { change, .. } => self.intents.count(change),
                _ => {}
            }
        }
    }

    fn kept_of(&self, events: Vec<Happened>) -> Vec<Happened> {
        if self.plant != Plant::LoseIntents {
            return events;
        }
        events
            .into_iter()
            .filter(|each| !matches!(each.event, Event::Intended { .. }))
            .collect()
    }
}

#[async_trait]
impl Store for Witness {
    async fn open_run(
        &self,
        run: &RunId,
        subjects: &[UserId],
        events: Vec<Happened>,
    ) -> Result<Head, StoreError> {
        let head = self.kept.open_run(run, subjects, events.clone()).await?;
        self.saw(&events);
        Ok(head)
    }

    async fn append(&self, run: &RunId, events: Vec<Happened>) -> Result<Head, StoreError> {
        let events = self.kept_of(events);
        let head = self.kept.append(run, events.clone()).await?;
        self.saw(&events);
        Ok(head)
    }

    async fn records(&self, run: &RunId) -> Result<Vec<Record>, StoreError> {
        let records = self.kept.records(run).await?;
        // What an earlier life committed as it died, nobody has told yet.
        for record in &records {
            match &record.event {
                Event::Opened { plan, .. } => plan.changes().for_each(|c| self.intents.learn(c)),
                Event::FoundLater { change } => self.intents.learn(change),
                _ => {}
            }
        }
        Ok(records)
    }

    async fn runs(&self) -> Result<Vec<RunRow>, StoreError> {
        self.kept.runs().await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.kept.head().await
    }

    async fn save_plan(&self, plan: &Plan) -> Result<(), StoreError> {
        self.kept.save_plan(plan).await
    }

    async fn plan(&self, phrase: &str) -> Result<Option<Plan>, StoreError> {
        self.kept.plan(phrase).await
    }

    async fn bind_org(&self, org_id: &str) -> Result<(), StoreError> {
        self.kept.bind_org(org_id).await
    }

    async fn subjects_since(&self, since: Utc) -> Result<u64, StoreError> {
        self.kept.subjects_since(since).await
    }
}

/// Sits on the network: counts requests, kills the process where the schedule says, and
/// checks every write against the durable intents.
pub(crate) struct Spy {
    crashes: Vec<Crash>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    life: usize,
    requests: u64,
    intents: Arc<Intents>,
    /// By method, path, and the token that the body names.
    sent: BTreeMap<(String, String), u64>,
    met: BTreeMap<&'static str, u64>,
    violation: Option<Violation>,
}

impl Spy {
    pub(crate) fn new(crashes: Vec<Crash>) -> Self {
        Self {
            crashes,
            inner: Mutex::default(),
        }
    }

    /// A process begins.
    pub(crate) fn begin_life(&self, life: usize, intents: Arc<Intents>) {
        let mut inner = self.inner.lock().unwrap();
        let died_at_the_store =
            life > 0 && matches!(self.crashes.get(life - 1), Some(Crash::Store(_)));
        if died_at_the_store {
            *inner.met.entry("crash at the store").or_default() += 1;
        }
        inner.life = life;
        inner.requests = 0;
        inner.intents = intents;
    }

    pub(crate) fn crashes_met(&self) -> BTreeMap<&'static str, u64> {
        self.inner.lock().unwrap().met.clone()
    }

    /// What was seen on the network that must not be.
    pub(crate) fn first_violation(&self) -> Result<(), Violation> {
        self.inner
            .lock()
            .unwrap()
            .violation
            .clone()
            .map_or(Ok(()), Err)
    }

    fn check(inner: &mut Inner, request: &Request) {
        let Some(what) = what_it_does(request) else {
            return;
        };
        let intents = inner.intents.of(&what);
        let line = format!("{} {}", request.method, request.path);
        // One change may need several requests: an Okta Verify enrolment is deleted by each of its
        // parts, a client's consents may go one by one, and so may the tokens of an app, which are
        // named in the body. Each of them is bounded by itself.
        let token = match request.path.ends_with("/oauth2/revoke") {
            true => String::from_utf8_lossy(&request.body).into_owned(),
            false => String::new(),
        };
        let sent = inner.sent.entry((line.clone(), token)).or_default();
        *sent += 1;
        if intents == 0 {
            let told = Violation::new("a write left without a durable intent", line);
            inner.violation.get_or_insert(told);
        } else if *sent > intents * SENDS_PER_INTENT {
            let told = Violation::new(
                "a write was repeated without bounds",
                format!("{line}: {sent} times for {intents} intents"),
            );
            inner.violation.get_or_insert(told);
        }
    }
}

/// `verb subject` of a request that changes something, by the mock's own list.
fn what_it_does(request: &Request) -> Option<String> {
    let parts: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    let verb = match (request.method.as_str(), &parts[..]) {
        ("DELETE", ["api", "v1", "users", id, "sessions"]) => ("clear_sessions", *id),
        ("POST", ["api", "v1", "users", id, "lifecycle", "suspend"]) => ("suspend_user", *id),
        ("PUT", ["api", "v1", "groups", _, "users", id]) => ("quarantine_user", *id),
        (
            "DELETE",
            [
                "api",
                "v1",
                "users",
                id,
                "factors" | "authenticator-enrollments",
                _,
            ],
        ) => ("delete_factors", *id),
        ("DELETE", ["api", "v1", "users", id, "grants" | "clients", ..]) => {
            ("revoke_oauth_grants", *id)
        }
        ("POST", ["aws", "iam"]) => return at_aws(&request.body),
        _ => return at_a_service(&request.method, &parts),
    };
    Some(format!("{} {}", verb.0, verb.1))
}

/// The same at AWS, where the body says what is asked for.
fn at_aws(body: &[u8]) -> Option<String> {
    let writes = String::from_utf8_lossy(body).contains("Action=PutRolePolicy");
    writes.then(|| "aws deny_sessions".to_owned())
}

/// The same behind Okta.
fn at_a_service(method: &str, parts: &[&str]) -> Option<String> {
    let (system, verb) = match (method, parts) {
        ("POST", ["m365", .., "revokeSignInSessions"]) => ("m365", "revoke_sessions"),
        ("DELETE", ["m365", .., "authentication", _, _]) => ("m365", "delete_auth_methods"),
        ("DELETE", ["m365", .., "oauth2PermissionGrants", _]) => ("m365", "revoke_consents"),
        ("PATCH", ["m365", .., "messageRules", _]) => ("m365", "disable_inbox_rules"),
        ("POST", ["google", .., "signOut"]) => ("google", "sign_out"),
        ("DELETE", ["google", .., "tokens", _]) => ("google", "revoke_tokens"),
        ("DELETE", ["google", .., "asps", _]) => ("google", "delete_app_passwords"),
        ("POST", ["google", .., "invalidate"]) => ("google", "invalidate_backup_codes"),
        ("PATCH", ["salesforce", .., "UserLogin", _]) => ("salesforce", "freeze_user"),
        ("POST", ["salesforce", .., "revoke"]) => ("salesforce", "revoke_oauth_tokens"),
        ("DELETE", ["salesforce", .., "AuthSession", _] | ["salesforce", .., "composite", _]) => {
            ("salesforce", "delete_sessions")
        }
        ("POST", ["slack", .., "admin.users.session.reset"]) => ("slack", "reset_sessions"),
        ("POST", ["gtr", "global-token-revocation"]) => ("gtr", "revoke"),
        ("POST", ["github", .., "revoke"]) => ("github", "revoke_credentials"),
        (
            "POST",
            ["github", .., "personal-access-tokens"] | ["github", .., "personal-access-tokens", _],
        ) => ("github", "revoke_fine_grained_tokens"),
        _ => return None,
    };
    Some(format!("{system} {verb}"))
}

impl Tap for Spy {
    fn before(&self, request: &Request, _: &Range) -> bool {
        let mut inner = self.inner.lock().unwrap();
        inner.requests += 1;
        let dies = self.crashes.get(inner.life) == Some(&Crash::BeforeEffect(inner.requests));
        if dies {
            *inner.met.entry("crash before an effect").or_default() += 1;
            return true;
        }
        Self::check(&mut inner, request);
        false
    }

    fn after(&self, _: &Request, _: &Range) -> bool {
        let mut inner = self.inner.lock().unwrap();
        let dies = self.crashes.get(inner.life) == Some(&Crash::AfterEffect(inner.requests));
        if dies {
            *inner.met.entry("crash after an effect").or_default() += 1;
        }
        dies
    }
}
