//! Events counted: one object for scripts, one table for people.

use serde_json::{Value, json};

use crate::evidence::{Group, Pivot};
use crate::model::{Utc, count};
use crate::report::escape::{columns, visible};

/// Names and places of a group that a line has room for; JSON has more.
const NAMES: usize = 3;

/// `oust.logs/v1`
pub(super) fn counted(pivot: Pivot) -> Value {
    let (by, read, without, beyond) = (pivot.by().name(), pivot.read, pivot.without, pivot.beyond);
    let groups = pivot.groups().into_iter().map(|group| {
        json!({
            "key": group.key, "events": group.events, "failed": group.failed,
            "first": group.first, "last": group.last, "actors": group.actors,
            "places": group.places, "proxied": group.proxied,
        })
    });
    json!({
        "schema": "oust.logs/v1", "by": by, "events": read, "without": without,
        "beyond": beyond, "groups": groups.collect::<Vec<_>>(),
    })
}

/// The table, times in UTC.
pub(super) fn table(pivot: Pivot) -> String {
    let (by, without, beyond) = (pivot.by().name(), pivot.without, pivot.beyond);
    let heads = [by, "events", "failed", "first", "last", "who", "where"];
    let mut rows = vec![heads.map(str::to_owned)];
    rows.extend(pivot.groups().iter().map(row));
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = columns(cell).max(*width);
        }
    }
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (n, (cell, width)) in row.iter().zip(widths).enumerate() {
            let gap = " ".repeat(width - columns(cell));
            let is_number = n == 1 || n == 2;
            let (before, after) = if is_number { (&*gap, "") } else { ("", &*gap) };
            line.push_str(&format!("{before}{cell}{after}  "));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    for (number, what) in [(without, "belong to none"), (beyond, "found no place")] {
        if number > 0 {
            out.push_str(&format!("{} {what}\n", count(number, "event")));
        }
    }
    out + "times in UTC\n"
}

fn row(group: &Group) -> [String; 7] {
    let at = |at: Option<Utc>| at.map_or_else(|| "?".to_owned(), short);
    let some = |names: &std::collections::BTreeSet<String>| {
        let shown: Vec<String> = names.iter().take(NAMES).map(|name| visible(name)).collect();
        let more = if names.len() > NAMES { ", …" } else { "" };
        format!("{}{more}", shown.join(", "))
    };
    let proxy = match group.proxied {
        0 => "",
        all if all == group.events => " (proxy)",
        _ => " (proxy, in part)",
    };
    [
        visible(&group.key),
        group.events.to_string(),
        group.failed.to_string(),
        at(group.first),
        at(group.last),
        some(&group.actors),
        format!("{}{proxy}", some(&group.places)),
    ]
}

/// `2026-03-10 13:41:02`
fn short(at: Utc) -> String {
    at.to_string()[..19].replacen('T', " ", 1)
}
