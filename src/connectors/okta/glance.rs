//! Reads that several subjects and items share: within one call each address is asked once.
//!
//! Planning twenty subjects needs the API tokens of the org once, and proving five factors of
//! one account needs its list once. A glance lives for one `plan` or `prove`, never longer:
//! what is proven must have been read after the write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::OnceCell;

use super::answers::{self, Said, sentence};
use super::crowd::{By, FEW};
use super::together::Together;
use super::users;
use crate::model::UserId;
use crate::transport::{Answer, Path, Read, Reader};

/// Why something was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// There is no such thing (404).
    Absent {
        /// Okta's error code; `E0000008` is a path that this org does not have.
        code: String,
    },
    /// Okta refused.
    Refused {
        /// The HTTP status.
        status: u16,
        /// Okta's error code.
        code: String,
        /// One sentence.
        why: String,
    },
    /// No usable answer came.
    NoAnswer(String),
}

impl Unread {
    /// One sentence.
    pub(super) fn why(&self) -> String {
        match self {
            Self::Absent { .. } => "Okta has no such thing (404)".into(),
            Self::Refused { why, .. } | Self::NoAnswer(why) => why.clone(),
        }
    }

    /// Of an answer that was no good.
    pub(super) fn of(answer: &Answer) -> Self {
        let code = Said::of(answer).code;
        match answer.status {
            404 => Self::Absent { code },
            status => Self::Refused {
                status,
                code,
                why: sentence(answer),
            },
        }
    }
}

/// What was read, or why not.
pub(super) type Got = Result<Value, Unread>;

/// Reads that are made once and shared.
pub(super) struct Glance {
    reader: Reader,
    /// Takes what somebody else is reading already: nothing was written before it.
    joins: bool,
    seen: Mutex<BTreeMap<String, Arc<OnceCell<Arc<Got>>>>>,
    /// Accounts that will be asked for, each with those that one answer brings along.
    ahead: BTreeMap<UserId, Arc<Ahead>>,
}

/// Accounts that are read by one request, once the first of them is asked for.
struct Ahead {
    ids: Vec<UserId>,
    read: OnceCell<()>,
}

impl Glance {
    /// Nothing read yet.
    pub(super) fn new(reader: &Reader) -> Self {
        Self {
            reader: reader.clone(),
            joins: false,
            seen: Mutex::default(),
            ahead: BTreeMap::new(),
        }
    }

    /// For planning, before anything is written: joins reads of others that are under way.
    pub(super) fn joining(reader: &Reader) -> Self {
        Self {
            joins: true,
            ..Self::new(reader)
        }
    }

    /// The same, for many accounts that will be asked for: they come together, a page at a time.
    pub(super) fn for_accounts<'u>(self, who: impl Iterator<Item = &'u UserId>) -> Self {
        let ids: BTreeSet<&str> = who
            .map(UserId::as_str)
            .filter(|id| !id.is_empty())
            .collect();
        if ids.len() <= FEW {
            return self;
        }
        let ids: Vec<&str> = ids.into_iter().collect();
        let mut ahead = BTreeMap::new();
        for group in By::Id.groups(&ids) {
            let together = Arc::new(Ahead {
                ids: group.into_iter().map(UserId::new).collect(),
                read: OnceCell::new(),
            });
            for id in &together.ids {
                ahead.insert(id.clone(), Arc::clone(&together));
            }
        }
        Self { ahead, ..self }
    }

    /// One account. Whoever the answer about many does not hold is read by himself.
    pub(super) async fn account(&self, who: &UserId) -> Arc<Got> {
        if let Some(ahead) = self.ahead.get(who) {
            ahead.read.get_or_init(|| self.read_ahead(ahead)).await;
        }
        self.one(users::path(who)).await
    }

    /// Takes from one answer whom it was asked for; an account that is there twice is in doubt.
    async fn read_ahead(&self, ahead: &Ahead) {
        let ids: Vec<&str> = ahead.ids.iter().map(UserId::as_str).collect();
        let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for user in By::Id.read(&self.reader, &ids).await {
            let id = text(&user, "id").to_owned();
            found.entry(id).or_default().push(user);
        }
        for id in &ahead.ids {
            if let Some([_]) = found.get(id.as_str()).map(Vec::as_slice)
                && let Some(user) = found.remove(id.as_str()).and_then(|mut all| all.pop())
            {
                // One that was read meanwhile stays as it is.
                let _ = self.cell(&users::path(id)).set(Arc::new(Ok(user)));
            }
        }
    }

    /// The reader beneath.
    pub(super) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// One object.
    pub(super) async fn one(&self, path: Path) -> Arc<Got> {
        let cell = self.cell(&path);
        Arc::clone(cell.get_or_init(|| self.read_one(path)).await)
    }

    /// The same, shared with all who wait for it at this moment (see [`Together`]).
    pub(super) async fn one_with(&self, others: &Together, path: Path) -> Arc<Got> {
        let what = format!("{path:?}");
        let cell = self.cell_of(what.clone());
        let read = async || self.read_one(path).await;
        let shared = || others.read(&what, &self.reader, self.joins, read);
        Arc::clone(cell.get_or_init(shared).await)
    }

    /// What `read` reads, shared with all who wait for `what` at this moment (see [`Together`]).
    pub(super) async fn shared_with(
        &self,
        others: &Together,
        what: &str,
        read: impl AsyncFnOnce() -> Arc<Got>,
    ) -> Arc<Got> {
        let cell = self.cell_of(what.to_owned());
        let shared = || others.read(what, &self.reader, self.joins, read);
        Arc::clone(cell.get_or_init(shared).await)
    }

    /// All pages of a list, as an array.
    pub(super) async fn list(&self, path: Path) -> Arc<Got> {
        let cell = self.cell(&path);
        Arc::clone(cell.get_or_init(|| self.read_list(path)).await)
    }

    /// The same, shared with all who wait for `what` at this moment (see [`Together`]); `path`
    /// is made when the read leaves.
    pub(super) async fn list_with(
        &self,
        others: &Together,
        what: &str,
        path: impl Fn() -> Path,
    ) -> Arc<Got> {
        let cell = self.cell_of(what.to_owned());
        let read = async || self.read_list(path()).await;
        let shared = || others.read(what, &self.reader, self.joins, read);
        Arc::clone(cell.get_or_init(shared).await)
    }

    async fn read_one(&self, path: Path) -> Arc<Got> {
        Arc::new(match self.reader.send(&Read::get(path)).await {
            Ok(answer) if answer.is_good() => Ok(answer.json),
            Ok(answer) => Err(Unread::of(&answer)),
            Err(error) => Err(Unread::NoAnswer(answers::unread(&error))),
        })
    }

    async fn read_list(&self, path: Path) -> Arc<Got> {
        Arc::new(match self.reader.list(&Read::get(path)).await {
            Ok(Ok(items)) => Ok(Value::Array(items)),
            Ok(Err(answer)) => Err(Unread::of(&answer)),
            Err(error) => Err(Unread::NoAnswer(answers::unread(&error))),
        })
    }

    fn cell(&self, path: &Path) -> Arc<OnceCell<Arc<Got>>> {
        self.cell_of(format!("{path:?}"))
    }

    fn cell_of(&self, what: String) -> Arc<OnceCell<Arc<Got>>> {
        let mut seen = self
            .seen
            .lock()
            .expect("no code panics while it holds this lock");
        Arc::clone(seen.entry(what).or_default())
    }
}

/// The items of a list; none if it is no list.
pub(super) fn items(got: &Value) -> &[Value] {
    got.as_array().map_or(&[], Vec::as_slice)
}

/// A text field, empty if absent.
pub(super) fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object[key].as_str().unwrap_or_default()
}
