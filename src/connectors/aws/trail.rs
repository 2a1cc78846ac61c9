//! Who assumed which role, as CloudTrail tells it.
//!
//! Reads two kinds of events: sign-ins by an identity provider (`AssumeRoleWithSAML`) and roles
//! assumed from another one (`AssumeRole`). No session outlives twelve hours [docs], so that events
//! older than that are of no use here, whatever the case's window is. A call takes one attribute and
//! answers fifty events, twice a second for the whole account; one reading serves all subjects.
//! Services assume roles without end: where there are more pages than we wait for, what a session
//! itself did is asked for by its name, and what stays unread is said.
//!
//! CloudTrail is 5 to 15 minutes late, and tells of one region [docs*]. The event itself is a text
//! with JSON in it, made of what the caller sent: nothing in it is believed beyond the fields that
//! AWS answered with. Source: cloudtrail service-2.json [spec]; fields of the event [docs*].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::api;
use super::policy::revoke::SessionId;
use super::voice::why;
use crate::connectors::kit::{Glance, text};
use crate::model::{Utc, count};

/// How far back a session may have begun: twelve hours, and what CloudTrail may be late.
const SESSION_MAX: Duration = Duration::from_secs(13 * 60 * 60);

/// Pages of sign-ins at most: a thousand of them, in ten seconds.
const SIGN_INS_MAX: usize = 20;

/// Pages of other assumed roles at most.
const OTHERS_MAX: usize = 10;

/// What lies between two calls: CloudTrail takes two a second [spec].
const APART: Duration = Duration::from_millis(500);

/// How long a reading serves others.
const RECENT: Duration = Duration::from_secs(30);

/// Events of a page [spec].
const PAGE: u64 = 50;

/// A role that somebody assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assumed {
    /// When.
    pub(super) at: Utc,
    /// By whom.
    pub(super) by: By,
    /// The session that it made.
    pub(super) session: SessionId,
    /// The account that the session is in.
    pub(super) account: String,
    /// The role's name, for people.
    pub(super) role_name: String,
}

/// Who assumed a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Somebody whom an identity provider vouched for.
    Saml {
        /// The provider, by ARN.
        provider: String,
        /// The assertion's issuer.
        issuer: String,
    },
    /// A session of a role.
    Session {
        /// The session.
        id: SessionId,
        /// The account it is in.
        account: String,
    },
    /// A user, a service, another provider.
    Another,
}

impl Assumed {
    /// The identity provider that vouched for him, if one did.
    pub(super) fn provider(&self) -> Option<&str> {
        match &self.by {
            By::Saml { provider, .. } => Some(provider),
            By::Session { .. } | By::Another => None,
        }
    }
}

/// What was read, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// The newest first.
    pub(super) events: Vec<Assumed>,
    /// Why there may be more; empty if that was all.
    pub(super) unread: Vec<String>,
}

/// What one attribute brought lately. A step is planned again for each subject; CloudTrail is
/// minutes late anyway, and would take a second for every two of them.
#[derive(Default)]
pub(super) struct Recent(Mutex<Lately>);

#[derive(Default)]
struct Lately {
    /// By question: when it was answered, and what.
    known: BTreeMap<String, (Duration, Arc<Found>)>,
    /// When the last call was made.
    called_at: Option<Duration>,
}

/// What an account's trails tell of sign-ins by the identity provider.
pub(super) async fn sign_ins(trails: &Trails<'_>) -> Told {
    let question = ("EventName", "AssumeRoleWithSAML");
    trails.told(question, SIGN_INS_MAX, "sign-ins").await
}

/// What they tell of roles assumed from others; by the names of the sessions that are asked about,
/// where there is too much of it.
pub(super) async fn chained(trails: &Trails<'_>, names: &BTreeSet<String>) -> Told {
    let question = ("EventName", "AssumeRole");
    let mut told = trails.told(question, OTHERS_MAX, "assumed roles").await;
    if told.unread.is_empty() {
        return told;
    }
    told.unread.clear();
    for name in names {
        let what = format!("roles assumed by sessions called {name}");
        let of_him = trails.told(("Username", name), OTHERS_MAX, &what).await;
        told.events.extend(of_him.events);
        told.unread.extend(of_him.unread);
    }
    told
}

/// Whom to ask.
pub(super) struct Trails<'a> {
    /// For reading.
    pub(super) glance: &'a Glance,
    /// What was read lately.
    pub(super) recent: &'a Recent,
    /// The regions that have one each.
    pub(super) regions: &'a [String],
}

/// The pages of one question.
struct Found {
    events: Vec<Value>,
    /// Why it is not all.
    why: Option<String>,
    /// Whether a later reading may bring more.
    failed: bool,
}

impl Trails<'_> {
    /// The newest events of all regions that have this attribute.
    async fn told(&self, question: (&str, &str), pages_max: usize, what: &str) -> Told {
        let mut told = Told::default();
        for region in self.regions {
            let found = self.recent(region, question, pages_max).await;
            let of_region = found.told(&format!("{region}, {what}"));
            told.events.extend(of_region.events);
            told.unread.extend(of_region.unread);
        }
        told.events.sort_by_key(|one| std::cmp::Reverse(one.at));
        told
    }

    /// What was read within the last half minute; whoever comes meanwhile waits for the same.
    async fn recent(&self, region: &str, question: (&str, &str), pages_max: usize) -> Arc<Found> {
        let key = format!("{region} {} {}", question.0, question.1);
        let clock = self.glance.reader().clock();
        let mut lately = self.recent.0.lock().await;
        if let Some((at, found)) = lately.known.get(&key)
            && clock.elapsed().saturating_sub(*at) < RECENT
        {
            return Arc::clone(found);
        }
        let called_at = &mut lately.called_at;
        let found = self.lookup(region, question, pages_max, called_at).await;
        let found = Arc::new(found);
        if !found.failed {
            let now = clock.elapsed();
            lately.known.insert(key, (now, Arc::clone(&found)));
        }
        found
    }

    /// Waits until the next call may be made.
    async fn keep_apart(&self, called_at: &mut Option<Duration>) {
        let clock = self.glance.reader().clock();
        if let Some(at) = *called_at {
            let since = clock.elapsed().saturating_sub(at);
            clock.sleep(APART.saturating_sub(since)).await;
        }
        *called_at = Some(clock.elapsed());
    }

    async fn lookup(
        &self,
        region: &str,
        question: (&str, &str),
        pages_max: usize,
        called_at: &mut Option<Duration>,
    ) -> Found {
        let since = since(self.glance.reader().vendor_now());
        let mut body = json!({
            "LookupAttributes": [{ "AttributeKey": question.0, "AttributeValue": question.1 }],
            "StartTime": since.seconds(),
            "MaxResults": PAGE,
        });
        let mut events = Vec::new();
        for _ in 0..pages_max {
            self.keep_apart(called_at).await;
            let read = api::trail(region, "LookupEvents", body.clone());
            let got = self.glance.ask(read).await;
            let page = match got.as_ref() {
                Ok(page) => page,
                Err(unread) => return Found::failed(events, why(unread)),
            };
            let Some(list) = api::items_of(&page["Events"]) else {
                return Found::failed(events, "the answer has no list of events".into());
            };
            events.extend_from_slice(list);
            match page["NextToken"].as_str().filter(|token| !token.is_empty()) {
                Some(token) => body["NextToken"] = token.into(),
                None => return Found::all(events),
            }
        }
        let oldest = events.last().and_then(|event| time(&event["EventTime"]));
        let before = oldest.map_or_else(String::new, |at| format!(", none before {at}"));
        let why = format!("only the newest {} were read{before}", events.len());
        Found {
            why: Some(why),
            ..Found::all(events)
        }
    }
}

/// Since when events count; the same for everybody who asks within an hour, so that they share.
fn since(now: Utc) -> Utc {
    let start = now.minus(SESSION_MAX).millis();
    Utc::from_millis(start - start.rem_euclid(3_600_000))
}

impl Found {
    fn all(events: Vec<Value>) -> Self {
        Self {
            events,
            why: None,
            failed: false,
        }
    }

    fn failed(events: Vec<Value>, why: String) -> Self {
        Self {
            events,
            why: Some(why),
            failed: true,
        }
    }

    /// In our words. Events of other kinds are passed over, and so are attempts that failed.
    fn told(&self, what: &str) -> Told {
        let mut told = Told::default();
        let mut odd = 0;
        for event in &self.events {
            match assumed(event) {
                Reading::Assumed(one) => told.events.push(*one),
                Reading::Another => {}
                Reading::Odd => odd += 1,
            }
        }
        if let Some(why) = &self.why {
            told.unread.push(format!("CloudTrail, {what}: {why}"));
        }
        if odd > 0 {
            let odd = count(odd, "event");
            told.unread
                .push(format!("CloudTrail, {what}: {odd} could not be understood"));
        }
        told
    }
}

enum Reading {
    Assumed(Box<Assumed>),
    /// Nothing that made a session of a role.
    Another,
    /// It claims to, and does not say which.
    Odd,
}

fn assumed(event: &Value) -> Reading {
    let inner = event["CloudTrailEvent"].as_str().unwrap_or_default();
    let Ok(inner) = serde_json::from_str::<Value>(inner) else {
        return Reading::Odd;
    };
    let by = match text(&inner, "eventName") {
        // A session cannot be had in the name of a provider that AWS did not check.
        "AssumeRoleWithSAML" => By::Saml {
            provider: text(&inner["requestParameters"], "principalArn").to_owned(),
            issuer: text(&inner["responseElements"], "issuer").to_owned(),
        },
        "AssumeRole" => by(&inner["userIdentity"]),
        _ => return Reading::Another,
    };
    if inner["errorCode"].is_string() {
        return Reading::Another;
    }
    let made = &inner["responseElements"]["assumedRoleUser"];
    let session = SessionId::parse(text(made, "assumedRoleId"));
    let place = place(text(made, "arn"));
    let at = time(&event["EventTime"]).or_else(|| text(&inner, "eventTime").parse().ok());
    match (session, place, at) {
        (Some(session), Some((account, role_name)), Some(at)) => {
            Reading::Assumed(Box::new(Assumed {
                at,
                by,
                session,
                account,
                role_name,
            }))
        }
        // A service's own session may be called as it likes, and none of ours is.
        _ if matches!(by, By::Another) => Reading::Another,
        _ => Reading::Odd,
    }
}

/// A session of this account says `AssumedRole`; one of another account is told as `AWSAccount`,
/// by the same `principalId` [docs*].
fn by(identity: &Value) -> By {
    let id = SessionId::parse(text(identity, "principalId"));
    let account = text(identity, "accountId").to_owned();
    match (text(identity, "type"), id) {
        ("AssumedRole" | "AWSAccount", Some(id)) => By::Session { id, account },
        _ => By::Another,
    }
}

/// Account and role of `arn:aws:sts::111122223333:assumed-role/Admin/alex@example.com`.
fn place(arn: &str) -> Option<(String, String)> {
    let mut parts = arn.splitn(6, ':');
    let account = parts.nth(4)?;
    let mut rest = parts.next()?.split('/');
    if rest.next() != Some("assumed-role") || account.is_empty() {
        return None;
    }
    Some((account.to_owned(), rest.next()?.to_owned()))
}

/// A moment in seconds since 1970, as JSON 1.1 writes it [spec].
fn time(value: &Value) -> Option<Utc> {
    let whole = value.as_i64();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "seconds of this century fit; what does not is no moment anyway"
    )]
    let whole = whole.or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
    Some(Utc::from_millis(whole.checked_mul(1_000)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(inner: &Value) -> Value {
        json!({ "EventTime": 1_773_151_262.5, "CloudTrailEvent": inner.to_string() })
    }

    fn made(role_id: &str, role: &str, name: &str) -> Value {
        json!({ "assumedRoleUser": {
            "assumedRoleId": format!("{role_id}:{name}"),
            "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/{name}"),
        }})
    }

    fn read(inner: &Value) -> Option<Assumed> {
        match assumed(&event(inner)) {
            Reading::Assumed(one) => Some(*one),
            Reading::Another | Reading::Odd => None,
        }
    }

    #[test]
    fn a_sign_in_is_told_by_what_aws_answered_and_not_by_what_was_asked() {
        let inner = json!({
            "eventName": "AssumeRoleWithSAML",
            "userIdentity": { "type": "SAMLUser", "userName": "kim@x.example" },
            "requestParameters": {
                "roleSessionName": "kim@x.example", "roleArn": "x",
                "principalArn": "arn:aws:iam::1:saml-provider/Okta",
            },
            "responseElements": made("AROAEXAMPLEADMIN0001", "Admin", "alex@x.example"),
        });
        let one = read(&inner).unwrap();
        assert_eq!(one.provider(), Some("arn:aws:iam::1:saml-provider/Okta"));
        assert_eq!(
            one.session.to_string(),
            "AROAEXAMPLEADMIN0001:alex@x.example"
        );
        assert_eq!(
            (one.account.as_str(), one.role_name.as_str()),
            ("111122223333", "Admin")
        );
        assert_eq!(one.at.to_string(), "2026-03-10T14:01:02.000Z");
        let mut failed = inner;
        failed["errorCode"] = "AccessDenied".into();
        assert_eq!(read(&failed), None);
    }

    #[test]
    fn who_assumed_a_role_is_told_in_one_account_and_across_two() {
        let by = |identity: Value| {
            let inner = json!({
                "eventName": "AssumeRole", "userIdentity": identity,
                "responseElements": made("AROAEXAMPLEBUILD0001", "Build", "build"),
            });
            read(&inner).unwrap().by
        };
        let id = SessionId::new("AROAEXAMPLEADMIN0001", "alex@x.example").unwrap();
        let is = |account: &str| By::Session {
            id: id.clone(),
            account: account.into(),
        };
        for (kind, account) in [
            ("AssumedRole", "111122223333"),
            ("AWSAccount", "444455556666"),
        ] {
            let identity = json!({
                "type": kind, "principalId": id.to_string(), "accountId": account,
            });
            assert_eq!(by(identity), is(account));
        }
        let user = json!({ "type": "IAMUser", "principalId": "AIDAEXAMPLE" });
        assert_eq!(by(user), By::Another);
    }

    #[test]
    fn what_is_no_event_of_ours_is_passed_over_and_what_claims_to_be_is_counted() {
        let events = vec![
            json!({ "CloudTrailEvent": "{" }),
            json!({}),
            event(&json!({ "eventName": "ListBuckets" })),
            event(&json!({ "eventName": "AssumeRoleWithSAML", "responseElements": null })),
            event(&json!({
                "eventName": "AssumeRoleWithSAML",
                "responseElements": made("AROAEXAMPLEADMIN0001", "Admin", "${aws:userid}"),
            })),
            event(&json!({
                "eventName": "AssumeRole", "userIdentity": { "type": "AWSService" },
                "responseElements": null,
            })),
        ];
        let told = Found::all(events).told("sign-ins");
        assert_eq!(told.events, []);
        assert_eq!(
            told.unread,
            ["CloudTrail, sign-ins: 4 events could not be understood"]
        );
    }

    #[test]
    fn everybody_asks_since_the_same_hour_and_no_session_is_older() {
        let now: Utc = "2026-03-10T14:01:02Z".parse().unwrap();
        assert_eq!(since(now).to_string(), "2026-03-10T01:00:00.000Z");
        assert_eq!(since(now.plus(Duration::from_secs(600))), since(now));
    }
}
