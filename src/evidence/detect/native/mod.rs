//! Detections that Sigma cannot express, each in a file of its own: what it says of itself, what
//! it remembers, and what it makes of an event.
//!
//! Some could be a correlation, but would have it recount a window at nearly every event.
//!
//! What they remember is held in [`Windows`]: bounded, and forgotten when its time has passed.

mod agent_new;
mod attacked;
mod device_token;
mod proxy_then;
mod push_bombing;
mod push_source;
mod replay;
mod session;
mod stolen;
mod windows;

use std::sync::Arc;

use windows::Windows;

use super::hit::Hit;
use super::rule::Rule;
use crate::evidence::Event;
use crate::model::Utc;

/// One detection in code.
#[derive(Clone, Copy)]
pub(super) struct Native {
    /// What it says of itself.
    pub rule: fn() -> Rule,
    /// Begins with nothing remembered.
    pub start: fn(Arc<Rule>) -> Box<dyn Running>,
}

/// All of them.
pub(super) const ALL: &[Native] = &[
    session::NATIVE,
    replay::NATIVE,
    device_token::NATIVE,
    stolen::NATIVE,
    push_bombing::NATIVE,
    push_source::NATIVE,
    proxy_then::NATIVE,
    attacked::NATIVE,
    agent_new::NATIVE,
];

/// One event, and what all of them ask of it.
#[derive(Clone, Copy)]
pub(super) struct Seen<'e> {
    /// Itself.
    pub event: Event<'e>,
    /// Its type; empty if it has none.
    pub kind: &'e str,
    /// What the log's time is.
    pub now: Utc,
}

/// One detection at work.
pub(super) trait Running: Send {
    /// Shows it one event.
    fn see(&mut self, seen: Seen<'_>, found: &mut dyn FnMut(Hit));
    /// Tells it what another detection found in the event that it was just shown.
    fn heard(&mut self, _hit: &Hit, _seen: Seen<'_>, _found: &mut dyn FnMut(Hit)) {}
    /// Forgets everything.
    fn forget(&mut self);
    /// How many groups it holds.
    fn held(&self) -> usize;
}

/// Whether the two are known and are not the same.
fn differs(known: Option<&str>, now: Option<&str>) -> bool {
    known.zip(now).is_some_and(|(known, now)| known != now)
}

/// A list of texts.
fn texts<const N: usize>(all: [&str; N]) -> Vec<String> {
    all.map(str::to_owned).into()
}

/// What went well: a sign-in and its like.
fn went_well(event: Event<'_>) -> bool {
    matches!(
        event.0["outcome"]["result"].as_str(),
        Some("SUCCESS" | "ALLOW")
    )
}
