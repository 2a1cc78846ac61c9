//! What is counted, and how it is read: `/metrics` in the format of Prometheus.
//!
//! Labels are ours (names of configured sources, statuses), never a sender's words: whoever sends
//! nonsense must not fill the memory with series. Without [`Metrics::install`] nothing is counted.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::inbox::Counts;
use crate::model::Utc;
use crate::rehearsals::Kind;
use crate::report::WholeTime;

const RECEIVED: &str = "oust_alert_requests_total";
const ACCEPTED: &str = "oust_alerts_accepted_total";
const DUPLICATE: &str = "oust_alerts_duplicate_total";
const REFUSED: &str = "oust_alert_requests_refused_total";
const COMMIT: &str = "oust_inbox_commit_seconds";
const WAITING: &str = "oust_alerts_waiting";
const TAKEN: &str = "oust_alerts_taken";
const OLDEST: &str = "oust_alert_oldest_waiting_seconds";
const REHEARSED: &str = "oust_rehearsal_age_seconds";
const RUNS: &str = "oust_runs_total";
const WATCHES: &str = "oust_watch_runs";
const LOOKS: &str = "oust_watch_looks_total";
const NEWS: &str = "oust_watch_news_total";
const AGAIN: &str = "oust_watch_contained_again_total";
const CONTAIN: &str = "oust_time_to_contain_seconds";
const EVICT: &str = "oust_time_to_evict_seconds";
const PEOPLE: &str = "oust_time_waited_for_people_seconds";

/// Reads what was counted.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Begins to count, once a process.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn install() -> Result<Self, String> {
        let commits = [
            0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
        ];
        let seconds = [
            0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 300.0, 900.0,
        ];
        let hours = [
            10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1800.0, 3600.0, 14_400.0,
        ];
        let minutes = [1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 300.0, 900.0];
        let bucketed = |builder: PrometheusBuilder, name: &str, values: &[f64]| {
            builder
                .set_buckets_for_metric(Matcher::Full(name.into()), values)
                .map_err(|error| error.to_string())
        };
        let builder = bucketed(PrometheusBuilder::new(), COMMIT, &commits)?;
        let builder = bucketed(builder, EVICT, &seconds)?;
        let builder = bucketed(builder, PEOPLE, &hours)?;
        let recorder = bucketed(builder, CONTAIN, &minutes)?.build_recorder();
        let read = Self(recorder.handle());
        metrics::set_global_recorder(recorder).map_err(|error| error.to_string())?;
        describe();
        Ok(read)
    }

    /// Forgets what needs no keeping; for every few seconds, whether anybody reads or not.
    pub fn tidy(&self) {
        self.0.run_upkeep();
    }

    /// All of it, with how the inbox stands.
    pub(super) fn read(
        &self,
        counts: Option<Counts>,
        rehearsed: &[(Kind, String, Utc)],
        now: Utc,
    ) -> String {
        for (kind, playbook, at) in rehearsed {
            let age = now.since(*at).as_secs_f64();
            gauge!(REHEARSED, "kind" => kind.word(), "playbook" => playbook.clone()).set(age);
        }
        if let Some(counts) = counts {
            gauge!(WAITING).set(counts.waiting as f64);
            gauge!(TAKEN).set(counts.taken as f64);
            let oldest = counts.oldest_waiting.map(|oldest| now.since(oldest));
            gauge!(OLDEST).set(oldest.unwrap_or_default().as_secs_f64());
        }
        self.0.render()
    }
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!(RECEIVED, "Requests to a configured source");
    describe_counter!(ACCEPTED, "Alerts that are durable and new");
    describe_counter!(DUPLICATE, "Alerts that came again");
    describe_counter!(
        REFUSED,
        "Requests and connections that were refused, by reason"
    );
    describe_histogram!(COMMIT, "How long it took until alerts were durable");
    describe_gauge!(WAITING, "Alerts that nobody has taken yet");
    describe_gauge!(TAKEN, "Alerts that are being looked into");
    describe_gauge!(OLDEST, "For how long the oldest alert has waited");
    describe_gauge!(
        REHEARSED,
        "For how long a playbook was not rehearsed, dry or live"
    );
    describe_counter!(RUNS, "Runs that ended, by verdict");
    describe_gauge!(WATCHES, "Runs that are over and watched");
    describe_counter!(LOOKS, "Looks at runs that are watched");
    describe_counter!(
        NEWS,
        "What came back at runs that are watched, by kind: let_in, undone, appeared, acted, named"
    );
    describe_counter!(AGAIN, "Runs that were contained again, by verdict");
    describe_histogram!(
        EVICT,
        "From when an alert was durable until its subjects were evicted, people's time left out"
    );
    describe_histogram!(
        CONTAIN,
        "From when an alert was durable until its subjects were contained, people's time left out"
    );
    describe_histogram!(
        PEOPLE,
        "From a plan until people had agreed to it, where they were asked"
    );
}

/// A request came for this source.
pub(super) fn received(source: &str) {
    counter!(RECEIVED, "source" => source.to_owned()).increment(1);
}

/// A new alert is durable.
pub(super) fn accepted(source: &str) {
    counter!(ACCEPTED, "source" => source.to_owned()).increment(1);
}

/// One came again.
pub(super) fn duplicate(source: &str) {
    counter!(DUPLICATE, "source" => source.to_owned()).increment(1);
}

/// One was refused; no source if none was found.
pub(super) fn refused(source: &str, reason: &'static str) {
    counter!(REFUSED, "source" => source.to_owned(), "reason" => reason).increment(1);
}

/// So long it took until alerts were durable.
pub(super) fn committed(took: Duration) {
    histogram!(COMMIT).record(took.as_secs_f64());
}

/// A run ended with this verdict's word.
pub fn run_ended(verdict: &'static str) {
    counter!(RUNS, "verdict" => verdict).increment(1);
}

/// How long a run took that ended, from its alert on.
///
/// People's time is a number of its own: what the program takes is to be seen in the same graph
/// whether a rule or a person agreed.
pub fn took(times: &WholeTime) {
    let seconds = |ms: u64| Duration::from_millis(ms).as_secs_f64();
    if let Some(ms) = times.evicted_ms {
        histogram!(EVICT).record(seconds(times.of_machine(ms)));
    }
    if let Some(ms) = times.contained_ms {
        histogram!(CONTAIN).record(seconds(times.of_machine(ms)));
    }
    if let Some(ms) = times.waited_ms {
        histogram!(PEOPLE).record(seconds(ms));
    }
}

/// So many runs are watched.
pub(super) fn watched(runs: usize) {
    gauge!(WATCHES).set(runs as f64);
}

/// A watched run was looked at.
pub(super) fn looked() {
    counter!(LOOKS).increment(1);
}

/// Something came back, of this kind.
pub(super) fn came_back(kind: &'static str) {
    counter!(NEWS, "kind" => kind).increment(1);
}

/// A watched run was contained again, with this verdict's word.
pub(super) fn contained_again(verdict: &'static str) {
    counter!(AGAIN, "verdict" => verdict).increment(1);
}
