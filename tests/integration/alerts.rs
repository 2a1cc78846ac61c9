//! Alerts: who may send one, what each kind of sender's bodies say, and that nothing else is read out of
//! them.

mod auth;
mod bad;
mod docs;
mod fuzz;
mod own;
mod setup;
mod sources;
mod ssf;
mod table;
