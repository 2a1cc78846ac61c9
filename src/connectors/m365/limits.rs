//! Which of Graph's limits a request counts against, and its documented default.
//!
//! Identity reads cost resource units; the smallest tenant's 3,500 in 10 s are counted at two a
//! read. Writes are 3,000 in 150 s, reports 5 in 10 s. A mailbox has limits of its own, which are
//! not in our sources: its pace is the identity write's. The vendor corrects all of this by 429 and
//! `Retry-After`. Source: Microsoft, "Microsoft Graph service-specific throttling limits".

use http::Method;

use super::together::BATCH_MAX;
use crate::transport::Bucket;

/// The bucket of a request.
pub(super) fn bucket(method: &Method, path: &str) -> Bucket {
    let (name, per_minute) = if path.contains("/auditLogs/") {
        ("reports", 30)
    } else if path.contains("/mailFolders/") {
        ("mailbox", 1200)
    } else if *method == Method::GET {
        ("identity read", 10_500)
    } else {
        ("identity write", 1200)
    };
    Bucket { name, per_minute }
}

/// The bucket of batches of such requests, as if each were full: what a batch holds counts one by
/// one. `None` for reports, of which not even one batch is allowed.
pub(super) fn of_batches(bucket: Bucket) -> Option<Bucket> {
    let name = match bucket.name {
        "identity read" => "batches of identity reads",
        "identity write" => "batches of identity writes",
        "mailbox" => "batches at mailboxes",
        _ => return None,
    };
    let full = u32::try_from(BATCH_MAX).unwrap_or(u32::MAX);
    let per_minute = (bucket.per_minute / full).max(1);
    Some(Bucket { name, per_minute })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_count_against_the_limit_that_is_documented_for_them() {
        let of = |method, path| bucket(&method, path).name;
        assert_eq!(of(Method::GET, "/v1.0/users/1"), "identity read");
        assert_eq!(of(Method::PATCH, "/v1.0/users/1"), "identity write");
        assert_eq!(
            of(Method::GET, "/v1.0/auditLogs/directoryAudits"),
            "reports"
        );
        let rules = "/v1.0/users/1/mailFolders/inbox/messageRules";
        assert_eq!(of(Method::GET, rules), "mailbox");
    }
}
