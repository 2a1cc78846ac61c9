//! Arguments beside `--consent PHRASE`: they may be left out; given, they must agree with the
//! stored plan, so that nobody carries out another plan than the one he spelt out.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::args::CaseArgs;
use super::exit::{Exit, Failure};
use super::setup::checked;
use super::{subjects, when};
use crate::model::{Plan, Subject, Utc, WindowHow, name_key};
use crate::playbook::{CheckedPlaybook, shipped};

/// How far `--since 2h` may be from the plan's own: it was read while the plan was made.
const SLACK: Duration = Duration::from_secs(60);

/// Compares what is given with the plan.
///
/// # Errors
/// [`Failure`] with exit code 4 that names what disagrees, or what is malformed.
pub(super) fn agree(args: &CaseArgs, plan: &Plan) -> Result<(), Failure> {
    who(args, plan)?;
    window(args, plan)?;
    let case = &plan.case;
    let given_lifts: BTreeSet<&str> = args
        .lift
        .iter()
        .map(|text| text.split_once('=').map_or(text.as_str(), |(name, _)| name))
        .collect();
    let lifted: BTreeSet<&str> = plan
        .guards
        .iter()
        .filter(|guard| guard.lifted.is_some())
        .map(|guard| guard.name.word())
        .collect();
    let told = [
        (differs(args.case.as_ref(), case.id.as_ref()), "--case"),
        (
            differs(args.reason.as_ref(), case.reason.as_ref()),
            "--reason",
        ),
        (other_names(&args.only, &plan.scope.only), "--only"),
        (other_names(&args.skip, &plan.scope.skip), "--skip"),
        (!given_lifts.is_subset(&lifted), "--lift"),
    ];
    match told.into_iter().find(|(disagrees, _)| *disagrees) {
        Some((_, what)) => Err(disagree(what)),
        None => Ok(()),
    }
}

fn who(args: &CaseArgs, plan: &Plan) -> Result<(), Failure> {
    if args.who.is_empty() && args.subjects.is_none() && args.role.is_empty() {
        return Ok(());
    }
    let named = subjects::named(&args.who, args.subjects.as_deref(), &args.role)?;
    let planned = &plan.case.subjects;
    let mut known: HashMap<String, &Subject> = HashMap::new();
    for who in planned {
        known.insert(name_key(&who.login), who);
    }
    // Somebody's login may read like another's id.
    for who in planned {
        known.insert(name_key(who.id.as_str()), who);
    }
    let mut meant = HashSet::new();
    for name in &named.who {
        let Some(who) = known.get(&name_key(name)) else {
            return Err(disagree(&format!("`{name}`")));
        };
        meant.insert(&who.id);
        let role = named.roles.get(&name_key(name));
        if role.copied().unwrap_or_default() != who.role {
            return Err(disagree(&format!("the role of `{name}`")));
        }
    }
    if planned.iter().any(|who| !meant.contains(&who.id)) {
        return Err(disagree("the list of subjects"));
    }
    Ok(())
}

fn window(args: &CaseArgs, plan: &Plan) -> Result<(), Failure> {
    if args.since.is_none() && args.until.is_none() {
        return Ok(());
    }
    let (since, until) = (args.since.as_deref(), args.until.as_deref());
    let given = when::window(since, until, plan.made_at, &TimeZone::system());
    let given = given.map_err(|why| Failure::say(Exit::Refused, why, ""))?;
    let planned = &plan.case.window;
    let agrees = given.is_some_and(|(start, end)| {
        planned.how == WindowHow::Given
            && near(start, planned.start)
            && match (end, planned.end) {
                (Some(given), Some(planned)) => near(given, planned),
                (given, planned) => given == planned,
            }
    });
    if agrees {
        Ok(())
    } else {
        Err(disagree("the window"))
    }
}

fn near(one: Utc, other: Utc) -> bool {
    one.since(other).max(other.since(one)) <= SLACK
}

fn differs(given: Option<&String>, planned: Option<&String>) -> bool {
    given.is_some() && given != planned
}

fn other_names(given: &[String], planned: &[String]) -> bool {
    let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    !given.is_empty() && set(given) != set(planned)
}

fn disagree(what: &str) -> Failure {
    Failure::say(
        Exit::Refused,
        format!("{what} does not agree with the stored plan"),
        "leave it out, or plan again",
    )
}

/// The playbook of a stored plan: a shipped one is found by its name, another is named again.
///
/// # Errors
/// [`Failure`] if it cannot be found, is another, or has changed.
pub(super) fn same_playbook(given: Option<&str>, plan: &Plan) -> Result<CheckedPlaybook, Failure> {
    let theirs = &plan.playbook;
    let is_shipped = shipped().iter().any(|(name, _)| *name == theirs.name);
    let playbook = match given {
        Some(name) => checked(name)?,
        None if is_shipped => checked(&theirs.name)?,
        None => return Err(playbook_of_a_file(&theirs.name)),
    };
    let found = &playbook.reference;
    if found.digest == theirs.digest {
        return Ok(playbook);
    }
    match given {
        None => Err(playbook_of_a_file(&theirs.name)),
        Some(_) if found.name == theirs.name => Err(no_longer("the playbook has changed")),
        Some(_) => Err(disagree("--playbook")),
    }
}

fn playbook_of_a_file(name: &str) -> Failure {
    Failure::say(
        Exit::Refused,
        format!("the stored plan follows the playbook `{name}` of a file"),
        "name it again, with --playbook FILE",
    )
}

/// A stored plan that the world has moved away from.
pub(super) fn no_longer(what: &str) -> Failure {
    let what = format!("the plan no longer holds: {what}");
    Failure::say(Exit::Refused, what, "oust plan makes a new plan")
}
