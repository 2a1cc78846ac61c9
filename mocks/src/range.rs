//! A test range: the vendors, the witness, the faults and the attacker behind one door.
//!
//! [`Range::handle`] is pure: no I/O, no clock. The order is always the same: the attacker
//! moves, the fault is chosen, the vendor answers (or not), the journal notes it.

use crate::attacker::Attacker;
use crate::faults::{Faults, Shown};
use crate::http::{Reply, Request, Response};
use crate::journal::{Entry, Journal};
use crate::okta::{Handled, Okta};
use crate::rng::Rng;
use crate::world::World;

/// Everything a client can reach, and what watches it.
#[derive(Debug)]
pub struct Range {
    /// The mock Okta org.
    pub okta: Okta,
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
        let (mut okta, mut attacker) = world.into_parts();
        okta.rng = Rng::new(seed);
        if let Some(attacker) = &mut attacker {
            attacker.reseed(seed);
        }
        Self {
            okta,
            journal: Journal::default(),
            faults: Faults::default(),
            attacker,
        }
    }

    /// Answers one request at `now_ms` (milliseconds since 1970). `system` is `okta`.
    pub fn handle(&mut self, system: &str, request: &Request, now_ms: i64) -> Reply {
        self.tick(now_ms);
        let fault = self.faults.choose(request);
        let name = fault.as_ref().map(|kind| kind.to_string());
        let latency = self.okta.settings.latency_ms;
        let delay_ms = latency + fault.as_ref().map_or(0, crate::faults::FaultKind::extra_ms);
        let crowded = !self.okta.limits.enter(now_ms, delay_ms);
        let shown = if system != "okta" {
            Shown::Instead(Response {
                status: 404,
                ..Response::default()
            })
        } else if crowded {
            Shown::Instead(crate::faults::concurrency(&mut self.okta, now_ms))
        } else {
            fault.map_or(Shown::Truth, |kind| {
                kind.show(&mut self.okta, request, now_ms)
            })
        };
        let (reply, handled) = self.carry_out(shown, request, now_ms, delay_ms);
        self.note(system, request, now_ms, &reply, &handled, name);
        reply
    }

    /// Lets the attacker move, if it is his turn.
    pub fn tick(&mut self, now_ms: i64) {
        if let Some(attacker) = &mut self.attacker {
            attacker.tick(&mut self.okta, now_ms);
        }
    }

    fn carry_out(
        &mut self,
        shown: Shown,
        request: &Request,
        now_ms: i64,
        delay_ms: u64,
    ) -> (Reply, Handled) {
        let untouched = |okta: &Okta, response: Response| Handled {
            response,
            principal: String::new(),
            mutating: okta.is_write(request),
            effective: false,
        };
        match shown {
            Shown::Truth => {
                let handled = self.okta.handle(request, now_ms);
                (
                    Reply::Answer {
                        response: handled.response.clone(),
                        delay_ms,
                    },
                    handled,
                )
            }
            Shown::Instead(response) => {
                let handled = untouched(&self.okta, response.clone());
                (Reply::Answer { response, delay_ms }, handled)
            }
            Shown::Nothing(reply) => {
                let handled = untouched(&self.okta, Response::default());
                (reply, handled)
            }
            Shown::After(change) => {
                let handled = self.okta.handle(request, now_ms);
                (change(handled.response.clone(), delay_ms), handled)
            }
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
        let secret = request.path == "/oauth2/v1/token";
        let body = if secret {
            "(client assertion)".into()
        } else {
            String::from_utf8_lossy(&request.body)
        };
        self.journal.push(Entry {
            n: 0,
            at_ms: now_ms,
            system: system.to_owned(),
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            body: body.into_owned(),
            user_agent: request.header("user-agent").unwrap_or_default().to_owned(),
            principal: handled.principal.clone(),
            status: reply.answer().map_or(0, |r| r.status),
            mutating: handled.mutating,
            effective: handled.effective,
            fault,
        });
    }
}
