//! The playbooks that come with the program, and finding one by name or file.

use std::path::Path;

use super::check::{BYTES_MAX, check};
use super::checked::CheckedPlaybook;
use crate::model::{Vendor, nearest};
use crate::yaml::{Diagnostics, bounded, spoken};

const SHIPPED: &[(&str, &str)] = &[
    (
        "account-takeover",
        include_str!("../../playbooks/account-takeover.yaml"),
    ),
    (
        "api-token-compromise",
        include_str!("../../playbooks/api-token-compromise.yaml"),
    ),
    (
        "evict-only",
        include_str!("../../playbooks/evict-only.yaml"),
    ),
    (
        "factor-tampering",
        include_str!("../../playbooks/factor-tampering.yaml"),
    ),
    (
        "session-hijack",
        include_str!("../../playbooks/session-hijack.yaml"),
    ),
    (
        "support-impersonation",
        include_str!("../../playbooks/support-impersonation.yaml"),
    ),
    (
        "undo-grants",
        include_str!("../../playbooks/undo-grants.yaml"),
    ),
];

/// The shipped playbook that does, with a consent of its own, what a stage of this name proposes.
#[must_use]
pub fn for_stage(stage: &str) -> Option<&'static str> {
    let name = stage.replace('_', "-");
    let mut names = SHIPPED.iter().map(|(name, _)| *name);
    names.find(|known| *known == name)
}

/// Why no playbook was found, or none that can run.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// No shipped playbook has the name.
    #[error("there is no playbook {}", spoken(.name))]
    Unknown {
        /// As asked for.
        name: String,
        /// The nearest shipped name.
        nearest: Option<&'static str>,
    },
    /// The file could not be read.
    #[error("cannot read the playbook {file}: {why}")]
    Unreadable {
        /// As asked for.
        file: String,
        /// What went wrong.
        why: String,
    },
    /// It was found and has mistakes.
    #[error("{0}")]
    Wrong(Diagnostics),
}

impl FindError {
    /// The operator's next step, in one sentence.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { nearest, .. } => {
                let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
                let meant =
                    nearest.map_or(String::new(), |name| format!("did you mean `{name}`? "));
                let names = names.join(", ");
                format!(
                    "{meant}shipped are {names}; a file is named by its path, such as ./mine.yaml"
                )
            }
            Self::Unreadable { .. } => {
                "name a playbook file, or one of `oust playbook list`".into()
            }
            Self::Wrong(_) => "mend the file, then `oust playbook check FILE`".into(),
        }
    }
}

/// The playbooks that come with the program: name and text.
#[must_use]
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    SHIPPED
}

/// The playbook of a shipped name, else that in a file, checked.
///
/// Whatever ends in `.yaml` or `.yml` or has a path separator is a file, and so is anything
/// else that is not shipped but exists. A file never takes the place of a shipped name.
///
/// # Errors
/// [`FindError`]: unknown name, unreadable file, or mistakes in it.
pub fn find(name_or_path: &str, vendors: &[&'static Vendor]) -> Result<CheckedPlaybook, FindError> {
    if let Some((name, text)) = SHIPPED.iter().find(|(name, _)| *name == name_or_path) {
        let file = format!("playbooks/{name}.yaml");
        return check(&file, text, vendors).map_err(FindError::Wrong);
    }
    let path = Path::new(name_or_path);
    let extension = path.extension().and_then(|extension| extension.to_str());
    let looks_like_a_file = matches!(extension, Some("yaml" | "yml"))
        || name_or_path.contains(std::path::is_separator)
        || path.is_file();
    if !looks_like_a_file {
        return Err(FindError::Unknown {
            name: name_or_path.to_owned(),
            nearest: nearest(name_or_path, SHIPPED.iter().map(|(name, _)| *name)),
        });
    }
    let text =
        bounded(path, BYTES_MAX + '\u{feff}'.len_utf8()).map_err(|why| FindError::Unreadable {
            file: name_or_path.to_owned(),
            why,
        })?;
    check(name_or_path, &text, vendors).map_err(FindError::Wrong)
}
