//! tests
#[test] fn t(){}
