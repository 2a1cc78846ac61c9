//! What would stop us tonight: credentials, rights, the quarantine group.
//!
//! Asks what can be asked without writing. Whether an admin role allows a write shows only at
//! the write: Okta tells nobody the permissions of its standard roles.

use super::Okta;
use super::answers::sentence;
use super::events::log_path;
use super::quarantine::NOT_CONFIGURED;
use super::settings::Auth;
use crate::model::{ActionId, Finding, Severity};
use crate::transport::{CallError, Path, Read, Reader};

/// Verbs that read the org's API tokens.
const READ_TOKENS: &[&str] = &["revoke_api_tokens", "universal_logout"];

/// Verbs whose writes need a token of their own, and where those go.
const RARELY: &[(&str, &str)] = &[
    ("remove_app_assignments", "/api/v1/apps"),
    ("suspend_devices", "/api/v1/devices"),
    ("unlink_idps", "/api/v1/idps"),
    ("end_support_access", "/api/v1/org"),
    ("block_addresses", "/api/v1/zones"),
    ("block_threat_sources", "/api/v1/threats"),
];

/// What a person should know before the night.
pub(super) async fn findings(okta: &Okta, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
    let wants = |verbs: &[&str]| wanted.iter().any(|action| verbs.contains(&action.verb()));
    let mut found: Vec<Finding> = exposed(okta);
    found.extend(unscoped(okta));
    let areas: Vec<&str> = RARELY
        .iter()
        .filter(|(verb, _)| wants(&[verb]))
        .map(|(_, area)| *area)
        .collect();
    if let Err(error) = okta.writes_as.check(&areas).await {
        found.push(finding("write_credential", error.to_string(), error.hint()));
    }
    let users = Path::new("/api/v1/users").query("limit", "1");
    found.extend(ask(r, "users_unread", users, "grant okta.users.read").await);
    let now = r.vendor_now();
    let log = log_path(now, now, "eventType eq \"user.session.clear\"");
    found.extend(
        ask(
            r,
            "log_unread",
            log,
            "grant okta.logs.read: clears are proven by it",
        )
        .await,
    );
    if wants(READ_TOKENS) {
        let tokens = Path::new("/api/v1/api-tokens");
        let hint = "grant okta.apiTokens.read and the role SUPER_ADMIN";
        found.extend(ask(r, "api_tokens_unread", tokens, hint).await);
    }
    if wants(&["quarantine_user"]) {
        found.extend(quarantine(okta, r).await);
    }
    found
}

async fn quarantine(okta: &Okta, r: &Reader) -> Option<Finding> {
    let Some(group) = &okta.settings.quarantine_group else {
        return Some(Finding {
            severity: Severity::Warning,
            ..finding(
                "no_quarantine_group",
                "accounts that cannot be suspended (locked out, expired) stay open".into(),
                NOT_CONFIGURED,
            )
        });
    };
    let path = Path::new("/api/v1/groups")
        .seg(group)
        .then("/users")
        .query("limit", "1");
    let hint = "check `quarantine_group` and grant okta.groups.read and okta.groups.manage";
    ask(r, "quarantine_group_unread", path, hint).await
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
    lone.then(|| Finding {
        severity: Severity::Info,
        ..finding(
            "reads_could_write",
            "an API token has no scopes: even a dry run holds a credential that could write".into(),
            "use a service app, or set `read_auth`",
        )
    })
}

/// A finding if this cannot be read.
async fn ask(r: &Reader, id: &str, path: Path, hint: &str) -> Option<Finding> {
    match r.send(&Read::get(path)).await {
        Ok(answer) if answer.is_good() => None,
        Ok(answer) => Some(finding(id, sentence(&answer), hint)),
        Err(CallError::Auth(error)) => {
            let hint = error.hint();
            Some(finding(id, error.to_string(), hint))
        }
        Err(error) => Some(finding(id, error.to_string(), "")),
    }
}

fn finding(id: &str, text: String, hint: &str) -> Finding {
    Finding {
        severity: Severity::High,
        id: id.into(),
        text,
        hint: hint.into(),
    }
}
