//! A locked file that says that its process lives.
//!
//! The operating system drops the lock with the process, however it ends. The file means nothing
//! without its lock: it is removed when the lock is let go of, and one that a killed process left
//! behind is taken over. Where a file system has no locks, everybody gets one: what must never
//! happen twice needs a second guard.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// How often a file that its last owner is just removing is opened anew.
const TRIES_MAX: u32 = 100;

/// A lock, held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// The lock at `path`, or `None` if somebody else has it.
    ///
    /// # Errors
    /// If the file cannot be made or locked.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        for _ in 0..TRIES_MAX {
            let file = open(path)?;
            match file.try_lock() {
                Ok(()) if !is_at(&file, path) => continue,
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
            let path = path.to_owned();
            return Ok(Some(Self { path, file }));
        }
        Err(io::Error::other("it is removed as fast as it is made"))
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
