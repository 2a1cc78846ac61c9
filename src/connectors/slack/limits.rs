//! Slack's tiers: a budget per method. Source: Slack, "Rate limits"; SCIM rate limits.
//!
//! "20+ per minute" promises 20; more is learnt from no header, only from a 429.

use http::Method;

use crate::transport::Bucket;

/// The bucket of a request.
pub(super) fn bucket(method: &Method, path: &str) -> Bucket {
    let last = path.rsplit('/').next().unwrap_or_default();
    let (name, per_minute) = match last {
        "auth.test" => ("auth.test", 100),
        "users.info" => ("users.info", 100),
        "users.lookupByEmail" => ("users.lookupByEmail", 50),
        "admin.users.session.list" => ("session.list", 20),
        "admin.users.session.reset" => ("session.reset", 20),
        "admin.users.session.resetBulk" => ("session.resetBulk", 20),
        _ if *method == Method::PATCH => ("scim write", 180),
        _ => ("scim read", 300),
    };
    Bucket { name, per_minute }
}
