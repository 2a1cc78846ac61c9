//! The report as one HTML file: no script, nothing loaded, a policy that forbids both.
//!
//! Made to be read at 03:00, printed, and read out on a call: the verdict first.

use askama::Template;
use jiff::tz::TimeZone;

use super::Report;
use super::page;
use super::view::View;

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    view: View,
    css: &'static str,
    policy: String,
}

/// The report as a self-contained HTML page, times in `zone`.
#[must_use]
pub fn html(report: &Report, zone: &TimeZone) -> String {
    let page = Page {
        view: View::of(report, zone),
        css: page::CSS,
        policy: page::policy(),
    };
    page.render().expect("writing to a String cannot fail")
}
