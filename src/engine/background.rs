//! What the directory knows of the subjects' past and of their apps: for those behind it alone.
//!
//! Nothing at the directory itself waits for it. It may take as long as the directory's own plan
//! and a moment more; then whatever it was to tell counts as unread, and the services are asked
//! by what is known without it.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::{Either, join, select};
use tokio::sync::watch;

use super::planner::ASSUMED_WINDOW;
use super::services::{Brief, grace_over};
use crate::connector::DirectorySystem;
use crate::model::{Case, Finding, History, Severity, Subject};
use crate::transport::{Rank, Reader};

/// Above this many subjects nobody's apps are listed: it takes a request each, out of a small
/// bucket, and the quota belongs to containment then.
const SUBJECTS_MAX: usize = 20;

/// Apps at most whose kind is asked for one by one.
const NAMES_MAX: usize = 20;

/// Reads it, until `grace` after the directory's plan was ready.
pub(super) async fn read(
    home: &DirectorySystem,
    case: &Case,
    planned: watch::Receiver<bool>,
    grace: Duration,
) -> Brief {
    let reader = Reader::new(home.system.client.clone()).ranked(Rank::Contain);
    let clock = reader.clock();
    let work = join(history(home, &reader, case), accounts(home, &reader, case));
    let late = grace_over(clock, planned, grace);
    match select(Box::pin(work), Box::pin(late)).await {
        Either::Left(((mut history, case), late)) => {
            let unnamed = unnamed(&case, &history);
            if !unnamed.is_empty() {
                let names = home.directory.app_names(&reader, &unnamed);
                if let Either::Left((names, _)) = select(names, late).await {
                    history.names = names;
                }
            }
            Brief { case, history }
        }
        Either::Right(_) => Brief {
            case: case.clone(),
            history: History {
                unread: Some("it had not answered yet".into()),
                ..History::default()
            },
        },
    }
}

/// Apps that were signed in to and that no assignment tells the kind of; for a case whose apps
/// are listed.
fn unnamed(case: &Case, history: &History) -> Vec<String> {
    if case.subjects.len() > SUBJECTS_MAX {
        return Vec::new();
    }
    let assigned: BTreeSet<&str> = case
        .subjects
        .iter()
        .flat_map(|who| who.accounts.iter().flatten())
        .map(|account| account.app.as_str())
        .collect();
    let used = history.used.values().flatten().map(|(id, _)| id);
    let unnamed: BTreeSet<&String> = used
        .filter(|id| !assigned.contains(id.as_str()) && !id.is_empty())
        .collect();
    unnamed.into_iter().take(NAMES_MAX).cloned().collect()
}

/// From the window's start, and for the apps used from at least a week ago.
async fn history(home: &DirectorySystem, reader: &Reader, case: &Case) -> History {
    let week_ago = reader.clock().now().minus(ASSUMED_WINDOW);
    let day_before = case.window.start.minus(Duration::from_secs(24 * 3600));
    let since = week_ago.min(day_before);
    let directory = &home.directory;
    directory
        .history(reader, &case.subjects, &case.window, since)
        .await
}

/// The case with everybody's app assignments.
async fn accounts(home: &DirectorySystem, reader: &Reader, case: &Case) -> Case {
    let open: Vec<Subject> = case
        .subjects
        .iter()
        .filter(|who| who.accounts.is_none())
        .cloned()
        .collect();
    if open.is_empty() || open.len() > SUBJECTS_MAX {
        return case.clone();
    }
    let mut read = home.directory.accounts(reader, &open).await.into_iter();
    let mut case = case.clone();
    for who in case
        .subjects
        .iter_mut()
        .filter(|who| who.accounts.is_none())
    {
        who.accounts = read.next().flatten();
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
