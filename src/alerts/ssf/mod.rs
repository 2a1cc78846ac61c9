//! Shared Signals: security event tokens (SET), pushed by a transmitter such as Okta itself or an EDR.
//!
//! A body is one signed token. It is believed to be the transmitter's when its signature fits one of the
//! keys that the transmitter publishes, and when it is from whom and for whom the config file says; its
//! `jti` is the key by which a token that comes twice is one. The answer is 202 once it is durable, and
//! 400 with a code when it is refused. Verification events are noted.
//!
//! Okta sends `session-revoked` for every `user.session.end`, an ordinary sign-out too: that is
//! informational. Source: RFC 8417 (SET), RFC 8935 (push), RFC 9493 (subjects), OpenID SSF 1.0 and CAEP
//! 1.0; Okta, SSF transmitter, documented payloads.

mod event;
mod keys;
mod token;

use async_trait::async_trait;
use serde_json::json;
use url::Url;

use self::keys::Keys;
use super::kind::{Adapter, Key, Kind, Opener, curt};
use super::{Answer, Form, Incoming, Reading, Refused};
use crate::transport::origin_of;
use crate::yaml::{Diagnostic, Fields, Problems};

pub(super) const KIND: Kind = Kind {
    name: "ssf",
    title: "Shared Signals (SSF/CAEP)",
    content_types: &["application/secevent+jwt"],
    body_max: 64 << 10,
    forms: &[Form::Bearer, Form::Header],
    signed: true,
    greets: false,
    accepted: 202,
    template: None,
    keys: &[
        Key {
            name: "issuer",
            is: "the transmitter, as its tokens have it in `iss`",
            needed: true,
        },
        Key {
            name: "audience",
            is: "for whom its tokens are, as they have it in `aud`; one or several",
            needed: true,
        },
        Key {
            name: "jwks_uri",
            is: "where its keys are; asked for at the issuer's `/.well-known/ssf-configuration` if it \
                 is left out",
            needed: false,
        },
        Key {
            name: "transmitter",
            is: "`okta` or `other`: whether a session's end is an everyday event; told by the issuer's \
                 host if it is left out",
            needed: false,
        },
    ],
    settings,
    refused,
};

/// Hosts of Okta's own; an org behind a domain of its own says so by `transmitter`.
const OKTA: &[&str] = &[
    ".okta.com",
    ".oktapreview.com",
    ".okta-emea.com",
    ".okta-gov.com",
    ".okta.mil",
];

/// A transmitter as the config file has it.
#[derive(Clone, Debug)]
struct Transmitter {
    issuer: String,
    audiences: Vec<String>,
    keys: Place,
    is_okta: bool,
}

/// Where its keys are.
#[derive(Clone, Debug)]
enum Place {
    /// There.
    Keys(Url),
    /// Where the document there says.
    Document(Url),
}

fn settings(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Opener> {
    for key in KIND.keys.iter().filter(|key| key.needed) {
        if !fields.has(key.name) {
            fields.missing(key.name, problems);
        }
    }
    let issuer = fields.take("issuer", problems);
    let issuer = issuer.and_then(|at| problems.text("`issuer`", at, 500));
    let audiences = fields.take("audience", problems);
    let audiences = audiences.map_or_else(Vec::new, |at| problems.words("`audience`", at));
    let keys = fields.take("jwks_uri", problems).map(|at| {
        let text = problems.text("`jwks_uri`", at, 500)?;
        origin_of(&text.value)
            .map_err(|why| problems.add(Diagnostic::new(text.span, why)))
            .ok()
    });
    let who = fields.take("transmitter", problems);
    let who = who.map(|at| problems.word("`transmitter`", at, &["okta", "other"]));
    let issuer = issuer?;
    let url = origin_of(&issuer.value);
    let place = match (keys, &url) {
        (Some(url), _) => Place::Keys(url?),
        (None, Ok(url)) => Place::Document(document_of(url)),
        (None, Err(why)) => {
            let problem = Diagnostic::new(issuer.span, why.clone());
            problems.add(problem.help("or say where its keys are: `jwks_uri: https://…`"));
            return None;
        }
    };
    let is_okta = match who {
        Some(word) => word? == "okta",
        None => url.as_ref().is_ok_and(is_okta_host),
    };
    let transmitter = Transmitter {
        issuer: issuer.value,
        audiences: audiences.into_iter().map(|at| at.value).collect(),
        keys: place,
        is_okta,
    };
    let named = !transmitter.audiences.is_empty();
    named.then(|| {
        Opener::new(move |parts| {
            Box::new(Receiver {
                keys: Keys::new(parts.wire.clone(), parts.clock.clone(), &transmitter),
                transmitter: transmitter.clone(),
            })
        })
    })
}

fn is_okta_host(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    OKTA.iter().any(|okta| host.ends_with(okta))
}

/// `/.well-known/ssf-configuration` goes between host and path (SSF 1.0, 6.2).
fn document_of(issuer: &Url) -> Url {
    let mut document = issuer.clone();
    let path = issuer.path().trim_end_matches('/');
    document.set_path(&format!("/.well-known/ssf-configuration{path}"));
    document.set_query(None);
    document.set_fragment(None);
    document
}

struct Receiver {
    transmitter: Transmitter,
    keys: Keys,
}

#[async_trait]
impl Adapter for Receiver {
    async fn read(&self, name: &str, incoming: &Incoming<'_>) -> Result<Reading, Refused> {
        let token = token::parse(incoming.body)?;
        let key = self.keys.of(&token).await?;
        let claims = token.claims(&key, &self.transmitter, incoming.at)?;
        event::read(name, &claims, self.transmitter.is_okta)
    }
}

/// RFC 8935, 2.3 and 2.4: what is wrong with a token is said by a code, what is wrong with the request
/// by a status of HTTP.
fn refused(refused: &Refused) -> Answer {
    let (code, description) = match refused {
        Refused::Token { code, .. } => (*code, describe(code)),
        Refused::Malformed(_) => ("invalid_request", describe("invalid_request")),
        other => return curt(other),
    };
    Answer {
        content_type: "application/json",
        headers: vec![("content-language", "en")],
        body: json!({ "err": code, "description": description }).to_string(),
        ..Answer::empty(400)
    }
}

/// No more than the code says; what exactly was wrong is for our log.
fn describe(code: &str) -> &'static str {
    match code {
        "invalid_key" => "no key of the issuer fits the signature",
        "invalid_issuer" => "the issuer is none that this receiver expects",
        "invalid_audience" => "the audience is not this receiver",
        "authentication_failed" => "the token could not be authenticated",
        "access_denied" => "the transmitter may not send this",
        _ => "the request is no security event token that can be read",
    }
}
