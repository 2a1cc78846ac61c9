//! What would stop us tonight: the credential, the tenant, the permissions, and one real read.
//!
//! Permissions are told by the token itself. Whether the app may act on administrators shows only at
//! the write: Graph tells nobody beforehand.

use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::M365;
use super::methods;
use super::permissions::{self, USER_READ};
use super::settings::Auth;
use super::token::{GRANTED, Told};
use super::vendor::VENDOR;
use super::voice::VOICE;
use crate::connectors::kit::unread;
use crate::model::{ActionId, Finding, Severity};
use crate::transport::{Path, Read, Reader, ends_at};

/// What a person should know before the night.
pub(super) async fn findings(m365: &M365, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
    let mut found: Vec<Finding> = exposed(m365).collect();
    let ends = certificate(m365, r).await;
    let has_ended = ends
        .as_ref()
        .is_some_and(|each| each.severity == Severity::High);
    found.extend(ends);
    if let Err(error) = m365.bearer.header(GRANTED).await {
        if has_ended {
            return found;
        }
        found.push(finding(
            Severity::High,
            "credential",
            error.to_string(),
            error.hint(),
        ));
        return found;
    }
    match m365.told() {
        Some(told) => {
            found.extend(elsewhere(m365, &told));
            found.extend(lacking(&told, wanted));
        }
        None => found.push(finding(
            Severity::Warning,
            "permissions_unread",
            "the token does not tell what is granted to the app".into(),
            "",
        )),
    }
    found.extend(reads_users(m365, r).await);
    found.push(finding(
        Severity::Info,
        "reads_could_write",
        "one token reads and writes: even a dry run holds a credential that could write".into(),
        "",
    ));
    found
}

/// Secret files that others on this machine can read.
fn exposed(m365: &M365) -> impl Iterator<Item = Finding> {
    let secrets = m365.settings.secrets().into_iter();
    secrets
        .filter_map(crate::transport::SecretRef::exposed)
        .map(|text| finding(Severity::High, "secret_exposed", text, ""))
}

/// How long before its end a certificate is spoken of.
const SOON: Duration = Duration::from_secs(30 * 24 * 3600);

/// Whether the certificate that we sign in by has ended, or will soon.
async fn certificate(m365: &M365, r: &Reader) -> Option<Finding> {
    let Auth::Certificate { certificate, .. } = &m365.settings.auth else {
        return None;
    };
    let pem = certificate.fetch(r.clock()).await.ok()?;
    let ends = ends_at(pem.expose_secret())?;
    let now = r.vendor_now();
    let hint = "make a new certificate, upload it under App registrations > Certificates & \
                secrets, and put it with its key where the config points to";
    let place = certificate.place();
    if ends <= now {
        let text = format!("the certificate in {place} has expired: it ended {ends}");
        return Some(finding(Severity::High, "certificate_expired", text, hint));
    }
    (ends <= now.plus(SOON)).then(|| {
        let text = format!("the certificate in {place} ends {ends}");
        finding(Severity::Warning, "certificate_ends", text, hint)
    })
}

/// A token of another tenant or app than configured. A domain cannot be compared with an id.
fn elsewhere(m365: &M365, told: &Told) -> Vec<Finding> {
    let settings = &m365.settings;
    let differs = |told: &str, wanted: &str| !told.is_empty() && !told.eq_ignore_ascii_case(wanted);
    let mut found = Vec::new();
    if !settings.tenant.contains('.') && differs(&told.tenant, &settings.tenant) {
        let text = format!(
            "the token is for tenant {}, not {}",
            told.tenant, settings.tenant
        );
        found.push(finding(
            Severity::High,
            "other_tenant",
            text,
            "check `tenant`",
        ));
    }
    if differs(&told.client_id, &settings.client_id) {
        let text = format!(
            "the token is for app {}, not {}",
            told.client_id, settings.client_id
        );
        found.push(finding(
            Severity::High,
            "other_app",
            text,
            "check `client_id`",
        ));
    }
    found
}

/// Each action's missing permissions, in one finding.
fn lacking(told: &Told, wanted: &[ActionId]) -> Vec<Finding> {
    let mut found = Vec::new();
    for id in wanted {
        let Some(action) = VENDOR.action(id.verb()) else {
            continue;
        };
        let all: Vec<&str> = action.needs.iter().chain(action.reads).copied().collect();
        let mut lacks = permissions::missing(&told.roles, &all);
        let mut part = String::new();
        if action.verb == "delete_auth_methods" {
            let kinds = methods::not_deletable(&told.roles);
            let some = kinds.len() < methods::kinds();
            if kinds.is_empty() {
                lacks.retain(|lack| *lack != permissions::METHODS_WRITE);
            } else if some {
                part = format!(" (only {} cannot be deleted)", kinds.join(", "));
            }
        }
        if lacks.is_empty() {
            continue;
        }
        let lacks = lacks.join(" and ");
        found.push(finding(
            Severity::High,
            "permission_missing",
            format!("`{id}` is not possible: the app lacks {lacks}{part}"),
            &format!("grant the application permission {lacks} with admin consent"),
        ));
    }
    found
}

/// Whether reading people works in earnest.
async fn reads_users(m365: &M365, r: &Reader) -> Option<Finding> {
    let path = Path::new("/v1.0/users").query("$top", "1").query(
        "$select",
        "id,accountEnabled,signInSessionsValidFromDateTime",
    );
    let text = match r.send(&Read::get(path)).await {
        Ok(answer) if VOICE.is_good(&answer) => return None,
        Ok(answer) => VOICE.sentence(&answer),
        Err(error) => unread(&error),
    };
    let held = m365
        .told()
        .is_some_and(|told| permissions::has(&told.roles, USER_READ));
    let hint = if held {
        ""
    } else {
        "grant User.Read.All with admin consent"
    };
    Some(finding(Severity::High, "users_unread", text, hint))
}

fn finding(severity: Severity, id: &str, text: String, hint: &str) -> Finding {
    Finding {
        severity,
        id: id.into(),
        text,
        hint: hint.into(),
    }
}
