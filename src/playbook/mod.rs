//! Playbooks: from the text people edit to a [`CheckedPlaybook`] that can run.
//!
//! Nothing runs that was not checked: unknown actions, keys, names and settings are errors
//! with line, column and the nearest name. Knows actions by their declarations, no vendor.

mod cacao;
mod check;
mod checked;
mod condition;
mod json_schema;
mod schema;
mod settings;
mod shipped;
mod summary;

pub use cacao::cacao;
pub use check::check;
pub use checked::{CheckedPlaybook, CheckedStage, CheckedStep};
pub use condition::{Condition, Facts, Holds};
pub use json_schema::schema;
pub use shipped::{FindError, find, for_stage, shipped};
pub use summary::summary;
