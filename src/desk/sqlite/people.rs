//! Who may sign in, who is, and who did what.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::Trouble;
use crate::desk::{Audited, Session, Token};
use crate::model::Utc;

/// Entries of the audit that are kept.
const AUDIT_MAX: i64 = 20_000;

/// How long a token's last use is not written anew, in milliseconds.
const USED_EVERY_MS: i64 = 60_000;

/// Keeps a token.
pub(super) fn add_token(db: &Connection, token: &Token) -> Result<(), Trouble> {
    db.execute(
        "INSERT INTO token (id, made_at, revoked_at, used_at, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            token.id,
            token.made_at.millis(),
            token.revoked_at.map(Utc::millis),
            token.used_at.map(Utc::millis),
            serde_json::to_string(token)?
        ],
    )?;
    Ok(())
}

/// All of them, the newest first.
pub(super) fn tokens(db: &Connection) -> Result<Vec<Token>, Trouble> {
    let mut rows =
        db.prepare_cached("SELECT body, revoked_at, used_at FROM token ORDER BY made_at DESC, id")?;
    let found = rows.query_map([], columns)?;
    let found: Vec<Columns> = found.collect::<Result<_, _>>()?;
    found.into_iter().map(whole).collect()
}

/// The token of this id.
pub(super) fn token(db: &Connection, id: &str) -> Result<Option<Token>, Trouble> {
    let mut row = db.prepare_cached("SELECT body, revoked_at, used_at FROM token WHERE id = ?1")?;
    let found = row.query_row([id], columns).optional()?;
    found.map(whole).transpose()
}

type Columns = (String, Option<i64>, Option<i64>);

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn whole((body, revoked, used): Columns) -> Result<Token, Trouble> {
    let mut token: Token = serde_json::from_str(&body)?;
    token.revoked_at = revoked.map(Utc::from_millis);
    token.used_at = used.map(Utc::from_millis);
    Ok(token)
}

/// Takes one back, once, with the sessions that began with it.
pub(super) fn revoke(db: &Connection, id: &str, at: Utc) -> Result<bool, Trouble> {
    let revoked = db.execute(
        "UPDATE token SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1",
        params![id, at.millis()],
    )?;
    db.execute("DELETE FROM session WHERE token = ?1", [id])?;
    Ok(revoked == 1)
}

/// Notes that it was used.
pub(super) fn used(db: &Connection, id: &str, at: Utc) -> Result<(), Trouble> {
    db.execute(
        "UPDATE token SET used_at = ?2
         WHERE id = ?1 AND (used_at IS NULL OR used_at <= ?2 - ?3)",
        params![id, at.millis(), USED_EVERY_MS],
    )?;
    Ok(())
}

/// Keeps a session, and forgets those that are over. None is kept for a token that was taken back
/// while somebody signed in with it.
pub(super) fn open_session(db: &Connection, session: &Session) -> Result<(), Trouble> {
    let now = session.made_at.millis();
    db.execute("DELETE FROM session WHERE expires_at <= ?1", [now])?;
    db.execute(
        "INSERT INTO session (hash, token, csrf, made_at, expires_at)
         SELECT ?1, id, ?3, ?4, ?5 FROM token WHERE id = ?2 AND revoked_at IS NULL",
        params![
            session.hash,
            session.token,
            session.csrf,
            now,
            session.expires_at.millis()
        ],
    )?;
    Ok(())
}

/// The session of this hash.
pub(super) fn session(db: &Connection, hash: &str) -> Result<Option<Session>, Trouble> {
    let mut row = db.prepare_cached(
        "SELECT hash, token, csrf, made_at, expires_at FROM session WHERE hash = ?1",
    )?;
    let found = row.query_row([hash], |row| {
        Ok(Session {
            hash: row.get(0)?,
            token: row.get(1)?,
            csrf: row.get(2)?,
            made_at: Utc::from_millis(row.get(3)?),
            expires_at: Utc::from_millis(row.get(4)?),
        })
    });
    Ok(found.optional()?)
}

/// Ends it.
pub(super) fn end_session(db: &Connection, hash: &str) -> Result<(), Trouble> {
    db.execute("DELETE FROM session WHERE hash = ?1", [hash])?;
    Ok(())
}

/// Notes that somebody did something.
pub(super) fn audit(db: &Connection, entry: &Audited) -> Result<(), Trouble> {
    db.execute(
        "INSERT INTO audit (at, who, what) VALUES (?1, ?2, ?3)",
        params![entry.at.millis(), entry.by, entry.what],
    )?;
    let newest = db.last_insert_rowid();
    db.execute("DELETE FROM audit WHERE place <= ?1", [newest - AUDIT_MAX])?;
    Ok(())
}

/// What was done last, newest first.
pub(super) fn audited(db: &Connection, most: usize) -> Result<Vec<Audited>, Trouble> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut rows =
        db.prepare_cached("SELECT at, who, what FROM audit ORDER BY place DESC LIMIT ?1")?;
    let found = rows.query_map([most], |row| {
        Ok(Audited {
            at: Utc::from_millis(row.get(0)?),
            by: row.get(1)?,
            what: row.get(2)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
