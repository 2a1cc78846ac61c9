//! Reads that several subjects and items share: within one call each address is asked once.
//!
//! A glance lives for one `plan` or `prove`, never longer: what is proven must have been read
//! after the write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::sent;
use super::voice::{Said, Voice};
use crate::model::Utc;
use crate::transport::{Answer, CallError, Meaning, Path, Read, Reader};

/// Pages of one list at most.
const PAGES_MAX: usize = 200;

/// Why something was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connectors) enum Unread {
    /// There is no such thing.
    Absent {
        /// What the vendor said.
        said: Said,
    },
    /// The vendor refused.
    Refused {
        /// What it said.
        said: Said,
        /// One sentence.
        why: String,
    },
    /// No usable answer came.
    NoAnswer(String),
}

impl Unread {
    /// One sentence.
    pub(in crate::connectors) fn why(&self) -> String {
        match self {
            Self::Absent { said } if said.code.is_empty() => "there is no such thing (404)".into(),
            Self::Absent { said } => format!("there is no such thing ({})", said.code),
            Self::Refused { why, .. } | Self::NoAnswer(why) => why.clone(),
        }
    }
}

/// What was read, or why not.
pub(in crate::connectors) type Got = Result<Value, Unread>;

/// One page of a list, and what asks for the next one.
pub(in crate::connectors) struct Page {
    /// Its items.
    pub(in crate::connectors) items: Vec<Value>,
    /// The next page, if there is one.
    pub(in crate::connectors) next: Option<Read>,
}

/// Makes a read along with others', where a vendor takes several in one request.
#[async_trait]
pub(in crate::connectors) trait Carrier: Send + Sync {
    /// A GET.
    ///
    /// # Errors
    /// As [`Reader::send`].
    async fn get(&self, reader: &Reader, path: Path) -> Result<Answer, CallError> {
        self.ask(reader, &Read::get(path)).await
    }

    /// Any other read.
    ///
    /// # Errors
    /// As [`Reader::send`].
    async fn ask(&self, reader: &Reader, read: &Read) -> Result<Answer, CallError> {
        reader.send(read).await
    }
}

/// Reads that are made once and shared.
pub(in crate::connectors) struct Glance {
    reader: Reader,
    carrier: Option<Arc<dyn Carrier>>,
    voice: &'static Voice,
    seen: Mutex<BTreeMap<String, Arc<OnceCell<Arc<Got>>>>>,
}

impl Glance {
    /// Nothing read yet.
    pub(in crate::connectors) fn new(reader: &Reader, voice: &'static Voice) -> Self {
        Self {
            reader: reader.clone(),
            carrier: None,
            voice,
            seen: Mutex::default(),
        }
    }

    /// Its objects, and the first pages of its lists, are read by this carrier.
    pub(in crate::connectors) fn carried(mut self, by: Option<Arc<dyn Carrier>>) -> Self {
        self.carrier = by;
        self
    }

    /// The reader beneath.
    pub(in crate::connectors) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// One object.
    pub(in crate::connectors) async fn one(&self, path: Path) -> Arc<Got> {
        let cell = self.cell(format!("{path:?}"));
        let read = || async { Arc::new(self.heard(self.get(path).await)) };
        Arc::clone(cell.get_or_init(read).await)
    }

    /// What a POST that only reads answers.
    pub(in crate::connectors) async fn query(&self, path: Path, body: Value) -> Arc<Got> {
        let key = format!("{path:?} {body}");
        self.read(key, Read::query(path, body)).await
    }

    /// All pages of a list, as an array: `items` is the key of a page's items, `next` that of
    /// its link to the next one.
    pub(in crate::connectors) async fn list(
        &self,
        path: Path,
        items: &'static str,
        next: &'static str,
    ) -> Arc<Got> {
        let cell = self.cell(format!("list {path:?}"));
        let read = || async { Arc::new(self.pages(path, items, next).await) };
        Arc::clone(cell.get_or_init(read).await)
    }

    /// All pages of a list whose pages name a token of the next one: `items` is the key of a
    /// page's items, `next` that of the token, which is sent back as the query's `param`.
    pub(in crate::connectors) async fn list_by_token(
        &self,
        path: Path,
        items: &'static str,
        next: &'static str,
        param: &'static str,
    ) -> Arc<Got> {
        let cell = self.cell(format!("list {path:?}"));
        let read = || async { Arc::new(self.turned(path, items, next, param).await) };
        Arc::clone(cell.get_or_init(read).await)
    }

    /// All pages of a list whose pages are arrays and whose answers name the next one by
    /// `Link: rel="next"`.
    pub(in crate::connectors) async fn list_by_link(&self, path: Path) -> Arc<Got> {
        let cell = self.cell(format!("list {path:?}"));
        let read = || async {
            Arc::new(match self.reader.list(&Read::get(path)).await {
                Ok(Ok(items)) => Ok(Value::Array(items)),
                Ok(Err(answer)) => self.heard(Ok(answer)),
                Err(error) => self.heard(Err(error)),
            })
        };
        Arc::clone(cell.get_or_init(read).await)
    }

    /// What a read of the vendor's own form answers.
    pub(in crate::connectors) async fn ask(&self, read: Read) -> Arc<Got> {
        self.read(read.key(), read).await
    }

    /// All pages of a list that a vendor turns in a way of its own: what `first` asks, and then
    /// what `turn` makes of each page. More than `pages_max` of them is no list.
    pub(in crate::connectors) async fn turned_by(
        &self,
        first: Read,
        turn: &(dyn Fn(Value) -> Result<Page, Unread> + Sync),
        pages_max: usize,
    ) -> Arc<Got> {
        let cell = self.cell(format!("list {}", first.key()));
        let read = || async {
            let mut all = Vec::new();
            let mut next = Some(first);
            for _ in 0..pages_max {
                let Some(read) = next else { break };
                let answer = match self.heard(self.asked(&read).await) {
                    Ok(answer) => answer,
                    Err(unread) => return Arc::new(Err(unread)),
                };
                match turn(answer) {
                    Ok(page) => {
                        all.extend(page.items);
                        next = page.next;
                    }
                    Err(unread) => return Arc::new(Err(unread)),
                }
            }
            Arc::new(match next {
                None => Ok(Value::Array(all)),
                Some(_) => Err(Unread::NoAnswer(format!("more than {pages_max} pages"))),
            })
        };
        Arc::clone(cell.get_or_init(read).await)
    }

    async fn get(&self, path: Path) -> Result<Answer, CallError> {
        match &self.carrier {
            Some(carrier) => carrier.get(&self.reader, path).await,
            None => self.reader.send(&Read::get(path)).await,
        }
    }

    async fn read(&self, key: String, read: Read) -> Arc<Got> {
        let cell = self.cell(key);
        let read = || async { Arc::new(self.heard(self.asked(&read).await)) };
        Arc::clone(cell.get_or_init(read).await)
    }

    async fn asked(&self, read: &Read) -> Result<Answer, CallError> {
        match &self.carrier {
            Some(carrier) => carrier.ask(&self.reader, read).await,
            None => self.reader.send(read).await,
        }
    }

    async fn pages(&self, path: Path, items: &str, next: &str) -> Got {
        let mut all = Vec::new();
        let mut page = self.heard(self.get(path).await)?;
        for _ in 0..PAGES_MAX {
            match page.get_mut(items).map(Value::take) {
                Some(Value::Array(more)) => all.extend(more),
                // Without items it is no page, and no proof that something is absent.
                _ => return Err(Unread::NoAnswer("a list was expected".into())),
            }
            let Some(link) = page[next].as_str().filter(|link| !link.is_empty()) else {
                return Ok(Value::Array(all));
            };
            page = self.heard(self.reader.follow(link).await)?;
        }
        Err(Unread::NoAnswer(format!("more than {PAGES_MAX} pages")))
    }

    async fn turned(&self, path: Path, items: &str, next: &str, param: &str) -> Got {
        let mut all = Vec::new();
        let mut page = self.heard(self.reader.send(&Read::get(path.clone())).await)?;
        for _ in 0..PAGES_MAX {
            take_items(&mut page, items, &mut all)?;
            let Some(token) = page[next].as_str().filter(|token| !token.is_empty()) else {
                return Ok(Value::Array(all));
            };
            let path = path.clone().query(param, token);
            page = self.heard(self.reader.send(&Read::get(path)).await)?;
        }
        Err(Unread::NoAnswer(format!("more than {PAGES_MAX} pages")))
    }

    /// What an answer says, by the vendor's own meaning.
    fn heard(&self, answer: Result<Answer, CallError>) -> Got {
        let answer = answer.map_err(|error| Unread::NoAnswer(sent::unread(&error)))?;
        let said = (self.voice.said)(&answer);
        match (self.voice.meaning)(&answer, &said) {
            Meaning::Done | Meaning::Accepted => Ok(answer.json),
            Meaning::Gone => Err(Unread::Absent { said }),
            _ => Err(Unread::Refused {
                why: self.voice.sentence(&answer),
                said,
            }),
        }
    }

    fn cell(&self, key: String) -> Arc<OnceCell<Arc<Got>>> {
        let mut seen = self
            .seen
            .lock()
            .expect("no code panics while it holds this lock");
        Arc::clone(seen.entry(key).or_default())
    }
}

/// Moves a page's items over; a page may have none. What is no object is no page.
fn take_items(page: &mut Value, items: &str, all: &mut Vec<Value>) -> Result<(), Unread> {
    let expected = || Unread::NoAnswer("a list was expected".into());
    let page = page.as_object_mut().ok_or_else(expected)?;
    match page.get_mut(items).map(Value::take) {
        Some(Value::Array(more)) => all.extend(more),
        None | Some(Value::Null) => {}
        Some(_) => return Err(expected()),
    }
    Ok(())
}

/// The items of a list; none if it is no list.
pub(in crate::connectors) fn items(got: &Value) -> &[Value] {
    got.as_array().map_or(&[], Vec::as_slice)
}

/// A text field, empty if absent.
pub(in crate::connectors) fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object[key].as_str().unwrap_or_default()
}

/// A moment in an object, RFC 3339.
pub(in crate::connectors) fn moment(object: &Value, key: &str) -> Option<Utc> {
    object[key].as_str()?.parse().ok()
}
