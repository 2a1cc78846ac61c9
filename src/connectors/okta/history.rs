//! What the System Log says of who the subjects were: changed names and assignments, sign-ons.
//!
//! One read serves all subjects. An event names the login of its day, so that any event from
//! before the window tells the login as of then, whatever the profile says now. That a changed
//! profile is logged by these types is [docs] of the catalogue; which attribute was changed it
//! does not say, so that every change counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::answers;
use super::events::{any_type, log_path, of_everybody, published};
use super::glance::{Unread, items, text};
use crate::model::{History, Renamed, Subject, UserId, Utc, Window};
use crate::transport::{Rank, Read, Reader};

/// Subjects named in the filter at most; beyond, the events are sorted out here.
const NAMED_MAX: usize = 10;

/// Pages at most where everybody's events are read: of 1,000 each, a third of what the log's
/// default bucket gives one principal in a minute. A clear is proven by the same log.
const PAGES_MAX: usize = 20;

const RENAMED: &[&str] = &[
    "user.account.update_profile",
    "user.account.update_primary_email",
];

const REASSIGNED: &[&str] = &[
    "application.user_membership.add",
    "application.user_membership.update",
    "application.user_membership.change_username",
    "application.user_membership.restore",
];

const USED: &[&str] = &["user.authentication.sso"];

/// Reads it, from `used_since` or the window's start, whichever was earlier.
pub(super) async fn read(
    reader: &Reader,
    who: &[Subject],
    window: &Window,
    used_since: Utc,
) -> History {
    let since = used_since.min(window.start);
    let path = log_path(since, reader.vendor_now(), &filter(who));
    let reader = reader.ranked(Rank::Contain);
    let unread = |why: String| History {
        unread: Some(why),
        ..History::default()
    };
    let subjects: BTreeMap<&str, &Subject> = who.iter().map(|who| (who.id.as_str(), who)).collect();
    let mut history = History::default();
    let mut before = Before::default();
    let take = |event: Value| {
        if let Some(at) = published(&event) {
            note(&mut history, &event, at, &subjects, window);
            if at < window.start {
                before.note(&event, at, &subjects);
            }
        }
    };
    let read = if who.len() > NAMED_MAX {
        of_everybody(&reader, path, PAGES_MAX, take).await
    } else {
        match reader.list_each(&Read::get(path).log_page(), take).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(answer)) => Err(Unread::of(&answer).why()),
            Err(error) => Err(answers::unread(&error)),
        }
    };
    // Half of a log shows half of what was done.
    if let Err(why) = read {
        return unread(why);
    }
    for (id, renamed) in &mut history.renamed {
        renamed.from = before.login_of(id);
    }
    history
}

fn filter(who: &[Subject]) -> String {
    let types = any_type(&[RENAMED, REASSIGNED, USED].concat());
    if who.len() > NAMED_MAX {
        return types;
    }
    let each = who.iter().map(|who| {
        let id = who.id.as_str().replace(['"', '\\'], "");
        format!("actor.id eq \"{id}\" or target.id eq \"{id}\"")
    });
    format!("({types}) and ({})", each.collect::<Vec<_>>().join(" or "))
}

fn note(
    history: &mut History,
    event: &Value,
    at: Utc,
    who: &BTreeMap<&str, &Subject>,
    window: &Window,
) {
    let kind = text(event, "eventType");
    if event["outcome"]["result"] == "FAILURE" {
        return;
    }
    let targets = items(&event["target"]);
    let app = targets.iter().find(|each| each["type"] == "AppInstance");
    let people = targets.iter().chain([&event["actor"]]);
    let ids: BTreeSet<&str> = people.map(|each| text(each, "id")).collect();
    for subject in ids.iter().filter_map(|id| who.get(id)) {
        let is_target = targets
            .iter()
            .any(|target| target["id"] == subject.id.as_str());
        if RENAMED.contains(&kind) && is_target && at >= window.start {
            let first = history.renamed.entry(subject.id.clone());
            let first = first.or_insert(Renamed { at, from: None });
            first.at = first.at.min(at);
        }
        let Some(app) = app else { continue };
        let id = text(app, "id").to_owned();
        if REASSIGNED.contains(&kind) && is_target && at >= window.start {
            history.reassigned.insert((subject.id.clone(), id), at);
        } else if USED.contains(&kind) && event["actor"]["id"] == subject.id.as_str() {
            let label = text(app, "displayName").chars().take(100).collect();
            let used = history.used.entry(subject.id.clone()).or_default();
            used.insert((id, label));
        }
    }
}

/// What the latest event from before the window calls each.
#[derive(Default)]
struct Before(HashMap<UserId, (Utc, String)>);

impl Before {
    fn note(&mut self, event: &Value, at: Utc, who: &BTreeMap<&str, &Subject>) {
        let people = [&event["actor"]].into_iter().chain(items(&event["target"]));
        for each in people {
            let (Some(subject), login) = (who.get(text(each, "id")), text(each, "alternateId"))
            else {
                continue;
            };
            let known = self.0.get(&subject.id);
            if login.contains('@') && known.is_none_or(|(known, _)| at >= *known) {
                self.0.insert(subject.id.clone(), (at, login.to_owned()));
            }
        }
    }

    fn login_of(&self, who: &UserId) -> Option<String> {
        self.0.get(who).map(|(_, login)| login.clone())
    }
}
