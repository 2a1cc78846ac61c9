//! The witness: every request as it arrived, and what became of it.
//!
//! `mutating` comes from the mocks' own list of endpoints that change things, never from what
//! the client believed; `effective` says whether this very request changed something.
//! Holds no `Authorization` header and no token, so it can be printed.

use serde::Serialize;

/// The longest body kept, bytes.
const BODY_MAX: usize = 64 * 1024;

/// One request and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its number, from 1, in order of arrival.
    pub n: u64,
    /// When it arrived, milliseconds since 1970.
    pub at_ms: i64,
    /// The system asked, such as `okta`.
    pub system: String,
    /// The HTTP method.
    pub method: String,
    /// The raw path.
    pub path: String,
    /// The raw query.
    pub query: String,
    /// The body as text, at most 64 KiB; of `/oauth2/v1/token` only that it was there.
    pub body: String,
    /// The `User-Agent`, empty if absent.
    pub user_agent: String,
    /// Who asked: `client:<id>`, `ssws:<token id>`, or empty when not authenticated.
    pub principal: String,
    /// The status decided; 0 if no answer left the mock.
    pub status: u16,
    /// Whether the endpoint changes things, by the mocks' own list.
    pub mutating: bool,
    /// Whether this request changed the state of the org.
    pub effective: bool,
    /// The fault shown, if one was.
    pub fault: Option<String>,
}

/// All requests since the start or the last [`clear`](Self::clear).
#[derive(Debug, Clone, Default)]
pub struct Journal {
    entries: Vec<Entry>,
    next: u64,
}

impl Journal {
    /// Appends an entry; its number is set here.
    pub(crate) fn push(&mut self, mut entry: Entry) {
        self.next += 1;
        entry.n = self.next;
        if entry.body.len() > BODY_MAX {
            let end = (0..=BODY_MAX)
                .rev()
                .find(|i| entry.body.is_char_boundary(*i))
                .unwrap_or(0);
            entry.body.truncate(end);
        }
        self.entries.push(entry);
    }

    /// Every entry, in order of arrival.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The requests to endpoints that change things, whether or not they did.
    #[must_use]
    pub fn writes(&self) -> Vec<&Entry> {
        self.entries.iter().filter(|e| e.mutating).collect()
    }

    /// The requests that did change something.
    #[must_use]
    pub fn effects(&self) -> Vec<&Entry> {
        self.entries.iter().filter(|e| e.effective).collect()
    }

    /// Forgets everything but the numbering.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// One line per entry, for a failing test to print.
    #[must_use]
    pub fn lines(&self) -> String {
        use std::fmt::Write as _;
        self.entries.iter().fold(String::new(), |mut out, e| {
            let mark = match (e.mutating, e.effective) {
                (_, true) => '*',
                (true, false) => '.',
                (false, false) => ' ',
            };
            let _ = writeln!(
                out,
                "{:>4} {mark} {} {} {} {}",
                e.n, e.status, e.method, e.path, e.query
            );
            out
        })
    }
}
