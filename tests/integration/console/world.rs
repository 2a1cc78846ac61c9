//! Where these tests start: a desk and an inbox in files, a ledger in memory, a clock that is moved by
//! hand, and people with tokens. Every answer is held to what all answers must be.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::Response;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode, header};
use oust::approval::Approvers;
use oust::desk::{Desk, Power, Proposal, ProposalState, SqliteDesk, Token, Wanted};
use oust::given::{Clock, SystemRng};
use oust::inbox::{Inbox, Received, SqliteInbox};
use oust::ledger::{Happened, MemoryStore, Record, Store};
use oust::model::{Alert, AlertRule, Hinted, Part, Plan, Utc};
use oust::rehearsals::SqliteRehearsals;
use oust::server::{News, Peer, Settings, Shared, router};
use secrecy::ExposeSecret;
use serde_json::Value;
use tower::ServiceExt;

use crate::samples;

/// Markup that stands wherever somebody else's words do. As itself it is on no page.
pub(crate) const CANARY: &str = "<canary x=\"1\" onload='a()'>&\u{202e}`b`";

/// A clock that is moved by hand; waiting takes real time, but never long.
pub(crate) struct HandClock(Mutex<Utc>);

impl HandClock {
    pub(crate) fn pass(&self, time: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.plus(time);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Utc {
        *self.0.lock().unwrap()
    }

    fn elapsed(&self) -> Duration {
        self.now().since(samples::at(0))
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(wait.min(Duration::from_millis(20))))
    }
}

pub(crate) struct World {
    pub(crate) router: Router,
    pub(crate) desk: Arc<SqliteDesk>,
    pub(crate) inbox: Arc<SqliteInbox>,
    pub(crate) ledger: Arc<MemoryStore>,
    pub(crate) rehearsals: Arc<SqliteRehearsals>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) shared: Shared,
    _home: tempfile::TempDir,
}

impl World {
    /// One approval is enough; browsers come by https.
    pub(crate) fn new() -> Self {
        Self::with(1, true)
    }

    pub(crate) fn with(needed: usize, https: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let rng = Arc::new(SystemRng::default());
        let desk = Arc::new(SqliteDesk::open(&home.path().join("desk.db")).unwrap());
        let inbox = SqliteInbox::open(&home.path().join("inbox.db"), 20_000, rng.clone());
        let inbox = Arc::new(inbox.unwrap());
        let ledger = Arc::new(MemoryStore::new());
        let rehearsals = SqliteRehearsals::open(&home.path().join("rehearsals.db"));
        let rehearsals = Arc::new(rehearsals.unwrap());
        let clock = Arc::new(HandClock(Mutex::new(samples::at(60_000))));
        let shared = Shared {
            clock: clock.clone(),
            rng,
            inbox: inbox.clone(),
            desk: Some(desk.clone()),
            archive: Some(ledger.clone()),
            rehearsals: Some(rehearsals.clone()),
            news: News::default(),
            bell: Arc::default(),
        };
        let settings = Settings {
            hosts: vec!["oust.example".into(), "127.0.0.1".into()],
            https,
            approvers: Approvers {
                needed,
                people: Vec::new(),
            },
            zone: jiff::tz::TimeZone::UTC,
            report: |state, _, file, _| (samples::report_beside(state, file).0, Ok(())),
        };
        Self {
            router: router(shared.clone(), settings),
            desk,
            inbox,
            ledger,
            rehearsals,
            clock,
            shared,
            _home: home,
        }
    }

    /// Somebody's token: what the desk has, and what he has.
    pub(crate) async fn token(&self, name: &str, power: Power) -> (Token, String) {
        self.token_of(name, None, power).await
    }

    pub(crate) async fn token_of(
        &self,
        name: &str,
        okta_id: Option<&str>,
        power: Power,
    ) -> (Token, String) {
        let now = self.clock.now();
        let wanted = Wanted {
            name: name.into(),
            okta_id: okta_id.map(Into::into),
            power,
            made_at: now,
            expires_at: now.plus(Duration::from_secs(30 * 86_400)),
        };
        let (token, text) = Token::issue(wanted).unwrap();
        self.desk.add_token(&token).await.unwrap();
        (token, text.expose_secret().to_owned())
    }

    /// Somebody who is signed in.
    pub(crate) async fn signed_in(&self, name: &str, power: Power) -> Browser<'_> {
        let (_, text) = self.token(name, power).await;
        let mut browser = self.browser();
        let answer = browser.sign_in(&text).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        browser
    }

    /// Somebody who is not.
    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser {
            world: self,
            cookie: None,
            from: "192.0.2.1".parse().unwrap(),
        }
    }

    /// A plan that waits.
    pub(crate) async fn propose(&self, plan: &Plan) -> Proposal {
        self.ledger.save_plan(plan).await.unwrap();
        let subjects = &plan.case.subjects;
        let proposal = Proposal {
            run: plan.run.clone(),
            phrase: plan.phrase(),
            digest: plan.digest(),
            subjects: subjects.iter().map(|who| who.login.clone()).collect(),
            subject_ids: subjects.iter().map(|who| who.id.to_string()).collect(),
            title: format!("Contain {}", subjects[0].login),
            why: "the rule's mode is propose".into(),
            requester: "alert soc-elastic/stolen-session".into(),
            alerts: vec!["a_0193f2".into()],
            made_at: plan.made_at,
            expires_at: plan.made_at.plus(Duration::from_secs(4 * 3600)),
            state: ProposalState::Waiting,
            decisions: Vec::new(),
        };
        self.desk.propose(&proposal).await.unwrap();
        proposal
    }

    /// A run as far as these records go.
    pub(crate) async fn recorded(&self, records: &[Record]) {
        let happened = |record: &Record| Happened {
            at: record.at,
            event: record.event.clone(),
        };
        let run = records[0].run.clone();
        let first = vec![happened(&records[0])];
        self.ledger.open_run(&run, &[], first).await.unwrap();
        let rest: Vec<Happened> = records[1..].iter().map(happened).collect();
        if !rest.is_empty() {
            self.ledger.append(&run, rest).await.unwrap();
        }
    }

    /// Alerts that came, each with its body.
    pub(crate) async fn alerts(&self, alerts: Vec<Alert>, raw: &str) -> Vec<String> {
        let received = |alert| Received {
            alert,
            at: self.clock.now(),
            from: Some("198.51.100.7".parse().unwrap()),
            raw: raw.to_owned(),
        };
        let all: Vec<Received> = alerts.into_iter().map(received).collect();
        let accepted = self.inbox.accept(all, None).await.unwrap();
        let id = |accepted| match accepted {
            oust::inbox::Accepted::New(id) | oust::inbox::Accepted::Again(id) => id,
        };
        accepted.into_iter().map(id).collect()
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// Calls the API.
    pub(crate) async fn call(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "oust.example")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    /// All that is in the audit, the newest first.
    pub(crate) async fn audit(&self) -> String {
        let all = self.desk.audited(100).await.unwrap();
        let line = |each: &oust::desk::Audited| format!("{}: {}\n", each.by, each.what);
        all.iter().map(line).collect()
    }
}

/// Somebody at a browser that runs no script.
pub(crate) struct Browser<'w> {
    world: &'w World,
    pub(crate) cookie: Option<String>,
    pub(crate) from: IpAddr,
}

impl Browser<'_> {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = self.request(Method::GET, path);
        self.world.send(request.body(Body::empty()).unwrap()).await
    }

    /// Fills in the form of a page, and sends it.
    pub(crate) async fn fill(&self, page: &str, action: &str, words: &[(&str, &str)]) -> Answer {
        let page = self.get(page).await.text;
        let (_, form) = page
            .split_once(&format!("action=\"{action}\""))
            .unwrap_or_else(|| panic!("no form to {action}: {page}"));
        let form = form.split("</form>").next().unwrap();
        let mut all: BTreeMap<&str, &str> = BTreeMap::new();
        for hidden in form.split("<input type=\"hidden\" name=\"").skip(1) {
            let (name, rest) = hidden.split_once("\" value=\"").unwrap();
            all.insert(name, rest.split('"').next().unwrap());
        }
        all.extend(words.iter().copied());
        let all: Vec<(&str, &str)> = all.into_iter().collect();
        self.post(action, &all).await
    }

    pub(crate) async fn post(&self, path: &str, words: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, path);
        self.world.send(form(request, words)).await
    }

    pub(crate) async fn sign_in(&mut self, token: &str) -> Answer {
        let answer = self
            .post("/sign-in", &[("token", token), ("to", "/runs")])
            .await;
        if let Some(cookie) = answer.headers.get(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(pair.to_owned());
        }
        answer
    }

    /// What this session's forms carry.
    pub(crate) async fn csrf(&self) -> String {
        let page = self.get("/").await.text;
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .extension(Peer(self.from))
            .header(header::HOST, "oust.example");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        request
    }
}

/// A form as a browser sends it.
pub(crate) fn form(request: http::request::Builder, words: &[(&str, &str)]) -> Request<Body> {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(words);
    let kind = "application/x-www-form-urlencoded";
    let request = request.header(header::CONTENT_TYPE, kind);
    request.body(Body::from(text.finish())).unwrap()
}

/// An answer, which has what every answer must have.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        has_its_headers(&parts.headers);
        let kind = parts.headers.get(header::CONTENT_TYPE);
        let kind = kind.map_or("", |kind| kind.to_str().unwrap());
        if kind.starts_with("text/html") {
            is_harmless(&text);
        }
        if parts.status.as_u16() >= 400 && kind.contains("json") {
            assert_eq!(kind, "application/problem+json", "{text}");
            let problem: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(problem["status"], parts.status.as_u16());
            assert!(!problem["detail"].as_str().unwrap().is_empty(), "{text}");
        }
        Self {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }

    pub(crate) fn json(&self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }
}

fn has_its_headers(headers: &HeaderMap) {
    let policy = headers["content-security-policy"].to_str().unwrap();
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    for never in ["unsafe", "http:", "https:", "data:", "*"] {
        assert!(!policy.contains(never), "{policy}");
    }
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["referrer-policy"], "no-referrer");
    assert_eq!(headers["cache-control"], "no-store");
}

/// No page has markup or invisible characters of somebody else's, nor script or style of its own.
fn is_harmless(page: &str) {
    assert!(!page.contains("<canary"), "{page}");
    assert!(!page.contains('\u{202e}'), "{page}");
    for never in [
        "<script>",
        " style=",
        "<style",
        " onload=\"",
        " onclick",
        "=\"javascript:",
    ] {
        assert!(!page.contains(never), "{never}: {page}");
    }
}

/// An alert that names Alex.
pub(crate) fn alert(key: &str) -> Alert {
    Alert {
        source: "soc-elastic".into(),
        rule: AlertRule {
            id: "621e92b6-7e54-11ee-bdc0-f661ea17fbcd".into(),
            name: "Multiple Okta Sessions Detected for a Single User".into(),
        },
        severity: "medium".into(),
        event_time: Some(samples::at(0)),
        dedupe_key: key.into(),
        subjects: vec![Hinted {
            okta_id: Some(samples::alex().id),
            login: Some(samples::alex().login),
            part: Part::Actor,
        }],
        ..Alert::default()
    }
}

/// The same with markup in every word.
pub(crate) fn hostile(key: &str) -> Alert {
    let text = || CANARY.to_owned();
    Alert {
        source: text(),
        rule: AlertRule {
            id: text(),
            name: text(),
        },
        severity: text(),
        dedupe_key: key.into(),
        subjects: vec![Hinted {
            okta_id: None,
            login: Some(text()),
            part: Part::Actor,
        }],
        needs_lookup: Some(text()),
        events: vec![text()],
        sessions: vec![text()],
        ips: vec![text()],
        asns: vec![text()],
        token_ids: vec![text()],
        link: Some("javascript:alert(1)".into()),
        ..alert(key)
    }
}
