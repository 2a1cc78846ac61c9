//! What the containment of a canary shows about an org, where sources disagree.
//!
//! *Does a suspension end sessions?* The permission's description says so, the operation's reference
//! does not mention it [docs P1, spec]. Only a session that no clear of the same run has ended before
//! tells: seen is an event of its end that names the suspension's own request. Without one in the log
//! the answer is no, which is the careful one: that Okta writes such an event is inferred.
//!
//! *Can factors be deleted while suspended?* The text excludes deactivated users alone [spec]. The
//! answer to a deletion that left after the suspension was answered tells.

use super::answers;
use super::events::{any_type, has_request, log_path, published};
use super::glance::{Unread, items, text};
use super::logged::Logged;
use crate::model::{Applied, Fact, FactName, OutcomeKind, Receipt, Utc};
use crate::transport::{Read, Reader};

/// How long before the run a sign-in counts as a session that may still live.
const SESSION: std::time::Duration = std::time::Duration::from_secs(12 * 3600);

/// The log's words for a session's begin, and for its end.
const BEGINS: &str = "user.session.start";
const ENDS: &[&str] = &["user.session.end", "user.session.clear"];

/// What these changes of one account showed.
pub(super) async fn facts(r: &Reader, done: &[Applied]) -> Vec<Fact> {
    let Some(suspended) = done.iter().find(|each| is_good(each, "suspend_user")) else {
        return Vec::new();
    };
    let mut facts = Vec::new();
    facts.extend(factors(suspended, done));
    if let Ok(Some(fact)) = sessions(r, suspended, done).await {
        facts.push(fact);
    }
    facts
}

fn is_good(each: &Applied, verb: &str) -> bool {
    each.change.action.verb() == verb && each.outcome.kind == OutcomeKind::Done
}

fn answered(each: &Applied) -> Option<&Receipt> {
    each.outcome.receipts.last()
}

/// By the first deletion that left after the suspension was answered.
fn factors(suspended: &Applied, done: &[Applied]) -> Option<Fact> {
    let locked_at = answered(suspended)?.server_at;
    let of_factors = |each: &&Applied| each.change.action.verb() == "delete_factors";
    let later = |each: &&Applied| answered(each).is_some_and(|one| one.server_at >= locked_at);
    let tried = done.iter().filter(of_factors).find(later)?;
    let at = answered(tried)?.server_at;
    let (holds, how) = match &tried.outcome.kind {
        OutcomeKind::Done => (true, format!("{} was deleted", tried.change.target.id)),
        // Only a refusal of this status says so; anything else is another trouble.
        OutcomeKind::Failed { why, .. } if why.contains("current status") => (false, why.clone()),
        _ => return None,
    };
    Some(Fact {
        name: FactName::FactorsGoWhileSuspended,
        holds,
        at,
        how,
    })
}

/// By the log; nothing if a clear came before, or if nobody was signed in.
async fn sessions(
    r: &Reader,
    suspended: &Applied,
    done: &[Applied],
) -> Result<Option<Fact>, String> {
    let Some(receipt) = answered(suspended) else {
        return Ok(None);
    };
    let cleared_before = done
        .iter()
        .filter(|each| each.change.action.verb() == "clear_sessions")
        .filter_map(|each| each.outcome.receipts.first())
        .any(|clear| clear.sent_at < receipt.sent_at);
    if cleared_before {
        return Ok(None);
    }
    let types = [&[BEGINS][..], ENDS].concat();
    let who = suspended.change.subject.as_str();
    let since = receipt.server_at.minus(SESSION);
    let about = format!("(actor.id eq \"{who}\" or target.id eq \"{who}\")");
    let filter = format!("({}) and {about}", any_type(&types));
    let path = log_path(since, r.vendor_now(), &filter);
    let events = match r.list(&Read::get(path).log_page()).await {
        Ok(Ok(events)) => events,
        Ok(Err(answer)) => return Err(Unread::of(&answer).why()),
        Err(error) => return Err(answers::unread(&error)),
    };
    let is = |types: &[&str], event: &serde_json::Value| types.contains(&text(event, "eventType"));
    let concerns = |event: &serde_json::Value| {
        let mut targets = items(&event["target"]).iter();
        event["actor"]["id"] == *who || targets.any(|target| target["id"] == *who)
    };
    let mut own = events.iter().filter(|event| concerns(event));
    let receipts = &suspended.outcome.receipts;
    if let Some(end) = own
        .clone()
        .find(|event| is(ENDS, event) && has_request(&Logged::of(event), receipts))
    {
        let how = format!("event {}", answers::bounded(text(end, "uuid"), 64));
        return Ok(Some(fact(true, receipt.server_at, how)));
    }
    let before =
        |event: &serde_json::Value| published(event).is_some_and(|at| at < receipt.server_at);
    let was_in = own.any(|event| {
        is(&[BEGINS], event) && event["outcome"]["result"] == "SUCCESS" && before(event)
    });
    let how = "he was signed in, and no event of an ended session names the suspension".to_owned();
    Ok(was_in.then(|| fact(false, receipt.server_at, how)))
}

fn fact(holds: bool, at: Utc, how: String) -> Fact {
    Fact {
        name: FactName::SuspensionEndsSessions,
        holds,
        at,
        how,
    }
}
