//! The System Log as a witness of our own calls: one bounded read serves a whole `prove`.
//!
//! Okta has no call that lists sessions, so that a clear is proven by the event it leaves, with
//! our request id in it. Debug data is no contract of Okta's; if the id is missing, our client
//! within half a minute of Okta's own answer is taken, for that account and no other.
//!
//! Does not look for intruders: [`signs`](super::signs) does.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::OnceCell;

use super::glance::{Glance, Unread};
use super::logged::{Logged, targets};
use super::pages::{self, Torn};
use super::verb::Seen;
use super::{Okta, answers};
use crate::model::{Applied, ProofState, Receipt, UserId, Utc};
use crate::transport::{Path, Read, Reader};

/// The events that prove something, in one filter.
const PROVING: &[&str] = &[
    "user.session.clear",
    "user.authentication.universal_logout.scheduled",
    "user.authentication.universal_logout",
    "system.api_token.revoke",
];

/// How far the vendor's clock in an event may be from that in its answer.
const NEAR: Duration = Duration::from_secs(30);

/// How much earlier an API token may have been revoked by another step of the same run.
const EARLIER_STEPS: Duration = Duration::from_secs(60 * 60);

/// Events beyond this lie in our future; a clock that is slow must not hide any.
const AHEAD: Duration = Duration::from_secs(10 * 60);

/// How far back the log may be read. Okta refuses more than 180 days and keeps 90. Source: Okta
/// API, "System Log", `since` and "Data retention".
pub(super) const SINCE_MAX: Duration = Duration::from_secs(179 * 24 * 60 * 60);

/// What one `prove` may look at: shared reads, and the log read once if anybody needs it.
pub(super) struct Evidence<'a> {
    /// The org.
    pub(super) okta: &'a Okta,
    /// Shared reads.
    pub(super) glance: Glance,
    /// Everything that is being proven.
    pub(super) all: &'a [Applied],
    log: OnceCell<Result<Log, Unread>>,
}

/// The events about what is being proven, found again by the ids of their targets. What else the log
/// holds, of others, is let go of as it is read.
struct Log {
    events: Vec<Logged>,
    by_target: HashMap<String, Vec<usize>>,
}

impl Log {
    /// Nothing read yet; of all that may come only what is about these.
    fn about_these(all: &[Applied]) -> Self {
        let ids = all.iter().flat_map(|done| {
            let change = &done.change;
            [change.subject.as_str(), change.target.id.as_str()]
        });
        Self {
            events: Vec::new(),
            by_target: ids.map(|id| (id.to_owned(), Vec::new())).collect(),
        }
    }

    fn take(&mut self, event: &Value) {
        let place = self.events.len();
        let mut is_wanted = false;
        for target in targets(event) {
            if let Some(places) = self.by_target.get_mut(target) {
                places.push(place);
                is_wanted = true;
            }
        }
        if is_wanted {
            self.events.push(Logged::of(event));
        }
    }

    fn about(&self, target: &str) -> impl Iterator<Item = &Logged> {
        let places = self.by_target.get(target).into_iter().flatten();
        places.map(|n| &self.events[*n])
    }
}

impl<'a> Evidence<'a> {
    /// Nothing read yet.
    pub(super) fn new(okta: &'a Okta, reader: &Reader, all: &'a [Applied]) -> Self {
        Self {
            okta,
            glance: Glance::new(reader).for_accounts(accounts(all)),
            all,
            log: OnceCell::new(),
        }
    }

    /// Whether the log holds an event of one of `types` that our call to `done` left.
    pub(super) async fn of_our_call(&self, types: &[&str], done: &Applied) -> Seen {
        match self.our_event(types, done).await {
            Ok(Some((event, by))) => (ProofState::Proven, said(event, by)),
            Ok(None) => (ProofState::Pending, format!("no {} event yet", types[0])),
            Err(unread) => unreadable(unread),
        }
    }

    /// When that event was published, if it names our request. One that merely names our client
    /// may be an earlier call's and dates nothing.
    pub(super) async fn logged_at(&self, types: &[&str], done: &Applied) -> Option<Utc> {
        let (event, _) = self.our_event(types, done).await.ok()??;
        event
            .at
            .filter(|_| has_request(event, &done.outcome.receipts))
    }

    /// The event that our call left, and by what it names us.
    async fn our_event(
        &self,
        types: &[&str],
        done: &Applied,
    ) -> Result<Option<(&Logged, &'static str)>, &Unread> {
        let log = self.events().await.as_ref()?;
        let subject = done.change.subject.as_str();
        let fits = |event: &&Logged| types.contains(&event.kind.as_str()) && !event.failed;
        let receipts = &done.outcome.receipts;
        let mut about = log.about(subject).filter(fits);
        if let Some(event) = about.find(|event| has_request(event, receipts)) {
            return Ok(Some((event, "our request id")));
        }
        let own = self.okta.own_user(&self.glance).await.unwrap_or_default();
        let ours = |event: &&Logged| {
            self.okta.is_ours(event, own.as_ref())
                && !has_request(event, &done.others)
                && event
                    .at
                    .is_some_and(|at| nameless(receipts).any(|r| near(at, r)))
        };
        let claimed = claimed_before(done);
        let found = log.about(subject).filter(fits).filter(ours).nth(claimed);
        Ok(found.map(|event| (event, "our client")))
    }

    /// Whether the log holds a revocation of this API token, by anybody.
    pub(super) async fn revoked(&self, token: &str) -> Option<String> {
        let log = self.events().await.as_ref().ok()?;
        log.about(token)
            .find(|event| event.kind == "system.api_token.revoke")
            .map(|event| said(event, "this token"))
    }

    async fn events(&self) -> &Result<Log, Unread> {
        self.log.get_or_init(|| self.read()).await
    }

    async fn read(&self) -> Result<Log, Unread> {
        let reader = self.glance.reader();
        let now = reader.vendor_now();
        let receipts = self.all.iter().flat_map(|done| &done.outcome.receipts);
        // Either clock may be wrong in a single answer; reading from the earlier costs nothing.
        let earliest = receipts
            .flat_map(|receipt| [receipt.server_at, receipt.sent_at])
            .min()
            .unwrap_or(now);
        let tokens = self
            .all
            .iter()
            .any(|done| done.change.action.verb() == "revoke_api_tokens");
        let since = earliest.minus(if tokens { EARLIER_STEPS } else { NEAR });
        let path = log_path(since, now, &any_type(PROVING));
        let mut log = Log::about_these(self.all);
        let read = Read::get(path).log_page().of_many();
        match reader.list_each(&read, |event| log.take(&event)).await {
            Ok(Ok(_)) => Ok(log),
            Ok(Err(answer)) => Err(Unread::of(&answer)),
            Err(error) => Err(Unread::NoAnswer(answers::unread(&error))),
        }
    }
}

/// The accounts that are looked at to prove what was done.
fn accounts(all: &[Applied]) -> impl Iterator<Item = &UserId> {
    let reads = |done: &&Applied| {
        super::verb(&done.change.action).is_some_and(super::verb::Verb::is_proven_by_account)
    };
    all.iter().filter(reads).map(|done| &done.change.subject)
}

/// A bounded read of the log: it ends, unlike a poll.
///
/// A window may have begun before the log does: it is then read from where Okta would still
/// take it, which is before the oldest event that is kept.
pub(super) fn log_path(since: Utc, now: Utc, filter: &str) -> Path {
    let since = since.max(now.minus(SINCE_MAX));
    Path::new("/api/v1/logs")
        .query("since", since.to_string())
        .query("until", now.max(since).plus(AHEAD).to_string())
        .query("filter", filter)
        .query("sortOrder", "ASCENDING")
        .query("limit", "1000")
}

/// Gives all events of a read that names nobody to `take`, page by page: a whole company's are more
/// than memory has. An error where there are more pages than that.
pub(super) async fn of_everybody(
    reader: &Reader,
    path: Path,
    pages_max: usize,
    mut take: impl FnMut(Value),
) -> Result<(), String> {
    let read = Read::get(path).log_page().of_many();
    let torn = |torn| match torn {
        Torn::Silent(error) => answers::unread(&error),
        Torn::Refused(answer) => Unread::of(&answer).why(),
        Torn::NoList => "Okta's log is no list".into(),
        Torn::Circle => "the next page of Okta's log is the one before".into(),
        Torn::Endless => format!("the log has more than {pages_max} pages of it"),
    };
    let mut left = pages_max;
    let page = |page: Vec<Value>| {
        page.into_iter().for_each(&mut take);
        Ok(())
    };
    pages::each(reader, &read, &mut left, torn, page).await
}

/// `eventType eq "a" or eventType eq "b"`
pub(super) fn any_type(types: &[&str]) -> String {
    types
        .iter()
        .map(|name| format!("eventType eq \"{name}\""))
        .collect::<Vec<_>>()
        .join(" or ")
}

/// When an event was published.
pub(super) fn published(event: &Value) -> Option<Utc> {
    event["published"].as_str()?.parse().ok()
}

pub(super) fn has_request(event: &Logged, receipts: &[Receipt]) -> bool {
    let mut ids = receipts
        .iter()
        .filter_map(|receipt| receipt.request_id.as_deref());
    ids.any(|id| event.names(id))
}

/// Calls whose answers named no request. Only these may be told by our client alone: else another
/// call of ours, seconds away, would prove one whose event is not there yet.
fn nameless(receipts: &[Receipt]) -> impl Iterator<Item = &Receipt> {
    receipts
        .iter()
        .filter(|receipt| receipt.request_id.is_none())
}

/// How many events that name nothing but our client belong to earlier calls to the same target
/// that lost their answers too: any one event may be theirs.
fn claimed_before(done: &Applied) -> usize {
    let Some(first) = nameless(&done.outcome.receipts).map(|r| r.sent_at).min() else {
        return 0;
    };
    nameless(&done.others)
        .filter(|other| other.sent_at < first && first.since(other.sent_at) <= NEAR * 2)
        .count()
}

fn near(at: Utc, receipt: &Receipt) -> bool {
    at.since(receipt.server_at) <= NEAR && receipt.server_at.since(at) <= NEAR
}

fn said(event: &Logged, by: &str) -> String {
    format!("event {} at {} names {by}", event.kind, event.published)
}

/// Asked again if the log did not answer, given up if we may not read it.
fn unreadable(unread: &Unread) -> Seen {
    let why = format!("the System Log cannot be read: {}", unread.why());
    match unread {
        Unread::Refused {
            status: 401 | 403, ..
        }
        | Unread::Absent { .. } => (ProofState::Unverifiable, why),
        _ => (ProofState::Pending, why),
    }
}
