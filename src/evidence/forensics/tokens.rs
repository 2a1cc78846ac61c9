//! API tokens: made, used, revoked, and those that the account owns without the log telling why.

use std::collections::BTreeMap;

use super::Material;
use super::seen::Seen;
use crate::evidence::holdings::{HeldToken, Holdings};
use crate::evidence::investigation::{Now, TokenRow, Told, Whose};
use crate::model::Window;

const MADE: &str = "system.api_token.create";
const REVOKED: &str = "system.api_token.revoke";

/// The account's tokens, and those of others that it revoked; the first first.
pub(super) fn rows(m: &Material<'_>, window: Option<Window>) -> Vec<TokenRow> {
    let mut rows: BTreeMap<String, TokenRow> = BTreeMap::new();
    for seen in m.seen().filter(|seen| seen.is_by(m.account)) {
        log(&mut rows, seen);
    }
    // What others did with tokens that are his.
    for seen in m.seen().filter(|seen| !seen.is_by(m.account)) {
        let known = |id: &str| rows.contains_key(id);
        let about = seen.things("Token").any(|token| known(token.id)) || known(seen.token());
        if about {
            log(&mut rows, seen);
        }
    }
    if let Some(holdings) = m.holdings {
        held(&mut rows, holdings, window);
    }
    let mut rows: Vec<TokenRow> = rows.into_values().collect();
    let first = |row: &TokenRow| {
        let told = row.made.as_ref().or(row.revoked.as_ref());
        told.and_then(|told| told.at).or(row.last_used)
    };
    rows.sort_by_key(|row| (first(row).is_none(), first(row), row.id.clone()));
    rows
}

fn log(rows: &mut BTreeMap<String, TokenRow>, seen: Seen<'_>) {
    if !seen.token().is_empty() {
        let row = row(rows, seen.token());
        row.used += 1;
        row.last_used = row.last_used.max(seen.at);
        if row.made.is_none() && (row.used == 1 || seen.whose == Whose::Intruder) {
            row.whose = seen.whose;
        }
    }
    let made = seen.did(&[MADE]);
    if !made && !seen.did(&[REVOKED]) {
        return;
    }
    for token in seen.things("Token").filter(|token| !token.id.is_empty()) {
        let row = row(rows, token.id);
        if !token.name.is_empty() {
            token.name.clone_into(&mut row.name);
        }
        if made {
            row.made.get_or_insert_with(|| seen.told());
            row.whose = seen.whose;
            if let Some(network) = seen.debug("networkConnection") {
                network.clone_into(&mut row.network);
            }
        } else {
            row.revoked = Some(seen.told());
            row.now = Now::Gone;
            if row.made.is_none() {
                row.whose = seen.whose;
            }
        }
    }
}

fn row<'r>(rows: &'r mut BTreeMap<String, TokenRow>, id: &str) -> &'r mut TokenRow {
    rows.entry(id.to_owned()).or_insert_with(|| TokenRow {
        id: id.to_owned(),
        name: String::new(),
        made: None,
        network: String::new(),
        used: 0,
        last_used: None,
        revoked: None,
        whose: Whose::Unclear,
        now: Now::Unread,
    })
}

/// What the directory lists. It hides the tokens of suspended accounts: one that is not listed
/// is then not known to be gone.
fn held(rows: &mut BTreeMap<String, TokenRow>, holdings: &Holdings, window: Option<Window>) {
    let Some(listed) = &holdings.api_tokens else {
        return;
    };
    let hides = holdings.status.as_deref() != Some("ACTIVE");
    for row in rows.values_mut() {
        row.now = match listed.iter().any(|each| each.id == row.id) {
            true => Now::There,
            false if row.revoked.is_some() || !hides => Now::Gone,
            false => Now::Unread,
        };
    }
    for token in listed {
        if !token.is_his && !rows.contains_key(&token.id) {
            continue;
        }
        add(rows, token, window);
    }
}

fn add(rows: &mut BTreeMap<String, TokenRow>, token: &HeldToken, window: Option<Window>) {
    let is_known = rows.contains_key(&token.id);
    let row = row(rows, &token.id);
    row.now = Now::There;
    row.name.clone_from(&token.name);
    row.network.clone_from(&token.network);
    if row.made.is_none() {
        row.made = token.created.map(|at| Told {
            at: Some(at),
            ..Told::default()
        });
    }
    if !is_known {
        let inside = token.created.zip(window);
        row.whose = match inside.is_some_and(|(at, window)| window.contains(at)) {
            true => Whose::Unclear,
            false => Whose::Own,
        };
    }
}
