//! Runs that a server watches, and how far each watch has come.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Trouble;
use crate::desk::{Watch, WatchState};
use crate::model::RunId;

/// Keeps how a watch stands.
pub(super) fn keep(db: &Connection, watch: &Watch) -> Result<(), Trouble> {
    db.execute(
        "INSERT INTO watch (run, state, next_at, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (run) DO UPDATE SET
             state = excluded.state, next_at = excluded.next_at, body = excluded.body",
        params![
            watch.run.as_str(),
            watch.state.word(),
            watch.next_at.millis(),
            serde_json::to_string(watch)?,
        ],
    )?;
    Ok(())
}

/// Those in this state, the one that is due first at the head.
pub(super) fn of_state(
    db: &Connection,
    state: WatchState,
    most: usize,
) -> Result<Vec<Watch>, Trouble> {
    let mut rows = db
        .prepare_cached("SELECT body FROM watch WHERE state = ?1 ORDER BY next_at, run LIMIT ?2")?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let bodies = rows.query_map(params![state.word(), most], |row| row.get::<_, String>(0))?;
    bodies
        .map(|body| Ok(serde_json::from_str(&body?)?))
        .collect()
}

/// The watch over this run.
pub(super) fn one(db: &Connection, run: &RunId) -> Result<Option<Watch>, Trouble> {
    let body: Option<String> = db
        .query_row(
            "SELECT body FROM watch WHERE run = ?1",
            [run.as_str()],
            |row| row.get(0),
        )
        .optional()?;
    Ok(body.map(|body| serde_json::from_str(&body)).transpose()?)
}
