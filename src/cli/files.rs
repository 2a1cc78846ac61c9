//! The report's files beside the ledger: JSON, HTML, Markdown, and the subjects of many.
//!
//! A failure is told, never fatal: the run is in the ledger.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::report::escape::visible;

/// Bytes that are written at once.
const BUFFER: usize = 64 << 10;

/// Where a run's files went, or why they did not.
#[derive(Default)]
pub(super) struct Written {
    /// The HTML file, if it could be written.
    pub html: Option<PathBuf>,
    /// What could not be written.
    pub trouble: Vec<String>,
}

impl Written {
    /// Makes the directory.
    pub(super) fn below(dir: &Path) -> Self {
        let mut written = Self::default();
        if let Err(error) = std::fs::create_dir_all(dir) {
            written.failed(dir, "made", &error);
        }
        written
    }

    /// Writes `name.ext` for each rendering into `dir`.
    pub(super) fn add(&mut self, dir: &Path, name: &str, renderings: &[(&str, &str)]) {
        if !dir.is_dir() {
            return;
        }
        for (ending, text) in renderings {
            let path = dir.join(format!("{name}.{ending}"));
            match std::fs::write(&path, text) {
                Ok(()) if *ending == "html" => self.html = Some(path),
                Ok(()) => {}
                Err(error) => self.failed(&path, "written", &error),
            }
        }
    }

    /// Tells of one that could not be.
    pub(super) fn failed(&mut self, path: &Path, what: &str, error: &io::Error) {
        self.trouble.push(format!(
            "! {} cannot be {what}: {error}; oust runs show tells the report from the ledger",
            visible(&path.display().to_string())
        ));
    }
}

/// A file that is made when something is first written to it.
pub(super) struct WhenNeeded<'p> {
    path: &'p Path,
    file: Option<BufWriter<File>>,
}

impl<'p> WhenNeeded<'p> {
    pub(super) fn at(path: &'p Path) -> Self {
        Self { path, file: None }
    }
}

impl Write for WhenNeeded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(file) = &mut self.file {
            return file.write(bytes);
        }
        let made = BufWriter::with_capacity(BUFFER, File::create(self.path)?);
        self.file.insert(made).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}
