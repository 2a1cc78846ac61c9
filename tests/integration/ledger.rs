//! The ledger: what both stores promise, what tampering shows, what a file survives.

mod shared;
mod world;
