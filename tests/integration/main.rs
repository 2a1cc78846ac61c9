//! The one test binary: stories against mock vendors.

#![expect(
    clippy::unwrap_used,
    reason = "a test that fails here says where and why"
)]

mod okta;
mod wire;
