//! Playbooks: from the text people edit to a [`CheckedPlaybook`] that can run.
//!
//! Nothing runs that was not checked: unknown actions, keys, names and settings are errors
//! with line, column and the nearest name. Knows actions by their declarations, no vendor.

mod checked;

pub use checked::{CheckedPlaybook, CheckedStage, CheckedStep, Condition, Facts, Holds};
