//! What this org is: Classic or Identity Engine, and what Universal Logout would reach.
//!
//! Some endpoints are only on Identity Engine. The licence that Universal Logout needs is told by
//! no read: the call itself is refused without it, so that only the apps it would reach are counted.
//! Source: `GET /.well-known/okta-organization` (`pipeline`), `Application.universalLogout` [spec].

use std::collections::BTreeSet;

use super::super::glance::{Glance, items, text};
use super::{told, wants};
use crate::model::{ActionId, Finding, Severity};
use crate::transport::{Path, Read, Reader};

pub(super) async fn look(
    r: &Reader,
    wanted: &[ActionId],
    missing: &BTreeSet<&'static str>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let path = Path::new("/.well-known/okta-organization");
    let is_classic = match r.send(&Read::get(path)).await {
        Ok(answer) if answer.is_good() => text(&answer.json, "pipeline") == "v1",
        _ => false,
    };
    if is_classic {
        let text = "the org is on Classic Engine: it has no devices, no authenticator enrolments and \
                    no Universal Logout, so that steps about them do nothing and say so";
        found.push(told(Severity::Info, "classic_engine", text.into(), ""));
        return found;
    }
    if !wants(wanted, &["universal_logout"]) || missing.contains("okta.apps.read") {
        return found;
    }
    let glance = Glance::new(r);
    let apps = Path::new("/api/v1/apps")
        .query("filter", "status eq \"ACTIVE\"")
        .query("limit", "200");
    let got = glance.list(apps).await;
    let Ok(apps) = &*got else {
        return found;
    };
    let apps = items(apps);
    let enabled = apps
        .iter()
        .filter(|app| text(&app["universalLogout"], "status") == "ENABLED");
    let text = format!(
        "Universal Logout would reach {} of {} apps; whether the org has the licence for it shows \
         only at the first call",
        enabled.count(),
        apps.len()
    );
    let hint = "it needs Identity Threat Protection or Adaptive MFA; playbooks go on without it";
    found.push(told(Severity::Info, "universal_logout_untold", text, hint));
    found
}
