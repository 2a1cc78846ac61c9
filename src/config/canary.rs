//! `canary:` of the config file: the account that `oust rehearse --live` may contain for real.
//!
//! Whether it is fit for that is not told here: the directory is asked each time (`cli/rehearse`).

use crate::yaml::{Fields, Problems};

/// Characters of a login at most.
const CHARS_MAX: usize = 200;

/// Reads its login or id.
pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<String> {
    let at = fields.take("canary", problems)?;
    let who = problems.prose("`canary`", at, CHARS_MAX)?;
    Some(who.value)
}
