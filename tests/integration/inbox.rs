//! The inbox: what an answer promises, what repeats cost, what a crash and a second process change.

#![cfg(test)]

mod accepted;
mod file;
mod processes;
mod worked;
mod world;
