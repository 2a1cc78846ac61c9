//! Keeps the before-state as evidence, without making anybody wait for it.
//!
//! The reads leave together with the guards' reads. When the first write is about to leave,
//! what has answered is recorded and what has not is recorded as missing; late answers are
//! recorded as late. Above [`SUBJECTS_MAX`] subjects only the changes' own before-state is
//! kept: the quota belongs to containment then.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::connector::DirectorySystem;
use crate::ledger::Event;
use crate::model::{Subject, UserId};
use crate::transport::{Rank, Reader};

/// Above this many subjects no separate snapshot is taken.
const SUBJECTS_MAX: usize = 20;

type Part = (UserId, String);
type Answers = Arc<Mutex<BTreeMap<Part, Result<Value, String>>>>;

/// Reads under way.
#[derive(Default)]
pub struct Snapshot {
    asked: Vec<Part>,
    answers: Answers,
    reads: Vec<JoinHandle<()>>,
}

impl Snapshot {
    /// Starts reading.
    #[must_use]
    pub fn start(directory: &DirectorySystem, subjects: &[Subject]) -> Self {
        let mut snapshot = Self::default();
        if subjects.len() > SUBJECTS_MAX {
            return snapshot;
        }
        for subject in subjects {
            for part in directory.directory.snapshot_parts() {
                snapshot.read(directory, &subject.id, part);
            }
        }
        snapshot
    }

    fn read(&mut self, directory: &DirectorySystem, who: &UserId, part: &'static str) {
        let reader = Reader::new(directory.system.client.clone()).ranked(Rank::Evidence);
        let (directory, who) = (directory.directory.clone(), who.clone());
        let answers = Arc::clone(&self.answers);
        self.asked.push((who.clone(), part.to_owned()));
        self.reads.push(tokio::spawn(async move {
            let answer = directory.snapshot(&reader, &who, part).await;
            let mut answers = answers
                .lock()
                .expect("no code panics while it holds this lock");
            answers.insert((who, part.to_owned()), answer);
        }));
    }

    /// What is to be recorded before the first write: all that answered, and what had not.
    pub(super) fn before_the_first_write(&mut self) -> Vec<Event> {
        let mut answers = self
            .answers
            .lock()
            .expect("no code panics while it holds this lock");
        let asked = std::mem::take(&mut self.asked);
        asked
            .into_iter()
            .map(
                |(subject, part)| match answers.remove(&(subject.clone(), part.clone())) {
                    Some(Ok(value)) => Event::Captured {
                        subject,
                        part,
                        value,
                        late: false,
                    },
                    Some(Err(why)) => Event::NotCaptured { subject, part, why },
                    None => {
                        let why = "had not answered before the first write".to_owned();
                        self.asked.push((subject.clone(), part.clone()));
                        Event::NotCaptured { subject, part, why }
                    }
                },
            )
            .collect()
    }

    /// What came late; reads that are still under way are given up.
    pub(super) fn late(&mut self) -> Vec<Event> {
        for read in self.reads.drain(..) {
            read.abort();
        }
        let mut answers = self
            .answers
            .lock()
            .expect("no code panics while it holds this lock");
        std::mem::take(&mut *answers)
            .into_iter()
            .filter_map(|((subject, part), answer)| {
                answer.ok().map(|value| Event::Captured {
                    subject,
                    part,
                    value,
                    late: true,
                })
            })
            .collect()
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        for read in &self.reads {
            read.abort();
        }
    }
}
