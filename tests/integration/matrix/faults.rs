//! What can go wrong with one request, and what our words must say of it.

/// One fault.
pub(crate) struct Trouble {
    /// In the mock's notation.
    pub(crate) kind: &'static str,
    /// For a write: words of which one must stand in what we say of a change that failed by
    /// it, or may have happened.
    pub(crate) said: &'static [&'static str],
}

const fn trouble(kind: &'static str, said: &'static [&'static str]) -> Trouble {
    Trouble { kind, said }
}

/// A yes without effect: whatever the read-back says of it.
const LIED: &[&str] = &[
    "still",
    "not SUSPENDED",
    "not DEPROVISIONED",
    "not in",
    "is LOCKED_OUT",
    "no call that lists",
    "apps do not say",
];

/// What writes meet.
#[rustfmt::skip]
pub(crate) const OF_WRITES: &[Trouble] = &[
    trouble("lie_ok", LIED),
    trouble("already_done", &["E0000001", "is ACTIVE", "is LOCKED_OUT"]),
    trouble("unauthorized", &["credential"]),
    trouble("forbidden", &["lack the right"]),
    trouble("not_found", &["404", "not licensed", "still"]),
    trouble("conflict", &["409", "is ACTIVE", "is LOCKED_OUT"]),
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
    trouble("reset_mid_body", &["may have happened", "403"]),
    trouble("truncated_json", &["unusable"]),
    trouble("oversized_body", LIED), // a 200 whose body nobody reads
    trouble("foreign_redirect", &["302"]),
    trouble("clock_skew:600000", &[]),
    trouble("clock_skew:-600000", &[]),
];

/// What reads meet. What is said of a write that a read kept from being sent is not asked here.
#[rustfmt::skip]
pub(crate) const OF_READS: &[Trouble] = &[
    trouble("lie_ok", &[]), // an empty list
    trouble("unauthorized", &[]),
    trouble("forbidden", &[]),
    trouble("not_found", &[]),
    trouble("throttle_minute", &[]),
    trouble("throttle_concurrency", &[]),
    trouble("throttle_no_headers", &[]),
    trouble("internal", &[]),
    trouble("html_502", &[]),
    trouble("read_only", &[]),
    trouble("timeout_before", &[]),
    trouble("cut_before_effect", &[]),
    trouble("reset_mid_body", &[]),
    trouble("truncated_json", &[]),
    trouble("oversized_body", &[]),
    trouble("foreign_redirect", &[]),
    trouble("foreign_next", &[]),
    trouble("clock_skew:600000", &[]),
    trouble("clock_skew:-600000", &[]),
];
