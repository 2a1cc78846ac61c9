//! What would stop us tonight: key, delegation, administrator.
//!
//! Reads alone. The best proof that the deletes would work is the list of the administrator's own
//! tokens: it needs the same scope and the same privilege [inferred]. Google's `tokeninfo` is not
//! asked: it stands at another host and is given a token.

use std::collections::BTreeSet;

use super::Google;
use super::accounts::{self, Own};
use super::answers::{self, VOICE, list};
use super::scopes::{ALWAYS, Power, REPORTS, USER};
use super::vendor::VENDOR;
use crate::connectors::kit::Glance;
use crate::model::{ActionId, Finding, Severity};
use crate::transport::{AuthError, Reader};

/// What a person should know before the night.
pub(super) async fn findings(google: &Google, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
    let secret = google.settings.secret().exposed();
    let mut found: Vec<Finding> = secret
        .map(|text| finding(Severity::High, "secret_exposed", text, ""))
        .into_iter()
        .collect();
    found.push(finding(
        Severity::Info,
        "reads_could_write",
        "Google has no read-only scope for tokens and app passwords: even a dry run holds a \
         credential that could write"
            .into(),
        "",
    ));
    let mut refused = BTreeSet::new();
    for power in powers(wanted) {
        if let Err(error) = google.bearer.header(power).await {
            refused.insert(power);
            found.push(no_token(power, &error));
        }
    }
    if ALWAYS.iter().any(|power| refused.contains(power)) {
        return found;
    }
    let glance = Glance::new(r, &VOICE);
    match accounts::own(&glance, &google.settings.admin).await {
        Ok(own) => found.extend(about_admin(&glance, &own, &google.settings.admin).await),
        Err(why) => found.push(finding(
            Severity::High,
            "admin_unread",
            why,
            "check `admin`, and that its role may read users",
        )),
    }
    found
}

/// The powers that the wanted actions take, those of every run first.
fn powers(wanted: &[ActionId]) -> Vec<Power> {
    let actions = wanted.iter().filter_map(|id| VENDOR.action(id.verb()));
    let rights: BTreeSet<&str> = actions
        .flat_map(|action| action.needs.iter().chain(action.reads))
        .copied()
        .collect();
    let more = [USER, REPORTS].into_iter();
    let more = more.filter(|power| rights.contains(power));
    ALWAYS.iter().copied().chain(more).collect()
}

fn no_token(power: Power, error: &AuthError) -> Finding {
    let hint = error.hint();
    if power == REPORTS {
        let text = format!("apps cannot be dated, so that `select: in_window` keeps all: {error}");
        return finding(Severity::Warning, "tokens_undated", text, hint);
    }
    finding(
        Severity::High,
        "no_token",
        format!("{power}: {error}"),
        hint,
    )
}

async fn about_admin(glance: &Glance, own: &Own, admin: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if own.suspended {
        let text = format!("{admin}, whom oust acts for, is suspended");
        let hint = "name another administrator as `admin`";
        found.push(finding(Severity::High, "admin_suspended", text, hint));
    }
    if !own.super_admin {
        let text = format!("{admin} is no super administrator, and cannot act on one");
        let hint = "let `admin` be a super administrator of its own, or know that they stay open";
        found.push(finding(Severity::Warning, "admin_delegated", text, hint));
    }
    let tokens = accounts::path(&own.id).then("/tokens");
    if let Err(unread) = list(glance, tokens, super::tokens::KIND).await {
        let text = format!("nobody's tokens can be read: {}", answers::why(&unread));
        let hint = "give `admin` a role that may manage user security";
        found.push(finding(Severity::High, "tokens_unread", text, hint));
    }
    found
}

fn finding(severity: Severity, id: &str, text: String, hint: &str) -> Finding {
    Finding {
        severity,
        id: id.into(),
        text,
        hint: hint.into(),
    }
}
