//! The quarantine group: whether it is there, and whether a policy denies sign-in to it.
//!
//! A group that nothing denies to is a quarantine on paper. The global session policies are read
//! with their rules: one for the group must deny by its first active rule, to everybody and from
//! everywhere, and no policy for somebody else may come before it, since the first that fits decides.
//! What app policies then allow to a session that is never made does not matter.
//!
//! Assumed: that this is what decides on Identity Engine as on Classic, and the members read here.
//! Source: Okta API, Policies: `GET /api/v1/policies?type=OKTA_SIGN_ON`, `GET
//! /api/v1/policies/{policyId}/rules`, `okta.policies.read` [docs*: not in our extract of the
//! specification].

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::Okta;
use super::super::answers::sentence;
use super::super::glance::{Glance, items, text};
use super::super::quarantine::NOT_CONFIGURED;
use super::{finding, told, unread, wants};
use crate::model::{ActionId, Finding, Severity};
use crate::transport::{Path, Read, Reader};

const GROUPS_READ: &str = "okta.groups.read";
const POLICIES_READ: &str = "okta.policies.read";

/// Rules without one of these hold for everybody and everywhere.
const NARROWS: &[(&str, &str)] = &[("network", "connection"), ("authContext", "authType")];

pub(super) async fn look(
    okta: &Okta,
    r: &Reader,
    wanted: &[ActionId],
    missing: &BTreeSet<&'static str>,
) -> Vec<Finding> {
    if !wants(wanted, &["quarantine_user"]) {
        return Vec::new();
    }
    let Some(group) = &okta.settings.quarantine_group else {
        let text = "accounts that cannot be suspended (locked out, expired) stay open";
        let severity = Severity::Warning;
        return vec![told(
            severity,
            "no_quarantine_group",
            text.into(),
            NOT_CONFIGURED,
        )];
    };
    if !missing.contains(GROUPS_READ)
        && let Some(gone) = exists(r, group).await
    {
        return vec![gone];
    }
    if missing.contains(POLICIES_READ) {
        return vec![untold(group, "okta.policies.read is not granted")];
    }
    denies(r, group).await.into_iter().collect()
}

async fn exists(r: &Reader, group: &str) -> Option<Finding> {
    let path = Path::new("/api/v1/groups")
        .seg(group)
        .then("/users")
        .query("limit", "1");
    let hint = "check `quarantine_group` and grant okta.groups.read and okta.groups.manage";
    match r.send(&Read::get(path)).await {
        Ok(answer) if answer.is_good() => None,
        Ok(answer) => Some(finding(
            "quarantine_group_unread",
            format!("the quarantine group {group}: {}", sentence(&answer)),
            hint,
        )),
        Err(error) => Some(unread("quarantine_group_unread", &error, hint)),
    }
}

fn untold(group: &str, why: &str) -> Finding {
    told(
        Severity::Info,
        "quarantine_untold",
        format!(
            "whether a policy denies sign-in to the quarantine group {group} is not known ({why}): \
             oust takes it that one does"
        ),
        "grant okta.policies.read, or look under Security, Global Session Policy",
    )
}

async fn denies(r: &Reader, group: &str) -> Option<Finding> {
    let glance = Glance::new(r);
    let path = Path::new("/api/v1/policies").query("type", "OKTA_SIGN_ON");
    let got = glance.list(path).await;
    let policies = match &*got {
        Ok(policies) => policies,
        Err(unread) => return Some(untold(group, &unread.why())),
    };
    let mut active: Vec<&Value> = items(policies)
        .iter()
        .filter(|policy| text(policy, "status") == "ACTIVE")
        .collect();
    active.sort_by_key(|policy| policy["priority"].as_i64().unwrap_or(i64::MAX));
    let is_for = |policy: &&&Value| includes(policy, group);
    let Some(policy) = active.iter().find(is_for) else {
        return Some(no_rule(group, "no active global session policy is for it"));
    };
    let name = text(policy, "name");
    let path = Path::new("/api/v1/policies")
        .seg(text(policy, "id"))
        .then("/rules");
    let got = glance.list(path).await;
    let rules = match &*got {
        Ok(rules) => rules,
        Err(unread) => return Some(untold(group, &unread.why())),
    };
    let mut rules: Vec<&Value> = items(rules)
        .iter()
        .filter(|rule| text(rule, "status") == "ACTIVE")
        .collect();
    rules.sort_by_key(|rule| rule["priority"].as_i64().unwrap_or(i64::MAX));
    let Some(rule) = rules.first() else {
        return Some(no_rule(
            group,
            &format!("policy \"{name}\" has no active rule"),
        ));
    };
    if text(&rule["actions"]["signon"], "access") != "DENY" {
        let rule = text(rule, "name");
        let why = format!("the first rule of policy \"{name}\", \"{rule}\", does not deny");
        return Some(no_rule(group, &why));
    }
    if is_narrow(rule) {
        let rule = text(rule, "name");
        let why = format!(
            "rule \"{rule}\" of policy \"{name}\" denies to some alone, or from some places"
        );
        return Some(no_rule(group, &why));
    }
    before(&active, policy, group)
}

fn includes(policy: &Value, group: &str) -> bool {
    let people = &policy["conditions"]["people"]["groups"]["include"];
    items(people).iter().any(|id| id == group)
}

/// Whether a rule holds for less than everybody of its policy from everywhere.
fn is_narrow(rule: &Value) -> bool {
    let conditions = &rule["conditions"];
    let narrowed = |(part, key): &(&str, &str)| {
        let word = text(&conditions[*part], key);
        !matches!(word, "" | "ANYWHERE" | "ANY")
    };
    let spares = ["users", "groups"]
        .iter()
        .any(|who| !items(&conditions["people"][*who]["exclude"]).is_empty());
    NARROWS.iter().any(narrowed) || spares
}

/// A policy for others that comes first decides about those who are in both.
fn before(active: &[&Value], policy: &Value, group: &str) -> Option<Finding> {
    let earlier: Vec<String> = active
        .iter()
        .take_while(|each| each["id"] != policy["id"])
        .map(|each| format!("\"{}\"", text(each, "name")))
        .collect();
    (!earlier.is_empty()).then(|| {
        told(
            Severity::Warning,
            "quarantine_not_first",
            format!(
                "{} before the policy that denies sign-in to the quarantine group {group}: whoever \
                 is in its groups, too, stays open",
                match &earlier[..] {
                    [one] => format!("policy {one} comes"),
                    many => format!("policies {} come", many.join(", ")),
                }
            ),
            "give the policy of the quarantine group the first place",
        )
    })
}

fn no_rule(group: &str, why: &str) -> Finding {
    finding(
        "quarantine_denies_nothing",
        format!("nothing denies sign-in to the quarantine group {group}: {why}"),
        "make a global session policy for this group alone, first in order, whose one rule denies",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_rule_that_spares_somebody_or_holds_in_one_place_is_narrow() {
        let anywhere = json!({ "conditions": { "network": { "connection": "ANYWHERE" },
            "authContext": { "authType": "ANY" }, "people": { "users": { "exclude": [] } } } });
        assert!(!is_narrow(&anywhere));
        assert!(!is_narrow(&json!({})));
        let zone = json!({ "conditions": { "network": { "connection": "ZONE" } } });
        let spared = json!({ "conditions": { "people": { "users": { "exclude": ["00u1"] } } } });
        assert!(is_narrow(&zone) && is_narrow(&spared));
    }
}
