//! What an intruder makes or changes outside the account that he is in.
//!
//! A table of event types: what each means, how dangerous it is, and which action takes it away.
//! What stays within the account (its sessions, factors, tokens, grants, assignments) is for the
//! containment of the account, and is no plant. An event type that nobody thought of, done to
//! somebody else, is told as what it is.

use serde_json::Value;

use crate::evidence::Event;
use crate::evidence::event::some;
use crate::model::{ActionId, Plant, Severity, Utc};

/// What an event type means when an intruder made it.
struct Means {
    /// The type, or the part that types of one kind begin with.
    kind: &'static str,
    /// In words, of whoever did it.
    what: &'static str,
    severity: Severity,
    /// The verb of the directory's action that takes it away.
    remedy: Option<&'static str>,
    /// When it counts.
    counts: Counts,
}

/// When an event counts as a plant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    /// Always: it concerns the org.
    Always,
    /// If it names a person who is another.
    ToOthers,
    /// If the token that it names is not one of his own.
    ToTokens,
}

const fn org(kind: &'static str, what: &'static str, severity: Severity) -> Means {
    Means {
        kind,
        what,
        severity,
        remedy: None,
        counts: Counts::Always,
    }
}

const fn other(kind: &'static str, what: &'static str, severity: Severity) -> Means {
    Means {
        counts: Counts::ToOthers,
        ..org(kind, what, severity)
    }
}

/// The first that fits is taken.
const TABLE: &[Means] = &[
    Means {
        remedy: Some("end_support_access"),
        ..org(
            "user.session.impersonation.grant",
            "granted Okta support access",
            Severity::High,
        )
    },
    Means {
        remedy: Some("end_support_access"),
        ..org(
            "user.session.impersonation.extend",
            "extended Okta support access",
            Severity::High,
        )
    },
    // What is gone cannot be taken away again: it is damage, for a person.
    Means {
        counts: Counts::ToTokens,
        ..org(
            "system.api_token.revoke",
            "revoked API token",
            Severity::Warning,
        )
    },
    org("system.idp.", "changed identity provider", Severity::High),
    org("policy.lifecycle.", "changed policy", Severity::High),
    org("policy.rule.", "changed policy rule", Severity::High),
    org("zone.", "changed network zone", Severity::High),
    org("security.zone.", "changed network zone", Severity::High),
    org(
        "security.threat.configuration.update",
        "changed ThreatInsight",
        Severity::High,
    ),
    org(
        "security.authenticator.lifecycle.",
        "changed authenticator",
        Severity::High,
    ),
    org(
        "system.mfa.factor.",
        "changed the org's factors",
        Severity::High,
    ),
    org("system.log_stream.", "changed log stream", Severity::High),
    org("event_hook.delivery", "", Severity::Info),
    org("event_hook.", "changed event hook", Severity::High),
    org("inline_hook.", "changed inline hook", Severity::High),
    org(
        "app.oauth2.client.read_client_secret",
        "read the secret of",
        Severity::High,
    ),
    org("app.oauth2.client.", "changed OAuth client", Severity::High),
    org(
        "app.oauth2.credentials.",
        "changed credentials of",
        Severity::High,
    ),
    org("application.lifecycle.", "changed app", Severity::High),
    org(
        "group.privilege.",
        "changed admin rights of group",
        Severity::High,
    ),
    org(
        "group.application_assignment.",
        "changed apps of group",
        Severity::Warning,
    ),
    org("iam.", "changed admin roles", Severity::High),
    other("user.lifecycle.create", "created user", Severity::High),
    other(
        "user.lifecycle.",
        "changed the life of user",
        Severity::High,
    ),
    other(
        "user.account.privilege.",
        "changed admin rights of",
        Severity::High,
    ),
    other(
        "user.account.reset_password",
        "reset the password of",
        Severity::High,
    ),
    other(
        "user.account.update_password",
        "changed the password of",
        Severity::High,
    ),
    other("user.account.", "changed the account of", Severity::Warning),
    other("user.mfa.", "changed factors of", Severity::High),
    other(
        "group.user_membership.",
        "changed group membership of",
        Severity::Warning,
    ),
    other(
        "application.user_membership.show_password",
        "saw a password of",
        Severity::High,
    ),
    other(
        "application.user_membership.",
        "changed app assignment of",
        Severity::Warning,
    ),
    other("device.", "changed device of", Severity::Warning),
];

/// Kinds of target that people know a thing by, the best first; an app before its app user.
const NAMED: [&str; 8] = [
    "Token",
    "PolicyRule",
    "PolicyEntity",
    "AppInstance",
    "UserGroup",
    "User",
    "UDDevice",
    "AppUser",
];

/// What this event planted, if it did, for the account with these API tokens of its own.
pub(super) fn of(event: Event<'_>, account: &str, own_tokens: &[String]) -> Option<Plant> {
    let kind = event.kind()?;
    let at: Utc = event.published()?;
    let means = TABLE.iter().find(|means| kind.starts_with(means.kind))?;
    if !event.succeeded() || means.what.is_empty() {
        return None;
    }
    let target = named(event, account);
    let id = target
        .and_then(|target| some(&target["id"]))
        .unwrap_or_default();
    let counts = match means.counts {
        Counts::Always => true,
        Counts::ToOthers => concerns_others(event, account),
        Counts::ToTokens => !own_tokens.iter().any(|token| token == id),
    };
    if !counts {
        return None;
    }
    let name = target.map(name_of).unwrap_or_default();
    let text = |key: &str| {
        target
            .and_then(|target| some(&target[key]))
            .unwrap_or_default()
    };
    Some(Plant {
        kind: kind.to_owned(),
        what: format!("{} {name}", means.what).trim().to_owned(),
        target_kind: text("type").to_owned(),
        target: id.to_owned(),
        name: name.to_owned(),
        at,
        event: event.uuid().unwrap_or_default().to_owned(),
        by: event.actor_name().unwrap_or_default().to_owned(),
        severity: means.severity,
        remedy: means.remedy.map(|verb| ActionId::new("okta", verb)),
    })
}

/// Whether it names a person who is another.
fn concerns_others(event: Event<'_>, account: &str) -> bool {
    let mut people = event.targets().filter(|target| target["type"] == "User");
    people.any(|target| target["id"] != *account)
}

fn named<'e>(event: Event<'e>, account: &str) -> Option<&'e Value> {
    let others = || event.targets().filter(|target| target["id"] != *account);
    let best = NAMED
        .iter()
        .find_map(|kind| others().find(|target| target["type"] == **kind));
    best.or_else(|| others().next())
}

fn name_of(target: &Value) -> &str {
    let login = some(&target["alternateId"]).filter(|_| target["type"] == "User");
    login
        .or_else(|| some(&target["displayName"]))
        .unwrap_or_default()
}
