//! What is asked of the tables. Every function runs inside the caller's transaction.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Trouble, parts};
use crate::ledger::archive::{Exported, Purged};
use crate::ledger::chain::{self, GENESIS, Hash, Link, Verified, Verifier};
use crate::ledger::draft::{Draft, Title, Turn, event_of};
use crate::ledger::fence::{self, Appended};
use crate::ledger::{Head, Record, RunRow, RunState, StoreError};
use crate::model::{Plan, RunId, UserId, Utc, hex, shared};

/// Begins a run: its row, its claims, its records.
pub(super) fn open_run(db: &Connection, title: &Title, draft: &Draft) -> Result<Appended, Trouble> {
    if title.contains {
        make_releases_give_way(db, &title.subjects)?;
    }
    refuse_if_held(db, &title.subjects, None)?;
    let row = db
        .prepare_cached(
            "INSERT INTO run
                 (id, opened_at, subjects, subject_ids, subjects_count, playbook, contains,
                  gives_back)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            draft.run.as_str(),
            title.opened_at.millis(),
            serde_json::to_string(&title.logins)?,
            serde_json::to_string(&title.subjects)?,
            column(count(title.subjects.len())),
            title.playbook,
            title.contains,
            title.gives_back.as_ref().map(RunId::as_str),
        ])?;
    if row == 0 {
        let run = draft.run.clone();
        return Err(StoreError::Exists { run }.into());
    }
    claim(db, &draft.run, &title.subjects)?;
    let head = add(db, draft)?;
    let epoch = fence::FIRST;
    Ok(Appended { head, epoch })
}

/// Appends to a run that was opened.
pub(super) fn append(db: &Connection, draft: &Draft) -> Result<Appended, Trouble> {
    let run = draft.run.clone();
    let epoch = match standing(db, &run)? {
        Standing::Unknown => return Err(StoreError::NoRun { run }.into()),
        Standing::Purged => return Err(StoreError::Purged { run }.into()),
        Standing::Epoch(current) => fence::admit(draft, current)?,
    };
    let head = add(db, draft)?;
    Ok(Appended { head, epoch })
}

/// What may be done with a run.
enum Standing {
    /// It was never opened.
    Unknown,
    /// Nothing any more.
    Purged,
    /// It is in this epoch.
    Epoch(u64),
}

fn standing(db: &Connection, run: &RunId) -> Result<Standing, Trouble> {
    let mut row =
        db.prepare_cached("SELECT epoch, purged_at IS NOT NULL FROM run WHERE id = ?1")?;
    let found = row.query_row([run.as_str()], |row| {
        let purged: bool = row.get(1)?;
        Ok(match number(row, 0)? {
            _ if purged => Standing::Purged,
            epoch => Standing::Epoch(epoch),
        })
    });
    Ok(found.optional()?.unwrap_or(Standing::Unknown))
}

fn add(db: &Connection, draft: &Draft) -> Result<Head, Trouble> {
    for turn in &draft.turns {
        take_turn(db, draft, turn)?;
    }
    let (mut seq, mut hash) = end(db)?;
    let mut insert = db.prepare_cached(
        "INSERT INTO record (seq, run, at_ms, body, body_hash, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for each in &draft.events {
        seq += 1;
        let stored = parts::store(db, column(seq), &each.event)?;
        hash = chain::link_hash(&hash, seq, &draft.run, each.at, &stored.hash);
        insert.execute(params![
            column(seq),
            draft.run.as_str(),
            each.at.millis(),
            stored.body,
            &stored.hash[..],
            &hash[..],
        ])?;
    }
    Ok(chain::head(seq, &hash))
}

fn take_turn(db: &Connection, draft: &Draft, turn: &Turn) -> Result<(), Trouble> {
    let run = draft.run.as_str();
    match turn {
        Turn::Agreed { at } => {
            db.prepare_cached("UPDATE run SET agreed_at = ?2 WHERE id = ?1 AND agreed_at IS NULL")?
                .execute(params![run, at.millis()])?;
        }
        Turn::Wrote => {
            db.prepare_cached("UPDATE run SET wrote = 1 WHERE id = ?1 AND wrote = 0")?
                .execute([run])?;
        }
        Turn::Closed { verdict, at } => {
            db.prepare_cached("UPDATE run SET closed_at = ?2, verdict = ?3 WHERE id = ?1")?
                .execute(params![run, at.millis(), verdict])?;
            db.prepare_cached("DELETE FROM claim WHERE run = ?1")?
                .execute([run])?;
        }
        Turn::Judged { verdict } => {
            db.prepare_cached(
                "UPDATE run SET verdict = ?2 WHERE id = ?1 AND closed_at IS NOT NULL",
            )?
            .execute(params![run, verdict])?;
        }
        Turn::Reopened => {
            let ids: String =
                db.query_row("SELECT subject_ids FROM run WHERE id = ?1", [run], |row| {
                    row.get(0)
                })?;
            let subjects: Vec<UserId> = serde_json::from_str(&ids)?;
            let contains: bool =
                db.query_row("SELECT contains FROM run WHERE id = ?1", [run], |row| {
                    row.get(0)
                })?;
            if contains {
                make_releases_give_way(db, &subjects)?;
            }
            refuse_if_held(db, &subjects, Some(&draft.run))?;
            claim(db, &draft.run, &subjects)?;
            db.prepare_cached(
                "UPDATE run SET closed_at = NULL, verdict = NULL, epoch = epoch + 1 WHERE id = ?1",
            )?
            .execute([run])?;
        }
    }
    Ok(())
}

/// Throwing somebody out waits for nobody who lets him in: a release that holds one of them loses
/// him, and whoever still works on it records nothing more, so that it stops.
fn make_releases_give_way(db: &Connection, subjects: &[UserId]) -> Result<(), Trouble> {
    let mut fence = db.prepare_cached(
        "UPDATE run SET epoch = epoch + 1 WHERE gives_back IS NOT NULL
             AND id IN (SELECT run FROM claim WHERE subject = ?1)",
    )?;
    let mut free = db.prepare_cached(
        "DELETE FROM claim WHERE subject = ?1
             AND run IN (SELECT id FROM run WHERE gives_back IS NOT NULL)",
    )?;
    for subject in subjects {
        fence.execute([subject.as_str()])?;
        free.execute([subject.as_str()])?;
    }
    Ok(())
}

/// Refuses if a run other than `mine` holds one of them.
fn refuse_if_held(
    db: &Connection,
    subjects: &[UserId],
    mine: Option<&RunId>,
) -> Result<(), Trouble> {
    let mut holder = db.prepare_cached("SELECT run FROM claim WHERE subject = ?1")?;
    for subject in subjects {
        let held: Option<String> = holder
            .query_row([subject.as_str()], |row| row.get(0))
            .optional()?;
        if let Some(run) = held.map(RunId::new).filter(|run| Some(run) != mine) {
            let subject = subject.clone();
            return Err(StoreError::Busy { run, subject }.into());
        }
    }
    Ok(())
}

fn claim(db: &Connection, run: &RunId, subjects: &[UserId]) -> Result<(), Trouble> {
    let mut insert = db.prepare_cached(
        "INSERT INTO claim (subject, run) VALUES (?1, ?2) ON CONFLICT (subject) DO NOTHING",
    )?;
    for subject in subjects {
        insert.execute([subject.as_str(), run.as_str()])?;
    }
    Ok(())
}

/// The last record's number and hash.
fn end(db: &Connection) -> Result<(u64, Hash), Trouble> {
    let mut last = db.prepare_cached("SELECT seq, hash FROM record ORDER BY seq DESC LIMIT 1")?;
    let end = last
        .query_row([], |row| Ok((number(row, 0)?, hash(row, 1)?)))
        .optional()?;
    Ok(end.unwrap_or((0, GENESIS)))
}

/// Where the chain stands.
pub(super) fn head(db: &Connection) -> Result<Head, Trouble> {
    let (seq, hash) = end(db)?;
    Ok(chain::head(seq, &hash))
}

const LINK: &str =
    "record.seq, record.run, record.at_ms, record.body, record.body_hash, record.hash";

/// A row as it is, even where it is not what we write: the chain will tell.
fn link(db: &Connection, row: &Row<'_>) -> rusqlite::Result<Link> {
    let body = match row.get_ref(3)? {
        ValueRef::Null => None,
        ValueRef::Text([]) => Some(parts::read(db, row.get(0)?)?),
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            Some(String::from_utf8_lossy(text).into_owned())
        }
        ValueRef::Integer(_) | ValueRef::Real(_) => Some(String::new()),
    };
    Ok(Link {
        seq: number(row, 0)?,
        run: RunId::new(row.get::<_, String>(1)?),
        at: Utc::from_millis(row.get(2)?),
        body,
        body_hash: hash(row, 4)?,
        hash: hash(row, 5)?,
    })
}

/// A record's number; 0, which no record has, for one below it.
fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

/// A hash; zeros, which no text has, for anything of another length.
fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<Hash> {
    let bytes = row.get_ref(column)?.as_bytes().unwrap_or_default();
    Ok(Hash::try_from(bytes).unwrap_or(GENESIS))
}

/// One run's records with their events.
pub(super) fn records(db: &Connection, run: &RunId, path: &str) -> Result<Vec<Record>, Trouble> {
    let mut all = Vec::new();
    each_record(db, run, path, |record| all.push(record))?;
    Ok(all)
}

/// One run, with one of its records in memory at a time.
pub(super) fn state(db: &Connection, run: &RunId, path: &str) -> Result<RunState, Trouble> {
    let mut state = RunState::default();
    shared(|| each_record(db, run, path, |record| state.take(&record)))?;
    Ok(state)
}

fn each_record(
    db: &Connection,
    run: &RunId,
    path: &str,
    mut take: impl FnMut(Record),
) -> Result<(), Trouble> {
    if let Standing::Purged = standing(db, run)? {
        let run = run.clone();
        return Err(StoreError::Purged { run }.into());
    }
    let query = format!("SELECT {LINK} FROM record WHERE run = ?1 ORDER BY seq");
    let mut rows = db.prepare_cached(&query)?;
    let links = rows.query_map([run.as_str()], |row| link(db, row))?;
    for link in links {
        take(record_of(link?, path)?);
    }
    Ok(())
}

fn record_of(link: Link, path: &str) -> Result<Record, Trouble> {
    let Some(text) = &link.body else {
        return Err(Trouble::Own(StoreError::Corrupt {
            path: path.to_owned(),
            why: format!(
                "record {} has no body, and its run was not purged",
                link.seq
            ),
        }));
    };
    Ok(Record {
        event: event_of(text, path, link.seq)?,
        seq: link.seq,
        run: link.run,
        at: link.at,
        hash: hex(&link.hash),
    })
}

/// One run's records with all that their hashes are made of.
pub(super) fn export(db: &Connection, run: &RunId) -> Result<Vec<Exported>, Trouble> {
    let query = format!(
        "SELECT {LINK}, prev.hash FROM record LEFT JOIN record AS prev ON prev.seq = record.seq - 1
         WHERE record.run = ?1 ORDER BY record.seq"
    );
    let mut rows = db.prepare_cached(&query)?;
    let exported = rows.query_map([run.as_str()], |row| {
        Ok(Exported::of(link(db, row)?, &hash(row, 6)?))
    })?;
    Ok(exported.collect::<Result<_, _>>()?)
}

/// Checks the whole chain, a row at a time, and the list of runs against it.
pub(super) fn verify(db: &Connection, expected: Option<&Head>) -> Result<Verified, Trouble> {
    // Of one moment, although others go on writing.
    let db = db.unchecked_transaction()?;
    let mut rows = db.prepare(&format!("SELECT {LINK} FROM record ORDER BY seq"))?;
    let mut verifier = Verifier::new(expected.cloned());
    for link in rows.query_map([], |row| link(&db, row))? {
        verifier.see(&link?);
    }
    verifier.compare(&runs(&db)?);
    Ok(verifier.finish())
}

/// All runs, the newest first.
pub(super) fn runs(db: &Connection) -> Result<Vec<RunRow>, Trouble> {
    let mut rows = db.prepare_cached(
        "SELECT id, opened_at, closed_at, verdict, subjects, playbook, wrote, gives_back
         FROM run ORDER BY opened_at DESC, id DESC",
    )?;
    let mut runs = Vec::new();
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        runs.push(RunRow {
            id: RunId::new(row.get::<_, String>(0)?),
            opened_at: Utc::from_millis(row.get(1)?),
            closed_at: row.get::<_, Option<i64>>(2)?.map(Utc::from_millis),
            verdict: row.get(3)?,
            subjects: serde_json::from_str(&row.get::<_, String>(4)?)?,
            playbook: row.get(5)?,
            wrote: row.get(6)?,
            gives_back: row.get::<_, Option<String>>(7)?.map(RunId::new),
        });
    }
    Ok(runs)
}

/// Keeps a plan by its phrase, unless a newer one has it.
pub(super) fn save_plan(
    db: &Connection,
    phrase: &str,
    digest: &str,
    made_at: Utc,
    body: &str,
) -> Result<(), Trouble> {
    db.prepare_cached(
        "INSERT INTO plan (phrase, digest, made_at, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (phrase) DO UPDATE SET digest = excluded.digest,
         made_at = excluded.made_at, body = excluded.body WHERE excluded.made_at >= made_at",
    )?
    .execute(params![phrase, digest, made_at.millis(), body])?;
    Ok(())
}

/// The plan of a phrase.
pub(super) fn plan(db: &Connection, phrase: &str) -> Result<Option<Plan>, Trouble> {
    let mut row = db.prepare_cached("SELECT body FROM plan WHERE phrase = ?1")?;
    let body: Option<String> = row.query_row([phrase], |row| row.get(0)).optional()?;
    let read = |body: String| shared(|| serde_json::from_str(&body));
    Ok(body.map(read).transpose()?)
}

/// The plan that would be this run. There are few: those of the last days, and purged with runs.
pub(super) fn plan_of_run(db: &Connection, run: &RunId) -> Result<Option<Plan>, Trouble> {
    let mut row = db.prepare_cached(
        "SELECT body FROM plan WHERE json_extract(body, '$.run') = ?1
         ORDER BY made_at DESC LIMIT 1",
    )?;
    let body: Option<String> = row.query_row([run.as_str()], |row| row.get(0)).optional()?;
    let read = |body: String| shared(|| serde_json::from_str(&body));
    Ok(body.map(read).transpose()?)
}

/// The org that the ledger belongs to, if it was bound.
pub(super) fn org(db: &Connection) -> Result<Option<String>, Trouble> {
    Ok(db.query_row("SELECT org FROM meta", [], |row| row.get(0))?)
}

/// Binds it to `ours`, unless it belongs to another.
pub(super) fn bind_org(db: &Connection, ours: &str) -> Result<(), Trouble> {
    match org(db)? {
        Some(theirs) if theirs == ours => Ok(()),
        Some(theirs) => Err(Trouble::Own(StoreError::OtherOrg {
            theirs,
            ours: ours.to_owned(),
        })),
        None => {
            db.execute("UPDATE meta SET org = ?1", [ours])?;
            Ok(())
        }
    }
}

/// The subjects of `contain` runs agreed to since then, each run's counted.
pub(super) fn subjects_since(db: &Connection, since: Utc) -> Result<u64, Trouble> {
    let mut sum = db.prepare_cached(
        "SELECT coalesce(sum(subjects_count), 0) FROM run WHERE contains AND agreed_at >= ?1",
    )?;
    Ok(sum.query_row([since.millis()], |row| number(row, 0))?)
}

/// Empties the records of runs that closed before `before`; each gets a record that says so.
pub(super) fn purge(db: &Connection, before: Utc, at: Utc) -> Result<Purged, Trouble> {
    let mut old = db.prepare(
        "SELECT id FROM run WHERE closed_at < ?1 AND purged_at IS NULL ORDER BY opened_at, id",
    )?;
    let ids = old.query_map([before.millis()], |row| row.get::<_, String>(0))?;
    let mut purged = Purged::default();
    for id in ids.collect::<Result<Vec<_>, _>>()? {
        let emptied = db
            .prepare_cached("UPDATE record SET body = NULL WHERE run = ?1 AND body IS NOT NULL")?
            .execute([&id])?;
        parts::purge(db, &id)?;
        let run = RunId::new(id);
        let note = chain::purge_note(count(emptied), before, at);
        add(db, &Draft::of(&run, None, vec![note]))?;
        db.prepare_cached(
            "UPDATE run SET purged_at = ?2, subjects = '[]', subject_ids = '[]' WHERE id = ?1",
        )?
        .execute(params![run.as_str(), at.millis()])?;
        purged.records += count(emptied);
        purged.runs.push(run);
    }
    let plans = db.execute("DELETE FROM plan WHERE made_at < ?1", [before.millis()])?;
    purged.plans = count(plans);
    Ok(purged)
}

/// As SQLite counts; no ledger grows past its end.
fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn count(many: usize) -> u64 {
    many as u64
}
