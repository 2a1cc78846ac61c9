//! Whether a run's process lives: a locked file beside the ledger, one for each run under way.
//!
//! The operating system drops the lock with the process, however it ends, so a run whose
//! process was killed can be resumed at once and one whose process lives cannot. The file
//! means nothing without its lock; it is removed when the run closes, and one that a killed
//! process left behind is taken over.
//!
//! Where a file system has no locks this says nothing, and the epochs alone stand guard
//! (`fence`).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ledger::StoreError;
use crate::ledger::fence::Hold;
use crate::model::RunId;

/// How often a file that its last owner is just removing is opened anew.
const TRIES_MAX: u32 = 100;

/// The locks of one store handle.
#[derive(Debug, Default)]
pub(super) struct Alive(Mutex<BTreeMap<RunId, Lock>>);

/// A lock, held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    file: File,
}

impl Alive {
    /// Locks `run` of the ledger at `ledger`; `None` if this handle has it locked already.
    ///
    /// # Errors
    /// [`StoreError::Alive`] if somebody else has, [`StoreError::Disk`] if the file cannot be
    /// made.
    pub(super) fn take(&self, ledger: &Path, run: &RunId) -> Result<Option<Lock>, StoreError> {
        if self.locks().contains_key(run) {
            return Ok(None);
        }
        let path = beside(ledger, run);
        match lock(&path) {
            Ok(Some(file)) => Ok(Some(Lock { path, file })),
            Ok(None) => Err(StoreError::Alive { run: run.clone() }),
            Err(error) => Err(StoreError::Disk {
                path: path.display().to_string(),
                why: error.to_string(),
            }),
        }
    }

    /// Keeps or drops the lock of `run`, after an append that did this to the hold on it.
    pub(super) fn note(&self, run: &RunId, hold: Hold, lock: Option<Lock>) {
        match (hold, lock) {
            (Hold::Taken, Some(lock)) => {
                self.locks().insert(run.clone(), lock);
            }
            (Hold::LetGo, _) => {
                self.locks().remove(run);
            }
            _ => {}
        }
    }

    fn locks(&self) -> MutexGuard<'_, BTreeMap<RunId, Lock>> {
        // A map of locks has no half-made state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The name goes first: whoever opened it before and locks it after sees that it went.
        let _ = fs::remove_file(&self.path);
        // Said outright, because a child that is just being started may share the file.
        let _ = self.file.unlock();
    }
}

/// `<ledger>.<run>.lock`, whatever the id is made of.
fn beside(ledger: &Path, run: &RunId) -> PathBuf {
    let mut name = OsString::from(ledger);
    let mut plain = String::from(".");
    for byte in run.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' {
            plain.push(char::from(byte));
        } else {
            write!(plain, "%{byte:02x}").expect("writing to a String cannot fail");
        }
    }
    name.push(plain);
    name.push(".lock");
    name.into()
}

/// The locked file, or `None` if somebody else has it locked.
fn lock(path: &Path) -> io::Result<Option<File>> {
    for _ in 0..TRIES_MAX {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) if !is_at(&file, path) => {}
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                return Ok(Some(file));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other("it is removed as fast as it is made"))
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Whether `file` is still the one at `path`: one that was removed locks nobody out.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same = |a: fs::Metadata, b: fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    file.metadata()
        .and_then(|ours| Ok(same(ours, fs::metadata(path)?)))
        .unwrap_or(false)
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}
