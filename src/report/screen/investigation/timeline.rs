//! The timeline on a terminal: when, what, what it means now; from where, where that changes.

use jiff::tz::TimeZone;

use crate::evidence::investigation::{Moment, SubjectFindings, Whose};
use crate::model::{Confirmation, Tri, Utc};
use crate::report::text::{Ink, Page, clock, count, moment};

/// Rows shown; the JSON has all.
const ROWS_MAX: usize = 60;

/// Rows shown of an account that nobody is in.
const QUIET_MAX: usize = 12;

/// Where the sentence begins.
const TEXT: usize = 12;

/// What every account does all day.
const EVERYDAY: &[&str] = &[
    "policy.evaluate_sign_on",
    "system.push.send_factor_verify_push",
    "user.authentication.auth_via_mfa",
    "user.authentication.sso",
    "user.authentication.verify",
    "user.session.access_admin_app",
    "user.session.end",
    "user.session.start",
];

/// Shows it.
pub(super) fn show(page: &mut Page, subject: &SubjectFindings, zone: &TimeZone) {
    let quiet = subject.intruder.answer == Confirmation::NotConfirmed;
    let max = if quiet { QUIET_MAX } else { ROWS_MAX };
    let shown: Vec<&Moment> = subject
        .timeline
        .iter()
        .filter(|row| is_told(row, subject))
        .collect();
    let skipped = shown.len().saturating_sub(max);
    let mut before = Before::default();
    for row in shown.into_iter().take(max) {
        before.day(page, row, zone);
        one(page, subject, row, &mut before, zone);
    }
    if skipped > 0 {
        let text = format!(
            "and {} after that: --output json has them",
            count(skipped, "row")
        );
        page.to(TEXT).put(Ink::Dim, &text).end();
    }
    let own = subject
        .timeline
        .iter()
        .filter(|row| row.whose == Whose::Own);
    let own: usize = own.map(|row| row.events).sum();
    if own > 0 && !quiet {
        let text = format!("beside {} of the account's own", count(own, "event"));
        page.to(TEXT).put(Ink::Dim, &text).end();
    }
}

fn is_told(row: &Moment, subject: &SubjectFindings) -> bool {
    let everyday = EVERYDAY.contains(&row.kind.as_str());
    match (row.whose, subject.intruder.answer) {
        (Whose::Intruder | Whose::Oust, _) => true,
        (Whose::Own, Confirmation::Confirmed) => {
            row.kind == "user.account.report_suspicious_activity_by_enduser"
        }
        (Whose::Own, _) => !everyday,
        (Whose::Other | Whose::Unclear, Confirmation::Undecided) => true,
        (Whose::Other | Whose::Unclear, _) => !everyday,
    }
}

/// What the row before told already.
#[derive(Default)]
struct Before {
    day: String,
    place: String,
}

impl Before {
    fn day(&mut self, page: &mut Page, row: &Moment, zone: &TimeZone) {
        let Some(at) = row.at else { return };
        let day = moment(at, zone)[..10].to_owned();
        if !self.day.is_empty() && self.day != day {
            page.to(2).put(Ink::Dim, &day).end();
        }
        self.day = day;
    }
}

fn one(
    page: &mut Page,
    subject: &SubjectFindings,
    row: &Moment,
    before: &mut Before,
    zone: &TimeZone,
) {
    let at = row.at.map_or_else(|| "?".to_owned(), |at| clock(at, zone));
    page.to(2).put(Ink::Dim, &at);
    let (who, ink) = whose(row, subject);
    let mut text = format!("{who}{}", row.what);
    if let Some(until) = long(row) {
        text.push_str(&format!(", until {}", clock(until, zone)));
    } else if row.events > 1 && !row.what.starts_with("signed in") && !row.what.contains("opened") {
        text.push_str(&format!(" ({} times)", row.events));
    }
    let place = place(row);
    if place != before.place && !place.is_empty() {
        text.push_str(&format!("; from {place}"));
        before.place = place;
    }
    let right = if row.now.is_empty() {
        page.width()
    } else {
        page.width() - 26
    };
    page.wrap_to(TEXT, right, ink, &text);
    if !row.now.is_empty() {
        page.wrap(page.width() - 24, Ink::Strong, &row.now);
    }
    page.end();
}

/// When a row that took longer than a minute ended.
fn long(row: &Moment) -> Option<Utc> {
    let (at, until) = (row.at?, row.until?);
    (until.since(at).as_secs() >= 60).then_some(until)
}

fn whose(row: &Moment, subject: &SubjectFindings) -> (String, Ink) {
    let actor = match row.actor.as_str() {
        "" => "somebody".to_owned(),
        actor => actor.to_owned(),
    };
    let is_account = row.actor.eq_ignore_ascii_case(&subject.login);
    match row.whose {
        Whose::Intruder if is_account => (String::new(), Ink::Plain),
        Whose::Intruder => (format!("{actor} "), Ink::Plain),
        Whose::Own => ("the person: ".into(), Ink::Dim),
        Whose::Oust => ("oust: ".into(), Ink::Good),
        Whose::Other => (format!("{actor} "), Ink::Dim),
        Whose::Unclear if is_account => ("unclear: ".into(), Ink::Warn),
        Whose::Unclear => (format!("{actor}: "), Ink::Warn),
    }
}

fn place(row: &Moment) -> String {
    if row.ip.is_empty() {
        return String::new();
    }
    let asn = match row.asn.as_str() {
        "" => String::new(),
        asn => format!(" {asn}"),
    };
    let proxy = if row.proxy == Tri::Yes {
        " (proxy)"
    } else {
        ""
    };
    format!("{}{asn}{proxy}", row.ip)
}
