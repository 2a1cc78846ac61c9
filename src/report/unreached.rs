//! Apps behind the directory that a run does not reach: what they leave, and for whom to do.

use super::object::{Because, Ending, Manual, Residual};
use super::residual::left;
use crate::ledger::Judge;
use crate::model::{Logout, Subject, SystemId, Unreached, UserId, count};

/// Apps told one by one at most.
const APPS_MAX: usize = 50;

/// One app in a few words: "Slack (assigned)".
pub(super) fn spoken(each: &Unreached) -> String {
    let partly = match each.logout {
        Some(Logout::Partial) => ", Universal Logout is partial there",
        _ => "",
    };
    match each.app.as_str() {
        "" => each.why.clone(),
        app => format!("{app} ({}{partly})", each.why),
    }
}

/// What still works at apps that there is no connector for. Those that there is one for are
/// told as systems of their own.
pub(super) fn residual(judge: &Judge<'_>, who: &UserId, directory: &SystemId) -> Vec<Residual> {
    let apps = without_connector(judge, who);
    let more = apps.len().saturating_sub(APPS_MAX);
    let told = apps.iter().take(APPS_MAX).map(|each| Residual {
        app: Some(each.app.clone()),
        link: each.link.clone(),
        ..of_apps(directory, format!("sessions at {}", each.app), reach(each))
    });
    let rest = (more > 0).then(|| {
        let what = format!("sessions at {}", count(more, "more app"));
        of_apps(directory, what, NO_CONNECTOR.into())
    });
    told.chain(rest).collect()
}

const NO_CONNECTOR: &str = "there is no connector for it";

fn of_apps(directory: &SystemId, what: String, why: String) -> Residual {
    Residual {
        until: Some("their own end".into()),
        ends: Ending::ByItself,
        ..left(directory, what, why, Because::Unreached)
    }
}

/// Why he may still be signed in, and how far the directory's own logout goes there.
fn reach(each: &Unreached) -> String {
    let logout = match each.logout {
        None => "",
        Some(Logout::Full) => {
            "; Universal Logout, where it was done, reaches it and is not read back"
        }
        Some(Logout::Partial) => {
            "; Universal Logout is partial there: it ends refresh tokens, and what is signed in \
             goes on"
        }
        Some(Logout::No) => "; Universal Logout does not reach it",
    };
    format!("{NO_CONNECTOR}{logout}")
}

/// What a person does about them, app by app.
pub(super) fn by_hand(judge: &Judge<'_>, who: &Subject, directory: &SystemId) -> Vec<Manual> {
    let apps = without_connector(judge, &who.id);
    let more = apps.len().saturating_sub(APPS_MAX);
    let one = |text: String| Manual {
        login: Some(who.login.clone()),
        system: directory.clone(),
        app: None,
        text,
        call: None,
        link: None,
    };
    let told = apps.iter().take(APPS_MAX).map(|each| Manual {
        app: Some(each.app.clone()),
        link: each.link.clone(),
        ..one(format!("have the account signed out at {}", each.app))
    });
    let rest = (more > 0).then(|| {
        let apps = count(more, "more app");
        one(format!("have the account signed out at {apps}"))
    });
    told.chain(rest).collect()
}

/// One entry an app, by its label.
fn without_connector<'r>(judge: &Judge<'r>, who: &UserId) -> Vec<&'r Unreached> {
    let none = judge.unreached(who).filter(|each| each.vendor.is_none());
    let mut apps: Vec<&Unreached> = none.filter(|each| !each.app.is_empty()).collect();
    apps.sort_by(|one, other| (&one.app, &one.id).cmp(&(&other.app, &other.id)));
    apps.dedup_by(|one, other| one.app == other.app);
    apps
}
