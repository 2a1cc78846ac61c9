//! A request and an answer as plain values, so that a mock can be asked without a socket.
//!
//! Does not parse HTTP: [`server`](crate::server) does. Knows no vendor.

use percent_encoding::percent_decode_str;

/// What a client asked. Bodies are bounded by whoever builds it.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`, `POST`, … in capitals.
    pub method: String,
    /// The path as it was sent, percent-encoded, beginning with `/`.
    pub path: String,
    /// The query as it was sent, without `?`; empty if there was none.
    pub query: String,
    /// Header names and values, in order; names in any case.
    pub headers: Vec<(String, String)>,
    /// The body, empty if there was none.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and body; `target` may hold a query.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            ..Self::default()
        }
    }

    /// The same request with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same request with a body of the given media type.
    #[must_use]
    pub fn with_body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.headers
            .push(("content-type".to_owned(), content_type.to_owned()));
        self.body = body.into();
        self
    }

    /// The first value of a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

/// What a vendor answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Header names and values; `Link` may occur several times.
    pub headers: Vec<(String, String)>,
    /// The body, empty if there is none.
    pub body: Vec<u8>,
}

impl Response {
    /// The first value of a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or(serde_json::Value::Null)
    }

    /// The target of the `Link` with this relation.
    #[must_use]
    pub fn link(&self, rel: &str) -> Option<&str> {
        let wanted = format!("rel=\"{rel}\"");
        self.headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("link"))
            .flat_map(|(_, value)| value.split(", <"))
            .filter(|link| link.contains(&wanted))
            .find_map(|link| link.trim_start_matches('<').split_once('>'))
            .map(|(url, _)| url)
    }
}

/// What becomes of one request: an answer, or one of the ways a connection can die.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The answer, after a delay.
    Answer {
        /// What is sent.
        response: Response,
        /// How long the vendor takes, milliseconds.
        delay_ms: u64,
    },
    /// The connection is closed without an answer.
    Cut {
        /// After how many milliseconds.
        delay_ms: u64,
    },
    /// The connection dies inside the body.
    CutMidBody {
        /// What would have been sent; `Content-Length` says its whole length.
        response: Response,
        /// How many bytes of the body arrive.
        bytes: usize,
    },
    /// No answer ever comes, and the connection stays open.
    Hang,
    /// The server kills a process: at once, or after it has written the answer.
    Kill {
        /// The process to send SIGKILL to.
        pid: u32,
        /// What is written first; nothing if absent.
        answer: Option<Response>,
        /// How long the vendor takes, milliseconds.
        delay_ms: u64,
    },
}

impl Reply {
    /// The answer, if there is a whole one.
    #[must_use]
    pub fn answer(&self) -> Option<&Response> {
        match self {
            Self::Answer { response, .. } => Some(response),
            Self::Kill { answer, .. } => answer.as_ref(),
            Self::Cut { .. } | Self::CutMidBody { .. } | Self::Hang => None,
        }
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// Shifts the vendor's clock in an answer: `Date` and the time of a limit's reset together.
pub(crate) fn skew(response: &mut Response, ms: i64) {
    for (name, value) in &mut response.headers {
        match name.as_str() {
            "Date" => {
                if let Ok(date) = jiff::fmt::rfc2822::parse(value) {
                    *value = crate::time::http_date(date.timestamp().as_millisecond() + ms);
                }
            }
            "X-Rate-Limit-Reset" | "x-ratelimit-reset" => {
                if let Ok(at) = value.parse::<i64>() {
                    *value = (at + ms / 1000).to_string();
                }
            }
            _ => {}
        }
    }
}

/// Splits `a=b&c=d` and decodes both sides; `+` is a space.
pub(crate) fn form(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| {
        percent_decode_str(&part.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

/// Splits a raw path at its slashes, then decodes each segment.
pub(crate) fn segments(path: &str) -> Vec<String> {
    path.trim_start_matches('/')
        .split('/')
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect()
}

/// Encodes one value for a query.
pub(crate) fn encode(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The parameters of a path that fits a pattern such as `/users/{id}`, in order.
pub(crate) fn fit(pattern: &str, segments: &[String]) -> Option<Vec<String>> {
    let mut at = Vec::new();
    let mut parts = pattern[1..].split('/');
    for segment in segments {
        match parts.next()? {
            name if name.starts_with('{') => {
                if segment.is_empty() {
                    return None;
                }
                at.push(segment.clone());
            }
            word if word == segment => {}
            _ => return None,
        }
    }
    parts.next().is_none().then_some(at)
}
