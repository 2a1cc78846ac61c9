//! What a check found, on a terminal: one line a system, what is wrong below it with the next
//! step, then what belongs to none, then one sentence.
//!
//! Renders a [`Checked`] and decides nothing. What is only good to know is shown last and dim.

use crate::engine::{Checked, State, SystemCheck};
use crate::model::{Finding, Severity};
use crate::report::text::{Ink, Page, Style, count};

/// Where a system's word begins.
const WORD: usize = 24;

/// Where text begins.
const TEXT: usize = 34;

/// Where findings begin.
const FINDING: usize = 6;

/// The screen.
#[must_use]
pub fn check_screen(checked: &Checked, style: Style) -> String {
    let mut page = Page::new(style);
    if let Some(org) = &checked.org {
        page.put(Ink::Strong, &org.host);
        page.put(Ink::Dim, &format!("  {}", org.id)).end();
    }
    let names = checked.playbooks.join(", ");
    page.wrap(0, Ink::Dim, &format!("for {names}")).end();
    page.gap();
    for system in &checked.systems {
        show(&mut page, system);
    }
    for id in &checked.left_out {
        page.to(2).put(Ink::Dim, id.as_str());
        page.to(WORD).put(Ink::Dim, "left out").end();
    }
    if !checked.findings.is_empty() {
        page.gap();
        for finding in &checked.findings {
            tell(&mut page, 2, finding);
        }
    }
    page.gap();
    sentence(&mut page, checked);
    page.done()
}

fn show(page: &mut Page, system: &SystemCheck) {
    let (word, ink) = match system.state {
        State::Ready => ("ready", Ink::Good),
        State::Hindered => ("hindered", Ink::Bad),
        State::Silent => ("silent", Ink::Bad),
    };
    page.to(2).put(Ink::Strong, system.id.as_str());
    page.to(WORD).put(ink, word);
    page.to(TEXT).put(Ink::Dim, &in_short(system)).end();
    for finding in &system.findings {
        tell(page, FINDING, finding);
    }
}

fn in_short(system: &SystemCheck) -> String {
    let mut parts = vec![match system.wanted.len() {
        0 => "no playbook wants anything of it".to_owned(),
        n => count(n, "action"),
    }];
    if system.answered {
        parts.push(format!("looked at in {:.1} s", seconds(system.ms)));
    } else if system.state == State::Ready {
        parts.push("answers no question: the key is all that was looked at".into());
    }
    parts.join(", ")
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

/// One finding, and what to do about it.
fn tell(page: &mut Page, at: usize, finding: &Finding) {
    let (mark, ink) = match finding.severity {
        Severity::High => ("!! ", Ink::Bad),
        Severity::Warning => ("!  ", Ink::Warn),
        Severity::Info => ("-  ", Ink::Dim),
    };
    let text = match finding.severity {
        Severity::Info => Ink::Dim,
        _ => Ink::Plain,
    };
    page.to(at).put(ink, mark);
    page.wrap(at + mark.len(), text, &finding.text).end();
    if !finding.hint.is_empty() && finding.severity != Severity::Info {
        page.to(at + mark.len()).put(Ink::Dim, "next: ");
        let column = page.column();
        page.wrap(column, Ink::Plain, &finding.hint).end();
    }
}

/// What it comes to.
fn sentence(page: &mut Page, checked: &Checked) {
    let (ready, all) = (checked.ready, checked.systems.len());
    let text = format!("tonight: containing an account would work at {ready} of {all} systems");
    let ink = match checked.good {
        true => Ink::Good,
        false => Ink::Bad,
    };
    page.wrap(0, ink, &text);
    let not: Vec<&str> = checked
        .systems
        .iter()
        .filter(|system| system.state != State::Ready)
        .map(|system| system.id.as_str())
        .collect();
    if !not.is_empty() {
        page.end();
        let text = format!("not as it should at {}", not.join(", "));
        page.wrap(9, Ink::Plain, &text);
    }
    page.end();
}
