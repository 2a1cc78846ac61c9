//! An investigation as one HTML page and as Markdown: the answer first, then what to do, then
//! every claim with the event that makes it.
//!
//! Both are filled from one value ([`view`]), so that they cannot say different things, and decide
//! nothing themselves. A part that nobody read says so and never looks like "none". Every string of
//! a log may be the intruder's: the templates escape each, and none becomes an address, a class or
//! an anchor.
//!
//! Made to be handed to somebody who was not there: it is printed, read out and argued about.

mod account;
mod answer;
mod context;
mod damage;
mod drawing;
mod still;
mod timeline;
mod view;

use askama::Template;
use jiff::tz::TimeZone;

use self::view::View;
use super::{escape, page};
use crate::evidence::investigation::Investigation;

#[derive(Template)]
#[template(path = "investigation.html")]
struct HtmlPage {
    view: View,
    css: &'static str,
    policy: String,
}

#[derive(Template)]
#[template(path = "investigation.md")]
struct MarkdownPage {
    view: View,
}

/// The investigation as a self-contained HTML page, times in `zone`.
#[must_use]
pub fn investigation_html(found: &Investigation, zone: &TimeZone) -> String {
    let page = HtmlPage {
        view: View::of(found, zone, timeline::PAGE_ROWS_MAX),
        css: page::CSS,
        policy: page::policy(),
    };
    page.render().expect("writing to a String cannot fail")
}

/// The investigation as GitHub-flavoured Markdown, times in `zone`.
#[must_use]
pub fn investigation_markdown(found: &Investigation, zone: &TimeZone) -> String {
    let page = MarkdownPage {
        view: View::of(found, zone, timeline::TICKET_ROWS_MAX),
    };
    page.render().expect("writing to a String cannot fail")
}
