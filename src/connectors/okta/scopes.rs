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
