//! The process is killed.
