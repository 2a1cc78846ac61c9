//! The files of a user's own rules.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// A longer file holds no rules.
const BYTES_MAX: u64 = 1 << 20;

/// Files of rules.
const FILES_MAX: usize = 5_000;

/// How deep a directory may be.
const DEPTH_MAX: usize = 8;

/// Every `*.yml` and `*.yaml` below `dir`, by name.
pub(super) fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    look(dir, DEPTH_MAX, &mut found)?;
    found.sort();
    Ok(found)
}

/// The text of one.
pub(super) fn text(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let opened = fs::File::open(file).map_err(|error| about(file, &error))?;
    let mut bounded = opened.take(BYTES_MAX + 1);
    bounded
        .read_to_string(&mut text)
        .map_err(|error| about(file, &error))?;
    if text.len() as u64 > BYTES_MAX {
        return Err(about(file, &io::Error::other("is larger than 1 MiB")));
    }
    Ok(text)
}

fn look(dir: &Path, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir).map_err(|error| about(dir, &error))? {
        let path = entry.map_err(|error| about(dir, &error))?.path();
        let is_rule = path
            .extension()
            .is_some_and(|end| end == "yml" || end == "yaml");
        if path.is_dir() {
            if depth > 0 {
                look(&path, depth - 1, found)?;
            }
        } else if is_rule {
            if found.len() >= FILES_MAX {
                return Err(about(
                    dir,
                    &io::Error::other("holds too many files of rules"),
                ));
            }
            found.push(path);
        }
    }
    Ok(())
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
