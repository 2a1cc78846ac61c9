//! Opening the file: modes, version, pragmas, and telling a ledger from anything else.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::trouble::Trouble;
use super::{fresh, writer};
use crate::ledger::StoreError;
use crate::model::{Finding, Severity};

/// The version of the tables that this oust writes.
pub(super) const VERSION: i64 = 1;

/// How long a commit waits for another process's.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// `subject_ids` stays with the run so that reopening can claim them again; `purged_at` says
/// that its bodies are gone; `epoch` counts who took the run (`fence`); `agreed_at` is when it was first consented to. `run` is an index over the records, `record` is what happened.
const TABLES: &str = "
    CREATE TABLE meta (
        one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, org TEXT) STRICT;
    CREATE TABLE run (
        id TEXT PRIMARY KEY, opened_at INTEGER NOT NULL, closed_at INTEGER, verdict TEXT,
        subjects TEXT NOT NULL, subject_ids TEXT NOT NULL, subjects_count INTEGER NOT NULL,
        playbook TEXT NOT NULL, wrote INTEGER NOT NULL DEFAULT 0, purged_at INTEGER,
        epoch INTEGER NOT NULL DEFAULT 1, contains INTEGER NOT NULL, agreed_at INTEGER) STRICT;
    CREATE INDEX run_opened ON run (opened_at);
    CREATE INDEX run_agreed ON run (agreed_at);
    CREATE TABLE record (
        seq INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES run (id), at_ms INTEGER NOT NULL,
        body TEXT, body_hash BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
    CREATE INDEX record_run ON record (run, seq);
    CREATE TABLE claim (
        subject TEXT PRIMARY KEY, run TEXT NOT NULL REFERENCES run (id)) STRICT;
    CREATE INDEX claim_run ON claim (run);
    CREATE TABLE plan (
        phrase TEXT PRIMARY KEY, digest TEXT NOT NULL, made_at INTEGER NOT NULL,
        body TEXT NOT NULL) STRICT;
";

/// Makes file and directory if need be; says where existing ones are open to others.
pub(super) fn prepare(path: &Path) -> Result<Vec<Finding>, StoreError> {
    let refused = |error: io::Error| StoreError::Disk {
        path: path.display().to_string(),
        why: error.to_string(),
    };
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    if !dir.exists() {
        private_dir(dir, true).map_err(refused)?;
    }
    if !path.exists() && fresh::make(path, dir).is_ok() {
        return Ok(notes(dir, path));
    }
    match private_file().open(path) {
        Ok(file) => {
            file.sync_all().map_err(refused)?;
            // The name must outlive a power cut too; not every file system can promise it.
            let _ = File::open(dir).and_then(|dir| dir.sync_all());
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(refused(error)),
    }
    Ok(notes(dir, path))
}

fn notes(dir: &Path, path: &Path) -> Vec<Finding> {
    [note_on(dir), note_on(path)]
        .into_iter()
        .flatten()
        .collect()
}

/// Makes a directory for its owner alone; with `above`, those above it too, and then it is no
/// error if it is there.
pub(in crate::ledger) fn private_dir(dir: &Path, above: bool) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(above);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// How to make a file for its owner alone; an error if it is there.
pub(in crate::ledger) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn note_on(path: &Path) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt;
    let mode = path.metadata().ok()?.permissions().mode() & 0o777;
    let tight = if path.is_dir() { 0o700 } else { 0o600 };
    (mode & 0o077 != 0).then(|| Finding {
        severity: Severity::Warning,
        id: "ledger_open_to_others".into(),
        text: format!(
            "{} has mode {mode:03o}: others on this machine can reach the ledger",
            path.display()
        ),
        hint: format!("chmod {tight:o} {}", path.display()),
    })
}

#[cfg(not(unix))]
fn note_on(_: &Path) -> Option<Finding> {
    None
}

/// Opens the writing connection; makes the tables in an empty file.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connect = || -> Result<Connection, Trouble> {
        let mut connection = Connection::open_with_flags(path, flags)?;
        harden(&connection)?;
        if connection.is_readonly("main")? {
            return Err(Trouble::Store(StoreError::Disk {
                path: path.display().to_string(),
                why: "it is read-only".into(),
            }));
        }
        // A file that is not ours is refused before anything about it changes.
        if !is_ledger(&connection, path)? {
            make_tables(&mut connection, path)?;
        }
        connection.execute_batch(
            "PRAGMA synchronous=FULL; PRAGMA fullfsync=ON; PRAGMA secure_delete=ON;",
        )?;
        Ok(connection)
    };
    connect().map_err(|trouble| trouble.at(path))
}

/// Opens a connection that cannot write.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, Trouble> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    harden(&connection)?;
    Ok(connection)
}

/// The file may have been tampered with: nothing that it defines may run.
fn harden(connection: &Connection) -> Result<(), Trouble> {
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    Ok(())
}

/// Whether these are our tables; `false` if there are none at all.
fn is_ledger(connection: &Connection, path: &Path) -> Result<bool, Trouble> {
    let not_ours = |why: &str| {
        Trouble::Store(StoreError::Corrupt {
            path: path.display().to_string(),
            why: why.to_owned(),
        })
    };
    let count = "SELECT count(*), count(*) FILTER (WHERE type = 'table' AND name IN
                 ('meta', 'run', 'record', 'claim', 'plan')) FROM sqlite_schema";
    let (all, ours): (i64, i64) =
        connection.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if all == 0 {
        return Ok(false);
    }
    if ours != 5 {
        return Err(not_ours("it is a database, but not a ledger"));
    }
    let found: i64 = connection.query_row("SELECT version FROM meta", [], |row| row.get(0))?;
    match found {
        VERSION => Ok(true),
        found if found > VERSION => Err(Trouble::Store(StoreError::Newer {
            found,
            known: VERSION,
        })),
        _ => Err(not_ours("no oust ever wrote its version")),
    }
}

fn make_tables(connection: &mut Connection, path: &Path) -> Result<(), Trouble> {
    switch_to_wal(connection)?;
    let begun = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    if !is_ledger(&begun, path)? {
        tables(&begun)?;
    }
    writer::commit(begun)?;
    Ok(())
}

/// Fills an empty database.
pub(super) fn tables(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(TABLES)?;
    db.execute("INSERT INTO meta (one, version) VALUES (1, ?1)", [VERSION])?;
    db.execute_batch("PRAGMA application_id = 0x6f757374")
}

/// Switching is refused at once, without the usual wait, while another process does the same.
fn switch_to_wal(connection: &Connection) -> Result<(), Trouble> {
    const STEP: Duration = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    loop {
        let switched: rusqlite::Result<String> =
            connection.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0));
        match switched {
            Err(error) if super::trouble::is_busy(&error) && waited < BUSY_WAIT => {
                std::thread::sleep(STEP);
                waited += STEP;
            }
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(()),
        }
    }
}
