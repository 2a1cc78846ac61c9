//! What every page of ours has: one style, and a policy that admits it and nothing else.
//!
//! No script, nothing loaded; a style attribute would be refused by the policy, so there is none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The only style; the policy admits it by its hash and nothing else.
pub(super) const CSS: &str = include_str!("../../templates/report.css");

/// The page's content security policy.
pub(super) fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(CSS.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}
