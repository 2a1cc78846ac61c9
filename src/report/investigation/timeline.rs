//! The timeline: which rows a page shows, where each event stands, and its table.
//!
//! A page shows a bounded number of rows. The intruder's and those that set off a detection come
//! first when there are too many; how many are left out is said.

use std::collections::HashMap;

use super::super::sheet::{Cell, Row, Section, Table, Tag, left_out};
use super::answer::matters;
use super::context::{Context, row_of, whose};
use crate::evidence::investigation::{Moment, SubjectFindings};
use crate::model::Tri;

/// Rows of all timelines on one HTML page.
pub(super) const PAGE_ROWS_MAX: usize = 3_000;

/// Rows of all timelines in one Markdown text: what a ticket takes.
pub(super) const TICKET_ROWS_MAX: usize = 150;

/// The rows that are shown, by their place in the timeline, the first first.
pub(super) fn shown(timeline: &[Moment], most: usize) -> Vec<usize> {
    if timeline.len() <= most {
        return (0..timeline.len()).collect();
    }
    let weighty = |place: &usize| matters(timeline[*place].whose, &timeline[*place].detections);
    let (first, then): (Vec<usize>, Vec<usize>) = (0..timeline.len()).partition(weighty);
    let mut places: Vec<usize> = first.into_iter().chain(then).take(most).collect();
    places.sort_unstable();
    places
}

/// The anchor of a row.
fn anchor(context: &Context<'_>, place: usize) -> String {
    format!("{}-t{}", context.prefix, place + 1)
}

/// Where each event stands: the first row that shows it.
pub(super) fn anchors<'a>(
    context: &Context<'_>,
    timeline: &'a [Moment],
    shown: &[usize],
) -> HashMap<&'a str, String> {
    let mut anchors = HashMap::new();
    for place in shown {
        let event = timeline[*place].event.as_str();
        if !event.is_empty() {
            anchors
                .entry(event)
                .or_insert_with(|| anchor(context, *place));
        }
    }
    anchors
}

/// The section with the table.
pub(super) fn section(
    context: &Context<'_>,
    subject: &SubjectFindings,
    shown: &[usize],
) -> Section {
    let section = Section::new(format!("{}-timeline", context.prefix), "Timeline");
    if subject.timeline.is_empty() {
        return section.say("soft", "no event of this account in what was read");
    }
    let fired: HashMap<&str, (usize, &str)> = subject
        .detections
        .iter()
        .enumerate()
        .map(|(place, one)| (one.key.as_str(), (place, one.title.as_str())))
        .collect();
    let rows = shown.iter().map(|place| {
        let mut row = row(context, &subject.timeline[*place], &fired);
        row.id = Some(anchor(context, *place));
        row
    });
    let beyond = subject.timeline.len() - shown.len();
    let table = Table {
        caption: format!(
            "What happened in the account of {}, the first first",
            context.login
        ),
        kind: "timeline",
        columns: &[
            "when",
            "whose",
            "what",
            "from where",
            "session or token",
            "event",
        ],
        rows: rows.collect(),
        more: (beyond > 0).then(|| {
            format!(
                "{}; the intruder's and those that set off a detection are left out last",
                left_out(beyond)
            )
        }),
    };
    section.table(table)
}

fn row(context: &Context<'_>, moment: &Moment, fired: &HashMap<&str, (usize, &str)>) -> Row {
    let until = moment
        .until
        .map(|until| format!("to {}", context.at(until)));
    let many = (moment.events > 1).then(|| format!("{} events in a row", moment.events));
    let mut what = Cell::text(&moment.what);
    if !moment.now.is_empty() {
        what.tags.push(Tag {
            text: moment.now.clone(),
            tone: row_of(moment.whose),
            anchor: None,
        });
    }
    what.tags.extend(moment.detections.iter().map(|key| {
        let known = fired.get(key.as_str());
        Tag {
            text: known.map_or(key.as_str(), |(_, title)| title).into(),
            tone: "fired",
            anchor: known.map(|(place, _)| format!("{}-d{}", context.prefix, place + 1)),
        }
    }));
    let actor = if moment.actor == context.login {
        String::new()
    } else {
        context.by(&moment.actor)
    };
    let proxy = if moment.proxy == Tri::Yes {
        "proxy"
    } else {
        ""
    };
    let network = [&moment.asn[..], proxy].join(" ");
    let token = if moment.token.is_empty() {
        String::new()
    } else {
        format!("API token {}", moment.token)
    };
    Row::new(
        row_of(moment.whose),
        [
            Cell::time(context.maybe(moment.at))
                .under(until.unwrap_or_default())
                .under(many.unwrap_or_default()),
            whose(moment.whose),
            what.under([&moment.kind[..], &moment.result].join(" ").trim()),
            Cell::text(&moment.ip).under(network.trim()).under(actor),
            Cell::default().under(&moment.session).under(token),
            Cell::default().under(&moment.event),
        ],
    )
}
