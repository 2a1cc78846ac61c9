//! A rehearsal as one HTML page and as Markdown, both filled from one value.

use askama::Template;
use jiff::tz::TimeZone;

use super::super::chart::Chart;
use super::super::page;
use super::super::sheet::Section;
use super::super::text::{moment, zone_name};
use super::sections;
use super::words::{answer, word};
use crate::rehearsals::{Difference, Point, Rehearsal, Verdict};

struct View {
    word: &'static str,
    tone: &'static str,
    headline: String,
    answer: String,
    about: String,
    chart: Option<Chart>,
    sections: Vec<Section>,
    footer: String,
}

impl View {
    fn of(
        rehearsal: &Rehearsal,
        since: Option<&Difference>,
        trend: &[Point],
        zone: &TimeZone,
    ) -> Self {
        Self {
            word: word(rehearsal),
            tone: match rehearsal.verdict {
                Verdict::Ok => "good",
                Verdict::Failed => "bad",
            },
            headline: rehearsal.subject.login.clone(),
            answer: answer(rehearsal),
            about: format!(
                "{} rehearsal of {} at {} by {}, {} {}",
                rehearsal.kind.word(),
                rehearsal.playbook.name,
                rehearsal.org,
                rehearsal.by,
                moment(rehearsal.at, zone),
                zone_name(rehearsal.at, zone),
            ),
            chart: sections::chart(trend, zone),
            sections: sections::all(rehearsal, since, trend, zone),
            footer: format!("{} {}", rehearsal.tool, rehearsal.id),
        }
    }
}

#[derive(Template)]
#[template(path = "rehearsal.html")]
struct HtmlPage {
    view: View,
    css: &'static str,
    policy: String,
}

#[derive(Template)]
#[template(path = "rehearsal.md")]
struct MarkdownPage {
    view: View,
}

#[derive(Template)]
#[template(path = "rehearsal_fragment.html")]
struct Part {
    view: View,
}

#[derive(Template)]
#[template(path = "chart.html")]
struct ChartPart {
    chart: Chart,
}

/// The rehearsal as HTML for whoever frames it himself.
#[must_use]
pub fn rehearsal_fragment(
    rehearsal: &Rehearsal,
    since: Option<&Difference>,
    zone: &TimeZone,
) -> String {
    let part = Part {
        view: View::of(rehearsal, since, &[], zone),
    };
    part.render().expect("writing to a String cannot fail")
}

/// How the times of live rehearsals move, as a drawing; nothing before the first.
#[must_use]
pub fn trend_fragment(trend: &[Point], zone: &TimeZone) -> String {
    match sections::chart(trend, zone) {
        Some(chart) => ChartPart { chart }
            .render()
            .expect("writing to a String cannot fail"),
        None => String::new(),
    }
}

/// The rehearsal as a self-contained HTML page, times in `zone`.
#[must_use]
pub fn rehearsal_html(
    rehearsal: &Rehearsal,
    since: Option<&Difference>,
    trend: &[Point],
    zone: &TimeZone,
) -> String {
    let page = HtmlPage {
        view: View::of(rehearsal, since, trend, zone),
        css: page::CSS,
        policy: page::policy(),
    };
    page.render().expect("writing to a String cannot fail")
}

/// The rehearsal as GitHub-flavoured Markdown, times in `zone`.
#[must_use]
pub fn rehearsal_markdown(
    rehearsal: &Rehearsal,
    since: Option<&Difference>,
    trend: &[Point],
    zone: &TimeZone,
) -> String {
    let page = MarkdownPage {
        view: View::of(rehearsal, since, trend, zone),
    };
    page.render().expect("writing to a String cannot fail")
}
