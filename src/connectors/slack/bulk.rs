//! `resetBulk`: one call for everybody whose turn comes within a moment.
//!
//! Each subject is contained on his own, so that their resets come one by one; with hundreds of
//! them tier 2 would take half an hour. Whoever comes first waits a moment, then sends for all
//! that came meanwhile, and everybody gets the answer. Slack only queues it: `accepted`, and each
//! is proven by his own list.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::{Either, select};
use serde_json::json;
use tokio::sync::watch;

use super::super::kit::send;
use super::voice::VOICE;
use crate::model::{Change, Outcome, OutcomeKind};
use crate::transport::{Path, Write, Writer};

/// How long the first waits for others.
const GATHER: Duration = Duration::from_millis(250);

/// How long anybody waits for the first one's answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Members in one call at most. Source: `admin.users.session.resetBulk`.
const BULK_MAX: usize = 1_000;

/// Who waits to be sent.
#[derive(Default)]
pub(super) struct Bulk {
    open: Mutex<Option<Arc<Round>>>,
}

/// Members that one call stands for.
struct Round {
    users: Mutex<Vec<String>>,
    answered: watch::Sender<Option<Outcome>>,
}

impl Bulk {
    /// Resets the sessions of a change's member along with others'.
    pub(super) async fn reset(&self, w: &Writer<'_>, change: &Change) -> Outcome {
        let (round, is_first) = self.join(&change.target.id);
        if is_first {
            w.reader().clock().sleep(GATHER).await;
            let outcome = self.send(w, change, &round).await;
            round.answered.send_replace(Some(outcome.clone()));
            return outcome;
        }
        let mut answered = round.answered.subscribe();
        // The first outlives its round: this one holds it, too, and he always answers.
        let patience = w.reader().clock().sleep(PATIENCE);
        let told = answered.wait_for(Option::is_some);
        match select(Box::pin(told), patience).await {
            Either::Left((Ok(told), _)) => told.clone(),
            _ => None,
        }
        .unwrap_or_else(|| {
            Outcome::bare(OutcomeKind::InDoubt {
                why: "the call that he was part of was given up".into(),
            })
        })
    }

    /// Joins the round that is open, or opens one, which its first member then sends.
    fn join(&self, user: &str) -> (Arc<Round>, bool) {
        let mut open = self
            .open
            .lock()
            .expect("no code panics while it holds this lock");
        if let Some(round) = &*open {
            let mut users = round.users();
            if users.len() < BULK_MAX {
                users.push(user.to_owned());
                return (Arc::clone(round), false);
            }
        }
        let round = Arc::new(Round {
            users: Mutex::new(vec![user.to_owned()]),
            answered: watch::Sender::new(None),
        });
        *open = Some(Arc::clone(&round));
        (round, true)
    }

    async fn send(&self, w: &Writer<'_>, change: &Change, round: &Arc<Round>) -> Outcome {
        self.close(round);
        let users = round.users().clone();
        let path = Path::new("/admin.users.session.resetBulk");
        let write = Write::post(path).json(json!({ "user_ids": users }));
        let mut outcome = VOICE.outcome(change, send(w, &write).await, false);
        if outcome.kind == OutcomeKind::Done {
            outcome.kind = OutcomeKind::Accepted;
        }
        outcome
    }

    /// Nobody joins this round any more.
    fn close(&self, round: &Arc<Round>) {
        let mut open = self
            .open
            .lock()
            .expect("no code panics while it holds this lock");
        open.take_if(|each| Arc::ptr_eq(each, round));
    }
}

impl Round {
    fn users(&self) -> MutexGuard<'_, Vec<String>> {
        self.users
            .lock()
            .expect("no code panics while it holds this lock")
    }
}
