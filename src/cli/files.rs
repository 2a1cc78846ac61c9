//! The report's files beside the ledger: JSON, HTML, Markdown.

use std::path::{Path, PathBuf};

use crate::report::escape::visible;

/// Where a run's files went, or why they did not.
pub(super) struct Written {
    /// The HTML file, if it could be written.
    pub html: Option<PathBuf>,
    /// What could not be written.
    pub trouble: Vec<String>,
}

/// Writes `name.ext` for each rendering into `dir`; a failure is told, never fatal: the run is
/// in the ledger.
pub(super) fn write(dir: &Path, name: &str, renderings: &[(&str, &str)]) -> Written {
    let mut written = Written {
        html: None,
        trouble: Vec::new(),
    };
    if let Err(error) = std::fs::create_dir_all(dir) {
        let what = format!(
            "! {} cannot be made: {error}; oust runs show tells the report from the ledger",
            visible(&dir.display().to_string())
        );
        written.trouble.push(what);
        return written;
    }
    for (ending, text) in renderings {
        let path = dir.join(format!("{name}.{ending}"));
        match std::fs::write(&path, text) {
            Ok(()) if *ending == "html" => written.html = Some(path),
            Ok(()) => {}
            Err(error) => {
                let what = format!(
                    "! {} cannot be written: {error}; oust runs show tells the report from the \
                     ledger",
                    visible(&path.display().to_string())
                );
                written.trouble.push(what);
            }
        }
    }
    written
}
