//! `owners:` of the config file: whom to call about an app that has no connector, or has one that
//! could not do everything.

use crate::model::Owner;
use crate::yaml::{Diagnostic, Fields, Node, Problems};

/// Entries at most.
const OWNERS_MAX: usize = 1_000;

/// Characters of one value at most.
const CHARS_MAX: usize = 200;

/// Reads the list; every entry says app, owner and contact.
pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Vec<Owner> {
    let Some(at) = fields.take("owners", problems) else {
        return Vec::new();
    };
    let entries = match &at.value {
        Node::List(entries) if entries.len() <= OWNERS_MAX => entries,
        Node::List(_) => {
            let title = format!("more than {OWNERS_MAX} owners");
            problems.add(Diagnostic::new(at.span.clone(), title));
            return Vec::new();
        }
        _ => {
            let title = "`owners` is a list: `- { app: APP, owner: WHO, contact: HOW }`";
            problems.add(Diagnostic::new(at.span.clone(), title));
            return Vec::new();
        }
    };
    let mut owners = Vec::new();
    for entry in entries {
        let Some(mut fields) = Fields::of("an owner", entry, problems) else {
            continue;
        };
        let mut text = |key: &'static str| {
            let Some(at) = fields.take(key, problems) else {
                let title = format!("an owner needs `{key}`");
                problems.add(Diagnostic::new(entry.span.clone(), title));
                return None;
            };
            problems.prose(&format!("`{key}`"), at, CHARS_MAX)
        };
        let (app, owner, contact) = (text("app"), text("owner"), text("contact"));
        fields.finish(problems);
        if let (Some(app), Some(owner), Some(contact)) = (app, owner, contact) {
            owners.push(Owner {
                app: app.value,
                owner: owner.value,
                contact: contact.value,
            });
        }
    }
    owners
}
