//! The reads that playbooks need, each really made once: one item of each list.
//!
//! What fails for want of a scope that is known to be missing is told by its scope already, and is
//! not asked for. What fails beside its scope fails for want of a role, of a licence, or of the
//! network.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::super::answers::sentence;
use super::super::events::log_path;
use super::{finding, told, unread, wants};
use crate::model::{ActionId, Finding, Severity};
use crate::transport::{Path, Read, Reader};

/// One read.
struct Look {
    id: &'static str,
    scope: &'static str,
    path: Path,
    severity: Severity,
    hint: &'static str,
}

pub(super) async fn look(
    r: &Reader,
    wanted: &[ActionId],
    missing: &BTreeSet<&'static str>,
) -> Vec<Finding> {
    let looks = looks(r, wanted);
    let asked = looks
        .iter()
        .filter(|look| !missing.contains(look.scope))
        .map(|look| ask(r, look));
    let answers = join_all(asked).await;
    one_for_all(answers.into_iter().flatten().collect())
}

fn looks(r: &Reader, wanted: &[ActionId]) -> Vec<Look> {
    let one = |path: &str| Path::new(path).query("limit", "1");
    let now = r.vendor_now();
    let high = |id, scope, path, hint| Look {
        id,
        scope,
        path,
        severity: Severity::High,
        hint,
    };
    let mut looks = vec![
        high(
            "users_unread",
            "okta.users.read",
            one("/api/v1/users"),
            "grant okta.users.read, and give the app a role that may read users",
        ),
        high(
            "log_unread",
            "okta.logs.read",
            log_path(now, now, "eventType eq \"user.session.clear\""),
            "grant okta.logs.read, and give the app a role that may read the log: clears are \
             proven by it",
        ),
    ];
    let rare: [(&[&str], &'static str, &'static str, &str, &'static str); 5] = [
        (
            &["suspend_devices"],
            "devices_unread",
            "okta.devices.read",
            "/api/v1/devices",
            "grant okta.devices.read; a Classic org has no devices",
        ),
        (
            &["unlink_idps"],
            "idps_unread",
            "okta.idps.read",
            "/api/v1/idps",
            "grant okta.idps.read",
        ),
        (
            &["end_support_access"],
            "support_unread",
            "okta.orgs.read",
            "/api/v1/org/privacy/oktaSupport",
            "grant okta.orgs.read and the role SUPER_ADMIN",
        ),
        (
            &["block_addresses"],
            "zones_unread",
            "okta.networkZones.read",
            "/api/v1/zones",
            "grant okta.networkZones.read",
        ),
        (
            &["block_threat_sources"],
            "threats_unread",
            "okta.threatInsights.read",
            "/api/v1/threats/configuration",
            "grant okta.threatInsights.read",
        ),
    ];
    for (verbs, id, scope, path, hint) in rare {
        if wants(wanted, verbs) {
            looks.push(high(id, scope, one(path), hint));
        }
    }
    let tokens = wants(wanted, &["revoke_api_tokens", "universal_logout"]);
    looks.push(Look {
        id: "api_tokens_unread",
        scope: "okta.apiTokens.read",
        path: Path::new("/api/v1/api-tokens"),
        severity: if tokens {
            Severity::High
        } else {
            Severity::Warning
        },
        hint: "grant okta.apiTokens.read and the role SUPER_ADMIN: nobody else is shown the API \
               tokens of others",
    });
    looks.push(Look {
        id: "admins_unread",
        scope: "okta.roles.read",
        path: one("/api/v1/iam/assignees/users"),
        severity: Severity::Warning,
        hint: "grant okta.roles.read: guard super_admins asks by it",
    });
    looks.push(Look {
        id: "apps_unread",
        scope: "okta.apps.read",
        path: one("/api/v1/apps"),
        severity: Severity::Warning,
        hint: "grant okta.apps.read: at services people are found by their apps",
    });
    looks
}

/// A finding if this cannot be read.
async fn ask(r: &Reader, look: &Look) -> Option<Finding> {
    let read = Read::get(look.path.clone());
    match r.send(&read).await {
        Ok(answer) if answer.is_good() => None,
        Ok(answer) => {
            let text = format!("{} cannot be read: {}", look.path.path(), sentence(&answer));
            Some(told(look.severity, look.id, text, look.hint))
        }
        Err(error) => Some(Finding {
            severity: look.severity,
            ..unread(look.id, &error, "")
        }),
    }
}

/// An org that cannot be reached, or a token that is refused, is one finding and not eight.
fn one_for_all(found: Vec<Finding>) -> Vec<Finding> {
    let Some(first) = found.first() else {
        return found;
    };
    match found.len() > 2 && found.iter().all(|each| each.text == first.text) {
        true => vec![finding(
            "org_unread",
            first.text.clone(),
            first.hint.clone(),
        )],
        false => found,
    }
}
