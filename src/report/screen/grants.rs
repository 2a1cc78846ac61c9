//! What has to be granted, on a terminal: to copy from, a block for each system and set of needs.
//!
//! Documents are printed whole and never wrapped. Renders and decides nothing.

use serde::Serialize;

use crate::model::{Grant, SystemId};
use crate::report::text::{Ink, Page, Style};

/// Where text begins.
const TEXT: usize = 12;

/// What one system has to be granted for some playbooks that need the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Granting {
    /// Where.
    pub system: SystemId,
    /// For which playbooks; `release` is giving back.
    pub playbooks: Vec<String>,
    /// Their actions there.
    pub actions: Vec<String>,
    /// For a principal that only plans and proves.
    pub read: Grant,
    /// For the one that carries out.
    pub write: Grant,
}

/// The screen.
#[must_use]
pub fn grants_screen(all: &[Granting], style: Style) -> String {
    let mut page = Page::new(style);
    for granting in all {
        page.gap();
        page.put(Ink::Strong, granting.system.as_str());
        let names = format!("for {}", granting.playbooks.join(", "));
        page.to(page.column() + 2);
        let column = page.column();
        page.wrap(column, Ink::Dim, &names).end();
        show(&mut page, "to read", &granting.read);
        show(&mut page, "to write", &granting.write);
    }
    if all.is_empty() {
        page.put(Ink::Plain, "nothing has to be granted").end();
    }
    page.done()
}

fn show(page: &mut Page, what: &str, grant: &Grant) {
    page.to(2).put(Ink::Strong, what);
    page.to(TEXT).put(Ink::Plain, &grant.principal).end();
    for scope in &grant.scopes {
        // Never wrapped: it is there to be copied.
        page.to(TEXT + 2).put(Ink::Plain, scope).end();
    }
    for role in &grant.roles {
        page.to(TEXT + 2).put(Ink::Dim, "role: ");
        let column = page.column();
        page.wrap(column, Ink::Plain, role).end();
    }
    for policy in &grant.policies {
        page.to(TEXT + 2);
        page.wrap(TEXT + 2, Ink::Dim, &format!("{}:", policy.name))
            .end();
        for line in format!("{:#}", policy.document).lines() {
            page.to(TEXT + 4).put(Ink::Plain, line).end();
        }
    }
    for note in &grant.notes {
        page.to(TEXT + 2);
        page.wrap(TEXT + 2, Ink::Dim, &format!("({note})")).end();
    }
}
