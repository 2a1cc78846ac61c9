//! What would stop us tonight: key, app, instance, version, rights, objects, quota.
//!
//! Reads alone. Whether a session, a login or a token may be changed is told by the description of
//! its object: no write is tried. That an org has no federation ids is told, too, because people are
//! then found by user name alone and may have passwords of their own.

use serde_json::Value;

use super::Salesforce;
use super::people;
use super::rights::{self, API_ENABLED};
use super::soql;
use super::token::API;
use super::vendor::VENDOR;
use super::voice::{VOICE, why};
use crate::connectors::kit::{Glance, items, text};
use crate::model::{ActionId, Finding, Severity};
use crate::transport::{Path, Quota, Reader};

/// What a person should know before the night.
pub(super) async fn findings(
    salesforce: &Salesforce,
    r: &Reader,
    wanted: &[ActionId],
) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    if let Some(text) = salesforce.settings.private_key.exposed() {
        found.push(high("secret_exposed", text, ""));
    }
    found.push(finding(
        Severity::Info,
        "reads_could_write",
        "one token reads and writes: even a dry run holds a credential that could write".into(),
        "",
    ));
    if let Err(error) = salesforce.bearer.header(API).await {
        found.push(high("no_token", error.to_string(), error.hint()));
        return found;
    }
    let glance = Glance::new(r, &VOICE);
    found.extend(elsewhere(salesforce));
    if let Some(gap) = version(salesforce, &glance).await {
        found.push(gap);
        return found;
    }
    if let Err(why) = people::own(salesforce, &glance).await {
        let hint = "check `username`, and that the integration user may see users";
        found.push(high("own_unread", why, hint));
    }
    found.extend(lacking(salesforce, &glance, wanted).await);
    found.extend(closed(salesforce, &glance, wanted).await);
    found.extend(quota(salesforce, &glance).await);
    found.extend(no_sso(salesforce, &glance).await);
    found
}

/// A token of another instance than configured: the org was moved, or it is another org's.
fn elsewhere(salesforce: &Salesforce) -> Option<Finding> {
    let told = salesforce.instance()?;
    let host = |url: &str| url::Url::parse(url).ok()?.host_str().map(str::to_lowercase);
    let configured = salesforce.settings.instance_url.as_str();
    if host(&told).is_none() || host(&told) == host(configured) {
        return None;
    }
    Some(high(
        "other_instance",
        format!("tokens are for {told}, and `instance_url` is {configured}"),
        "let `instance_url` be the org's My Domain as Setup shows it",
    ))
}

/// Whether the org serves the version that we speak.
async fn version(salesforce: &Salesforce, glance: &Glance) -> Option<Finding> {
    let wanted = &salesforce.settings.api_version;
    let got = glance.one(Path::new("/services/data")).await;
    let versions = match &*got {
        Ok(versions) => items(versions),
        Err(unread) => {
            let hint = "check `instance_url`";
            return Some(high("versions_unread", why(unread), hint));
        }
    };
    if versions.iter().any(|each| text(each, "version") == wanted) {
        return None;
    }
    let newest = versions.last().map_or("none", |each| text(each, "version"));
    Some(high(
        "api_version",
        format!("the org does not serve API version {wanted}; its newest is {newest}"),
        "set `api_version` to one that it serves",
    ))
}

/// Each action's missing permissions, in one finding.
async fn lacking(salesforce: &Salesforce, glance: &Glance, wanted: &[ActionId]) -> Vec<Finding> {
    if let Err(why) = rights::holds(salesforce, glance, API_ENABLED).await {
        let text = format!("what the integration user may do cannot be read: {why}");
        let hint = "without it nobody can tell \"none\" from \"not shown\"";
        return vec![high("permissions_unread", text, hint)];
    }
    let mut found = Vec::new();
    for action in wanted.iter().filter_map(|id| VENDOR.action(id.verb())) {
        let mut lacks = Vec::new();
        for right in action.needs {
            if rights::holds(salesforce, glance, right).await == Ok(false) {
                lacks.push(format!("\"{right}\""));
            }
        }
        if lacks.is_empty() {
            continue;
        }
        let lacks = lacks.join(" and ");
        let verb = action.verb;
        found.push(high(
            "permission_missing",
            format!("`salesforce.{verb}` is not possible: the integration user lacks {lacks}"),
            &format!("give it {lacks} by a permission set"),
        ));
    }
    found
}

/// What the descriptions of objects do not allow, whatever the permissions say.
async fn closed(salesforce: &Salesforce, glance: &Glance, wanted: &[ActionId]) -> Vec<Finding> {
    let wants = |verb: &str| wanted.iter().any(|id| id.verb() == verb);
    let mut found = Vec::new();
    for (verb, object, allows) in DESCRIBED {
        if !wants(verb) {
            continue;
        }
        let path = Path::new(&salesforce.data)
            .then("/sobjects")
            .seg(object)
            .then("/describe");
        let text = match &*glance.one(path).await {
            Ok(described) if allows(described) => continue,
            Ok(_) => format!("`salesforce.{verb}` is not possible: {object} is closed to it"),
            Err(unread) => format!("{object} cannot be described: {}", why(unread)),
        };
        let hint = "look at the integration user's permissions and its licence";
        found.push(high("object_closed", text, hint));
    }
    found
}

/// An action, the object that it changes, and whether the object's description allows it.
type Described = (&'static str, &'static str, fn(&Value) -> bool);

const DESCRIBED: &[Described] = &[
    ("freeze_user", "UserLogin", |described| {
        let mut fields = items(&described["fields"]).iter();
        fields.any(|field| text(field, "name") == "IsFrozen" && field["updateable"] == true)
    }),
    ("revoke_oauth_tokens", "OauthToken", |described| {
        described["queryable"] == true
    }),
    ("delete_sessions", "AuthSession", |described| {
        described["deletable"] == true
    }),
];

/// The day's requests, which all integrations share.
async fn quota(salesforce: &Salesforce, glance: &Glance) -> Option<Finding> {
    let path = Path::new(&salesforce.data).then("/limits");
    let got = glance.one(path).await;
    let daily = &got.as_ref().as_ref().ok()?["DailyApiRequests"];
    let (max, left) = (daily["Max"].as_u64()?, daily["Remaining"].as_u64()?);
    let quota = Quota {
        used: max.saturating_sub(left),
        max,
    };
    quota.is_short().then(|| {
        finding(
            Severity::Warning,
            "quota_short",
            super::short_of(quota),
            "find out what uses them, or have the quota raised",
        )
    })
}

/// An org where nobody has a federation id signs people in by password, or by user name.
async fn no_sso(salesforce: &Salesforce, glance: &Glance) -> Option<Finding> {
    let soql = "SELECT COUNT() FROM User WHERE FederationIdentifier != null AND IsActive = true";
    let number = soql::count(glance, &salesforce.data, soql).await.ok()?;
    (number == 0).then(|| {
        finding(
            Severity::Warning,
            "no_federation_ids",
            "no user of the org has a federation id: it may not sign in by SAML, people are found \
             by their user name alone, and passwords of their own outlive Okta's eviction"
                .into(),
            "if people sign in through Okta here, enforce it; if user names differ from logins, \
             have Okta assert them, or name people with --identity",
        )
    })
}

fn high(id: &str, text: String, hint: &str) -> Finding {
    finding(Severity::High, id, text, hint)
}

fn finding(severity: Severity, id: &str, text: String, hint: &str) -> Finding {
    Finding {
        severity,
        id: id.into(),
        text,
        hint: hint.into(),
    }
}
