//! Signs of life: what the System Log shows of a subject after he was thrown out.
//!
//! They refute and never prove: the log may be late. Our own acts are told by who *acted*,
//! never by a user agent alone, which an intruder could borrow.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::events::{any_type, log_path, published};
use super::glance::{Glance, Unread, items, text};
use super::logged::Logged;
use super::{Okta, answers};
use crate::connector::{Sign, SignsOfLife};
use crate::model::{UserId, Utc};
use crate::transport::{Read, Reader};

/// How far before the earliest moment the read begins: events arrive out of order.
const LOOK_BACK: Duration = Duration::from_secs(30);

/// Subjects named in the filter at most; beyond, the events are sorted out here.
const NAMED_MAX: usize = 10;

/// What only somebody who is still in can do.
const ACTS: &[&str] = &[
    "user.session.start",
    "user.authentication.sso",
    "user.authentication.auth_via_mfa",
    "user.mfa.factor.activate",
    "user.account.update_password",
    "system.api_token.create",
    "app.oauth2.token.grant.access_token",
    "app.oauth2.token.grant.refresh_token",
    "app.oauth2.as.token.grant.access_token",
    "app.oauth2.as.token.grant.refresh_token",
    "app.oauth2.as.consent.grant",
    "app.oauth2.consent.grant",
];

/// What somebody else does to give the account back.
const GIVEN_BACK: &[&str] = &[
    "user.lifecycle.unsuspend",
    "user.lifecycle.activate",
    "user.lifecycle.reactivate",
];

/// Reads the log once for all subjects.
pub(super) async fn signs_of_life(
    okta: &Okta,
    reader: &Reader,
    since: &[(UserId, Utc)],
) -> SignsOfLife {
    let Some(earliest) = since.iter().map(|(_, at)| *at).min() else {
        return SignsOfLife::default();
    };
    let now = reader.vendor_now();
    let path = log_path(earliest.minus(LOOK_BACK), now, &filter(since));
    let own = okta
        .own_user(&Glance::new(reader))
        .await
        .unwrap_or_default();
    let moments: BTreeMap<&UserId, Utc> = since.iter().map(|(who, at)| (who, *at)).collect();
    let (mut known, mut seen, mut newest) = (BTreeSet::new(), Vec::new(), None);
    // Of many it is what a whole company did: an event is looked at and let go of.
    let read = Read::get(path).log_page().of_many();
    let read = reader.list_each(&read, |event| {
        newest = newest.max(published(&event));
        if okta.is_ours(&Logged::of(&event), own.as_ref()) {
            return;
        }
        let signs = signs(&event, &moments);
        if !signs.is_empty() && known.insert(text(&event, "uuid").to_owned()) {
            seen.extend(signs);
        }
    });
    match read.await {
        Ok(Ok(server_at)) => SignsOfLife {
            read_until: newest.or(Some(server_at)),
            seen,
            unread: None,
        },
        Ok(Err(answer)) => unread(&Unread::of(&answer).why()),
        Err(error) => unread(&answers::unread(&error)),
    }
}

/// Whose signs `event` is: its actor's, or its targets'.
fn signs(event: &Value, moments: &BTreeMap<&UserId, Utc>) -> Vec<Sign> {
    let targets = items(&event["target"]).iter();
    let mut ids: Vec<UserId> = [&event["actor"]]
        .into_iter()
        .chain(targets)
        .map(|part| UserId::new(text(part, "id")))
        .collect();
    ids.sort();
    ids.dedup();
    ids.iter()
        .filter_map(|who| sign(event, who, *moments.get(who)?))
        .collect()
}

/// Whether `event` shows that `who` acts, or was given back, after `moment`.
fn sign(event: &Value, who: &UserId, moment: Utc) -> Option<Sign> {
    let at = published(event).filter(|at| *at > moment)?;
    let kind = text(event, "eventType");
    let result = event["outcome"]["result"].as_str().unwrap_or("SUCCESS");
    if !matches!(result, "SUCCESS" | "ALLOW") {
        return None;
    }
    let by_token = &event["transaction"]["detail"]["requestApiTokenId"];
    let acts = event["actor"]["id"] == *who.as_str()
        && (ACTS.contains(&kind) || by_token.as_str().is_some_and(|id| !id.is_empty()));
    let given_back = GIVEN_BACK.contains(&kind)
        && items(&event["target"])
            .iter()
            .any(|target| target["id"] == *who.as_str());
    if !(acts || given_back) || (kind.ends_with("auth_via_mfa") && !has_session(event)) {
        return None;
    }
    let message = text(event, "displayMessage");
    let from = event["client"]["ipAddress"]
        .as_str()
        .map(|ip| format!(" from {ip}"));
    Some(Sign {
        subject: who.clone(),
        at,
        what: format!("{kind} ({message}){}", from.unwrap_or_default()),
        event: text(event, "uuid").to_owned(),
    })
}

/// A second factor alone is no way in: only one that a session came of.
fn has_session(event: &Value) -> bool {
    matches!(&event["authenticationContext"]["externalSessionId"],
        Value::String(id) if !id.is_empty() && id != "unknown")
}

/// For a few subjects everything they did, because any act of an API token of theirs counts;
/// for many only what shows by its type.
fn filter(since: &[(UserId, Utc)]) -> String {
    if since.len() > NAMED_MAX {
        return any_type(&[ACTS, GIVEN_BACK].concat());
    }
    let given_back = any_type(GIVEN_BACK);
    let each = since.iter().map(|(who, _)| {
        let who = who.as_str().replace(['"', '\\'], "");
        format!("actor.id eq \"{who}\" or (target.id eq \"{who}\" and ({given_back}))")
    });
    each.collect::<Vec<_>>().join(" or ")
}

fn unread(why: &str) -> SignsOfLife {
    SignsOfLife {
        unread: Some(why.to_owned()),
        ..SignsOfLife::default()
    }
}
