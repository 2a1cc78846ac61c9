//! One configured sender: what is asked of each of its requests, in the order in which refusing is
//! cheapest: address, method, content type, size, authentication; only then is the body parsed.

use ipnet::IpNet;

use super::auth::{Auth, AuthSettings};
use super::kind::{Adapter, Kind, Opener, Parts};
use super::{Answer, Incoming, Reading, Refused};
use crate::transport::AuthError;
use http::{Method, header};

/// A source as the config file has it: no secret, only where secrets are.
#[derive(Clone, Debug)]
pub struct SourceSettings {
    /// Its name, which is part of its address: `/v1/alerts/NAME`.
    pub name: String,
    /// Its kind.
    pub kind: &'static Kind,
    /// How it says who it is.
    pub auth: AuthSettings,
    /// The networks that it sends from; empty: any.
    pub from: Vec<IpNet>,
    /// Requests in a minute at most.
    pub per_minute: u32,
    /// What its kind's own keys ask for.
    pub opener: Opener,
}

impl SourceSettings {
    /// Whether a stranger's request is told from the sender's. The addresses alone are not enough
    /// for that: who else sits behind them is not known.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.kind.signed || self.auth.form.is_some()
    }
}

/// One configured sender, ready to be asked.
pub struct Source {
    settings: SourceSettings,
    auth: Auth,
    adapter: Box<dyn Adapter>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Source").field(&self.settings.name).finish()
    }
}

impl Source {
    /// Fetches its secrets. Nothing is asked of the sender's keys before something was sent.
    ///
    /// # Errors
    /// [`AuthError::Secret`] names the place of a secret that cannot be had, or cannot be one.
    pub async fn open(settings: &SourceSettings, parts: &Parts) -> Result<Self, AuthError> {
        Ok(Self {
            auth: Auth::open(&settings.name, &settings.auth, &*parts.clock).await?,
            adapter: settings.opener.open(parts),
            settings: settings.clone(),
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        self.settings.kind
    }

    /// Bytes of a body at most.
    #[must_use]
    pub fn body_max(&self) -> usize {
        self.settings.kind.body_max
    }

    /// Requests in a minute at most.
    #[must_use]
    pub fn per_minute(&self) -> u32 {
        self.settings.per_minute
    }

    /// Whether a stranger's request is told from the sender's.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.settings.is_authenticated()
    }

    /// What can be asked before the body is read: address, method, content type, the size that is
    /// announced, and the credential, unless that is a signature of the body.
    ///
    /// # Errors
    /// [`Refused`]; the body need not be read then.
    pub fn admit(&self, head: &Incoming<'_>) -> Result<(), Refused> {
        self.address(head)?;
        if *head.method != Method::POST {
            return Err(Refused::Method(short(head.method.as_str())));
        }
        self.content_type(head)?;
        let announced = head.headers.get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|bytes| bytes > self.body_max() as u64) {
            let max = self.body_max();
            return Err(Refused::TooLarge { max });
        }
        self.auth.head(head)
    }

    /// Answers a GET, where the kind asks by one; who asks must be known too.
    ///
    /// # Errors
    /// [`Refused`].
    #[expect(
        clippy::unused_async,
        reason = "asked like `receive`, and a kind may need to read"
    )]
    pub async fn greet(&self, incoming: &Incoming<'_>) -> Result<Answer, Refused> {
        self.address(incoming)?;
        if !self.kind().greets || *incoming.method != Method::GET {
            return Err(Refused::Method(short(incoming.method.as_str())));
        }
        self.auth.head(incoming)?;
        self.adapter.greet(incoming)
    }

    /// What a request brings.
    ///
    /// # Errors
    /// [`Refused`]; nothing of it is to be kept.
    pub async fn receive(&self, incoming: &Incoming<'_>) -> Result<Reading, Refused> {
        self.admit(incoming)?;
        let max = self.body_max();
        if incoming.body.len() > max {
            return Err(Refused::TooLarge { max });
        }
        self.auth.body(incoming)?;
        self.adapter.read(self.name(), incoming).await
    }

    /// Says yes: what was received is durable.
    #[must_use]
    pub fn accepted(&self) -> Answer {
        Answer::empty(self.kind().accepted)
    }

    /// Says no.
    #[must_use]
    pub fn refused(&self, refused: &Refused) -> Answer {
        let mut answer = (self.kind().refused)(refused);
        for (name, value) in &mut answer.headers {
            match *name {
                "allow" if self.kind().greets => *value = "GET, POST",
                "www-authenticate" => *value = self.auth.challenge(),
                _ => {}
            }
        }
        answer
    }

    fn address(&self, incoming: &Incoming<'_>) -> Result<(), Refused> {
        // A listener for both families has IPv4 peers as `::ffff:192.0.2.1`.
        let from = incoming.from.to_canonical();
        let networks = &self.settings.from;
        if networks.is_empty() || networks.iter().any(|net| net.contains(&from)) {
            Ok(())
        } else {
            Err(Refused::Address(from))
        }
    }

    fn content_type(&self, incoming: &Incoming<'_>) -> Result<(), Refused> {
        let said = incoming.headers.get(header::CONTENT_TYPE);
        let said = said.map_or("", |value| value.to_str().unwrap_or("?"));
        let bare = said.split(';').next().unwrap_or_default().trim();
        let mut known = self.kind().content_types.iter();
        if known.any(|known| known.eq_ignore_ascii_case(bare)) {
            Ok(())
        } else {
            Err(Refused::ContentType(short(bare)))
        }
    }
}

/// A word of the sender's, for our log.
fn short(text: &str) -> String {
    text.chars().take(80).collect()
}
