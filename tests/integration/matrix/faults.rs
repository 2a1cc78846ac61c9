//! What can go wrong with one request, and what our words must say of it.

/// One fault.
pub(super) struct Trouble {
    /// In the mock's notation.
    pub(super) kind: &'static str,
    /// For a write: words of which one must stand in what we say of a change that failed by
    /// it, or may have happened.
    pub(super) said: &'static [&'static str],
}

const fn trouble(kind: &'static str, said: &'static [&'static str]) -> Trouble {
    Trouble { kind, said }
}

/// What writes meet.
pub(super) const OF_WRITES: &[Trouble] = &[
    trouble("lie_ok", &["still", "not SUSPENDED", "not in", "no user.", "not DEPROVISIONED"]),
    trouble("already_done", &["E0000001", "ACTIVE", "LOCKED_OUT"]),
    trouble("unauthorized", &["credential"]),
    trouble("forbidden", &["lack the right"]),
    trouble("not_found", &["404", "not licensed", "still"]),
    trouble("conflict", &["409", "ACTIVE", "LOCKED_OUT"]),
    trouble("throttle_minute", &["thrott"]),
    trouble("throttle_concurrency", &["thrott"]),
    trouble("throttle_no_headers", &["thrott"]),
    trouble("internal", &["500"]),
    trouble("html_502", &["502"]),
    trouble("read_only", &["read-only"]),
    trouble("timeout_before", &["may have happened"]),
    trouble("timeout_after", &["may have happened"]),
    trouble("cut_before_effect", &["may have happened"]),
    trouble("cut_after_effect", &["may have happened"]),
    trouble("reset_mid_body", &["may have happened"]),
    trouble("truncated_json", &["unusable"]),
    trouble("oversized_body", &["unusable", "still", "not SUSPENDED", "not in"]),
    trouble("foreign_redirect", &["302"]),
    trouble("clock_skew:600000", &[]),
    trouble("clock_skew:-600000", &[]),
];

/// What reads meet.
pub(super) const OF_READS: &[&str] = &[
    "lie_ok", // an empty list
    "unauthorized",
    "forbidden",
    "not_found",
    "throttle_minute",
    "throttle_concurrency",
    "throttle_no_headers",
    "internal",
    "html_502",
    "read_only",
    "timeout_before",
    "timeout_after",
    "cut_before_effect",
    "cut_after_effect",
    "reset_mid_body",
    "truncated_json",
    "oversized_body",
    "foreign_redirect",
    "foreign_next",
    "clock_skew:600000",
    "clock_skew:-600000",
];
