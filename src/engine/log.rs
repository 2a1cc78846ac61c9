//! The directory's log, page by page, to whoever wants its events.
//!
//! One page is held at a time. An event that comes twice is given once: pages of what is still
//! being stored overlap. Reads stand behind everything that contains somebody.
//!
//! Does not look into events, and keeps none.

use std::time::Duration;

use serde_json::Value;

use crate::connector::{DirectorySystem, LogAsk, LogPage, Unheard};
use crate::evidence::{Event, Recent};
use crate::model::Utc;
use crate::transport::{Rank, Reader};

/// How long to wait after a page on which nothing new was: six of the sixty reads that a minute has.
const POLL: Duration = Duration::from_secs(10);

/// Pages that may fail one after the other while we follow, beyond what a read repeats itself.
const FAILURES_MAX: u32 = 5;

/// What was read of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogRead {
    /// Events given.
    pub events: usize,
    /// Copies of them that were not.
    pub copies: usize,
    /// When the latest of them was published.
    pub until: Option<Utc>,
}

/// Gives every event of `ask` to `take`, until it says that it wants no more. An `ask` without an
/// end is followed: it ends by `take` or by an error alone.
///
/// # Errors
/// Beside what was read so far, [`Unheard`], if the next page could not be.
pub async fn stream_log(
    directory: &DirectorySystem,
    ask: &LogAsk,
    take: impl FnMut(&Value) -> bool,
) -> (LogRead, Result<(), Unheard>) {
    stream_log_beside(directory, ask, &mut Recent::default(), take).await
}

/// The same, of what is not in `recent` yet.
///
/// # Errors
/// As of [`stream_log`].
pub async fn stream_log_beside(
    directory: &DirectorySystem,
    ask: &LogAsk,
    recent: &mut Recent,
    mut take: impl FnMut(&Value) -> bool,
) -> (LogRead, Result<(), Unheard>) {
    let reader = Reader::new(directory.system.client.clone()).ranked(Rank::Evidence);
    let follows = ask.until.is_none();
    let mut read = LogRead::default();
    let mut next: Option<String> = None;
    let mut failures = 0;
    loop {
        let page = directory.directory.log_page(&reader, ask, next.as_deref());
        let LogPage { events, next: link } = match page.await {
            Ok(page) => page,
            Err(Unheard::Network(_) | Unheard::Answer(_)) if follows && failures < FAILURES_MAX => {
                failures += 1;
                reader.clock().sleep(POLL).await;
                continue;
            }
            Err(unheard) => return (read, Err(unheard)),
        };
        failures = 0;
        let mut is_news = false;
        for event in &events {
            if !recent.is_new(Event(event).uuid()) {
                read.copies += 1;
                continue;
            }
            is_news = true;
            read.events += 1;
            read.until = read.until.max(Event(event).published());
            if !take(event) {
                return (read, Ok(()));
            }
        }
        match link {
            Some(link) if follows || next.as_deref() != Some(&link) => next = Some(link),
            Some(_) => {
                let why = "its next page of the log is the one before".into();
                return (read, Err(Unheard::Answer(why)));
            }
            None => return (read, Ok(())),
        }
        if follows && !is_news {
            reader.clock().sleep(POLL).await;
        }
    }
}

/// Reads the end of a bounded window again once it has settled: an event may take `settle` until it
/// can be read, so nothing is awaited after the window's end and that; what was published up to so
/// long before the first read `began` may have been missing in it. Gives what is not in `recent`.
///
/// A window that had settled before it was read, and an `ask` without an end, are not read again.
///
/// # Errors
/// As of [`stream_log`].
pub async fn settle_log(
    directory: &DirectorySystem,
    ask: &LogAsk,
    began: Utc,
    settle: Duration,
    recent: &mut Recent,
    take: impl FnMut(&Value) -> bool,
) -> (LogRead, Result<(), Unheard>) {
    let settled = ask.until.map(|until| until.plus(settle));
    let Some(settled) = settled.filter(|settled| *settled > began) else {
        return (LogRead::default(), Ok(()));
    };
    let reader = Reader::new(directory.system.client.clone());
    let left = settled.since(reader.clock().now());
    reader.clock().sleep(left).await;
    let end = LogAsk {
        since: ask.since.max(began.minus(settle)),
        ..ask.clone()
    };
    stream_log_beside(directory, &end, recent, take).await
}
