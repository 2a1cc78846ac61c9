//! Alerts: which came, what each said, and what became of it.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{StatusCode, Uri};
use jiff::tz::TimeZone;

use super::frame::{Broken, Frame, When, sorry};
use super::html;
use super::runs::{names, seg};
use super::visitor::{Visitor, Words};
use crate::inbox::{Counts, Entry, InboxError, Standing};
use crate::model::{Alert, Fate, Part, Weight};
use crate::report::escape::block_html;
use crate::server::site::Site;

/// Rows of a page.
const ROWS: usize = 50;
/// Alerts that are looked through for one page of those that match.
const LOOKED_AT_MAX: usize = 2_000;
/// Read at one time.
const PAGE: usize = 500;
/// Every fate's word, for the filter.
const FATES: [&str; 10] = [
    "waiting",
    "needs lookup",
    "proposed",
    "contained by itself",
    "joined",
    "not confirmed",
    "observed",
    "refused",
    "failed",
    "dropped",
];

/// Alerts that match, the newest first.
pub(in crate::server) struct Found {
    pub(in crate::server) entries: Vec<Entry>,
    /// Before which the next page begins; `None` at the end.
    pub(in crate::server) next: Option<String>,
}

/// At most `most` alerts of a source and a fate. Looks through a bounded number, so that a filter
/// that nothing matches costs no more than one page; what was not looked at yet is the next page's.
pub(in crate::server) async fn alerts_matching(
    site: &Site,
    before: Option<&str>,
    source: Option<&str>,
    fate: Option<&str>,
    most: usize,
) -> Result<Found, InboxError> {
    let matches = |entry: &Entry| {
        source.is_none_or(|source| entry.alert.source == source)
            && fate.is_none_or(|fate| word(entry) == fate)
    };
    let is_filtered = source.is_some() || fate.is_some();
    let page = if is_filtered { PAGE } else { most + 1 };
    let mut cursor = before.map(ToOwned::to_owned);
    let mut entries: Vec<Entry> = Vec::new();
    let mut looked_at = 0;
    loop {
        let read = site.shared.inbox.entries(cursor.as_deref(), page).await?;
        let is_last = read.len() < page;
        for entry in read {
            if entries.len() == most {
                let next = cursor;
                return Ok(Found { entries, next });
            }
            looked_at += 1;
            cursor = Some(entry.id.clone());
            if matches(&entry) {
                entries.push(entry);
            }
        }
        if is_last || looked_at >= LOOKED_AT_MAX {
            let next = cursor.filter(|_| !is_last);
            return Ok(Found { entries, next });
        }
    }
}

/// What became of it in a word; `waiting` as long as nothing has.
fn word(entry: &Entry) -> &'static str {
    match (&entry.fate, entry.standing) {
        (Some(fate), _) => fate.word(),
        (None, Standing::Taken) => "looked into",
        (None, _) => "waiting",
    }
}

fn tone(entry: &Entry) -> &'static str {
    match &entry.fate {
        Some(Fate::Contained { .. } | Fate::Joined { .. }) => "good",
        Some(Fate::Proposed { .. } | Fate::NeedsLookup { .. }) => "warn",
        Some(Fate::Refused { .. } | Fate::Failed { .. }) => "bad",
        _ => "idle",
    }
}

/// An alert in a list.
pub(super) struct AlertRow {
    pub(super) path: String,
    pub(super) at: When,
    pub(super) source: String,
    pub(super) rule: String,
    pub(super) severity: String,
    pub(super) who: String,
    pub(super) word: &'static str,
    pub(super) tone: &'static str,
    pub(super) says: String,
    pub(super) repeats: u64,
}

impl AlertRow {
    pub(super) fn of(entry: &Entry, zone: &TimeZone) -> Self {
        let alert = &entry.alert;
        let rule = match alert.rule.name.is_empty() {
            true => &alert.rule.id,
            false => &alert.rule.name,
        };
        Self {
            path: format!("/alerts/{}", seg(&entry.id)),
            at: When::of(entry.at, zone),
            source: alert.source.clone(),
            rule: rule.clone(),
            severity: alert.severity.clone(),
            who: whom(alert),
            word: word(entry),
            tone: tone(entry),
            says: entry.fate.as_ref().map_or_else(String::new, said),
            repeats: entry.repeats,
        }
    }
}

/// The sentence, without the word that stands beside it.
fn said(fate: &Fate) -> String {
    let sentence = fate.sentence();
    let rest = sentence.strip_prefix(fate.word());
    let rest = rest.and_then(|rest| rest.strip_prefix(": "));
    rest.map_or_else(|| sentence.clone(), ToOwned::to_owned)
}

fn whom(alert: &Alert) -> String {
    let all: Vec<String> = alert
        .subjects
        .iter()
        .map(|who| {
            let id = who.okta_id.as_ref().map(ToString::to_string);
            who.login.clone().or(id).unwrap_or_default()
        })
        .collect();
    match &all[..] {
        [] => "nobody".into(),
        all => names(all),
    }
}

#[derive(Template)]
#[template(path = "console/alerts.html")]
struct List {
    frame: Frame,
    alerts: Vec<AlertRow>,
    counts: Counts,
    source: String,
    fates: Vec<(&'static str, bool)>,
    older: Option<String>,
    is_filtered: bool,
}

/// Which came.
pub(super) async fn list(
    State(site): State<Site>,
    Visitor(who): Visitor,
    uri: Uri,
) -> Result<Response, Broken> {
    let words = Words::read(uri.query().unwrap_or_default().as_bytes());
    let asked = |name: &str| Some(words.get(name)).filter(|text| !text.is_empty());
    let (before, source, fate) = (asked("before"), asked("source"), asked("fate"));
    let found = alerts_matching(&site, before, source, fate, ROWS).await?;
    let zone = &site.settings.zone;
    let older = found.next.map(|next| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("before", &next);
        query.append_pair("source", source.unwrap_or_default());
        query.append_pair("fate", fate.unwrap_or_default());
        format!("/alerts?{}", query.finish())
    });
    Ok(html(&List {
        frame: Frame::of(&site, &who, "/alerts", "Alerts").await?,
        alerts: found
            .entries
            .iter()
            .map(|one| AlertRow::of(one, zone))
            .collect(),
        counts: site.shared.inbox.counts().await?,
        fates: FATES
            .iter()
            .map(|word| (*word, fate == Some(*word)))
            .collect(),
        source: source.unwrap_or_default().chars().take(100).collect(),
        older,
        is_filtered: source.is_some() || fate.is_some(),
    }))
}

#[derive(Template)]
#[template(path = "console/alert.html")]
struct One {
    frame: Frame,
    row: AlertRow,
    id: String,
    facts: Vec<(&'static str, String)>,
    settled: Option<When>,
    run_path: Option<String>,
    run: String,
    next: String,
    raw: String,
}

/// One of them.
pub(super) async fn show(
    State(site): State<Site>,
    Visitor(who): Visitor,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Broken> {
    let entry = match path {
        Ok(Path(id)) => site.shared.inbox.entry(&id).await?,
        Err(_) => None,
    };
    let Some(entry) = entry else {
        let next = "It may have been forgotten: what is settled is kept for a while only.";
        return Ok(sorry(
            StatusCode::NOT_FOUND,
            "There is no such alert.",
            next,
        ));
    };
    let zone = &site.settings.zone;
    let row = AlertRow::of(&entry, zone);
    let run = entry.fate.as_ref().and_then(Fate::run);
    let is_proposed = matches!(entry.fate, Some(Fate::Proposed { .. }));
    let kind = if is_proposed { "proposals" } else { "runs" };
    let next = match &entry.fate {
        Some(Fate::NeedsLookup { .. }) => "Find out whom it is about, then: oust investigate LOGIN",
        Some(Fate::Proposed { .. }) => "Read the plan, then approve or deny it.",
        Some(Fate::Failed { .. }) => "Look into it by hand: oust investigate LOGIN",
        _ => "",
    };
    Ok(html(&One {
        frame: Frame::of(&site, &who, "/alerts", format!("Alert {}", entry.id)).await?,
        facts: facts(&entry, zone),
        settled: entry.settled_at.map(|at| When::of(at, zone)),
        run_path: run.map(|run| format!("/{kind}/{}", seg(run.as_str()))),
        run: run.map(ToString::to_string).unwrap_or_default(),
        next: next.to_owned(),
        raw: block_html(&entry.raw),
        id: entry.id,
        row,
    }))
}

/// What the alert says, as its adapter read it.
fn facts(entry: &Entry, zone: &TimeZone) -> Vec<(&'static str, String)> {
    let alert = &entry.alert;
    let mut facts = vec![
        ("source", alert.source.clone()),
        ("rule", alert.rule.name.clone()),
        ("rule id", alert.rule.id.clone()),
        ("severity", alert.severity.clone()),
    ];
    let happened = alert.event_time.map(|at| When::of(at, zone).local);
    facts.push(("happened", happened.unwrap_or_default()));
    let sender = entry.from.map(|from| from.to_string());
    facts.push((
        "came from",
        sender.unwrap_or_else(|| "our own reading of the log".into()),
    ));
    for who in &alert.subjects {
        let part = match who.part {
            Part::Actor => "actor",
            Part::Target => "target",
            Part::Unknown => "part unknown",
        };
        let id = who.okta_id.as_ref().map_or("", |id| id.as_str());
        let login = who.login.as_deref().unwrap_or_default();
        facts.push(("names", format!("{login} {id} ({part})").trim().to_owned()));
    }
    facts.push((
        "nobody named",
        alert.needs_lookup.clone().unwrap_or_default(),
    ));
    for (name, all) in [
        ("events", &alert.events),
        ("sessions", &alert.sessions),
        ("addresses", &alert.ips),
        ("networks", &alert.asns),
        ("API tokens", &alert.token_ids),
    ] {
        facts.push((name, first_of(all)));
    }
    if let Some((from, until)) = alert.window {
        let until = until.map_or_else(|| "now".into(), |until| When::of(until, zone).local);
        facts.push((
            "speaks of",
            format!("{} → {until}", When::of(from, zone).local),
        ));
    }
    if alert.weight == Weight::Informational {
        facts.push(("weight", "by itself no reason to do anything".into()));
    }
    // Text and no link: whoever sent the alert wrote it.
    facts.push((
        "shown by the sender at",
        alert.link.clone().unwrap_or_default(),
    ));
    facts.push((
        "came again",
        match entry.repeats {
            0 => String::new(),
            1 => "once".into(),
            times => format!("{times} times"),
        },
    ));
    facts.retain(|(_, text)| !text.is_empty());
    facts
}

fn first_of(all: &[String]) -> String {
    const MOST: usize = 10;
    let first = all
        .iter()
        .take(MOST)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match all.len().saturating_sub(MOST) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
