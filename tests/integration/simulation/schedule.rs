//! What one seed decides: who, which org, what goes wrong, when the process dies.

use std::sync::Arc;
use std::time::Duration;

use oust::connectors::REGISTER;
use oust::engine::Tools;
use oust::given::Rng;
use oust::ledger::Store;
use oust::playbook::CheckedPlaybook;
use oust_mocks::range::SYSTEMS;
use oust_mocks::world::ALEX;
use oust_mocks::{Attacker, Faults, Range, World};

use super::Coverage;
use super::witness::Spy;
use crate::lab::services::furnished;
use crate::lab::{Lab, LabRng, NOON, shipped};

/// Where a life of the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crash {
    /// At the store's point of this number.
    Store(u64),
    /// Before the vendor sees the request of this number.
    BeforeEffect(u64),
    /// After the effect, before the answer.
    AfterEffect(u64),
}

/// All that one seed decides.
pub(crate) struct Schedule {
    pub(crate) crashes: Vec<Crash>,
    pub(crate) latency_max_ms: u64,
    faults: String,
    pub(crate) grace: Duration,
    attacker_gap_ms: u64,
    log_delay_ms: i64,
    suspend_keeps_sessions: bool,
    playbook: &'static str,
    statuses: Vec<(&'static str, &'static str)>,
    /// Every service behind Okta is open, and the intruder visits them.
    pub(crate) services: bool,
}

const OTHERS: [&str; 4] = [
    "bailey@contoso.example",
    "casey@contoso.example",
    "devon@contoso.example",
    "kim@contoso.example",
];

const PLACES: [&str; 14] = [
    "DELETE sessions",
    "POST suspend",
    "DELETE factors",
    "DELETE api-tokens",
    "DELETE grants",
    "DELETE clients",
    "POST global-token-revocation",
    "PUT groups",
    "GET users",
    "GET logs",
    "GET factors",
    "GET api-tokens",
    "GET clients",
    "GET assignees",
];

const KINDS: [&str; 22] = [
    "status:418",
    "lie_ok",
    "already_done",
    "unauthorized",
    "forbidden",
    "not_found",
    "conflict",
    "throttle_minute",
    "throttle_concurrency",
    "throttle_no_headers",
    "internal",
    "html_502",
    "read_only",
    "timeout_before",
    "timeout_after",
    "cut_before_effect",
    "cut_after_effect",
    "reset_mid_body",
    "truncated_json",
    "oversized_body",
    "foreign_redirect",
    "latency:12000",
];

/// Two that only make sense on answers that are read.
const KINDS_OF_READS: [&str; 3] = ["foreign_next", "clock_skew:600000", "clock_skew:-600000"];

/// Where something goes wrong at a service; the system alone is everything there.
const AT_SERVICES: [(&str, &str); 27] = [
    ("m365", "POST revokeSignInSessions"),
    ("m365", "DELETE authentication"),
    ("m365", "DELETE oauth2PermissionGrants"),
    ("m365", "PATCH messageRules"),
    ("m365", "GET users"),
    ("m365", "POST login"),
    ("m365", ""),
    ("google", "POST signOut"),
    ("google", "DELETE tokens"),
    ("google", "DELETE asps"),
    ("google", "POST invalidate"),
    ("google", "GET users"),
    ("google", "POST oauth"),
    ("google", ""),
    ("slack", "POST session.reset"),
    ("slack", "POST session.list"),
    ("slack", "POST auth.test"),
    ("slack", "GET users"),
    ("slack", ""),
    ("github", "POST revoke"),
    ("github", "POST personal-access-tokens"),
    ("github", "GET credential-authorizations"),
    ("github", "POST graphql"),
    ("github", "POST access_tokens"),
    ("github", ""),
    ("gtr", "POST global-token-revocation"),
    ("gtr", ""),
];

/// The same at Salesforce, which came later: drawn by a chance of its own.
const AT_SALESFORCE: [&str; 6] = [
    "PATCH UserLogin",
    "POST revoke",
    "DELETE AuthSession",
    "GET query",
    "POST token",
    "",
];

/// The same at AWS, which came later still.
const AT_AWS: [&str; 7] = [
    "POST PutRolePolicy",
    "POST GetRolePolicy",
    "POST ListRoles",
    "POST LookupEvents",
    "POST SimulatePrincipalPolicy",
    "POST AssumeRole",
    "",
];

/// How long a whole service is silent, seconds.
const SILENCES: [&str; 3] = ["hang:5", "hang:60", "hang:3000"];

impl Schedule {
    pub(crate) fn of(seed: u64) -> Self {
        let mut schedule = Self::at_okta(seed);
        // What was drawn so far stays what it is: an old seed replays its incident.
        schedule.services = seed.is_multiple_of(3);
        if schedule.services {
            let at_okta = schedule
                .faults
                .split(',')
                .map(|rule| format!("okta {rule}"));
            let behind = at_services(seed)
                .into_iter()
                .chain(at_salesforce(seed))
                .chain(at_aws(seed));
            let all: Vec<String> = at_okta.chain(behind).collect();
            schedule.faults = all.join(",");
        }
        schedule
    }

    fn at_okta(seed: u64) -> Self {
        let rng = LabRng::new(seed ^ 0x5EED_0057);
        let pick = |many: usize| usize::try_from(rng.below(many as u64)).unwrap();
        let mut faults = Vec::new();
        for _ in 0..=pick(3) {
            let place = PLACES[pick(PLACES.len())];
            let kind = if place.starts_with("GET") && pick(3) == 0 {
                KINDS_OF_READS[pick(KINDS_OF_READS.len())]
            } else {
                KINDS[pick(KINDS.len())]
            };
            let nth = 1 + pick(4);
            faults.push(format!("{place}#{nth}={kind}"));
        }
        let crashes = (0..=pick(2))
            .map(|_| match pick(3) {
                0 => Crash::Store(1 + rng.below(60)),
                1 => Crash::BeforeEffect(1 + rng.below(90)),
                _ => Crash::AfterEffect(1 + rng.below(90)),
            })
            .collect();
        let hard = ["LOCKED_OUT", "PASSWORD_EXPIRED", "SUSPENDED"];
        let statuses = if pick(4) == 0 {
            vec![(OTHERS[0], hard[pick(3)])]
        } else {
            Vec::new()
        };
        Self {
            crashes,
            latency_max_ms: 5 + rng.below(120),
            faults: faults.join(","),
            attacker_gap_ms: 40 + rng.below(1_500),
            log_delay_ms: if pick(3) == 0 { 3_000 } else { 0 },
            suspend_keeps_sessions: pick(2) == 0,
            playbook: if pick(4) == 0 {
                "factor-tampering"
            } else {
                "account-takeover"
            },
            statuses,
            services: false,
            // Every other seed is agreed to beforehand and waits for no service.
            grace: Duration::from_secs(seed % 2),
        }
    }

    pub(crate) fn world(&self) -> World {
        let mut attacker = Attacker::new(ALEX, self.attacker_gap_ms);
        if self.services {
            attacker = attacker.with_services();
        }
        let mut world = World::contoso(NOON)
            .attacker(attacker)
            .log_delay_ms(self.log_delay_ms);
        if self.suspend_keeps_sessions {
            world = world.suspend_keeps_sessions();
        }
        for (login, status) in &self.statuses {
            world = world.status(login, status);
        }
        if self.services {
            world = furnished(world);
        }
        world
    }

    /// What an engine is given.
    pub(crate) fn tools(&self, lab: &Lab, store: Arc<dyn Store>) -> Tools {
        if self.services {
            lab.with_services(store)
        } else {
            lab.tools(store)
        }
    }

    pub(crate) fn faults(&self) -> Faults {
        Faults::parse(&self.faults).unwrap()
    }

    pub(crate) fn playbook(&self) -> CheckedPlaybook {
        shipped(self.playbook)
    }

    /// Whether a write that nothing can read back was answered with a lie.
    pub(crate) fn lied_to_the_blind(&self, range: &Range) -> bool {
        self.lied(range, |fault| {
            fault.starts_with("google POST") || fault.starts_with("gtr ")
        })
    }

    /// Whether a clear of sessions was, of which only an event tells.
    pub(crate) fn lied_to_a_clear(&self, range: &Range) -> bool {
        self.lied(range, |fault| fault.contains("DELETE sessions"))
    }

    fn lied(&self, range: &Range, to: impl Fn(&str) -> bool) -> bool {
        let mut shown = self.faults.split(',').zip(range.faults.shown());
        shown.any(|(fault, shown)| {
            let lies = fault.ends_with("=lie_ok") || fault.ends_with("=oversized_body");
            shown > 0 && lies && to(fault)
        })
    }

    /// The subjects: alex, whom the attacker has, and two more.
    pub(crate) fn who(&self) -> Vec<&'static str> {
        vec!["alex@contoso.example", OTHERS[0], OTHERS[1]]
    }

    /// Counts what was met.
    pub(crate) fn cover(&self, lab: &Lab, spy: &Arc<Spy>, coverage: &mut Coverage) {
        let range = lab.range.lock().unwrap();
        for (fault, shown) in self.faults.split(',').zip(range.faults.shown()) {
            if shown > 0 {
                let kind = fault.rsplit('=').next().unwrap();
                coverage.count(&format!("fault {kind}"), u64::from(shown));
                let system = fault.split([' ', '=', '#']).next().unwrap();
                let system = SYSTEMS.iter().find(|each| **each == system);
                let at = system.unwrap_or(&"okta alone");
                coverage.count(&format!("fault at {at}"), u64::from(shown));
            }
        }
        let moves = &range.attacker.as_ref().unwrap().moves;
        for (name, count) in moves {
            coverage.count(&format!("attacker {name}"), u64::from(*count));
        }
        for (place, count) in spy.crashes_met() {
            coverage.count(place, count);
        }
    }
}

/// What goes wrong at the services, of a chance of its own.
fn at_services(seed: u64) -> Vec<String> {
    let rng = LabRng::new(seed ^ 0x5E12_71CE);
    let pick = |many: usize| usize::try_from(rng.below(many as u64)).unwrap();
    // A last clear that does nothing: he is at work at Okta while the services sign him out.
    let late = (pick(3) == 0).then(|| format!("okta DELETE sessions#{}=lie_ok", 4 + pick(3)));
    let wrong: Vec<String> = (0..=pick(3))
        .map(|_| match AT_SERVICES[pick(AT_SERVICES.len())] {
            (system, "") => format!("{system}={}", SILENCES[pick(SILENCES.len())]),
            (system, place) => {
                let kind = KINDS[pick(KINDS.len())];
                format!("{system} {place}#{}={kind}", 1 + pick(3))
            }
        })
        .collect();
    late.into_iter().chain(wrong).collect()
}

/// What goes wrong at Salesforce in every other incident.
fn at_salesforce(seed: u64) -> Option<String> {
    let rng = LabRng::new(seed ^ 0x5A1E_5F0C);
    let pick = |many: usize| usize::try_from(rng.below(many as u64)).unwrap();
    let place = AT_SALESFORCE[pick(AT_SALESFORCE.len())];
    let (nth, kind, silence) = (1 + pick(3), KINDS[pick(KINDS.len())], SILENCES[pick(3)]);
    (pick(2) == 0).then(|| match place {
        "" => format!("salesforce={silence}"),
        place => format!("salesforce {place}#{nth}={kind}"),
    })
}

/// What goes wrong at AWS in every other incident.
fn at_aws(seed: u64) -> Option<String> {
    let rng = LabRng::new(seed ^ 0xA115_0A11);
    let pick = |many: usize| usize::try_from(rng.below(many as u64)).unwrap();
    let place = AT_AWS[pick(AT_AWS.len())];
    let (nth, kind, silence) = (1 + pick(3), KINDS[pick(KINDS.len())], SILENCES[pick(3)]);
    (pick(2) == 0).then(|| match place {
        "" => format!("aws={silence}"),
        place => format!("aws {place}#{nth}={kind}"),
    })
}

/// What a batch of schedules must have met.
pub(crate) fn everything_to_meet() -> Vec<String> {
    let faults = KINDS
        .iter()
        .chain(&KINDS_OF_READS)
        .map(|kind| format!("fault {kind}"));
    let ours = |system: &&&str| REGISTER.iter().any(|row| row.vendor.id == **system);
    let systems = SYSTEMS.iter().filter(ours);
    let systems = systems.map(|system| format!("fault at {system}"));
    let moves = [
        "sign_in",
        "enrol_factor",
        "mint_token",
        "sso",
        "refused",
        "m365_method",
        "m365_consent",
        "m365_rule",
        "google_app_password",
        "google_consent",
        "salesforce_token",
        "salesforce_session",
        "slack_session",
        "gtr_token",
        "aws_chain",
        "aws_key",
    ];
    let moves = moves.iter().map(|name| format!("attacker {name}"));
    let crashes = [
        "crash at the store",
        "crash before an effect",
        "crash after an effect",
    ];
    faults
        .chain(systems)
        .chain(moves)
        .chain(crashes.iter().map(|name| (*name).to_owned()))
        .collect()
}
