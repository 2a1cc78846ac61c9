//! Stories at GitHub: by scripted answers for what a host says that the stand-in never would.

mod auth;
mod enterprise;
mod hosts;
mod identity;
mod renamed;
mod script;
