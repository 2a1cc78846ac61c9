//! What the store in memory has committed, and how commits change it.
//!
//! The counterpart of the SQLite store's tables: the same questions, the same answers.

use std::collections::{BTreeMap, BTreeSet};

use super::PLACE;
use crate::ledger::archive::{Exported, Purged};
use crate::ledger::chain::{self, GENESIS, Hash, Link};
use crate::ledger::draft::{Draft, Title, Turn, event_of};
use crate::ledger::fence::{self, Appended};
use crate::ledger::{Head, Record, RunRow, StoreError};
use crate::model::{Plan, RunId, UserId, Utc, hex};

/// What has been committed: all that outlives a crash.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    org: Option<String>,
    links: Vec<Link>,
    runs: BTreeMap<RunId, Row>,
    claims: BTreeMap<UserId, RunId>,
    plans: BTreeMap<String, Plan>,
}

#[derive(Clone, Debug)]
struct Row {
    row: RunRow,
    subjects: Vec<UserId>,
    /// Stays when the subjects are forgotten.
    count: u64,
    /// Where its records are in `links`.
    places: Vec<usize>,
    purged: bool,
    epoch: u64,
    contains: bool,
    agreed_at: Option<Utc>,
}

impl Disk {
    /// Begins a run: its row, its claims, its records.
    pub(super) fn open_run(&mut self, title: Title, draft: &Draft) -> Result<Appended, StoreError> {
        if title.contains {
            self.make_releases_give_way(&title.subjects);
        }
        self.refuse_if_held(&title.subjects, None)?;
        let run = &draft.run;
        if self.runs.contains_key(run) {
            return Err(StoreError::Exists { run: run.clone() });
        }
        let row = RunRow {
            id: run.clone(),
            opened_at: title.opened_at,
            closed_at: None,
            verdict: None,
            subjects: title.logins,
            playbook: title.playbook,
            wrote: false,
            gives_back: title.gives_back,
        };
        self.claim(run, &title.subjects);
        let row = Row {
            row,
            count: title.subjects.len() as u64,
            subjects: title.subjects,
            places: Vec::new(),
            purged: false,
            epoch: fence::FIRST,
            contains: title.contains,
            agreed_at: None,
        };
        self.runs.insert(run.clone(), row);
        let epoch = fence::FIRST;
        let head = self.add(draft);
        Ok(Appended { head, epoch })
    }

    /// Appends to a run that was opened.
    pub(super) fn append(&mut self, draft: &Draft) -> Result<Appended, StoreError> {
        let run = draft.run.clone();
        let Some(row) = self.runs.get(&run) else {
            return Err(StoreError::NoRun { run });
        };
        if row.purged {
            return Err(StoreError::Purged { run });
        }
        let epoch = fence::admit(draft, row.epoch)?;
        let (contains, subjects) = (row.contains, row.subjects.clone());
        if draft.turns.contains(&Turn::Reopened) {
            if contains {
                self.make_releases_give_way(&subjects);
            }
            self.refuse_if_held(&subjects, Some(&run))?;
        }
        if let Some(row) = self.runs.get_mut(&run) {
            row.epoch = epoch;
        }
        let head = self.add(draft);
        Ok(Appended { head, epoch })
    }

    /// Throwing somebody out waits for nobody who lets him in: a release that holds one of them
    /// loses him, and whoever still works on it records nothing more, so that it stops.
    fn make_releases_give_way(&mut self, subjects: &[UserId]) {
        for subject in subjects {
            let Some(run) = self.claims.get(subject) else {
                continue;
            };
            let Some(row) = self.runs.get_mut(run) else {
                continue;
            };
            if row.row.gives_back.is_some() {
                row.epoch += 1;
                self.claims.remove(subject);
            }
        }
    }

    fn add(&mut self, draft: &Draft) -> Head {
        let run = draft.run.clone();
        for turn in &draft.turns {
            self.take_turn(draft, turn);
        }
        let (mut seq, mut hash) = self.end();
        for mut body in draft.bodies() {
            seq += 1;
            hash = chain::link_hash(&hash, seq, &run, body.at, &body.hash);
            body.text.shrink_to_fit();
            let place = self.links.len();
            self.links.push(Link {
                seq,
                run: run.clone(),
                at: body.at,
                body: Some(body.text),
                body_hash: body.hash,
                hash,
            });
            if let Some(row) = self.runs.get_mut(&run) {
                row.places.push(place);
            }
        }
        chain::head(seq, &hash)
    }

    /// Where the chain stands.
    pub(super) fn head(&self) -> Head {
        let (seq, hash) = self.end();
        chain::head(seq, &hash)
    }

    /// The whole chain.
    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    /// All runs, the newest first.
    pub(super) fn runs(&self) -> Vec<RunRow> {
        let mut runs: Vec<RunRow> = self.runs.values().map(|row| row.row.clone()).collect();
        runs.sort_by(|a, b| (b.opened_at, &b.id).cmp(&(a.opened_at, &a.id)));
        runs
    }

    /// Keeps a plan by its phrase, unless a newer one has it.
    pub(super) fn save_plan(&mut self, plan: &Plan) {
        let phrase = plan.phrase();
        let kept = self.plans.get(&phrase);
        if kept.is_none_or(|kept| plan.made_at >= kept.made_at) {
            self.plans.insert(phrase, plan.clone());
        }
    }

    /// The newest plan that would be this run.
    pub(super) fn plan_of_run(&self, run: &RunId) -> Option<&Plan> {
        let plans = self.plans.values().filter(|plan| plan.run == *run);
        plans.max_by_key(|plan| plan.made_at)
    }

    /// The plan of a phrase.
    pub(super) fn plan(&self, phrase: &str) -> Option<&Plan> {
        self.plans.get(phrase)
    }

    /// Whether it belongs to `ours`; not yet, if it was never bound.
    pub(super) fn belongs_to(&self, ours: &str) -> Result<bool, StoreError> {
        match &self.org {
            Some(theirs) if theirs != ours => Err(StoreError::OtherOrg {
                theirs: theirs.clone(),
                ours: ours.to_owned(),
            }),
            bound => Ok(bound.is_some()),
        }
    }

    /// Binds it.
    pub(super) fn bind_org(&mut self, ours: &str) {
        self.org = Some(ours.to_owned());
    }

    /// The subjects of `contain` runs agreed to since then, each run's counted.
    pub(super) fn subjects_since(&self, since: Utc) -> u64 {
        let recent = self.runs.values();
        let recent = recent.filter(|row| row.contains && row.agreed_at >= Some(since));
        recent.map(|row| row.count).sum()
    }

    fn take_turn(&mut self, draft: &Draft, turn: &Turn) {
        let Some(row) = self.runs.get_mut(&draft.run) else {
            return;
        };
        match turn {
            Turn::Agreed { at } => row.agreed_at = row.agreed_at.or(Some(*at)),
            Turn::Wrote => row.row.wrote = true,
            Turn::Closed { verdict, at } => {
                row.row.closed_at = Some(*at);
                row.row.verdict = Some((*verdict).to_owned());
                self.claims.retain(|_, holder| *holder != draft.run);
            }
            Turn::Judged { verdict } => {
                let word = row.row.closed_at.map(|_| (*verdict).to_owned());
                row.row.verdict = word.or(row.row.verdict.take());
            }
            Turn::Reopened => {
                row.row.closed_at = None;
                row.row.verdict = None;
                let subjects = row.subjects.clone();
                self.claim(&draft.run, &subjects);
            }
        }
    }

    fn refuse_if_held(&self, subjects: &[UserId], mine: Option<&RunId>) -> Result<(), StoreError> {
        for subject in subjects {
            if let Some(run) = self.claims.get(subject).filter(|run| Some(*run) != mine) {
                let (run, subject) = (run.clone(), subject.clone());
                return Err(StoreError::Busy { run, subject });
            }
        }
        Ok(())
    }

    fn claim(&mut self, run: &RunId, subjects: &[UserId]) {
        for subject in subjects {
            self.claims.insert(subject.clone(), run.clone());
        }
    }

    fn end(&self) -> (u64, Hash) {
        self.links
            .last()
            .map_or((0, GENESIS), |last| (last.seq, last.hash))
    }

    fn links_of(&self, run: &RunId) -> impl Iterator<Item = (usize, &Link)> {
        let places = self.runs.get(run).map(|row| &row.places[..]);
        let places = places.unwrap_or_default().iter();
        places.filter_map(|place| self.links.get(*place).map(|link| (*place, link)))
    }

    /// One run's records with their events.
    pub(super) fn records(&self, run: &RunId) -> Result<Vec<Record>, StoreError> {
        if self.runs.get(run).is_some_and(|row| row.purged) {
            return Err(StoreError::Purged { run: run.clone() });
        }
        let records = self.links_of(run).map(|(_, link)| record_of(link));
        records.collect()
    }

    /// One run's records with all that their hashes are made of.
    pub(super) fn export(&self, run: &RunId) -> Vec<Exported> {
        let before = |place: usize| place.checked_sub(1).and_then(|at| self.links.get(at));
        self.links_of(run)
            .map(|(place, link)| {
                let prev = before(place).map_or(GENESIS, |link| link.hash);
                Exported::of(link.clone(), &prev)
            })
            .collect()
    }

    /// Empties the records of runs that closed before `before`; each gets a record that says so.
    pub(super) fn purge(&mut self, before: Utc, at: Utc) -> Purged {
        let old = |row: &&Row| !row.purged && row.row.closed_at.is_some_and(|at| at < before);
        let mut runs: Vec<(Utc, RunId)> = self
            .runs
            .values()
            .filter(old)
            .map(|row| (row.row.opened_at, row.row.id.clone()))
            .collect();
        runs.sort();
        let mut purged = Purged::default();
        for (_, run) in runs {
            let emptied = self.empty(&run);
            let note = chain::purge_note(emptied, before, at);
            self.add(&Draft::of(&run, None, vec![note]));
            if let Some(row) = self.runs.get_mut(&run) {
                row.purged = true;
                row.subjects.clear();
                row.row.subjects.clear();
            }
            purged.records += emptied;
            purged.runs.push(run);
        }
        let stored = self.plans.len();
        self.plans.retain(|_, plan| plan.made_at >= before);
        purged.plans = (stored - self.plans.len()) as u64;
        purged
    }

    fn empty(&mut self, run: &RunId) -> u64 {
        let places: BTreeSet<usize> = self.links_of(run).map(|(place, _)| place).collect();
        let mut emptied = 0;
        for place in places {
            emptied += u64::from(self.links[place].body.take().is_some());
        }
        emptied
    }
}

/// A record with its event.
pub(in crate::ledger) fn record_of(link: &Link) -> Result<Record, StoreError> {
    let text = link.body.as_deref().unwrap_or_default();
    Ok(Record {
        seq: link.seq,
        run: link.run.clone(),
        at: link.at,
        event: event_of(text, PLACE, link.seq)?,
        hash: hex(&link.hash),
    })
}
