//! The numbers on a terminal: one table of legs, and short ones by playbook, verdict and month.

use jiff::tz::TimeZone;

use super::{Group, LeftOut, Leg, Stats};
use crate::report::text::{Ink, Page, Style, count, moment, took, zone_name};

/// Where the columns of numbers end.
const NUMBERS: [usize; 4] = [42, 54, 66, 80];

/// Months that are shown; the JSON has all.
const MONTHS_SHOWN: usize = 12;

/// All of it for a person, times in `zone`.
#[must_use]
pub fn stats_screen(stats: &Stats, zone: &TimeZone, style: Style) -> String {
    let mut page = Page::new(style);
    headline(&mut page, stats, zone);
    if stats.all.runs > 0 {
        page.gap();
        legs(&mut page, &stats.all);
    }
    if stats.rehearsals.runs > 0 {
        let on_a_canary = Group {
            name: "on a canary".into(),
            ..stats.rehearsals.clone()
        };
        groups(&mut page, "live rehearsals, half of them", &[on_a_canary]);
    }
    if stats.all.runs == 0 {
        return page.done();
    }
    groups(&mut page, "by playbook, half of them", &stats.by_playbook);
    groups(&mut page, "by verdict, half of them", &stats.by_verdict);
    let months = stats.by_month.len().saturating_sub(MONTHS_SHOWN);
    groups(
        &mut page,
        "by month, half of them",
        &stats.by_month[months..],
    );
    page.done()
}

fn headline(page: &mut Page, stats: &Stats, zone: &TimeZone) {
    let all = &stats.all;
    let since = stats.since.map_or_else(String::new, |at| {
        format!(" since {} {}", moment(at, zone), zone_name(at, zone))
    });
    let of = stats
        .playbook
        .as_ref()
        .map_or_else(String::new, |name| format!(" of {name}"));
    if all.runs == 0 {
        let text = format!("no run{of} that contained anybody has ended{since} yet");
        page.put(Ink::Plain, &text).end();
    } else {
        page.put(Ink::Strong, &count(all.runs, "run"));
        let percent = all.contained * 100 / all.runs;
        let text = format!("{of}{since}: {} contained ({percent} %)", all.contained);
        page.put(Ink::Plain, &text).end();
    }
    if let Some(text) = left_out(&stats.left_out) {
        page.wrap(2, Ink::Dim, &text).end();
    }
}

fn left_out(left: &LeftOut) -> Option<String> {
    let said: Vec<String> = [
        (left.unfinished, "not over"),
        (left.nothing_written, "wrote nothing"),
        (left.releases, "gave accounts back"),
        (left.purged, "purged"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, what)| format!("{number} {what}"))
    .collect();
    (!said.is_empty()).then(|| format!("left out: {}", said.join(", ")))
}

fn legs(page: &mut Page, all: &Group) {
    let legs = &all.legs;
    heading(page, "", ["half", "9 of 10", "longest", "runs"]);
    part(
        page,
        "from the consent",
        &[
            ("first write", legs.first_write),
            ("evicted", legs.evicted),
            ("contained", legs.contained),
            ("proven", legs.proven),
        ],
    );
    part(
        page,
        "before it",
        &[
            ("alert or command to plan", legs.planned),
            ("people until they agreed", legs.people),
        ],
    );
    part(
        page,
        "from the alert",
        &[
            ("evicted", legs.evicted_since_alert),
            ("contained", legs.contained_since_alert),
            ("proven", legs.proven_since_alert),
        ],
    );
    part(
        page,
        "from the command",
        &[
            ("evicted", legs.evicted_since_command),
            ("contained", legs.contained_since_command),
            ("proven", legs.proven_since_command),
        ],
    );
}

/// Lines of one base; nothing if no run has any.
fn part(page: &mut Page, name: &str, legs: &[(&str, Option<Leg>)]) {
    if legs.iter().all(|(_, leg)| leg.is_none()) {
        return;
    }
    page.put(Ink::Plain, name).end();
    for (name, leg) in legs {
        let Some(leg) = leg else { continue };
        page.to(2).put(Ink::Plain, name);
        let cells = [leg.p50_ms, leg.p90_ms, leg.max_ms].map(took);
        let [half, most, longest] = cells;
        numbers(page, [half, most, longest, leg.count.to_string()]);
    }
}

fn groups(page: &mut Page, name: &str, groups: &[Group]) {
    page.gap();
    heading(
        page,
        name,
        ["runs", "contained", "evicted in", "contained in"],
    );
    for group in groups {
        page.to(2).put(Ink::Plain, &group.name.replace('_', " "));
        let half = |leg: Option<Leg>| leg.map_or_else(|| "-".into(), |leg| took(leg.p50_ms));
        numbers(
            page,
            [
                group.runs.to_string(),
                group.contained.to_string(),
                half(group.legs.evicted),
                half(group.legs.contained),
            ],
        );
    }
}

fn heading(page: &mut Page, name: &str, columns: [&str; 4]) {
    page.put(Ink::Strong, name);
    numbers(page, columns.map(str::to_owned));
}

/// Four cells, each flush with the right end of its column.
fn numbers(page: &mut Page, cells: [String; 4]) {
    for (cell, end) in cells.iter().zip(NUMBERS) {
        page.to(end.saturating_sub(Page::measure(cell)));
        page.put(Ink::Plain, cell);
    }
    page.end();
}
