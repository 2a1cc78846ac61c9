//! `oust logs`: the System Log's events as they are, or counted by what holds them together.
//!
//! From the live directory or from what somebody saved, to the same end. Events go to stdout one a
//! line, everything that is said about them to stderr. Reads only, keeps nothing.

use std::io::{self, BufWriter, IsTerminal as _, Write as _};

use serde_json::{Value, json};

use super::args::{By, Global, LogsArgs, Output};
use super::exit::{Exit, Failure};
use super::{print, runtime, say, setup, when};
use crate::connector::{DirectorySystem, LogAsk};
use crate::engine::stream_log;
use crate::evidence::{self, Event, Group, Line, Pivot, Recent, Saved};
use crate::given::{Clock as _, SystemClock};
use crate::model::{Utc, count};
use crate::report::escape::{columns, harmless_json, visible};
use crate::transport::Reader;

/// How long Okta keeps events. Source: Okta API, "System Log", data retention.
const KEPT_DAYS: u64 = 90;

/// Lines that are no events and are told one by one; the others are counted.
const TOLD_MAX: usize = 5;

/// Names and places of a group that a line has room for; JSON has more.
const NAMES: usize = 3;

/// Bytes written at once to whatever is no terminal.
const PIECE: usize = 64 << 10;

type Asked = Option<(Utc, Option<Utc>)>;

/// Reads and prints.
///
/// # Errors
/// [`Failure`], if there is nothing to read or it could not be read to the end.
pub(super) fn logs(global: &Global, args: &LogsArgs) -> Result<Exit, Failure> {
    let now = SystemClock::new().now();
    let zone = jiff::tz::TimeZone::system();
    let asked = when::window(args.since.as_deref(), args.until.as_deref(), now, &zone)
        .map_err(|why| Failure::say(Exit::Usage, why, ""))?;
    let mut sink = Sink::of(args.by);
    let exit = match &args.log {
        Some(file) => saved(file, args, asked, &mut sink)?,
        None => live(global, args, asked, now, &mut sink)?,
    };
    sink.end(global);
    Ok(exit)
}

/// Where events go.
enum Sink {
    Lines(BufWriter<io::Stdout>),
    Counted(Pivot),
}

impl Sink {
    fn of(by: Option<By>) -> Self {
        let by = by.map(|by| match by {
            By::Session => evidence::By::Session,
            By::Ip => evidence::By::Ip,
            By::Asn => evidence::By::Asn,
            By::Device => evidence::By::Device,
            By::Token => evidence::By::Token,
        });
        match by {
            Some(by) => Self::Counted(Pivot::new(by)),
            None => Self::Lines(BufWriter::with_capacity(PIECE, io::stdout())),
        }
    }

    /// Takes one event; `false` once nobody reads any more.
    fn take(&mut self, event: &Value) -> bool {
        match self {
            Self::Lines(out) => {
                let line = harmless_json(&event.to_string());
                let written = writeln!(out, "{line}");
                // Whoever watches sees each at once; a file is written in larger pieces.
                let flushed = !io::stdout().is_terminal() || out.flush().is_ok();
                written.is_ok() && flushed
            }
            Self::Counted(pivot) => {
                pivot.add(Event(event));
                true
            }
        }
    }

    fn flush(&mut self) -> bool {
        match self {
            Self::Lines(out) => out.flush().is_ok(),
            Self::Counted(_) => true,
        }
    }

    fn end(mut self, global: &Global) {
        // A closed pipe is the reader's choice, not our failure.
        let _ = self.flush();
        if let Self::Counted(pivot) = self {
            match global.output {
                Output::Human => print(table(pivot).trim_end()),
                Output::Json => print(&format!("{:#}", counted(pivot))),
            }
        }
    }
}

fn live(
    global: &Global,
    args: &LogsArgs,
    asked: Asked,
    now: Utc,
    sink: &mut Sink,
) -> Result<Exit, Failure> {
    let Some((since, until)) = asked else {
        return Err(Failure::say(
            Exit::Usage,
            "the live log is read from a moment on",
            "say --since 2h, or --log FILE for saved events",
        ));
    };
    let kept = std::time::Duration::from_secs(KEPT_DAYS * 86_400);
    if since < now.minus(kept) {
        say(&format!(
            "! Okta keeps {KEPT_DAYS} days: what is older than {} is not there any more",
            now.minus(kept)
        ));
    }
    let directory = setup::directory(global)?;
    runtime(false)?.block_on(async {
        let about = match &args.who {
            Some(who) => vec![resolve(&directory, who).await?],
            None => Vec::new(),
        };
        let ask = LogAsk {
            since,
            until: (!args.follow).then(|| until.unwrap_or(now)),
            about,
            filter: args.filter.clone(),
        };
        let (read, ended) = stream_log(&directory, &ask, |event| {
            // While we follow, nobody should wait for a piece to fill.
            sink.take(event) && (!args.follow || sink.flush())
        })
        .await;
        let until = read.until.map(|at| format!(", the latest of {at}"));
        let told = format!(
            "{}{}",
            count(read.events, "event"),
            until.unwrap_or_default()
        );
        let Err(unheard) = ended else {
            say(&told);
            return Ok(Exit::Good);
        };
        sink.flush();
        let hint = match read.until {
            None => unheard.hint(),
            Some(at) => format!(
                "{}; then go on with --since {at}: an event or two may come twice",
                unheard.hint()
            ),
        };
        let exit = match read.events {
            0 => Exit::NotStarted,
            _ => Exit::NotAllGood,
        };
        Err(Failure::say(exit, format!("{unheard}, after {told}"), hint))
    })
}

async fn resolve(directory: &DirectorySystem, who: &str) -> Result<crate::model::UserId, Failure> {
    let reader = Reader::new(directory.system.client.clone());
    let found = directory.directory.resolve(&reader, who).await;
    found.map(|subject| subject.id).map_err(|error| {
        let hint = error.hint();
        Failure::new(Exit::NotStarted, error, hint)
    })
}

fn saved(file: &str, args: &LogsArgs, asked: Asked, sink: &mut Sink) -> Result<Exit, Failure> {
    let lines = Saved::open(file).map_err(|error| {
        Failure::new(
            Exit::NotStarted,
            error,
            "name a file of events, one a line, as it is, gzip or zstd; - reads stdin",
        )
    })?;
    let mut recent = Recent::default();
    let (mut events, mut odd, mut cut) = (0, 0, false);
    for line in lines {
        match line {
            Line::Event(event) => {
                let wanted = is_wanted(Event(&event), args.who.as_deref(), asked);
                if !recent.is_new(Event(&event).uuid()) || !wanted {
                    continue;
                }
                events += 1;
                if !sink.take(&event) {
                    break;
                }
            }
            Line::Odd { number, why } => {
                odd += 1;
                if odd <= TOLD_MAX {
                    say(&format!("! line {number} {}: passed over", visible(&why)));
                }
            }
            Line::Cut { number, why } => {
                cut = true;
                say(&format!(
                    "! it breaks off in line {number} ({}): what comes after is lost",
                    visible(&why)
                ));
            }
        }
    }
    if odd > TOLD_MAX {
        say(&format!("! {} passed over in all", count(odd, "line")));
    }
    say(&count(events, "event"));
    Ok(if odd == 0 && !cut {
        Exit::Good
    } else {
        Exit::NotAllGood
    })
}

/// Whether a saved event is asked for. One without a time is in every window: nobody can say that
/// it is not.
fn is_wanted(event: Event<'_>, who: Option<&str>, asked: Asked) -> bool {
    let about = who.is_none_or(|who| event.is_about(who));
    let inside = match (asked, event.published()) {
        (Some((since, until)), Some(at)) => at >= since && until.is_none_or(|until| at < until),
        _ => true,
    };
    about && inside
}

fn counted(pivot: Pivot) -> Value {
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

fn table(pivot: Pivot) -> String {
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
