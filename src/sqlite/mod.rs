//! One file of SQLite, as everything that we must not lose is kept: ledger, inbox, desk.
//!
//! Opens it hardened and private, tells its [`Kind`] from anything else, and gives it threads that
//! own its connections ([`Worker`]): a writing one commits in groups, and its answer means
//! *durable* (WAL, `synchronous=FULL`). Two processes may use one file at once.
//!
//! Knows no table: each user brings its own and says what went wrong in its own words
//! ([`Trouble`]).

mod file;
mod fresh;
#[cfg(debug_assertions)]
mod kill;
mod lock;
mod trouble;
mod worker;

pub use file::{Kind, open, prepare, private_dir, private_file};
pub use lock::Lock;
pub use trouble::{FileError, Trouble};
pub use worker::Worker;
