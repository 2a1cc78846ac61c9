//! Watches a run that is over: is it still so, and if not, who undid it?
//!
//! One [`look`] reads what the run left: every proven change, new things of the same selectors,
//! signs of life, and who locked or let in. What it finds is in the run's own records before
//! anybody is told, so that report, verdict and `runs resume` know it. A look keeps nothing in
//! memory: whoever comes after a crash, or a week later, goes on from the ledger.
//!
//! [`contain_again`] carries the same plan out once more, with a consent that was given
//! beforehand. When to look next is [`pause`]'s to say; whose turn it is, how often to contain
//! again and whom to tell is the caller's.
//!
//! Never fights a release: a run that was given back, by whichever of our commands, is watched no
//! more, and the ledger is asked that right before anything is written.

mod again;
mod keeper;
mod look;
mod news;
mod pace;
mod targets;

pub use again::{contain_again, gave_up, watched};
pub use keeper::{Contained, Keeper, Progress, Turn};
pub use look::{Look, look};
pub use news::{News, NewsKind};
pub use pace::{CALLS_AN_HOUR, pause};

use super::run::{RunError, Tools};
use crate::consent::ConsentError;
use crate::ledger::{RunState, StoreError};
use crate::model::RunId;

/// Why a run is not watched, or not any more.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// There is none.
    #[error("there is no run {0}")]
    NoSuchRun(RunId),
    /// It gives back.
    #[error("run {run} is a release: it gives {gives_back} back, and there is nothing to hold")]
    IsRelease {
        /// Which.
        run: RunId,
        /// What it gives back.
        gives_back: RunId,
    },
    /// It wrote nothing.
    #[error("run {0} wrote nothing: there is nothing of it to watch")]
    NeverWrote(RunId),
    /// It is not over.
    #[error("run {0} is not over")]
    Open(RunId),
    /// It was given back.
    #[error("run {run} was given back by {by}: watching it would fight that")]
    Released {
        /// Which.
        run: RunId,
        /// By which run, or by whom.
        by: String,
    },
    /// A release of it is under way.
    #[error("run {run} is being given back by {by}")]
    BeingReleased {
        /// Which.
        run: RunId,
        /// By which run.
        by: RunId,
    },
    /// What was agreed to does not cover containing again now.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// The ledger refused, or the run could not go on.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl From<StoreError> for WatchError {
    fn from(error: StoreError) -> Self {
        Self::Run(RunError::Store(error))
    }
}

impl WatchError {
    /// The operator's next step, in one sentence.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoSuchRun(_) => "oust runs list names them all".into(),
            Self::IsRelease { gives_back, .. } => {
                format!("oust runs show {gives_back} shows what was contained")
            }
            Self::NeverWrote(_) => "contain first: oust contain, or oust runs resume".into(),
            Self::Open(run) => format!("finish it first: oust runs resume {run}"),
            Self::Released { .. } => {
                "if he has to be thrown out again: oust contain makes a new run".into()
            }
            Self::BeingReleased { by, .. } => format!("see how that goes: oust runs show {by}"),
            Self::Consent(_) => "agree anew: oust watch, or oust runs resume".into(),
            Self::Run(_) => String::new(),
        }
    }
}

/// The run as it stands, if it may be watched.
///
/// # Errors
/// [`WatchError`] says why not, and what to do.
pub async fn watchable(tools: &Tools, run: &RunId) -> Result<RunState, WatchError> {
    let state = tools.store.state(run).await?;
    let Some(plan) = &state.plan else {
        return Err(WatchError::NoSuchRun(run.clone()));
    };
    tools.store.bind_org(&plan.org_id).await?;
    if let Some(gives_back) = &plan.gives_back {
        let (run, gives_back) = (run.clone(), gives_back.clone());
        return Err(WatchError::IsRelease { run, gives_back });
    }
    if !state.wrote() {
        return Err(WatchError::NeverWrote(run.clone()));
    }
    not_released(tools, run).await?;
    if state.verdict.is_none() {
        return Err(WatchError::Open(run.clone()));
    }
    Ok(state)
}

/// That nobody gave it back, or is about to.
///
/// # Errors
/// [`WatchError::Released`], [`WatchError::BeingReleased`], or the ledger's.
pub(super) async fn not_released(tools: &Tools, run: &RunId) -> Result<(), WatchError> {
    let rows = tools.store.runs().await?;
    let mut releases = rows
        .into_iter()
        .filter(|row| row.gives_back.as_ref() == Some(run));
    match releases.find(|row| row.wrote || row.closed_at.is_none()) {
        Some(row) if row.closed_at.is_none() => Err(WatchError::BeingReleased {
            run: run.clone(),
            by: row.id,
        }),
        Some(row) => Err(WatchError::Released {
            run: run.clone(),
            by: format!("run {}", row.id),
        }),
        None => Ok(()),
    }
}
