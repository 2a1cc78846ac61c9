//! Whom a case is about: looked up once, then described and put into the order they are helped in.
//!
//! A case over its cap stops here: nothing more is read about each of its subjects.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::executor::FEW_MAX;
use super::planner::{ASSUMED_WINDOW, PlanError, PlanRequest};
use super::run::Tools;
use crate::connector::{DirectorySystem, ResolveError, Wanted};
use crate::guard::{self, GuardConfig};
use crate::model::{
    Case, Chosen, Intruder, Role, Subject, Tri, UserId, Utc, Window, WindowHow, name_key,
};
use crate::playbook::CheckedPlaybook;
use crate::transport::Reader;

/// Whom a case is about.
pub(super) enum Who {
    /// Who they are; what they hold is yet to be read.
    Known(Case),
    /// Too many for one run: nothing more is read about each.
    TooMany(Case),
}

/// Looks them up and checks what was said of them; also names whom it left out, as given, because
/// he is not there any more.
///
/// # Errors
/// [`PlanError`], if somebody could not be established or `--identity` names nobody.
pub(super) async fn who(
    tools: &Tools,
    guards: &GuardConfig,
    request: &PlanRequest,
) -> Result<(Who, Vec<String>), PlanError> {
    let home = &tools.directory;
    let (subjects, gone) = resolve(home, request).await?;
    check_chosen(tools, request, &subjects)?;
    let case = case_of(request, subjects, tools.clock.now());
    if guard::too_many(&case, guards, &request.lifts) {
        return Ok((Who::TooMany(case), gone));
    }
    Ok((Who::Known(case), gone))
}

/// Looks everybody up, many in few requests; the same account named twice counts once.
async fn resolve(
    home: &DirectorySystem,
    request: &PlanRequest,
) -> Result<(Vec<Subject>, Vec<String>), PlanError> {
    let who = &request.who;
    if who.is_empty() {
        return Err(PlanError::Nobody);
    }
    let reader = Reader::new(home.system.client.clone());
    let found = home.directory.resolve_all(&reader, who).await;
    let mut subjects: Vec<Subject> = Vec::with_capacity(found.len());
    let mut places: HashMap<UserId, usize> = HashMap::new();
    let (mut gone, mut stranger) = (Vec::new(), None);
    for (name, subject) in who.iter().zip(found) {
        let mut subject = match subject {
            Err(error @ ResolveError::Stranger { .. }) if request.may_be_gone.contains(name) => {
                gone.push(name.clone());
                stranger.get_or_insert(error);
                continue;
            }
            other => other?,
        };
        let role = request.roles.get(&name_key(name)).copied();
        match places.get(&subject.id).and_then(|at| subjects.get_mut(*at)) {
            // By one of his names he was given no part.
            Some(known) if known.role == Role::default() => {
                known.role = role.unwrap_or_default();
            }
            Some(_) => {}
            None => {
                subject.role = role.unwrap_or_default();
                places.insert(subject.id.clone(), subjects.len());
                subjects.push(subject);
            }
        }
    }
    match stranger {
        Some(error) if subjects.is_empty() => Err(error.into()),
        _ => Ok((subjects, gone)),
    }
}

/// What a playbook asks of its subjects.
pub(super) fn wanted(playbook: &CheckedPlaybook) -> Wanted {
    Wanted {
        groups: playbook.speaks_of("subject.groups"),
        apps: playbook.speaks_of("subject.apps"),
        roles: playbook.speaks_of("subject.privileged") || playbook.speaks_of("subject.roles"),
    }
}

/// The case with what its subjects hold, as far as it is wanted, in the order they are helped in.
pub(super) async fn described(home: &DirectorySystem, wanted: Wanted, case: Case) -> Case {
    let reader = Reader::new(home.system.client.clone());
    let describing = home.directory.describe(&reader, case.subjects, wanted);
    let mut subjects = describing.await;
    put_in_order(&mut subjects);
    Case { subjects, ..case }
}

/// Administrators first, then those of whom nobody knows, who in a crowd are nearly all; among
/// equals those who can sign in. A crowd stands in a queue: there whoever signed in last, he or
/// the intruder, goes before whoever has not been here for weeks. A few are worked on at once,
/// and stay as they were named.
fn put_in_order(subjects: &mut [Subject]) {
    let is_crowd = subjects.len() > FEW_MAX;
    subjects.sort_by_key(|subject| {
        let rights = match subject.privileged {
            Tri::Yes => 0,
            Tri::Unread => 1,
            Tri::No => 2,
        };
        let last_login = subject.last_login.filter(|_| is_crowd);
        (rights, subject.status != "ACTIVE", Reverse(last_login))
    });
}

fn case_of(request: &PlanRequest, subjects: Vec<Subject>, now: Utc) -> Case {
    let intruders: Vec<Intruder> = request
        .found
        .iter()
        .filter(|intruder| {
            let mut ids = subjects.iter().map(|who| Some(&who.id));
            ids.any(|id| id == intruder.subject.as_ref())
        })
        .cloned()
        .collect();
    let derived = intruders.iter().filter_map(Intruder::window);
    let derived = derived.min_by_key(|window| window.start);
    let window = match (request.window, derived) {
        (Some((start, end)), _) => Window {
            start,
            end,
            how: WindowHow::Given,
        },
        (None, Some(derived)) => derived,
        (None, None) => Window {
            start: now.minus(ASSUMED_WINDOW),
            end: None,
            how: WindowHow::Assumed,
        },
    };
    Case {
        subjects,
        window,
        id: request.case_id.clone(),
        reason: request.reason.clone(),
        source: request.source.clone(),
        began: None,
        intruders,
    }
}

fn check_chosen(
    tools: &Tools,
    request: &PlanRequest,
    subjects: &[Subject],
) -> Result<(), PlanError> {
    let fits = |chosen: &Chosen| {
        let mut services = tools.services.iter();
        let mut subjects = subjects.iter();
        services.any(|system| system.id == chosen.system)
            && subjects.any(|who| chosen.who == who.login || chosen.who == who.id.as_str())
    };
    match request.identities.iter().find(|chosen| !fits(chosen)) {
        Some(chosen) => Err(PlanError::NoSuchIdentity {
            who: chosen.who.clone(),
            system: chosen.system.clone(),
            known: tools
                .services
                .iter()
                .map(|system| system.id.clone())
                .collect(),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn account(name: &str, privileged: Tri, status: &str, idle_min: Option<u64>) -> Subject {
        let now = Utc::from_millis(1_800_000_000_000);
        Subject {
            id: UserId::new(name),
            login: name.to_owned(),
            role: Role::default(),
            status: status.to_owned(),
            privileged,
            roles: Vec::new(),
            groups: None,
            accounts: None,
            mastered_by: "OKTA".to_owned(),
            changed_at: None,
            last_login: idle_min.map(|min| now.minus(Duration::from_secs(60 * min))),
        }
    }

    fn names(subjects: &[Subject]) -> Vec<&str> {
        subjects.iter().map(|who| who.login.as_str()).collect()
    }

    #[test]
    fn administrators_and_whoever_was_here_last_stand_first() {
        let mut subjects = vec![
            account("left", Tri::Unread, "DEPROVISIONED", Some(1)),
            account("never", Tri::Unread, "ACTIVE", None),
            account("yesterday", Tri::Unread, "ACTIVE", Some(1440)),
            account("now", Tri::Unread, "ACTIVE", Some(2)),
            account("nobody", Tri::No, "ACTIVE", Some(1)),
            account("admin", Tri::Yes, "SUSPENDED", None),
        ];
        subjects.extend((0..FEW_MAX).map(|_| account("other", Tri::No, "STAGED", None)));
        put_in_order(&mut subjects);
        let first = ["admin", "now", "yesterday", "never", "left", "nobody"];
        assert_eq!(names(&subjects)[..6], first);
    }

    #[test]
    fn a_few_stay_as_they_were_named() {
        let mut subjects = vec![
            account("named first", Tri::No, "ACTIVE", Some(1440)),
            account("named second", Tri::No, "ACTIVE", Some(1)),
            account("admin", Tri::Yes, "ACTIVE", None),
        ];
        put_in_order(&mut subjects);
        assert_eq!(names(&subjects), ["admin", "named first", "named second"]);
    }
}
