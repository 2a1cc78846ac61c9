//! An investigation: reads the log, tells what happened in each account and what is left of it.
//!
//! From the live log or from a file, to the same object. What an intruder left is asked of the
//! directory where there is one to ask; from a file alone nobody is asked, and rows say so. What
//! could not be read is said, and leaves the answer undecided: it is never taken for "nothing".
//!
//! Writes nothing, keeps nothing, and decides nothing that a person should.

mod bag;
mod fired;
mod live;
mod next;
mod only;
mod reach;
mod saved;

use std::time::Duration;

use futures_util::future::join;

use crate::connector::{DirectorySystem, Org, ResolveError, System, Unheard};
use crate::evidence::detect::Detections;
use crate::evidence::forensics::{self, Material};
use crate::evidence::holdings::{Holdings, ThreatConfig};
use crate::evidence::inquiry::{Account, Found, Hints, inquire};
use crate::evidence::investigation::{
    Decision, Investigation, LogSource, Now, SCHEMA, SubjectFindings, Whose,
};
use crate::evidence::{Event, SavedError};
use crate::model::{Confirmation, Intruder, Owner, Subject, Utc, count};
use crate::transport::{Rank, Reader};
use bag::Bag;
use live::Live;

pub use only::Only;

/// How long the directory keeps events. Source: Okta API, "System Log", data retention.
const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// What an investigation is given.
pub struct Investigator {
    /// Whom to ask; `None`: nobody, all is in the file.
    pub directory: Option<DirectorySystem>,
    /// The other systems, to say which cuts an app.
    pub services: Vec<System>,
    /// Whom to call about an app.
    pub owners: Vec<Owner>,
    /// What is looked for in every account's events.
    pub detections: Detections,
    /// Detections that do not hold, a sentence each.
    pub broken_rules: Vec<String>,
    /// `oust/<version>`
    pub tool: String,
    /// The moment it begins.
    pub now: Utc,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct InvestigateAsk {
    /// Logins or ids; none only with `only`.
    pub who: Vec<String>,
    /// From when on; of a file, from its beginning.
    pub since: Option<Utc>,
    /// Until when.
    pub until: Option<Utc>,
    /// Only a part of it.
    pub only: Option<Only>,
    /// A file of events, `-` for stdin; else the live log.
    pub file: Option<String>,
}

/// Why there is no investigation.
#[derive(Debug, thiserror::Error)]
pub enum InvestigateError {
    /// Who is meant could not be told.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The directory could not be asked at all.
    #[error("the directory could not be read: {0}")]
    Unheard(Unheard),
    /// The file could not be read.
    #[error(transparent)]
    Saved(#[from] SavedError),
    /// No event of the file is about him.
    #[error("no event in {file} is about `{who}`")]
    Nobody {
        /// Who was named.
        who: String,
        /// Where.
        file: String,
    },
    /// No event is of what was asked for.
    #[error("no event in {place} is of {what}")]
    NoSuch {
        /// What was asked for.
        what: String,
        /// Where.
        place: String,
    },
    /// stdin comes once.
    #[error("whose session or token it is must be found first, and stdin can be read only once")]
    Twice,
    /// Nobody to ask.
    #[error("there is neither a directory nor a file to read")]
    Nothing,
}

impl InvestigateError {
    /// The operator's next step, in one sentence.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Resolve(error) => error.hint(),
            Self::Unheard(unheard) => unheard.hint(),
            Self::Saved(_) => "name a file of events, one a line, as it is, gzip or zstd; - reads \
                               stdin"
                .into(),
            Self::Nobody { .. } => "give the whole login or the id (00u…), or a file of another \
                                    time"
                .into(),
            Self::NoSuch { .. } => "check the id, or look further back with --since".into(),
            Self::Twice => "name the login too, or a file instead of -".into(),
            Self::Nothing => "name a file with --log, or a config with --config".into(),
        }
    }
}

/// Looks into it.
///
/// # Errors
/// [`InvestigateError`], if it could not even begin.
pub async fn investigate(
    tools: &Investigator,
    ask: &InvestigateAsk,
) -> Result<Investigation, InvestigateError> {
    match (&ask.file, &tools.directory) {
        (Some(file), _) => of_file(tools, ask, file).await,
        (None, Some(directory)) => of_log(tools, ask, directory).await,
        (None, None) => Err(InvestigateError::Nothing),
    }
}

/// The default look back of a live log.
#[must_use]
pub fn looks_back(now: Utc) -> Utc {
    now.minus(Duration::from_secs(7 * 86_400))
}

async fn of_file(
    tools: &Investigator,
    ask: &InvestigateAsk,
    file: &str,
) -> Result<Investigation, InvestigateError> {
    let from = saved::read(file, &ask.who, ask.since, ask.until, ask.only.as_ref())?;
    let bag = from.bag;
    let mut case = Case::new(tools, ask, &bag);
    case.read.file = Some(file.to_owned());
    case.read.odd_lines = from.odd_lines;
    case.read.missing.extend(from.missing);
    case.read.since = ask.since.or_else(|| first(&bag)).unwrap_or(tools.now);
    case.read.until = ask.until.or_else(|| bag.until()).unwrap_or(tools.now);
    case.org().await;
    for account in &from.accounts {
        let events = bag.of(account);
        let found = case.inquire(account, &events);
        let subject = case.same_account(account).await;
        case.add(account, subject.as_ref(), &events, found).await?;
    }
    Ok(case.done().await)
}

async fn of_log(
    tools: &Investigator,
    ask: &InvestigateAsk,
    directory: &DirectorySystem,
) -> Result<Investigation, InvestigateError> {
    let oldest = tools.now.minus(KEPT);
    let since = ask.since.unwrap_or_else(|| looks_back(tools.now));
    let mut live = Live {
        directory,
        since: since.max(oldest),
        until: ask.until.unwrap_or(tools.now),
        bag: Bag::default(),
        missing: Vec::new(),
    };
    if since < oldest {
        live.missing.push(format!(
            "Okta keeps 90 days: what is older than {oldest} is not there any more"
        ));
    }
    let named = match (&ask.who[..], &ask.only) {
        ([], Some(only)) => live.people(only).await,
        (who, _) => who.to_vec(),
    };
    if let ([], Some(only)) = (&named[..], &ask.only) {
        return Err(InvestigateError::NoSuch {
            what: only.says(),
            place: "the log".into(),
        });
    }
    let subjects = resolve(directory, &named).await?;
    let accounts = subjects.iter().map(|subject| Account {
        id: subject.id.clone(),
        login: subject.login.clone(),
    });
    let accounts: Vec<Account> = accounts.collect();
    live.read(&accounts, ask.only.as_ref()).await;
    for account in &accounts {
        let found = inquire(account, &live.bag.of(account), &hints(tools, ask));
        live.follow(account, &found.intruder).await;
    }
    let Live { bag, missing, .. } = live;
    let mut case = Case::new(tools, ask, &bag);
    case.read.since = since;
    case.read.until = ask.until.unwrap_or(tools.now);
    case.read.missing.extend(missing);
    case.org().await;
    for (account, subject) in accounts.iter().zip(&subjects) {
        let events = bag.of(account);
        let found = case.inquire(account, &events);
        case.add(account, Some(subject), &events, found).await?;
    }
    Ok(case.done().await)
}

async fn resolve(
    directory: &DirectorySystem,
    named: &[String],
) -> Result<Vec<Subject>, InvestigateError> {
    let reader = Reader::new(directory.system.client.clone());
    let mut subjects: Vec<Subject> = Vec::new();
    for who in named {
        let subject = directory.directory.resolve(&reader, who).await?;
        if !subjects.iter().any(|other| other.id == subject.id) {
            subjects.push(subject);
        }
    }
    Ok(subjects)
}

fn hints(tools: &Investigator, ask: &InvestigateAsk) -> Hints {
    let directory = tools.directory.as_ref();
    let mut hints = Hints {
        our_clients: directory.map_or_else(Vec::new, |home| home.directory.own_clients()),
        ..Hints::default()
    };
    match &ask.only {
        Some(Only::Session(id)) => hints.sessions.push(id.clone()),
        Some(Only::Token(id)) => hints.tokens.push(id.clone()),
        Some(Only::Impersonation(_)) | None => {}
    }
    hints
}

fn first(bag: &Bag) -> Option<Utc> {
    bag.all().filter_map(Event::published).min()
}

/// An investigation that is being made.
struct Case<'c> {
    tools: &'c Investigator,
    ask: &'c InvestigateAsk,
    org: Option<Org>,
    read: LogSource,
    subjects: Vec<SubjectFindings>,
    allowed: Vec<Decision>,
    unread: Vec<String>,
}

impl<'c> Case<'c> {
    fn new(tools: &'c Investigator, ask: &'c InvestigateAsk, bag: &Bag) -> Self {
        let mut missing = Vec::new();
        if bag.pushed_out > 0 {
            missing.push(format!(
                "too many: the oldest {} of {} are left out; narrow it with --since",
                bag.pushed_out,
                count(bag.len() + bag.pushed_out, "event")
            ));
        }
        Self {
            tools,
            ask,
            org: None,
            read: LogSource {
                file: None,
                since: tools.now,
                until: tools.now,
                read_until: bag.until(),
                events: bag.len(),
                copies: bag.copies,
                odd_lines: 0,
                missing,
                only: ask.only.as_ref().map(Only::says),
            },
            subjects: Vec::new(),
            allowed: Vec::new(),
            unread: Vec::new(),
        }
    }

    async fn org(&mut self) {
        let Some(directory) = &self.tools.directory else {
            return;
        };
        let reader = Reader::new(directory.system.client.clone()).ranked(Rank::Evidence);
        match directory.directory.org(&reader).await {
            Ok(org) => self.org = Some(org),
            Err(unheard) => self.unread.push(format!("the org: {unheard}")),
        }
    }

    /// Whose event is whose; what could not be read leaves it open.
    fn inquire(&self, account: &Account, events: &[Event<'_>]) -> Found {
        let mut found = inquire(account, events, &hints(self.tools, self.ask));
        if !self.read.missing.is_empty() {
            let intruder = &mut found.intruder;
            intruder.unread = Some(self.read.missing.join("; "));
            if intruder.answer == Confirmation::NotConfirmed {
                intruder.answer = Confirmation::Undecided;
            }
        }
        found
    }

    async fn add(
        &mut self,
        account: &Account,
        subject: Option<&Subject>,
        events: &[Event<'_>],
        found: Found,
    ) -> Result<(), InvestigateError> {
        let ours = hints(self.tools, self.ask).our_clients;
        let (detections, detected) = fired::run(&self.tools.detections, &ours, account, events);
        let (events, whose) = self.part(account, events, found.whose)?;
        let mut intruder = found.intruder;
        if self.ask.only.is_some() {
            let part: Vec<&str> = events.iter().filter_map(|event| event.uuid()).collect();
            intruder
                .planted
                .retain(|plant| part.contains(&plant.event.as_str()));
        }
        let (holdings, planted) = self.held(subject, &intruder).await;
        let material = Material {
            account,
            events: &events,
            whose: &whose,
            holdings: holdings.as_ref(),
            planted: &planted,
            detected: &detected,
        };
        let mut found = forensics::findings(&material, intruder);
        reach::fill(self.tools, &mut found.subject.impact).await;
        if found.left_out > 0 {
            let rows = count(found.left_out, "row");
            let who = &account.login;
            self.read
                .missing
                .push(format!("{who}: {rows} of the timeline are left out"));
        }
        found.subject.detections = detections;
        self.subjects.push(found.subject);
        self.allowed.extend(found.allowed);
        Ok(())
    }

    /// What is there now; nothing where nobody can be asked.
    async fn held(
        &mut self,
        subject: Option<&Subject>,
        intruder: &Intruder,
    ) -> (Option<Holdings>, Vec<Now>) {
        let (Some(home), Some(subject)) = (&self.tools.directory, subject) else {
            return (None, Vec::new());
        };
        let reader = Reader::new(home.system.client.clone()).ranked(Rank::Evidence);
        let (directory, window) = (&home.directory, intruder.window());
        let (holdings, planted) = join(
            directory.holdings(&reader, subject, window),
            directory.planted_now(&reader, &intruder.planted),
        )
        .await;
        self.unread.extend(holdings.unread.iter().cloned());
        (Some(holdings), planted)
    }

    /// The account of a file's events at the directory that we can ask; another account by the
    /// same name is not asked about.
    async fn same_account(&mut self, account: &Account) -> Option<Subject> {
        let home = self.tools.directory.as_ref()?;
        let reader = Reader::new(home.system.client.clone());
        let who = match account.id.as_str() {
            "" => account.login.as_str(),
            id => id,
        };
        let found = home.directory.resolve(&reader, who).await;
        let why = match found {
            Ok(subject) if subject.id == account.id || account.id.as_str().is_empty() => {
                return Some(subject);
            }
            Ok(subject) => format!("the account by that name is another ({})", subject.id),
            Err(error) => error.to_string(),
        };
        self.unread
            .push(format!("what {} holds now: {why}", account.login));
        None
    }

    async fn threat(&mut self) -> Option<ThreatConfig> {
        let home = self.tools.directory.as_ref()?;
        let reader = Reader::new(home.system.client.clone()).ranked(Rank::Evidence);
        let config = home.directory.threat_config(&reader).await;
        config
            .map_err(|why| self.unread.push(format!("ThreatInsight: {why}")))
            .ok()
    }

    /// The part of the events that is asked for.
    fn part<'e>(
        &self,
        account: &Account,
        events: &[Event<'e>],
        whose: Vec<Whose>,
    ) -> Result<(Vec<Event<'e>>, Vec<Whose>), InvestigateError> {
        let Some(only) = &self.ask.only else {
            // The life of support access matters to others than whom it is about only where an
            // intruder had to do with it.
            let both = events.iter().copied().zip(whose);
            let kept = both.filter(|(event, whose)| {
                !bag::is_support(*event)
                    || *whose == Whose::Intruder
                    || bag::is_about(*event, account)
            });
            return Ok(kept.unzip());
        };
        let part = only.part(events);
        let both = events.iter().copied().zip(whose).zip(part);
        let kept: (Vec<Event<'e>>, Vec<Whose>) =
            both.filter(|(_, is)| *is).map(|(both, _)| both).unzip();
        if kept.0.is_empty() {
            return Err(InvestigateError::NoSuch {
                what: only.says(),
                place: "what was read".into(),
            });
        }
        Ok(kept)
    }

    async fn done(mut self) -> Investigation {
        let threat = self.threat().await;
        let next = next::commands(&self.subjects, &self.read, self.ask.only.as_ref());
        Investigation {
            schema: SCHEMA.into(),
            tool: self.tools.tool.clone(),
            org_id: self.org.as_ref().map(|org| org.id.clone()),
            org: self.org.map(|org| org.host),
            made_at: self.tools.now,
            read: self.read,
            subjects: self.subjects,
            threat: forensics::threat_insight(self.allowed, threat.as_ref()),
            broken_rules: self.tools.broken_rules.clone(),
            unread: self.unread,
            next,
        }
    }
}
