//! `oust runs stats`: how long runs took, over the ledger's closed containments.
//!
//! Reads one run's records at a time and keeps a few numbers of each. Needs no config; a server's
//! numbers are those of its ledger, asked on its machine.

use jiff::tz::TimeZone;

use super::args::{Global, Output, StatsArgs};
use super::carry::store_failed;
use super::exit::{Exit, Failure};
use super::setup::ledger_only;
use super::{print, show, when};
use crate::given::{Clock, SystemClock};
use crate::ledger::{Archive, Event, Record, RunRow, RunState, StoreError};
use crate::model::{Utc, Verdict};
use crate::report::{Counting, Report, Stats};

/// Counts, and shows it.
///
/// # Errors
/// [`Failure`] if `--since` is no time, or the ledger cannot be read.
pub(super) async fn stats(global: &Global, args: &StatsArgs) -> Result<Exit, Failure> {
    let now = SystemClock::new().now();
    let since = args.since.as_ref();
    let since = since.map(|text| when::moment(text, now, &TimeZone::system()));
    let since = since.transpose().map_err(|why| {
        let hint = "write 90d, 2026-03-10 13:30 or RFC 3339";
        Failure::say(Exit::Usage, format!("--since: {why}"), hint)
    })?;
    let archive = ledger_only(global)?;
    let counted = counted(&*archive, since, args.playbook.as_deref()).await?;
    match global.output {
        Output::Json => {
            let text = serde_json::to_string(&counted);
            print(&text.expect("numbers always serialise"));
        }
        Output::Human => print(&show::stats(global, &counted)),
    }
    Ok(Exit::Good)
}

async fn counted(
    archive: &dyn Archive,
    since: Option<Utc>,
    playbook: Option<&str>,
) -> Result<Stats, Failure> {
    let mut counting = Counting::new(since, playbook.map(str::to_owned));
    let is_asked = |row: &RunRow| {
        since.is_none_or(|since| row.opened_at >= since)
            && playbook.is_none_or(|name| row.playbook == name)
    };
    let runs = archive.runs().await.map_err(store_failed)?;
    for row in runs.into_iter().filter(is_asked) {
        if row.gives_back.is_some() {
            counting.left_out().releases += 1;
            continue;
        }
        if row.closed_at.is_none() {
            counting.left_out().unfinished += 1;
            continue;
        }
        match archive.records(&row.id).await {
            Ok(records) => counting.take(&counts_as(&records, archive.is_recorded())),
            Err(StoreError::Purged { .. }) => counting.left_out().purged += 1,
            Err(error) => return Err(store_failed(error)),
        }
    }
    Ok(counting.done())
}

/// The report of a run with the times of its first containment: what a watch or a person did about it
/// later is no time to contain. The verdict is what it is now.
fn counts_as(records: &[Record], recorded: bool) -> Report {
    let contained = |record: &Record| matches!(&record.event, Event::Closed { verdict, .. } if *verdict == Verdict::Contained);
    let now = show::report(&RunState::of(records), recorded);
    match records.iter().position(contained) {
        Some(first) if first + 1 < records.len() => Report {
            timings: show::report(&RunState::of(&records[..=first]), recorded).timings,
            ..now
        },
        _ => now,
    }
}
