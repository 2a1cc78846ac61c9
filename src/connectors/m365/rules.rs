//! `disable_inbox_rules` and what takes it back, `enable_inbox_rule`.
//!
//! A rule has no date, and no log that Graph serves tells when it was made, so that `in_window`
//! cannot mean the window here. It means harm: rules that send mail out (forward, redirect, forward
//! as attachment) or make it vanish (delete, delete for good) are switched off whenever they were
//! made, because switching off loses nothing and is undone by `oust release`; every other rule is
//! kept as suspect, with what it does. `all` takes every rule that is switched on. A rule is never
//! deleted: it is evidence.
//!
//! Not to be seen here: forwarding at the mailbox itself, delegates, hidden rules (Exchange
//! PowerShell). [docs*]: a mailbox that is not in the cloud answers 404. [inferred]: a rule that is
//! read-only in the API may refuse the change; it is tried, and then says so. Source: "Update rule",
//! "List rules".

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::M365;
use super::permissions::MAIL_READ;
use super::together::Ask;
use super::users::{self, User, not_so};
use super::vendor::VENDOR;
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, LABEL_MAX, Planning, Seen, Unread, Verb, bounded, change, items, not_selected, target,
    text, undoing,
};
use crate::model::{Applied, Change, Kept, Outcome, OutcomeKind, ProofState, Select, Skip};
use crate::transport::{Path, Writer};

/// Addresses named of one rule at most.
const ADDRESSES_MAX: usize = 5;

pub(super) struct DisableInboxRules;

#[async_trait]
impl Verb<M365> for DisableInboxRules {
    async fn plan(&self, p: &Planning<'_, M365>, who: &Identified) -> Planned {
        let got = list(p.glance, &who.id).await;
        let rules = match &*got {
            Ok(rules) => items(rules),
            Err(Unread::Absent { .. }) => return Planned::skipped(no_mailbox(p, who).await),
            Err(unread) => {
                let why = p.service.unread_for(&[MAIL_READ], unread);
                return Planned::skipped(Skip::Unread { why });
            }
        };
        let mut planned = Planned::default();
        for rule in rules {
            take(p, who, rule, &mut planned);
        }
        if planned.changes.is_empty() {
            let why = match rules.len() {
                0 => "has no inbox rule".to_owned(),
                n => format!("none of {n} inbox rules selected"),
            };
            planned.skip = Some(Skip::NothingSelected { why });
        }
        planned
    }

    async fn apply(&self, m365: &M365, w: &Writer<'_>, change: &Change) -> Outcome {
        set(m365, w, change, false).await
    }

    async fn prove(&self, m365: &M365, glance: &Glance, done: &Applied) -> Seen {
        is_now(m365, glance, done, false).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if done.outcome.kind == OutcomeKind::AlreadyDone
            || done.change.before["rule"]["isEnabled"] != true
        {
            return Err(CannotUndo::NotOurs);
        }
        let sentence = format!("switch inbox rule {} on again", done.change.target.label);
        Ok(vec![undoing(
            &VENDOR,
            &done.change,
            "enable_inbox_rule",
            &sentence,
            json!({}),
        )])
    }
}

pub(super) struct EnableInboxRule;

#[async_trait]
impl Verb<M365> for EnableInboxRule {
    async fn plan(&self, _p: &Planning<'_, M365>, _who: &Identified) -> Planned {
        let why = "it only undoes `m365.disable_inbox_rules`, by `oust release`".into();
        Planned::skipped(Skip::Unsupported { why })
    }

    async fn apply(&self, m365: &M365, w: &Writer<'_>, change: &Change) -> Outcome {
        set(m365, w, change, true).await
    }

    async fn prove(&self, m365: &M365, glance: &Glance, done: &Applied) -> Seen {
        is_now(m365, glance, done, true).await
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::NotOurs)
    }
}

async fn list(glance: &Glance, id: &str) -> Arc<Result<Value, Unread>> {
    let path = rules_of(id);
    glance.list(path, "value", "@odata.nextLink").await
}

fn rules_of(id: &str) -> Path {
    users::path(id).then("/mailFolders/inbox/messageRules")
}

/// A 404 for the whole list: a person without mail has no mailbox; one with an address has it
/// somewhere that we do not see.
async fn no_mailbox(p: &Planning<'_, M365>, who: &Identified) -> Skip {
    match User::read(p.glance, &who.id).await {
        Ok(user) if user.is_external() || user.get("mail").as_str().is_none_or(str::is_empty) => {
            let why = "has no mailbox here".into();
            Skip::NothingSelected { why }
        }
        Ok(_) => {
            let why = "has an address but no mailbox in the cloud: if it is on-premises, look at \
                       its rules there"
                .into();
            Skip::Unread { why }
        }
        Err(unread) => {
            let why = p.service.no_account("disable_inbox_rules", &unread);
            Skip::Unread { why }
        }
    }
}

fn take(p: &Planning<'_, M365>, who: &Identified, rule: &Value, planned: &mut Planned) {
    let id = text(rule, "id");
    let does = what_it_does(&rule["actions"]);
    let target = target("inbox_rule", id, &named(text(rule, "displayName")));
    if let Some((why, suspect)) = stays(p, rule, &does) {
        planned.kept.push(Kept {
            target,
            why,
            suspect,
        });
        return;
    }
    let sentence = format!(
        "switch off inbox rule {}: {}",
        target.label,
        does.sentence()
    );
    let before = json!({ "rule": rule });
    planned
        .changes
        .push(change(&VENDOR, p.step, who, target, sentence, before));
}

fn stays(p: &Planning<'_, M365>, rule: &Value, does: &Does) -> Option<(String, bool)> {
    let id = text(rule, "id");
    if rule["isEnabled"] == false {
        return Some((format!("is off already; {}", does.sentence()), does.harm()));
    }
    match p.step.select {
        Select::InWindow if id.is_empty() => Some(("Microsoft 365 gives it no id".into(), true)),
        Select::InWindow if does.harm() => None,
        Select::InWindow => Some((
            format!("rules have no date; this one {}", does.sentence()),
            true,
        )),
        Select::All | Select::Listed => not_selected("Microsoft 365", p.step, p.case, id, None),
    }
}

/// What a rule does, for people.
#[derive(Debug, Default, PartialEq, Eq)]
struct Does {
    /// Sends mail out or makes it vanish.
    harmful: Vec<String>,
    /// Everything else.
    other: Vec<&'static str>,
}

impl Does {
    fn harm(&self) -> bool {
        !self.harmful.is_empty()
    }

    fn sentence(&self) -> String {
        let harmful = self.harmful.iter().map(String::as_str);
        let all: Vec<&str> = harmful.chain(self.other.iter().copied()).collect();
        if all.is_empty() {
            "does nothing to a mail that we know of".into()
        } else {
            all.join(", ")
        }
    }
}

fn what_it_does(actions: &Value) -> Does {
    let mut does = Does::default();
    for (key, word) in [
        ("forwardTo", "forwards to"),
        ("redirectTo", "redirects to"),
        ("forwardAsAttachmentTo", "forwards as attachment to"),
    ] {
        let to = items(&actions[key]);
        if !to.is_empty() {
            let names = to.iter().take(ADDRESSES_MAX);
            let names: Vec<String> = names
                .map(|each| bounded(text(&each["emailAddress"], "address"), LABEL_MAX))
                .collect();
            let more = to.len().saturating_sub(ADDRESSES_MAX);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            does.harmful
                .push(format!("{word} {}{more}", names.join(", ")));
        }
    }
    for (key, word) in [
        ("delete", "deletes"),
        ("permanentDelete", "deletes for good"),
    ] {
        if actions[key] == true {
            does.harmful.push(word.into());
        }
    }
    for (key, word) in [
        ("moveToFolder", "moves to a folder"),
        ("copyToFolder", "copies to a folder"),
    ] {
        if !text(actions, key).is_empty() {
            does.other.push(word);
        }
    }
    if actions["markAsRead"] == true {
        does.other.push("marks as read");
    }
    does
}

/// A name that somebody chose; it may be a dot or nothing at all.
fn named(name: &str) -> String {
    format!("\"{}\"", bounded(name, LABEL_MAX - 2))
}

async fn set(m365: &M365, w: &Writer<'_>, change: &Change, enabled: bool) -> Outcome {
    let path = rules_of(text(&change.before, "account")).seg(&change.target.id);
    let ask = Ask::patch(path, json!({ "isEnabled": enabled }));
    // A rule that is gone does nothing any more; but it cannot be given back either.
    m365.outcome(change, m365.send(w, ask).await, !enabled)
}

async fn is_now(m365: &M365, glance: &Glance, done: &Applied, wanted: bool) -> Seen {
    let got = list(glance, text(&done.change.before, "account")).await;
    let rules = match &*got {
        Ok(rules) => items(rules),
        Err(unread) => {
            let why = m365.unread_for(&[MAIL_READ], unread);
            return (ProofState::Pending, why);
        }
    };
    let id = &done.change.target.id;
    let rule = rules.iter().find(|rule| text(rule, "id") == id);
    match rule.map(|rule| rule["isEnabled"].as_bool()) {
        Some(Some(enabled)) if enabled == wanted => {
            (ProofState::Proven, format!("isEnabled is {enabled}"))
        }
        Some(Some(enabled)) => not_so(glance, done, format!("isEnabled is {enabled}")),
        Some(None) => (ProofState::Pending, "isEnabled was not told".into()),
        None if !wanted => (ProofState::Proven, "the rule is gone".into()),
        None => not_so(glance, done, "the rule is gone".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sends_mail_out_or_makes_it_vanish_is_harm_and_sorting_is_not() {
        let to = |address: &str| json!([{ "emailAddress": { "address": address } }]);
        for (actions, sentence) in [
            (
                json!({ "forwardTo": to("x@evil.example") }),
                "forwards to x@evil.example",
            ),
            (
                json!({ "redirectTo": to("x@evil.example") }),
                "redirects to x@evil.example",
            ),
            (
                json!({ "forwardAsAttachmentTo": to("x@evil.example") }),
                "forwards as attachment to x@evil.example",
            ),
            (
                json!({ "delete": true, "markAsRead": true }),
                "deletes, marks as read",
            ),
            (json!({ "permanentDelete": true }), "deletes for good"),
        ] {
            let does = what_it_does(&actions);
            assert!(does.harm(), "{actions}");
            assert_eq!(does.sentence(), sentence);
        }
        for actions in [
            json!(null),
            json!({ "delete": false, "forwardTo": [] }),
            json!({ "moveToFolder": "AAMk", "markAsRead": true }),
        ] {
            assert!(!what_it_does(&actions).harm(), "{actions}");
        }
    }
}
