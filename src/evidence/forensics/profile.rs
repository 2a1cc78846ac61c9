//! Changes of the profile and of the password.

use serde_json::Value;

use super::Material;
use super::seen::Seen;
use crate::evidence::event::some;
use crate::evidence::investigation::ProfileRow;

/// What each event says in a sentence.
const SAYS: &[(&str, &str)] = &[
    ("user.account.update_password", "changed the password"),
    ("user.account.reset_password", "reset the password"),
    ("user.account.expire_password", "expired the password"),
    ("user.account.update_profile", "changed the profile"),
    (
        "user.account.update_primary_email",
        "changed the primary e-mail",
    ),
    (
        "user.account.update_secondary_email",
        "changed the secondary e-mail",
    ),
    ("user.account.update_user_type", "changed the user type"),
];

/// Attributes named at most.
const NAMED_MAX: usize = 8;

/// The changes, the first first.
pub(super) fn rows(m: &Material<'_>) -> Vec<ProfileRow> {
    let to_him = m.seen().filter(|seen| seen.is_to(m.account));
    let row = |seen: Seen<'_>| {
        Some(ProfileRow {
            what: says(seen)?,
            told: seen.told(),
            whose: seen.whose,
        })
    };
    to_him
        .filter(|seen| !seen.event.failed())
        .filter_map(row)
        .collect()
}

/// The change in a sentence; `None` if it is none of these.
pub(super) fn says(seen: Seen<'_>) -> Option<String> {
    let (_, text) = SAYS.iter().find(|(kind, _)| *kind == seen.kind())?;
    let attributes = changed(seen);
    Some(match &attributes[..] {
        [] => (*text).to_owned(),
        some => format!("{text} ({})", some.join(", ")),
    })
}

/// Names of what was changed, where the event says it. Source: `changeDetails` of a target,
/// LogEvent [spec].
fn changed(seen: Seen<'_>) -> Vec<&str> {
    let targets = seen.event.0["target"].as_array().into_iter().flatten();
    let mut all: Vec<&str> = targets
        .filter_map(|target| target["changeDetails"]["to"].as_object())
        .flat_map(|to| to.keys().map(String::as_str))
        .collect();
    if let Some(Value::String(_)) =
        seen.event.0["debugContext"]["debugData"].get("changedAttributes")
    {
        let text = some(&seen.event.0["debugContext"]["debugData"]["changedAttributes"]);
        all.extend(
            text.into_iter()
                .flat_map(|text| text.split(',').map(str::trim)),
        );
    }
    all.truncate(NAMED_MAX);
    all
}
