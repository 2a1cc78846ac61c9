//! The fault matrix: every request of the product's against everything that can happen to it.

mod cell;
mod faults;
mod writes;
