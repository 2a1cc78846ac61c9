//! What would stop us tonight at the org: credentials, scopes, role, reads, quarantine, quota.
//!
//! Reads alone. Reading order: [`scopes`] (what each app's token may have, asked for scope by scope
//! where the whole is refused), then side by side [`role`] (what stands behind the scopes),
//! [`reads`] (each list that playbooks need, really asked for), [`quarantine`] (whether the group
//! denies), [`quota`] (how long many accounts would take) and [`engine`] (what this org is).
//! Whether a write is allowed is told as far as scopes and roles tell it; whether the vendor then
//! does it shows only at the write.

mod engine;
mod quarantine;
mod quota;
mod reads;
mod role;
mod scopes;

use futures_util::future::join5;

use super::Okta;
use super::settings::Auth;
use crate::model::{ActionId, Finding, Severity};
use crate::transport::{CallError, Reader};

/// What a person should know before the night.
pub(super) async fn findings(okta: &Okta, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
    let mut found: Vec<Finding> = exposed(okta);
    found.extend(unscoped(okta));
    let granted = scopes::look(okta, wanted).await;
    found.extend(granted.findings);
    let missing = &granted.missing;
    // Then there is no token to read anything with.
    if granted.nothing_to_read_with {
        return found;
    }
    let looks = join5(
        role::look(okta, r, wanted, missing),
        reads::look(r, wanted, missing),
        quarantine::look(okta, r, wanted, missing),
        quota::look(okta, r, missing),
        engine::look(r, wanted, missing),
    );
    let (role, reads, quarantine, quota, engine) = looks.await;
    found.extend(
        [role, reads, quarantine, quota, engine]
            .into_iter()
            .flatten(),
    );
    found
}

/// Whether any of `verbs` is wanted.
fn wants(wanted: &[ActionId], verbs: &[&str]) -> bool {
    wanted.iter().any(|action| verbs.contains(&action.verb()))
}

/// Secret files that others on this machine can read.
fn exposed(okta: &Okta) -> Vec<Finding> {
    let sentences = okta
        .credentials()
        .filter_map(|auth| auth.secret().exposed());
    sentences
        .map(|text| finding("secret_exposed", text, ""))
        .collect()
}

/// A lone API token reads with the same power that it writes with.
fn unscoped(okta: &Okta) -> Option<Finding> {
    let lone = matches!(okta.settings.auth, Auth::ApiToken(_)) && okta.settings.read_auth.is_none();
    lone.then(|| {
        told(
            Severity::Info,
            "reads_could_write",
            "an API token has no scopes: even a dry run holds a credential that could write".into(),
            "use a service app, or set `read_auth`",
        )
    })
}

/// That a read brought nothing, and what to do about it where the error does not say.
fn unread(id: &str, error: &CallError, hint: &str) -> Finding {
    match error {
        CallError::Auth(error) => finding(id, error.to_string(), error.hint()),
        other => finding(id, other.to_string(), hint),
    }
}

fn finding(id: &str, text: String, hint: impl Into<String>) -> Finding {
    told(Severity::High, id, text, hint)
}

fn told(severity: Severity, id: &str, text: String, hint: impl Into<String>) -> Finding {
    Finding {
        severity,
        id: id.into(),
        text,
        hint: hint.into(),
    }
}
