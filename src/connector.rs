//! The contract: all that anyone may know about a vendor, and of the directory.
//!
//! The engine knows [`Connector`] and [`Directory`], never a vendor; a connector knows
//! `transport` and `model`, never the engine. Planning and proving get a `Reader`, so they
//! cannot write; applying gets a `Writer`, which cannot exist without consent.

mod costs;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use crate::evidence::holdings::{Holdings, ThreatConfig};
use crate::evidence::investigation::Now;
use crate::model::{
    Action, ActionId, AppAccount, Applied, Case, Change, Fact, Finding, History, Identity, Kept,
    Lookup, NewPassword, Outcome, Plant, Proof, Select, Skip, StepKey, Subject, SystemId, UserId,
    Utc, Vendor, Window,
};
use crate::transport::{AuthError, CallError, Client, Reader, Writer};

pub use self::costs::{Ask, Costs, Round, Serves};

/// One use of an action, with its settings checked and defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its place in the playbook.
    pub key: StepKey,
    /// What it does.
    pub action: ActionId,
    /// At which system.
    pub system: SystemId,
    /// The settings, an object.
    pub settings: Arc<Value>,
    /// Which of the subject's things it takes.
    pub select: Select,
    /// Asked again during the run: the subject may be locked by now, whatever the case says
    /// of his status.
    pub again: bool,
}

/// A subject and who he is at the system at hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Identified {
    /// The subject.
    pub subject: Subject,
    /// The vendor's immutable id of him.
    pub id: String,
}

/// What a step means for one subject, by reads alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planned {
    /// The intended writes; empty only with `skip`.
    pub changes: Vec<Change>,
    /// What the selector leaves alone.
    pub kept: Vec<Kept>,
    /// Why there is nothing to do; `Unread` beside changes says that there may be more.
    pub skip: Option<Skip>,
    /// What a person should read beside it.
    pub notes: Vec<String>,
}

impl Planned {
    /// One change, nothing else to say.
    #[must_use]
    pub fn one(change: Change) -> Self {
        Self {
            changes: vec![change],
            ..Self::default()
        }
    }

    /// Nothing to do, for this reason.
    #[must_use]
    pub fn skipped(skip: Skip) -> Self {
        Self {
            skip: Some(skip),
            ..Self::default()
        }
    }
}

/// Why a change has no inverse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CannotUndo {
    /// The person does it again himself: how.
    PersonRedoes(String),
    /// Gone for good: what.
    Never(String),
    /// It was so before this run: nothing of ours to undo.
    NotOurs,
}

/// One configured vendor.
#[async_trait]
pub trait Connector: Send + Sync {
    /// What the vendor's file declares.
    fn vendor(&self) -> &'static Vendor;

    /// Whether this system carries `action` out at all. Where a vendor's systems differ in kind,
    /// a step is planned only at those that do: at the others there is nothing to leave open.
    fn carries(&self, _action: &ActionId) -> bool {
        true
    }

    /// What would stop us tonight: credentials, scopes, roles for the `wanted` actions.
    async fn preflight(&self, r: &Reader, wanted: &[ActionId]) -> Vec<Finding>;

    /// Who the subjects are here: one identity each, in the same order. The vendor is asked by
    /// the keys given and by nothing else (`identity::settle` weighs what it answers).
    async fn identify(&self, r: &Reader, who: &[Lookup]) -> Vec<Identity>;

    /// Vendor ids that we ourselves act as here; never a subject.
    ///
    /// # Errors
    /// A sentence, if they could not be read.
    async fn own_ids(&self, _r: &Reader) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    /// The vendor's own id of the account that this system is: the organisation, the tenant.
    /// Two systems that answer alike are one. `None` if the vendor does not tell.
    ///
    /// # Errors
    /// A sentence, if it could not be read.
    async fn tenant(&self, _r: &Reader) -> Result<Option<String>, String> {
        Ok(None)
    }

    /// What `step` would change: one [`Planned`] per subject, in the same order. Called again
    /// just before the step, when it may find more.
    async fn plan(&self, r: &Reader, step: &Step, who: &[Identified], case: &Case) -> Vec<Planned>;

    /// Groups changes that one call can carry; one each by default.
    fn batch(&self, changes: Vec<Change>) -> Vec<Vec<Change>> {
        changes.into_iter().map(|change| vec![change]).collect()
    }

    /// Sends one batch: one outcome per change, in the same order. Never repeats a call that
    /// may have happened; that is the executor's to decide, after reading back.
    async fn apply(&self, w: &Writer<'_>, batch: &[Change]) -> Vec<Outcome>;

    /// Reads back: one proof per item, in the same order. `Pending` is asked again later.
    async fn prove(&self, r: &Reader, done: &[Applied]) -> Vec<Proof>;

    /// The changes that undo one change, as one unbroken chain.
    ///
    /// # Errors
    /// [`CannotUndo`] says why there is none.
    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo>;

    /// What one of its actions costs in requests, for whoever projects a run of many; `None` is
    /// taken for one request to read again, one to write and one to read back.
    fn costs(&self, _action: &ActionId) -> Option<Costs> {
        None
    }

    /// How a person raises the limit of one of its buckets before an incident; `None` if nobody
    /// can, or it is not known.
    fn raises(&self, _bucket: &str) -> Option<&'static str> {
        None
    }

    /// How long a proof may stay pending here.
    fn prove_for(&self) -> std::time::Duration;

    /// The declaration of one of its actions.
    fn action(&self, id: &ActionId) -> Option<&'static Action> {
        (id.vendor() == self.vendor().id)
            .then(|| self.vendor().action(id.verb()))
            .flatten()
    }
}

/// The directory's own facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Org {
    /// Its immutable id.
    pub id: String,
    /// Its host, for people.
    pub host: String,
}

/// An agent that lives by a token of the subject's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentToken {
    /// The token's id.
    pub id: String,
    /// Its name, attacker input.
    pub name: String,
    /// What kind of agent: "AD agent".
    pub kind: String,
}

/// An API token of the org, and who owns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgToken {
    /// Its id.
    pub id: String,
    /// What it is called. Attacker input.
    pub name: String,
    /// Who owns it; its rights are his.
    pub owner: UserId,
    /// The owner as he stands now.
    pub owned_by: TokenOwner,
    /// From where it may be used, by the directory's word; empty if untold.
    pub network: String,
    /// The kind of agent that lives by it; `None` if a person made it.
    pub agent: Option<String>,
    /// When it was made.
    pub created: Option<Utc>,
    /// When it was last used, as far as the directory lets that be told.
    pub last_used: Option<Utc>,
}

/// The owner of an API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenOwner {
    /// He is there.
    Known {
        /// His login.
        login: String,
        /// His status, an open word.
        status: String,
        /// His admin roles by type; `None` if unread.
        roles: Option<Vec<String>>,
    },
    /// There is no such account.
    Gone,
    /// He could not be read.
    Unread {
        /// Why.
        why: String,
    },
}

/// Why a subject could not be resolved.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ResolveError {
    /// Nobody has this login or id.
    #[error("no account at {org} has the login or id `{who}`")]
    Stranger {
        /// What was asked for.
        who: String,
        /// Where.
        org: String,
    },
    /// More than one account answers.
    #[error("`{who}` is not exactly one account's login or id; it could be {}", .candidates.join(", "))]
    Several {
        /// What was asked for.
        who: String,
        /// The ids and logins found.
        candidates: Vec<String>,
    },
    /// The directory could not be read.
    #[error("could not look up `{who}`: {why}")]
    Unread {
        /// What was asked for.
        who: String,
        /// What went wrong.
        why: Unheard,
    },
}

/// Which lists of an account somebody will ask for; others are not worth a request each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The groups it is in.
    pub groups: bool,
    /// The apps assigned to it.
    pub apps: bool,
    /// Its admin roles, even where so many are asked about that they would be left unread.
    pub roles: bool,
}

impl ResolveError {
    /// The operator's next step, in one sentence.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Stranger { .. } => {
                "check the login: the whole of it; an Okta id (00u…) always names exactly one \
                 account"
                    .into()
            }
            Self::Several { candidates, .. } => match &candidates[..] {
                [only] => {
                    let login = only.split(' ').next().unwrap_or(only);
                    format!("if that is who you mean: oust contain {login}")
                }
                _ => "give the whole login, or the id, of the one you mean".into(),
            },
            Self::Unread { why, .. } => why.hint(),
        }
    }
}

/// Why a system told us nothing: a variant for each thing that a person can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unheard {
    /// It could not be reached, or did not answer.
    #[error("{0}")]
    Network(String),
    /// A secret on this machine is missing or unfit: which, and what is wrong with it.
    #[error("{what}")]
    Secret {
        /// Its place, and what is wrong there.
        what: String,
        /// What to do about it.
        hint: String,
    },
    /// It does not accept our credential, or the credential lacks a right.
    #[error("{why}")]
    Credential {
        /// What it said.
        why: String,
        /// What to do about it.
        hint: String,
    },
    /// It answered, and not with what was asked for.
    #[error("{0}")]
    Answer(String),
}

impl Unheard {
    /// The operator's next step, in one sentence.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Network(_) => {
                "check the address in the config file and the network, then run it again".into()
            }
            Self::Secret { hint, .. } | Self::Credential { hint, .. } if !hint.is_empty() => {
                hint.clone()
            }
            Self::Secret { .. } | Self::Credential { .. } => {
                "check the credential in the config file, under `auth`".into()
            }
            Self::Answer(_) => "run it again; -vv shows what was asked and answered".into(),
        }
    }
}

impl From<&CallError> for Unheard {
    fn from(error: &CallError) -> Self {
        let text = error.to_string();
        match error {
            CallError::NotSent { .. } | CallError::Silent { .. } => Self::Network(text),
            CallError::Auth(AuthError::Unreachable { .. }) => Self::Network(text),
            CallError::Auth(AuthError::Secret { what, hint }) => Self::Secret {
                what: what.clone(),
                hint: hint.clone(),
            },
            CallError::Auth(AuthError::Refused { hint, .. }) => Self::Credential {
                why: text,
                hint: hint.clone(),
            },
            CallError::NoQuota { .. } | CallError::Stopped { .. } | CallError::Unusable { .. } => {
                Self::Answer(text)
            }
        }
    }
}

/// What the directory's log showed after an eviction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignsOfLife {
    /// Up to which event time the log was read.
    pub read_until: Option<Utc>,
    /// What was seen.
    pub seen: Vec<Sign>,
    /// What kept us from reading, if anything.
    pub unread: Option<String>,
}

/// One sign that a subject still acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// Whose.
    pub subject: UserId,
    /// When, by the directory's clock.
    pub at: Utc,
    /// What he did.
    pub what: String,
    /// The event's id.
    pub event: String,
}

/// Somebody let an account in or kept it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockAct {
    /// Whose.
    pub subject: UserId,
    /// When, by the directory's clock.
    pub at: Utc,
    /// Whether the account was kept out by it (suspended, deactivated), or let in again.
    pub locks: bool,
    /// What was done, for people: "suspended", "reactivated by an import".
    pub what: String,
    /// Who did it, by login or name; attacker input.
    pub by: String,
    /// Who did it, by id; empty if nobody tells.
    pub by_id: String,
    /// Whether nobody did it himself: an import from the profile's source, or another job.
    pub by_job: bool,
    /// Whether it was one of our own clients.
    pub ours: bool,
    /// The event's id.
    pub event: String,
}

/// Which of the log's events are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogAsk {
    /// Not before this.
    pub since: Utc,
    /// Before this, in the order of their publication; without it every event as it is stored,
    /// however late, and pages without end.
    pub until: Option<Utc>,
    /// Ids of accounts, few enough for one request: only what they did and had done to them.
    /// Empty is everybody.
    pub about: Vec<UserId>,
    /// A condition in the directory's own filter language, which is not looked into here.
    pub filter: Option<String>,
}

/// One page of the log, as the directory answered it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogPage {
    /// Its events.
    pub events: Vec<Value>,
    /// Where the next one is; `None` at the end.
    pub next: Option<String>,
}

/// How many accounts can sign in to the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserCount {
    /// So many were counted.
    pub number: u64,
    /// Whether these are all: a large directory is not counted to its end.
    pub complete: bool,
}

/// What names accounts without naming each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// The members of a group, by its id.
    Group(String),
    /// What a search finds, in the directory's own language, which is not looked into here.
    Search(String),
}

/// An account that a selector proposes. Who it is and how it stands is read by its id, later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picked {
    /// Its id.
    pub id: UserId,
    /// Its login, for people.
    pub login: String,
    /// Whether nobody can sign in with it any more, as the list says.
    pub is_gone: bool,
}

/// What a selector proposes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picks {
    /// What the directory calls it; empty for a search. Attacker input.
    pub name: String,
    /// The accounts, each once.
    pub who: Vec<Picked>,
}

/// Why a selector proposes nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PickError {
    /// There is no such group.
    #[error("there is no group with the id `{id}` at {org}")]
    NoSuchGroup {
        /// What was asked for.
        id: String,
        /// Where.
        org: String,
    },
    /// The directory does not understand the expression: its own words.
    #[error("{0}")]
    Refused(String),
    /// More accounts than are taken: none of them is.
    #[error("it names more than {max} accounts")]
    TooMany {
        /// So many are taken.
        max: usize,
    },
    /// It could not be read to its end.
    #[error(transparent)]
    Unread(#[from] Unheard),
}

/// The identity source: all that engine, guards and evidence know of it.
#[async_trait]
pub trait Directory: Connector {
    /// The org's own facts.
    ///
    /// # Errors
    /// [`Unheard`], if it could not be read.
    async fn org(&self, r: &Reader) -> Result<Org, Unheard>;

    /// Exactly one account for a login or id: who it is and how it stands. What it holds
    /// (roles, groups, apps) counts as unread until [`Directory::describe`] has read it.
    ///
    /// # Errors
    /// [`ResolveError`] for none, several, or no answer.
    async fn resolve(&self, r: &Reader, who: &str) -> Result<Subject, ResolveError>;

    /// The same for many, in the same order, in fewer requests where the directory has a way.
    async fn resolve_all(&self, r: &Reader, who: &[String]) -> Vec<Result<Subject, ResolveError>> {
        futures_util::future::join_all(who.iter().map(|name| self.resolve(r, name))).await
    }

    /// All accounts that a selector names, at most `max`: a proposal, which proves nothing.
    ///
    /// # Errors
    /// [`PickError`], if they are more, or could not be read to the last one.
    async fn pick(&self, r: &Reader, by: &Selector, max: usize) -> Result<Picks, PickError>;

    /// The same accounts with their roles, and with the groups and apps that are wanted, as far
    /// as they can be read.
    async fn describe(&self, r: &Reader, who: Vec<Subject>, wanted: Wanted) -> Vec<Subject>;

    /// Counts the accounts that can sign in, for at most `time`: what was counted by then is told
    /// as incomplete.
    ///
    /// # Errors
    /// A sentence, if nothing could be read.
    async fn count_active(&self, r: &Reader, time: Duration) -> Result<UserCount, String>;

    /// The app assignments of each account, in the same order; `None` where unread.
    async fn accounts(&self, r: &Reader, who: &[Subject]) -> Vec<Option<Vec<AppAccount>>>;

    /// The assignments to the apps named by id or by catalogue name, for many accounts at once:
    /// those apps' alone, and all of them.
    ///
    /// # Errors
    /// A sentence, if not all of it was read: then nothing of it is known.
    async fn accounts_at(
        &self,
        _r: &Reader,
        _who: &[Subject],
        _apps: &BTreeSet<String>,
    ) -> Result<BTreeMap<UserId, Vec<AppAccount>>, String> {
        Err("this directory does not list the users of an app".into())
    }

    /// The subject's status alone, read now.
    ///
    /// # Errors
    /// A sentence, if it could not be read.
    async fn status(&self, r: &Reader, who: &UserId) -> Result<String, String>;

    /// Ids of super administrators who can sign in.
    ///
    /// # Errors
    /// A sentence, if they could not be read.
    async fn usable_super_admins(&self, r: &Reader) -> Result<Vec<UserId>, String>;

    /// What the log says of the subjects: names and assignments changed since `window` began,
    /// and the apps they signed in to since `used_since`. Never fails: what could not be read
    /// is said in [`History::unread`].
    async fn history(
        &self,
        r: &Reader,
        who: &[Subject],
        window: &Window,
        used_since: Utc,
    ) -> History;

    /// The catalogue names of these apps, by id: empty for one that does not exist any more, and
    /// none for one that could not be read.
    async fn app_names(&self, r: &Reader, apps: &[String]) -> BTreeMap<String, String>;

    /// Agents that live by each subject's tokens, in the same order.
    ///
    /// # Errors
    /// A sentence, if the tokens could not be read.
    async fn agents_of(&self, r: &Reader, who: &[Subject]) -> Result<Vec<Vec<AgentToken>>, String>;

    /// The org's API tokens with their owners, as far as the directory lists them.
    ///
    /// # Errors
    /// A sentence, if the list could not be read.
    async fn org_tokens(&self, r: &Reader) -> Result<Vec<OrgToken>, String>;

    /// The account whose rights we act with, if it is one.
    ///
    /// # Errors
    /// A sentence, if it could not be read.
    async fn own_principal(&self, r: &Reader) -> Result<Option<UserId>, String>;

    /// Ids of clients that are ours alone: what they did in the log, we did.
    fn own_clients(&self) -> Vec<String>;

    /// Whether an app by this catalogue name is the directory's own: nothing outlives the
    /// eviction there.
    fn is_own_app(&self, name: &str) -> bool;

    /// The app's page in the directory's own console, where the console's address is known.
    fn console_of(&self, _app: &AppAccount) -> Option<String> {
        None
    }

    /// Of an undoing chain, the link after which the old password is no more, made so that the
    /// new one comes to the person in this way; `None` for every other link.
    fn password_step(&self, link: &Change, how: NewPassword) -> Option<Change>;

    /// Of what undoes a lock, whether it stays until everything else is given back.
    fn is_left_last(&self, _link: &Change) -> bool {
        false
    }

    /// Actions that keep a subject from signing in, for the guards.
    fn locking_actions(&self) -> Vec<ActionId>;

    /// Names of the parts of a subject's before-state worth keeping as evidence.
    fn snapshot_parts(&self) -> &'static [&'static str];

    /// One part of the before-state, as the vendor answered it.
    ///
    /// # Errors
    /// A sentence, if it could not be read.
    async fn snapshot(&self, r: &Reader, who: &UserId, part: &str) -> Result<Value, String>;

    /// What an account holds now, part by part; what could not be read is said in it. Of each
    /// factor it tells what deleting by `window` would do.
    async fn holdings(&self, r: &Reader, who: &Subject, window: Option<Window>) -> Holdings;

    /// How the directory treats addresses that it knows to be bad.
    ///
    /// # Errors
    /// A sentence, if it could not be read.
    async fn threat_config(&self, r: &Reader) -> Result<ThreatConfig, String>;

    /// Whether each of these is still there, in the same order.
    async fn planted_now(&self, r: &Reader, plants: &[Plant]) -> Vec<Now>;

    /// One page of the log: the first, or the one that `next` of the page before names.
    ///
    /// # Errors
    /// [`Unheard`], if it could not be read.
    async fn log_page(
        &self,
        r: &Reader,
        ask: &LogAsk,
        next: Option<&str>,
    ) -> Result<LogPage, Unheard>;

    /// Who locked or unlocked these accounts since then, the oldest first, ourselves included.
    ///
    /// # Errors
    /// A sentence, if the log could not be read.
    async fn locks_since(
        &self,
        r: &Reader,
        who: &[UserId],
        since: Utc,
    ) -> Result<Vec<LockAct>, String>;

    /// What these changes of one account, carried out, show about the org where documentation does
    /// not settle it. Nothing, unless a directory has such questions.
    async fn learnt(&self, _r: &Reader, _done: &[Applied]) -> Vec<Fact> {
        Vec::new()
    }

    /// A part of a before-state without what changes by itself (dates, links), so that two of them
    /// compare.
    fn lasting(&self, part: Value) -> Value {
        part
    }

    /// What the log shows of each subject after the moment given, our own acts left out.
    async fn signs_of_life(&self, r: &Reader, since: &[(UserId, Utc)]) -> SignsOfLife;
}

/// A connector with its client: what the engine holds of one system.
#[derive(Clone)]
pub struct System {
    /// `okta`, `github:eng`, …
    pub id: SystemId,
    /// What it can do.
    pub connector: Arc<dyn Connector>,
    /// The directory's apps that belong to it: catalogue names, ids or labels.
    pub apps: Vec<String>,
    /// How it is reached.
    pub client: Arc<Client>,
}

/// The directory with its client.
#[derive(Clone)]
pub struct DirectorySystem {
    /// It is a system like any other.
    pub system: System,
    /// What only a directory can do.
    pub directory: Arc<dyn Directory>,
}
