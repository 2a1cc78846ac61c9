//! What the directory knows of the subjects' past and of their apps: for those behind it alone.
//!
//! Nothing at the directory itself waits for it. It may take as long as the directory's own plan
//! and a moment more; then whatever has not been told counts as unread, and the services are asked
//! by what is known without it.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, FutureExt as _, join5, select};
use tokio::sync::watch;

use super::inquire::{ask_log, with_intruders};
use super::planner::ASSUMED_WINDOW;
use super::services::{Brief, grace_over};
use crate::connector::{DirectorySystem, System};
use crate::model::{AppAccount, Case, Finding, History, Severity, UserId, Vendor, count};
use crate::transport::{Rank, Reader};

/// Waited for at least: by what is read here it is told who somebody is at a service, and
/// whether there is a service that nobody thought of.
pub(super) const GRACE_MIN: Duration = Duration::from_secs(1);

/// Above this many subjects nobody's apps are listed: it takes a request each, out of a small
/// bucket, and the quota belongs to containment then. The apps of the services that there are
/// connectors for, configured or not, are then asked for their users instead.
pub(super) const SUBJECTS_MAX: usize = 20;

/// Apps at most whose kind is asked for one by one.
const NAMES_MAX: usize = 20;

/// Why something is unread that was not waited for.
const LATE: &str = "it had not answered yet";

/// What is read.
pub(super) struct Background<'a> {
    pub(super) home: &'a DirectorySystem,
    pub(super) services: &'a [System],
    pub(super) case: &'a Case,
    /// Every vendor that there is a connector for.
    pub(super) vendors: &'a [&'static Vendor],
    /// Whether the subjects' description brings their apps along.
    pub(super) apps_are_described: bool,
}

impl Background<'_> {
    /// Reads it, until `grace` after the directory's plan was ready. `described` is the same case
    /// with what its subjects hold, which the directory's plan waits for itself.
    pub(super) async fn read(
        &self,
        described: impl Future<Output = Arc<Case>> + Clone,
        planned: watch::Receiver<bool>,
        grace: Duration,
    ) -> Brief {
        let reader = Reader::new(self.home.system.client.clone()).ranked(Rank::Contain);
        let late = grace_over(reader.clock(), planned, grace.max(GRACE_MIN)).shared();
        // Each counts by itself: what is slow takes nothing away that another read.
        let (described, history, accounts, at_services, intruders) = join5(
            described,
            in_time(self.history(&reader), late.clone()),
            in_time(self.accounts(&reader), late.clone()),
            in_time(self.at_services(&reader), late.clone()),
            in_time(ask_log(self.home, self.case), late.clone()),
        )
        .await;
        let mut history = history.unwrap_or_else(|| History {
            unread: Some(LATE.into()),
            ..History::default()
        });
        let asked = || match self.services_asked() {
            Some(_) => Err(LATE.to_owned()),
            None => Ok(BTreeMap::new()),
        };
        let (at_services, services_unread) = match at_services.unwrap_or_else(asked) {
            Ok(read) => (read, None),
            Err(why) => (BTreeMap::new(), Some(why)),
        };
        let mut case = with_accounts(described, accounts.unwrap_or_default());
        if let Some(intruders) = intruders {
            with_intruders(Arc::make_mut(&mut case), intruders);
        }
        let unnamed = unnamed(&case, &at_services, &history);
        if !unnamed.is_empty() {
            let names = self.home.directory.app_names(&reader, &unnamed);
            history.names = in_time(names, late).await.unwrap_or_default();
        }
        Brief {
            case,
            history: Arc::new(history),
            at_services: Arc::new(at_services),
            services_unread,
        }
    }

    /// From the window's start, and for the apps used from at least a week ago.
    async fn history(&self, reader: &Reader) -> History {
        let week_ago = reader.clock().now().minus(ASSUMED_WINDOW);
        let window = &self.case.window;
        let day_before = window.start.minus(Duration::from_secs(24 * 3600));
        let since = week_ago.min(day_before);
        let directory = &self.home.directory;
        directory
            .history(reader, &self.case.subjects, window, since)
            .await
    }

    /// Everybody's app assignments, unless they come with the description.
    async fn accounts(&self, reader: &Reader) -> Accounts {
        let who = &self.case.subjects;
        if self.apps_are_described || who.len() > SUBJECTS_MAX {
            return Accounts::new();
        }
        let read = self.home.directory.accounts(reader, who).await;
        let ids = who.iter().map(|who| who.id.clone());
        ids.zip(read).collect()
    }

    /// What the apps of the services that we know say of each of many subjects. If it could not all be
    /// read, nothing, and why: then they are looked up by their logins alone, and may use anything.
    async fn at_services(
        &self,
        reader: &Reader,
    ) -> Result<BTreeMap<UserId, Vec<AppAccount>>, String> {
        let Some(apps) = self.services_asked() else {
            return Ok(BTreeMap::new());
        };
        let directory = &self.home.directory;
        directory
            .accounts_at(reader, &self.case.subjects, &apps)
            .await
    }

    /// The apps that are asked for their users; `None` where everybody's own apps are read.
    fn services_asked(&self) -> Option<BTreeSet<String>> {
        let home = &self.home.system.id;
        let services = self.services.iter().filter(|system| system.id != *home);
        let mut apps: BTreeSet<String> = services.flat_map(|system| system.apps.clone()).collect();
        let known = self.vendors.iter().flat_map(|vendor| vendor.apps);
        apps.extend(known.map(|name| (*name).to_owned()));
        let few = self.case.subjects.len() <= SUBJECTS_MAX;
        (!self.apps_are_described && !few && !apps.is_empty()).then_some(apps)
    }
}

/// What came of it, if it came before it was too late.
async fn in_time<T>(work: impl Future<Output = T>, late: impl Future<Output = ()>) -> Option<T> {
    match select(Box::pin(work), Box::pin(late)).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}

/// App assignments by subject; `None` where they could not be read.
type Accounts = BTreeMap<UserId, Option<Vec<AppAccount>>>;

/// Apps that were signed in to and that no assignment tells the kind of.
fn unnamed(
    case: &Case,
    at_services: &BTreeMap<UserId, Vec<AppAccount>>,
    history: &History,
) -> Vec<String> {
    let subjects = case.subjects.iter();
    let assigned = subjects.flat_map(|who| who.accounts.iter().flatten());
    let assigned: BTreeSet<&str> = assigned
        .chain(at_services.values().flatten())
        .map(|account| account.app.as_str())
        .collect();
    let used = history.used.values().flatten().map(|(id, _)| id);
    let unnamed: BTreeSet<&String> = used
        .filter(|id| !assigned.contains(id.as_str()) && !id.is_empty())
        .collect();
    unnamed.into_iter().take(NAMES_MAX).cloned().collect()
}

fn with_accounts(mut case: Arc<Case>, mut accounts: Accounts) -> Arc<Case> {
    if accounts.is_empty() {
        return case;
    }
    for who in &mut Arc::make_mut(&mut case).subjects {
        if let Some(read) = accounts.remove(&who.id) {
            who.accounts = read;
        }
    }
    case
}

/// Says that it could not be read.
pub(super) fn unread_history(history: &History) -> Option<Finding> {
    let why = history.unread.as_ref()?;
    Some(Finding {
        severity: Severity::Warning,
        id: "history_unread".into(),
        text: format!("who was renamed, and which apps were used, could not be read: {why}"),
        hint: "services that know a subject only by his name are left alone: grant the log".into(),
    })
}

/// Says once of many what would else be said of each of them.
pub(super) fn unread_services(brief: &Brief) -> Option<Finding> {
    let why = brief.services_unread.as_ref()?;
    Some(Finding {
        severity: Severity::Warning,
        id: "apps_by_service".into(),
        text: format!(
            "who of {} uses which service could not be read from the services' apps: {why}; where a \
             service is configured each is looked up by login, and each counts as using every \
             other one",
            count(brief.case.subjects.len(), "account")
        ),
        hint: "contain fewer at once (up to 20, each one's own apps are read), or leave out with \
               --skip what none of them uses"
            .into(),
    })
}
