//! Puts a subject's statement into a role, or takes it out: read, merge, measure, write, read again.
//!
//! Of many subjects, what is wanted of one role within a moment goes in one write, as far as there
//! is room; each of them has an outcome of his own. What AWS does not take of many is asked for again
//! by halves: what it minds may be one of them, who must not keep the others in.
//!
//! AWS has no version to write against: whoever writes last wins. Within this process the writers
//! of a role wait for one another; a write of somebody else's that fell between our reading and
//! ours shows when the policy is read again: then ours is in doubt, and whoever asked for it reads
//! it back and asks again. Only what AWS refuses because of a change that is going on is repeated
//! here.
//!
//! The quota counts all inline policies of a role together, and is measured before it is filled.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::sync::Mutex;

use super::super::Aws;
use super::super::api;
use super::super::held::{self, Held};
use super::super::policy::revoke::{NAME, Revocations, SIZE_MAX, SessionId};
use super::super::voice::{VOICE, said, why};
use super::{ENOUGH, MARGIN, Now, role_now, role_of, session_of};
use crate::connectors::kit::{
    Gather, Glance, MOMENT, Sent, Told, Unread, account_of, send, unanswered,
};
use crate::model::{ActionId, Change, Outcome, OutcomeKind, Receipt, Utc};
use crate::transport::{Answer, Meaning, Write, Writer};

/// Rounds of reading and writing at most, where AWS refuses because of another change.
const ROUNDS_MAX: u32 = 4;

/// What is waited before the second round; longer before each later one.
const PAUSE: Duration = Duration::from_millis(300);

/// Roles written to at the same time.
const AT_ONCE: usize = 8;

/// From so many sessions in one write on, one statement lists them all, and those that come after
/// them while its cut-off is far enough ahead.
const JOINT_MIN: usize = 10;

/// Subjects who share a write at most; the quota has room for fewer.
const SUBJECTS_MAX: usize = 500;

/// Refusals after which a write is not halved any more: one in five hundred is found by ten of them.
const REFUSALS_MAX: u32 = 40;

/// What many want of one role, until it is written.
pub(in super::super) struct Gathered(Gather<Vec<Change>, Vec<Outcome>>);

impl Default for Gathered {
    fn default() -> Self {
        Self(Gather::new(MOMENT, SUBJECTS_MAX))
    }
}

/// Who may write to a role: one of us at a time.
#[derive(Default)]
pub(in super::super) struct Doors(StdMutex<BTreeMap<String, Arc<Mutex<()>>>>);

impl Doors {
    fn of(&self, role: &str) -> Arc<Mutex<()>> {
        let mut doors = self
            .0
            .lock()
            .expect("no code panics while it holds this lock");
        Arc::clone(doors.entry(role.to_owned()).or_default())
    }
}

/// What a session is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Wanted {
    /// Denied everything.
    Denied,
    /// Not denied by us.
    Allowed,
}

/// What an action makes of a session; `None` for those that are about none.
pub(in super::super) fn wanted_by(action: &ActionId) -> Option<Wanted> {
    match action.verb() {
        "deny_sessions" => Some(Wanted::Denied),
        "allow_sessions" => Some(Wanted::Allowed),
        _ => None,
    }
}

/// One change by itself.
pub(super) async fn one(aws: &Aws, w: &Writer<'_>, change: &Change, wanted: Wanted) -> Outcome {
    let mut outcomes = all(aws, w, std::slice::from_ref(change), wanted).await;
    outcomes.pop().unwrap_or_else(|| Outcome::bare(not_ours()))
}

/// The changes of one batch: what is in one role goes in one write. One outcome each, in the same
/// order.
pub(in super::super) async fn all(
    aws: &Aws,
    w: &Writer<'_>,
    batch: &[Change],
    wanted: Wanted,
) -> Vec<Outcome> {
    let mut by_role: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, change) in batch.iter().enumerate() {
        by_role.entry(role_of(change)).or_default().push(place);
    }
    let each = by_role.into_values().map(async |places| {
        let changes: Vec<&Change> = places.iter().map(|place| &batch[*place]).collect();
        let outcomes = with_others(aws, w, &changes, wanted).await;
        places.into_iter().zip(outcomes).collect::<Vec<_>>()
    });
    let each: Vec<_> = each.collect();
    let done: Vec<Vec<(usize, Outcome)>> = stream::iter(each).buffered(AT_ONCE).collect().await;
    let mut done: Vec<(usize, Outcome)> = done.into_iter().flatten().collect();
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// One subject's changes of one role, in a crowd along with those of others.
async fn with_others(
    aws: &Aws,
    w: &Writer<'_>,
    changes: &[&Change],
    wanted: Wanted,
) -> Vec<Outcome> {
    let clock = w.reader().clock();
    let first = changes.first();
    let is_crowd = |first: &&Change| {
        let who = account_of(first);
        aws.together.is_crowd(clock.elapsed(), Some(who))
    };
    let session = first.copied().filter(is_crowd).and_then(session_of);
    let (Some(first), Some(session)) = (first, session) else {
        return in_role(aws, w, changes, wanted).await;
    };
    // The role's own id, too: another one may have taken its name since.
    let (role, id, consent) = (role_of(first), session.role(), w.consent().digest());
    let lane = format!("{role} {id} {wanted:?} {consent}");
    let own: Vec<Change> = changes.iter().map(|each| (*each).clone()).collect();
    let send = async |all: Vec<Vec<Change>>| {
        let flat: Vec<&Change> = all.iter().flatten().collect();
        let mut outcomes = in_role(aws, w, &flat, wanted).await.into_iter();
        let own = |own: &Vec<Change>| outcomes.by_ref().take(own.len()).collect();
        Ok(all.iter().map(own).collect())
    };
    match aws.gathered.0.ask(clock, &lane, own, send).await {
        Told::Answer(outcomes) if outcomes.len() == changes.len() => outcomes,
        _ => {
            let why = "the write that he was part of was given up".to_owned();
            let outcome = Outcome::bare(OutcomeKind::InDoubt { why });
            vec![outcome; changes.len()]
        }
    }
}

/// The changes of one role, of one subject or of many.
async fn in_role(aws: &Aws, w: &Writer<'_>, changes: &[&Change], wanted: Wanted) -> Vec<Outcome> {
    let all = |outcome: Outcome| vec![outcome; changes.len()];
    let sessions: Option<Vec<SessionId>> = changes.iter().map(|each| session_of(each)).collect();
    let (Some(first), Some(sessions)) = (changes.first(), sessions) else {
        return all(Outcome::bare(not_ours()));
    };
    let door = aws.doors.of(role_of(first));
    let _alone = door.lock().await;
    let glance = Glance::new(w.reader(), &VOICE);
    // A plan of another day may name what is ours by now.
    match aws.own_role(&glance).await {
        Ok(own) if own.as_deref() == Some(role_of(first)) => return all(Outcome::bare(own_role())),
        Ok(_) => {}
        Err(why) => return all(Outcome::bare(unreadable(role_of(first), why))),
    }
    match role_now(&glance, first, &sessions[0]).await {
        Ok(Now::Role(_)) => {}
        Ok(Now::Gone) => return all(Outcome::bare(OutcomeKind::AlreadyDone)),
        Err(why) => return all(Outcome::bare(unreadable(role_of(first), why))),
    }
    let task = |places: &[usize]| Task {
        w,
        role: role_of(first),
        changes: places.iter().map(|place| changes[*place]).collect(),
        sessions: places.iter().map(|at| sessions[*at].clone()).collect(),
        wanted,
        enough: w.reader().vendor_now().plus(ENOUGH),
        receipts: Vec::new(),
        tried: vec![false; places.len()],
        taken: vec![false; places.len()],
        full: vec![None; places.len()],
        was_read: false,
    };
    let mut refusals = 0;
    let mut outcomes = all(Outcome::bare(not_ours()));
    let mut due: Vec<Vec<usize>> = vec![(0..changes.len()).collect()];
    while let Some(mut places) = due.pop() {
        let mut task = task(&places);
        let end = task.rounds().await;
        let minded = end.as_ref().is_some_and(End::is_about_content);
        if minded && places.len() > 1 && refusals < REFUSALS_MAX {
            refusals += 1;
            due.push(places.split_off(places.len().div_ceil(2)));
            due.push(places);
            continue;
        }
        for (place, outcome) in places.into_iter().zip(task.outcomes(end)) {
            outcomes[place] = outcome;
        }
    }
    outcomes
}

/// Bringing one role to what is wanted.
struct Task<'a> {
    w: &'a Writer<'a>,
    role: &'a str,
    changes: Vec<&'a Change>,
    sessions: Vec<SessionId>,
    wanted: Wanted,
    /// A cut-off that is not before this does: one moment for all rounds, so that what was enough
    /// when it was written is enough when it is read.
    enough: Utc,
    receipts: Vec<Receipt>,
    /// Which of the changes the last write was for.
    tried: Vec<bool>,
    /// Which of them were in a write that AWS took.
    taken: Vec<bool>,
    /// For which of them there is no room, in words.
    full: Vec<Option<OutcomeKind>>,
    /// Whether it is known how the others stand.
    was_read: bool,
}

impl Task<'_> {
    /// `None` when all is as it is wanted; else what all of the changes came to.
    async fn rounds(&mut self) -> Option<End> {
        let mut last = None;
        for round in 0..ROUNDS_MAX {
            if last.is_some() {
                self.w.reader().clock().sleep(PAUSE * round).await;
            }
            // Nothing read before a write says anything of what came after it.
            let glance = Glance::new(self.w.reader(), &VOICE);
            let held = match held::ours(&glance, self.role).await {
                Ok(held) => held,
                Err(unread) => return Some(End::Kind(self.unread(&unread))),
            };
            let ours = match held.revocations() {
                Ok(ours) => ours,
                Err(why) => return Some(End::Kind(self.foreign(why))),
            };
            self.was_read = true;
            let missing = self.missing(&ours);
            if missing.is_empty() {
                return None;
            }
            if missing.iter().any(|place| self.taken[*place]) {
                return Some(End::Kind(OutcomeKind::InDoubt {
                    why: "AWS took the policy and does not show it: somebody else writes it, too, \
                          or AWS is late"
                        .into(),
                }));
            }
            let room = match self.room(&glance).await {
                Ok(room) => room,
                Err(unread) => {
                    let why = self.unread(&unread);
                    for place in missing {
                        self.full[place].get_or_insert(why.clone());
                    }
                    return Some(End::Kind(why));
                }
            };
            let merged = self.merged(&ours, missing, room)?;
            match self.write(&merged, &held).await {
                Ok(()) => {
                    last = None;
                    let both = self.taken.iter_mut().zip(&self.tried);
                    both.for_each(|(taken, tried)| *taken |= tried);
                }
                Err(Refused::Busy(end)) => last = Some(end),
                Err(Refused::Over(end)) => return Some(end),
            }
        }
        last
    }

    /// Which of the changes are not so yet.
    fn missing(&self, ours: &Revocations) -> Vec<usize> {
        let is_so = |place: &usize| {
            let cut_off = ours.cut_off(&self.changes[*place].subject, &self.sessions[*place]);
            match self.wanted {
                Wanted::Denied => cut_off.is_some_and(|cut_off| cut_off >= self.enough),
                Wanted::Allowed => cut_off.is_none(),
            }
        };
        let places = 0..self.changes.len();
        places.filter(|place| !is_so(place)).collect()
    }

    /// Characters that our policy may have.
    async fn room(&self, glance: &Glance) -> Result<usize, Unread> {
        if self.wanted == Wanted::Allowed {
            return Ok(usize::MAX);
        }
        let others = held::size_of_others(glance, self.role).await?;
        Ok(SIZE_MAX.saturating_sub(others))
    }

    /// The policy with as much of what is wanted as there is room for; `None` if there is none for
    /// more. Who makes sessions without end must not keep the first of them from being denied.
    fn merged(
        &mut self,
        ours: &Revocations,
        missing: Vec<usize>,
        room: usize,
    ) -> Option<Revocations> {
        let until = self.w.reader().vendor_now().plus(MARGIN);
        let mut merged = ours.clone();
        let mut is_new = false;
        // What an earlier write was for and AWS did not take is not there.
        self.tried.fill(false);
        let enough = self.enough;
        let jointly = missing.len() >= JOINT_MIN || ours.is_joint(enough);
        for place in missing {
            let (subject, session) = (&self.changes[place].subject, &self.sessions[place]);
            let mut with = merged.clone();
            match self.wanted {
                Wanted::Denied if jointly => with.deny_jointly(session.clone(), until, enough),
                Wanted::Denied => with.deny(subject, session.clone(), until),
                Wanted::Allowed => {
                    with.allow(subject, session);
                }
            }
            self.full[place] = (with.size() > room).then(|| self.too_big(with.size(), room));
            if self.full[place].is_none() {
                merged = with;
                self.tried[place] = true;
                is_new = true;
            }
        }
        is_new.then_some(merged)
    }

    fn too_big(&self, needed: usize, room: usize) -> OutcomeKind {
        let role = self.role;
        OutcomeKind::Failed {
            why: format!(
                "our policy in {role} would have {needed} characters, and has room for {room}: AWS \
                 allows {SIZE_MAX} for all inline policies of a role"
            ),
            hint: format!(
                "make an inline policy of {role} a managed one and attach that, or end all \
                 sessions of the role in the console (Revoke sessions); then `oust runs resume`"
            ),
        }
    }

    async fn write(&mut self, merged: &Revocations, held: &Held) -> Result<(), Refused> {
        let write = match (merged.is_empty(), held) {
            (true, Held::Nothing) => return Ok(()),
            (true, _) => self.call("DeleteRolePolicy", None),
            (false, _) => self.call("PutRolePolicy", Some(merged.document())),
        };
        let Sent { answer, receipt } = send(self.w, &write).await;
        self.receipts.push(receipt);
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let kind = unanswered(VOICE.name, &error);
                return Err(Refused::Over(End::Kind(kind)));
            }
        };
        // Role or policy went away meanwhile: the next round tells which.
        match VOICE.meaning(&answer) {
            Meaning::Done | Meaning::Accepted => Ok(()),
            Meaning::Conflict => Err(Refused::Busy(End::Answer(answer))),
            Meaning::Gone if merged.is_empty() => Ok(()),
            Meaning::Gone => Err(Refused::Over(self.after_gone(answer).await)),
            _ => Err(Refused::Over(End::Answer(answer))),
        }
    }

    /// A write was told that there is no such role.
    async fn after_gone(&self, answer: Answer) -> End {
        let glance = Glance::new(self.w.reader(), &VOICE);
        match role_now(&glance, self.changes[0], &self.sessions[0]).await {
            Ok(Now::Gone) => End::Kind(OutcomeKind::AlreadyDone),
            Ok(Now::Role(_)) | Err(_) => End::Answer(answer),
        }
    }

    fn call(&self, action: &'static str, document: Option<String>) -> Write {
        let mut pairs = vec![
            ("RoleName".into(), self.role.to_owned()),
            ("PolicyName".into(), NAME.to_owned()),
        ];
        pairs.extend(document.map(|text| ("PolicyDocument".into(), text)));
        api::iam_write(action, pairs)
    }

    fn foreign(&self, why: &str) -> OutcomeKind {
        let role = self.role;
        OutcomeKind::Failed {
            why: format!("the role {role} has a policy {NAME} that is not ours: {why}"),
            hint: format!(
                "look at it: copy it to another name and delete this one, then `oust runs \
                 resume`; or end all sessions of {role} in the console (Revoke sessions)"
            ),
        }
    }

    fn unread(&self, unread: &Unread) -> OutcomeKind {
        // A write of ours may stand there, which nobody has seen.
        if self.taken.contains(&true) {
            return OutcomeKind::InDoubt {
                why: format!("AWS took the policy, and did not show it: {}", why(unread)),
            };
        }
        unreadable(self.role, why(unread))
    }

    fn outcomes(self, end: Option<End>) -> Vec<Outcome> {
        let end = end.unwrap_or(End::Kind(OutcomeKind::Done));
        let carried = self.taken.iter().zip(&self.tried);
        let carried = carried.map(|(taken, tried)| *taken || *tried);
        let each = carried.zip(self.full).zip(self.changes);
        let each = each.map(|((carried, full), change)| match (carried, full) {
            (true, _) => Outcome {
                kind: end.of(change),
                receipts: self.receipts.clone(),
            },
            (false, Some(full)) => Outcome::bare(full),
            (false, None) if self.was_read => Outcome::bare(OutcomeKind::AlreadyDone),
            (false, None) => Outcome::bare(end.of(change)),
        });
        each.collect()
    }
}

/// What a role's changes came to.
enum End {
    /// The same for all of them.
    Kind(OutcomeKind),
    /// This answer, which is told to each of them in words of his own.
    Answer(Answer),
}

impl End {
    /// Whether AWS minds what was to be written, and not us, the role or the moment.
    fn is_about_content(&self) -> bool {
        let Self::Answer(answer) = self else {
            return false;
        };
        let is_about_role = said(answer).code == "UnmodifiableEntity";
        VOICE.meaning(answer) == Meaning::Invalid && !is_about_role
    }

    fn of(&self, change: &Change) -> OutcomeKind {
        match self {
            Self::Kind(kind) => kind.clone(),
            Self::Answer(answer) => VOICE.answered(change, answer, false),
        }
    }
}

enum Refused {
    /// Somebody else is at it: once more.
    Busy(End),
    /// For good.
    Over(End),
}

fn unreadable(role: &str, why: String) -> OutcomeKind {
    OutcomeKind::Failed {
        why: format!("nothing was written for him: {role} could not be read ({why})"),
        hint: "`oust runs resume` when it can be read".into(),
    }
}

fn own_role() -> OutcomeKind {
    OutcomeKind::Failed {
        why: "it is the role that oust acts by, which it never touches".into(),
        hint: "end its sessions by hand, with other credentials".into(),
    }
}

fn not_ours() -> OutcomeKind {
    OutcomeKind::Failed {
        why: "its target is no session of a role".into(),
        hint: "this plan was made by another version: plan again".into(),
    }
}
