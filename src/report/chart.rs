//! A chart of when things happened: lanes of bars, a shaded stretch, numbered marks, a time axis.
//!
//! Places across are per cent of the width and places down are pixels, so that the drawing follows
//! the page's width and its letters keep their size, on a phone as in print. What tells lanes apart
//! is their label and their pattern; colour only repeats it. Events are counted into bins: five
//! thousand draw as fast as five.
//!
//! Draws only what a table beneath it tells as well.

use jiff::tz::TimeZone;

use super::text::local;
use crate::model::Utc;

/// Bins across.
const BINS: usize = 60;

/// A lane: its label above its bars.
const LANE: u32 = 42;
const LABEL: u32 = 13;
const TRACK: u32 = 20;
const TOP: u32 = 22;
const MARK_ROW: u32 = 22;
const MARK_ROWS: usize = 4;
/// Marks that stand closer than this, in per cent, go to a row of their own.
const MARK_GAP: f64 = 7.0;

/// The stretch of time that is drawn.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    from: i64,
    until: i64,
}

impl Scale {
    /// From the first to the last, at least two seconds apart, with a little air.
    pub(super) fn of(first: Utc, last: Utc) -> Self {
        let (from, until) = (first.millis(), last.millis().max(first.millis()));
        let span = until - from;
        let air = (span / 50).max((2_000 - span) / 2);
        Self {
            from: from - air,
            until: until + air,
        }
    }

    pub(super) fn holds(self, at: Utc) -> bool {
        (self.from..=self.until).contains(&at.millis())
    }

    fn share(self, at: Utc) -> f64 {
        let span = (self.until - self.from).max(1);
        let place = at.millis().clamp(self.from, self.until) - self.from;
        #[expect(clippy::cast_precision_loss, reason = "places on paper")]
        let share = place as f64 / span as f64;
        share * 100.0
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of the width, never negative"
    )]
    fn bin(self, at: Utc) -> usize {
        ((self.share(at) / 100.0 * BINS as f64) as usize).min(BINS - 1)
    }
}

fn percent(share: f64) -> String {
    format!("{share:.2}")
}

/// The drawing.
pub(super) struct Chart {
    /// In a sentence, for whoever cannot see it.
    pub(super) says: String,
    pub(super) height: u32,
    /// Where the lanes end.
    pub(super) floor: u32,
    pub(super) lanes: Vec<Lane>,
    pub(super) shade: Option<Shade>,
    pub(super) marks: Vec<Mark>,
    /// What the marks are, above them.
    pub(super) marks_are: &'static str,
    pub(super) ticks: Vec<Tick>,
    /// What stands under it.
    pub(super) notes: Vec<String>,
}

/// One lane.
pub(super) struct Lane {
    pub(super) label: String,
    /// A class name: `intruder`, `own`, `other`, `unclear`, `good`, `bad`.
    pub(super) kind: &'static str,
    pub(super) label_y: u32,
    pub(super) base_y: u32,
    /// The thin line from the first to the last.
    pub(super) span: Option<(String, String)>,
    pub(super) bars: Vec<Bar>,
}

/// The events of one bin.
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) y: u32,
    pub(super) height: u32,
}

/// A stretch of time that matters.
pub(super) struct Shade {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) label: String,
    /// `start` or `end`: to which side the label goes.
    pub(super) anchor: &'static str,
}

/// A numbered mark.
pub(super) struct Mark {
    pub(super) number: usize,
    pub(super) x: String,
    pub(super) y: u32,
    pub(super) text: String,
}

/// A time on the axis.
pub(super) struct Tick {
    pub(super) x: String,
    pub(super) label: String,
    pub(super) anchor: &'static str,
    /// Hidden where there is little room.
    pub(super) minor: bool,
}

/// Puts a chart together, from the top down.
pub(super) struct Draft<'a> {
    scale: Scale,
    zone: &'a TimeZone,
    chart: Chart,
}

impl<'a> Draft<'a> {
    pub(super) fn new(scale: Scale, zone: &'a TimeZone, says: String) -> Self {
        Self {
            scale,
            zone,
            chart: Chart {
                says,
                height: 0,
                floor: 2,
                lanes: Vec::new(),
                shade: None,
                marks: Vec::new(),
                marks_are: "",
                ticks: Vec::new(),
                notes: Vec::new(),
            },
        }
    }

    /// A lane with as many events as told at each moment.
    pub(super) fn lane(&mut self, kind: &'static str, label: String, events: &[(Utc, usize)]) {
        let drawn = events.iter().filter(|(at, _)| self.scale.holds(*at));
        let mut bins = [(0_usize, 100.0_f64); BINS];
        for (at, number) in drawn.clone() {
            let (events, first) = &mut bins[self.scale.bin(*at)];
            *events += number;
            *first = first.min(self.scale.share(*at));
        }
        let most = bins.iter().map(|(events, _)| *events).max();
        let most = most.unwrap_or_default().max(1);
        let top = self.chart.floor;
        let base = top + LABEL + 3 + TRACK;
        #[expect(clippy::cast_precision_loss, reason = "places on paper")]
        let wide = 100.0 / BINS as f64;
        let bars = bins
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, first)| {
                let height = tall(*number, most);
                Bar {
                    // Where its first event is: never before a window that begins there.
                    x: percent(first.min(100.0 - wide)),
                    width: percent(wide * 0.82),
                    y: base - height,
                    height,
                }
            })
            .collect();
        let first = drawn.clone().map(|(at, _)| *at).min();
        let span = first.zip(drawn.map(|(at, _)| *at).max());
        self.chart.lanes.push(Lane {
            label,
            kind,
            label_y: top + LABEL,
            base_y: base,
            span: span.map(|(first, last)| {
                (
                    percent(self.scale.share(first)),
                    percent(self.scale.share(last)),
                )
            }),
            bars,
        });
        self.chart.floor += LANE;
    }

    /// A lane with one bar, and a line from its start to `until`.
    pub(super) fn stretch(
        &mut self,
        kind: &'static str,
        label: String,
        (first, last): (Utc, Utc),
        until: Option<Utc>,
    ) {
        let top = self.chart.floor;
        let base = top + LABEL + 3 + TRACK;
        let x = self.scale.share(first);
        let end = self.scale.share(last);
        let height = 12;
        self.chart.lanes.push(Lane {
            label,
            kind,
            label_y: top + LABEL,
            base_y: base,
            span: until.map(|until| (percent(x), percent(self.scale.share(until).max(end)))),
            bars: vec![Bar {
                x: percent(x),
                width: percent((end - x).max(0.6)),
                y: base - height,
                height,
            }],
        });
        self.chart.floor += LANE;
    }

    /// Shades from `first` to `last`, or to the right edge. Comes before the first lane: its label
    /// stands above them all.
    pub(super) fn shade(&mut self, first: Utc, last: Option<Utc>, label: String) {
        self.chart.floor = TOP;
        let x = self.scale.share(first);
        let end = last.map_or(100.0, |last| self.scale.share(last));
        self.chart.shade = Some(Shade {
            x: percent(x),
            width: percent((end - x).max(0.0)),
            label,
            anchor: if x > 55.0 { "end" } else { "start" },
        });
    }

    /// Numbered marks, the first first; marks that would touch stand in rows beneath each other.
    pub(super) fn marks(
        &mut self,
        are: &'static str,
        marks: impl IntoIterator<Item = (Utc, String)>,
    ) {
        self.chart.marks_are = are;
        let mut rows: Vec<f64> = Vec::new();
        for (place, (at, text)) in marks.into_iter().enumerate() {
            let x = self.scale.share(at);
            let free = rows.iter().position(|last| x - last >= MARK_GAP);
            let row = match free {
                Some(row) => row,
                None if rows.len() < MARK_ROWS => {
                    rows.push(x);
                    rows.len() - 1
                }
                // Better on top of another than left out: the list beneath tells them all.
                None => place % MARK_ROWS,
            };
            rows[row] = x;
            let row = u32::try_from(row).unwrap_or_default();
            self.chart.marks.push(Mark {
                number: place + 1,
                x: percent(x),
                y: self.chart.floor + LABEL + 14 + row * MARK_ROW,
                text,
            });
        }
        if !rows.is_empty() {
            let rows = u32::try_from(rows.len()).unwrap_or_default();
            self.chart.floor += LABEL + 6 + rows * MARK_ROW;
        }
    }

    pub(super) fn note(&mut self, note: String) {
        self.chart.notes.push(note);
    }

    pub(super) fn done(mut self) -> Chart {
        self.chart.floor += 8;
        self.chart.height = self.chart.floor + 24;
        self.chart.ticks = ticks(self.scale, self.zone);
        self.chart
    }
}

/// A chart of columns that stand side by side in their order, one lane for each measure: for what is
/// compared by size, and not by when it was. `labels` stand under the first and the last.
pub(super) fn columns(
    says: String,
    lanes: Vec<(&'static str, String, Vec<Option<u64>>)>,
    (first, last): (String, String),
) -> Chart {
    let mut floor = 2;
    let lanes = lanes
        .into_iter()
        .map(|(kind, label, values)| {
            let base = floor + LABEL + 3 + TRACK;
            let lane = Lane {
                label,
                kind,
                label_y: floor + LABEL,
                base_y: base,
                span: None,
                bars: side_by_side(&values, base),
            };
            floor += LANE;
            lane
        })
        .collect();
    let tick = |share, label, anchor| Tick {
        x: percent(share),
        label,
        anchor,
        minor: false,
    };
    floor += 8;
    Chart {
        says,
        height: floor + 24,
        floor,
        lanes,
        shade: None,
        marks: Vec::new(),
        marks_are: "",
        ticks: vec![tick(0.0, first, "start"), tick(100.0, last, "end")],
        notes: Vec::new(),
    }
}

fn side_by_side(values: &[Option<u64>], base: u32) -> Vec<Bar> {
    let most = values.iter().flatten().max().copied().unwrap_or(0).max(1);
    #[expect(clippy::cast_precision_loss, reason = "places on paper")]
    let wide = 100.0 / values.len().max(1) as f64;
    let bar = |(place, value): (usize, &Option<u64>)| {
        let part = value.as_ref()?.saturating_mul(u64::from(TRACK)) / most;
        let height = u32::try_from(part).unwrap_or(TRACK).clamp(2, TRACK);
        #[expect(clippy::cast_precision_loss, reason = "places on paper")]
        let x = wide * place as f64;
        Some(Bar {
            x: percent(x),
            width: percent((wide * 0.7).min(4.0)),
            y: base - height,
            height,
        })
    };
    values.iter().enumerate().filter_map(bar).collect()
}

/// How tall a bar is: enough to be seen, and taller the more there are.
fn tall(number: usize, most: usize) -> u32 {
    let part = u32::try_from(number.saturating_mul(100) / most.max(1)).unwrap_or(100);
    8 + (TRACK - 8) * part.min(100) / 100
}

/// Times on the axis: round ones of the clock on the wall, at most eight.
fn ticks(scale: Scale, zone: &TimeZone) -> Vec<Tick> {
    const SECOND: i64 = 1_000;
    const MINUTE: i64 = 60 * SECOND;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const STEPS: &[i64] = &[
        SECOND,
        2 * SECOND,
        5 * SECOND,
        10 * SECOND,
        30 * SECOND,
        MINUTE,
        2 * MINUTE,
        5 * MINUTE,
        10 * MINUTE,
        15 * MINUTE,
        30 * MINUTE,
        HOUR,
        2 * HOUR,
        3 * HOUR,
        6 * HOUR,
        12 * HOUR,
        DAY,
        2 * DAY,
        7 * DAY,
        14 * DAY,
        30 * DAY,
        90 * DAY,
        365 * DAY,
    ];
    let span = scale.until - scale.from;
    let step = STEPS
        .iter()
        .copied()
        .find(|step| span / step <= 8)
        .unwrap_or((span / 8).max(1));
    let from = Utc::from_millis(scale.from);
    let offset = i64::from(zone.to_offset(from.timestamp()).seconds()) * SECOND;
    let form = if step >= DAY {
        "%d %b"
    } else if span > DAY {
        "%d %b %H:%M"
    } else if step < MINUTE {
        "%H:%M:%S"
    } else {
        "%H:%M"
    };
    let mut ticks = Vec::new();
    let mut at = (scale.from + offset).div_euclid(step) * step + step - offset;
    while at <= scale.until {
        let moment = Utc::from_millis(at);
        let share = scale.share(moment);
        ticks.push(Tick {
            x: percent(share),
            label: local(moment, zone, form),
            anchor: match share {
                share if share < 5.0 => "start",
                share if share > 95.0 => "end",
                _ => "middle",
            },
            minor: false,
        });
        at += step;
    }
    if ticks.len() > 4 {
        let every_other = ticks.iter_mut().skip(1).step_by(2);
        every_other.for_each(|tick| tick.minor = true);
    }
    ticks
}
