//! Identity providers: linked to the account, or made by it in what was read.

use super::Material;
use crate::evidence::investigation::{IdpRow, Told, Whose};

const MADE: &[&str] = &["system.idp.lifecycle.create"];

/// The providers.
pub(super) fn rows(m: &Material<'_>) -> Vec<IdpRow> {
    let held = m.holdings.and_then(|holdings| holdings.idps.as_deref());
    let mut rows: Vec<IdpRow> = held
        .unwrap_or_default()
        .iter()
        .map(|idp| IdpRow {
            id: idp.id.clone(),
            name: idp.name.clone(),
            kind: idp.kind.clone(),
            made: None,
            whose: Whose::Own,
        })
        .collect();
    for seen in m.seen().filter(|seen| seen.did(MADE)) {
        let Some(idp) = KINDS.iter().find_map(|kind| seen.thing(kind)) else {
            continue;
        };
        let made: Told = seen.told();
        match rows.iter_mut().find(|row| row.id == idp.id) {
            Some(row) => (row.made, row.whose) = (Some(made), seen.whose),
            None => rows.push(IdpRow {
                id: idp.id.to_owned(),
                name: idp.name.to_owned(),
                kind: String::new(),
                made: Some(made),
                whose: seen.whose,
            }),
        }
    }
    rows
}

/// What the target of such an event is called: the layout was never verified [facts].
const KINDS: &[&str] = &["IdentityProvider", "Idp", "IDP"];
