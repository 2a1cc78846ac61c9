//! Proposals and what people decided about them.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::Trouble;
use crate::desk::{Decision, Proposal, ProposalState};
use crate::model::RunId;

/// Keeps one, unless somebody decided about one of the same run, or that waits no longer.
pub(super) fn propose(db: &Connection, proposal: &Proposal) -> Result<bool, Trouble> {
    let run = proposal.run.as_str();
    let decided: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM decision WHERE run = ?1)
             OR EXISTS (SELECT 1 FROM proposal WHERE run = ?1 AND state <> ?2)",
        params![run, ProposalState::Waiting.word()],
        |row| row.get(0),
    )?;
    if decided {
        return Ok(false);
    }
    // Decisions have their own table and come by `decide` alone.
    let mut kept = proposal.clone();
    kept.decisions.clear();
    db.execute(
        "INSERT INTO proposal (run, state, made_at, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (run) DO UPDATE SET state = excluded.state, made_at = excluded.made_at,
         body = excluded.body",
        params![
            run,
            proposal.state.word(),
            proposal.made_at.millis(),
            serde_json::to_string(&kept)?
        ],
    )?;
    Ok(true)
}

/// The newest, of one state if that is given.
pub(super) fn newest(
    db: &Connection,
    state: Option<ProposalState>,
    most: usize,
) -> Result<Vec<Proposal>, Trouble> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut rows = db.prepare_cached(
        "SELECT body, state FROM proposal WHERE ?1 IS NULL OR state = ?1
         ORDER BY made_at DESC, run DESC LIMIT ?2",
    )?;
    let found = rows.query_map(params![state.map(ProposalState::word), most], texts)?;
    let found: Vec<(String, String)> = found.collect::<Result<_, _>>()?;
    found.iter().map(|texts| whole(db, texts)).collect()
}

/// One of them.
pub(super) fn one(db: &Connection, run: &RunId) -> Result<Option<Proposal>, Trouble> {
    let mut row = db.prepare_cached("SELECT body, state FROM proposal WHERE run = ?1")?;
    let found = row.query_row([run.as_str()], texts).optional()?;
    found.map(|texts| whole(db, &texts)).transpose()
}

fn texts(row: &Row<'_>) -> rusqlite::Result<(String, String)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn whole(db: &Connection, (body, state): &(String, String)) -> Result<Proposal, Trouble> {
    let mut proposal: Proposal = serde_json::from_str(body)?;
    proposal.state = serde_json::from_value(state.as_str().into())?;
    let mut rows = db.prepare_cached("SELECT body FROM decision WHERE run = ?1 ORDER BY place")?;
    let bodies = rows.query_map([proposal.run.as_str()], |row| row.get::<_, String>(0))?;
    for body in bodies {
        proposal.decisions.push(serde_json::from_str(&body?)?);
    }
    Ok(proposal)
}

/// Adds a decision to one that waits, once per name; a no ends the waiting.
pub(super) fn decide(db: &Connection, run: &RunId, decision: &Decision) -> Result<bool, Trouble> {
    let waits: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM proposal WHERE run = ?1 AND state = ?2)",
        params![run.as_str(), ProposalState::Waiting.word()],
        |row| row.get(0),
    )?;
    if !waits {
        return Ok(false);
    }
    let added = db.execute(
        "INSERT INTO decision (run, who, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![
            run.as_str(),
            decision.by.trim().to_lowercase(),
            serde_json::to_string(decision)?
        ],
    )?;
    if added == 1 && !decision.approve {
        go(db, run, ProposalState::Waiting, ProposalState::Denied)?;
    }
    Ok(added == 1)
}

/// Moves one from state to state, if it is in the first.
pub(super) fn go(
    db: &Connection,
    run: &RunId,
    from: ProposalState,
    to: ProposalState,
) -> Result<bool, Trouble> {
    let moved = db.execute(
        "UPDATE proposal SET state = ?3 WHERE run = ?1 AND state = ?2",
        params![run.as_str(), from.word(), to.word()],
    )?;
    Ok(moved == 1)
}
