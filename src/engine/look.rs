//! Looks into the accounts that an alert names: who they are, and what the log says of them.
//!
//! An alert is a hint. What it names (accounts, events, sessions, tokens) is where to look; each
//! account is looked into twice, once with the alert's word and once without it. Only what the log
//! says by itself may be acted upon without a person, and only that gives the window then: whoever
//! can forge an alert can neither have somebody contained nor widen what is taken from him.
//!
//! Bounded, and by reads alone. What could not be read is undecided. Whom the directory does not
//! know is told, and the others are looked into: a support engineer is nobody's account.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::log::stream_log;
use crate::connector::{DirectorySystem, LogAsk, ResolveError, Unheard};
use crate::evidence::Event;
use crate::evidence::inquiry::{Account, Hints, inquire, is_ours};
use crate::model::{Confirmation, Hinted, Intruder, Part, Subject, UserId, Utc, count};
use crate::transport::Reader;

/// Accounts of one alert: as many as one request for the log may name.
pub const NAMED_MAX: usize = 20;

/// Events that are looked into, of all accounts.
const EVENTS_MAX: usize = 20_000;

/// Events that an alert may name.
const UUIDS_MAX: usize = 50;

/// Who gave support access, at most.
const GRANTERS_MAX: usize = 5;

/// Beyond this lies the future; a clock that is slow must not hide what has just been done.
const AHEAD: Duration = Duration::from_secs(10 * 60);

/// The life of the vendor's access to the org.
const SUPPORT: &str = "user.session.impersonation.";

/// A person's own report: its session and address are his, not the intruder's.
const REPORT: &str = "user.account.report_suspicious_activity_by_enduser";

/// Where to look.
#[derive(Clone, Debug)]
pub struct LookAsk {
    /// The accounts named, at most [`NAMED_MAX`].
    pub who: Vec<Hinted>,
    /// Who did it where that is no person, by the directory's id.
    pub clients: Vec<String>,
    /// From when on the log is read.
    pub since: Utc,
    /// Ids of events.
    pub events: Vec<String>,
    /// Sessions.
    pub sessions: Vec<String>,
    /// API tokens.
    pub tokens: Vec<String>,
    /// Whether it is about support access: who gave it is then looked for as well.
    pub support: bool,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// Each account that the directory knows.
    pub accounts: Vec<Seen>,
    /// Those that it does not, a sentence each.
    pub strangers: Vec<String>,
    /// Named events that the log does not have, or not yet.
    pub not_there: Vec<String>,
    /// Whether all that the alert speaks of is our own doing.
    pub ours: bool,
    /// What kept us from reading all of it.
    pub unread: Option<String>,
}

/// One account.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Who.
    pub subject: Subject,
    /// Whether the alert names him; else the log does, as who gave support access.
    pub is_named: bool,
    /// The part that the alert gives him.
    pub part: Part,
    /// What the log says, the alert's word taken for it.
    pub told: Intruder,
    /// What it says by itself.
    pub alone: Intruder,
    /// Whether somebody signed in as him by support access.
    pub acted_as: bool,
    /// Whether he gave support access.
    pub granted: bool,
}

/// Looks into them.
///
/// # Errors
/// [`Unheard`], if the directory could not be asked who they are.
pub async fn look_into(home: &DirectorySystem, ask: &LookAsk) -> Result<Looked, Unheard> {
    let reader = Reader::new(home.system.client.clone());
    let mut hints = Hints {
        our_clients: home.directory.own_clients(),
        our_account: None,
        ..Hints::default()
    };
    let is_our_client = |who: &Hinted| {
        let id = who.okta_id.as_ref().map(UserId::as_str);
        id.is_some_and(|id| hints.our_clients.iter().any(|ours| ours == id))
    };
    let (clients, people): (Vec<&Hinted>, Vec<&Hinted>) =
        ask.who.iter().partition(|who| is_our_client(who));
    let mut looked = Looked::default();
    let mut accounts = Vec::new();
    for who in people {
        match resolve(home, &reader, who).await? {
            Ok(subject) => add(&mut accounts, subject, who.part),
            Err(stranger) => looked.strangers.push(stranger),
        }
    }
    let own = home.directory.own_principal(&reader).await;
    hints.our_account = own.ok().flatten().map(|id| id.as_str().to_owned());

    let mut log = Log::new(home, &reader, ask.since);
    log.about(accounts.iter().map(|(who, _)| &who.id)).await;
    log.named(&ask.events).await;
    if ask.who.is_empty() {
        // Nobody is named, but events are: who did them is the log's word, not the alert's.
        for id in log.doers(&ask.events) {
            let who = Hinted {
                okta_id: Some(UserId::new(id)),
                ..Hinted::default()
            };
            if let Ok(subject) = resolve(home, &reader, &who).await? {
                add(&mut accounts, subject, Part::Actor);
            }
        }
        log.about(accounts.iter().map(|(who, _)| &who.id)).await;
    }
    let named_accounts = accounts.len();
    let support = ask.support || log.named_events(&ask.events).any(|event| is_support(event));
    if support {
        log.filtered(&format!("eventType sw \"{SUPPORT}\"")).await;
        let mut more = Vec::new();
        for id in log.granters() {
            if !accounts.iter().any(|(who, _)| who.id.as_str() == id) {
                let who = Hinted {
                    okta_id: Some(UserId::new(id)),
                    ..Hinted::default()
                };
                if let Ok(subject) = resolve(home, &reader, &who).await? {
                    add(&mut more, subject, Part::Unknown);
                }
            }
        }
        log.about(more.iter().map(|(who, _)| &who.id)).await;
        accounts.extend(more);
    }
    log.sort();

    let named: Vec<Event<'_>> = log.named_events(&ask.events).collect();
    let found: BTreeSet<&str> = named.iter().filter_map(|event| event.uuid()).collect();
    let gone = ask.events.iter().filter(|id| !found.contains(id.as_str()));
    looked.not_there = gone.cloned().collect();
    looked.ours = match &named[..] {
        [] => all_ours(&ask.clients, &clients, actors(&ask.who), &hints.our_clients),
        some => some.iter().all(|event| is_ours(*event, &hints)),
    };
    hints.tokens.clone_from(&ask.tokens);
    (hints.events, hints.sessions) = without_reports(ask, &named);
    let bare = Hints {
        our_clients: hints.our_clients.clone(),
        our_account: hints.our_account.clone(),
        ..Hints::default()
    };
    let each = accounts.into_iter().enumerate();
    let each = each.map(|(n, (subject, part))| {
        let his = log.of(&subject.id);
        let (told, alone) = (
            log.asked(&subject, &his, &hints),
            log.asked(&subject, &his, &bare),
        );
        let id = subject.id.as_str();
        Seen {
            acted_as: his.iter().any(|event| is_use_of(*event, id)),
            granted: his
                .iter()
                .any(|event| is_grant(*event) && event.actor() == Some(id)),
            is_named: n < named_accounts,
            told,
            alone,
            part,
            subject,
        }
    });
    looked.accounts = each.collect();
    looked.unread = log.unread();
    Ok(looked)
}

/// Who it is; `Err` inside is a sentence of whom the directory does not know.
async fn resolve(
    home: &DirectorySystem,
    reader: &Reader,
    who: &Hinted,
) -> Result<Result<Subject, String>, Unheard> {
    let id = who.okta_id.as_ref().map(UserId::as_str);
    let Some(name) = id.or(who.login.as_deref()) else {
        return Ok(Err("somebody without id and login".into()));
    };
    match home.directory.resolve(reader, name).await {
        Ok(subject) => Ok(Ok(subject)),
        Err(ResolveError::Unread { why, .. }) => Err(why),
        Err(stranger @ (ResolveError::Stranger { .. } | ResolveError::Several { .. })) => {
            let login = who.login.as_deref().filter(|login| *login != name);
            let also = login.map_or_else(String::new, |login| format!(" ({login})"));
            Ok(Err(format!("{stranger}{also}")))
        }
    }
}

/// The same account named twice is one; that he was the actor or the target is kept.
fn add(accounts: &mut Vec<(Subject, Part)>, subject: Subject, part: Part) {
    match accounts.iter_mut().find(|(who, _)| who.id == subject.id) {
        Some((_, known)) if *known == Part::Unknown => *known = part,
        Some(_) => {}
        None => accounts.push((subject, part)),
    }
}

/// Whether an alert that names no event says that we did it, and nobody else.
fn all_ours(named: &[String], as_people: &[&Hinted], actors: usize, ours: &[String]) -> bool {
    let is_ours = named.iter().all(|id| ours.contains(id));
    let anybody = !named.is_empty() || !as_people.is_empty();
    anybody && is_ours && actors <= as_people.len()
}

fn actors(who: &[Hinted]) -> usize {
    let actors = who.iter().filter(|who| who.part == Part::Actor);
    actors.count()
}

fn is_support(event: Event<'_>) -> bool {
    event.kind().is_some_and(|kind| kind.starts_with(SUPPORT))
}

fn is_grant(event: Event<'_>) -> bool {
    let kinds = [
        "user.session.impersonation.grant",
        "user.session.impersonation.extend",
    ];
    event.kind().is_some_and(|kind| kinds.contains(&kind)) && !event.failed()
}

/// Whether somebody else signed in as this account.
fn is_use_of(event: Event<'_>, id: &str) -> bool {
    event.kind() == Some("user.session.impersonation.initiate")
        && event.actor() != Some(id)
        && event.targets().any(|target| target["id"] == *id)
}

/// The alert's events and sessions without a person's reports and the sessions of those.
fn without_reports(ask: &LookAsk, named: &[Event<'_>]) -> (Vec<String>, Vec<String>) {
    let reports = || named.iter().filter(|event| event.kind() == Some(REPORT));
    let is_report = |id: &String| reports().any(|event| event.uuid() == Some(id));
    let is_his = |id: &String| reports().any(|event| event.session() == Some(id));
    let events = ask.events.iter().filter(|id| !is_report(id));
    let sessions = ask.sessions.iter().filter(|id| !is_his(id));
    (events.cloned().collect(), sessions.cloned().collect())
}

/// The people who did this, by id, at most so many.
fn people_of<'e>(events: impl Iterator<Item = Event<'e>>, most: usize) -> Vec<String> {
    let people = events.filter(|event| event.0["actor"]["type"] == "User");
    let mut ids: Vec<String> = people
        .filter_map(|event| event.actor().map(str::to_owned))
        .collect();
    ids.sort();
    ids.dedup();
    ids.truncate(most);
    ids
}

/// What was read of the log.
struct Log<'l> {
    home: &'l DirectorySystem,
    since: Utc,
    until: Utc,
    events: Vec<Value>,
    known: BTreeSet<String>,
    why: Option<String>,
}

impl<'l> Log<'l> {
    fn new(home: &'l DirectorySystem, reader: &Reader, since: Utc) -> Self {
        Self {
            home,
            since,
            until: reader.vendor_now().plus(AHEAD),
            events: Vec::new(),
            known: BTreeSet::new(),
            why: None,
        }
    }

    /// What these did and had done to them.
    async fn about(&mut self, who: impl Iterator<Item = &UserId>) {
        let about: Vec<UserId> = who.cloned().collect();
        for some in about.chunks(NAMED_MAX) {
            self.ask(some.to_vec(), None).await;
        }
    }

    /// Named events that are about nobody known. That an event can be asked for by its id is not
    /// in the directory's own examples: an org that refuses leaves it at what is about the accounts.
    async fn named(&mut self, ids: &[String]) {
        let missing = ids.iter().filter(|id| !self.known.contains(*id));
        let each: Vec<String> = missing
            .take(UUIDS_MAX)
            .map(|id| format!("uuid eq \"{}\"", id.replace(['"', '\\'], "")))
            .collect();
        for some in each.chunks(10) {
            let before = self.why.clone();
            self.filtered(&some.join(" or ")).await;
            self.why = before;
        }
    }

    async fn filtered(&mut self, filter: &str) {
        self.ask(Vec::new(), Some(filter.to_owned())).await;
    }

    async fn ask(&mut self, about: Vec<UserId>, filter: Option<String>) {
        let ask = LogAsk {
            since: self.since,
            until: Some(self.until),
            about,
            filter,
        };
        let (events, known) = (&mut self.events, &mut self.known);
        let (_, ended) = stream_log(self.home, &ask, |event| {
            let id = Event(event).uuid().unwrap_or_default();
            if id.is_empty() || known.insert(id.to_owned()) {
                events.push(event.clone());
            }
            events.len() < EVENTS_MAX
        })
        .await;
        if let Err(why) = ended {
            self.why = Some(why.to_string());
        }
    }

    fn sort(&mut self) {
        self.events.sort_by_key(|event| Event(event).published());
    }

    fn unread(&self) -> Option<String> {
        let too_many = || format!("more than {}", count(EVENTS_MAX, "event"));
        let full = self.events.len() >= EVENTS_MAX;
        self.why.clone().or_else(|| full.then(too_many))
    }

    fn named_events<'e>(&'e self, ids: &'e [String]) -> impl Iterator<Item = Event<'e>> {
        let all = self.events.iter().map(Event);
        all.filter(|event| {
            let mut ids = ids.iter();
            ids.any(|id| event.uuid() == Some(id.as_str()))
        })
    }

    /// Who gave support access: ids of people.
    fn granters(&self) -> Vec<String> {
        let grants = self.events.iter().map(Event).filter(|each| is_grant(*each));
        people_of(grants, GRANTERS_MAX)
    }

    /// Who did what the alert names: ids of people.
    fn doers(&self, named: &[String]) -> Vec<String> {
        people_of(self.named_events(named), NAMED_MAX)
    }

    /// All that is known of an account. What is only about support access is the account's if it
    /// names it.
    fn of(&self, id: &UserId) -> Vec<Event<'_>> {
        let all = self.events.iter().map(Event);
        all.filter(|event| event.is_about(id.as_str())).collect()
    }

    fn asked(&self, who: &Subject, his: &[Event<'_>], hints: &Hints) -> Intruder {
        let account = Account {
            id: who.id.clone(),
            login: who.login.clone(),
        };
        let mut intruder = inquire(&account, his, hints).intruder;
        intruder.unread = self.unread();
        if intruder.unread.is_some() && intruder.answer == Confirmation::NotConfirmed {
            intruder.answer = Confirmation::Undecided;
        }
        intruder
    }
}
