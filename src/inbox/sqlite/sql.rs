//! What is asked of the tables. Every function runs inside the caller's transaction.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use super::Trouble;
use super::repeats::Owed;
use crate::inbox::{Accepted, Counts, Cursor, Entry, InboxError, Received, Standing};
use crate::model::{Fate, Utc};

/// What stands in the column.
const WAITING: i64 = 0;
const TAKEN: i64 = 1;
const SETTLED: i64 = 2;

/// An alert on its way in.
pub(super) struct Draft {
    at: Utc,
    chance: u32,
    source: String,
    key: [u8; 32],
    from: Option<String>,
    alert: String,
    raw: String,
}

impl Draft {
    pub(super) fn of(received: Received, chance: u32) -> Result<Self, serde_json::Error> {
        let alert = &received.alert;
        Ok(Self {
            at: received.at,
            chance,
            key: key(&alert.source, &alert.dedupe_key),
            from: received.from.map(|from| from.to_string()),
            alert: serde_json::to_string(alert)?,
            source: received.alert.source,
            raw: received.raw,
        })
    }

    /// Sorts by time; `more` tells it from one of the same millisecond and the same chance.
    fn id(&self, more: u32) -> String {
        let ms = self.at.millis().max(0);
        format!("a_{ms:012x}{:08x}", self.chance.wrapping_add(more))
    }
}

/// Of one length whatever a sender makes up; the source's length keeps the two parts apart.
fn key(source: &str, dedupe_key: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update((source.len() as u64).to_be_bytes());
    hash.update(source);
    hash.update(dedupe_key);
    hash.finalize().into()
}

/// What became of handing some in.
pub(super) struct Done {
    pub(super) accepted: Vec<Accepted>,
    /// Whether the counts that were owed are in this commit.
    pub(super) counted: bool,
}

/// Keeps all of them, or none.
pub(super) fn accept(
    db: &Connection,
    drafts: &[Draft],
    cursor: Option<&Cursor>,
    owed: &Owed,
    waiting_max: u64,
) -> Result<Done, Trouble> {
    let mut accepted = Vec::with_capacity(drafts.len());
    let mut new: u64 = 0;
    for draft in drafts {
        accepted.push(match insert(db, draft)? {
            Some(id) => {
                new += 1;
                Accepted::New(id)
            }
            None => Accepted::Again(
                db.prepare_cached("SELECT id FROM alert WHERE key = ?1")?
                    .query_row([&draft.key], |row| row.get(0))?,
            ),
        });
    }
    if new > 0 {
        let waits = "UPDATE tally SET count = count + ?2 WHERE standing = ?1 AND count + ?2 <= ?3";
        let mut waits = db.prepare_cached(waits)?;
        if waits.execute([WAITING, column(new), column(waiting_max)])? == 0 {
            let waiting = count(db, WAITING)?;
            return Err(InboxError::Full { waiting }.into());
        }
    }
    if let Some(Cursor { name, place }) = cursor {
        // One that stays where it is costs no commit.
        db.prepare_cached(
            "INSERT INTO cursor (name, place) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET place = excluded.place
             WHERE place <> excluded.place",
        )?
        .execute([name, place])?;
    }
    let counted = new > 0 || owed.at_once;
    if counted {
        add_repeats(db, &owed.by_id)?;
    }
    Ok(Done { accepted, counted })
}

/// Its id; `None` if it is there already. Whether it is, the insert itself tells: a flood is of new
/// ones.
fn insert(db: &Connection, draft: &Draft) -> Result<Option<String>, Trouble> {
    let mut put = db.prepare_cached(
        "INSERT INTO alert (id, key, source, at_ms, came_from, alert)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    )?;
    for more in 0.. {
        let id = draft.id(more);
        let placed = put.execute(params![
            id,
            draft.key,
            draft.source,
            draft.at.millis(),
            draft.from,
            draft.alert
        ])?;
        if placed == 1 {
            db.prepare_cached("INSERT INTO body (number, raw) VALUES (?1, ?2)")?
                .execute(params![db.last_insert_rowid(), draft.raw])?;
            return Ok(Some(id));
        }
        // The key is there, or by chance the id of another.
        let mut known = db.prepare_cached("SELECT 1 FROM alert WHERE key = ?1")?;
        if known.exists([&draft.key])? {
            break;
        }
    }
    Ok(None)
}

/// Adds to the counts; of one that was forgotten since, nothing.
pub(super) fn add_repeats(db: &Connection, by_id: &BTreeMap<String, u64>) -> Result<(), Trouble> {
    let mut add = db.prepare_cached("UPDATE alert SET repeats = repeats + ?2 WHERE id = ?1")?;
    for (id, times) in by_id {
        add.execute(params![id, column(*times)])?;
    }
    Ok(())
}

/// Takes the oldest that are due.
pub(super) fn take(
    db: &Connection,
    now: Utc,
    most: usize,
    busy: &str,
) -> Result<Vec<Entry>, Trouble> {
    let ids: Vec<String> = db
        .prepare_cached(
            "SELECT id FROM alert INDEXED BY alert_waiting
             WHERE standing = 0 AND due_ms <= ?1
               AND source NOT IN (SELECT value FROM json_each(?2))
             ORDER BY id LIMIT ?3",
        )?
        .query_map(params![now.millis(), busy, column(most as u64)], |row| {
            row.get(0)
        })?
        .collect::<Result<_, _>>()?;
    let mut taken = Vec::with_capacity(ids.len());
    for id in &ids {
        db.prepare_cached("UPDATE alert SET standing = 1, attempts = attempts + 1 WHERE id = ?1")?
            .execute([id])?;
        taken.extend(entry(db, id)?);
    }
    if !ids.is_empty() {
        move_tally(db, Some(WAITING), Some(TAKEN), ids.len() as u64)?;
    }
    Ok(taken)
}

/// Settles one, whatever it was before: the last word counts.
pub(super) fn settle(db: &Connection, id: &str, fate: &Fate, at: Utc) -> Result<(), Trouble> {
    let was = standing(db, id)?;
    let fate = serde_json::to_string(fate)?;
    db.prepare_cached("UPDATE alert SET standing = 2, fate = ?2, settled_ms = ?3 WHERE id = ?1")?
        .execute(params![id, fate, at.millis()])?;
    move_tally(db, Some(was), Some(SETTLED), 1)
}

/// Puts one back, whatever it was before.
pub(super) fn put_back(db: &Connection, id: &str, due: Utc) -> Result<(), Trouble> {
    let was = standing(db, id)?;
    db.prepare_cached(
        "UPDATE alert SET standing = 0, due_ms = ?2, fate = NULL, settled_ms = NULL WHERE id = ?1",
    )?
    .execute(params![id, due.millis()])?;
    move_tally(db, Some(was), Some(WAITING), 1)
}

/// What was taken waits again.
pub(super) fn all_wait_again(db: &Connection) -> Result<(), Trouble> {
    let many = db.execute(
        "UPDATE alert INDEXED BY alert_taken SET standing = 0, due_ms = 0 WHERE standing = 1",
        [],
    )?;
    move_tally(db, Some(TAKEN), Some(WAITING), many as u64)
}

/// Forgets what was settled before then.
pub(super) fn forget_before(db: &Connection, before: Utc) -> Result<u64, Trouble> {
    db.execute(
        "DELETE FROM body WHERE number IN (SELECT number FROM alert INDEXED BY alert_settled
             WHERE standing = 2 AND settled_ms < ?1)",
        [before.millis()],
    )?;
    let many = db.execute(
        "DELETE FROM alert WHERE standing = 2 AND settled_ms < ?1",
        [before.millis()],
    )? as u64;
    move_tally(db, Some(SETTLED), None, many)?;
    Ok(many)
}

fn standing(db: &Connection, id: &str) -> Result<i64, Trouble> {
    let found = db
        .prepare_cached("SELECT standing FROM alert WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    found.ok_or_else(|| InboxError::NoAlert { id: id.to_owned() }.into())
}

fn move_tally(
    db: &Connection,
    from: Option<i64>,
    to: Option<i64>,
    many: u64,
) -> Result<(), Trouble> {
    if many == 0 || from == to {
        return Ok(());
    }
    let mut add = db.prepare_cached("UPDATE tally SET count = count + ?2 WHERE standing = ?1")?;
    for (standing, change) in [(from, -column(many)), (to, column(many))] {
        if let Some(standing) = standing {
            add.execute([standing, change])?;
        }
    }
    Ok(())
}

fn count(db: &Connection, standing: i64) -> Result<u64, Trouble> {
    let mut count = db.prepare_cached("SELECT count FROM tally WHERE standing = ?1")?;
    Ok(count.query_row([standing], |row| number(row, 0))?)
}

/// How many stand where.
pub(super) fn counts(db: &Connection) -> Result<Counts, Trouble> {
    let oldest: Option<i64> = db
        .prepare_cached(
            "SELECT at_ms FROM alert INDEXED BY alert_waiting WHERE standing = 0
             ORDER BY id LIMIT 1",
        )?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(Counts {
        waiting: count(db, WAITING)?,
        taken: count(db, TAKEN)?,
        settled: count(db, SETTLED)?,
        oldest_waiting: oldest.map(Utc::from_millis),
    })
}

const COLUMNS: &str =
    "id, at_ms, came_from, alert, standing, attempts, fate, settled_ms, repeats, number";

/// The newest, newest first, without their bodies.
pub(super) fn entries(
    db: &Connection,
    before: Option<&str>,
    most: usize,
) -> Result<Vec<Entry>, Trouble> {
    let mut rows = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM alert WHERE id < ?1 ORDER BY id DESC LIMIT ?2"
    ))?;
    // Every id begins with `a_`.
    let mut rows = rows.query(params![before.unwrap_or("b"), column(most as u64)])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry_of(row)?);
    }
    Ok(entries)
}

/// One of them with its body.
pub(super) fn entry(db: &Connection, id: &str) -> Result<Option<Entry>, Trouble> {
    let mut row = db.prepare_cached(&format!("SELECT {COLUMNS} FROM alert WHERE id = ?1"))?;
    let mut rows = row.query([id])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let mut entry = entry_of(row)?;
    let mut raw = db.prepare_cached("SELECT raw FROM body WHERE number = ?1")?;
    entry.raw = raw.query_row([row.get::<_, i64>(9)?], |row| row.get(0))?;
    Ok(Some(entry))
}

fn entry_of(row: &Row<'_>) -> Result<Entry, Trouble> {
    let from: Option<String> = row.get(2)?;
    let alert: String = row.get(3)?;
    let fate: Option<String> = row.get(6)?;
    Ok(Entry {
        id: row.get(0)?,
        at: Utc::from_millis(row.get(1)?),
        from: from.and_then(|from| from.parse().ok()),
        alert: serde_json::from_str(&alert)?,
        raw: String::new(),
        standing: match row.get::<_, i64>(4)? {
            TAKEN => Standing::Taken,
            SETTLED => Standing::Settled,
            _ => Standing::Waiting,
        },
        attempts: u32::try_from(number(row, 5)?).unwrap_or(u32::MAX),
        fate: fate.map(|fate| serde_json::from_str(&fate)).transpose()?,
        settled_at: row.get::<_, Option<i64>>(7)?.map(Utc::from_millis),
        repeats: number(row, 8)?,
    })
}

/// Up to where somebody has read.
pub(super) fn cursor(db: &Connection, name: &str) -> Result<Option<String>, Trouble> {
    let mut place = db.prepare_cached("SELECT place FROM cursor WHERE name = ?1")?;
    Ok(place.query_row([name], |row| row.get(0)).optional()?)
}

/// A number that cannot be negative unless somebody tampered with the file.
fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(at)?).unwrap_or(0))
}

/// As SQLite counts; no inbox grows past its end.
fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
