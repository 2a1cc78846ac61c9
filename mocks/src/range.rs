//! A test range: the vendors, the witness, the faults and the attacker behind one door.
//!
//! [`Range::handle`] is pure: no I/O, no clock. The order is always the same: the attacker
//! moves, the fault is chosen, the vendor answers (or not), the journal notes it.
//!
//! All vendors stand at one address: [`Range::route`] tells by the first segment of the path
//! whom a request is for.

use crate::accounts;
use crate::attacker::Attacker;
use crate::faults::{FaultKind, Faults, Shown};
use crate::google::Google;
use crate::http::{Reply, Request, Response};
use crate::journal::{Entry, Journal};
use crate::m365::M365;
use crate::okta::Okta;
use crate::rng::Rng;
use crate::slack::Slack;
use crate::vendor::{Handled, Trouble, Vendor, sha};
use crate::world::{Parts, World};

/// Every system of a range, as the journal, the faults and [`Range::handle`] name them.
pub const SYSTEMS: [&str; 4] = ["okta", "m365", "google", "slack"];

/// Everything a client can reach, and what watches it.
#[derive(Debug)]
pub struct Range {
    /// The mock Okta org.
    pub okta: Okta,
    /// The mock Microsoft 365 tenant.
    pub m365: M365,
    /// The mock Google Workspace.
    pub google: Google,
    /// The mock Slack organisation.
    pub slack: Slack,
    /// Every request so far.
    pub journal: Journal,
    /// What goes wrong.
    pub faults: Faults,
    /// The intruder, if he is awake.
    pub attacker: Option<Attacker>,
}

impl Range {
    /// Opens a world. The same world, seed and requests give the same answers.
    #[must_use]
    pub fn new(world: World, seed: u64) -> Self {
        let Parts {
            mut okta,
            mut m365,
            mut google,
            mut slack,
            mut attacker,
        } = world.into_parts();
        okta.rng = Rng::new(seed);
        m365.rng = Rng::new(seed ^ 0x0365);
        google.rng = Rng::new(seed ^ 0x6006);
        slack.rng = Rng::new(seed ^ 0x51AC);
        if let Some(attacker) = &mut attacker {
            attacker.reseed(seed);
        }
        let base_url = okta.base_url.clone();
        let mut range = Self {
            okta,
            m365,
            google,
            slack,
            journal: Journal::default(),
            faults: Faults::default(),
            attacker,
        };
        range.set_base_url(&base_url);
        range
    }

    /// Whom a request is for, and the request as that system sees it: `/slack/api/auth.test` is
    /// `/api/auth.test` at `slack`. What begins with no other system's name is Okta's.
    #[must_use]
    pub fn route(request: &Request) -> (&'static str, Request) {
        let mut request = request.clone();
        let path = request.path.trim_start_matches('/');
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let Some(system) = SYSTEMS[1..].iter().find(|system| **system == first) else {
            return ("okta", request);
        };
        request.path = format!("/{rest}");
        (system, request)
    }

    /// Sets scheme and authority of every vendor; no slash at the end.
    pub fn set_base_url(&mut self, url: &str) {
        url.clone_into(&mut self.okta.base_url);
        self.m365.base_url = format!("{url}/m365");
        self.google.base_url = format!("{url}/google");
        self.slack.base_url = format!("{url}/slack");
    }

    /// Answers one request at `now_ms` (milliseconds since 1970). `system` is one of [`SYSTEMS`], and
    /// the path is without its name, as [`route`](Self::route) gives it.
    pub fn handle(&mut self, system: &str, request: &Request, now_ms: i64) -> Reply {
        self.tick(now_ms);
        let fault = self.faults.choose(system, request, now_ms);
        let name = fault.as_ref().map(ToString::to_string);
        let extra_ms = fault.as_ref().map_or(0, FaultKind::extra_ms);
        let crowded = system == "okta" && {
            let delay_ms = self.okta.settings.latency_ms + extra_ms;
            !self.okta.limits.enter(now_ms, delay_ms)
        };
        let (reply, handled) = match self.vendor(system) {
            None => nobody(),
            Some(vendor) => {
                let delay_ms = vendor.latency_ms() + extra_ms;
                let shown = if crowded {
                    let refusal = vendor.trouble(Trouble::ThrottleConcurrency, request, now_ms);
                    Shown::Instead(refusal)
                } else {
                    fault.map_or(Shown::Truth, |f| f.show(vendor, request, now_ms))
                };
                carry_out(vendor, shown, request, now_ms, delay_ms)
            }
        };
        self.note(system, request, now_ms, &reply, &handled, name);
        reply
    }

    /// Lets the attacker move, if it is his turn, and what was under way at the vendors happen.
    pub fn tick(&mut self, now_ms: i64) {
        for system in SYSTEMS {
            if let Some(vendor) = self.vendor(system) {
                vendor.advance(now_ms);
            }
        }
        if let Some(mut attacker) = self.attacker.take() {
            attacker.tick(self, now_ms);
            self.attacker = Some(attacker);
        }
    }

    /// What the intruder still holds of a person, by Okta id or login, everywhere; each line
    /// begins with its system. Empty when nothing of his is left.
    #[must_use]
    pub fn holds(&self, user: &str) -> Vec<String> {
        let Some(user) = self.okta.user(user) else {
            return Vec::new();
        };
        let m365 = self.m365.holds(&accounts::m365_id(&user.login));
        let google = self.google.holds(&accounts::google_id(&user.login));
        let slack = self.slack.holds(&accounts::slack_id(&user.login));
        let at = |system: &'static str, held: Vec<String>| {
            held.into_iter()
                .map(move |line| format!("{system}: {line}"))
        };
        at("okta", self.okta.attacker_holds(&user.id))
            .chain(at("m365", m365))
            .chain(at("google", google))
            .chain(at("slack", slack))
            .collect()
    }

    /// The digest of one system's state; empty for an unknown system.
    #[must_use]
    pub fn digest_of(&self, system: &str) -> String {
        match system {
            "okta" => self.okta.digest(),
            "m365" => self.m365.digest(),
            "google" => self.google.digest(),
            "slack" => self.slack.digest(),
            _ => String::new(),
        }
    }

    /// One digest over the state of every system.
    #[must_use]
    pub fn digest(&self) -> String {
        sha(&SYSTEMS.map(|system| self.digest_of(system)))
    }

    fn vendor(&mut self, system: &str) -> Option<&mut dyn Vendor> {
        match system {
            "okta" => Some(&mut self.okta),
            "m365" => Some(&mut self.m365),
            "google" => Some(&mut self.google),
            "slack" => Some(&mut self.slack),
            _ => None,
        }
    }

    fn note(
        &mut self,
        system: &str,
        request: &Request,
        now_ms: i64,
        reply: &Reply,
        handled: &Handled,
        fault: Option<String>,
    ) {
        self.journal.push(Entry {
            n: 0,
            at_ms: now_ms,
            system: system.to_owned(),
            method: request.method.clone(),
            path: request.path.clone(),
            query: query_of(system, request),
            body: body_of(system, request),
            user_agent: request.header("user-agent").unwrap_or_default().to_owned(),
            principal: handled.principal.clone(),
            status: reply.answer().map_or(0, |r| r.status),
            mutating: handled.mutating,
            effective: handled.effective,
            fault,
        });
    }
}

/// The body for the journal, which holds no token.
fn body_of(system: &str, request: &Request) -> String {
    let path = request.path.as_str();
    let secret = match system {
        "okta" => path == "/oauth2/v1/token",
        "m365" => path.starts_with("/login/"),
        "google" => path.starts_with("/oauth/"),
        _ => false,
    };
    if secret {
        return "(client assertion)".to_owned();
    }
    String::from_utf8_lossy(&request.body).into_owned()
}

/// The query for the journal: Google's token endpoint may be asked by it.
fn query_of(system: &str, request: &Request) -> String {
    if system == "google" && request.path.starts_with("/oauth/") && !request.query.is_empty() {
        return "(token)".to_owned();
    }
    request.query.clone()
}

fn nobody() -> (Reply, Handled) {
    let response = Response {
        status: 404,
        ..Response::default()
    };
    let handled = Handled {
        response: response.clone(),
        principal: String::new(),
        mutating: false,
        effective: false,
    };
    let reply = Reply::Answer {
        response,
        delay_ms: 0,
    };
    (reply, handled)
}

fn carry_out(
    vendor: &mut dyn Vendor,
    shown: Shown,
    request: &Request,
    now_ms: i64,
    delay_ms: u64,
) -> (Reply, Handled) {
    let mutating = vendor.is_write(request);
    let untouched = |response: Response| Handled {
        response,
        principal: String::new(),
        mutating,
        effective: false,
    };
    match shown {
        Shown::Truth => {
            let handled = vendor.handle(request, now_ms);
            let response = handled.response.clone();
            (Reply::Answer { response, delay_ms }, handled)
        }
        Shown::Instead(response) => {
            let handled = untouched(response.clone());
            (Reply::Answer { response, delay_ms }, handled)
        }
        Shown::Nothing(reply) => (reply, untouched(Response::default())),
        Shown::After(change) => {
            let handled = vendor.handle(request, now_ms);
            (change(handled.response.clone(), delay_ms), handled)
        }
    }
}
