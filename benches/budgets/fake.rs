//! A directory that answers at once, so that what is left to measure is the engine.
//!
//! Declares Okta's actions, for the shipped playbooks to run on; every read finds what it looks
//! for, every write succeeds and every proof holds at the first look. Sends nothing: its wire
//! refuses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{Request, Response};
use oust::connector::{
    AgentToken, CannotUndo, Connector, Directory, DirectorySystem, Identified, LockAct, LogAsk,
    LogPage, Org, OrgToken, PickError, Picks, Planned, ResolveError, Selector, SignsOfLife, Step,
    System, Unheard, UserCount, Wanted,
};
use oust::connectors::vendors;
use oust::engine::Tools;
use oust::evidence::holdings::{Holdings, ThreatConfig};
use oust::evidence::investigation::Now;
use oust::given::{Clock, Rng, SystemClock, SystemRng};
use oust::ledger::Store;
use oust::model::{
    ActionId, AppAccount, Applied, Case, Change, Finding, Found, History, Identity, Lookup,
    NewPassword, Outcome, OutcomeKind, Plant, Proof, ProofState, Receipt, Role, Subject, SystemId,
    Target, Tri, Undo, UserId, Utc, Vendor, Window,
};
use oust::transport::{
    Answer, AuthError, Bucket, Budgets, Client, ClientParts, Credential, Manners, Reader, Wire,
    WireError, WireLimits, Writer, no_quota, only_401, only_429, only_json,
};
use serde_json::{Value, json};

/// What an engine is given here: this directory, `store`, the machine's clock.
///
/// `items` is how many factors, tokens and consents each subject has: one change each.
pub(crate) fn tools(store: Arc<dyn Store>, items: usize) -> Tools {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let rng: Arc<dyn Rng> = Arc::new(SystemRng::default());
    let fake = Arc::new(Fake { items });
    let client = Client::new(ClientParts {
        system: SystemId::new("okta"),
        origin: "http://127.0.0.1:9/".parse().expect("it is a URL"),
        wire: Arc::new(NoWire),
        clock: Arc::clone(&clock),
        rng: Arc::clone(&rng),
        reads_as: Arc::new(Nobody),
        writes_as: Arc::new(Nobody),
        more_origins: Vec::new(),
        manners: Manners {
            bucket: |_, _| Bucket {
                name: "all",
                per_minute: 600,
            },
            headers: &[],
            request_ids: &[],
            throttled: only_429,
            expired: only_401,
            body: only_json,
            quota: no_quota,
        },
        budget: Budgets::default().of(&SystemId::new("okta"), &clock, &rng),
        user_agent: "oust/bench".into(),
    });
    let system = System {
        id: SystemId::new("okta"),
        connector: fake.clone(),
        apps: Vec::new(),
        client: Arc::new(client),
    };
    Tools {
        directory: DirectorySystem {
            system,
            directory: fake,
        },
        services: Vec::new(),
        vendors: Vec::new(),
        store,
        clock,
        rng,
        tool: "oust/bench".into(),
        mass_order: oust::engine::MassOrder::InTurn,
    }
}

struct Fake {
    items: usize,
}

impl Fake {
    fn targets(&self, verb: &str, who: &Subject) -> Vec<Target> {
        let kind = match verb {
            "delete_factors" => "factor",
            "revoke_api_tokens" => "api_token",
            "revoke_oauth_grants" => "grant",
            _ => return vec![Target::user(&who.id, &who.login)],
        };
        let item = |number| Target {
            kind: kind.into(),
            id: format!("{kind}{number:03}-{}", who.id),
            label: format!("{kind} {number}"),
        };
        (0..self.items).map(item).collect()
    }
}

#[async_trait]
impl Connector for Fake {
    fn vendor(&self) -> &'static Vendor {
        vendors()
            .find(|vendor| vendor.id == "okta")
            .expect("the register has the directory")
    }

    async fn preflight(&self, _: &Reader, _: &[ActionId]) -> Vec<Finding> {
        Vec::new()
    }

    async fn identify(&self, _: &Reader, who: &[Lookup]) -> Vec<Identity> {
        let found = |who: &Lookup| Identity::Found {
            id: who.subject.to_string(),
        };
        who.iter().map(found).collect()
    }

    async fn plan(&self, _: &Reader, step: &Step, who: &[Identified], _: &Case) -> Vec<Planned> {
        let change = |who: &Subject, target: Target| Change {
            id: Change::id_of(step.key, &who.id, &target),
            step: step.key,
            subject: who.id.clone(),
            system: step.system.clone(),
            action: step.action.clone(),
            sentence: format!("{} {}", step.action.verb().replace('_', " "), target.label),
            target,
            settings: step.settings.clone(),
            before: json!({ "status": who.status }),
            undo: Undo::Restores,
            made_at: None,
            found: Found::InPlan,
        };
        who.iter()
            .map(|Identified { subject, .. }| Planned {
                changes: self
                    .targets(step.action.verb(), subject)
                    .into_iter()
                    .map(|target| change(subject, target))
                    .collect(),
                ..Planned::default()
            })
            .collect()
    }

    async fn apply(&self, w: &Writer<'_>, batch: &[Change]) -> Vec<Outcome> {
        let now = w.reader().clock().now();
        let receipt = || Receipt {
            request_id: Some("aPBHYZ1SHbJHFBKrPb6TaAAADWk".into()),
            sent_at: now,
            server_at: now,
        };
        let done = |_| Outcome {
            kind: OutcomeKind::Done,
            receipts: vec![receipt()],
        };
        batch.iter().map(done).collect()
    }

    async fn prove(&self, r: &Reader, done: &[Applied]) -> Vec<Proof> {
        let at = r.clock().now();
        let proven = |_| Proof::read(ProofState::Proven, "read", at);
        done.iter().map(proven).collect()
    }

    fn inverse(&self, _: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::NotOurs)
    }

    fn prove_for(&self) -> Duration {
        Duration::from_secs(120)
    }
}

#[async_trait]
impl Directory for Fake {
    async fn holdings(&self, _: &Reader, _: &Subject, _: Option<Window>) -> Holdings {
        Holdings::default()
    }

    async fn threat_config(&self, _: &Reader) -> Result<ThreatConfig, String> {
        Ok(ThreatConfig::default())
    }

    async fn planted_now(&self, _: &Reader, plants: &[Plant]) -> Vec<Now> {
        vec![Now::Unread; plants.len()]
    }

    fn own_clients(&self) -> Vec<String> {
        Vec::new()
    }

    async fn org(&self, _: &Reader) -> Result<Org, Unheard> {
        Ok(Org {
            id: "00oContosoOrg00005d7".into(),
            host: "contoso.okta.example".into(),
        })
    }

    async fn resolve(&self, _: &Reader, who: &str) -> Result<Subject, ResolveError> {
        Ok(Subject {
            id: UserId::new(format!("00u{who}")),
            login: format!("{who}@contoso.example"),
            role: Role::Compromised,
            status: "ACTIVE".into(),
            privileged: Tri::Unread,
            roles: Vec::new(),
            groups: None,
            accounts: None,
            mastered_by: "OKTA".into(),
            changed_at: None,
            last_login: None,
        })
    }

    async fn describe(&self, _: &Reader, who: Vec<Subject>, _: Wanted) -> Vec<Subject> {
        let plain = |who| Subject {
            privileged: Tri::No,
            ..who
        };
        who.into_iter().map(plain).collect()
    }

    async fn status(&self, _: &Reader, _: &UserId) -> Result<String, String> {
        Ok("ACTIVE".into())
    }

    async fn pick(&self, _: &Reader, _: &Selector, _: usize) -> Result<Picks, PickError> {
        Err(PickError::Refused("nobody selects here".into()))
    }

    async fn count_active(&self, _r: &Reader, _time: Duration) -> Result<UserCount, String> {
        Err("nobody counts here".into())
    }

    async fn usable_super_admins(&self, _: &Reader) -> Result<Vec<UserId>, String> {
        Ok(vec![UserId::new("00uSomebodyElse")])
    }

    async fn accounts(&self, _: &Reader, who: &[Subject]) -> Vec<Option<Vec<AppAccount>>> {
        vec![Some(Vec::new()); who.len()]
    }

    async fn history(&self, _: &Reader, _: &[Subject], _: &Window, _: Utc) -> History {
        History::default()
    }

    async fn app_names(&self, _: &Reader, _: &[String]) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    fn is_own_app(&self, _: &str) -> bool {
        false
    }

    async fn agents_of(&self, _: &Reader, who: &[Subject]) -> Result<Vec<Vec<AgentToken>>, String> {
        Ok(vec![Vec::new(); who.len()])
    }

    async fn own_principal(&self, _: &Reader) -> Result<Option<UserId>, String> {
        Ok(None)
    }

    async fn org_tokens(&self, _: &Reader) -> Result<Vec<OrgToken>, String> {
        Ok(Vec::new())
    }

    fn password_step(&self, _: &Change, _: NewPassword) -> Option<Change> {
        None
    }

    fn locking_actions(&self) -> Vec<ActionId> {
        vec![ActionId::new("okta", "suspend_user")]
    }

    fn snapshot_parts(&self) -> &'static [&'static str] {
        &[]
    }

    async fn snapshot(&self, _: &Reader, _: &UserId, _: &str) -> Result<Value, String> {
        Ok(Value::Null)
    }

    async fn log_page(&self, _: &Reader, _: &LogAsk, _: Option<&str>) -> Result<LogPage, Unheard> {
        Ok(LogPage::default())
    }

    async fn locks_since(&self, _: &Reader, _: &[UserId], _: Utc) -> Result<Vec<LockAct>, String> {
        Ok(Vec::new())
    }

    async fn signs_of_life(&self, r: &Reader, _: &[(UserId, Utc)]) -> SignsOfLife {
        SignsOfLife {
            read_until: Some(r.clock().now()),
            ..SignsOfLife::default()
        }
    }
}

struct NoWire;

#[async_trait]
impl Wire for NoWire {
    async fn send(
        &self,
        _: Request<Vec<u8>>,
        _: WireLimits,
    ) -> Result<Response<Vec<u8>>, WireError> {
        Err(WireError::NotSent("there is no network here".into()))
    }
}

struct Nobody;

#[async_trait]
impl Credential for Nobody {
    async fn sign(&self, _: &mut Request<Vec<u8>>) -> Result<(), AuthError> {
        Ok(())
    }

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
