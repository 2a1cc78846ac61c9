//! Texts that are too long for one row: the opening of a run on thousands holds its plan, which is
//! megabytes.
//!
//! SQLite holds a row's value twice while it stores it, and the text would be ours a third time. So
//! an event is stored as it is made, a part at a time; its hash is that of the whole. A record whose
//! text is in parts has an empty body, which no event has.
//!
//! A table of its own, made for the first such text, so that a file of an older oust takes it.
//!
//! Says nothing of what stands in the texts, and commits nothing.

use std::io;

use rusqlite::{Connection, params};

use super::Trouble;
use crate::ledger::Event;
use crate::ledger::chain::{BodyHash, Hash};

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS part (
        seq INTEGER NOT NULL, part INTEGER NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (seq, part)) STRICT;
";

/// Bytes of a part.
const PART_BYTES: usize = 512 * 1024;

/// An event's text as it goes into its record's row, and the hash of the whole text.
pub(super) struct Stored {
    /// Empty if it is in parts.
    pub(super) body: String,
    pub(super) hash: Hash,
}

/// Makes the text of a record's event, and stores of it what is too long for a row.
pub(super) fn store(db: &Connection, seq: i64, event: &Event) -> Result<Stored, Trouble> {
    let mut pieces = Pieces {
        db,
        seq,
        stored: 0,
        rest: Vec::new(),
        hash: BodyHash::default(),
        failed: None,
    };
    let made = serde_json::to_writer(&mut pieces, event);
    if let Some(error) = pieces.failed {
        return Err(error.into());
    }
    made?;
    if pieces.stored > 0 {
        pieces.put().map_err(Trouble::from)?;
    }
    let body = String::from_utf8(pieces.rest).expect("JSON is UTF-8, and this is all of it");
    Ok(Stored {
        body,
        hash: pieces.hash.finish(),
    })
}

struct Pieces<'db> {
    db: &'db Connection,
    seq: i64,
    /// Parts so far.
    stored: i64,
    /// What is not yet in any.
    rest: Vec<u8>,
    hash: BodyHash,
    /// Why the last could not be stored.
    failed: Option<rusqlite::Error>,
}

impl Pieces<'_> {
    fn put(&mut self) -> rusqlite::Result<()> {
        if self.stored == 0 {
            self.db.execute_batch(TABLE)?;
        }
        let mut insert = self
            .db
            .prepare_cached("INSERT INTO part (seq, part, body) VALUES (?1, ?2, ?3)")?;
        insert.execute(params![self.seq, self.stored, self.rest])?;
        self.stored += 1;
        self.rest.clear();
        Ok(())
    }
}

impl io::Write for Pieces<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.hash.update(text);
        self.rest.extend_from_slice(text);
        if self.rest.len() >= PART_BYTES
            && let Err(error) = self.put()
        {
            self.failed = Some(error);
            return Err(io::Error::other("a part could not be stored"));
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether anything was ever stored in parts here.
fn any(db: &Connection) -> rusqlite::Result<bool> {
    let there = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'part'";
    db.prepare_cached(there)?.exists([])
}

/// The text of a record whose body is empty, even where it is not what we write: the chain will tell.
pub(super) fn read(db: &Connection, seq: i64) -> rusqlite::Result<String> {
    if !any(db)? {
        return Ok(String::new());
    }
    let mut parts = db.prepare_cached("SELECT body FROM part WHERE seq = ?1 ORDER BY part")?;
    let mut rows = parts.query([seq])?;
    let mut whole = Vec::new();
    while let Some(row) = rows.next()? {
        whole.extend_from_slice(row.get_ref(0)?.as_bytes().unwrap_or_default());
    }
    Ok(String::from_utf8(whole)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// Takes the parts of a run's records away.
pub(super) fn purge(db: &Connection, run: &str) -> rusqlite::Result<()> {
    if !any(db)? {
        return Ok(());
    }
    db.prepare_cached("DELETE FROM part WHERE seq IN (SELECT seq FROM record WHERE run = ?1)")?
        .execute([run])?;
    Ok(())
}
