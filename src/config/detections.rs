//! `detections:` of the config file: the directory of a user's own detections.
//!
//! Where it is, is told by the file; what is in it, is read by whoever detects.

use std::path::{Path, PathBuf};

use super::{Config, ConfigError};
use crate::evidence::Detections;
use crate::evidence::detect::RuleProblem;
use crate::yaml::{Fields, Problems};

/// Characters of a path.
const CHARS_MAX: usize = 4_096;

/// Reads the path; a relative one is below the directory that the config file is in.
pub(super) fn read(
    fields: &mut Fields<'_>,
    file: &str,
    problems: &mut Problems,
) -> Option<PathBuf> {
    let at = fields.take("detections", problems)?;
    let path = problems.text("`detections`", at, CHARS_MAX)?;
    let home = Path::new(file).parent().unwrap_or(Path::new(""));
    Some(home.join(path.value))
}

impl Config {
    /// The shipped detections and the user's own; and which of these do not hold, while the others
    /// run.
    ///
    /// # Errors
    /// [`ConfigError::Detections`], if the directory or a file in it cannot be read.
    pub fn load_detections(&self) -> Result<(Detections, Vec<RuleProblem>), ConfigError> {
        let Some(dir) = &self.detections else {
            return Ok((Detections::shipped(), Vec::new()));
        };
        Detections::with(dir).map_err(|error| ConfigError::Detections {
            why: error.to_string(),
        })
    }
}
