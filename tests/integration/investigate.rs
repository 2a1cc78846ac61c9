//! `oust investigate`: what it says of an attack that is known to the letter, of people who only
//! look odd, of a live org, and of input that nobody would write.

mod background;
mod bad_input;
mod fixture;
mod live;
mod narrowed;
mod truth;
