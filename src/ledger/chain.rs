//! The hash chain: what makes a changed, dropped or inserted record show.
//!
//! Pure. A record's hash covers the hash before it, its number, its run, its time and the hash
//! of its body; the body's hash covers the event's JSON text as stored. So the body may go
//! ([`Archive::purge_older_than`](super::Archive)) while the chain still verifies, and whoever
//! purges leaves a record that says so.
//!
//! The list of runs stands beside the chain and not in it; it is compared with what the records
//! say ([`Verifier::compare`]).
//!
//! The chain has no key: whoever can write the file can write it anew from any record on.
//! That is why reports carry the head ([`Head`]): only a head that was kept elsewhere vouches
//! for the end, and without one [`Verified`] says that nothing does.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::draft::Turn;
use super::{Event, Happened, Head, RunRow};
use crate::model::{Finding, RunId, Severity, Utc, count, count_and, hex};

/// A SHA-256.
pub type Hash = [u8; 32];

/// The hash before the first record.
pub const GENESIS: Hash = [0; 32];

/// Tells these hashes from any other use of SHA-256; changes with the form of the bytes.
const DOMAIN: &[u8] = b"oust.ledger/v1\n";

/// The id of the finding that a purge leaves in the runs that it empties.
const PURGED: &str = "purged";

/// A record as the chain sees it: its body is text, and may be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number, from 1.
    pub seq: u64,
    /// Whose run.
    pub run: RunId,
    /// When it happened.
    pub at: Utc,
    /// The event's JSON text as stored; `None` once purged.
    pub body: Option<String>,
    /// The SHA-256 of that text.
    pub body_hash: Hash,
    /// The chain's hash at this record.
    pub hash: Hash,
}

/// The hash of an event's JSON text.
#[must_use]
pub fn body_hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// The same, of a text that comes in pieces.
#[derive(Default)]
pub(super) struct BodyHash(Sha256);

impl BodyHash {
    /// The next piece.
    pub(super) fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// Of all of them.
    pub(super) fn finish(self) -> Hash {
        self.0.finalize().into()
    }
}

/// The hash of a record that stands after `prev`.
///
/// Over, in this order: a fixed prefix, the 32 bytes of `prev`, `seq` as 8 bytes big-endian,
/// the length of the run's id as 8 bytes and its UTF-8, milliseconds since 1970 as 8 bytes
/// (two's complement), the 32 bytes of the body's hash.
#[must_use]
pub fn link_hash(prev: &Hash, seq: u64, run: &RunId, at: Utc, body: &Hash) -> Hash {
    let mut sha = Sha256::new();
    sha.update(DOMAIN);
    sha.update(prev);
    sha.update(seq.to_be_bytes());
    sha.update((run.as_str().len() as u64).to_be_bytes());
    sha.update(run.as_str().as_bytes());
    sha.update(at.millis().to_be_bytes());
    sha.update(body);
    sha.finalize().into()
}

/// The head of a chain that ends in `seq` and `hash`.
pub(super) fn head(seq: u64, hash: &Hash) -> Head {
    Head {
        seq,
        hash: hex(hash),
    }
}

/// What a purge at `at` appends to a run that it empties of `records` bodies.
pub(super) fn purge_note(records: u64, before: Utc, at: Utc) -> Happened {
    let event = Event::Noted {
        finding: Finding {
            severity: Severity::Info,
            id: PURGED.into(),
            text: format!(
                "purged: the run closed before {before}; {} emptied",
                counted(records)
            ),
            hint: String::new(),
        },
    };
    Happened { at, event }
}

/// What a check of the chain found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// How many records there are.
    pub records: u64,
    /// How many of them are without a body.
    pub purged: u64,
    /// The first record that is not what was written.
    pub first_bad: Option<Bad>,
    /// Runs of which the list says other than their records.
    pub mislisted: Vec<RunId>,
    /// Where the chain ends.
    pub head: Head,
    /// Up to which record a head from elsewhere vouches; `None` if none was given.
    pub vouched_until: Option<u64>,
}

/// A record that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bad {
    /// Its number; the first missing one if records are missing.
    pub seq: u64,
    /// What is wrong, in a clause.
    pub why: String,
}

impl Verified {
    /// Whether nothing is wrong, as far as can be known.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.first_bad.is_none() && self.mislisted.is_empty()
    }

    /// One sentence for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        let number = usize::try_from(self.records).unwrap_or(usize::MAX);
        let verify = count_and(number, "record", ("verifies", "verify"));
        if let Some(bad) = &self.first_bad {
            return format!("record {}: {}", bad.seq, bad.why);
        }
        if let Some(run) = self.mislisted.first() {
            return format!("the list of runs says other than the records of {run}");
        }
        match self.vouched_until {
            None => format!("{verify}; the end cannot be vouched for without a head from a report"),
            Some(until) if until < self.head.seq => {
                format!("{verify}; what comes after record {until} cannot be vouched for")
            }
            Some(_) => format!("{verify}, to the end"),
        }
    }
}

/// Checks a whole chain, from record 1 on, in order.
///
/// `expected` is a head from a report: it vouches for the records up to its own, and a chain
/// that ends before it was cut.
pub fn verify<'l>(links: impl IntoIterator<Item = &'l Link>, expected: Option<&Head>) -> Verified {
    let mut verifier = Verifier::new(expected.cloned());
    for link in links {
        verifier.see(link);
    }
    verifier.finish()
}

/// [`verify`], a record at a time, so that a long ledger need not fit into memory.
#[derive(Debug)]
pub struct Verifier {
    expected: Option<Head>,
    records: u64,
    purged: u64,
    last: u64,
    hash: Hash,
    bad: Option<Bad>,
    /// By run, its first record without a body that no purge has accounted for yet.
    emptied: BTreeMap<RunId, u64>,
    told: BTreeMap<RunId, Told>,
    mislisted: Vec<RunId>,
}

/// What the records of one run say of it.
#[derive(Debug)]
struct Told {
    opened_at: Utc,
    closed: Option<(Utc, &'static str)>,
    wrote: bool,
    /// Some of them have no body: they no longer say it.
    purged: bool,
}

impl Verifier {
    /// Begins before record 1.
    #[must_use]
    pub fn new(expected: Option<Head>) -> Self {
        Self {
            expected,
            records: 0,
            purged: 0,
            last: 0,
            hash: GENESIS,
            bad: None,
            emptied: BTreeMap::new(),
            told: BTreeMap::new(),
            mislisted: Vec::new(),
        }
    }

    /// Takes the next record.
    pub fn see(&mut self, link: &Link) {
        self.records += 1;
        self.account_for_body(link);
        self.listen(link);
        if self.bad.is_none() {
            self.bad = self.what_is_wrong(link);
        }
        self.last = link.seq;
        self.hash = link.hash;
    }

    /// Compares the list of all runs with the records, all of which must have been seen.
    pub fn compare(&mut self, listed: &[RunRow]) {
        for row in listed {
            let same = self.told.remove(&row.id).is_some_and(|told| told.is(row));
            if !same {
                self.mislisted.push(row.id.clone());
            }
        }
        let unlisted = std::mem::take(&mut self.told);
        self.mislisted.extend(unlisted.into_keys());
        self.mislisted.sort();
    }

    /// Says what was found.
    #[must_use]
    pub fn finish(self) -> Verified {
        let emptied = self.emptied.values().min().map(|seq| Bad {
            seq: *seq,
            why: "its body is gone, and no purge of its run is recorded".into(),
        });
        let cut = self
            .expected
            .as_ref()
            .filter(|head| head.seq > self.last)
            .map(|head| Bad {
                seq: self.last + 1,
                why: format!(
                    "the end is cut off: {} missing up to the head that was given",
                    range(self.last + 1, head.seq)
                ),
            });
        let first_bad = [self.bad, emptied, cut]
            .into_iter()
            .flatten()
            .min_by_key(|bad| bad.seq);
        Verified {
            records: self.records,
            purged: self.purged,
            mislisted: self.mislisted,
            vouched_until: self.expected.map(|head| head.seq),
            head: head(self.last, &self.hash),
            first_bad,
        }
    }

    fn account_for_body(&mut self, link: &Link) {
        match &link.body {
            None => {
                self.purged += 1;
                self.emptied.entry(link.run.clone()).or_insert(link.seq);
            }
            Some(text) if self.emptied.contains_key(&link.run) && tells_of_purge(text) => {
                self.emptied.remove(&link.run);
            }
            Some(_) => {}
        }
    }

    fn listen(&mut self, link: &Link) {
        let told = self.told.entry(link.run.clone()).or_insert(Told {
            opened_at: link.at,
            closed: None,
            wrote: false,
            purged: false,
        });
        let Some(text) = &link.body else {
            told.purged = true;
            return;
        };
        let event: Option<Event> = serde_json::from_str(text).ok();
        match event.and_then(|event| Turn::of(link.at, &event)) {
            Some(Turn::Wrote) => told.wrote = true,
            Some(Turn::Closed { verdict, at }) => told.closed = Some((at, verdict)),
            Some(Turn::Judged { verdict }) => {
                told.closed = told.closed.map(|(at, _)| (at, verdict));
            }
            Some(Turn::Reopened) => told.closed = None,
            Some(Turn::Agreed { .. }) | None => {}
        }
    }

    fn what_is_wrong(&self, link: &Link) -> Option<Bad> {
        let next = self.last + 1;
        let bad = |seq, why: &str| {
            let why = why.to_owned();
            Some(Bad { seq, why })
        };
        if link.seq > next {
            let why = format!("{} missing", range(next, link.seq - 1));
            return Some(Bad { seq: next, why });
        }
        if link.seq < next {
            return bad(link.seq, "stands where a later one belongs");
        }
        let text = link.body.as_deref();
        if text.is_some_and(|text| body_hash(text) != link.body_hash) {
            return bad(link.seq, "its body is not what was written");
        }
        if link_hash(&self.hash, link.seq, &link.run, link.at, &link.body_hash) != link.hash {
            return bad(link.seq, "does not follow from the one before");
        }
        let other = |head: &Head| head.seq == link.seq && head.hash != hex(&link.hash);
        if self.expected.as_ref().is_some_and(other) {
            return bad(link.seq, "is not the one whose hash was given");
        }
        None
    }
}

impl Told {
    fn is(&self, row: &RunRow) -> bool {
        let closed = row.closed_at.zip(row.verdict.as_deref());
        let same = self.closed == closed && self.wrote == row.wrote;
        self.opened_at == row.opened_at && (self.purged || same)
    }
}

fn tells_of_purge(text: &str) -> bool {
    matches!(
        serde_json::from_str(text),
        Ok(Event::Noted { finding }) if finding.id == PURGED
    )
}

fn counted(records: u64) -> String {
    count(usize::try_from(records).unwrap_or(usize::MAX), "record")
}

fn range(first: u64, last: u64) -> String {
    if first == last {
        format!("record {first} is")
    } else {
        format!("records {first} to {last} are")
    }
}
