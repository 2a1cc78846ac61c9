//! What is said of a rehearsal: the screen, a page with the trend, and a sheet for each owner.
//!
//! Renders a [`Rehearsal`](crate::rehearsals::Rehearsal) and decides nothing. Names of apps, tokens
//! and factors in it are attacker input: each rendering goes through [`escape`](super::escape).

mod page;
mod screen;
mod sections;
mod sheets;
mod words;

pub use page::{rehearsal_fragment, rehearsal_html, rehearsal_markdown, trend_fragment};
pub use screen::{overdue_screen, rehearsal_screen};
pub use sheets::{OwnerSheet, owner_sheets};
