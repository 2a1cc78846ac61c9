//! Inbox and desk in memory, so that a story runs in virtual time. What is in them outlives the
//! process that uses them: a second one is given the same.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use oust::desk::{
    Audited, Decision, Desk, Frozen, Proposal, ProposalState, Session, Token, Watch, WatchState,
};
use oust::inbox::{Accepted, Counts, Cursor, Entry, Inbox, InboxError, Received, Standing};
use oust::model::{Fate, RunId, Utc};
use oust::sqlite::FileError;

#[derive(Default)]
struct Kept {
    entries: Vec<(Entry, Utc)>,
    cursors: BTreeMap<String, String>,
    /// How many commits still succeed; `None` is all of them.
    good: Option<u32>,
}

/// Alerts.
#[derive(Default)]
pub(super) struct MemoryInbox(Mutex<Kept>);

impl MemoryInbox {
    /// Lets this many commits succeed, and no more.
    pub(super) fn fail_after(&self, good: Option<u32>) {
        self.0.lock().unwrap().good = good;
    }

    pub(super) fn all(&self) -> Vec<Entry> {
        let kept = self.0.lock().unwrap();
        kept.entries
            .iter()
            .map(|(entry, _)| entry.clone())
            .collect()
    }
}

impl Kept {
    fn commit(&mut self) -> Result<(), InboxError> {
        match &mut self.good {
            Some(0) => Err(InboxError::File(FileError::Disk {
                what: "inbox",
                path: "memory".into(),
                why: "full".into(),
            })),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn entry(&mut self, id: &str) -> &mut (Entry, Utc) {
        self.entries
            .iter_mut()
            .find(|(entry, _)| entry.id == id)
            .unwrap()
    }
}

#[async_trait]
impl Inbox for MemoryInbox {
    async fn accept(
        &self,
        received: Vec<Received>,
        cursor: Option<Cursor>,
    ) -> Result<Vec<Accepted>, InboxError> {
        let mut kept = self.0.lock().unwrap();
        kept.commit()?;
        let mut answers = Vec::new();
        for one in received {
            let same = |(entry, _): &&mut (Entry, Utc)| {
                entry.alert.source == one.alert.source
                    && entry.alert.dedupe_key == one.alert.dedupe_key
            };
            if let Some((entry, _)) = kept.entries.iter_mut().find(|each| same(each)) {
                entry.repeats += 1;
                answers.push(Accepted::Again(entry.id.clone()));
                continue;
            }
            let id = format!("a_{:016x}", kept.entries.len() + 1);
            let entry = Entry {
                id: id.clone(),
                at: one.at,
                from: one.from,
                alert: one.alert,
                raw: one.raw,
                standing: Standing::Waiting,
                attempts: 0,
                fate: None,
                settled_at: None,
                repeats: 0,
            };
            kept.entries.push((entry, one.at));
            answers.push(Accepted::New(id));
        }
        if let Some(cursor) = cursor {
            kept.cursors.insert(cursor.name, cursor.place);
        }
        Ok(answers)
    }

    async fn take(&self, now: Utc, most: usize, busy: &[String]) -> Result<Vec<Entry>, InboxError> {
        let mut kept = self.0.lock().unwrap();
        let waits = |(entry, due): &&mut (Entry, Utc)| {
            entry.standing == Standing::Waiting
                && *due <= now
                && !busy.contains(&entry.alert.source)
        };
        let due = kept.entries.iter_mut().filter(waits).take(most);
        let taken = due.map(|(entry, _)| {
            entry.standing = Standing::Taken;
            entry.attempts += 1;
            entry.clone()
        });
        Ok(taken.collect())
    }

    async fn settle(&self, id: &str, fate: Fate, at: Utc) -> Result<(), InboxError> {
        let mut kept = self.0.lock().unwrap();
        kept.commit()?;
        let (entry, _) = kept.entry(id);
        assert_eq!(entry.fate, None, "{id} is settled twice");
        entry.standing = Standing::Settled;
        entry.fate = Some(fate);
        entry.settled_at = Some(at);
        Ok(())
    }

    async fn put_back(&self, id: &str, due: Utc) -> Result<(), InboxError> {
        let mut kept = self.0.lock().unwrap();
        kept.commit()?;
        let (entry, was) = kept.entry(id);
        entry.standing = Standing::Waiting;
        *was = due;
        Ok(())
    }

    async fn begin_work(&self) -> Result<(), InboxError> {
        for (entry, _) in &mut self.0.lock().unwrap().entries {
            if entry.standing == Standing::Taken {
                entry.standing = Standing::Waiting;
            }
        }
        Ok(())
    }

    async fn entries(&self, _: Option<&str>, most: usize) -> Result<Vec<Entry>, InboxError> {
        let mut all = self.all();
        all.reverse();
        all.truncate(most);
        Ok(all)
    }

    async fn entry(&self, id: &str) -> Result<Option<Entry>, InboxError> {
        Ok(self.all().into_iter().find(|entry| entry.id == id))
    }

    async fn counts(&self) -> Result<Counts, InboxError> {
        let all = self.all();
        let of = |standing| all.iter().filter(|each| each.standing == standing).count() as u64;
        Ok(Counts {
            waiting: of(Standing::Waiting),
            taken: of(Standing::Taken),
            settled: of(Standing::Settled),
            oldest_waiting: None,
        })
    }

    async fn cursor(&self, name: &str) -> Result<Option<String>, InboxError> {
        Ok(self.0.lock().unwrap().cursors.get(name).cloned())
    }

    async fn forget_before(&self, _: Utc) -> Result<u64, InboxError> {
        Ok(0)
    }
}

#[derive(Default)]
struct OnTheDesk {
    proposals: Vec<Proposal>,
    watches: Vec<Watch>,
    automatic: Vec<(String, RunId, Utc)>,
    frozen: Option<Frozen>,
    audited: Vec<Audited>,
}

/// Proposals, caps, the freeze. Nobody signs in here.
#[derive(Default)]
pub(super) struct MemoryDesk(Mutex<OnTheDesk>);

#[async_trait]
impl Desk for MemoryDesk {
    async fn propose(&self, proposal: &Proposal) -> Result<bool, FileError> {
        let mut desk = self.0.lock().unwrap();
        match desk
            .proposals
            .iter_mut()
            .find(|one| one.run == proposal.run)
        {
            Some(one) if one.state == ProposalState::Waiting && one.decisions.is_empty() => {
                *one = proposal.clone();
            }
            Some(_) => return Ok(false),
            None => desk.proposals.push(proposal.clone()),
        }
        Ok(true)
    }

    async fn proposals(
        &self,
        state: Option<ProposalState>,
        most: usize,
    ) -> Result<Vec<Proposal>, FileError> {
        let desk = self.0.lock().unwrap();
        let of = desk.proposals.iter().rev();
        let of = of.filter(|one| state.is_none_or(|state| one.state == state));
        Ok(of.take(most).cloned().collect())
    }

    async fn proposal(&self, run: &RunId) -> Result<Option<Proposal>, FileError> {
        let desk = self.0.lock().unwrap();
        Ok(desk.proposals.iter().find(|one| one.run == *run).cloned())
    }

    async fn decide(&self, run: &RunId, decision: &Decision) -> Result<bool, FileError> {
        let mut desk = self.0.lock().unwrap();
        let Some(one) = desk.proposals.iter_mut().find(|one| one.run == *run) else {
            return Ok(false);
        };
        let again = one.decisions.iter().any(|each| each.by == decision.by);
        if one.state != ProposalState::Waiting || again {
            return Ok(false);
        }
        one.decisions.push(decision.clone());
        if !decision.approve {
            one.state = ProposalState::Denied;
        }
        Ok(true)
    }

    async fn move_proposal(
        &self,
        run: &RunId,
        from: ProposalState,
        to: ProposalState,
    ) -> Result<bool, FileError> {
        let mut desk = self.0.lock().unwrap();
        let mut of = desk.proposals.iter_mut();
        let Some(one) = of.find(|one| one.run == *run && one.state == from) else {
            return Ok(false);
        };
        one.state = to;
        Ok(true)
    }

    async fn count_automatic(
        &self,
        source: &str,
        run: &RunId,
        at: Utc,
        since: Utc,
        most: u64,
    ) -> Result<bool, FileError> {
        let mut desk = self.0.lock().unwrap();
        let of = |desk: &OnTheDesk, pick: &dyn Fn(&RunId, Utc) -> bool| {
            let all = desk.automatic.iter();
            all.filter(|(known, run, at)| known == source && pick(run, *at))
                .count() as u64
        };
        if of(&desk, &|known, _| known == run) > 0 {
            return Ok(true);
        }
        if of(&desk, &|_, at| at >= since) >= most {
            return Ok(false);
        }
        desk.automatic.push((source.to_owned(), run.clone(), at));
        Ok(true)
    }

    async fn clear_automatic(&self, source: Option<&str>) -> Result<(), FileError> {
        let mut desk = self.0.lock().unwrap();
        let keep = |known: &str| source.is_some_and(|source| source != known);
        desk.automatic.retain(|(known, _, _)| keep(known));
        Ok(())
    }

    async fn set_frozen(&self, frozen: Option<&Frozen>) -> Result<(), FileError> {
        self.0.lock().unwrap().frozen = frozen.cloned();
        Ok(())
    }

    async fn frozen(&self) -> Result<Option<Frozen>, FileError> {
        Ok(self.0.lock().unwrap().frozen.clone())
    }

    async fn add_token(&self, _: &Token) -> Result<(), FileError> {
        unreachable!("nobody signs in here")
    }

    async fn tokens(&self) -> Result<Vec<Token>, FileError> {
        unreachable!("nobody signs in here")
    }

    async fn token(&self, _: &str) -> Result<Option<Token>, FileError> {
        unreachable!("nobody signs in here")
    }

    async fn revoke_token(&self, _: &str, _: Utc) -> Result<bool, FileError> {
        unreachable!("nobody signs in here")
    }

    async fn token_used(&self, _: &str, _: Utc) -> Result<(), FileError> {
        unreachable!("nobody signs in here")
    }

    async fn open_session(&self, _: &Session) -> Result<(), FileError> {
        unreachable!("nobody signs in here")
    }

    async fn session(&self, _: &str) -> Result<Option<Session>, FileError> {
        unreachable!("nobody signs in here")
    }

    async fn end_session(&self, _: &str) -> Result<(), FileError> {
        unreachable!("nobody signs in here")
    }

    async fn keep_watch(&self, watch: &Watch) -> Result<(), FileError> {
        let mut desk = self.0.lock().unwrap();
        desk.watches.retain(|one| one.run != watch.run);
        desk.watches.push(watch.clone());
        Ok(())
    }

    async fn watches(&self, state: WatchState, most: usize) -> Result<Vec<Watch>, FileError> {
        let desk = self.0.lock().unwrap();
        let of = desk.watches.iter().filter(|one| one.state == state);
        let mut of: Vec<Watch> = of.cloned().collect();
        of.sort_by_key(|one| one.next_at);
        of.truncate(most);
        Ok(of)
    }

    async fn watch(&self, run: &RunId) -> Result<Option<Watch>, FileError> {
        let desk = self.0.lock().unwrap();
        Ok(desk.watches.iter().find(|one| one.run == *run).cloned())
    }

    async fn audit(&self, entry: &Audited) -> Result<(), FileError> {
        self.0.lock().unwrap().audited.push(entry.clone());
        Ok(())
    }

    async fn audited(&self, most: usize) -> Result<Vec<Audited>, FileError> {
        let desk = self.0.lock().unwrap();
        Ok(desk.audited.iter().rev().take(most).cloned().collect())
    }
}
