//! oust
fn main() {}
