//! Stand-ins for the vendors that oust acts on, with an attacker who is alive.
//!
//! A [`Range`] holds the mock vendors, the [`Journal`] of all they were asked, the [`Faults`]
//! they shall show and an optional [`Attacker`]. It is asked in process, with a time that the
//! caller gives, or over HTTP by a [`Server`]; both see exactly the same vendor.
//!
//! Reading order: [`http`] (a request, an answer), [`world`] (what exists at the start),
//! [`okta`] (the identity provider), [`m365`], [`google`], [`slack`], [`salesforce`], [`github`],
//! [`gtr`], [`caep`] (told things), [`aws`] (where it signs people on), [`instance`] (a second one of them), [`journal`], [`faults`], [`attacker`], [`range`], [`server`], [`sandbox`].
//!
//! Never imports `oust`: a stand-in that shared code with the product would share its mistakes.
//! Nothing here takes the clock, randomness or the network but [`server`] and [`keys`], so the
//! same seed and the same requests give the same answers, the same digest and the same journal.

pub mod accounts;
pub mod attacker;
pub mod aws;
mod certificate;
mod contoso;
pub mod faults;
pub mod github;
pub mod caep;
pub mod gtr;
pub mod google;
pub mod http;
pub mod instance;
pub mod journal;
mod jwt;
pub mod keys;
pub mod m365;
pub mod okta;
pub mod range;
mod rng;
pub mod salesforce;
pub mod sandbox;
mod scim;
pub mod server;
pub mod slack;
mod staff;
mod story;
pub mod strike;
mod time;
mod vendor;
mod victim;
pub mod world;

pub use attacker::Attacker;
pub use certificate::Certificate;
pub use faults::{Fault, FaultKind, Faults};
pub use http::{Reply, Request, Response};
pub use instance::Instance;
pub use journal::{Entry, Journal};
pub use keys::KeyPair;
pub use range::Range;
pub use sandbox::{Sandbox, SandboxOptions, serve};
pub use server::Server;
pub use strike::Strike;
pub use world::World;
