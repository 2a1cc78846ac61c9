//! A host that answers by script, and a connector opened against it.
//!
//! For answers that no well-kept stand-in gives: other people's rows in a filtered list, errors
//! inside a 200, links to elsewhere, a login that changed hands. What was asked is kept whole. An
//! address without a script answers 599, which no story expects.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use oust::connector::{Identified, Planned, Step, System};
use oust::connectors::{Opened, Opening, REGISTER};
use oust::consent::{Asked, Consent};
use oust::given::Clock;
use oust::model::{
    ActionId, Applied, Case, Change, Identity, Key, KeyKind, Lookup, Outcome, Proof, Select,
    Source, StepKey, SystemId, Tri, UserId, Utc, Window, WindowHow,
};
use oust::transport::{Reader, Wire, WireError, WireLimits, Writer};
use oust_mocks::KeyPair;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::okta::desk::some_plan;
use crate::samples;
use crate::wire::{CountingRng, NOW, PausedClock};

/// The App's key; made once, for making one is slow.
pub(crate) fn key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::rs256("github-1"))
}

/// One answer.
#[derive(Clone)]
pub(crate) struct Says {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Value,
}

/// An answer with this status and body.
pub(crate) fn says(status: u16, body: Value) -> Says {
    Says {
        status,
        headers: Vec::new(),
        body,
    }
}

impl Says {
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `METHOD URL`, with the query.
    pub(crate) line: String,
    pub(crate) authorization: String,
    pub(crate) body: Value,
}

struct Rule {
    method: &'static str,
    path: &'static str,
    answers: VecDeque<Says>,
}

/// The host.
pub(crate) struct Host {
    rules: Mutex<Vec<Rule>>,
    asked: Mutex<Vec<Request>>,
}

#[async_trait]
impl Wire for Host {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
        _limits: WireLimits,
    ) -> Result<http::Response<Vec<u8>>, WireError> {
        let line = format!("{} {}", request.method(), request.uri());
        let header = request.headers().get("authorization");
        let asked = Request {
            authorization: header
                .map_or("", |value| value.to_str().unwrap())
                .to_owned(),
            body: serde_json::from_slice(request.body()).unwrap_or(Value::Null),
            line,
        };
        let said = self.answer(request.method().as_str(), request.uri().path());
        self.asked.lock().unwrap().push(asked);
        let mut answer = http::Response::builder().status(said.status);
        for (name, value) in &said.headers {
            answer = answer.header(*name, value);
        }
        let body = if said.body.is_null() {
            Vec::new()
        } else {
            said.body.to_string().into_bytes()
        };
        Ok(answer.body(body).unwrap())
    }
}

impl Host {
    /// The next answer of the rule whose path ends so; the last one repeats.
    fn answer(&self, method: &str, path: &str) -> Says {
        let mut rules = self.rules.lock().unwrap();
        let mut fits = rules.iter_mut();
        let fit = fits.find(|rule| rule.method == method && path.ends_with(rule.path));
        let Some(rule) = fit else {
            return says(
                599,
                json!({ "message": format!("no script for {method} {path}") }),
            );
        };
        match rule.answers.len() {
            1 => rule.answers[0].clone(),
            _ => rule.answers.pop_front().unwrap(),
        }
    }
}

/// A desk at such a host.
pub(crate) struct Desk {
    host: Arc<Host>,
    pub(crate) system: System,
    pub(crate) reader: Reader,
    case: Case,
    consent: Consent,
    _files: Vec<NamedTempFile>,
}

/// Contoso's installation with all permissions.
pub(crate) fn installation(permissions: Value) -> Value {
    json!({
        "id": 77, "account": { "login": "contoso" }, "target_type": "Organization",
        "permissions": permissions, "suspended_at": null,
    })
}

pub(crate) fn all_permissions() -> Value {
    json!({
        "organization_administration": "write", "members": "write",
        "organization_personal_access_tokens": "write", "issues": "write",
    })
}

/// A token that holds for an hour.
pub(crate) fn token(text: &str) -> Value {
    json!({ "token": text, "expires_at": "2026-03-10T16:00:00Z" })
}

/// An account as `/user/{id}` has it.
pub(crate) fn user(id: u64, login: &str) -> Value {
    json!({ "id": id, "login": login, "type": "User" })
}

impl Desk {
    /// By an App at contoso, with other settings; a null takes one away.
    pub(crate) fn app(patch: Value) -> Self {
        let mut key_file = NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut key_file, key().private_pem.as_bytes()).unwrap();
        let settings = json!({
            "org": "contoso", "app_id": "Iv23liOust", "private_key": { "file": key_file.path() },
        });
        Self::open(settings, patch, vec![key_file])
            .on(
                "GET",
                "/orgs/contoso/installation",
                says(200, installation(all_permissions())),
            )
            .on("POST", "/access_tokens", says(201, token("ghs_token")))
    }

    /// By the token of a person.
    pub(crate) fn person(patch: Value) -> Self {
        let mut file = NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, b"ghp_secret").unwrap();
        let settings = json!({ "org": "contoso", "token": { "file": file.path() } });
        Self::open(settings, patch, vec![file])
    }

    fn open(mut settings: Value, patch: Value, files: Vec<NamedTempFile>) -> Self {
        for (name, value) in patch.as_object().unwrap() {
            settings[name] = value.clone();
        }
        settings
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let host = Arc::new(Host {
            rules: Mutex::default(),
            asked: Mutex::default(),
        });
        let clock: Arc<dyn Clock> = Arc::new(PausedClock::new(0));
        let row = REGISTER.iter().find(|row| row.vendor.id == "github");
        let opened = (row.unwrap().open)(&Opening {
            id: SystemId::new("github"),
            settings,
            wire: host.clone(),
            clock,
            rng: Arc::new(CountingRng::default()),
            user_agent: "oust/0.1.0 run=r_test".into(),
            budgets: oust::transport::Budgets::default(),
        });
        let system = match opened {
            Ok(Opened::Service(system)) => system,
            Ok(Opened::Directory(_)) => panic!("it is a service"),
            Err(error) => panic!("{error}"),
        };
        let now: Utc = NOW.parse().unwrap();
        let case = Case {
            subjects: Vec::new(),
            window: Window {
                start: Utc::from_millis(now.millis() - 78 * 60_000),
                end: None,
                how: WindowHow::Given,
            },
            id: None,
            reason: None,
            source: Source::Person("test".into()),
            began: None,
            intruders: Vec::new(),
        };
        let asked = Asked { shown_at: now, now };
        let consent = Consent::yes(&some_plan(&case, now), "test", asked).unwrap();
        Self {
            reader: Reader::new(system.client.clone()),
            host,
            system,
            case,
            consent,
            _files: files,
        }
    }

    /// Adds an answer: to the rule of this method and end of path, or as a new one.
    pub(crate) fn on(self, method: &'static str, path: &'static str, answer: Says) -> Self {
        {
            let mut rules = self.host.rules.lock().unwrap();
            let mut known = rules.iter_mut();
            match known.find(|rule| rule.method == method && rule.path == path) {
                Some(rule) => rule.answers.push_back(answer),
                None => rules.push(Rule {
                    method,
                    path,
                    answers: VecDeque::from([answer]),
                }),
            }
        }
        self
    }

    /// Takes the answers of a rule away, for others.
    pub(crate) fn instead(self, method: &'static str, path: &'static str, answer: Says) -> Self {
        let keep = |rule: &Rule| rule.method != method || rule.path != path;
        self.host.rules.lock().unwrap().retain(keep);
        self.on(method, path, answer)
    }

    pub(crate) fn asked(&self) -> Vec<Request> {
        self.host.asked.lock().unwrap().clone()
    }

    /// What was asked, tokens left out.
    pub(crate) fn lines(&self) -> Vec<String> {
        let asked = self.asked().into_iter().map(|each| each.line);
        asked
            .filter(|line| !line.contains("/installation"))
            .collect()
    }

    /// Writes that left, tokens left out.
    pub(crate) fn writes(&self) -> Vec<String> {
        let is_read = |line: &String| line.starts_with("GET ") || line.contains("/graphql");
        self.lines()
            .into_iter()
            .filter(|line| !is_read(line))
            .collect()
    }

    pub(crate) async fn who(&self, kind: KeyKind, value: &str) -> Identity {
        let lookup = Lookup {
            subject: UserId::new("00u1"),
            keys: vec![Key {
                kind,
                value: value.into(),
                doubt: None,
            }],
            has_app: Tri::Yes,
        };
        let mut found = self
            .system
            .connector
            .identify(&self.reader, &[lookup])
            .await;
        found.remove(0)
    }

    /// What a step means for account 7.
    pub(crate) async fn plan(&self, verb: &str) -> Planned {
        let step = Step {
            key: StepKey {
                stage: 2,
                step: 0,
                system: 0,
            },
            action: ActionId::new("github", verb),
            system: SystemId::new("github"),
            settings: json!({}).into(),
            select: Select::All,
            again: false,
        };
        let who = [Identified {
            subject: samples::subject("00u1", "alex@contoso.example"),
            id: "7".into(),
        }];
        let connector = &self.system.connector;
        let mut planned = connector.plan(&self.reader, &step, &who, &self.case).await;
        assert_eq!(planned.len(), 1);
        planned.remove(0)
    }

    /// The one change of a step.
    pub(crate) async fn change(&self, verb: &str) -> Change {
        let planned = self.plan(verb).await;
        assert_eq!(planned.changes.len(), 1, "{planned:?}");
        planned.changes.into_iter().next().unwrap()
    }

    pub(crate) async fn apply(&self, change: &Change) -> Outcome {
        self.apply_all(std::slice::from_ref(change)).await.remove(0)
    }

    pub(crate) async fn apply_all(&self, batch: &[Change]) -> Vec<Outcome> {
        let writer = Writer::new(&self.reader, &self.consent);
        let outcomes = self.system.connector.apply(&writer, batch).await;
        assert_eq!(outcomes.len(), batch.len());
        outcomes
    }

    pub(crate) async fn applied(&self, change: &Change) -> Applied {
        Applied::alone(change.clone(), self.apply(change).await)
    }

    pub(crate) async fn proof(&self, done: &Applied) -> Proof {
        let done = std::slice::from_ref(done);
        self.system
            .connector
            .prove(&self.reader, done)
            .await
            .remove(0)
    }

    pub(crate) async fn preflight(&self, verbs: &[&str]) -> Vec<oust::model::Finding> {
        let wanted: Vec<ActionId> = verbs
            .iter()
            .map(|verb| ActionId::new("github", verb))
            .collect();
        self.system.connector.preflight(&self.reader, &wanted).await
    }
}
