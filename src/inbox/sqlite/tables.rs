//! The inbox's tables.

use crate::sqlite::Kind;

/// `key` is the hash of source and dedupe key, so that whoever sends a long one fills no index.
/// Bodies stand apart: who takes, settles and lists never touches them. `tally` counts by standing,
/// and each standing has an index of its own, so that nothing but a list looks at what is settled.
const TABLES: &str = "
    CREATE TABLE meta (
        one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL) STRICT;
    CREATE TABLE alert (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, key BLOB NOT NULL UNIQUE,
        source TEXT NOT NULL, at_ms INTEGER NOT NULL, came_from TEXT,
        standing INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0, repeats INTEGER NOT NULL DEFAULT 0,
        fate TEXT, settled_ms INTEGER, alert TEXT NOT NULL) STRICT;
    CREATE INDEX alert_waiting ON alert (id, due_ms, source) WHERE standing = 0;
    CREATE INDEX alert_taken ON alert (id) WHERE standing = 1;
    CREATE INDEX alert_settled ON alert (settled_ms) WHERE standing = 2;
    CREATE TABLE body (number INTEGER PRIMARY KEY REFERENCES alert (number), raw TEXT NOT NULL)
        STRICT;
    CREATE TABLE tally (standing INTEGER PRIMARY KEY, count INTEGER NOT NULL) STRICT;
    INSERT INTO tally (standing, count) VALUES (0, 0), (1, 0), (2, 0);
    CREATE TABLE cursor (name TEXT PRIMARY KEY, place TEXT NOT NULL) STRICT;
";

/// An inbox. Two users may share it: one that receives, one that works.
pub(super) static INBOX: Kind = Kind {
    name: "inbox",
    application: 0x6f75_7362,
    version: 1,
    tables: TABLES,
    names: &["meta", "alert", "body", "tally", "cursor"],
    shared: true,
    fold_at: 4_096, // 16 MiB: a flood should not meet it often
};
