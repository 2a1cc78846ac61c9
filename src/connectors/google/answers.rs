//! What Google says, and what it means.
//!
//! Oddities: throttling is a 403 whose `errors[].reason` says so, beside the usual 429; a 404 may
//! speak of the item or of the account (`Resource Not Found: userKey`), and only the first is what
//! a deletion wants. Source: Directory API, "Limits and quotas" [docs]; the shapes of errors and
//! their texts [docs*].

use std::sync::Arc;

use serde_json::Value;

use super::vendor::VENDOR;
use crate::connectors::kit::{Glance, Got, Said, Sent, Unread, Voice, by_status, login_of};
use crate::model::{Change, Outcome};
use crate::transport::{Answer, Meaning, Path};

/// How Google talks.
pub(super) static VOICE: Voice = Voice {
    name: "Google",
    vendor: &VENDOR,
    said,
    meaning,
    refusal,
};

/// Reasons of a 403 that mean "too fast".
const TOO_FAST: &[&str] = &[
    "userRateLimitExceeded",
    "rateLimitExceeded",
    "quotaExceeded",
];

fn said(answer: &Answer) -> Said {
    let error = &answer.json["error"];
    let first = &error["errors"][0];
    let code = first["reason"]
        .as_str()
        .or_else(|| error["status"].as_str());
    let text = error["message"]
        .as_str()
        .or_else(|| first["message"].as_str());
    Said::new(code.unwrap_or_default(), text.unwrap_or_default())
}

fn meaning(answer: &Answer, said: &Said) -> Meaning {
    if is_too_fast(answer) {
        Meaning::Throttled
    } else {
        by_status(answer, said)
    }
}

/// Whether a 403 says "too fast, it had no effect".
pub(super) fn is_too_fast(answer: &Answer) -> bool {
    let errors = answer.json["error"]["errors"].as_array();
    let mut reasons = errors.into_iter().flatten().map(|each| &each["reason"]);
    answer.status == 403 && reasons.any(|reason| TOO_FAST.iter().any(|word| reason == word))
}

/// Google's most frequent refusals, with what to do.
fn refusal(change: &Change, said: &Said) -> Option<(String, String)> {
    let who = login_of(change);
    let text = &said.text;
    Some(match said.code.as_str() {
        "forbidden" if change.before["super_admin"] == true => (
            format!(
                "Google does not let our administrator act on {who}, who is a super \
                 administrator ({text})"
            ),
            "let `admin` name a super administrator, or act on him by hand in the Admin console"
                .into(),
        ),
        "forbidden" => (
            format!("Google does not let our administrator act on {who} ({text})"),
            "give `admin` a role that may manage users and their security in his organisational \
             unit; then `oust runs resume`"
                .into(),
        ),
        "insufficientPermissions" => (
            format!(
                "our token may not do `{}` at Google ({text})",
                change.action
            ),
            format!(
                "add {} to the domain-wide delegation (an edit takes effect within 24 h); then \
                 `oust runs resume`",
                VOICE.needs(change)
            ),
        ),
        "conditionNotMet" => (
            format!("the state of {who} at Google does not allow it ({text})"),
            "look at the account in the Admin console: it may be archived, or managed elsewhere"
                .into(),
        ),
        "notFound" if is_about_account(said) => (
            format!("Google knows no account of {who} any more ({text})"),
            "plan again: it was deleted or replaced since".into(),
        ),
        _ => return None,
    })
}

fn is_about_account(said: &Said) -> bool {
    said.text.contains("userKey")
}

/// The outcome of deleting an item: that it is gone is what was wanted, that the account is gone
/// is not.
pub(super) fn deleted(change: &Change, sent: Sent) -> Outcome {
    let account_gone = |answer: &Answer| is_about_account(&said(answer));
    let gone_is_done = !sent.answer.as_ref().is_ok_and(account_gone);
    VOICE.outcome(change, sent, gone_is_done)
}

/// Why something was not read, with what to do where Google's own words mislead.
pub(super) fn why(unread: &Unread) -> String {
    let sentence = unread.why();
    match unread {
        Unread::Refused { said, .. } if said.code == "forbidden" => format!(
            "{sentence}: the account is another customer's, or `admin` has no right to it (only \
             a super administrator may act on a super administrator)"
        ),
        Unread::Refused { said, .. } if said.code == "insufficientPermissions" => {
            format!("{sentence}: a scope is missing from the domain-wide delegation")
        }
        _ => sentence,
    }
}

/// A list that Google gives whole, in one answer; `kind` is what it calls itself. An empty one
/// has no `items`, so that without its name an answer is no list.
pub(super) async fn list(glance: &Glance, path: Path, kind: &str) -> Result<Vec<Value>, Unread> {
    let got: Arc<Got> = glance.one(path).await;
    let page = got.as_ref().as_ref().map_err(Unread::clone)?;
    match &page["items"] {
        _ if page["kind"] != *kind => {
            Err(Unread::NoAnswer(format!("Google's answer is no `{kind}`")))
        }
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => Ok(items.clone()),
        _ => Err(Unread::NoAnswer("a list was expected".into())),
    }
}
