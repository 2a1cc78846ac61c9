//! Two of every vendor behind one Okta: the tenants of Contoso, and those of a second world.
//!
//! The second world is another mock server at another host. Its Okta takes no part. Everybody of
//! Contoso has an account there, too, unless a test says otherwise; its tenants have ids and
//! secrets of their own.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use http::{Request, Response};
use oust::config::hand_out;
use oust::connector::System;
use oust::connectors::{Opened, Opening, REGISTER, vendors};
use oust::engine::{Ended, PlanRequest, Run, Tools, plan};
use oust::guard::GuardConfig;
use oust::ledger::MemoryStore;
use oust::model::{Plan, SystemId};
use oust::playbook::CheckedPlaybook;
use oust::transport::{Wire, WireError, WireLimits};
use oust_mocks::{Faults, Range, World, aws, google};
use serde_json::json;
use tokio::sync::watch;

use crate::downstream::story::Told;
use crate::lab::services::{Service, contoso, service, services};
use crate::lab::{Lab, LabWire, NoTap, shipped};

pub(super) const ALEX: &str = "alex@contoso.example";

/// Where the second world's mocks believe they are.
const SECOND: &str = "https://second.example";
/// What its tenants are called.
pub(super) const TENANT: &str = "1b2c3d4e-0000-4000-a000-5ec0d0000000";
pub(super) const ENTERPRISE: &str = "E0SECOND";
const ACCOUNT: &str = "777711112222";
const CUSTOMER: &str = "C0second";
const TOKEN: &str = "xoxp-second";

/// Both worlds' mocks, by host.
struct TwoWires {
    first: Arc<LabWire>,
    second: Arc<LabWire>,
}

#[async_trait]
impl Wire for TwoWires {
    async fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: WireLimits,
    ) -> Result<Response<Vec<u8>>, WireError> {
        if request.uri().host() != Some("second.example") {
            return self.first.send(request, limits).await;
        }
        // The mocks' customer id is a constant; the second Workspace is another customer's.
        let answer = self.second.send(request, limits).await?;
        Ok(answer.map(|body| match String::from_utf8(body) {
            Ok(text) => text.replace(google::CUSTOMER, CUSTOMER).into_bytes(),
            Err(bytes) => bytes.into_bytes(),
        }))
    }
}

/// A laboratory with two of each vendor.
pub(super) struct Two {
    pub(super) lab: Lab,
    pub(super) tools: Tools,
    second: Arc<LabWire>,
}

/// A second Contoso: other tenants, other secrets.
pub(super) fn second() -> World {
    contoso()
        .with_m365(|m365| TENANT.clone_into(&mut m365.tenant_id))
        .aws_renumbered(aws::PRODUCTION, ACCOUNT)
        .with_slack(|slack| {
            ENTERPRISE.clone_into(&mut slack.enterprise_id);
            for token in slack.admin_tokens.values_mut() {
                TOKEN.clone_into(&mut token.secret);
            }
        })
}

impl Two {
    /// `VENDOR:eu` in the first world and `VENDOR:us` in the second, of every vendor.
    pub(super) fn of(first: World, second: World) -> Self {
        Self::slow(first, second, 0)
    }

    /// The same with every way there and back taking up to so many milliseconds.
    pub(super) fn slow(first: World, second: World, latency_max_ms: u64) -> Self {
        let lab = Lab::tapped(first, 7, Arc::new(NoTap), latency_max_ms);
        let second = Arc::new(LabWire {
            range: Arc::new(Mutex::new(Range::new(second.base_url(SECOND), 8))),
            clock: Arc::clone(&lab.clock),
            rng: Arc::clone(&lab.rng),
            latency_ms: (0, latency_max_ms),
            tap: Arc::new(NoTap),
            dead: watch::Sender::new(false),
        });
        let mut tools = lab.tools(Arc::new(MemoryStore::new()));
        tools.vendors = vendors().collect();
        let mut two = Self { lab, tools, second };
        two.tools.services = services()
            .flat_map(|each| [two.open(each, "eu"), two.open(each, "us")])
            .collect();
        two
    }

    /// Opens one instance: `us` is the second world's, every other name, or none, the first's.
    pub(super) fn open(&self, service: &Service, name: &str) -> System {
        let is_second = name == "us";
        let keep = |file: &str, text: &str| {
            let text = match (is_second, file) {
                (true, "slack") => TOKEN,
                _ => text,
            };
            self.lab.secret(&format!("{name}-{file}"), text)
        };
        let base = if is_second {
            SECOND
        } else {
            crate::lab::ORIGIN
        };
        let mut settings = service.settings(&keep, base);
        if is_second && service.vendor == "m365" {
            settings["tenant"] = json!(TENANT);
        }
        if is_second && service.vendor == "aws" {
            settings["accounts"] = json!([
                { "id": ACCOUNT, "role_arn": aws::responder_in(ACCOUNT) },
            ]);
        }
        if service.vendor == "gtr" {
            // One app that may lead to two systems gives no trusted id of him: his login does.
            settings["format"] = json!("email");
        }
        let mut rows = REGISTER.iter();
        let row = rows.find(|row| row.vendor.id == service.vendor).unwrap();
        let opened = (row.open)(&Opening {
            id: match name {
                "" => SystemId::new(service.vendor),
                name => SystemId::new(format!("{}:{name}", service.vendor)),
            },
            settings,
            wire: Arc::new(TwoWires {
                first: self.lab.wire.clone(),
                second: Arc::clone(&self.second),
            }),
            clock: Arc::clone(&self.lab.clock),
            rng: self.lab.rng.clone(),
            user_agent: format!("oust/test run=r_lab at={name}"),
            budgets: oust::transport::Budgets::default(),
        });
        match opened {
            Ok(Opened::Service(system)) => service.with_apps(system),
            _ => panic!("{} opens as a service", service.vendor),
        }
    }

    /// Leaves only these systems configured.
    pub(super) fn with_only(mut self, ids: &[&str]) -> Self {
        let services = &mut self.tools.services;
        services.retain(|system| ids.contains(&system.id.as_str()));
        self
    }

    /// What `apps:` of the config file says.
    pub(super) fn apps(mut self, apps: &[(&str, &str)]) -> Self {
        let apps: Vec<_> = apps
            .iter()
            .map(|(app, system)| ((*app).to_owned(), SystemId::new(*system)))
            .collect();
        hand_out(&mut self.tools.services, &apps);
        self
    }

    pub(super) fn first(&self) -> MutexGuard<'_, Range> {
        self.lab.range.lock().unwrap()
    }

    pub(super) fn second(&self) -> MutexGuard<'_, Range> {
        self.second.range.lock().unwrap()
    }

    /// What goes wrong in each world, in the mock's own notation.
    pub(super) fn faults(self, first: &str, second: &str) -> Self {
        self.first().faults = Faults::parse(first).unwrap();
        self.second().faults = Faults::parse(second).unwrap();
        self
    }

    pub(super) fn request(&self, who: &[&str]) -> PlanRequest {
        self.lab.request(who)
    }

    pub(super) async fn plan(&self, request: PlanRequest) -> Plan {
        let playbook = shipped("account-takeover");
        let limits = GuardConfig::default();
        let prepared = plan(&self.tools, &playbook, &limits, request).await;
        prepared.unwrap().plan
    }

    pub(super) async fn contain(&self, request: PlanRequest) -> Told {
        self.follow(&shipped("account-takeover"), request).await
    }

    pub(super) async fn follow(&self, playbook: &CheckedPlaybook, request: PlanRequest) -> Told {
        let limits = GuardConfig::default();
        let prepared = plan(&self.tools, playbook, &limits, request).await.unwrap();
        let start = self.lab.start(&prepared.plan, prepared.snapshot);
        let run = Run::begin(self.tools.clone(), prepared.plan, start).await;
        let run = run.unwrap();
        let ended: Ended = run.carry_out().await;
        Told::of(ended, run.state())
    }

    /// Goes on with the run that `told` tells of, with the systems that are open now.
    pub(super) async fn resume(&self, told: &Told) -> Told {
        let plan = told.state.plan.clone().unwrap();
        let state = self.tools.store.state(&plan.run).await.unwrap();
        let start = self.lab.start(&plan, oust::engine::Snapshot::default());
        let run = Run::resume(self.tools.clone(), state, start).await;
        let run = run.unwrap();
        let ended = run.carry_out().await;
        Told::of(ended, run.state())
    }
}

/// `METHOD path` of every write to a vendor in one world.
pub(super) fn writes(range: &Range, vendor: &str) -> Vec<String> {
    let writes = range.journal.writes();
    let here = writes.iter().filter(|entry| entry.system == vendor);
    here.map(|entry| format!("{} {}", entry.method, entry.path))
        .collect()
}

/// What the intruder still holds at the services of one world.
pub(super) fn held(range: &Range) -> Vec<String> {
    let mut all = range.holds(ALEX);
    all.retain(|line| !line.starts_with("okta"));
    all
}

/// Alex's id at a vendor; the same in both worlds, as the mocks draw it from his login.
pub(super) fn alex_at(vendor: &str) -> String {
    (service(vendor).id)(ALEX)
}
