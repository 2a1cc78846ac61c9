//! The report as Markdown, for a ticket or a chat.

use askama::Template;
use jiff::tz::TimeZone;

use super::Report;
use super::view::View;

#[derive(Template)]
#[template(path = "report.md")]
struct Page {
    view: View,
}

/// The report as GitHub-flavoured Markdown, times in `zone`.
#[must_use]
pub fn markdown(report: &Report, zone: &TimeZone) -> String {
    let page = Page {
        view: View::of(report, zone),
    };
    page.render().expect("writing to a String cannot fail")
}
