//! `delete_sessions`: every session of the account, row by row.
//!
//! A session of a browser has children (API, Visualforce, Content); a parent takes them along
//! [inferred], so that parents go first and a child that is gone by then is done. A row says how
//! long it holds, and lingers after its end: an expired one is no session. Few go one by one, by the
//! documented call; many go 200 at a time by the composite one, whose support for sessions is
//! [inferred]: where it is refused as such, they go one by one after all.
//! Source: AuthSession [docs]; "sObject Collections" [docs*].

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::Salesforce;
use super::rights::{MANAGE_USERS, Sight, sight};
use super::soql::{is_id, short_id};
use super::together::About;
use super::vendor::VENDOR;
use super::voice::{VOICE, by_code, in_words, why};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, Planning, Said, Seen, Unread, Verb, account_of, change, items, login_of, moment, send,
    target, text, unanswered,
};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState, Receipt, Skip, Utc, count};
use crate::transport::{Answer, Meaning, Path, Write, Writer};

/// Rows of one composite call at most.
pub(super) const TOGETHER_MAX: usize = 200;

/// Up to here each goes by a call of its own.
const FEW: usize = 5;

/// Calls for single rows at the same time.
const AT_ONCE: usize = 8;

/// How long after its end a session still counts as open: clocks differ.
const LINGERS: Duration = Duration::from_secs(60);

pub(super) struct DeleteSessions;

#[async_trait]
impl Verb<Salesforce> for DeleteSessions {
    async fn plan(&self, p: &Planning<'_, Salesforce>, who: &Identified) -> Planned {
        let rows = match rows(p.service, p.glance, &who.id).await {
            Ok(rows) => rows,
            Err(unread) => return Planned::skipped(Skip::Unread { why: why(&unread) }),
        };
        let now = p.glance.reader().vendor_now();
        let mut open: Vec<&Value> = rows.iter().filter(|row| is_open(row, now)).collect();
        if open.is_empty() {
            return Planned::skipped(none(p, rows.len()).await);
        }
        open.sort_by_key(|row| !text(row, "ParentId").is_empty());
        let changes = open.into_iter().map(|row| one(p, who, row)).collect();
        Planned {
            changes,
            notes: p.service.notes(p.glance.reader()),
            ..Planned::default()
        }
    }

    async fn apply(&self, salesforce: &Salesforce, w: &Writer<'_>, change: &Change) -> Outcome {
        delete_one(salesforce, w, change).await
    }

    async fn prove(&self, salesforce: &Salesforce, glance: &Glance, done: &Applied) -> Seen {
        let rows = match rows(salesforce, glance, account_of(&done.change)).await {
            Ok(rows) => rows,
            Err(unread) => return (ProofState::Pending, why(&unread)),
        };
        let now = glance.reader().vendor_now();
        let open: Vec<&Value> = rows.iter().filter(|row| is_open(row, now)).collect();
        let id = &done.change.target.id;
        if open.iter().any(|row| text(row, "Id") == id) {
            return (ProofState::Refuted, "the session is still listed".into());
        }
        match sight(salesforce, glance, MANAGE_USERS).await {
            Sight::Blind(why) => (ProofState::Pending, why),
            Sight::Clear | Sight::Unknown(_) => (
                ProofState::Proven,
                match open.len() {
                    0 => "no open session".into(),
                    n => format!("not among {} open now", count(n, "session")),
                },
            ),
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("signs in again".into()))
    }
}

async fn rows(
    salesforce: &Salesforce,
    glance: &Glance,
    account: &str,
) -> Result<Vec<Value>, Unread> {
    Ok(SESSIONS.of(salesforce, glance, account).await?.0)
}

const SESSIONS: About = About {
    select: "Id, ParentId, SessionType, LoginType, SourceIp, CreatedDate, LastModifiedDate, \
             NumSecondsValid",
    object: "AuthSession",
    whose: "UsersId",
    counted: false,
};

/// Whether a row is a session still. One that does not say when it ends is.
fn is_open(row: &Value, now: Utc) -> bool {
    ends_at(row).is_none_or(|ends| now <= ends.plus(LINGERS))
}

fn ends_at(row: &Value) -> Option<Utc> {
    let holds = row["NumSecondsValid"].as_u64()?;
    Some(moment(row, "LastModifiedDate")?.plus(Duration::from_secs(holds)))
}

/// Why there is no session, if that can be believed.
async fn none(p: &Planning<'_, Salesforce>, expired: usize) -> Skip {
    match sight(p.service, p.glance, MANAGE_USERS).await {
        Sight::Blind(why) | Sight::Unknown(why) => Skip::Unread { why },
        Sight::Clear if expired == 0 => Skip::NothingSelected {
            why: "has no open session".into(),
        },
        Sight::Clear => Skip::NothingSelected {
            why: format!("has no open session; {expired} expired"),
        },
    }
}

fn one(p: &Planning<'_, Salesforce>, who: &Identified, row: &Value) -> Change {
    let (kind, from) = (text(row, "SessionType"), text(row, "SourceIp"));
    let kind = if kind.is_empty() { "unnamed" } else { kind };
    let label = match from {
        "" => kind.to_owned(),
        from => format!("{kind} from {from}"),
    };
    let target = target("session", text(row, "Id"), &label);
    let sentence = format!("end session {}", target.label);
    let before = json!({
        "type": kind, "login_type": row["LoginType"], "source_ip": from,
        "created": row["CreatedDate"], "parent": row["ParentId"], "ends_at": ends_at(row),
    });
    change(&VENDOR, p.step, who, target, sentence, before)
}

/// Ends the sessions of one batch; one outcome each, in the same order.
pub(super) async fn delete_all(
    salesforce: &Salesforce,
    w: &Writer<'_>,
    batch: &[Change],
) -> Vec<Outcome> {
    // What is no id keeps nobody else's session open: it is asked for alone.
    let fit: Vec<&Change> = batch.iter().filter(|each| is_id(&each.target.id)).collect();
    if fit.len() <= FEW {
        return singly(salesforce, w, batch.iter().collect(), 1).await;
    }
    let ids: Vec<&str> = fit.iter().map(|each| each.target.id.as_str()).collect();
    let path = Path::new(&salesforce.data)
        .then("/composite/sobjects")
        .query("ids", ids.join(","))
        .query("allOrNone", "false");
    let sent = send(w, &Write::delete(path)).await;
    let of_fit: Vec<Option<Outcome>> = match &sent.answer {
        Ok(answer) if is_untaken(answer) => vec![None; fit.len()],
        Ok(answer) if VOICE.is_good(answer) => by_row(&fit, answer, &sent.receipt),
        Ok(answer) => {
            let all = fit.iter().map(|change| {
                let kind = VOICE.answered(change, answer, false);
                Some(outcome(kind, &sent.receipt))
            });
            all.collect()
        }
        Err(error) => {
            let kind = unanswered(VOICE.name, error);
            vec![Some(outcome(kind, &sent.receipt)); fit.len()]
        }
    };
    let mut of_fit = of_fit.into_iter();
    let told = batch.iter().map(|each| match is_id(&each.target.id) {
        true => of_fit.next().flatten(),
        false => None,
    });
    let mut outcomes: Vec<Option<Outcome>> = told.collect();
    let left: Vec<&Change> = batch
        .iter()
        .zip(&outcomes)
        .filter_map(|(change, outcome)| outcome.is_none().then_some(change))
        .collect();
    let mut rest = singly(salesforce, w, left, AT_ONCE).await.into_iter();
    for each in outcomes.iter_mut().filter(|each| each.is_none()) {
        *each = rest.next();
    }
    outcomes.into_iter().flatten().collect()
}

/// Whether the composite call itself is what was refused: nothing happened, and sessions may
/// still be ended one by one.
fn is_untaken(answer: &Answer) -> bool {
    matches!(answer.meaning(), Meaning::Gone | Meaning::Invalid)
}

/// The outcome of each change by its row; `None` where the row says that sessions are not for
/// this call.
fn by_row(batch: &[&Change], answer: &Answer, receipt: &Receipt) -> Vec<Option<Outcome>> {
    let rows: BTreeMap<&str, &Value> = items(&answer.json)
        .iter()
        .map(|row| (short_id(text(row, "id")), row))
        .collect();
    // A row that failed may come without its id; then its place tells.
    let in_order = items(&answer.json).len() == batch.len();
    let of = |place: usize, change: &Change| -> Option<&Value> {
        let own = rows.get(short_id(&change.target.id)).copied();
        let placed = || {
            answer
                .json
                .get(place)
                .filter(|row| text(row, "id").is_empty())
        };
        own.or_else(|| placed().filter(|_| in_order))
    };
    let each = batch.iter().enumerate().map(|(place, change)| {
        let kind = match of(place, change) {
            None => OutcomeKind::InDoubt {
                why: "Salesforce's answer says nothing of this session; it may have happened"
                    .into(),
            },
            Some(row) if row["success"] == true => OutcomeKind::Done,
            Some(row) => failed(change, &row["errors"][0])?,
        };
        Some(outcome(kind, receipt))
    });
    each.collect()
}

/// What a row's error means; `None` if it speaks of the call and not of the session.
fn failed(change: &Change, error: &Value) -> Option<OutcomeKind> {
    let said = Said::new(text(error, "statusCode"), text(error, "message"));
    match by_code(&said.code) {
        Some(Meaning::Gone) => return Some(OutcomeKind::AlreadyDone),
        _ if said.code.starts_with("INVALID_TYPE") => return None,
        _ => {}
    }
    let (why, hint) = in_words(&said).unwrap_or_else(|| {
        (
            format!("Salesforce refused it: {} {}", said.code, said.text),
            format!("look at the account of {} at Salesforce", login_of(change)),
        )
    });
    Some(OutcomeKind::Failed {
        why,
        hint: format!("{hint}; then `oust runs resume`"),
    })
}

async fn singly(
    salesforce: &Salesforce,
    w: &Writer<'_>,
    changes: Vec<&Change>,
    at_once: usize,
) -> Vec<Outcome> {
    let each: Vec<BoxFuture<'_, Outcome>> = changes
        .into_iter()
        .map(|change| Box::pin(delete_one(salesforce, w, change)) as BoxFuture<'_, Outcome>)
        .collect();
    stream::iter(each).buffered(at_once).collect().await
}

async fn delete_one(salesforce: &Salesforce, w: &Writer<'_>, change: &Change) -> Outcome {
    let path = Path::new(&salesforce.data)
        .then("/sobjects/AuthSession")
        .seg(&change.target.id);
    VOICE.outcome(change, send(w, &Write::delete(path)).await, true)
}

fn outcome(kind: OutcomeKind, receipt: &Receipt) -> Outcome {
    Outcome {
        kind,
        receipts: vec![receipt.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_past_its_end_is_no_session_and_one_that_tells_no_end_is() {
        let now: Utc = "2026-03-10T15:00:00Z".parse().unwrap();
        let row = |modified: &str, seconds: Value| json!({ "LastModifiedDate": modified, "NumSecondsValid": seconds });
        assert!(is_open(
            &row("2026-03-10T14:00:00.000+0000", json!(7200)),
            now
        ));
        assert!(!is_open(
            &row("2026-03-10T12:00:00.000+0000", json!(7200)),
            now
        ));
        // Seconds past its end: not believed yet, clocks differ.
        assert!(is_open(
            &row("2026-03-10T12:59:30.000+0000", json!(7200)),
            now
        ));
        assert!(is_open(
            &row("2026-03-10T12:00:00.000+0000", json!(null)),
            now
        ));
        assert!(is_open(&row("yesterday", json!(7200)), now));
    }
}
