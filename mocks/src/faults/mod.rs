//! What can go wrong between a client and a vendor, chosen by rule, shown on demand.
//!
//! A [`Fault`] says which requests (method, part of the path, the n-th match, how often) and
//! what they meet. [`Faults::parse`] reads the form of the command line:
//! `POST suspend#1=cut_after_effect,GET logs*2=throttle_minute,sessions=status:500`.
//!
//! Does not send anything: it decides what [`Range`](crate::Range) answers.

use crate::http::Request;

mod kind;

use kind::parse_kind;
pub use kind::{FaultKind, okta_error};
pub(crate) use kind::{Shown, concurrency};

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
    rules: Vec<(Fault, u32, u32)>,
}

impl Faults {
    /// Reads a comma-separated list: `[METHOD ]PATHPART[#N][*TIMES]=KIND[:VALUE]`.
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
            faults.add(parse_rule(rule).map_err(|why| format!("fault `{rule}`: {why}"))?);
        }
        Ok(faults)
    }

    /// Adds a rule behind the others.
    pub fn add(&mut self, fault: Fault) {
        self.rules.push((fault, 0, 0));
    }

    /// Forgets every rule.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// How often each rule was shown, in order.
    #[must_use]
    pub fn shown(&self) -> Vec<u32> {
        self.rules.iter().map(|(_, _, shown)| *shown).collect()
    }

    /// The fault that this request meets.
    pub(crate) fn choose(&mut self, request: &Request) -> Option<FaultKind> {
        let mut chosen = None;
        for (fault, matched, shown) in &mut self.rules {
            let fits = fault.method.as_ref().is_none_or(|m| *m == request.method)
                && request.path.contains(&fault.path_contains);
            if !fits {
                continue;
            }
            *matched += 1;
            let due = fault.nth.is_none_or(|nth| nth == *matched)
                && fault.times.is_none_or(|times| *shown < times);
            if due && chosen.is_none() {
                *shown += 1;
                chosen = Some(fault.kind.clone());
            }
        }
        chosen
    }
}

fn parse_rule(rule: &str) -> Result<Fault, String> {
    let (selector, kind) = rule.split_once('=').ok_or("write it as SELECTOR=KIND")?;
    let (method, rest) = match selector.trim().split_once(' ') {
        Some((method, rest)) => (Some(method.to_ascii_uppercase()), rest.trim()),
        None => (None, selector.trim()),
    };
    let (rest, times) = number_after(rest, '*')?;
    let (path, nth) = number_after(rest, '#')?;
    if path.is_empty() {
        return Err("the part of the path is missing".to_owned());
    }
    Ok(Fault {
        method,
        path_contains: path.to_owned(),
        nth,
        times,
        kind: parse_kind(kind.trim())?,
    })
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
