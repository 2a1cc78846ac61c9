//! Somebody who takes what is handed over, and remembers it.

use std::sync::Mutex;

use oust::transport::{Handed, Handover};

#[derive(Default)]
pub(crate) struct Hands(Mutex<Vec<Handed>>);

impl Hands {
    /// All that was handed over so far.
    pub(crate) fn all(&self) -> Vec<Handed> {
        self.0.lock().unwrap().clone()
    }
}

impl Handover for Hands {
    fn take(&self, handed: Handed) {
        self.0.lock().unwrap().push(handed);
    }
}
