//! Who gave an account what within the window: by this a thing is taken back, or left alone.
//!
//! Groups, app assignments, admin roles and devices come by an event that names who did it. What
//! a subject of the case did, or an API token that was made in one of their accounts, the
//! intruder did. What somebody else did may be right, and is kept and named for a person to
//! judge. One read of the log serves every verb and subject that asks at the same time.
//!
//! Source: Okta event types `group.user_membership.add`, `application.user_membership.add`,
//! `user.account.privilege.grant`, `device.user.add`, `device.enrollment.create`, and
//! `system.api_token.create`; their targets as in published samples. That an act by API token
//! names it in `transaction.detail.requestApiTokenId` is [docs].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::answers::bounded;
use super::events::{any_type, log_path, of_everybody, published};
use super::glance::{Got, Unread, items, text};
use super::verb::{LABEL_MAX, Planning};
use crate::connector::Identified;
use crate::model::{Case, Select, UserId, Utc};

/// Subjects named in one filter at most: the address of a read has no documented limit, and
/// should stay far from any.
const NAMED_MAX: usize = 20;

/// Pages at most of a read that names nobody.
const PAGES_MAX: usize = 10;

/// How far the event of a grant may be from the date of what it granted. [inferred]: both are of
/// one transaction.
const NEAR: Duration = Duration::from_secs(60);

/// A kind of thing that can be given to an account.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// The events that give it.
    events: &'static [&'static str],
    /// The types of target that it is.
    targets: &'static [&'static str],
    /// What is done to it: "added", "granted".
    done: &'static str,
}

pub(super) const GROUP: Kind = Kind {
    events: &["group.user_membership.add"],
    targets: &["UserGroup"],
    done: "added",
};

pub(super) const APP: Kind = Kind {
    events: &["application.user_membership.add"],
    targets: &["AppInstance"],
    done: "assigned",
};

/// Its event names no role but tells all that the account has by then.
pub(super) const ROLE: Kind = Kind {
    events: &["user.account.privilege.grant"],
    targets: &[],
    done: "granted",
};

/// [inferred]: published samples call the target `UDDevice`, others `Device`.
pub(super) const DEVICE: Kind = Kind {
    events: &["device.user.add", "device.enrollment.create"],
    targets: &["Device", "UDDevice"],
    done: "added",
};

const KINDS: [Kind; 4] = [GROUP, APP, ROLE, DEVICE];
const TOKEN_MADE: &str = "system.api_token.create";

/// One event that gave something.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) at: Utc,
    /// The event's id.
    event: String,
    /// Who did it, by login or name; attacker input.
    by: String,
    /// Whether a subject of the case did it, or a token that was made in one.
    pub(super) is_by_subject: bool,
    /// The types and ids of its targets.
    targets: Vec<(String, String)>,
    done: &'static str,
}

impl Given {
    /// For a change's sentence: "added 2026-03-10 14:24 UTC by alex@…, event 550e…".
    pub(super) fn sentence(&self) -> String {
        let Self { by, event, .. } = self;
        format!("{} {} by {by}, event {event}", self.done, minute(self.at))
    }

    /// Why it is left alone when nobody of the case did it.
    pub(super) fn not_of_this_case(&self) -> String {
        let Self { by, .. } = self;
        format!(
            "{} {} by {by}, who is not of this case",
            self.done,
            minute(self.at)
        )
    }

    /// For a change's before-state.
    pub(super) fn before(&self) -> Value {
        json!({ "event": self.event, "at": self.at, "by": self.by })
    }
}

/// A change's sentence with the event that justifies it, if one was asked for.
pub(super) fn told(sentence: String, given: Option<&Given>) -> String {
    match given {
        Some(given) => format!("{sentence} ({})", given.sentence()),
        None => sentence,
    }
}

/// `2026-03-10 14:24 UTC`
pub(super) fn minute(at: Utc) -> String {
    let text = at.to_string();
    format!("{} {} UTC", &text[..10], &text[11..16])
}

/// What the log saw given to one account.
pub(super) struct Made {
    all: Vec<Given>,
}

impl Made {
    /// What `who` was given within the window, by reading the log; nothing unless the step
    /// selects by it.
    ///
    /// # Errors
    /// [`Unread`], if the log could not be read: then nothing can be told.
    pub(super) async fn read(
        p: &Planning<'_>,
        who: &Identified,
        kind: Kind,
    ) -> Result<Self, Unread> {
        if p.step.select != Select::InWindow {
            return Ok(Self { all: Vec::new() });
        }
        let got = events(p, &who.subject.id, kind).await;
        let events = items(got.as_ref().as_ref().map_err(Unread::clone)?);
        let tokens = tokens_of_subjects(events, p.case);
        let his = events
            .iter()
            .filter_map(|event| given(event, &who.subject.id, kind, p.case, &tokens));
        Ok(Self { all: his.collect() })
    }

    /// The event that gave the thing with this id: one by a subject before any other, else the
    /// first.
    pub(super) fn of(&self, kind: Kind, id: &str) -> Option<&Given> {
        let is_it = |given: &&Given| {
            let mut targets = given.targets.iter();
            targets.any(|(of, target)| kind.targets.contains(&&**of) && target == id)
        };
        let all = || self.all.iter().filter(is_it);
        all()
            .find(|given| given.is_by_subject)
            .or_else(|| all().next())
    }

    /// The event nearest to the moment at which something without a name in its event was made.
    pub(super) fn near(&self, made: Utc) -> Option<&Given> {
        let apart = |given: &&Given| given.at.since(made).max(made.since(given.at));
        let near = self.all.iter().filter(|given| apart(given) <= NEAR);
        near.min_by_key(apart)
    }
}

/// Why a thing is left alone, and whether a person should look at it; else that it is taken, and
/// the event that justifies it.
///
/// `dated` is what the vendor's own date says: whether the thing is of the window.
pub(super) fn judged(given: Option<&Given>, dated: Dated) -> Result<&Given, (String, bool)> {
    match (given, dated) {
        (Some(given), _) if given.is_by_subject => Ok(given),
        (Some(given), _) => Err((given.not_of_this_case(), true)),
        (None, Dated::Within(at)) => Err((
            format!("from {}, and the log does not say by whom", minute(at)),
            true,
        )),
        (None, Dated::Before(why)) => Err((why, false)),
    }
}

/// What the vendor's own date says.
pub(super) enum Dated {
    /// It was made within the window.
    Within(Utc),
    /// It was not, in words; or has no date, and no event.
    Before(String),
}

/// One read of the log for all kinds and for those asked about together; in a case of many, of
/// one kind and about everybody, as long as that is few pages.
async fn events(p: &Planning<'_>, who: &UserId, kind: Kind) -> Arc<Got> {
    if p.case.subjects.len() > NAMED_MAX {
        let all = about_everybody(p, kind).await;
        if all.is_ok() {
            return all;
        }
    }
    let beside = beside(p.who, who);
    let each = beside.iter().map(|each| {
        let id = each.subject.id.as_str().replace(['"', '\\'], "");
        format!("target.id eq \"{id}\" or actor.id eq \"{id}\"")
    });
    let kinds = KINDS.iter().flat_map(|kind| kind.events).copied();
    let types: Vec<&str> = kinds.chain([TOKEN_MADE]).collect();
    let named: Vec<String> = each.collect();
    let filter = format!("({}) and ({})", any_type(&types), named.join(" or "));
    let since = p.case.window.start;
    let path = || log_path(since, p.glance.reader().vendor_now(), &filter);
    let what = format!("{filter} since {since}");
    p.glance.list_with(&p.okta.together, &what, path).await
}

/// Each subject's step asks again; naming him would be a read of the log each, and Okta lets one
/// principal read it 60 times a minute.
async fn about_everybody(p: &Planning<'_>, kind: Kind) -> Arc<Got> {
    let types: Vec<&str> = kind.events.iter().copied().chain([TOKEN_MADE]).collect();
    let filter = any_type(&types);
    let since = p.case.window.start;
    let what = format!("of everybody: {filter} since {since}");
    let reader = p.glance.reader();
    let read = async || {
        let path = log_path(since, reader.vendor_now(), &filter);
        let mut events = Vec::new();
        let read = of_everybody(reader, path, PAGES_MAX, |event| events.push(slim(event)));
        let read = read.await.map(|()| Value::Array(events));
        Arc::new(read.map_err(Unread::NoAnswer))
    };
    p.glance.shared_with(&p.okta.together, &what, read).await
}

/// An event without what nobody here looks at, which is most of it.
fn slim(mut event: Value) -> Value {
    if let Value::Object(parts) = &mut event {
        let looked_at = |part: &str| {
            matches!(
                part,
                "actor" | "eventType" | "outcome" | "published" | "target" | "transaction" | "uuid"
            )
        };
        parts.retain(|part, _| looked_at(part));
    }
    event
}

/// Those who are asked about in one read together with `who`.
fn beside<'a>(all: &'a [Identified], who: &UserId) -> &'a [Identified] {
    let place = all.iter().position(|each| each.subject.id == *who);
    let first = place.unwrap_or(0) / NAMED_MAX * NAMED_MAX;
    &all[first..all.len().min(first + NAMED_MAX)]
}

/// API tokens that subjects made within the window.
fn tokens_of_subjects(events: &[Value], case: &Case) -> BTreeSet<String> {
    let made = events.iter().filter(|event| {
        text(event, "eventType") == TOKEN_MADE
            && is_good(event)
            && case.is_by_subject(event["actor"]["id"].as_str(), None)
            && published(event).is_some_and(|at| case.window.contains(at))
    });
    let targets = made.flat_map(|event| items(&event["target"]));
    targets
        .filter(|target| target["type"] == "Token")
        .map(|target| text(target, "id").to_owned())
        .collect()
}

fn given(
    event: &Value,
    who: &UserId,
    kind: Kind,
    case: &Case,
    tokens: &BTreeSet<String>,
) -> Option<Given> {
    let targets = items(&event["target"]);
    // An event of a device may name nobody: then it is whose doing it is.
    let mut people = targets.iter().filter(|target| target["type"] == "User");
    let is_his = match people.next() {
        None => event["actor"]["id"] == *who.as_str(),
        Some(first) => [first]
            .into_iter()
            .chain(people)
            .any(|user| user["id"] == *who.as_str()),
    };
    if !kind.events.contains(&text(event, "eventType")) || !is_his || !is_good(event) {
        return None;
    }
    let at = published(event).filter(|at| case.window.contains(*at))?;
    let named = |target: &Value| {
        (
            text(target, "type").to_owned(),
            text(target, "id").to_owned(),
        )
    };
    Some(Given {
        at,
        event: bounded(text(event, "uuid"), LABEL_MAX),
        by: actor(event),
        is_by_subject: is_by_subject(event, case, tokens),
        targets: targets.iter().map(named).collect(),
        done: kind.done,
    })
}

/// Whether a subject of the case did it, by himself or by a token that was made in his account.
pub(super) fn is_by_subject(event: &Value, case: &Case, tokens: &BTreeSet<String>) -> bool {
    let token = event["transaction"]["detail"]["requestApiTokenId"].as_str();
    case.is_by_subject(event["actor"]["id"].as_str(), token)
        || token.is_some_and(|token| tokens.contains(token))
}

/// Who did it, in words that a person knows him by.
pub(super) fn actor(event: &Value) -> String {
    let actor = &event["actor"];
    let words = ["alternateId", "displayName", "id"].map(|key| text(actor, key));
    let known = |word: &&str| !word.is_empty() && *word != "unknown";
    let word = words.into_iter().find(known);
    bounded(word.unwrap_or("nobody named"), LABEL_MAX)
}

/// Whether it happened: an attempt that failed gave nothing.
pub(super) fn is_good(event: &Value) -> bool {
    event["outcome"]["result"] != "FAILURE"
}
