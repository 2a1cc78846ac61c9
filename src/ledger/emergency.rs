//! A ledger for the night when the state cannot be opened: a full disk does not save the intruder.
//!
//! Only on request (`--emergency-ledger`), never for automatic runs; whoever asks is told in a
//! [`Finding`] where the run is recorded and how to go on with it. A damaged file is moved
//! aside and kept, because it may be evidence.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{SqliteStore, StoreError};
use crate::model::{Finding, Severity};
use crate::sqlite::{private_dir, private_file};

/// How much room a disk must have to be worth recording on, in bytes.
const ROOM: usize = 1024 * 1024;

/// Where to go if the state cannot be opened.
#[derive(Clone, Debug)]
pub struct Emergency {
    /// Directories in which a fresh one is made for the ledger, the best first.
    pub candidates: Vec<PathBuf>,
    /// What tells this emergency from others in file names: a timestamp, or the run's id.
    pub suffix: String,
}

/// Opens the ledger at `path`; if that fails and there is an `emergency`, takes a fresh one.
///
/// Returns what a person should know with it. With an `emergency` the disk must also have
/// 1 MiB of room, since a full one opens and then keeps nothing.
///
/// # Errors
/// Why `path` could not be opened, if there is no emergency or no candidate will do either.
pub fn open_or_emergency(
    path: &Path,
    emergency: Option<&Emergency>,
) -> Result<(SqliteStore, Vec<Finding>), StoreError> {
    let Some(emergency) = emergency else {
        let store = SqliteStore::open(path)?;
        let notes = store.notes().to_vec();
        return Ok((store, notes));
    };
    let why = match open_with_room(path) {
        Ok(store) => {
            let notes = store.notes().to_vec();
            return Ok((store, notes));
        }
        Err(why) => why,
    };
    let mut said = Vec::new();
    if matches!(why, StoreError::Corrupt { .. }) {
        said.extend(start_over(path, &emergency.suffix));
        if let Ok(store) = open_with_room(path) {
            said.push(recorded_at(&why, path));
            return Ok((store, said));
        }
    }
    let name = path.file_name().unwrap_or("ledger.db".as_ref());
    for candidate in &emergency.candidates {
        let fresh = fresh_dir(candidate, &emergency.suffix).map(|dir| dir.join(name));
        let Ok(fresh) = fresh else { continue };
        if let Ok(store) = open_with_room(&fresh) {
            said.push(recorded_at(&why, &fresh));
            return Ok((store, said));
        }
    }
    Err(why)
}

fn open_with_room(path: &Path) -> Result<SqliteStore, StoreError> {
    let store = SqliteStore::open(path)?;
    try_room(path).map_err(|error| StoreError::Disk {
        path: path.display().to_string(),
        why: format!("no room for a run: {error}"),
    })?;
    Ok(store)
}

/// Writes as much as a run may need beside the ledger, and takes it away again.
fn try_room(path: &Path) -> io::Result<()> {
    let probe = named(path, ".room");
    // Left there by one that was killed just here.
    let _ = fs::remove_file(&probe);
    let written = private_file().open(&probe).and_then(|mut file| {
        file.write_all(&vec![0; ROOM])?;
        file.sync_all()
    });
    let _ = fs::remove_file(&probe);
    written
}

/// Moves a damaged ledger aside, with what SQLite keeps beside it.
fn start_over(path: &Path, suffix: &str) -> Option<Finding> {
    let aside = (0..100)
        .map(|more| match more {
            0 => named(path, &format!(".damaged-{suffix}")),
            more => named(path, &format!(".damaged-{suffix}-{more}")),
        })
        .find(|aside| !aside.exists())?;
    fs::rename(path, &aside).ok()?;
    for beside in ["-wal", "-shm"] {
        // They may not be there; left behind they would be taken for the new file's.
        let _ = fs::rename(named(path, beside), named(&aside, beside));
    }
    Some(Finding {
        severity: Severity::Warning,
        id: "ledger_moved_aside".into(),
        text: format!("the damaged ledger was moved to {}", aside.display()),
        hint: "keep it: unfinished runs may stand in it".into(),
    })
}

fn named(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}

/// A directory that was not there before, so that nobody can have prepared it for us.
fn fresh_dir(candidate: &Path, suffix: &str) -> io::Result<PathBuf> {
    if !candidate.exists() {
        private_dir(candidate, true)?;
    }
    if others_may_replace_in(candidate)? {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let dir = candidate.join(format!("oust-{suffix}"));
    private_dir(&dir, false)?;
    Ok(dir)
}

/// Whether others may rename what is ours in there: all may write, and it is not sticky.
#[cfg(unix)]
fn others_may_replace_in(dir: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(dir)?.permissions().mode();
    Ok(mode & 0o022 != 0 && mode & 0o1000 == 0)
}

#[cfg(not(unix))]
fn others_may_replace_in(_: &Path) -> io::Result<bool> {
    Ok(false)
}

fn recorded_at(why: &StoreError, path: &Path) -> Finding {
    let dir = path.parent().unwrap_or(path);
    Finding {
        severity: Severity::High,
        id: "emergency_ledger".into(),
        text: format!("{why}; this run is recorded at {}", path.display()),
        hint: format!("go on with `--state {}`", dir.display()),
    }
}
