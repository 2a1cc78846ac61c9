//! `OustRevoke`: the one policy of ours that a role may have, a statement for each subject, or one
//! for many.
//!
//! A statement denies everything to the sessions it lists, if their tokens were issued before its
//! cut-off: a session is a role's own id and a session name, compared exactly, so that the same
//! name in another role and another name in the same role are not meant. A cut-off only ever moves
//! forward: two incidents of one person share his statement, and the later one must not let in what
//! the earlier kept out.
//!
//! Where many are denied by one write, one statement lists the sessions of all of them: the quota has
//! room for four times as many so. What stands in it is told apart by the session alone.
//!
//! A policy of our name with anything in it that we would not have written is foreign: somebody has
//! put it to a use of his own, and writing it again would take that away.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Malformed, VERSION, has_only, is_one, size, statements, texts};
use crate::model::{UserId, Utc};

/// Its name. Not the console's `AWSRevokeOlderSessions`, which a click there overwrites.
pub(in crate::connectors::aws) const NAME: &str = "OustRevoke";

/// Characters of all inline policies of a role together, white space not counted [docs*].
pub(in crate::connectors::aws) const SIZE_MAX: usize = 10_240;

/// What the name of every statement of ours begins with.
const SID: &str = "Oust";

/// What the name of a statement about many begins with; no id of a subject's does [inferred].
const JOINT: &str = "OustMany";

/// The longest name that a session can have, and the shortest [spec].
const NAME_LENGTHS: std::ops::RangeInclusive<usize> = 2..=64;

/// One session of a role, as `aws:userid` tells it: `AROAEXAMPLE:alex@example.com`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::connectors::aws) struct SessionId {
    role: String,
    name: String,
}

impl SessionId {
    /// `None` if either part could be more than a plain name in a policy.
    pub(in crate::connectors::aws) fn new(role: &str, name: &str) -> Option<Self> {
        (is_role_id(role) && is_session_name(name)).then(|| Self {
            role: role.to_owned(),
            name: name.to_owned(),
        })
    }

    /// From its text.
    pub(in crate::connectors::aws) fn parse(text: &str) -> Option<Self> {
        let (role, name) = text.split_once(':')?;
        Self::new(role, name)
    }

    /// The role's own id.
    pub(in crate::connectors::aws) fn role(&self) -> &str {
        &self.role
    }

    /// The session's name.
    pub(in crate::connectors::aws) fn name(&self) -> &str {
        &self.name
    }
}

impl std::fmt::Display for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.role, self.name)
    }
}

/// Whether a session can have this name: `[\w+=,.@-]`, 2 to 64 of them [spec].
pub(in crate::connectors::aws) fn is_session_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b);
    NAME_LENGTHS.contains(&text.len()) && text.bytes().all(plain)
}

/// Whether this has the form of a role's own id, `AROA…` [spec: 16 to 128 of `\w`].
pub(in crate::connectors::aws) fn is_role_id(text: &str) -> bool {
    (16..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// The name of a subject's statement, which may hold letters and digits alone.
pub(in crate::connectors::aws) fn sid(subject: &UserId) -> String {
    let id = subject.to_string();
    let plain = id.chars().filter(char::is_ascii_alphanumeric);
    SID.chars().chain(plain).collect()
}

/// One subject's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Revoked {
    sid: String,
    sessions: BTreeSet<SessionId>,
    before: Utc,
}

/// The policy, as far as it is ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::connectors::aws) struct Revocations(Vec<Revoked>);

impl Revocations {
    /// What a document of our name holds.
    ///
    /// # Errors
    /// [`Malformed`] if anything in it is not as we write it: it is not ours then.
    pub(in crate::connectors::aws) fn read(document: &Value) -> Result<Self, Malformed> {
        if !has_only(document, &["Version", "Statement"]) || document["Version"] != VERSION {
            return Err(Malformed("it has other parts than ours"));
        }
        let mut all: Vec<Revoked> = Vec::new();
        for statement in statements(document)? {
            let one = Revoked::read(statement)
                .ok_or(Malformed("it has a statement that oust does not write"))?;
            if all.iter().any(|other| other.sid == one.sid) {
                return Err(Malformed("two of its statements have one name"));
            }
            all.push(one);
        }
        Ok(Self(all))
    }

    /// Whether nobody is denied anything.
    pub(in crate::connectors::aws) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tokens issued before when a session of a subject is denied with; `None` if it is not.
    pub(in crate::connectors::aws) fn cut_off(
        &self,
        subject: &UserId,
        session: &SessionId,
    ) -> Option<Utc> {
        let sid = sid(subject);
        let about = |one: &&Revoked| one.sid == sid || one.is_joint();
        let those = self.0.iter().filter(about);
        let has = those.filter(|one| one.sessions.contains(session));
        has.map(|one| one.before).max()
    }

    /// The sessions that statements about many deny.
    pub(in crate::connectors::aws) fn joint_sessions(&self) -> impl Iterator<Item = &SessionId> {
        let joint = self.0.iter().filter(|one| one.is_joint());
        joint.flat_map(|one| &one.sessions)
    }

    /// The sessions of a subject that are denied by a statement of his own.
    pub(in crate::connectors::aws) fn sessions(&self, subject: &UserId) -> Vec<SessionId> {
        let one = self.of(subject).into_iter();
        one.flat_map(|one| one.sessions.iter().cloned()).collect()
    }

    /// Denies a session with tokens issued before `before`, or until the later moment that stands
    /// there.
    pub(in crate::connectors::aws) fn deny(
        &mut self,
        subject: &UserId,
        session: SessionId,
        before: Utc,
    ) {
        // Written in whole seconds, and compared as written.
        let before = whole_second(before);
        let sid = sid(subject);
        match self.0.iter_mut().find(|one| one.sid == sid) {
            Some(one) => {
                one.sessions.insert(session);
                one.before = one.before.max(before);
            }
            None => self.0.push(Revoked {
                sid,
                sessions: BTreeSet::from([session]),
                before,
            }),
        }
    }

    /// Whether there is a statement about many whose cut-off is not before `enough`.
    pub(in crate::connectors::aws) fn is_joint(&self, enough: Utc) -> bool {
        let mut all = self.0.iter();
        all.any(|one| one.is_joint() && one.before >= enough)
    }

    /// The same by a statement about many: one that is there, if its cut-off is not before
    /// `enough`, or else a new one. Nobody's cut-off is moved for another's sake.
    pub(in crate::connectors::aws) fn deny_jointly(
        &mut self,
        session: SessionId,
        before: Utc,
        enough: Utc,
    ) {
        let before = whole_second(before);
        let good = |one: &&mut Revoked| one.is_joint() && one.before >= enough;
        if let Some(one) = self.0.iter_mut().find(good) {
            one.sessions.insert(session);
            return;
        }
        let mut sids = (1..).map(|n| format!("{JOINT}{n}"));
        let free = sids.find(|sid| self.0.iter().all(|one| one.sid != *sid));
        self.0.push(Revoked {
            sid: free.unwrap_or_default(),
            sessions: BTreeSet::from([session]),
            before,
        });
    }

    /// Takes a session out again, and the statement with its last one. Whether it was there.
    pub(in crate::connectors::aws) fn allow(
        &mut self,
        subject: &UserId,
        session: &SessionId,
    ) -> bool {
        let sid = sid(subject);
        let mut was = false;
        for one in &mut self.0 {
            if one.sid == sid || one.is_joint() {
                was |= one.sessions.remove(session);
            }
        }
        self.0.retain(|one| !one.sessions.is_empty());
        was
    }

    /// The document to write.
    pub(in crate::connectors::aws) fn document(&self) -> String {
        let statements: Vec<Value> = self.0.iter().map(Revoked::statement).collect();
        json!({ "Version": VERSION, "Statement": statements }).to_string()
    }

    /// How much of the role's quota it takes.
    pub(in crate::connectors::aws) fn size(&self) -> usize {
        match self.is_empty() {
            true => 0,
            false => size(&self.document()),
        }
    }

    fn of(&self, subject: &UserId) -> Option<&Revoked> {
        let sid = sid(subject);
        self.0.iter().find(|one| one.sid == sid)
    }
}

impl Revoked {
    fn is_joint(&self) -> bool {
        self.sid.starts_with(JOINT)
    }

    fn statement(&self) -> Value {
        let sessions: Vec<String> = self.sessions.iter().map(ToString::to_string).collect();
        json!({
            "Sid": self.sid,
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "StringEquals": { "aws:userid": sessions },
                "DateLessThan": { "aws:TokenIssueTime": written(self.before) },
            },
        })
    }

    /// `None` if it is none of ours.
    fn read(statement: &Value) -> Option<Self> {
        let condition = &statement["Condition"];
        let (who, when) = (&condition["StringEquals"], &condition["DateLessThan"]);
        let is_ours = has_only(
            statement,
            &["Sid", "Effect", "Action", "Resource", "Condition"],
        ) && has_only(condition, &["StringEquals", "DateLessThan"])
            && has_only(who, &["aws:userid"])
            && has_only(when, &["aws:TokenIssueTime"])
            && statement["Effect"] == "Deny"
            && is_one(&statement["Action"], "*")
            && is_one(&statement["Resource"], "*");
        let sid = statement["Sid"].as_str()?;
        let of_ours = |rest: &str| rest.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_ours || !sid.strip_prefix(SID).is_some_and(of_ours) {
            return None;
        }
        let sessions = texts(&who["aws:userid"])?;
        let sessions: Option<BTreeSet<SessionId>> =
            sessions.into_iter().map(SessionId::parse).collect();
        let [before] = texts(&when["aws:TokenIssueTime"])?[..] else {
            return None;
        };
        Some(Self {
            sid: sid.to_owned(),
            sessions: sessions.filter(|all| !all.is_empty())?,
            before: before.parse().ok()?,
        })
    }
}

/// A moment as policies have it, to the second; never an earlier one than it is.
pub(in crate::connectors::aws) fn written(at: Utc) -> String {
    let whole = whole_second(at).to_string();
    whole.replace(".000Z", "Z")
}

fn whole_second(at: Utc) -> Utc {
    let up = at.millis().saturating_add(999);
    Utc::from_millis(up.saturating_sub(up.rem_euclid(1_000)))
}

#[cfg(test)]
mod tests;
