//! A test range: the vendors, the witness, the faults and the attacker behind one door.
//!
//! [`Range::handle`] is pure: no I/O, no clock. The order is always the same: the attacker
//! moves, the fault is chosen, the vendor answers (or not), the journal notes it.
//!
//! All vendors stand at one address: [`Range::route`] tells by the first segment of the path
//! whom a request is for.

use std::collections::BTreeMap;

use crate::attacker::Attacker;
use crate::aws::{self, Aws};
use crate::caep::Caep;
use crate::faults::{FaultKind, Faults, Shown};
use crate::github::GitHub;
use crate::google::Google;
use crate::gtr::Gtr;
use crate::http::{Reply, Request, Response};
use crate::instance::Instance;
use crate::journal::{Entry, Journal};
use crate::m365::M365;
use crate::okta::Okta;
use crate::rng::Rng;
use crate::salesforce::Salesforce;
use crate::slack::Slack;
use crate::vendor::{Handled, Service, Trouble, Vendor, sha};
use crate::world::{Parts, World};

/// Every vendor of a range; the first system of each is called so in the journal, in the faults and by
/// [`Range::handle`]. A further one is called `vendor:name`.
pub const SYSTEMS: [&str; 8] = [
    "okta",
    "m365",
    "google",
    "slack",
    "salesforce",
    "github",
    "gtr",
    "aws",
];

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
    /// The mock Salesforce org.
    pub salesforce: Salesforce,
    /// The mock GitHub organisation and its enterprise.
    pub github: GitHub,
    /// The mock app with a Global Token Revocation endpoint.
    pub gtr: Gtr,
    /// The mock AWS accounts and their organisation.
    pub aws: Aws,
    /// A receiver of security event tokens: told things, and no service behind the identity provider.
    pub caep: Caep,
    /// Further instances by name, such as `salesforce:eu`.
    pub more: BTreeMap<String, Instance>,
    /// Every request so far.
    pub journal: Journal,
    /// What goes wrong.
    pub faults: Faults,
    /// The intruder, if he is awake.
    pub attacker: Option<Attacker>,
    /// When anything last happened.
    now_ms: i64,
}

impl Range {
    /// Opens a world. The same world, seed and requests give the same answers.
    #[must_use]
    pub fn new(world: World, seed: u64) -> Self {
        let Parts {
            mut okta,
            m365,
            google,
            slack,
            salesforce,
            github,
            gtr,
            aws,
            more,
            mut attacker,
            now_ms,
        } = world.into_parts();
        okta.rng = Rng::new(seed);
        if let Some(attacker) = &mut attacker {
            attacker.reseed(seed);
        }
        let base_url = okta.base_url.clone();
        let mut range = Self {
            okta,
            m365,
            google,
            slack,
            salesforce,
            github,
            gtr,
            aws,
            caep: Caep::default(),
            more,
            journal: Journal::default(),
            faults: Faults::default(),
            attacker,
            now_ms,
        };
        for system in range.systems() {
            if let Some(service) = range.service_mut(&system) {
                service.reseed(seed ^ seed_of(&system));
            }
        }
        range.set_base_url(&base_url);
        range
    }

    /// Whom a request is for, and the request as that system sees it: `/slack/api/auth.test` is
    /// `/api/auth.test` at `slack`, and `/slack:eu/api/auth.test` the same at `slack:eu`. What begins
    /// with no vendor's name is Okta's.
    #[must_use]
    pub fn route(request: &Request) -> (String, Request) {
        let mut request = request.clone();
        let path = request.path.trim_start_matches('/');
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let first = first.replace("%3A", ":");
        if !is_service(&first) && first != "caep" {
            return ("okta".to_owned(), request);
        }
        request.path = format!("/{rest}");
        (first, request)
    }

    /// The services behind Okta by name, further instances last.
    #[must_use]
    pub fn systems(&self) -> Vec<String> {
        let first = SYSTEMS[1..].iter().map(|system| (*system).to_owned());
        first.chain(self.more.keys().cloned()).collect()
    }

    /// Sets scheme and authority of every vendor; no slash at the end.
    pub fn set_base_url(&mut self, url: &str) {
        url.clone_into(&mut self.okta.base_url);
        for system in self.systems() {
            if let Some(service) = self.service_mut(&system) {
                service.set_base_url(format!("{url}/{system}"));
            }
        }
    }

    /// Answers one request at `now_ms` (milliseconds since 1970). `system` and a path
    /// without its name are as [`route`](Self::route) gives them.
    pub fn handle(&mut self, system: impl AsRef<str>, request: &Request, now_ms: i64) -> Reply {
        let system = system.as_ref();
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
        self.now_ms = now_ms;
        self.okta.advance(now_ms);
        for system in self.systems() {
            if let Some(service) = self.service_mut(&system) {
                service.advance(now_ms);
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
        let okta = self.okta.attacker_holds(&user.id);
        told("okta", okta)
            .chain(self.at_services(&user.login, |service, id| service.holds(id, self.now_ms)))
            .collect()
    }

    /// What he goes on with there, in the same form, although no API could end it.
    #[must_use]
    pub fn lingers(&self, user: &str) -> Vec<String> {
        let Some(user) = self.okta.user(user) else {
            return Vec::new();
        };
        self.at_services(&user.login, |service, id| service.lingers(id, self.now_ms))
            .collect()
    }

    fn at_services(
        &self,
        login: &str,
        ask: impl Fn(&dyn Service, &str) -> Vec<String>,
    ) -> impl Iterator<Item = String> {
        self.systems().into_iter().flat_map(move |system| {
            let lines = self
                .service(&system)
                .map(|service| ask(service, &service.id_of(login)));
            told(&system, lines.unwrap_or_default()).collect::<Vec<_>>()
        })
    }

    /// The digest of one system's state; empty for an unknown system.
    #[must_use]
    pub fn digest_of(&self, system: &str) -> String {
        if system == "okta" {
            return self.okta.digest();
        }
        if system == "caep" {
            return self.caep.digest();
        }
        self.service(system)
            .map(Service::digest)
            .unwrap_or_default()
    }

    /// One digest over the state of every system.
    #[must_use]
    pub fn digest(&self) -> String {
        let okta = std::iter::once("okta".to_owned());
        let all = okta.chain(self.systems());
        sha(&all
            .map(|system| self.digest_of(&system))
            .collect::<Vec<_>>())
    }

    pub(crate) fn service(&self, system: &str) -> Option<&dyn Service> {
        Some(match system {
            "m365" => &self.m365,
            "google" => &self.google,
            "slack" => &self.slack,
            "salesforce" => &self.salesforce,
            "github" => &self.github,
            "gtr" => &self.gtr,
            "aws" => &self.aws,
            more => self.more.get(more)?.service(),
        })
    }

    pub(crate) fn service_mut(&mut self, system: &str) -> Option<&mut dyn Service> {
        Some(match system {
            "m365" => &mut self.m365,
            "google" => &mut self.google,
            "slack" => &mut self.slack,
            "salesforce" => &mut self.salesforce,
            "github" => &mut self.github,
            "gtr" => &mut self.gtr,
            "aws" => &mut self.aws,
            more => self.more.get_mut(more)?.service_mut(),
        })
    }

    fn vendor(&mut self, system: &str) -> Option<&mut dyn Vendor> {
        if system == "okta" {
            return Some(&mut self.okta);
        }
        if system == "caep" {
            return Some(&mut self.caep);
        }
        self.service_mut(system)
            .map(|service| service as &mut dyn Vendor)
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
            path: label(system, request),
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

/// Whether a name is that of a service, first or further, whether or not this range has it.
pub(crate) fn is_service(system: &str) -> bool {
    SYSTEMS[1..].contains(&kind_of(system))
}

/// The vendor of a system.
fn kind_of(system: &str) -> &str {
    system.split_once(':').map_or(system, |(vendor, _)| vendor)
}

/// What a request is called in the journal and in faults: its path, and at AWS the operation, too.
pub(crate) fn label(system: &str, request: &Request) -> String {
    match kind_of(system) {
        "aws" => aws::label(request),
        _ => request.path.clone(),
    }
}

/// Further instances have chance of their own.
fn seed_of(system: &str) -> u64 {
    let name = system.split_once(':').map_or("", |(_, name)| name);
    name.bytes()
        .fold(0, |sum, b| (sum << 8 | u64::from(b)).rotate_left(3))
}

/// Lines with the name of their system before them.
fn told(system: &str, lines: Vec<String>) -> impl Iterator<Item = String> {
    lines
        .into_iter()
        .map(move |line| format!("{system}: {line}"))
}

/// Whether a request is one for a token, or about one, and says it.
fn is_secret(system: &str, request: &Request) -> bool {
    let path = request.path.as_str();
    match kind_of(system) {
        "okta" => path == "/oauth2/v1/token",
        "m365" => path.starts_with("/login/"),
        "google" => path.starts_with("/oauth/"),
        "salesforce" => path.starts_with("/services/oauth2/"),
        "aws" => aws::label(request).ends_with("/AssumeRoleWithWebIdentity"),
        _ => false,
    }
}

/// The body for the journal, which holds no token.
fn body_of(system: &str, request: &Request) -> String {
    if is_secret(system, request) {
        let revokes = request.path.ends_with("/revoke");
        let what = if revokes {
            "(token)"
        } else {
            "(client assertion)"
        };
        return what.to_owned();
    }
    String::from_utf8_lossy(&request.body).into_owned()
}

/// The query for the journal: Google's token endpoint may be asked by it, and Salesforce's to revoke.
fn query_of(system: &str, request: &Request) -> String {
    if system != "okta" && is_secret(system, request) && !request.query.is_empty() {
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
