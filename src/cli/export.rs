//! `oust runs export`: all that there is about one run, in one file that others can check.
//!
//! The ledger's records and what is made of them, and the System Log's events about the accounts,
//! read now or from a file. Writes nothing at any vendor. What could not be had does not stop the
//! rest: it is named in the manifest and on the screen.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::args::{ExportArgs, Global, Output};
use super::carry::store_failed;
use super::exit::{Exit, Failure};
use super::setup::{self, TOOL, ledger_only};
use super::{print, runs, say, show};
use crate::connector::{LogAsk, Unheard};
use crate::engine::stream_log_beside;
use crate::evidence::{Event, Line, Recent, Saved};
use crate::given::{Clock as _, SystemClock};
use crate::ledger::{Archive, Exported, Record, RunState, StoreError, before_state};
use crate::model::{Plan, Subject, Utc, count};
use crate::report::escape::{harmless_json, visible};
use crate::report::{
    self, EVIDENCE_SCHEMA, EventsPart, LedgerHead, LedgerPart, Manifest, Missing, Piece, Report,
    evidence_name, pack, sha256,
};
use crate::transport::Reader;

/// Where all subjects of many are in the evidence.
const SUBJECTS: &str = "subjects.jsonl";

/// Bytes of events in one bundle.
const EVENTS_MAX: usize = 128 << 20;

/// Above this many subjects the log is not asked about each of them.
const SUBJECTS_MAX: usize = 200;

/// Subjects that one request asks about; an address has its length.
const AT_ONCE: usize = 20;

/// How long Okta keeps events. Source: Okta API, "System Log", data retention.
const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// Packs one run.
///
/// # Errors
/// [`Failure`], if there is no such run or the file cannot be written.
pub(super) async fn export(global: &Global, args: &ExportArgs) -> Result<Exit, Failure> {
    let archive = ledger_only(global)?;
    let id = runs::name_of(&*archive, &args.which).await?;
    let records = archive.export(&id).await.map_err(store_failed)?;
    let Some(last) = records.last() else {
        return Err(runs::no_such_run(&id));
    };
    if args.records {
        for record in &records {
            print(&line_of(record));
        }
        return Ok(Exit::Good);
    }
    let now = SystemClock::new().now();
    let path = place(
        args.to.as_deref(),
        &format!("{}.tar.gz", evidence_name(&id)),
    )?;
    let mut missing = Vec::new();
    let mut pieces = vec![Piece {
        name: "ledger.jsonl",
        what: "the run's records, as the ledger holds them",
        bytes: lines(records.iter().map(line_of)),
    }];
    let told = match archive.records(&id).await {
        Ok(records) => {
            let state = RunState::of(&records);
            let mut lines = Vec::new();
            let (report, written) =
                show::beside(&state, archive.is_recorded(), SUBJECTS, &mut lines);
            written.expect("memory takes what is written to it");
            Some((records, state, report, lines))
        }
        Err(StoreError::Purged { .. }) => {
            missing.push(Missing {
                what: "plan, snapshot, report and events".into(),
                why: "the run was purged: only its hashes are left".into(),
            });
            None
        }
        Err(error) => return Err(store_failed(error)),
    };
    let mut events = EventsPart {
        source: "none",
        ..EventsPart::default()
    };
    if let Some((all, state, report, lines)) = &told {
        told_pieces((state, all), (report, lines), &mut pieces);
        if let Some(plan) = &state.plan {
            let mut found = Found::about(plan, now);
            match &args.log {
                Some(file) => found.saved(file)?,
                None if args.offline => {
                    found.miss("events.jsonl", "--offline: the log was not read")
                }
                None => found.live(global, &report.org_id).await,
            }
            missing.append(&mut found.missing);
            events = found.end(&mut pieces);
        }
    }
    let mut manifest = Manifest {
        schema: EVIDENCE_SCHEMA,
        tool: TOOL.to_owned(),
        run_id: id,
        org_id: told.as_ref().map(|(_, _, report, _)| report.org_id.clone()),
        org: told.as_ref().map(|(_, _, report, _)| report.org.clone()),
        made_at: now,
        verdict: told.as_ref().map(|(_, _, report, _)| report.verdict),
        ledger: ledger(&*archive, &records).await?,
        events,
        files: Vec::new(),
        missing,
    };
    let packed = pack(&mut manifest, last.at, pieces);
    let packed = packed.and_then(|bytes| write(&path, &bytes).map(|()| bytes));
    let packed = packed.map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::AlreadyExists => {
                "evidence is never written over: name another with --to"
            }
            _ => "name another place with --to",
        };
        Failure::say(
            Exit::NotStarted,
            format!("{}: {error}", path.display()),
            hint,
        )
    })?;
    tell(global, &manifest, &path, &packed);
    let only_offline = args.offline && manifest.missing.len() == 1;
    let good = manifest.ledger.verified && (manifest.missing.is_empty() || only_offline);
    Ok(if good { Exit::Good } else { Exit::NotAllGood })
}

fn line_of(record: &Exported) -> String {
    harmless_json(&serde_json::to_string(record).expect("plain values always serialise"))
}

fn lines(lines: impl Iterator<Item = String>) -> Vec<u8> {
    lines.fold(Vec::new(), |mut all, line| {
        all.extend_from_slice(line.as_bytes());
        all.push(b'\n');
        all
    })
}

/// JSON to be read by people too.
fn pretty(value: &impl serde::Serialize) -> Vec<u8> {
    let text = serde_json::to_string_pretty(value).expect("plain values always serialise");
    (harmless_json(&text) + "\n").into_bytes()
}

/// What is made of the records: plan, before-state, report, and the lines of many subjects.
fn told_pieces(
    (state, records): (&RunState, &[Record]),
    (report, lines): (&Report, &[u8]),
    pieces: &mut Vec<Piece>,
) {
    let mut add = |name, what, bytes| pieces.push(Piece { name, what, bytes });
    if let Some(plan) = &state.plan {
        add(
            "plan.json",
            "what was to be done and was agreed to",
            pretty(&**plan),
        );
        let what = "the accounts before the first write";
        add(
            "snapshot.json",
            what,
            pretty(&snapshot(state, plan, records)),
        );
    }
    // Whoever reads it sits anywhere: times are UTC's.
    let (html, markdown) = (
        report::html(report, &TimeZone::UTC),
        report::markdown(report, &TimeZone::UTC),
    );
    add(
        "report.json",
        "what came of it, for scripts",
        pretty(report),
    );
    add(
        "report.html",
        "what came of it, to read and print",
        html.into_bytes(),
    );
    add(
        "report.md",
        "what came of it, for a ticket",
        markdown.into_bytes(),
    );
    if !lines.is_empty() {
        let what = "every account, one a line";
        let subjects = harmless_json(&String::from_utf8_lossy(lines));
        add(SUBJECTS, what, subjects.into_bytes());
    }
}

/// The before-state by subject and part; a change's own stands beside it in the plan.
fn snapshot(state: &RunState, plan: &Plan, records: &[Record]) -> Value {
    let captured = before_state(records);
    let subjects = plan.case.subjects.iter().map(|subject| {
        let parts = captured
            .range((&subject.id, "")..)
            .take_while(|((who, _), _)| **who == subject.id)
            .map(|((_, part), (value, late))| {
                let kept = json!({ "value": value, "after_first_write": late });
                ((*part).to_owned(), kept)
            });
        let not = state
            .not_captured
            .iter()
            .filter(|((who, _), _)| *who == subject.id);
        let not = not.map(|((_, part), why)| (part.clone(), Value::from(why.as_str())));
        json!({
            "id": subject.id, "login": subject.login,
            "parts": parts.collect::<serde_json::Map<_, _>>(),
            "not_captured": not.collect::<serde_json::Map<_, _>>(),
        })
    });
    json!({ "subjects": subjects.collect::<Vec<_>>() })
}

async fn ledger(archive: &dyn Archive, records: &[Exported]) -> Result<LedgerPart, Failure> {
    let verified = archive.verify(None).await.map_err(store_failed)?;
    Ok(LedgerPart {
        head: LedgerHead {
            seq: verified.head.seq,
            hash: verified.head.hash.clone(),
        },
        records: records.len(),
        purged: records
            .iter()
            .filter(|record| record.body.is_none())
            .count(),
        verified: verified.is_good(),
        check: verified.sentence(),
    })
}

/// Events on their way into the bundle.
struct Found<'p> {
    plan: &'p Plan,
    now: Utc,
    part: EventsPart,
    lines: Vec<(Option<Utc>, String)>,
    bytes: usize,
    recent: Recent,
    missing: Vec<Missing>,
}

impl<'p> Found<'p> {
    fn about(plan: &'p Plan, now: Utc) -> Self {
        let subjects = plan.case.subjects.iter().map(|subject| subject.id.clone());
        let part = EventsPart {
            source: "none",
            subjects: subjects.collect(),
            since: Some(plan.case.window.start),
            until: Some(now),
            ..EventsPart::default()
        };
        Self {
            plan,
            now,
            part,
            lines: Vec::new(),
            bytes: 0,
            recent: Recent::default(),
            missing: Vec::new(),
        }
    }

    fn miss(&mut self, what: &str, why: impl Into<String>) {
        self.missing.push(Missing {
            what: what.into(),
            why: why.into(),
        });
    }

    /// Takes an event; `false` once no more fit.
    fn take(&mut self, event: &Value) -> bool {
        let line = harmless_json(&event.to_string());
        self.bytes += line.len() + 1;
        if self.bytes > EVENTS_MAX {
            self.miss(
                "some events",
                format!("there are more than {} MiB of them", EVENTS_MAX >> 20),
            );
            return false;
        }
        let at = Event(event).published();
        self.part.latest = self.part.latest.max(at);
        self.lines.push((at, line));
        true
    }

    /// Reads what the org's log has about each subject. What happened since is evidence as well.
    async fn live(&mut self, global: &Global, org_id: &str) {
        let directory = match setup::directory(global) {
            Ok(directory) => directory,
            Err(failure) => {
                let why = failure
                    .error
                    .map_or_else(String::new, |error| format!("{error:#}"));
                return self.miss("events.jsonl", why);
            }
        };
        let reader = Reader::new(directory.system.client.clone());
        match directory.directory.org(&reader).await {
            Ok(org) if org.id == org_id => {}
            Ok(org) => {
                let why = format!("the config names another org: {}", org.host);
                return self.miss("events.jsonl", why);
            }
            Err(unheard) => return self.miss("events.jsonl", unheard.to_string()),
        }
        if self.plan.case.subjects.len() > SUBJECTS_MAX {
            let why = format!(
                "there are more than {SUBJECTS_MAX} subjects: keep the log with oust logs --to FILE, and \
                 export with --log FILE"
            );
            return self.miss("events.jsonl", why);
        }
        let oldest = self.now.minus(KEPT);
        if self.plan.case.window.start < oldest {
            self.miss("events before", format!("{oldest}: Okta keeps 90 days"));
        }
        self.part.source = "live";
        let plan = self.plan;
        let mut recent = std::mem::take(&mut self.recent);
        for subjects in plan.case.subjects.chunks(AT_ONCE) {
            let ask = LogAsk {
                since: plan.case.window.start,
                until: self.part.until,
                about: subjects.iter().map(|subject| subject.id.clone()).collect(),
                filter: None,
            };
            let mut full = false;
            let (_, ended): (_, Result<(), Unheard>) =
                stream_log_beside(&directory, &ask, &mut recent, |event| {
                    full = !self.take(event);
                    !full
                })
                .await;
            if let Err(unheard) = ended {
                self.miss(
                    &format!("events about {}", logins(subjects)),
                    unheard.to_string(),
                );
            }
            if full {
                break;
            }
        }
    }

    /// Takes what a file has about the subjects within the window.
    fn saved(&mut self, file: &str) -> Result<(), Failure> {
        let saved = Saved::open(file).map_err(|error| {
            Failure::new(Exit::NotStarted, error, "name a file of saved events")
        })?;
        self.part.source = "file";
        self.part.file = Path::new(file)
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let (mut odd, since) = (0, self.plan.case.window.start);
        for line in saved {
            match line {
                Line::Event(event) => {
                    let read = Event(&event);
                    let mut subjects = self.plan.case.subjects.iter();
                    let is_about = subjects.any(|subject| {
                        read.is_about(subject.id.as_str()) || read.is_about(&subject.login)
                    });
                    let inside = read.published().is_none_or(|at| at >= since);
                    let wanted = is_about && inside && self.recent.is_new(read.uuid());
                    if wanted && !self.take(&event) {
                        break;
                    }
                }
                Line::Odd { .. } => odd += 1,
                Line::Cut { number, why } => {
                    self.miss("events after", format!("line {number} of the file: {why}"));
                }
            }
        }
        if odd > 0 {
            self.miss(&count(odd, "line"), "of the file, which are no events");
        }
        // Up to when the file was filled, nobody has said.
        self.part.until = None;
        Ok(())
    }

    fn end(mut self, pieces: &mut Vec<Piece>) -> EventsPart {
        self.lines.sort();
        self.part.count = self.lines.len();
        if self.part.source != "none" {
            pieces.push(Piece {
                name: "events.jsonl",
                what: "the System Log's events about the subjects",
                bytes: lines(self.lines.into_iter().map(|(_, line)| line)),
            });
        }
        self.part
    }
}

fn logins(subjects: &[Subject]) -> String {
    let logins: Vec<&str> = subjects
        .iter()
        .map(|subject| subject.login.as_str())
        .collect();
    logins.join(", ")
}

/// Where the file goes.
fn place(to: Option<&Path>, name: &str) -> Result<PathBuf, Failure> {
    let path = match to {
        Some(dir) if dir.is_dir() => dir.join(name),
        Some(path) => path.to_owned(),
        None => PathBuf::from(name),
    };
    if path.exists() {
        let hint = "evidence is never written over: name another with --to";
        return Err(Failure::say(
            Exit::NotStarted,
            format!("{} is there already", path.display()),
            hint,
        ));
    }
    Ok(path)
}

/// Writes a file that only its owner may read, and that was not there.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a bundle is none.
        let _ = std::fs::remove_file(path);
    }
    written
}

fn tell(global: &Global, manifest: &Manifest, path: &Path, packed: &[u8]) {
    let sum = sha256(packed);
    for gap in &manifest.missing {
        say(&format!(
            "! missing: {}: {}",
            visible(&gap.what),
            visible(&gap.why)
        ));
    }
    if !manifest.ledger.verified {
        say(&format!(
            "! the ledger: {}",
            visible(&manifest.ledger.check)
        ));
    }
    if global.output == Output::Json {
        let mut value = json!(manifest);
        value["archive"] = json!({
            "file": path.display().to_string(), "bytes": packed.len(), "sha256": sum,
        });
        print(&harmless_json(&value.to_string()));
        return;
    }
    let files = manifest.files.len() + 2;
    let events = count(manifest.events.count, "event");
    print(&format!(
        "evidence  {}  ({files} files, {events}, {} KiB)",
        visible(&path.display().to_string()),
        packed.len().div_ceil(1024),
    ));
    print(&format!("sha256    {sum}"));
    say(
        "note the sha256 in the ticket: it vouches for the file; README.txt in it says how to check",
    );
}
