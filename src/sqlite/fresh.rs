//! A new file, made whole: its tables are made in memory, written beside its place, synced once,
//! and put there by one step.
//!
//! SQLite itself would sync nine times for the same, all of them while an intruder is at work
//! and nothing has been read yet. A crash leaves either no file or a complete one. Where that
//! one step cannot be made (a file system without hard links), an empty file is made and SQLite
//! fills it in its own way.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, MAIN_DB};

use super::file::{Kind, make_file, tables};

/// Where a database's header says how it is written and read, and what stands for a
/// write-ahead log there. Source: SQLite, "Database File Format", 1.3.3.
const FORMAT_AT: std::ops::Range<usize> = 18..20;
const BY_LOG: [u8; 2] = [2, 2];

/// Makes the file at `path`, in `dir`; no error if another process was faster.
pub(super) fn make(kind: &Kind, path: &Path, dir: &Path) -> io::Result<()> {
    let bytes = whole(kind).map_err(io::Error::other)?;
    let beside = beside(path);
    let put = write(kind, &beside, dir, &bytes).and_then(|()| match fs::hard_link(&beside, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        put => put,
    });
    let _ = fs::remove_file(&beside);
    put?;
    // The name must outlive a power cut too; not every file system can promise it.
    let _ = File::open(dir).and_then(|dir| dir.sync_all());
    Ok(())
}

/// A file without records, byte for byte.
fn whole(kind: &Kind) -> rusqlite::Result<Vec<u8>> {
    let mut memory = Connection::open_in_memory()?;
    tables(kind, &memory)?;
    let mut bytes = memory.serialize(MAIN_DB)?.to_vec();
    if let Some(format) = bytes.get_mut(FORMAT_AT) {
        format.copy_from_slice(&BY_LOG);
    }
    Ok(bytes)
}

fn write(kind: &Kind, path: &Path, dir: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = make_file(kind, path, dir)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name that no other process and no other thread takes.
fn beside(path: &Path) -> PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static MADE: AtomicU32 = AtomicU32::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".new-{}-{number}", std::process::id()));
    name.into()
}
