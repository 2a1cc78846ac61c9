//! The ledger's tables: those that every file has. `parts` and `asks` make their own when they first
//! need them.

use crate::sqlite::Kind;

/// `subject_ids` stays with the run so that reopening can claim them again; `purged_at` says
/// that its bodies are gone; `epoch` counts who took the run (`fence`); `agreed_at` is when it was
/// first consented to; `gives_back` names the run that a release gives back. `run` is an index over the records, `record` is what happened.
const TABLES: &str = "
    CREATE TABLE meta (
        one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, org TEXT) STRICT;
    CREATE TABLE run (
        id TEXT PRIMARY KEY, opened_at INTEGER NOT NULL, closed_at INTEGER, verdict TEXT,
        subjects TEXT NOT NULL, subject_ids TEXT NOT NULL, subjects_count INTEGER NOT NULL,
        playbook TEXT NOT NULL, wrote INTEGER NOT NULL DEFAULT 0, purged_at INTEGER,
        epoch INTEGER NOT NULL DEFAULT 1, contains INTEGER NOT NULL, agreed_at INTEGER,
        gives_back TEXT) STRICT;
    CREATE INDEX run_opened ON run (opened_at);
    CREATE INDEX run_agreed ON run (agreed_at);
    CREATE TABLE record (
        seq INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES run (id), at_ms INTEGER NOT NULL,
        body TEXT, body_hash BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
    CREATE INDEX record_run ON record (run, seq);
    CREATE TABLE claim (
        subject TEXT PRIMARY KEY, run TEXT NOT NULL REFERENCES run (id)) STRICT;
    CREATE INDEX claim_run ON claim (run);
    CREATE TABLE plan (
        phrase TEXT PRIMARY KEY, digest TEXT NOT NULL, made_at INTEGER NOT NULL,
        body TEXT NOT NULL) STRICT;
";

/// A ledger.
pub(super) static LEDGER: Kind = Kind {
    name: "ledger",
    application: 0x6f75_7374,
    version: 1,
    tables: TABLES,
    names: &["meta", "run", "record", "claim", "plan"],
    shared: false,
    fold_at: 1_000,
};
