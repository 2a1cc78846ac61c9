//! `mass_order:` of the config file: in which order more than 20 accounts are evicted.
//!
//! Whether the org allows it is not told here: what live rehearsals showed is asked each time
//! (`engine/mass_order`).

use crate::yaml::{Fields, Problems};

const IN_TURN: &str = "in_turn";
const SUSPENDS_FIRST: &str = "suspends_first";

/// Whether all suspensions are to go first.
pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> bool {
    let Some(at) = fields.take("mass_order", problems) else {
        return false;
    };
    let word = problems.word("`mass_order`", at, &[IN_TURN, SUSPENDS_FIRST]);
    word == Some(SUSPENDS_FIRST)
}
