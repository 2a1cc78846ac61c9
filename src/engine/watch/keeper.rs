//! Round by round: look, and contain again what came back as long as that is agreed to.
//!
//! Decides; prints nothing and tells nobody. All that a keeper remembers is small and may be kept
//! in a table: whoever restarts goes on with [`Progress`] and the ledger.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::super::recorder::Observer;
use super::super::run::{Ended, Tools};
use super::{Look, News, WatchError, contain_again, gave_up, look, pause};
use crate::consent::Again;
use crate::ledger::RunState;
use crate::model::{Finding, RunId, Verdict};

/// News that are remembered for the last word at most; all of them are in the ledger.
const REMEMBERED: usize = 50;

/// How far a watch has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Looks so far.
    pub looks: u32,
    /// Looks since the last news.
    pub quiet: u32,
    /// How often it was contained again.
    pub rounds: u32,
    /// Something came back and is not contained again.
    pub is_open: bool,
}

/// What one turn came to.
#[derive(Clone, Debug)]
pub enum Turn {
    /// It holds, as far as this look shows.
    Quiet(Look),
    /// Something came back, and nobody agreed to contain it again.
    Back(Look),
    /// What came back is to be contained again: [`Keeper::contain`].
    Due(Look),
    /// It came back once too often.
    GaveUp(Look, Finding),
    /// The run was given back, by whom: the watch is over.
    Released(String),
    /// Nobody could look now: the ledger, or another process at work on the run.
    Waits(String),
}

/// What containing again came to.
#[derive(Clone, Debug)]
pub enum Contained {
    /// With this verdict, and the run as it stands.
    Closed(Verdict, Box<RunState>),
    /// Its person stopped it in its midst; the run is open.
    Stopped,
    /// The run was given back meanwhile: the watch is over.
    Released(String),
    /// It could not begin, and is tried again; no round was used up.
    NotBegun(String),
}

/// Keeps one watch.
pub struct Keeper {
    /// Which run.
    pub run: RunId,
    /// How far it has come.
    pub progress: Progress,
    /// What came back so far, the last of it.
    pub news: Vec<News>,
    agreed: Option<Again>,
    pause: Duration,
}

impl Keeper {
    /// A keeper who goes on from `progress`; without `agreed` he only tells.
    #[must_use]
    pub fn new(run: RunId, progress: Progress, agreed: Option<Again>) -> Self {
        Self {
            run,
            progress,
            news: Vec::new(),
            agreed,
            pause: Duration::ZERO,
        }
    }

    /// Rounds that are left; `None` where nobody agreed to any.
    #[must_use]
    pub fn left(&self) -> Option<u32> {
        self.agreed.as_ref().map(Again::left)
    }

    /// How long to wait until the next turn.
    #[must_use]
    pub fn pause(&self) -> Duration {
        self.pause
    }

    /// Looks once, and says what follows.
    pub async fn turn(&mut self, tools: &Tools) -> Turn {
        let look = match look(tools, &self.run).await {
            Ok(look) => look,
            Err(WatchError::Released { by, .. }) => return Turn::Released(by),
            Err(why) => {
                self.pause = pause(self.progress.quiet, 0);
                return Turn::Waits(why.to_string());
            }
        };
        let came_back = look.news.iter().any(News::is_open);
        self.progress.looks = self.progress.looks.saturating_add(1);
        self.progress.is_open |= came_back;
        self.progress.quiet = match came_back {
            true => 0,
            false => self.progress.quiet.saturating_add(1),
        };
        self.pause = pause(self.progress.quiet, look.calls);
        self.remember(&look.news);
        // Somebody else may have contained it meanwhile.
        if !came_back && look.verdict() == Verdict::Contained {
            self.progress.is_open = false;
        }
        match (self.progress.is_open, self.left()) {
            (false, _) => Turn::Quiet(look),
            (true, None) if came_back => Turn::Back(look),
            (true, None) => Turn::Quiet(look),
            (true, Some(0)) => {
                let rounds = self.progress.rounds;
                match gave_up(tools, &self.run, rounds, &self.news).await {
                    Ok(finding) => Turn::GaveUp(look, finding),
                    Err(why) => Turn::Waits(why.to_string()),
                }
            }
            (true, Some(_)) => Turn::Due(look),
        }
    }

    /// Contains again what came back.
    pub async fn contain(
        &mut self,
        tools: &Tools,
        observer: Arc<dyn Observer>,
        stop: watch::Receiver<bool>,
    ) -> Contained {
        let Some(agreed) = &mut self.agreed else {
            return Contained::NotBegun("nobody agreed to it".into());
        };
        match contain_again(tools, &self.run, agreed, observer, stop).await {
            Ok((ended, state)) => {
                self.progress.rounds = self.progress.rounds.saturating_add(1);
                self.progress.quiet = 0;
                match ended {
                    Ended::Stopped => Contained::Stopped,
                    Ended::Closed(verdict) => {
                        self.progress.is_open = verdict != Verdict::Contained;
                        Contained::Closed(verdict, Box::new(state))
                    }
                }
            }
            Err(WatchError::Released { by, .. }) => Contained::Released(by),
            Err(why) => Contained::NotBegun(why.to_string()),
        }
    }

    fn remember(&mut self, news: &[News]) {
        self.news.extend(news.iter().cloned());
        let surplus = self.news.len().saturating_sub(REMEMBERED);
        self.news.drain(..surplus);
    }
}
