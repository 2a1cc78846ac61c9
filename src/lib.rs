//! oust: the kill switch of an Okta incident.
//!
//! One command throws an intruder out of every session, token and factor he holds, proves it
//! by reading back, says honestly when it is not so, and can give the account back. The
//! modules below stand in reading order, from the ground up: each uses only those before it.
//! `docs/architecture.md` is the bird's-eye view.

pub mod model;
pub mod evidence;
pub mod given;
pub mod approval;
pub mod consent;
pub mod transport;
pub mod identity;
pub mod connector;
pub mod connectors;
pub mod sqlite;
pub mod ledger;
pub mod rehearsals;
pub mod yaml;
pub mod playbook;
pub mod guard;
pub mod engine;
pub mod report;
pub mod alerts;
pub mod inbox;
pub mod desk;
pub mod notify;
pub mod config;
pub mod server;
pub mod cli;
