//! What was given to the account and taken from it: apps, groups, admin roles.

use super::Material;
use super::seen::{Seen, Thing};
use crate::evidence::holdings::{HeldGrant, Holdings};
use crate::evidence::investigation::{GrantRow, Now};

/// One sort of grant.
struct Sort {
    /// The target's type.
    kind: &'static str,
    gives: &'static [&'static str],
    takes: &'static [&'static str],
    held: fn(&Holdings) -> Option<&[HeldGrant]>,
}

const APPS: Sort = Sort {
    kind: "AppInstance",
    gives: &[
        "application.user_membership.add",
        "application.user_membership.approve",
        "application.user_membership.restore",
    ],
    takes: &[
        "application.user_membership.remove",
        "application.user_membership.revoke",
        "application.user_membership.deprovision",
    ],
    held: |holdings| holdings.apps.as_deref(),
};

const GROUPS: Sort = Sort {
    kind: "UserGroup",
    gives: &["group.user_membership.add"],
    takes: &["group.user_membership.remove"],
    held: |holdings| holdings.groups.as_deref(),
};

/// Apps assigned or unassigned.
pub(super) fn apps(m: &Material<'_>) -> Vec<GrantRow> {
    rows(m, &APPS)
}

/// Groups joined or left.
pub(super) fn groups(m: &Material<'_>) -> Vec<GrantRow> {
    rows(m, &GROUPS)
}

fn rows(m: &Material<'_>, sort: &Sort) -> Vec<GrantRow> {
    let mut rows: Vec<GrantRow> = Vec::new();
    for seen in m.seen().filter(|seen| seen.is_to(m.account)) {
        let Some(thing) = seen.thing(sort.kind) else {
            continue;
        };
        if seen.did(sort.gives) {
            give(&mut rows, seen, thing);
        } else if seen.did(sort.takes) {
            take(&mut rows, seen, thing);
        }
    }
    let held = m.holdings.and_then(sort.held);
    for row in &mut rows {
        let here = held.and_then(|held| held.iter().find(|each| each.id == row.id));
        row.now = match (held, here, &row.taken) {
            (Some(_), Some(_), _) => Now::There,
            (Some(_), None, _) | (None, _, Some(_)) => Now::Gone,
            (None, _, None) => Now::Unread,
        };
        if let Some(here) = here {
            row.scope.clone_from(&here.scope);
        }
    }
    rows
}

fn row(seen: Seen<'_>, thing: Thing<'_>) -> GrantRow {
    GrantRow {
        id: thing.id.to_owned(),
        name: thing.name.to_owned(),
        scope: String::new(),
        given: None,
        taken: None,
        whose: seen.whose,
        now: Now::Unread,
    }
}

/// The first giving stands until it is taken.
fn give(rows: &mut Vec<GrantRow>, seen: Seen<'_>, thing: Thing<'_>) {
    let is_given = |row: &GrantRow| is_of(row, thing) && row.taken.is_none();
    if !rows.iter().any(is_given) {
        rows.push(GrantRow {
            given: Some(seen.told()),
            ..row(seen, thing)
        });
    }
}

fn take(rows: &mut Vec<GrantRow>, seen: Seen<'_>, thing: Thing<'_>) {
    let latest = rows.iter_mut().rfind(|row| is_of(row, thing));
    match latest {
        Some(row) if row.taken.is_none() => row.taken = Some(seen.told()),
        Some(_) => {}
        None => rows.push(GrantRow {
            taken: Some(seen.told()),
            ..row(seen, thing)
        }),
    }
}

fn is_of(row: &GrantRow, thing: Thing<'_>) -> bool {
    match thing.id {
        "" => row.id.is_empty() && row.name == thing.name,
        id => row.id == id,
    }
}

/// Admin roles given or taken. The directory's event lists all roles that the account has from
/// then on, and tells of none that went while another stays. Source: event types,
/// `user.account.privilege.*`.
pub(super) fn roles(m: &Material<'_>) -> Vec<GrantRow> {
    let held = m.holdings.and_then(|holdings| holdings.roles.as_deref());
    let of = |seen: Seen<'_>| {
        let given = seen.did(&["user.account.privilege.grant"]);
        let taken = seen.did(&["user.account.privilege.revoke"]);
        if !given && !taken {
            return None;
        }
        let name = match seen.debug("privilegeGranted") {
            Some(roles) => roles.to_owned(),
            None if given => "an admin role".into(),
            None => "all admin roles".into(),
        };
        let now = match held {
            None => Now::Unread,
            // The event that takes is about the last of them: any role is a new one.
            Some(held) if taken => there(!held.is_empty()),
            Some(held) => there(held.iter().any(|role| is_named(&name, role))),
        };
        Some(GrantRow {
            given: given.then(|| seen.told()),
            taken: taken.then(|| seen.told()),
            scope: String::new(),
            now,
            name,
            id: String::new(),
            whose: seen.whose,
        })
    };
    let to_him = m.seen().filter(|seen| seen.is_to(m.account));
    to_him.filter_map(of).collect()
}

fn there(is: bool) -> Now {
    if is { Now::There } else { Now::Gone }
}

/// Whether the event's text names this role: "Super administrator" is `SUPER_ADMIN`.
fn is_named(text: &str, role: &HeldGrant) -> bool {
    let text = text.to_lowercase();
    let label = role.name.to_lowercase();
    let kind = role.id.to_lowercase().replace('_', " ");
    (!label.is_empty() && text.contains(&label)) || (!kind.is_empty() && text.contains(&kind))
}
