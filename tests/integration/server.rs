//! `oust serve`, the real binary on loopback: what it takes, what it refuses, what it survives.

#![cfg(test)]

mod bad_input;
mod check;
mod flood;
mod killed;
mod roles;
mod taken;
mod tls;
mod whole;
mod world;
