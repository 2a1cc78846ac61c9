//! What an administrator has to grant so that actions work: a plain value for screens and scripts.

use serde::Serialize;
use serde_json::Value;

/// What a principal is to be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Plan and prove: reads alone.
    Read,
    /// Carry out.
    Write,
}

/// What one principal at one system has to be granted, and no more.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Grant {
    /// What kind of principal it is: `service app`, `user token`.
    pub principal: String,
    /// Scopes or permissions in the vendor's words, each once, sorted.
    pub scopes: Vec<String>,
    /// Roles and privileges beside them.
    pub roles: Vec<String>,
    /// Documents to hand to the vendor as they are.
    pub policies: Vec<GrantPolicy>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// A document that the vendor takes: a policy, a role, a manifest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GrantPolicy {
    /// What it is for.
    pub name: String,
    /// The document.
    pub document: Value,
}

impl Grant {
    /// A grant of scopes alone.
    #[must_use]
    pub fn of<'s>(principal: &str, scopes: impl IntoIterator<Item = &'s str>) -> Self {
        Self {
            principal: principal.into(),
            scopes: each_once(scopes),
            ..Self::default()
        }
    }

    /// Whether nothing has to be granted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scopes.is_empty() && self.roles.is_empty() && self.policies.is_empty()
    }
}

/// Each once, sorted.
#[must_use]
pub fn each_once<'s>(words: impl IntoIterator<Item = &'s str>) -> Vec<String> {
    let mut all: Vec<String> = words.into_iter().map(str::to_owned).collect();
    all.sort();
    all.dedup();
    all
}
