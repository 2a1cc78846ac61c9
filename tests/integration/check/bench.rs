//! Where such stories start: contoso with every service, reached by a service app of its own.

use std::sync::{Arc, OnceLock};

use oust::approval::Approvers;
use oust::connectors::{Opened, Opening, REGISTER};
use oust::engine::{CheckAsk, Checked, Tools, check};
use oust::guard::GuardConfig;
use oust::ledger::MemoryStore;
use oust::model::{Finding, Owner, Scope, Severity, SystemId, UserId};
use oust_mocks::world::{CLIENT_ID, PRIYA, QUARANTINE_GROUP};
use oust_mocks::{Faults, KeyPair, World};
use serde_json::{Value, json};

use crate::lab::services::contoso;
use crate::lab::{Lab, NoTap, ORIGIN, shipped};

/// How many accounts of contoso are active.
pub(super) const ACTIVE: u64 = 17;

pub(super) fn key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::es256("ec-1"))
}

/// Contoso, where our app has every scope there is and the role of a super administrator.
pub(super) fn healthy() -> World {
    contoso().client(CLIENT_ID, key().public_jwk.clone(), &World::all_scopes())
}

/// A laboratory, and what is configured in it.
pub(super) struct Bench {
    pub(super) lab: Lab,
    pub(super) tools: Tools,
    pub(super) guards: GuardConfig,
    pub(super) approvers: Approvers,
    pub(super) owners: Vec<Owner>,
    pub(super) scope: Scope,
    pub(super) unopened: Vec<(SystemId, Finding)>,
}

impl Bench {
    pub(super) fn of(world: World) -> Self {
        Self::with(world, &json!({}))
    }

    /// The same with more settings of the directory.
    pub(super) fn with(world: World, more: &Value) -> Self {
        let lab = Lab::tapped(world, 7, Arc::new(NoTap), 5);
        let mut tools = lab.with_services(Arc::new(MemoryStore::new()));
        let pem = lab.secret("okta.pem", &key().private_pem);
        let mut settings = json!({
            "org_url": ORIGIN,
            "auth": {
                "client_id": CLIENT_ID, "key_id": key().kid, "private_key": { "file": pem },
            },
            "quarantine_group": QUARANTINE_GROUP,
        });
        for (name, value) in more.as_object().unwrap() {
            settings[name] = value.clone();
        }
        let opened = (REGISTER[0].open)(&Opening {
            id: SystemId::new("okta"),
            settings,
            wire: lab.wire.clone(),
            clock: Arc::clone(&lab.clock),
            rng: lab.rng.clone(),
            user_agent: "oust/test".into(),
            budgets: oust::transport::Budgets::default(),
        });
        let Ok(Opened::Directory(directory)) = opened else {
            panic!("the directory opens");
        };
        tools.directory = directory;
        Self {
            lab,
            tools,
            guards: GuardConfig {
                protected: vec![UserId::new(PRIYA)],
                active_users: Some(ACTIVE),
                ..GuardConfig::default()
            },
            approvers: Approvers::default(),
            owners: Vec::new(),
            scope: Scope::default(),
            unopened: Vec::new(),
        }
    }

    /// What goes wrong, in the mock's own notation.
    pub(super) fn faults(self, rules: &str) -> Self {
        self.lab.range.lock().unwrap().faults = Faults::parse(rules).unwrap();
        self
    }

    /// Checks for the playbook of a takeover; whatever was found, nothing was written.
    pub(super) async fn check(&self) -> Checked {
        self.check_for("account-takeover").await
    }

    pub(super) async fn check_for(&self, playbook: &str) -> Checked {
        let ask = CheckAsk {
            playbooks: &[shipped(playbook)],
            scope: &self.scope,
            guards: &self.guards,
            approvers: &self.approvers,
            owners: &self.owners,
            found: Vec::new(),
            unopened: self.unopened.clone(),
        };
        let checked = check(&self.tools, &ask).await;
        let range = self.lab.range.lock().unwrap();
        let writes = range.journal.writes();
        assert!(writes.is_empty(), "{}", range.journal.lines());
        assert!(
            range.journal.effects().is_empty(),
            "{}",
            range.journal.lines()
        );
        checked
    }
}

/// What was found that is more than good to know: `okta high scope_missing`, the org's own as `-`.
pub(super) fn loud(checked: &Checked) -> Vec<String> {
    let word = |severity: Severity| match severity {
        Severity::High => "high",
        Severity::Warning => "warning",
        Severity::Info => "info",
    };
    checked
        .all()
        .filter(|(_, finding)| finding.severity > Severity::Info)
        .map(|(system, finding)| {
            let system = system.map_or("-", SystemId::as_str);
            format!("{system} {} {}", word(finding.severity), finding.id)
        })
        .collect()
}

/// All that was said, for whoever looks for a word.
pub(super) fn words(checked: &Checked) -> String {
    let all = checked.all();
    let lines: Vec<String> = all
        .map(|(system, finding)| {
            let system = system.map_or("-", SystemId::as_str);
            format!(
                "{system} {}: {} ({})",
                finding.id, finding.text, finding.hint
            )
        })
        .collect();
    lines.join("\n")
}
