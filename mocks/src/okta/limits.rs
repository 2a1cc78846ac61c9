//! Rate limits: one window of a minute per bucket, shared by the org, half of it per principal.
//!
//! Figures: Okta's rate-limit table, columns Integrator Free, One App, Enterprise, Workforce.
//! Concurrency is counted by the time that answers take, so it exists without threads.

use std::collections::BTreeMap;

use crate::time::MINUTE;

/// Which column of Okta's table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Column {
    /// Integrator Free.
    IntegratorFree,
    /// One App.
    OneApp,
    /// Enterprise.
    Enterprise,
    /// Workforce Identity.
    #[default]
    Workforce,
}

const TABLE: &[(&str, [u32; 4])] = &[
    ("users/id:get", [100, 1000, 1000, 2000]),
    ("users", [100, 600, 600, 600]),
    ("users/id:write", [100, 600, 600, 600]),
    ("apps", [20, 100, 100, 100]),
    ("apps/id", [100, 600, 600, 500]),
    ("groups", [100, 600, 600, 500]),
    ("groups/id", [100, 600, 600, 1000]),
    ("logs", [20, 50, 50, 120]),
    ("devices", [100, 150, 150, 100]),
    ("oauth2/clients", [25, 100, 100, 100]),
    ("sessions", [100, 300, 600, 750]),
    ("oauth2", [300, 600, 1200, 2000]),
    ("api", [100, 600, 600, 1200]),
];

/// Names the bucket that a request counts against.
pub(crate) fn bucket(method: &str, path: &str) -> &'static str {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["api", "v1", "users"] => "users",
        ["api", "v1", "users", _] if method == "GET" => "users/id:get",
        ["api", "v1", "users", _] => "users/id:write",
        ["api", "v1", "apps", _] => "apps/id",
        ["api", "v1", "apps", ..] => "apps",
        ["api", "v1", "groups", _] => "groups/id",
        ["api", "v1", "groups", ..] => "groups",
        ["api", "v1", "logs"] => "logs",
        ["api", "v1", "devices", ..] => "devices",
        ["api", "v1", "sessions", ..] => "sessions",
        ["oauth2", "v1", "clients", ..] => "oauth2/clients",
        ["oauth2", ..] => "oauth2",
        _ => "api",
    }
}

#[derive(Debug, Clone, Default)]
struct Window {
    start_ms: i64,
    all: u32,
    by_principal: BTreeMap<String, u32>,
}

/// The limits of one org and how far they are used.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The column of Okta's table.
    pub column: Column,
    /// What one principal may use of a bucket, percent.
    pub principal_percent: u32,
    /// Requests per minute that replace those of the table, by bucket.
    pub overrides: BTreeMap<String, u32>,
    /// How many requests may be under way at once.
    pub concurrent_max: usize,
    /// How long a window is. Okta's is a minute; a shorter one makes a long story short.
    pub window_ms: i64,
    /// The windows that are over, for each bucket: when each began, and what was used of it.
    past: BTreeMap<String, Vec<(i64, u32)>>,
    windows: BTreeMap<String, Window>,
    busy_until_ms: Vec<i64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            column: Column::default(),
            principal_percent: 50,
            overrides: BTreeMap::new(),
            concurrent_max: 75,
            window_ms: MINUTE,
            past: BTreeMap::new(),
            windows: BTreeMap::new(),
            busy_until_ms: Vec::new(),
        }
    }
}

impl Limits {
    fn of_bucket(&self, bucket: &str) -> u32 {
        self.overrides.get(bucket).copied().unwrap_or_else(|| {
            TABLE
                .iter()
                .find(|(name, _)| *name == bucket)
                .map_or(u32::MAX, |(_, row)| row[self.column as usize])
        })
    }

    fn of_principal(&self, bucket: &str) -> u32 {
        let share = u64::from(self.of_bucket(bucket)) * u64::from(self.principal_percent) / 100;
        u32::try_from(share).unwrap_or(u32::MAX).max(1)
    }

    /// The windows of a bucket that are over: when each began, and what was used of it.
    #[must_use]
    pub fn past(&self, bucket: &str) -> &[(i64, u32)] {
        self.past.get(bucket).map_or(&[], Vec::as_slice)
    }

    /// Counts one request; false if the window is full for the org or for this principal.
    pub(crate) fn take(&mut self, bucket: &str, principal: &str, now_ms: i64) -> bool {
        let (all, share) = (self.of_bucket(bucket), self.of_principal(bucket));
        let window = self.windows.entry(bucket.to_owned()).or_default();
        if now_ms >= window.start_ms + self.window_ms || now_ms < window.start_ms {
            let past = self.past.entry(bucket.to_owned()).or_default();
            past.push((window.start_ms, window.all));
            *window = Window {
                start_ms: now_ms,
                ..Window::default()
            };
        }
        let mine = window.by_principal.entry(principal.to_owned()).or_default();
        if window.all >= all || (!principal.is_empty() && *mine >= share) {
            return false;
        }
        window.all += 1;
        *mine += 1;
        true
    }

    /// Uses up part of a bucket, as other clients of the org do.
    pub fn spend(&mut self, bucket: &str, requests: u32, now_ms: i64) {
        let window = self.windows.entry(bucket.to_owned()).or_default();
        if now_ms >= window.start_ms + self.window_ms {
            *window = Window {
                start_ms: now_ms,
                ..Window::default()
            };
        }
        window.all = window.all.saturating_add(requests);
    }

    /// The three headers of every answer: what is left for this principal.
    pub(crate) fn headers(
        &self,
        bucket: Option<&str>,
        principal: &str,
        now_ms: i64,
    ) -> [(String, String); 3] {
        let bucket = bucket.unwrap_or("api");
        let empty = Window {
            start_ms: now_ms,
            ..Window::default()
        };
        let window = self.windows.get(bucket).unwrap_or(&empty);
        let limit = if principal.is_empty() {
            self.of_bucket(bucket)
        } else {
            self.of_principal(bucket)
        };
        let mine = window.by_principal.get(principal).copied().unwrap_or(0);
        let left = limit
            .saturating_sub(mine)
            .min(self.of_bucket(bucket).saturating_sub(window.all));
        let reset = (window.start_ms + self.window_ms + 999).div_euclid(1000);
        rate_headers(limit, left, reset)
    }

    /// Whether one more request may be under way; if so it is, for `delay_ms`.
    pub(crate) fn enter(&mut self, now_ms: i64, delay_ms: u64) -> bool {
        self.busy_until_ms.retain(|until| *until > now_ms);
        if self.busy_until_ms.len() >= self.concurrent_max {
            return false;
        }
        if delay_ms > 0 {
            self.busy_until_ms
                .push(now_ms.saturating_add_unsigned(delay_ms));
        }
        true
    }
}

/// `X-Rate-Limit-*` with these figures; `reset` in epoch seconds.
pub(crate) fn rate_headers(limit: u32, remaining: u32, reset: i64) -> [(String, String); 3] {
    [
        ("X-Rate-Limit-Limit".to_owned(), limit.to_string()),
        ("X-Rate-Limit-Remaining".to_owned(), remaining.to_string()),
        ("X-Rate-Limit-Reset".to_owned(), reset.to_string()),
    ]
}
