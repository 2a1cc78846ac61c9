//! The one parser and the one error style for the text that people edit.
//!
//! Playbooks and the config file both come in through [`parse`] and both complain through
//! [`Diagnostics`]: file, line, column, a caret under the spot, the reason, and the nearest
//! name. Knows the meaning of no key; whoever reads the tree does.
//!
//! Every mistake is reported at once: a playbook is often mended in a hurry, and one error
//! per attempt would cost a round each.

mod diagnostic;
mod fields;
mod node;
mod parse;

pub use diagnostic::{Diagnostic, Diagnostics};
pub(crate) use fields::{Fields, Problems, spoken};
pub use node::{At, Node, Span};
pub use parse::{bounded, normalised, parse};
