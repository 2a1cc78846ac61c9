//! When each session was last used. In memory alone: after a restart whoever has not just signed in
//! signs in again, which costs him a moment and spares the desk a write a click.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::model::Utc;

/// Sessions that are remembered.
const MOST: usize = 4096;

/// When each session was last used, by its hash.
#[derive(Debug, Default)]
pub(in crate::server) struct Seen(Mutex<HashMap<String, Utc>>);

impl Seen {
    /// It is used now. Of too many the longest unused is forgotten.
    pub(super) fn note(&self, session: &str, at: Utc) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST
            && !all.contains_key(session)
            && let Some(oldest) = all.iter().min_by_key(|(_, at)| **at)
        {
            let oldest = oldest.0.clone();
            all.remove(&oldest);
        }
        all.insert(session.to_owned(), at);
    }

    /// When it was last used, as far as this process knows.
    pub(super) fn last(&self, session: &str) -> Option<Utc> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(session).copied()
    }

    /// It is over.
    pub(in crate::server) fn forget(&self, session: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(session);
    }
}
