//! `resetBulk`: one call for everybody whose turn comes within a moment.
//!
//! With hundreds of subjects tier 2 would take half an hour for resets one by one. Slack only queues
//! the bulk form: `accepted`, and each is proven by his own list. When it is refused, nothing tells
//! for whose sake: each is then reset alone.

use std::time::Duration;

use serde_json::json;

use super::super::kit::{Gather, Refused, Told, send};
use super::voice::VOICE;
use crate::model::{Change, Outcome, OutcomeKind};
use crate::transport::{Path, Write, Writer};

/// How long the first waits for others.
const GATHER: Duration = Duration::from_millis(250);

/// Members in one call at most. Source: `admin.users.session.resetBulk`.
const BULK_MAX: usize = 1_000;

/// Who waits to be reset.
pub(super) struct Bulk(Gather<String, Outcome>);

impl Default for Bulk {
    fn default() -> Self {
        Self(Gather::new(GATHER, BULK_MAX))
    }
}

impl Bulk {
    /// Resets the sessions of a change's member along with others', agreed to by the same consent;
    /// `None` if he is to be reset alone.
    pub(super) async fn reset(&self, w: &Writer<'_>, change: &Change) -> Option<Outcome> {
        let lane = w.consent().digest();
        let clock = w.reader().clock();
        let user = change.target.id.clone();
        let send = async |users| reset_all(w, change, users).await;
        match self.0.ask(clock, lane, user, send).await {
            Told::Answer(outcome) => Some(outcome),
            Told::Alone => None,
            Told::Unknown => Some(Outcome::bare(OutcomeKind::InDoubt {
                why: "the call that he was part of was given up".into(),
            })),
        }
    }
}

async fn reset_all(
    w: &Writer<'_>,
    change: &Change,
    users: Vec<String>,
) -> Result<Vec<Outcome>, Refused> {
    let path = Path::new("/admin.users.session.resetBulk");
    let write = Write::post(path).json(json!({ "user_ids": users }));
    let mut outcome = VOICE.outcome(change, send(w, &write).await, false);
    match outcome.kind {
        OutcomeKind::Failed { .. } => return Err(Refused),
        OutcomeKind::Done => outcome.kind = OutcomeKind::Accepted,
        _ => {}
    }
    Ok(vec![outcome; users.len()])
}
