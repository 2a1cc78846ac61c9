//! What the intruder made or changed outside the account, and whether it is still there.
//!
//! The directory's answer counts first. Where nobody was asked, a later event that takes the thing
//! away is believed, and nothing else is known.

use super::Material;
use crate::evidence::investigation::{Now, PlantedRow, TokenRow};
use crate::model::{Intruder, Plant};

/// The plants, in the intruder's order.
pub(super) fn rows(m: &Material<'_>, intruder: &Intruder, tokens: &[TokenRow]) -> Vec<PlantedRow> {
    let each = intruder.planted.iter().enumerate();
    let row = |(place, plant): (usize, &Plant)| {
        let asked = m.planted.get(place).copied().unwrap_or(Now::Unread);
        PlantedRow {
            plant: plant.clone(),
            now: match asked {
                Now::Unread => by_log(m, plant, tokens),
                now => now,
            },
        }
    };
    each.map(row).collect()
}

fn by_log(m: &Material<'_>, plant: &Plant, tokens: &[TokenRow]) -> Now {
    if plant.target_kind == "Token" {
        let token = tokens.iter().find(|row| row.id == plant.target);
        return token.map_or(Now::Unread, |row| row.now);
    }
    let undone: &[&str] = match plant.kind.as_str() {
        "user.session.impersonation.grant" | "user.session.impersonation.extend" => {
            &["user.session.impersonation.revoke"]
        }
        "user.session.impersonation.initiate" => &[
            "user.session.impersonation.end",
            "user.session.impersonation.revoke",
        ],
        _ => return Now::Unread,
    };
    let later = |at: Option<crate::model::Utc>| at.is_some_and(|at| at >= plant.at);
    match m.seen().any(|seen| seen.did(undone) && later(seen.at)) {
        true => Now::Gone,
        false => Now::Unread,
    }
}
