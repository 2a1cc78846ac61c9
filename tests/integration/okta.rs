//! Okta, verb by verb, against the mock org: what a change does, proves, undoes, and spares.

mod auth;
mod crowd;
pub(crate) mod desk;
mod devices;
mod evict;
mod grants;
mod http;
mod idps;
mod lock;
mod locks;
mod org_wide;
mod purge_factors;
mod purge_tokens;
mod release;
mod resolve;
mod signs;
