//! Which sessions in which roles are to be denied.
//!
//! Those that the trail shows, those that were assumed from them in the same account, and, because
//! the trail is minutes late, his session name at every role that the directory may let him in to:
//! a statement about a session that is not there denies nobody. Never in the role that we
//! act by, where a mistake would shut us out, and never in AWS's own roles, which it lets nobody
//! edit. Assumed: which of the roles Okta assigns to him is not told, so that all of them are met.
//!
//! A session that somebody else has as well is left to a person, and so is one that was assumed by
//! a session of his name in another account, whose trail is not read here.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::super::Aws;
use super::super::held::{self, Held};
use super::super::policy::revoke::{NAME, SessionId, written};
use super::super::providers::Providers;
use super::super::roles::{self, Role};
use super::super::sessions::{Known, Seen, Sessions, is_name, spellings};
use super::super::settings::Place;
use super::super::trail::{self, Told, Trails};
use super::super::vendor::VENDOR;
use super::super::voice::why;
use crate::connector::{Identified, Planned};
use crate::connectors::kit::{Glance, Planning, change, target};
use crate::model::{Change, Kept, Skip, UserId, Utc, count};

/// Roles that he is met in by name alone, at most.
const ENTRANCES_MAX: usize = 60;

/// Roles read at the same time.
const AT_ONCE: usize = 8;

/// Names of sessions that the trail is asked about, at most: each takes half a second.
const NAMES_MAX: usize = 12;

/// Rounds of asking what newly found sessions did.
const ROUNDS_MAX: usize = 3;

/// A session to deny.
struct Wanted<'a> {
    role: &'a Role,
    session: SessionId,
    seen: Option<Seen>,
}

/// What denies a subject's sessions.
pub(super) async fn denying(p: &Planning<'_, Aws>, who: &Identified) -> Planned {
    let now = p.glance.reader().clock().elapsed();
    p.service.together.is_crowd(now, Some(&who.id));
    let account = match account(p.service, p.glance).await {
        Ok(account) => account,
        Err(why) => return Planned::skipped(Skip::Unread { why }),
    };
    let found = found(p, &account, &who.id).await;
    let mut planned = Planned::default();
    let wanted = wanted(&account, &found, &mut planned);
    let held = held_in(p.glance, wanted.iter().map(|one| one.role)).await;
    for one in wanted {
        let held = &held[&one.role.name];
        tell(held, one.role, &mut planned.notes);
        planned.changes.push(denial(p, who, &one, held));
    }
    planned
        .notes
        .extend(account.sign_ins.unread.iter().cloned());
    told_elsewhere(&found.sessions, &mut planned);
    if let Some(why) = unread(&account, &found) {
        planned.skip = Some(Skip::Unread { why });
    } else if planned.changes.is_empty() {
        planned.skip = Some(Skip::NothingSelected {
            why: "no role lets him in that we may change, and he has no session".into(),
        });
    }
    planned
}

/// The account's roles, and which of them is ours.
struct Account {
    id: String,
    roles: Vec<Role>,
    own: Option<String>,
    providers: Providers,
    sign_ins: Told,
}

async fn account(aws: &Aws, glance: &Glance) -> Result<Account, String> {
    let Place::Account(place) = &aws.settings.place else {
        return Err("Identity Center has no roles of its own".into());
    };
    let own = aws.own_role(glance).await?;
    let roles = roles::all(glance).await.map_err(|unread| why(&unread))?;
    let sign_ins = trail::sign_ins(&trails(aws, glance)).await;
    let named = &aws.settings.saml_providers;
    Ok(Account {
        id: place.id.clone(),
        providers: Providers::of(named, &roles, &sign_ins.events),
        roles,
        own,
        sign_ins,
    })
}

impl Account {
    fn is_own(&self, role: &Role) -> bool {
        self.own.as_ref() == Some(&role.name)
    }

    /// Roles that people sign in to and that we may change.
    fn entrances(&self) -> impl Iterator<Item = &Role> {
        let open =
            |role: &&Role| self.providers.lets_in(role) && !role.is_reserved && !self.is_own(role);
        self.roles.iter().filter(open)
    }

    fn by_id(&self, id: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id)
    }
}

pub(in super::super) fn trails<'a>(aws: &'a Aws, glance: &'a Glance) -> Trails<'a> {
    Trails {
        glance,
        recent: &aws.recent,
        regions: &aws.settings.trail_regions,
    }
}

/// What the trail shows of him.
struct Found {
    names: Vec<String>,
    sessions: Sessions,
    chained: Told,
    /// Entrances beyond those that are met by name.
    left_out: usize,
}

async fn found(p: &Planning<'_, Aws>, account: &Account, name: &str) -> Found {
    let trails = trails(p.service, p.glance);
    let sign_ins = &account.sign_ins.events;
    let names = spellings(name, sign_ins, &account.providers);
    let entrances: Vec<String> = account.entrances().map(|role| role.id.clone()).collect();
    let mut asked = names.clone();
    let mut chained = trail::chained(&trails, &asked).await;
    let mut sessions = Sessions::default();
    for _ in 0..ROUNDS_MAX {
        let known = Known {
            account: &account.id,
            names: &names,
            entrances: &entrances,
            providers: &account.providers,
            sign_ins,
            chained: &chained.events,
        };
        sessions = known.sessions();
        let mut more = sessions.names();
        more.retain(|name| !asked.contains(name));
        let room = NAMES_MAX.saturating_sub(asked.len());
        if more.is_empty() || room == 0 {
            break;
        }
        asked.extend(more.into_iter().take(room));
        chained = trail::chained(&trails, &asked).await;
    }
    // All was read if all was read at once; else what sessions did that nobody asked about is open.
    let mut unasked = sessions.names();
    unasked.retain(|name| !asked.contains(name));
    if chained.by_name && !unasked.is_empty() {
        let unasked = count(unasked.len(), "more session");
        let why = format!("CloudTrail: what {unasked} of his did was not asked for");
        chained.unread.push(why);
    }
    Found {
        names,
        sessions,
        chained,
        left_out: entrances.len().saturating_sub(ENTRANCES_MAX),
    }
}

/// Sessions to deny: first those that the trail shows, his sign-ins before what was assumed from
/// them, and the newest before older ones, for there may not be room for all. What is left alone
/// goes into `planned`.
fn wanted<'a>(account: &'a Account, found: &Found, planned: &mut Planned) -> Vec<Wanted<'a>> {
    let mut all: Vec<Wanted<'a>> = Vec::new();
    let mut seen: Vec<(&SessionId, &Seen)> = found.sessions.seen.iter().collect();
    seen.sort_by_key(|(_, seen)| (seen.from.is_some(), std::cmp::Reverse(seen.at)));
    for (session, seen) in seen {
        match account.by_id(session.role()) {
            None => planned.notes.push(format!(
                "the role {} is not there any more: its sessions can do nothing",
                seen.role_name
            )),
            Some(role) => match left_alone(account, found, role, session) {
                Some(why) => planned.kept.push(kept(role, session, why)),
                None => all.push(Wanted {
                    role,
                    session: session.clone(),
                    seen: Some(seen.clone()),
                }),
            },
        }
    }
    for role in account.entrances().take(ENTRANCES_MAX) {
        for name in &found.names {
            let session = SessionId::new(&role.id, name);
            let session = session.filter(|id| !found.sessions.seen.contains_key(id));
            let Some(session) = session else {
                continue;
            };
            match left_alone(account, found, role, &session) {
                Some(why) => planned.kept.push(kept(role, &session, why)),
                None => all.push(Wanted {
                    role,
                    session,
                    seen: None,
                }),
            }
        }
    }
    all
}

/// Why a session is not denied.
fn left_alone(
    account: &Account,
    found: &Found,
    role: &Role,
    session: &SessionId,
) -> Option<&'static str> {
    if account.is_own(role) {
        Some("it is in the role that oust acts by, which it never touches: end it by hand")
    } else if role.is_reserved {
        Some("AWS lets nobody change this role: block the user at Identity Center")
    } else if found.sessions.shared.contains(session) {
        Some("somebody else has a session of the same name there, and no policy tells them apart")
    } else {
        None
    }
}

fn kept(role: &Role, session: &SessionId, why: impl Into<String>) -> Kept {
    Kept {
        target: target("session", &session.to_string(), &label(role, session)),
        why: why.into(),
        suspect: true,
    }
}

fn label(role: &Role, session: &SessionId) -> String {
    format!("{} in {}", session.name(), role.name)
}

/// Sessions that lead out of the account, or may have come in from another.
fn told_elsewhere(sessions: &Sessions, planned: &mut Planned) {
    for (session, whose) in &sessions.from_elsewhere {
        planned.kept.push(Kept {
            target: target("session", &session.to_string(), &session.to_string()),
            why: format!("assumed by a session called {whose}, which may be his"),
            suspect: true,
        });
    }
    for session in &sessions.unvouched {
        planned.kept.push(Kept {
            target: target("session", &session.to_string(), &session.to_string()),
            why: "of his name, and perhaps not vouched for by Okta".into(),
            suspect: true,
        });
    }
    for place in &sessions.elsewhere {
        planned.kept.push(Kept {
            target: target("session", place, place),
            why: "assumed from a session of his; another account is another system".into(),
            suspect: true,
        });
    }
}

/// Why there may be more than was found.
fn unread(account: &Account, found: &Found) -> Option<String> {
    let mut why = found.chained.unread.clone();
    if let Some(untold) = account.providers.untold() {
        why.push(format!(
            "which of the identity providers {} is Okta's cannot be told: say it by \
             `saml_providers` in the config",
            untold.join(", ")
        ));
    }
    let shared = found.sessions.shared.len();
    if shared > 0 {
        why.push(format!(
            "{} of his name is somebody else's, too, and was left",
            count(shared, "session")
        ));
    }
    if found.left_out > 0 {
        let left_out = count(found.left_out, "more role");
        why.push(format!("{left_out} may let him in than are met by name"));
    }
    (!why.is_empty()).then(|| why.join("; "))
}

/// The policy of our name in each of these roles; `Err`: why it could not be read.
async fn held_in<'a>(
    glance: &Glance,
    roles: impl Iterator<Item = &'a Role>,
) -> BTreeMap<String, Result<Held, String>> {
    let names: BTreeSet<&String> = roles.map(|role| &role.name).collect();
    let each = names.into_iter().map(async |name| {
        let held = held::ours(glance, name).await;
        (name.clone(), held.map_err(|unread| why(&unread)))
    });
    let each: Vec<_> = each.collect();
    stream::iter(each).buffered(AT_ONCE).collect().await
}

/// What a person should know of a role before it is written to.
fn tell(held: &Result<Held, String>, role: &Role, notes: &mut Vec<String>) {
    let note = match held {
        Ok(Held::Foreign(why)) => format!(
            "the role {} has a policy {NAME} that is not ours and will not be written to: {why}",
            role.name
        ),
        Err(why) => format!(
            "whether {} has a policy of ours could not be read: {why}",
            role.name
        ),
        Ok(Held::Nothing | Held::Ours(_)) => return,
    };
    if !notes.contains(&note) {
        notes.push(note);
    }
}

fn denial(
    p: &Planning<'_, Aws>,
    who: &Identified,
    one: &Wanted<'_>,
    held: &Result<Held, String>,
) -> Change {
    let label = label(one.role, &one.session);
    let sentence = match &one.seen {
        Some(Seen {
            from: Some(from), ..
        }) => format!("deny everything to {label}, assumed from {}", from.name()),
        Some(_) => format!("deny everything to {label}"),
        None => format!("deny everything to {label}, if there is such a session"),
    };
    let seen_at = one.seen.as_ref().map(|seen| seen.at);
    let before = before(one.role, held, &who.subject.id, &one.session, seen_at);
    let target = target("session", &one.session.to_string(), &label);
    change(&VENDOR, p.step, who, target, sentence, before)
}

/// What undoing needs to know.
fn before(
    role: &Role,
    held: &Result<Held, String>,
    subject: &UserId,
    session: &SessionId,
    seen_at: Option<Utc>,
) -> Value {
    let cut_off = match held {
        Ok(Held::Ours(ours)) => ours.cut_off(subject, session),
        _ => None,
    };
    json!({
        "role": role.name, "arn": role.arn, "seen_at": seen_at,
        "read": held.is_ok(), "cut_off": cut_off.map(written),
    })
}

/// What takes out what any run of ours put in about a subject.
pub(super) async fn allowing(p: &Planning<'_, Aws>, who: &Identified) -> Planned {
    let account = match account(p.service, p.glance).await {
        Ok(account) => account,
        Err(why) => return Planned::skipped(Skip::Unread { why }),
    };
    let editable = |role: &&Role| !role.is_reserved && !account.is_own(role);
    let roles: Vec<&Role> = account.roles.iter().filter(editable).collect();
    let held = held_in(p.glance, roles.iter().copied()).await;
    let mut planned = Planned::default();
    for role in roles {
        let in_it = &held[&role.name];
        tell(in_it, role, &mut planned.notes);
        let Ok(Held::Ours(ours)) = in_it else {
            continue;
        };
        let joint = ours
            .joint_sessions()
            .filter(|id| is_name(id.name(), &who.id));
        let own = ours.sessions(&who.subject.id).into_iter();
        // His own statement and those about many may list the same one.
        let sessions: BTreeSet<SessionId> = own.chain(joint.cloned()).collect();
        for session in sessions {
            let label = label(role, &session);
            let before = before(role, in_it, &who.subject.id, &session, None);
            let target = target("session", &session.to_string(), &label);
            let sentence = format!("take our statement about {label} out");
            let change = change(&VENDOR, p.step, who, target, sentence, before);
            planned.changes.push(change);
        }
    }
    if planned.changes.is_empty() {
        planned.skip = Some(Skip::NothingSelected {
            why: "no role has a statement of ours about him".into(),
        });
    }
    planned
}
