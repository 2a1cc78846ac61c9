//! Opening a file: modes, version, pragmas, and telling its kind from anything else.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::trouble::{FileError, Trouble, is_busy};
use super::{fresh, worker};
use crate::model::{Finding, Severity};

/// How long a commit waits for another process's.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// What a file is, and how to tell it from others.
#[derive(Debug)]
pub struct Kind {
    /// What people call it; every error names it: `ledger`.
    pub name: &'static str,
    /// SQLite's application id, so that `file` and we can tell it.
    pub application: i32,
    /// The version of the tables that this oust writes.
    pub version: i64,
    /// Makes them. Among them must be
    /// `meta (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, …)`.
    pub tables: &'static str,
    /// Their names: a file of this kind has them all.
    pub names: &'static [&'static str],
    /// Whether two users of one group may share it: it then takes its directory's mode for the
    /// group, if that hands its group on (set-group-id). Any other file is its owner's alone.
    pub shared: bool,
    /// Pages of the write-ahead log after which it is folded into the file, for which everybody
    /// waits; SQLite's own is 1,000.
    pub fold_at: u32,
}

/// Makes file and directory if need be; says where existing ones are open to others.
///
/// # Errors
/// [`FileError::Disk`] if it cannot be made.
pub fn prepare(kind: &Kind, path: &Path) -> Result<Vec<Finding>, FileError> {
    let refused = |error: io::Error| FileError::Disk {
        what: kind.name,
        path: path.display().to_string(),
        why: error.to_string(),
    };
    let dir = directory(path);
    if !dir.exists() {
        private_dir(dir, true).map_err(refused)?;
    }
    if !path.exists() && fresh::make(kind, path, dir).is_ok() {
        return Ok(notes(kind, dir, path));
    }
    match make_file(kind, path, dir) {
        Ok(file) => {
            file.sync_all().map_err(refused)?;
            // The name must outlive a power cut too; not every file system can promise it.
            let _ = File::open(dir).and_then(|dir| dir.sync_all());
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(refused(error)),
    }
    Ok(notes(kind, dir, path))
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

fn notes(kind: &Kind, dir: &Path, path: &Path) -> Vec<Finding> {
    [note_on(kind, dir), note_on(kind, path)]
        .into_iter()
        .flatten()
        .collect()
}

/// Makes a directory for its owner alone; with `above`, those above it too, and then it is no
/// error if it is there.
///
/// # Errors
/// If it cannot be made.
pub fn private_dir(dir: &Path, above: bool) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(above);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// How to make a file for its owner alone; an error if it is there.
#[must_use]
pub fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the file of a kind; an error if it is there.
pub(super) fn make_file(kind: &Kind, path: &Path, dir: &Path) -> io::Result<File> {
    let file = private_file().open(path)?;
    #[cfg(unix)]
    if kind.shared && is_for_its_group(dir) {
        use std::os::unix::fs::PermissionsExt;
        // SQLite gives what it keeps beside the file the same mode.
        file.set_permissions(std::fs::Permissions::from_mode(0o660))?;
    }
    #[cfg(not(unix))]
    let _ = (kind, dir);
    Ok(file)
}

/// Whether somebody set this directory up for a group: all of it may write, and what is made in
/// there is the group's.
#[cfg(unix)]
fn is_for_its_group(dir: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    dir.metadata()
        .is_ok_and(|found| found.permissions().mode() & 0o2070 == 0o2070)
}

#[cfg(unix)]
fn note_on(kind: &Kind, path: &Path) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt;
    let mode = path.metadata().ok()?.permissions().mode() & 0o777;
    let shared = kind.shared && is_for_its_group(directory_of(path));
    let (open, tight_dir, tight_file) = if shared {
        (0o007, 0o2770, 0o660)
    } else {
        (0o077, 0o700, 0o600)
    };
    let tight = if path.is_dir() { tight_dir } else { tight_file };
    (mode & open != 0).then(|| Finding {
        severity: Severity::Warning,
        id: format!("{}_open_to_others", kind.name),
        text: format!(
            "{} has mode {mode:03o}: others on this machine can reach the {}",
            path.display(),
            kind.name
        ),
        hint: format!("chmod {tight:o} {}", path.display()),
    })
}

/// The directory that `path` is or stands in.
#[cfg(unix)]
fn directory_of(path: &Path) -> &Path {
    if path.is_dir() { path } else { directory(path) }
}

#[cfg(not(unix))]
fn note_on(_: &Kind, _: &Path) -> Option<Finding> {
    None
}

/// Opens the writing connection; makes the tables in an empty file.
///
/// # Errors
/// [`FileError`]; a file of another kind was not touched then.
pub fn open(kind: &Kind, path: &Path) -> Result<Connection, FileError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connect = || -> Result<Connection, Trouble<FileError>> {
        let mut connection = Connection::open_with_flags(path, flags)?;
        harden(&connection)?;
        if connection.is_readonly("main")? {
            return Err(Trouble::File(FileError::Disk {
                what: kind.name,
                path: path.display().to_string(),
                why: "it is read-only".into(),
            }));
        }
        // A file that is not ours is refused before anything about it changes.
        if !is_ours(kind, &connection, path)? {
            make_tables(kind, &mut connection, path)?;
        }
        connection.execute_batch(
            "PRAGMA synchronous=FULL; PRAGMA fullfsync=ON; PRAGMA secure_delete=ON;",
        )?;
        connection.pragma_update(None, "wal_autocheckpoint", kind.fold_at)?;
        Ok(connection)
    };
    connect().map_err(|trouble| trouble.at(kind.name, path))
}

/// Opens a connection that cannot write.
pub(super) fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    harden(&connection)?;
    Ok(connection)
}

/// The file may have been tampered with: nothing that it defines may run.
fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    Ok(())
}

/// Whether these are our tables; `false` if there are none at all.
fn is_ours(kind: &Kind, connection: &Connection, path: &Path) -> Result<bool, Trouble<FileError>> {
    let not_ours = |why: String| {
        Trouble::File(FileError::Corrupt {
            what: kind.name,
            path: path.display().to_string(),
            why,
        })
    };
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let found: Vec<String> = tables
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let all: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if all == 0 {
        return Ok(false);
    }
    let application: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let has = |name: &&str| found.iter().any(|found| found == name);
    // One that was dumped and read back has lost its id.
    if !kind.names.iter().all(has) || ![kind.application, 0].contains(&application) {
        return Err(not_ours(format!(
            "it is a database, but not {} {}",
            article(kind.name),
            kind.name
        )));
    }
    let found: i64 = connection.query_row("SELECT version FROM meta", [], |row| row.get(0))?;
    if found == kind.version {
        return Ok(true);
    }
    if found > kind.version {
        return Err(Trouble::File(FileError::Newer {
            what: kind.name,
            found,
            known: kind.version,
        }));
    }
    Err(not_ours("no oust ever wrote its version".into()))
}

fn article(name: &str) -> &'static str {
    if name.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

fn make_tables(
    kind: &Kind,
    connection: &mut Connection,
    path: &Path,
) -> Result<(), Trouble<FileError>> {
    switch_to_wal(connection)?;
    let begun = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    if !is_ours(kind, &begun, path)? {
        tables(kind, &begun)?;
    }
    worker::commit(begun)?;
    Ok(())
}

/// Fills an empty database.
pub(super) fn tables(kind: &Kind, db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(kind.tables)?;
    db.execute(
        "INSERT INTO meta (one, version) VALUES (1, ?1)",
        [kind.version],
    )?;
    db.pragma_update(None, "application_id", kind.application)
}

/// Switching is refused at once, without the usual wait, while another process does the same.
fn switch_to_wal(connection: &Connection) -> rusqlite::Result<()> {
    const STEP: Duration = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    loop {
        let switched: rusqlite::Result<String> =
            connection.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0));
        match switched {
            Err(error) if is_busy(&error) && waited < BUSY_WAIT => {
                std::thread::sleep(STEP);
                waited += STEP;
            }
            switched => return switched.map(drop),
        }
    }
}
