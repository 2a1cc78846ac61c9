//! Which of Okta's rate-limit buckets a request counts against, and its documented default.
//!
//! The Workforce column times the half that one principal gets. Headers teach the real limit
//! with the first answer. Source: Okta, "Rate limits: management", read 2026-06.

use http::Method;

use crate::transport::Bucket;

/// The bucket of a request.
pub(super) fn bucket(method: &Method, path: &str) -> Bucket {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (name, workforce) = match parts.as_slice() {
        ["api", "v1", "users"] => ("users", 600),
        ["api", "v1", "users", _] if *method == Method::GET => ("users/{id} read", 2000),
        ["api", "v1", "users", _] => ("users/{id} write", 600),
        ["api", "v1", "apps", _] => ("apps/{id}", 500),
        ["api", "v1", "apps", ..] => ("apps", 100),
        ["api", "v1", "groups", _] => ("groups/{id}", 1000),
        ["api", "v1", "groups", ..] => ("groups", 500),
        ["api", "v1", "logs", ..] => ("logs", 120),
        ["api", "v1", "devices", ..] => ("devices", 100),
        ["api", "v1", "sessions", ..] => ("sessions", 750),
        ["oauth2", "v1", "clients", ..] => ("oauth2 clients", 100),
        ["oauth2", ..] => ("oauth2", 2000),
        _ => ("api", 1200),
    };
    Bucket {
        name,
        per_minute: workforce / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_count_against_the_bucket_that_okta_documents() {
        let of = |method, path| bucket(&method, path).name;
        assert_eq!(of(Method::GET, "/api/v1/users/00u1"), "users/{id} read");
        assert_eq!(of(Method::GET, "/api/v1/users/00u1/factors"), "api");
        assert_eq!(of(Method::DELETE, "/api/v1/users/00u1/sessions"), "api");
        assert_eq!(of(Method::PUT, "/api/v1/groups/00g1/users/00u1"), "groups");
        assert_eq!(bucket(&Method::GET, "/api/v1/logs").per_minute, 60);
    }
}
