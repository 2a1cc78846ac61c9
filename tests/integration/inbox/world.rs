//! A place for an inbox, and alerts to put into it.

use std::path::PathBuf;
use std::sync::Arc;

use oust::given::SystemRng;
use oust::inbox::{Accepted, Inbox, Received, SqliteInbox};
use oust::model::{Alert, AlertRule, Fate, Utc};

pub(super) struct Place(pub(super) tempfile::TempDir);

impl Place {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.path().join("inbox").join("inbox.db")
    }

    pub(super) fn open(&self) -> SqliteInbox {
        self.open_for(10_000)
    }

    pub(super) fn open_for(&self, waiting_max: u64) -> SqliteInbox {
        let rng = Arc::new(SystemRng::default());
        SqliteInbox::open(&self.file(), waiting_max, rng).unwrap()
    }

    pub(super) fn raw(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).unwrap()
    }
}

pub(super) fn at(ms: i64) -> Utc {
    Utc::from_millis(1_773_150_000_000 + ms)
}

/// The alert `key` of `source`, received at that millisecond.
pub(super) fn from(source: &str, key: &str, ms: i64) -> Received {
    Received {
        alert: Alert {
            source: source.into(),
            rule: AlertRule {
                id: "cdbebdc1".into(),
                name: "Okta User Session Impersonation".into(),
            },
            dedupe_key: key.into(),
            ..Alert::default()
        },
        at: at(ms),
        from: Some("198.51.100.7".parse().unwrap()),
        raw: format!("{{\"id\":\"{key}\"}}"),
    }
}

pub(super) fn alert(key: &str, ms: i64) -> Received {
    from("soc", key, ms)
}

/// Hands one in that must be new; its id.
pub(super) async fn new(inbox: &dyn Inbox, received: Received) -> String {
    match &inbox.accept(vec![received], None).await.unwrap()[..] {
        [Accepted::New(id)] => id.clone(),
        other => panic!("{other:?}"),
    }
}

pub(super) fn observed() -> Fate {
    Fate::Observed {
        why: "its rule says so".into(),
        answer: None,
    }
}

/// The keys of what is in there, the newest first.
pub(super) async fn keys(inbox: &dyn Inbox) -> Vec<String> {
    let entries = inbox.entries(None, 100_000).await.unwrap();
    entries
        .into_iter()
        .map(|entry| entry.alert.dedupe_key)
        .collect()
}
