//! The desk: what people and the server share beside the ledger: proposals and decisions, who may
//! sign in, whether automatic runs are frozen, and who did what.
//!
//! Kept in a file of its own: the ledger is append-only and about runs, the desk forgets. It decides
//! nothing: whether enough people approved is `consent`'s to say, what a proposal becomes is the
//! server's. No secret is kept: of a token there is a hash.

mod sqlite;
mod token;

pub use sqlite::SqliteDesk;
pub use token::{Wanted, hash, holder};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::approval::{Approvers, FormError, Signed, SignedIn, Vote};
use crate::model::{RunId, Utc};
use crate::sqlite::FileError;

/// A plan that waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The run that it would be.
    pub run: RunId,
    /// The stored plan's phrase (`Store::plan`).
    pub phrase: String,
    /// Its digest, which an approval is bound to.
    pub digest: String,
    /// Whose accounts, for lists.
    pub subjects: Vec<String>,
    /// Their immutable ids: who is one of them decides nothing here.
    pub subject_ids: Vec<String>,
    /// What it is about, in a sentence.
    pub title: String,
    /// Why it was not carried out by itself.
    pub why: String,
    /// Who or what asks: a login, or `alert elastic/<rule>`.
    pub requester: String,
    /// The alerts that led to it.
    pub alerts: Vec<String>,
    /// When it was made.
    pub made_at: Utc,
    /// Until when it may be approved.
    pub expires_at: Utc,
    /// Where it stands.
    pub state: ProposalState,
    /// What people decided, oldest first.
    pub decisions: Vec<Decision>,
}

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalState {
    /// For people to decide.
    Waiting,
    /// Enough people agreed; it is about to be carried out.
    Approved,
    /// It is being carried out, or was: its run tells.
    Begun,
    /// Somebody denied it.
    Denied,
    /// Nobody decided in time.
    Expired,
    /// The world moved away from it: a newer proposal stands in its place, or none can.
    Overtaken,
}

impl ProposalState {
    /// Its word in files, lists and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Begun => "begun",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Overtaken => "overtaken",
        }
    }
}

/// What somebody decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Who: a name of `approvers:`, or of a token.
    pub by: String,
    /// His own account at the directory, if his token says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub okta_id: Option<String>,
    /// To do it, or not to.
    pub approve: bool,
    /// The digest that he saw.
    pub digest: String,
    /// When.
    pub at: Utc,
    /// How it came: `console`, `api`, `key`.
    pub how: String,
    /// In his words; may be empty.
    pub reason: String,
    /// The signed text, if it came by a key.
    pub signed: Option<String>,
}

impl Decision {
    /// As a vote about a run: a signed one is checked anew, whatever stands beside it here.
    ///
    /// # Errors
    /// [`FormError`] if it claims to be signed and is not.
    pub fn vote(&self, run: &RunId, rules: &Approvers) -> Result<Vote, FormError> {
        if let Some(text) = &self.signed {
            return Signed::parse(text)?.verify(rules);
        }
        let given = SignedIn {
            by: &self.by,
            okta_id: self.okta_id.as_deref(),
            approve: self.approve,
            run,
            digest: &self.digest,
            at: self.at,
            how: &self.how,
            reason: &self.reason,
        };
        Ok(Vote::signed_in(&given, rules))
    }

    /// A vote that came by a key, for the desk to keep.
    #[must_use]
    pub fn of(vote: &Vote) -> Self {
        Self {
            by: vote.by().to_owned(),
            okta_id: None,
            approve: vote.approves(),
            digest: vote.digest().to_owned(),
            at: vote.at(),
            how: vote.how().to_owned(),
            reason: vote.reason().to_owned(),
            signed: vote.signed().map(str::to_owned),
        }
    }
}

/// What a token or a session lets somebody do; each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// Look.
    Viewer,
    /// Plan, look into, freeze.
    Responder,
    /// Approve and deny.
    Approver,
    /// Thaw; give out and take back tokens.
    Admin,
}

/// A token that was given out. The secret itself is kept by whoever has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its public part: `t_…`.
    pub id: String,
    /// Whose: the name that stands under what he does.
    pub name: String,
    /// His own account at the directory, if it was said: he decides nothing about himself.
    pub okta_id: Option<String>,
    /// What it lets him do.
    pub power: Power,
    /// SHA-256 of the secret, hex.
    pub hash: String,
    /// When it was given out.
    pub made_at: Utc,
    /// Until when it holds.
    pub expires_at: Utc,
    /// When it was taken back.
    pub revoked_at: Option<Utc>,
    /// When it was last used.
    pub used_at: Option<Utc>,
}

/// Somebody signed in at the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the cookie's value, hex.
    pub hash: String,
    /// The token he signed in with.
    pub token: String,
    /// SHA-256 of what his forms must carry, hex.
    pub csrf: String,
    /// Since when.
    pub made_at: Utc,
    /// Until when, whatever he does.
    pub expires_at: Utc,
}

/// Why and since when automatic runs are frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Utc,
}

/// A run that a server watches after it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// Which.
    pub run: RunId,
    /// Since when.
    pub from: Utc,
    /// Until when.
    pub until: Utc,
    /// When it is looked at next.
    pub next_at: Utc,
    /// Looks so far.
    pub looks: u32,
    /// Looks since the last news.
    pub quiet: u32,
    /// How often it was contained again.
    pub rounds: u32,
    /// Something came back and is not contained again.
    pub is_open: bool,
    /// How often something came back.
    pub news: u32,
    /// What the last look could not read; empty if all of it was read.
    pub unread: String,
    /// The run that was proposed for what came back.
    pub proposed: Option<RunId>,
    /// Where it stands.
    pub state: WatchState,
}

/// Where a watch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchState {
    /// It goes on.
    Watching,
    /// Its time was over.
    Over,
    /// It came back too often, and people were told.
    GaveUp,
    /// The run was given back.
    Released,
    /// A newer run took its place and is watched instead.
    Followed,
}

impl WatchState {
    /// Its word in files and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Watching => "watching",
            Self::Over => "over",
            Self::GaveUp => "gave_up",
            Self::Released => "released",
            Self::Followed => "followed",
        }
    }
}

/// Somebody did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audited {
    /// When.
    pub at: Utc,
    /// Who: a name, or `somebody from 192.0.2.1` who did not sign in.
    pub by: String,
    /// What, in a sentence.
    pub what: String,
}

/// Keeps what people and the server share. Every change is durable when it is answered.
#[async_trait]
pub trait Desk: Send + Sync {
    /// Keeps a proposal; one of the same run is replaced, unless somebody decided it already
    /// (`false` then).
    async fn propose(&self, proposal: &Proposal) -> Result<bool, FileError>;
    /// The newest proposals, newest first; of one state, if that is given.
    async fn proposals(
        &self,
        state: Option<ProposalState>,
        most: usize,
    ) -> Result<Vec<Proposal>, FileError>;
    /// One of them.
    async fn proposal(&self, run: &RunId) -> Result<Option<Proposal>, FileError>;
    /// Adds what somebody decided; `false` if he did already, or it waits no longer. A no moves it
    /// to [`ProposalState::Denied`]: whoever adds it has seen that it counts.
    async fn decide(&self, run: &RunId, decision: &Decision) -> Result<bool, FileError>;
    /// Moves a proposal from one state to another; `false` if it was not in the first.
    async fn move_proposal(
        &self,
        run: &RunId,
        from: ProposalState,
        to: ProposalState,
    ) -> Result<bool, FileError>;

    /// Counts an automatic run against its source, if fewer than `most` were since `since`;
    /// `false` if not. The same run counts once.
    async fn count_automatic(
        &self,
        source: &str,
        run: &RunId,
        at: Utc,
        since: Utc,
        most: u64,
    ) -> Result<bool, FileError>;
    /// Forgets what was counted against a source, or against all: a person cleared it.
    async fn clear_automatic(&self, source: Option<&str>) -> Result<(), FileError>;
    /// Freezes automatic runs, or thaws them.
    async fn set_frozen(&self, frozen: Option<&Frozen>) -> Result<(), FileError>;
    /// Whether they are frozen.
    async fn frozen(&self) -> Result<Option<Frozen>, FileError>;

    /// Keeps a token.
    async fn add_token(&self, token: &Token) -> Result<(), FileError>;
    /// All of them, the newest first.
    async fn tokens(&self) -> Result<Vec<Token>, FileError>;
    /// The token of this id.
    async fn token(&self, id: &str) -> Result<Option<Token>, FileError>;
    /// Takes one back, and ends the sessions that began with it; `false` if there is none.
    async fn revoke_token(&self, id: &str, at: Utc) -> Result<bool, FileError>;
    /// Notes that it was used, at most once a minute.
    async fn token_used(&self, id: &str, at: Utc) -> Result<(), FileError>;

    /// Keeps a session.
    async fn open_session(&self, session: &Session) -> Result<(), FileError>;
    /// The session of this hash.
    async fn session(&self, hash: &str) -> Result<Option<Session>, FileError>;
    /// Ends it.
    async fn end_session(&self, hash: &str) -> Result<(), FileError>;

    /// Keeps how a watch stands; there is one a run.
    async fn keep_watch(&self, watch: &Watch) -> Result<(), FileError>;
    /// Those in this state, the one that is due first at the head.
    async fn watches(&self, state: WatchState, most: usize) -> Result<Vec<Watch>, FileError>;
    /// The watch over this run.
    async fn watch(&self, run: &RunId) -> Result<Option<Watch>, FileError>;

    /// Notes that somebody did something.
    async fn audit(&self, entry: &Audited) -> Result<(), FileError>;
    /// What was done last, newest first.
    async fn audited(&self, most: usize) -> Result<Vec<Audited>, FileError>;
}
