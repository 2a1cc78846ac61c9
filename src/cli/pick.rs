//! Accounts that a group, a search or the log names, beside those named one by one.
//!
//! All of them together, each once, told and counted before anything is planned for them. A part
//! that names nobody is an error: an empty selection is a mistake, never everybody. So is one that
//! names more than can be taken: nobody is left out silently.
//!
//! Selects and tells, no more: who an account is and how it stands is read by its id when it is
//! planned for, and how many may be contained at once is the guards' to say.

mod from_log;
mod network;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::args::{CaseArgs, PickArgs};
use super::contain::lifts;
use super::exit::{Exit, Failure};
use super::setup::Workshop;
use super::{say, subjects};
use crate::connector::{PickError, Picked, Picks, Selector, Unheard};
use crate::guard::over_caps;
use crate::model::{Finding, Role, Severity, UserId, Utc, count, name_key};
use crate::report::escape::visible;
use crate::transport::Reader;

/// Accounts of one selection at most.
const WHO_MAX: usize = 20_000;

/// Up to so many are looked up even where a cap will refuse them: the refusal then comes with the
/// whole plan.
const LOOKED_UP_MAX: usize = 200;

/// What `cap_hour` looks back.
const HOUR: Duration = Duration::from_secs(3600);

/// Logins that are told one by one; the rest is counted.
const TOLD_MAX: usize = 8;

/// How a search is written.
const A_SEARCH: &str = "write it as for Okta's `search`: profile.department eq \"Finance\" and \
                        status eq \"ACTIVE\"";

/// Whom a case is about, however they were named.
pub(super) struct Chosen {
    /// Logins or ids: those named one by one as they were given, the others by id.
    pub(super) who: Vec<String>,
    /// The part of those for whom one was given, by [`name_key`].
    pub(super) roles: BTreeMap<String, Role>,
    /// How they were selected, for the plan and whoever reads it later.
    pub(super) finding: Option<Finding>,
    /// Those that the log alone names, with the login of that day: they may be gone by now.
    pub(super) logged: BTreeMap<String, String>,
    /// How many accounts were told.
    told: usize,
}

impl Chosen {
    /// Once everybody was looked up: tells who is `gone` by name, and how many accounts they are
    /// if names that were told as several are one's.
    pub(super) fn settle(&mut self, gone: &[String], subjects: usize) {
        let Some(finding) = &mut self.finding else {
            return;
        };
        let mut add = |text: String| {
            say(&format!("! {text}"));
            finding.text = format!("{}; {text}", finding.text);
        };
        let named = |id: &String| match self.logged.get(id).filter(|login| !login.is_empty()) {
            Some(login) => visible(&format!("{login} ({id})")),
            None => visible(id),
        };
        let names: Vec<String> = gone.iter().map(named).collect();
        match &names[..] {
            [] => {}
            [one] => add(format!("{one} of the log is not there any more: left out")),
            some => add(format!(
                "{} of the log are not there any more: left out: {}",
                count(some.len(), "account"),
                some.join(", ")
            )),
        }
        if subjects != self.told.saturating_sub(gone.len()) {
            let all = count(subjects, "account");
            add(format!("looked up, they are {all}: each counts once"));
        }
    }
}

/// All that the arguments name.
///
/// # Errors
/// [`Failure`], if a part names nobody or too many, or could not be read to its end.
pub(super) async fn chosen(
    shop: &Workshop,
    args: &CaseArgs,
    window: Option<(Utc, Option<Utc>)>,
    now: Utc,
) -> Result<Chosen, Failure> {
    let (who, list) = (&args.who, args.subjects.as_deref());
    if args.pick.is_empty() {
        let named = subjects::named(who, list, &args.role)?;
        return Ok(Chosen {
            who: named.who,
            roles: named.roles,
            finding: None,
            logged: BTreeMap::new(),
            told: 0,
        });
    }
    let named = subjects::named_beside(who, list, &args.role)?;
    // What is a mistake is told before anything is read.
    let selectors = selectors(&args.pick)?;
    let asked: Vec<(&String, from_log::Asked)> = (args.pick.from_log.iter())
        .map(|text| Ok((text, from_log::Asked::read(text)?)))
        .collect::<Result<_, Failure>>()?;
    let mut all = Union::of(named);
    let reader = Reader::new(shop.tools.directory.system.client.clone());
    let directory = &shop.tools.directory.directory;
    for (option, by) in selectors {
        let picks = directory.pick(&reader, &by, WHO_MAX).await;
        let picks = picks.map_err(|error| failed(&option, &by, &error))?;
        all.add(&option, told(&by, &picks), picks.who, false)?;
    }
    for (text, asked) in asked {
        let option = format!("--from-log {text}");
        let found = from_log::read(&shop.tools.directory, &asked, window, now).await?;
        all.add(&option, asked.told(), found, true)?;
    }
    if all.who.len() > WHO_MAX {
        return Err(too_many("all of it together"));
    }
    let selected = all.selected();
    let chosen = all.done(&args.pick);
    refuse_over_caps(shop, args, selected, now).await?;
    Ok(chosen)
}

/// Refuses what a cap refuses anyway, before each of thousands is looked up for it. Those selected
/// are told by id, so that they are so many at least; whoever was named beside them may be one of
/// them by another name, and is left to the guards.
async fn refuse_over_caps(
    shop: &Workshop,
    args: &CaseArgs,
    selected: usize,
    now: Utc,
) -> Result<(), Failure> {
    if selected <= LOOKED_UP_MAX {
        return Ok(());
    }
    let lifts = lifts(&args.lift, &shop.person)?;
    // One that cannot be read is told by the guards.
    let before = shop.tools.store.subjects_since(now.minus(HOUR)).await;
    let over = over_caps(
        selected as u64,
        before.unwrap_or_default(),
        &shop.guards,
        &lifts,
    );
    if over.is_empty() {
        return Ok(());
    }
    let each: Vec<String> = over
        .iter()
        .map(|(guard, why)| format!("guard {guard}: {why}"))
        .collect();
    let lifts: Vec<String> = over
        .iter()
        .map(|(guard, _)| format!("--lift {guard}=REASON"))
        .collect();
    let what = format!("REFUSED, nothing was written: {}", each.join("; "));
    let hint = format!("if they are meant, add {}", lifts.join(" "));
    Err(Failure::say(Exit::Refused, what, hint))
}

/// What is selected beside a stored plan, which has its accounts by id.
///
/// # Errors
/// [`Failure`] if anything is.
pub(super) fn none_beside_a_plan(pick: &PickArgs) -> Result<(), Failure> {
    if pick.is_empty() {
        return Ok(());
    }
    Err(Failure::say(
        Exit::Usage,
        "a stored plan holds its accounts by id: nothing is selected again for it",
        "leave out --group, --search and --from-log, or plan again",
    ))
}

/// # Errors
/// [`Failure`], if one is blank: Okta takes no search, and no group, for everybody.
fn selectors(pick: &PickArgs) -> Result<Vec<(String, Selector)>, Failure> {
    let mut all = Vec::new();
    for id in &pick.group {
        let hint = "give the group's id (00g…): the address of its page in the Admin console ends \
                    in it";
        let id = not_blank("--group", "group", id, hint)?;
        all.push((format!("--group {id}"), Selector::Group(id.to_owned())));
    }
    for text in &pick.search {
        let text = not_blank("--search", "search", text, A_SEARCH)?;
        all.push((
            format!("--search {text}"),
            Selector::Search(text.to_owned()),
        ));
    }
    Ok(all)
}

fn not_blank<'t>(option: &str, kind: &str, text: &'t str, hint: &str) -> Result<&'t str, Failure> {
    match text.trim() {
        "" => {
            let what = format!("{option}: an empty {kind} is everybody, and never meant");
            Err(Failure::say(Exit::Usage, what, hint))
        }
        some => Ok(some),
    }
}

fn told(by: &Selector, picks: &Picks) -> String {
    match by {
        Selector::Group(id) if picks.name.is_empty() => format!("group {id}"),
        Selector::Group(id) => format!("group {} ({id})", picks.name),
        Selector::Search(text) => format!("the search `{text}`"),
    }
}

fn failed(option: &str, by: &Selector, error: &PickError) -> Failure {
    let (exit, hint) = match (error, by) {
        (PickError::NoSuchGroup { .. }, _) => (
            Exit::NotStarted,
            "give the group's id (00g…): the address of its page in the Admin console ends in it"
                .to_owned(),
        ),
        (PickError::Refused(_), Selector::Search(_)) => (Exit::Usage, A_SEARCH.to_owned()),
        (PickError::Refused(_), Selector::Group(_)) => (Exit::NotStarted, String::new()),
        (PickError::TooMany { .. }, _) => return too_many(option),
        (PickError::Unread(why), _) => (Exit::NotStarted, why.hint()),
    };
    Failure::say(exit, format!("{option}: {error}"), hint)
}

/// That the log could not be read.
fn unheard(option: &str, why: &Unheard, more: &str) -> Failure {
    let what = format!("{option}: {why}");
    Failure::say(Exit::NotStarted, what, format!("{more}{}", why.hint()))
}

fn too_many(option: &str) -> Failure {
    let what = format!("{option}: more than {WHO_MAX} accounts; none of them was taken");
    Failure::say(
        Exit::Usage,
        what,
        "narrow it, or contain part after part: --subjects takes a list of ids",
    )
}

/// All parts together, each account once: by its id as it is, which alone tells two apart. A login
/// in the log is that of its day, and whoever acted could choose it.
struct Union {
    who: Vec<String>,
    /// How many of them were named one by one: the first.
    named: usize,
    roles: BTreeMap<String, Role>,
    /// Every id in it, and whatever else was named one by one.
    known: HashSet<String>,
    /// Those who were named one by one, as [`name_key`] has them.
    names: HashSet<String>,
    /// Of `who`, those that were named by login as well: told once, and one when they are looked
    /// up, whoever has that login then.
    also_named: usize,
    logged: BTreeMap<String, String>,
    /// What each part brought.
    parts: Vec<String>,
    /// The first logins.
    first: Vec<String>,
    twice: HashSet<String>,
    gone: usize,
}

impl Union {
    fn of(named: subjects::Named) -> Self {
        let parts = match named.who.len() {
            0 => Vec::new(),
            some => vec![format!("{some} named")],
        };
        Self {
            known: named.who.iter().cloned().collect(),
            names: named.who.iter().map(|name| name_key(name)).collect(),
            also_named: 0,
            first: named.who.iter().take(TOLD_MAX).cloned().collect(),
            named: named.who.len(),
            who: named.who,
            roles: named.roles,
            logged: BTreeMap::new(),
            parts,
            twice: HashSet::new(),
            gone: 0,
        }
    }

    /// Takes what one part names.
    fn add(
        &mut self,
        option: &str,
        told: String,
        found: Vec<Picked>,
        is_log: bool,
    ) -> Result<(), Failure> {
        let all = found.len();
        let (mut added, mut gone) = (0_usize, 0_usize);
        for one in found {
            if one.is_gone {
                gone += 1;
                continue;
            }
            let id = one.id.as_str();
            if !self.known.insert(id.to_owned()) {
                // Whoever is named elsewhere, too, must be there.
                self.logged.remove(id);
                self.twice.insert(id.to_owned());
                continue;
            }
            self.who.push(id.to_owned());
            if !is_log && self.names.contains(&name_key(&one.login)) {
                self.twice.insert(id.to_owned());
                self.also_named += 1;
                continue;
            }
            added += 1;
            if self.first.len() < TOLD_MAX {
                self.first.push(match one.login.is_empty() {
                    true => id.to_owned(),
                    false => one.login.clone(),
                });
            }
            if is_log {
                self.logged.insert(id.to_owned(), one.login);
            }
        }
        self.gone += gone;
        if all == gone {
            return Err(nobody(option, gone));
        }
        self.parts.push(format!("{added} of {told}"));
        Ok(())
    }

    /// How many were selected, beside those named one by one.
    fn selected(&self) -> usize {
        self.who.len().saturating_sub(self.named)
    }

    fn done(self, pick: &PickArgs) -> Chosen {
        let told = self.who.len().saturating_sub(self.also_named);
        let mut text = format!("{}: {}", count(told, "account"), self.parts.join(", "));
        match self.twice.len() {
            0 => {}
            1 => text.push_str("; 1 is in more than one of these, and counts once"),
            many => text.push_str(&format!(
                "; {many} are in more than one of these, and count once"
            )),
        }
        if self.gone > 0 {
            let gone = count(self.gone, "deactivated account");
            text.push_str(&format!("; {gone} left out"));
        }
        let hint = late(pick);
        say(&visible(&text));
        let more = told.saturating_sub(self.first.len());
        let mut first = self.first.join(", ");
        if more > 0 {
            first.push_str(&format!(" and {more} more"));
        }
        say(&format!("  {}", visible(&first)));
        if !hint.is_empty() {
            say(&format!("  {hint}"));
        }
        Chosen {
            who: self.who,
            roles: self.roles,
            finding: Some(Finding {
                severity: Severity::Info,
                id: Finding::SELECTED.into(),
                text,
                hint,
            }),
            logged: self.logged,
            told,
        }
    }
}

/// Who may be missing, by the way these were found.
fn late(pick: &PickArgs) -> String {
    let mut all = Vec::new();
    if !pick.search.is_empty() {
        all.push("Okta's search may lag: whoever changed a moment ago can be missing from it");
    }
    if !pick.from_log.is_empty() {
        all.push("events of the last 15 minutes may still arrive: select again later for the rest");
    }
    all.join("; ")
}

fn nobody(option: &str, gone: usize) -> Failure {
    let (what, hint) = match gone {
        0 => (
            format!("{option} names nobody"),
            "an empty selection is a mistake, never everybody: check it, or leave it out",
        ),
        gone => (
            format!(
                "{option} names nobody who could sign in: {}",
                count(gone, "deactivated account")
            ),
            "name them one by one to contain them all the same",
        ),
    };
    Failure::say(Exit::NotStarted, what, hint)
}

/// An account as the log names it.
fn logged(id: &str, login: &str) -> Picked {
    Picked {
        id: UserId::new(id),
        login: login.to_owned(),
        is_gone: false,
    }
}
