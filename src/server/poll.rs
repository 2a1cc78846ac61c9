//! Polls the directory's log with the detections, and makes alerts of what they find.
//!
//! Some things cannot be hooked at the directory (support access, sign-on evaluations, its own list
//! of bad addresses): they come this way. A find is an alert like any other, from the source `poll`:
//! the worker looks into it and believes nothing.
//!
//! The log is followed as it is stored, so that what arrives late is read as well; where to go on is
//! the directory's own link, kept in one commit with the alerts: after a restart there is neither a
//! gap nor a repetition. Detections that count over time are warmed first, by what was published
//! before that place; what they find in it was told before. One that looks back further than
//! three hours begins with so much.
//!
//! Should the directory refuse its own link, it is gone on from a while before the last event read;
//! what was known of that is passed over by its id, and the inbox knows an alert by its events.
//!
//! Reads stand behind everything that contains somebody, and a look ends after a bounded number of pages.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use super::work::told_to_stop;
use super::{Item, Shared};
use crate::config::Poll;
use crate::connector::{DirectorySystem, LogAsk, LogPage, Unheard};
use crate::engine::stream_log;
use crate::evidence::{Detections, Event, Hit, Recent, Watch};
use crate::inbox::{Accepted, Cursor, InboxError, Received};
use crate::model::{Alert, AlertRule, Hinted, Part, UserId, Utc, Weight};
use crate::transport::{Rank, Reader};

/// The source that finds are told as.
pub const SOURCE: &str = "poll";

/// Under which name the place in the log is kept.
const CURSOR: &str = "okta";

/// Pages of one look: the rest is read at the next.
const PAGES_MAX: usize = 20;

/// How far back detections are warmed at most.
pub const WARM_MAX: Duration = Duration::from_secs(3 * 3600);

/// Events that are read for that at most, the newest that fit.
const WARM_EVENTS_MAX: usize = 50_000;

/// How far before the last event it is gone on from without a link: what was stored late.
const OVERLAP: Duration = Duration::from_secs(15 * 60);

/// Finds that are handed in with one commit.
const FINDS_MAX: usize = 500;

/// Events whose sessions are remembered.
const SESSIONS_MAX: usize = 20_000;

/// Where the log is read on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Place {
    /// The directory's link to the next page.
    next: Option<String>,
    /// The latest event read.
    until: Option<Utc>,
    /// When it was first begun; what was before that is nobody's.
    since: Option<Utc>,
}

/// What a poll is given.
pub struct Poller {
    shared: Shared,
    directory: DirectorySystem,
    detections: Arc<Detections>,
    poll: Poll,
}

/// Why a look was not made, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// The log could not be read.
    #[error("the log could not be read: {0}")]
    Log(Unheard),
    /// The alerts could not be kept.
    #[error(transparent)]
    Inbox(#[from] InboxError),
}

impl Poller {
    /// Polls `directory` for what `poll` says.
    #[must_use]
    pub fn new(
        shared: Shared,
        directory: DirectorySystem,
        detections: Arc<Detections>,
        poll: Poll,
    ) -> Self {
        Self {
            shared,
            directory,
            detections,
            poll,
        }
    }

    /// Polls until it is stopped. What cannot be read is tried again at the next look.
    pub async fn poll(&self, mut stop: watch::Receiver<bool>) {
        let mut looking: Option<Looking<'_>> = None;
        while !*stop.borrow() {
            if let Err(why) = self.look(&mut looking).await {
                tracing::warn!("poll: {why}");
            }
            let wait = self.shared.clock.sleep(self.poll.every);
            select(wait, Box::pin(told_to_stop(&mut stop))).await;
        }
    }

    /// One look: begins if there was none, reads on, hands in what was found.
    async fn look<'p>(&'p self, looking: &mut Option<Looking<'p>>) -> Result<(), PollError> {
        let looking = match looking {
            Some(looking) => looking,
            None => looking.insert(self.begin().await?),
        };
        // What could not be kept at the last look comes first: it was seen by the detections.
        self.hand_in(looking).await?;
        for _ in 0..PAGES_MAX {
            let page = self.page(&mut looking.place).await?;
            let events = page.events.len();
            looking.see(&page.events);
            let moved = looking.place.next != page.next;
            looking.place.next = page.next;
            if moved || looking.has_finds() {
                looking.unkept = true;
                self.hand_in(looking).await?;
            }
            if events == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Where a process before this one stopped, with the detections as they were there.
    async fn begin(&self) -> Result<Looking<'_>, PollError> {
        let now = self.shared.clock.now();
        let kept = self.shared.inbox.cursor(CURSOR).await?;
        let mut place: Place = kept
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let since = *place.since.get_or_insert(now);
        let ours = self.directory.directory.own_clients();
        let mut looking = Looking {
            watch: self.detections.watch().ignoring(ours),
            wanted: self.wanted(),
            recent: Recent::default(),
            sessions: Sessions::default(),
            finds: Vec::new(),
            unkept: true,
            at: now,
            place: place.clone(),
        };
        if place.next.is_none() && place.until.is_none() {
            // Begun just now: it looks ahead alone.
            place.until = Some(since);
        }
        let until = place.until.unwrap_or(since);
        // What is not read yet may lie before `until`: it is asked for first, and left out of the
        // warming, so that it counts once and counts as news.
        let mut ahead = HashSet::new();
        let mut peek = place.clone();
        for _ in 0..PAGES_MAX {
            let page = self.page(&mut peek).await?;
            let ids = page.events.iter().filter_map(|event| Event(event).uuid());
            ahead.extend(ids.map(str::to_owned));
            let is_end = page.events.is_empty();
            peek.next = page.next;
            if is_end {
                break;
            }
        }
        self.warm(&mut looking, until, &ahead).await?;
        looking.place.until = Some(until);
        Ok(looking)
    }

    /// Shows the detections what was before, without listening to them.
    async fn warm(
        &self,
        looking: &mut Looking<'_>,
        until: Utc,
        ahead: &HashSet<String>,
    ) -> Result<(), PollError> {
        let rules = self.detections.rules();
        let windows = rules.filter(|rule| self.poll.detections.wants(rule));
        let Some(back) = windows.filter_map(|rule| rule.window).max() else {
            return Ok(());
        };
        let ask = LogAsk {
            since: until.minus(back.min(WARM_MAX)),
            until: Some(until.plus(Duration::from_millis(1))),
            about: Vec::new(),
            filter: None,
        };
        let mut events: VecDeque<Value> = VecDeque::new();
        let (_, ended) = stream_log(&self.directory, &ask, |event| {
            let is_ahead = Event(event).uuid().is_some_and(|id| ahead.contains(id));
            if !is_ahead {
                events.push_back(event.clone());
            }
            if events.len() > WARM_EVENTS_MAX {
                events.pop_front();
            }
            true
        })
        .await;
        ended.map_err(PollError::Log)?;
        for event in &events {
            looking.recent.is_new(Event(event).uuid());
            looking.sessions.add(Event(event));
            looking.watch.see(Event(event), &mut |_| {});
        }
        Ok(())
    }

    /// The next page. A link that the directory refuses is given up, and gone on from before it.
    async fn page(&self, place: &mut Place) -> Result<LogPage, PollError> {
        let reader = Reader::new(self.directory.system.client.clone()).ranked(Rank::Evidence);
        let since = match (place.until, place.since) {
            (Some(until), since) => until.minus(OVERLAP).max(since.unwrap_or(until)),
            (None, since) => since.unwrap_or_else(|| self.shared.clock.now()),
        };
        let ask = LogAsk {
            since,
            until: None,
            about: Vec::new(),
            filter: None,
        };
        let directory = &self.directory.directory;
        let page = directory.log_page(&reader, &ask, place.next.as_deref());
        match page.await {
            Ok(page) => Ok(page),
            Err(Unheard::Answer(why)) if place.next.is_some() => {
                tracing::warn!("poll: the place in the log is refused ({why}): on from {since}");
                place.next = None;
                let page = directory.log_page(&reader, &ask, None);
                page.await.map_err(PollError::Log)
            }
            Err(why) => Err(PollError::Log(why)),
        }
    }

    /// Keeps what was found and the place in one commit. What does not fit stays for the next.
    async fn hand_in(&self, looking: &mut Looking<'_>) -> Result<(), PollError> {
        while looking.unkept || looking.has_finds() {
            let number = looking.finds.len().min(FINDS_MAX);
            let is_last = number == looking.finds.len();
            let at = self.shared.clock.now();
            let received = looking.finds[..number].iter().map(|alert| Received {
                alert: alert.clone(),
                at,
                from: None,
                raw: String::new(),
            });
            let cursor = is_last.then(|| Cursor {
                name: CURSOR.to_owned(),
                place: serde_json::to_string(&looking.place)
                    .expect("a place has text keys and no NaN"),
            });
            let accepted = self.shared.inbox.accept(received.collect(), cursor).await?;
            looking.finds.drain(..number);
            looking.unkept = !is_last;
            let mut is_news = false;
            for one in accepted {
                if let Accepted::New(id) = one {
                    is_news = true;
                    self.shared.news.tell(Item::Alert(id));
                }
            }
            if is_news {
                self.shared.bell.notify_one();
            }
        }
        Ok(())
    }

    /// Keys of the detections that are listened to.
    fn wanted(&self) -> HashSet<String> {
        let rules = self.detections.rules();
        let wanted = rules.filter(|rule| self.poll.detections.wants(rule));
        wanted.map(|rule| rule.key.clone()).collect()
    }
}

/// A poll under way.
struct Looking<'p> {
    watch: Watch<'p>,
    wanted: HashSet<String>,
    recent: Recent,
    sessions: Sessions,
    /// Found and not kept yet.
    finds: Vec<Alert>,
    /// Whether the place has not been kept yet.
    unkept: bool,
    /// When it began, for what has no time.
    at: Utc,
    place: Place,
}

impl Looking<'_> {
    fn has_finds(&self) -> bool {
        !self.finds.is_empty()
    }

    fn see(&mut self, events: &[Value]) {
        for event in events.iter().map(Event) {
            if !self.recent.is_new(event.uuid()) {
                continue;
            }
            self.sessions.add(event);
            self.place.until = self.place.until.max(event.published());
            let mut hits = Vec::new();
            self.watch.see(event, &mut |hit| hits.push(hit));
            for hit in hits {
                if self.wanted.contains(&hit.rule.key) {
                    self.finds.push(alert_of(&hit, &self.sessions, self.at));
                }
            }
        }
    }
}

/// Which session an event belongs to, for a while.
#[derive(Default)]
struct Sessions {
    of: HashMap<String, String>,
    order: VecDeque<String>,
}

impl Sessions {
    fn add(&mut self, event: Event<'_>) {
        let (Some(id), Some(session)) = (event.uuid(), event.session()) else {
            return;
        };
        if self.of.insert(id.to_owned(), session.to_owned()).is_none() {
            self.order.push_back(id.to_owned());
        }
        if self.order.len() > SESSIONS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.of.remove(&oldest);
        }
    }
}

/// A find as an alert.
fn alert_of(hit: &Hit, sessions: &Sessions, began: Utc) -> Alert {
    let person = |part: Part| {
        move |id: &String| Hinted {
            okta_id: Some(UserId::new(id)),
            login: None,
            part,
        }
    };
    let others = hit.targets.iter().filter(|id| !hit.actors.contains(id));
    let actors = hit.actors.iter().map(person(Part::Actor));
    let subjects: Vec<Hinted> = actors.chain(others.map(person(Part::Target))).collect();
    let mut named: Vec<String> = hit
        .events
        .iter()
        .filter_map(|id| sessions.of.get(id).cloned())
        .collect();
    named.sort();
    named.dedup();
    let needs_lookup = subjects
        .is_empty()
        .then(|| format!("{}: the events name no account", hit.rule.title));
    Alert {
        source: SOURCE.to_owned(),
        rule: AlertRule {
            id: hit.rule.key.clone(),
            name: hit.rule.title.clone(),
        },
        severity: hit.rule.severity.name().to_owned(),
        event_time: Some(hit.at.unwrap_or(began)),
        dedupe_key: key_of(hit),
        subjects,
        needs_lookup,
        events: hit.events.clone(),
        sessions: named,
        weight: Weight::Trigger,
        ..Alert::default()
    }
}

/// The same rule about the same accounts by the same events is the same find.
fn key_of(hit: &Hit) -> String {
    let mut hash = Sha256::new();
    let users: Vec<&str> = hit.users().collect();
    let events: Vec<&str> = hit.events.iter().map(String::as_str).collect();
    for list in [vec![hit.rule.key.as_str()], users, events] {
        for one in list {
            hash.update(one.as_bytes());
            hash.update([0]);
        }
        hash.update([1]);
    }
    crate::model::hex(&hash.finalize())
}
