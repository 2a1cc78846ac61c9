//! What can go wrong between a client and a vendor, chosen by rule, shown on demand.
//!
//! A [`Fault`] says which requests (method, part of the path, the n-th match, how often) and
//! what they meet. [`Faults::parse`] reads the form of the command line:
//! `POST suspend#1=cut_after_effect,GET logs*2=throttle_minute,sessions=status:500`.
//! A rule may begin with a system: `slack POST session.reset#1=internal`, `google=hang:60`.
//!
//! Does not send anything: it decides what [`Range`](crate::Range) answers.

use crate::http::Request;

mod kind;

pub(crate) use kind::Shown;
use kind::parse_kind;
pub use kind::{FaultKind, okta_error};

use crate::range::{is_service, label};
use crate::rng::Rng;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Only this method; any if absent.
    pub method: Option<String>,
    /// A part of the raw path.
    pub path_contains: String,
    /// Only the n-th match, from 1; every match if absent.
    pub nth: Option<u32>,
    /// At most so many times; always if absent.
    pub times: Option<u32>,
    /// What happens.
    pub kind: FaultKind,
}

/// Rules in order; the first that fits decides.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Vec<Rule>,
}

/// A fault and how far it has come.
#[derive(Debug, Clone)]
struct Rule {
    /// Only at this system; at any if absent.
    system: Option<String>,
    fault: Fault,
    matched: u32,
    shown: u32,
    /// Of a hundred matches so many meet it, by chance.
    chance: Option<(u64, Rng)>,
    /// A [`FaultKind::Hang`] that has begun ends then.
    hangs_until_ms: Option<i64>,
}

impl Rule {
    fn fits(&self, system: &str, request: &Request) -> bool {
        let Fault {
            method,
            path_contains,
            ..
        } = &self.fault;
        self.system.as_ref().is_none_or(|s| s == system)
            && method.as_ref().is_none_or(|m| *m == request.method)
            && label(system, request).contains(path_contains)
    }

    /// Whether the fault is to be shown for the match just counted.
    fn is_due(&mut self, now_ms: i64) -> bool {
        if let Some(until_ms) = self.hangs_until_ms {
            return now_ms < until_ms;
        }
        let due = self.fault.nth.is_none_or(|nth| nth == self.matched)
            && self
                .chance
                .as_mut()
                .is_none_or(|(percent, rng)| rng.below(100) < *percent)
            && self.fault.times.is_none_or(|times| self.shown < times);
        if due && let FaultKind::Hang { seconds } = self.fault.kind {
            self.hangs_until_ms = Some(now_ms.saturating_add_unsigned(seconds * 1000));
        }
        due
    }
}

impl Faults {
    /// Reads a comma-separated list: `[SYSTEM ][METHOD ]PATHPART[#N][*TIMES]=KIND[:VALUE]`.
    ///
    /// A service alone, such as `slack` or `salesforce:eu`, means every request there.
    ///
    /// # Errors
    /// A sentence naming the rule and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut faults = Self::default();
        for rule in text
            .split(',')
            .map(str::trim)
            .filter(|rule| !rule.is_empty())
        {
            let (system, fault) =
                parse_rule(rule).map_err(|why| format!("fault `{rule}`: {why}"))?;
            faults.push(system, fault);
        }
        Ok(faults)
    }

    /// Adds a rule behind the others; it holds at every system.
    pub fn add(&mut self, fault: Fault) {
        self.push(None, fault);
    }

    /// Adds a rule that holds at one system.
    pub fn add_at(&mut self, system: &str, fault: Fault) {
        self.push(Some(system.to_owned()), fault);
    }

    /// Adds a rule that so many of a hundred matches meet, whichever the seed makes them.
    pub fn add_sometimes(&mut self, percent: u64, seed: u64, fault: Fault) {
        self.push(None, fault);
        if let Some(rule) = self.rules.last_mut() {
            rule.chance = Some((percent, Rng::new(seed)));
        }
    }

    fn push(&mut self, system: Option<String>, fault: Fault) {
        self.rules.push(Rule {
            system,
            fault,
            matched: 0,
            shown: 0,
            chance: None,
            hangs_until_ms: None,
        });
    }

    /// Forgets every rule.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// How often each rule was shown, in order.
    #[must_use]
    pub fn shown(&self) -> Vec<u32> {
        self.rules.iter().map(|rule| rule.shown).collect()
    }

    /// The fault that this request meets.
    pub(crate) fn choose(
        &mut self,
        system: &str,
        request: &Request,
        now_ms: i64,
    ) -> Option<FaultKind> {
        let mut chosen = None;
        for rule in &mut self.rules {
            if !rule.fits(system, request) {
                continue;
            }
            rule.matched += 1;
            if chosen.is_none() && rule.is_due(now_ms) {
                rule.shown += 1;
                chosen = Some(rule.fault.kind.clone());
            }
        }
        chosen
    }
}

fn parse_rule(rule: &str) -> Result<(Option<String>, Fault), String> {
    let (selector, kind) = rule.split_once('=').ok_or("write it as SELECTOR=KIND")?;
    let (system, selector) = split_system(selector.trim());
    let (method, rest) = match selector.split_once(' ') {
        Some((method, rest)) => (Some(method.to_ascii_uppercase()), rest.trim()),
        None => (None, selector.as_str()),
    };
    let (rest, times) = number_after(rest, '*')?;
    let (path, nth) = number_after(rest, '#')?;
    if path.is_empty() {
        return Err("the part of the path is missing".to_owned());
    }
    let fault = Fault {
        method,
        path_contains: path.to_owned(),
        nth,
        times,
        kind: parse_kind(kind.trim())?,
    };
    Ok((system, fault))
}

/// Takes the system off the front. `okta` alone stays a part of a path, as it always was.
fn split_system(selector: &str) -> (Option<String>, String) {
    let (first, rest) = match selector.split_once(' ') {
        Some((first, rest)) => (first, rest.trim().to_owned()),
        None => {
            let end = selector.find(['#', '*']).unwrap_or(selector.len());
            let (first, rest) = selector.split_at(end);
            (first, format!("/{rest}"))
        }
    };
    let is_system = is_service(first) || (first == "okta" && selector.contains(' '));
    if is_system {
        (Some(first.to_owned()), rest)
    } else {
        (None, selector.to_owned())
    }
}

fn number_after(text: &str, mark: char) -> Result<(&str, Option<u32>), String> {
    match text.rsplit_once(mark) {
        None => Ok((text, None)),
        Some((before, number)) => match number.parse() {
            Ok(n) if n > 0 => Ok((before, Some(n))),
            _ => Err(format!("`{mark}{number}` needs a number from 1")),
        },
    }
}
