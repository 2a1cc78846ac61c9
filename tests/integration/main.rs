//! tests
mod config;
mod fake;
mod playbook;
#[test]
fn t() {}
