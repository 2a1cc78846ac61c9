//! Every request that a connector can send, as data with its source, and the matcher for it.
//!
//! One file a vendor. Stories check what the mock saw against the table as they end, and a test
//! of each table asks that every row was sent by some story: a row that nobody sends is a claim,
//! and a request without a row is a guess.

pub(crate) mod google;

use std::cell::RefCell;

use oust_mocks::Entry;
use serde_json::Value;

/// One kind of request.
#[derive(Debug)]
pub(crate) struct Request {
    /// The HTTP method.
    pub(crate) method: &'static str,
    /// The path as the mock sees it; `{…}` stands for one segment.
    pub(crate) path: &'static str,
    /// The query's keys; `?` at the end: may be left out.
    pub(crate) query: &'static [&'static str],
    /// The keys of the JSON body, or the whole text of another; empty: no body.
    pub(crate) body: &'static [&'static str],
    /// Statuses of success.
    pub(crate) good: &'static [u16],
    /// Where it is written: `spec`, `docs`, `docs*` or `inferred`, and what.
    pub(crate) source: &'static str,
}

thread_local! {
    /// What stories on this thread sent so far: `METHOD path`.
    static SENT: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Checks a story's requests against its vendor's table, and remembers them for [`all_sent`].
pub(crate) fn check(table: &[Request], entries: &[Entry]) {
    for entry in entries {
        let row = table.iter().find(|row| row.fits(entry));
        let row = row.unwrap_or_else(|| panic!("no row for {entry:#?}"));
        let good = (200..300).contains(&entry.status);
        assert!(
            !good || row.good.contains(&entry.status),
            "{} is no success of {row:?}",
            entry.status
        );
        SENT.with_borrow_mut(|sent| sent.push(row.name()));
    }
}

/// Runs stories on this thread and asks that they sent every row.
pub(crate) fn all_sent(table: &[Request], stories: &[fn()]) {
    SENT.with_borrow_mut(Vec::clear);
    for story in stories {
        story();
    }
    let sent = SENT.take();
    for row in table {
        assert!(sent.contains(&row.name()), "no story sends {row:?}");
        let marks = ["spec", "docs", "docs*", "inferred"];
        let mark = row.source.split([':', ' ']).next().unwrap();
        assert!(marks.contains(&mark), "{row:?} has no source");
    }
}

impl Request {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn fits(&self, entry: &Entry) -> bool {
        self.method == entry.method
            && fits_path(self.path, &entry.path)
            && self.fits_query(&entry.query)
            && keys_of(&entry.body) == self.body
    }

    fn fits_query(&self, query: &str) -> bool {
        let sent: Vec<&str> = query
            .split('&')
            .filter_map(|pair| pair.split('=').next())
            .filter(|key| !key.is_empty())
            .collect();
        let bare = |key: &&'static str| key.trim_end_matches('?');
        let known: Vec<&str> = self.query.iter().map(bare).collect();
        let mut needed = self.query.iter().filter(|key| !key.ends_with('?'));
        sent.iter().all(|key| known.contains(key)) && needed.all(|key| sent.contains(key))
    }
}

fn fits_path(template: &str, path: &str) -> bool {
    let (wanted, got) = (template.split('/'), path.split('/'));
    let same = |(wanted, got): (&str, &str)| match wanted.starts_with('{') {
        true => !got.is_empty(),
        false => wanted == got,
    };
    wanted.clone().count() == got.clone().count() && wanted.zip(got).all(same)
}

fn keys_of(body: &str) -> Vec<&str> {
    if body.is_empty() {
        return Vec::new();
    }
    let Ok(Value::Object(map)) = serde_json::from_str::<Value>(body) else {
        return vec![body];
    };
    // The keys as they stand in the body, which outlives the parsed map.
    let mut keys: Vec<(usize, &str)> = map
        .keys()
        .map(|key| {
            let at = body.find(&format!("\"{key}\"")).unwrap() + 1;
            (at, &body[at..at + key.len()])
        })
        .collect();
    keys.sort_unstable();
    keys.into_iter().map(|(_, key)| key).collect()
}

#[test]
fn a_request_fits_a_row_only_in_all_its_parts() {
    const ROW: Request = Request {
        method: "PUT",
        path: "/users/{id}/x",
        query: &["a", "b?"],
        body: &["suspended"],
        good: &[200],
        source: "spec",
    };
    assert!(fits_path(ROW.path, "/users/1/x") && !fits_path(ROW.path, "/users//x"));
    assert!(!fits_path(ROW.path, "/users/1") && !fits_path(ROW.path, "/users/1/y"));
    assert!(ROW.fits_query("a=1") && ROW.fits_query("b=2&a=1"));
    assert!(!ROW.fits_query("b=2") && !ROW.fits_query("a=1&c=3"));
    assert_eq!(keys_of("{\"suspended\":true}"), ROW.body);
    assert_eq!(keys_of("(client assertion)"), ["(client assertion)"]);
    assert!(keys_of("").is_empty());
}
