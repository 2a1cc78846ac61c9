//! A file of events that is gone on with: what the file holds, and from when on to ask again.
//!
//! One event a line is appended. A file whose last line is torn, by a crash or a full disk, loses
//! that line and nothing else; whoever asks again is given the ids of the file's last events, so
//! that nothing is lost and nothing comes twice. Read in memory that grows with those alone.
//!
//! What the file was made of is not written in it: asking it another question is the caller's to
//! notice, for which he is shown each event. Does not ask the directory.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::saved::{LINE_MAX, Line, Saved, is_packed};
use super::{Event, Recent};
use crate::model::Utc;

/// Ids of the file's end that are remembered.
const KNOWN_MAX: usize = 1_000_000;

/// Bytes read at once on the way back to the last line's beginning.
const STEP: u64 = 64 << 10;

/// An open file, to which nobody else appends.
#[derive(Debug)]
pub struct Kept {
    out: BufWriter<File>,
    /// What it held.
    pub held: Held,
    known: BTreeSet<(Utc, String)>,
    /// Nothing before this is known by id any more.
    floor: Option<Utc>,
    overlap: Duration,
}

/// What a file held when it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Events.
    pub events: u64,
    /// Lines that are none; they were left alone.
    pub odd: u64,
    /// Bytes of a torn last line that were cut off.
    pub torn: u64,
    /// When its first event in time was published.
    pub first: Option<Utc>,
    /// When its last was.
    pub last: Option<Utc>,
}

/// Why a file cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// It cannot be opened, read or written.
    #[error("{0}")]
    File(#[from] io::Error),
    /// It is no plain file of lines.
    #[error("it is {0}, and cannot be appended to")]
    Form(&'static str),
    /// Another process appends to it.
    #[error("another oust is writing to it")]
    Busy,
    /// It holds an event that was not asked for.
    #[error("its event {0} is not of what is asked for now: it was made by another question")]
    Foreign(String),
}

impl Kept {
    /// Opens a file, or makes one that only its owner may read. `overlap` is how long an event may
    /// take to arrive; `belongs` says whether an event is of what is asked for now.
    ///
    /// # Errors
    /// [`KeptError`]; the file is then as it was.
    pub fn open(
        path: &Path,
        overlap: Duration,
        belongs: impl Fn(Event<'_>) -> bool,
    ) -> Result<Self, KeptError> {
        if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Err(KeptError::Form("no plain file"));
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(path)?;
        // Where a file system has no locks, nobody can be kept out.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(KeptError::Busy);
        }
        let mut begin = [0; 4];
        let some = file.read(&mut begin)?;
        if is_packed(&begin[..some]) {
            return Err(KeptError::Form("compressed"));
        }
        let tail = tail(&mut file)?;
        let whole = is_event(&tail);
        let mut kept = Self {
            out: BufWriter::with_capacity(1 << 16, file),
            held: Held::default(),
            known: BTreeSet::new(),
            floor: None,
            overlap,
        };
        kept.read(if whole { 0 } else { tail.len() as u64 }, belongs)?;
        if whole {
            kept.out.write_all(b"\n")?;
        }
        Ok(kept)
    }

    /// Reads all but the last `torn` bytes, and cuts those off.
    fn read(&mut self, torn: u64, belongs: impl Fn(Event<'_>) -> bool) -> Result<(), KeptError> {
        let mut file = self.out.get_ref().try_clone()?;
        let whole = file.metadata()?.len() - torn;
        file.seek(SeekFrom::Start(0))?;
        for line in Saved::read(file.take(whole))? {
            match line {
                Line::Event(event) if belongs(Event(&event)) => self.know(Event(&event)),
                Line::Event(event) => {
                    let id = Event(&event).uuid().unwrap_or("without an id");
                    return Err(KeptError::Foreign(id.to_owned()));
                }
                Line::Odd { .. } => self.held.odd += 1,
                Line::Cut { why, .. } => return Err(io::Error::other(why).into()),
            }
        }
        if torn > 0 {
            self.out.get_ref().set_len(whole)?;
            self.held.torn = torn;
        }
        Ok(())
    }

    fn know(&mut self, event: Event<'_>) {
        self.held.events += 1;
        let at = event.published();
        if let Some(at) = at {
            self.held.first = Some(self.held.first.map_or(at, |first| first.min(at)));
            self.held.last = self.held.last.max(Some(at));
        }
        let Some(last) = self.held.last else {
            return;
        };
        if let Some(uuid) = event.uuid() {
            self.known.insert((at.unwrap_or(last), uuid.to_owned()));
        }
        let from = last.minus(self.overlap);
        while self.known.first().is_some_and(|(at, _)| *at < from) {
            self.known.pop_first();
        }
        while self.known.len() > KNOWN_MAX {
            self.floor = self.known.pop_first().map(|(at, _)| at);
        }
    }

    /// From when on to ask again: the file's end, less what may have arrived since. `None` if there
    /// is nothing in it.
    #[must_use]
    pub fn goes_on_from(&self) -> Option<Utc> {
        let from = self.held.last?.minus(self.overlap);
        Some(self.floor.map_or(from, |floor| floor.max(from)))
    }

    /// What the file holds from then on.
    #[must_use]
    pub fn recent(&self) -> Recent {
        let mut recent = Recent::beside(self.known.len());
        for (_, uuid) in &self.known {
            recent.is_new(Some(uuid));
        }
        recent
    }

    /// Appends one line.
    ///
    /// # Errors
    /// If it could not be written; the next [`open`](Self::open) cuts off what was.
    pub fn append(&mut self, line: &str) -> io::Result<()> {
        self.out.write_all(line.as_bytes())?;
        self.out.write_all(b"\n")
    }

    /// Hands on what is waiting.
    ///
    /// # Errors
    /// As of [`append`](Self::append).
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Hands on what is waiting, as far as the disk.
    ///
    /// # Errors
    /// As of [`append`](Self::append).
    pub fn end(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.out.get_ref().sync_data()
    }
}

/// What stands after the file's last line end.
fn tail(file: &mut File) -> io::Result<Vec<u8>> {
    let mut begin = file.metadata()?.len();
    let mut tail = Vec::new();
    while begin > 0 {
        let step = begin.min(STEP);
        begin -= step;
        file.seek(SeekFrom::Start(begin))?;
        let mut part = Vec::new();
        (&mut *file).take(step).read_to_end(&mut part)?;
        let end = part.iter().rposition(|byte| *byte == b'\n');
        part.drain(..end.map_or(0, |end| end + 1));
        part.append(&mut tail);
        tail = part;
        if tail.len() > LINE_MAX {
            return Err(io::Error::other("its last line is longer than any event"));
        }
        if end.is_some() {
            break;
        }
    }
    Ok(tail)
}

fn is_event(line: &[u8]) -> bool {
    matches!(serde_json::from_slice(line), Ok(Value::Object(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const QUARTER: Duration = Duration::from_secs(900);

    fn line(id: u32, at: &str) -> String {
        format!("{{\"uuid\":\"{id}\",\"published\":\"2026-03-10T{at}Z\"}}")
    }

    fn of(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.jsonl");
        fs::write(&path, text).unwrap();
        (dir, path)
    }

    fn open(path: &Path) -> Kept {
        Kept::open(path, QUARTER, |_| true).unwrap()
    }

    #[test]
    fn a_file_is_gone_on_with_a_quarter_before_its_end_and_its_ids_are_known() {
        let text = [
            line(1, "12:00:00"),
            line(3, "13:00:00"),
            line(2, "12:50:00"),
            "odd".into(),
        ];
        let (_dir, path) = of(&(text.join("\n") + "\n"));
        let mut kept = open(&path);
        assert_eq!((kept.held.events, kept.held.odd, kept.held.torn), (3, 1, 0));
        let from = kept.goes_on_from().unwrap().to_string();
        assert_eq!(from, "2026-03-10T12:45:00.000Z");
        let mut recent = kept.recent();
        assert!(!recent.is_new(Some("2")) && !recent.is_new(Some("3")));
        assert!(recent.is_new(Some("4")));
        kept.append(&line(4, "13:01:00")).unwrap();
        kept.end().unwrap();
        drop(kept);
        assert_eq!(open(&path).held.events, 4);
    }

    #[test]
    fn a_torn_end_is_cut_off_wherever_it_was_torn_and_the_rest_stays() {
        let whole = [line(1, "12:00:00"), line(2, "12:10:00")].join("\n") + "\n";
        let first = line(1, "12:00:00").len() + 1;
        for end in first..whole.len() {
            let (_dir, path) = of(&whole[..end]);
            let kept = open(&path);
            // The last line lacks nothing but its end.
            let complete = end == whole.len() - 1;
            assert_eq!(kept.held.events, 1 + u64::from(complete), "{end}");
            let torn = if complete { 0 } else { end - first };
            assert_eq!(kept.held.torn, torn as u64);
            drop(kept);
            let left = fs::read_to_string(&path).unwrap();
            let right = if complete { &whole } else { &whole[..first] };
            assert_eq!(left, right);
        }
    }

    #[test]
    fn a_tail_longer_than_a_step_is_found_and_one_without_any_line_too() {
        let long = "x".repeat(200_000);
        for (text, events) in [(format!("{}\n{long}", line(1, "12:00:00")), 1), (long, 0)] {
            let (_dir, path) = of(&text);
            let kept = open(&path);
            assert_eq!((kept.held.events, kept.held.torn), (events, 200_000));
        }
    }

    #[test]
    fn what_is_no_file_of_this_question_stays_as_it_was() {
        let (dir, path) = of(&format!("{}\n{{\"torn", line(7, "12:00:00")));
        let before = fs::read(&path).unwrap();
        let foreign = Kept::open(&path, QUARTER, |event| event.uuid() != Some("7"));
        assert!(matches!(foreign, Err(KeptError::Foreign(id)) if id == "7"));
        assert_eq!(fs::read(&path).unwrap(), before);
        let packed = dir.path().join("packed");
        fs::write(&packed, [0x1f, 0x8b, 8, 0, 0]).unwrap();
        let packed = Kept::open(&packed, QUARTER, |_| true);
        assert!(matches!(packed, Err(KeptError::Form("compressed"))));
        let folder = Kept::open(dir.path(), QUARTER, |_| true);
        assert!(matches!(folder, Err(KeptError::Form(_))));
    }

    #[test]
    fn one_process_at_a_time_and_nobody_else_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new.jsonl");
        let kept = open(&path);
        assert_eq!(kept.goes_on_from(), None);
        let second = Kept::open(&path, QUARTER, |_| true);
        assert!(matches!(second, Err(KeptError::Busy)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
