//! Apps behind the directory that a run does not reach: what they leave, and for whom to do.

use super::object::{Because, Manual, Residual};
use crate::ledger::Judge;
use crate::model::{Subject, SystemId, Unreached, UserId};

/// Apps named in one line at most.
const NAMED_MAX: usize = 12;

/// One app in a few words: "Slack (assigned)".
pub(super) fn spoken(each: &Unreached) -> String {
    match each.app.as_str() {
        "" => each.why.clone(),
        app => format!("{app} ({})", each.why),
    }
}

/// What still works at apps that there is no connector for. Those that there is one for are
/// told as systems of their own.
pub(super) fn residual(judge: &Judge<'_>, who: &UserId, directory: &SystemId) -> Option<Residual> {
    let apps = without_connector(judge, who)?;
    Some(Residual {
        what: format!("sessions at apps that no connector reaches: {apps}"),
        system: directory.clone(),
        until: Some("their own end".into()),
        why: "there is no connector for them".into(),
        because: Because::Unreached,
    })
}

/// What a person does about them.
pub(super) fn by_hand(judge: &Judge<'_>, who: &Subject, directory: &SystemId) -> Option<Manual> {
    let apps = without_connector(judge, &who.id)?;
    Some(Manual {
        login: Some(who.login.clone()),
        system: directory.clone(),
        text: format!("have the account signed out at {apps}"),
    })
}

fn without_connector(judge: &Judge<'_>, who: &UserId) -> Option<String> {
    let none = judge.unreached(who).filter(|each| each.vendor.is_none());
    let mut names: Vec<&str> = none.map(|each| each.app.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    match (names.join(", "), more) {
        (text, _) if text.is_empty() => None,
        (text, 0) => Some(text),
        (text, more) => Some(format!("{text} and {more} more")),
    }
}
