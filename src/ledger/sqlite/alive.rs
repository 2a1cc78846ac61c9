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
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ledger::StoreError;
use crate::ledger::fence::Hold;
use crate::model::RunId;
use crate::sqlite::Lock;

/// The locks of one store handle.
#[derive(Debug, Default)]
pub(super) struct Alive(Mutex<BTreeMap<RunId, Lock>>);

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
        match Lock::take(&path) {
            Ok(Some(lock)) => Ok(Some(lock)),
            Ok(None) => Err(StoreError::Alive { run: run.clone() }),
            Err(error) => Err(StoreError::Disk {
                path: path.display().to_string(),
                why: error.to_string(),
            }),
        }
    }

    /// Whether anybody has `run` locked, us included.
    ///
    /// # Errors
    /// [`StoreError::Disk`] if it cannot be looked at.
    pub(super) fn is_held(&self, ledger: &Path, run: &RunId) -> Result<bool, StoreError> {
        let path = beside(ledger, run);
        if self.locks().contains_key(run) {
            return Ok(true);
        }
        if !path.exists() {
            return Ok(false);
        }
        // What is free is let go of at once; whoever wants it in that moment finds it taken, and
        // is told to try again.
        match Lock::take(&path) {
            Ok(lock) => Ok(lock.is_none()),
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
