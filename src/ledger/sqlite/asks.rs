//! What one process asks of another that works on a run: to pause.
//!
//! A table of its own, made when somebody first asks, so that a file of an older oust takes it and
//! one that nobody asked anything stays as it was. Not part of the chain: an ask is no evidence,
//! and what came of it is in the records.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Trouble;
use crate::ledger::Pause;
use crate::model::{RunId, Utc};

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS ask (
        run TEXT PRIMARY KEY, by TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT;
";

/// Asks; the last to ask is the one who is told.
pub(super) fn ask(db: &Connection, run: &RunId, pause: &Pause) -> Result<(), Trouble> {
    db.execute_batch(TABLE)?;
    db.execute(
        "INSERT INTO ask (run, by, at_ms) VALUES (?1, ?2, ?3)
         ON CONFLICT (run) DO UPDATE SET by = excluded.by, at_ms = excluded.at_ms",
        params![run.as_str(), pause.by, pause.at.millis()],
    )?;
    Ok(())
}

/// What was asked since then. What is older was asked of a process that is gone.
pub(super) fn asked(db: &Connection, run: &RunId, since: Utc) -> Result<Option<Pause>, Trouble> {
    let there = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'ask'";
    let there: Option<i64> = db.query_row(there, [], |row| row.get(0)).optional()?;
    if there.is_none() {
        return Ok(None);
    }
    let found = db
        .query_row(
            "SELECT by, at_ms FROM ask WHERE run = ?1 AND at_ms >= ?2",
            params![run.as_str(), since.millis()],
            |row| {
                Ok(Pause {
                    by: row.get(0)?,
                    at: Utc::from_millis(row.get(1)?),
                })
            },
        )
        .optional()?;
    Ok(found)
}
