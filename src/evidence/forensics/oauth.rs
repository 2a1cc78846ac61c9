//! Consents that were given to apps, and the clients that hold consents or refresh tokens.
//!
//! The layout of these events' targets was never verified [facts]: the client is looked for
//! among the types that were seen.

use super::Material;
use super::seen::{Seen, Thing};
use crate::evidence::holdings::HeldClient;
use crate::evidence::investigation::{Now, OauthRow, Told, Whose};
use crate::model::Window;

const GIVEN: &[&str] = &[
    "app.oauth2.consent.grant",
    "app.oauth2.as.consent.grant",
    "app.oauth2.admin.consent.grant",
];

const CLIENT: &[&str] = &["AppInstance", "PublicClientApp", "OAuth2Client", "Client"];

/// The consents, the log's first.
pub(super) fn rows(m: &Material<'_>, window: Option<Window>) -> Vec<OauthRow> {
    let held = m.holdings.and_then(|holdings| holdings.clients.as_deref());
    let mut rows: Vec<OauthRow> = Vec::new();
    let given = m
        .seen()
        .filter(|seen| seen.did(GIVEN) && seen.is_to(m.account));
    for seen in given {
        let client = client(seen).unwrap_or_default();
        let known = rows.iter_mut().find(|row| row.client == client.id);
        match known {
            Some(row) => add_scopes(row, seen),
            None => rows.push(of_log(seen, client, held.is_some())),
        }
    }
    for client in held.unwrap_or_default() {
        match rows.iter_mut().find(|row| row.client == client.id) {
            Some(row) => {
                row.now = Now::There;
                row.scopes.clone_from(&client.scopes);
            }
            None => rows.push(of_held(client, window)),
        }
    }
    rows
}

fn client<'e>(seen: Seen<'e>) -> Option<Thing<'e>> {
    CLIENT.iter().find_map(|kind| seen.thing(kind))
}

fn of_log(seen: Seen<'_>, client: Thing<'_>, is_read: bool) -> OauthRow {
    let mut row = OauthRow {
        client: client.id.to_owned(),
        name: client.name.to_owned(),
        scopes: Vec::new(),
        given: Some(seen.told()),
        whose: seen.whose,
        now: if is_read { Now::Gone } else { Now::Unread },
    };
    add_scopes(&mut row, seen);
    row
}

fn add_scopes(row: &mut OauthRow, seen: Seen<'_>) {
    let said = ["scopes", "grantedScopes", "scope"]
        .into_iter()
        .find_map(|name| seen.debug(name));
    let words = said.unwrap_or_default().split([',', ' ', '[', ']', '"']);
    for word in words.filter(|word| !word.is_empty()) {
        if !row.scopes.iter().any(|scope| scope == word) {
            row.scopes.push(word.to_owned());
        }
    }
}

fn of_held(client: &HeldClient, window: Option<Window>) -> OauthRow {
    let inside = client.created.zip(window);
    OauthRow {
        client: client.id.clone(),
        name: client.name.clone(),
        scopes: client.scopes.clone(),
        given: client.created.map(|at| Told {
            at: Some(at),
            ..Told::default()
        }),
        whose: match inside.is_some_and(|(at, window)| window.contains(at)) {
            true => Whose::Unclear,
            false => Whose::Own,
        },
        now: Now::There,
    }
}
