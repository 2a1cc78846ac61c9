//! The one test binary: stories against mock vendors.

mod okta;
mod wire;
