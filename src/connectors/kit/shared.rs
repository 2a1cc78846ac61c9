//! The same read for many: sent once for all who ask for it within a moment.
//!
//! Each subject is planned again just before his step, and many of these reads are about no subject:
//! an account's roles, the policy in one of them, what we ourselves may do. Nobody is given an answer
//! that was asked for before he came: he may have written just before. A few subjects read for
//! themselves, without waiting.

use std::time::Duration;

use async_trait::async_trait;

use super::crowd::Crowd;
use super::gather::{Gather, Told};
use super::glance::Carrier;
use crate::transport::{Answer, CallError, Read, Reader};

/// How long the first waits for others.
pub(in crate::connectors) const MOMENT: Duration = Duration::from_millis(50);

/// Who waits for one answer.
const READERS_MAX: usize = 10_000;

/// Reads that wait to be sent.
pub(in crate::connectors) struct Shared {
    crowd: Crowd,
    reads: Gather<(), Result<Answer, CallError>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            crowd: Crowd::default(),
            reads: Gather::new(MOMENT, READERS_MAX),
        }
    }
}

impl Shared {
    /// Whether many are worked on, now that somebody is.
    pub(in crate::connectors) fn is_crowd(&self, now: Duration, whose: Option<&str>) -> bool {
        self.crowd.is_about(now, whose)
    }

    /// Sends a read for all who ask for the same within a moment.
    pub(in crate::connectors) async fn share(
        &self,
        reader: &Reader,
        read: &Read,
    ) -> Result<Answer, CallError> {
        let lane = format!("{} {}", lane_of(reader), read.key());
        let send = async |waiting: Vec<()>| {
            let answer = reader.send(read).await;
            Ok(vec![answer; waiting.len()])
        };
        match self.reads.ask(reader.clock(), &lane, (), send).await {
            Told::Answer(answer) => answer,
            Told::Alone | Told::Unknown => reader.send(read).await,
        }
    }
}

#[async_trait]
impl Carrier for Shared {
    async fn ask(&self, reader: &Reader, read: &Read) -> Result<Answer, CallError> {
        match self.is_crowd(reader.clock().elapsed(), None) {
            true => self.share(reader, read).await,
            false => reader.send(read).await,
        }
    }
}

/// Nobody shares with another rank or patience: who can wait must not make others wait.
pub(in crate::connectors) fn lane_of(reader: &Reader) -> String {
    format!("{:?} {:?}", reader.rank(), reader.patience())
}
