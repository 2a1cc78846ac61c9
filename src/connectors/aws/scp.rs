//! The service control policy that an administrator prepared: read whole, and written with care.
//!
//! Organizations has no version to write against, and `UpdatePolicy` replaces all of it: whoever
//! writes last wins. So it is read just before it is written and once more after; where our user is
//! not in it then, somebody wrote between, and it is merged anew into what stands there now. Within
//! this process writers wait for one another. What of somebody else's fell between our reading and
//! our writing, a few tenths of a second, nothing tells us. [inferred]
//!
//! It is never made and never attached: where it holds is the organisation's decision. Source:
//! `DescribePolicy`, `ListTargetsForPolicy`, `UpdatePolicy` [spec].

use std::time::Duration;

use serde_json::{Value, json};

use super::policy::listed::{SIZE_MAX, users, with_user, without_user};
use super::policy::{Malformed, plain};
use super::voice::{VOICE, why};
use super::{Aws, api};
use crate::connectors::kit::{Glance, Sent, Unread, items, send, text, unanswered};
use crate::model::{Change, Outcome, OutcomeKind, Receipt};
use crate::transport::{Meaning, Writer};

/// Rounds of reading and writing at most.
const ROUNDS_MAX: u32 = 4;

/// What is waited before the second round; longer before each later one.
const PAUSE: Duration = Duration::from_millis(300);

/// Pages of places that a policy is attached to, at most.
const PAGES_MAX: usize = 50;

/// A prepared policy as it stands.
pub(super) struct Prepared {
    document: Value,
    /// The users whom it denies everything.
    pub(super) users: Vec<String>,
}

/// Where a policy holds.
pub(super) enum Attached {
    /// At the root: in all member accounts.
    Root,
    /// At these, by name or id.
    Some(Vec<String>),
    /// Nowhere.
    Nowhere,
}

/// Reads a prepared policy.
///
/// # Errors
/// A sentence: it could not be read, or is not what it should be.
pub(super) async fn read(glance: &Glance, id: &str) -> Result<Prepared, String> {
    let got = glance.ask(describe(id)).await;
    let answer = match &*got {
        Ok(answer) => answer,
        Err(Unread::Absent { .. }) => {
            return Err(format!("there is no policy {id}: check `scp`"));
        }
        Err(unread) => return Err(why(unread)),
    };
    let summary = &answer["Policy"]["PolicySummary"];
    let kind = text(summary, "Type");
    if kind != "SERVICE_CONTROL_POLICY" {
        return Err(format!("{id} is no service control policy: check `scp`"));
    }
    let unfit = |Malformed(why)| format!("{id} is not prepared for this: {why}");
    let document = plain(text(&answer["Policy"], "Content")).map_err(unfit)?;
    let users = users(&document).map_err(unfit)?;
    Ok(Prepared { document, users })
}

/// Where a policy is attached.
///
/// # Errors
/// A sentence, if it could not be read.
pub(super) async fn attached(glance: &Glance, id: &str) -> Result<Attached, String> {
    let ask = |body| api::organizations("ListTargetsForPolicy", body);
    let body = json!({ "PolicyId": id });
    let got = api::json_list(glance, &ask, body, "Targets", PAGES_MAX).await;
    let targets = got.as_ref().as_ref().map_err(why)?;
    let targets = items(targets);
    if targets.iter().any(|target| text(target, "Type") == "ROOT") {
        return Ok(Attached::Root);
    }
    let name = |target: &Value| match text(target, "Name") {
        "" => text(target, "TargetId").to_owned(),
        name => name.to_owned(),
    };
    match targets {
        [] => Ok(Attached::Nowhere),
        some => Ok(Attached::Some(some.iter().map(name).collect())),
    }
}

impl Prepared {
    /// The whole text with or without this user; `None` if that is how it stands.
    ///
    /// # Errors
    /// A sentence, if it cannot be written so.
    pub(super) fn with(&self, user: &str, listed: bool) -> Result<Option<String>, String> {
        let changed = match listed {
            true => with_user(&self.document, user),
            false => without_user(&self.document, user),
        };
        let changed = changed.map_err(|Malformed(why)| why.to_owned())?;
        let Some(changed) = changed.map(|document| document.to_string()) else {
            return Ok(None);
        };
        let size = changed.chars().count();
        if size > SIZE_MAX {
            return Err(format!(
                "the policy would have {size} characters, and AWS takes {SIZE_MAX}: {} users are \
                 in it",
                self.users.len()
            ));
        }
        Ok(Some(changed))
    }

    fn lists(&self, user: &str) -> bool {
        self.users.iter().any(|each| each == user)
    }
}

/// Brings the policy to list `user`, or not to.
pub(super) async fn bring(
    aws: &Aws,
    w: &Writer<'_>,
    change: &Change,
    id: &str,
    user: &str,
    listed: bool,
) -> Outcome {
    let _alone = aws.scp_door.lock().await;
    let mut task = Task {
        w,
        change,
        id,
        user,
        listed,
        receipts: Vec::new(),
    };
    let kind = task.rounds().await;
    Outcome {
        kind,
        receipts: task.receipts,
    }
}

struct Task<'a> {
    w: &'a Writer<'a>,
    change: &'a Change,
    id: &'a str,
    user: &'a str,
    listed: bool,
    receipts: Vec<Receipt>,
}

impl Task<'_> {
    async fn rounds(&mut self) -> OutcomeKind {
        let mut written = false;
        let mut last = None;
        for round in 0..ROUNDS_MAX {
            if round > 0 {
                self.w.reader().clock().sleep(PAUSE * round).await;
            }
            let policy = match self.read().await {
                Ok(policy) => policy,
                // What was written is read back by the proof as well.
                Err(_) if written => return OutcomeKind::Done,
                Err(why) => return failed(why),
            };
            if policy.lists(self.user) == self.listed {
                return match written {
                    true => OutcomeKind::Done,
                    false => OutcomeKind::AlreadyDone,
                };
            }
            let content = match policy.with(self.user, self.listed) {
                Ok(Some(content)) => content,
                Ok(None) => return OutcomeKind::AlreadyDone,
                Err(why) => return failed(why),
            };
            let sent = self.write(&content).await;
            self.receipts.push(sent.receipt);
            let answer = match &sent.answer {
                Ok(answer) => answer,
                Err(error) => return unanswered(VOICE.name, error),
            };
            let kind = VOICE.answered(self.change, answer, false);
            match VOICE.meaning(answer) {
                Meaning::Done | Meaning::Accepted => written = true,
                // It had no effect, and a moment later it may.
                Meaning::Conflict => {}
                _ => return kind,
            }
            last = Some(kind);
        }
        last.unwrap_or(OutcomeKind::Done)
    }

    async fn read(&self) -> Result<Prepared, String> {
        read(&Glance::new(self.w.reader(), &VOICE), self.id).await
    }

    async fn write(&self, content: &str) -> Sent {
        let body = json!({ "PolicyId": self.id, "Content": content });
        let write = api::organizations_write("UpdatePolicy", body);
        send(self.w, &write).await
    }
}

fn describe(id: &str) -> crate::transport::Read {
    api::organizations("DescribePolicy", json!({ "PolicyId": id }))
}

fn failed(why: String) -> OutcomeKind {
    OutcomeKind::Failed {
        why,
        hint: "look at the policy in AWS Organizations, and put his user id into it by hand; then \
               `oust runs resume`"
            .into(),
    }
}
