//! The OAuth scopes that oust asks Okta for: few to start with, the rest if they are granted.
//!
//! Source: Okta API 2026.06.3, the scope that each operation declares.

/// What a token is asked for.
#[derive(Clone, Debug)]
pub(super) struct Scopes {
    /// Nothing works without these.
    pub(super) required: Vec<&'static str>,
    /// Single steps need these.
    pub(super) optional: Vec<&'static str>,
}

impl Scopes {
    /// For planning and proving.
    pub(super) fn reading() -> Self {
        Self {
            required: vec!["okta.users.read"],
            optional: vec![
                "okta.logs.read",
                "okta.roles.read",
                "okta.apps.read",
                "okta.groups.read",
                "okta.apiTokens.read",
            ],
        }
    }

    /// For writing.
    pub(super) fn writing() -> Self {
        Self {
            required: vec!["okta.users.manage"],
            optional: vec![
                "okta.apiTokens.manage",
                "okta.universalLogout.manage",
                "okta.groups.manage",
                "okta.roles.manage",
            ],
        }
    }
}

/// What only few actions need, by where its requests go: a token of its own each, for reading
/// and for writing. What is not granted stops nothing else ([`powers`](super::powers)).
pub(super) const RARE: &[(&str, Option<&str>, &str)] = &[
    // Reading apps is an everyday matter.
    ("/api/v1/apps", None, "okta.apps.manage"),
    (
        "/api/v1/devices",
        Some("okta.devices.read"),
        "okta.devices.manage",
    ),
    ("/api/v1/idps", Some("okta.idps.read"), "okta.idps.manage"),
    ("/api/v1/org", Some("okta.orgs.read"), "okta.orgs.manage"),
    (
        "/api/v1/zones",
        Some("okta.networkZones.read"),
        "okta.networkZones.manage",
    ),
    (
        "/api/v1/threats",
        Some("okta.threatInsights.read"),
        "okta.threatInsights.manage",
    ),
];

/// What only a check reads, by where it stands: what is not granted is only not told.
pub(super) const CHECKED: &[(&str, &str)] = &[
    ("/api/v1/policies", "okta.policies.read"),
    (
        "/api/v1/principal-rate-limits",
        "okta.principalRateLimits.read",
    ),
];

/// Whether a right that an action declares is a scope of a token; else it is one of an admin role.
pub(super) fn is_scope(right: &str) -> bool {
    let of = |scopes: Scopes| [scopes.required, scopes.optional].concat();
    let everyday = [of(Scopes::reading()), of(Scopes::writing())].concat();
    everyday.contains(&right)
        || RARE
            .iter()
            .any(|(_, read, manage)| *read == Some(right) || *manage == right)
        || CHECKED.iter().any(|(_, read)| *read == right)
}

impl Scopes {
    /// One scope, without which the token is no use.
    pub(super) fn only(scope: &'static str) -> Self {
        Self {
            required: vec![scope],
            optional: Vec::new(),
        }
    }
}
