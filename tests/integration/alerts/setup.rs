//! A source made from the text of a config file, and a request to it.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use oust::alerts::{Answer, Incoming, Parts, Reading, Refused, Source};
use oust::config::sources_alone;
use oust::given::SystemClock;
use oust::model::Utc;
use oust::transport::{Wire, WireError, WireLimits};
use serde_json::Value;

/// The day of the fixtures, after all of them.
pub(crate) const NOW: &str = "2026-03-10T15:20:00Z";

pub(crate) fn now() -> Utc {
    NOW.parse().unwrap()
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("tests/fixtures/alerts").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub(crate) fn json(name: &str) -> Value {
    serde_json::from_slice(&fixture(name)).unwrap()
}

/// A network that answers what it is told, by path, and remembers what it was asked.
#[derive(Default)]
pub(crate) struct Web {
    pub(crate) answers: Mutex<Vec<(String, u16, Value)>>,
    pub(crate) asked: Mutex<VecDeque<String>>,
}

impl Web {
    pub(crate) fn says(&self, path: &str, status: u16, body: Value) {
        let mut answers = self.answers.lock().unwrap();
        answers.retain(|(known, ..)| known != path);
        answers.push((path.to_owned(), status, body));
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().drain(..).collect()
    }
}

#[async_trait]
impl Wire for Web {
    async fn send(
        &self,
        request: Request<Vec<u8>>,
        _: WireLimits,
    ) -> Result<Response<Vec<u8>>, WireError> {
        let url = request.uri().to_string();
        self.asked.lock().unwrap().push_back(url.clone());
        let answers = self.answers.lock().unwrap();
        let found = answers.iter().find(|(path, ..)| url.ends_with(path));
        let Some((_, status, body)) = found else {
            return Err(WireError::NotSent("nobody is there".into()));
        };
        let mut answer = Response::new(body.to_string().into_bytes());
        *answer.status_mut() = http::StatusCode::from_u16(*status).unwrap();
        Ok(answer)
    }
}

/// The one source of `sources:`, with `rest` in its entry.
pub(crate) async fn source(rest: &str) -> Source {
    source_on(rest, Arc::new(Web::default())).await
}

pub(crate) async fn source_on(rest: &str, web: Arc<Web>) -> Source {
    let parts = Parts {
        clock: Arc::new(SystemClock::new()),
        wire: web,
    };
    let text = format!("sources:\n  - {{ name: soc, {rest} }}\n");
    let sources = sources_alone("oust.yaml", &text).unwrap_or_else(|wrong| panic!("{wrong}"));
    Source::open(&sources[0], &parts).await.unwrap()
}

/// A secret as it is written in a config file.
pub(crate) fn place(secret: &str) -> String {
    format!("{{ command: [printf, \"%s\", \"{secret}\"] }}")
}

/// A request in the making.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) path_secret: Option<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) from: IpAddr,
    pub(crate) at: Utc,
}

impl Ask {
    pub(crate) fn post(body: impl Into<Vec<u8>>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        Self {
            method: Method::POST,
            headers,
            path_secret: None,
            body: body.into(),
            from: "198.51.100.7".parse().unwrap(),
            at: now(),
        }
    }

    pub(crate) fn get() -> Self {
        Self {
            method: Method::GET,
            headers: HeaderMap::new(),
            ..Self::post("")
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).unwrap();
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    pub(crate) fn secret(mut self, secret: &str) -> Self {
        self.path_secret = Some(secret.to_owned());
        self
    }

    pub(crate) fn from(mut self, address: &str) -> Self {
        self.from = address.parse().unwrap();
        self
    }

    fn incoming(&self) -> Incoming<'_> {
        Incoming {
            method: &self.method,
            headers: &self.headers,
            path_secret: self.path_secret.as_deref(),
            body: &self.body,
            from: self.from,
            at: self.at,
        }
    }

    pub(crate) async fn to(&self, source: &Source) -> Result<Reading, Refused> {
        source.receive(&self.incoming()).await
    }

    pub(crate) async fn greeting(&self, source: &Source) -> Result<Answer, Refused> {
        source.greet(&self.incoming()).await
    }

    pub(crate) fn admitted(&self, source: &Source) -> Result<(), Refused> {
        source.admit(&self.incoming())
    }

    /// The status that its sender sees.
    pub(crate) async fn status(&self, source: &Source) -> u16 {
        match self.to(source).await {
            Ok(_) => source.accepted().status,
            Err(refused) => source.refused(&refused).status,
        }
    }
}

/// What a body brings to a source of this kind, which asks for no credential.
pub(crate) async fn read(kind: &str, body: impl Into<Vec<u8>>) -> Result<Reading, Refused> {
    let source = source(&format!("kind: {kind}, auth: none")).await;
    Ask::post(body).to(&source).await
}
