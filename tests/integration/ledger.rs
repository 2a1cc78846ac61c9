//! The ledger: what every store promises, what tampering shows, what a file survives.

#![cfg(test)]

mod emergency;
mod file;
mod folded;
mod group;
mod long;
mod owners;
mod processes;
mod recorded;
mod shared;
mod simulated;
mod tampered;
mod world;
