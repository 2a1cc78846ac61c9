//! What holds automatic runs back: how many a source had, and whether all are frozen.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Trouble;
use crate::desk::Frozen;
use crate::model::{RunId, Utc};

/// Counts a run against its source, if there is room; once counted it stays so.
pub(super) fn count(
    db: &Connection,
    source: &str,
    run: &RunId,
    at: Utc,
    since: Utc,
    most: u64,
) -> Result<bool, Trouble> {
    let counted: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM automatic WHERE source = ?1 AND run = ?2)",
        params![source, run.as_str()],
        |row| row.get(0),
    )?;
    if counted {
        return Ok(true);
    }
    let others: i64 = db.query_row(
        "SELECT count(*) FROM automatic WHERE source = ?1 AND at >= ?2",
        params![source, since.millis()],
        |row| row.get(0),
    )?;
    if u64::try_from(others).unwrap_or(u64::MAX) >= most {
        return Ok(false);
    }
    db.execute(
        "INSERT INTO automatic (source, run, at) VALUES (?1, ?2, ?3)",
        params![source, run.as_str(), at.millis()],
    )?;
    Ok(true)
}

/// Forgets what was counted against a source, or against all.
pub(super) fn clear(db: &Connection, source: Option<&str>) -> Result<(), Trouble> {
    db.execute(
        "DELETE FROM automatic WHERE ?1 IS NULL OR source = ?1",
        [source],
    )?;
    Ok(())
}

/// Freezes, or thaws.
pub(super) fn freeze(db: &Connection, frozen: Option<&Frozen>) -> Result<(), Trouble> {
    let Some(frozen) = frozen else {
        db.execute("DELETE FROM frozen", [])?;
        return Ok(());
    };
    db.execute(
        "INSERT INTO frozen (one, body) VALUES (1, ?1)
         ON CONFLICT (one) DO UPDATE SET body = excluded.body",
        [serde_json::to_string(frozen)?],
    )?;
    Ok(())
}

/// Whether they are frozen.
pub(super) fn frozen(db: &Connection) -> Result<Option<Frozen>, Trouble> {
    let body: Option<String> = db
        .query_row("SELECT body FROM frozen", [], |row| row.get(0))
        .optional()?;
    Ok(body.map(|body| serde_json::from_str(&body)).transpose()?)
}
