//! tests
mod fake;
mod playbook;
#[test]
fn t() {}
