//! Building a URL out of a fixed path and outside values, so that no value escapes its place;
//! and what a request may carry.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

/// What is escaped within one path segment: everything that could end it.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'+')
    .add(b'/')
    .add(b';')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What is escaped within a query's value: all that, and what parts one pair from the next.
const PAIR: &AsciiSet = &SEGMENT.add(b'&').add(b'=');

/// A path with its query. Fixed text comes by [`Path::new`] and [`Path::then`], outside values
/// by [`Path::seg`] and [`Path::query`], which escape them.
#[derive(Clone, Debug)]
pub struct Path {
    host: Option<Cow<'static, str>>,
    path: String,
    query: Vec<(String, String)>,
}

impl Path {
    /// Starts with fixed text: `/api/v1/users`.
    #[must_use]
    pub fn new(fixed: &str) -> Self {
        Self {
            host: None,
            path: fixed.to_owned(),
            query: Vec::new(),
        }
    }

    /// Adds `/` and an outside value, escaped. `.` and `..` cannot climb.
    #[must_use]
    pub fn seg(mut self, value: &str) -> Self {
        self.path.push('/');
        if value == "." || value == ".." {
            self.path.push_str(&value.replace('.', "%2E"));
        } else {
            self.path.extend(utf8_percent_encode(value, SEGMENT));
        }
        self
    }

    /// Adds fixed text: `/lifecycle/suspend`.
    #[must_use]
    pub fn then(mut self, fixed: &str) -> Self {
        self.path.push_str(fixed);
        self
    }

    /// Adds a query pair, escaped.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// At a further address of the same system, by the name its connector gave it.
    #[must_use]
    pub fn on(mut self, host: impl Into<Cow<'static, str>>) -> Self {
        self.host = Some(host.into());
        self
    }

    pub(super) fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// The path without the query, as it will be sent.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path with its query, for a vendor that takes requests within a request; a space is `%20`.
    #[must_use]
    pub fn target(&self) -> String {
        let mut target = self.path.clone();
        for (place, (name, value)) in self.query.iter().enumerate() {
            target.push(if place == 0 { '?' } else { '&' });
            target.push_str(name);
            target.push('=');
            target.extend(utf8_percent_encode(value, PAIR));
        }
        target
    }

    /// The whole URL at `origin`.
    pub(super) fn at(&self, origin: &Url) -> Url {
        let mut url = origin.clone();
        let base = origin.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{}", self.path));
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }
}

/// A header of one request alone, by its lower-case name.
pub(super) type OwnHeader = (&'static str, String);

/// Which of a system's addresses a request goes to, by the name that [`Path::on`] gave; an
/// extension of the request, for credentials that sign for one address.
#[derive(Clone, Debug)]
pub struct Place(pub Option<String>);

/// What a request carries. A form's values may be secrets, so that printing one shows none.
#[derive(Clone, Debug)]
pub(super) enum Body {
    /// A JSON document.
    Json(Value),
    /// A form, as token endpoints take it.
    Form(Vec<(Cow<'static, str>, SecretString)>),
    /// A text of this media type, as it is.
    Text(&'static str, SecretString),
}

impl Body {
    pub(super) fn media_type(&self) -> &'static str {
        match self {
            Self::Json(_) => "application/json",
            Self::Form(_) => "application/x-www-form-urlencoded",
            Self::Text(media_type, _) => media_type,
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Json(value) => value.to_string().into_bytes(),
            Self::Text(_, text) => text.expose_secret().as_bytes().to_vec(),
            Self::Form(pairs) => url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(
                    pairs
                        .iter()
                        .map(|(key, value)| (key.as_ref(), value.expose_secret())),
                )
                .finish()
                // RFC 3986 reserves it: whoever takes a form apart and hashes it again, to check a
                // signature, writes it so.
                .replace('*', "%2A")
                .into_bytes(),
        }
    }
}

/// Parses a configured address and checks that credentials may be sent there: https, or plain
/// http to this machine.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn origin_of(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("`{text}` is not a URL: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL must not carry a user name or password".into());
    }
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(format!("`{text}` names no host")),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        "http" => Err(format!(
            "`{text}` is plain http: use https (http is for loopback only)"
        )),
        other => Err(format!("`{text}` is `{other}`: use https")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_cannot_leave_its_place_in_the_path() {
        let origin = origin_of("https://example.okta.com").unwrap();
        let url = Path::new("/api/v1/users").seg("a/../b+c?d#é@x").at(&origin);
        assert_eq!(url.path(), "/api/v1/users/a%2F..%2Fb%2Bc%3Fd%23%C3%A9@x");
        let climb = Path::new("/api/v1/users")
            .seg("..")
            .then("/sessions")
            .at(&origin);
        assert!(climb.path().starts_with("/api/v1/"), "{}", climb.path());
    }

    #[test]
    fn a_form_escapes_its_values_and_shows_none_of_them() {
        let form = Body::Form(vec![("token".into(), SecretString::from("a&b=c d"))]);
        assert_eq!(form.bytes(), b"token=a%26b%3Dc+d");
        assert!(!format!("{form:?}").contains("a&b"), "{form:?}");
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        assert!(origin_of("http://127.0.0.1:8080").is_ok());
        assert!(
            origin_of("http://example.okta.com")
                .unwrap_err()
                .contains("https")
        );
        assert!(origin_of("https://u:p@example.okta.com").is_err());
    }
}
