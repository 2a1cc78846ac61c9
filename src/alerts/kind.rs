//! What is known of a kind of sender, and the port behind which each reads its own bodies.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Answer, Form, Incoming, Reading, Refused};
use crate::given::Clock;
use crate::transport::Wire;
use crate::yaml::{Fields, Problems};

/// A kind of sender: one row of the register, declared by the one file that knows it.
pub struct Kind {
    /// Its name in the config file.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// What it may say that a body is, without parameters; the first is what it does say.
    pub content_types: &'static [&'static str],
    /// Bytes of a body at most.
    pub body_max: usize,
    /// How it can say who it is; the first is the one to choose.
    pub forms: &'static [Form],
    /// Whether each body is signed by its sender, so that no further form is needed.
    pub signed: bool,
    /// Whether it asks by GET before it sends anything.
    pub greets: bool,
    /// The status that tells it yes; nothing else is in that answer.
    pub accepted: u16,
    /// What to paste there, with words on where and how; `None` if its bodies cannot be chosen.
    pub template: Option<&'static str>,
    /// Its own keys in the config file.
    pub keys: &'static [Key],
    /// Reads those keys.
    pub(crate) settings: fn(&mut Fields<'_>, &mut Problems) -> Option<Opener>,
    /// How it is told no.
    pub(crate) refused: fn(&Refused) -> Answer,
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Kind").field(&self.name).finish()
    }
}

/// A key of the config file that only one kind has.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a sentence without its end.
    pub is: &'static str,
    /// Whether it must be there.
    pub needed: bool,
}

/// What an adapter is given of the world.
#[derive(Clone)]
pub struct Parts {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The network, for a sender's public keys.
    pub wire: Arc<dyn Wire>,
}

/// Makes the adapter that the settings ask for.
#[derive(Clone)]
pub struct Opener(Arc<Open>);

type Open = dyn Fn(&Parts) -> Box<dyn Adapter> + Send + Sync;

impl Opener {
    /// Made by this.
    pub(super) fn new(open: impl Fn(&Parts) -> Box<dyn Adapter> + Send + Sync + 'static) -> Self {
        Self(Arc::new(open))
    }

    /// An adapter that holds nothing.
    pub(super) fn plain(read: Plain) -> Self {
        Self::new(move |_| Box::new(Stateless(read)))
    }

    pub(super) fn open(&self, parts: &Parts) -> Box<dyn Adapter> {
        (self.0)(parts)
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opener")
    }
}

/// Reads the bodies of one source. What it is given is authenticated and within its bounds, and
/// attacker input all the same.
#[async_trait]
pub(super) trait Adapter: Send + Sync {
    /// What the request of the source `name` brought.
    async fn read(&self, name: &str, incoming: &Incoming<'_>) -> Result<Reading, Refused>;

    /// Answers a GET.
    fn greet(&self, incoming: &Incoming<'_>) -> Result<Answer, Refused> {
        Err(Refused::Method(incoming.method.to_string()))
    }
}

/// How most kinds read: from a body alone.
pub(super) type Plain = fn(&str, &[u8]) -> Result<Reading, Refused>;

struct Stateless(Plain);

#[async_trait]
impl Adapter for Stateless {
    async fn read(&self, name: &str, incoming: &Incoming<'_>) -> Result<Reading, Refused> {
        (self.0)(name, incoming.body)
    }
}

/// A refusal with no word but its status, and what HTTP asks for with that.
pub(super) fn curt(refused: &Refused) -> Answer {
    let headers = match refused {
        Refused::Method(_) => vec![("allow", "POST")],
        Refused::Unauthenticated(_) | Refused::Stale(_) => vec![("www-authenticate", "Bearer")],
        _ => Vec::new(),
    };
    Answer {
        headers,
        ..Answer::empty(refused.status())
    }
}
