//! Rehearsals in one SQLite file, beside the ledger and as private as that.
//!
//! Each is kept whole, as the object that others read, with what it is looked for by in columns of
//! its own. Only adds, but for [`KEEP`]: the oldest go.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::{Kind as How, Rehearsal};
use crate::model::Utc;
use crate::sqlite::{self, FileError, Kind, Worker};

type Trouble = sqlite::Trouble<FileError>;

/// How many are kept: ten years of one a day.
const KEEP: u32 = 4_000;

const TABLES: &str = "
    CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL) STRICT;
    CREATE TABLE rehearsal (
        id TEXT PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, org TEXT NOT NULL,
        playbook TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL) STRICT;
    CREATE INDEX rehearsal_of ON rehearsal (org, playbook, subject, at);
    CREATE INDEX rehearsal_at ON rehearsal (at);
";

static REHEARSALS: Kind = Kind {
    name: "rehearsals",
    application: 0x6f75_7268,
    version: 1,
    tables: TABLES,
    names: &["meta", "rehearsal"],
    shared: false,
    fold_at: 1_000,
};

/// Rehearsals in one SQLite file.
#[derive(Debug)]
pub struct SqliteRehearsals {
    worker: Worker,
}

impl SqliteRehearsals {
    /// Where the rehearsals of this ledger are.
    #[must_use]
    pub fn beside(ledger: &Path) -> PathBuf {
        ledger.with_file_name("rehearsals.db")
    }

    /// Opens the file at `path`, which is made with mode 0600 (its directory 0700) if it is not
    /// there.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open(path: &Path) -> Result<Self, FileError> {
        sqlite::prepare(&REHEARSALS, path)?;
        let connection = sqlite::open(&REHEARSALS, path)?;
        let path: Arc<Path> = path.into();
        let worker = Worker::writing(&REHEARSALS, path, connection, Arc::default())?;
        Ok(Self { worker })
    }

    /// Keeps one; its answer means *durable*.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn keep(&self, rehearsal: &Rehearsal) -> Result<(), FileError> {
        let rehearsal = rehearsal.clone();
        self.worker.ask(move |db| insert(db, &rehearsal)).await
    }

    /// The last one before `now` of the same playbook and subject.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn last_before(&self, now: &Rehearsal) -> Result<Option<Rehearsal>, FileError> {
        let now = now.clone();
        self.worker.ask(move |db| last_before(db, &now)).await
    }

    /// The newest, the newest first.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn newest(&self, most: usize) -> Result<Vec<Rehearsal>, FileError> {
        self.worker.ask(move |db| newest(db, most)).await
    }

    /// All that are kept, the newest first.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn all(&self) -> Result<Vec<Rehearsal>, FileError> {
        self.newest(KEEP as usize).await
    }

    /// When each playbook was last rehearsed, dry and live.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn last_of_each(&self) -> Result<Vec<(How, String, Utc)>, FileError> {
        self.worker.ask(last_of_each).await
    }

    /// One, by its id.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn one(&self, id: &str) -> Result<Option<Rehearsal>, FileError> {
        let id = id.to_owned();
        self.worker.ask(move |db| one(db, &id)).await
    }
}

fn insert(db: &Connection, rehearsal: &Rehearsal) -> Result<(), Trouble> {
    db.execute(
        "INSERT INTO rehearsal (id, at, kind, org, playbook, subject, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            rehearsal.id,
            rehearsal.at.millis(),
            rehearsal.kind.word(),
            rehearsal.org_id,
            rehearsal.playbook.name,
            rehearsal.subject.id.as_str(),
            serde_json::to_string(rehearsal)?,
        ],
    )?;
    db.execute(
        "DELETE FROM rehearsal WHERE id NOT IN
             (SELECT id FROM rehearsal ORDER BY at DESC, id DESC LIMIT ?1)",
        [KEEP],
    )?;
    Ok(())
}

fn last_before(db: &Connection, now: &Rehearsal) -> Result<Option<Rehearsal>, Trouble> {
    let bodies = bodies(
        db,
        "SELECT body FROM rehearsal
         WHERE org = ?1 AND playbook = ?2 AND subject = ?3 AND id <> ?4 AND at <= ?5
         ORDER BY at DESC, id DESC LIMIT 1",
        params![
            now.org_id,
            now.playbook.name,
            now.subject.id.as_str(),
            now.id,
            now.at.millis()
        ],
    )?;
    Ok(bodies.into_iter().next())
}

fn newest(db: &Connection, most: usize) -> Result<Vec<Rehearsal>, Trouble> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    bodies(
        db,
        "SELECT body FROM rehearsal ORDER BY at DESC, id DESC LIMIT ?1",
        [most],
    )
}

fn last_of_each(db: &Connection) -> Result<Vec<(How, String, Utc)>, Trouble> {
    let mut rows = db.prepare_cached(
        "SELECT kind, playbook, MAX(at) FROM rehearsal GROUP BY kind, playbook
         ORDER BY playbook, kind LIMIT 200",
    )?;
    let texts = rows.query_map([], |row| {
        let kind: String = row.get(0)?;
        Ok((kind, row.get(1)?, row.get(2)?))
    })?;
    let mut all = Vec::new();
    for row in texts {
        let (kind, playbook, at) = row?;
        let kind = serde_json::from_value(kind.into())?;
        all.push((kind, playbook, Utc::from_millis(at)));
    }
    Ok(all)
}

fn one(db: &Connection, id: &str) -> Result<Option<Rehearsal>, Trouble> {
    let found = bodies(db, "SELECT body FROM rehearsal WHERE id = ?1", [id])?;
    Ok(found.into_iter().next())
}

fn bodies(
    db: &Connection,
    sql: &str,
    given: impl rusqlite::Params,
) -> Result<Vec<Rehearsal>, Trouble> {
    let mut rows = db.prepare_cached(sql)?;
    let texts = rows.query_map(given, |row| row.get::<_, String>(0))?;
    let mut all = Vec::new();
    for text in texts {
        all.push(serde_json::from_str(&text?)?);
    }
    Ok(all)
}
