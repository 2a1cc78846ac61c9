//! What actions declare is what their calls take: each right that a whole incident used is declared,
//! and each that is declared was used. Who used what is told by the mocks' own tables.

use std::collections::BTreeSet;
use std::sync::Arc;

use oust::connectors::REGISTER;
use oust::engine::{Ended, Run, plan};
use oust::guard::GuardConfig;
use oust::ledger::MemoryStore;
use oust::model::{Access, Action, Undo, Verdict};
use oust_mocks::{Entry, Range, github, google, m365, slack};
use serde_json::{Value, json};

use crate::lab::services::contoso;
use crate::lab::{Lab, NoTap, shipped};

const ALEX: &str = "alex@contoso.example";

/// Rights, any of which allows a request; none where it needs none or is not known.
fn allowing(entry: &Entry) -> Vec<String> {
    let path = entry.path.as_str();
    match entry.system.as_str() {
        "aws" => {
            let mut parts = path.trim_start_matches('/').split('/');
            let (service, operation) = (parts.next(), parts.next());
            match (service, operation) {
                (Some("sts") | None, _) | (_, None) => Vec::new(),
                (Some(service), Some(operation)) => vec![format!("{service}:{operation}")],
            }
        }
        "slack" => {
            let name = path.strip_prefix("/api/").unwrap_or_default();
            let known = slack::methods().into_iter().find(|each| each.0 == name);
            let scope = known.map(|(_, _, scope, _)| scope.to_owned());
            scope
                .into_iter()
                .filter(|scope| !scope.is_empty())
                .collect()
        }
        "google" => {
            let found = google::operations()
                .into_iter()
                .find(|each| each.0 == entry.method && fits(each.1, path));
            let scopes = found.map(|(_, _, scopes, _)| scopes).unwrap_or_default();
            let whole = |scope: &&str| format!("https://www.googleapis.com/auth/{scope}");
            scopes.iter().map(whole).collect()
        }
        "m365" => {
            let found = m365::operations()
                .into_iter()
                .find(|each| each.0 == entry.method && fits(each.1, path));
            let least = found.map(|(_, _, least, _)| least).unwrap_or_default();
            least.iter().map(|right| (*right).to_owned()).collect()
        }
        "github" => {
            let found = github::operations()
                .into_iter()
                .find(|each| each.0 == entry.method && fits(each.1, path));
            let right = found.map(|(_, _, right, _)| right.replace(": ", ":"));
            right
                .into_iter()
                .filter(|right| right.contains(':'))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Whether the end of a path is what a pattern such as `/users/{id}` says.
fn fits(pattern: &str, path: &str) -> bool {
    let (wanted, is): (Vec<&str>, Vec<&str>) = (
        pattern.trim_matches('/').split('/').collect(),
        path.trim_matches('/').split('/').collect(),
    );
    is.len() >= wanted.len()
        && wanted
            .iter()
            .rev()
            .zip(is.iter().rev())
            .all(|(wanted, is)| wanted.starts_with('{') || wanted == is)
}

fn actions_of(vendor: &str) -> Vec<&'static Action> {
    let row = REGISTER.iter().find(|row| row.vendor.id == vendor).unwrap();
    let playbook = shipped("account-takeover");
    let steps = playbook.stages.iter().flat_map(|stage| &stage.steps);
    let mut found: Vec<&'static Action> = Vec::new();
    // The laboratory has one account; Identity Center has stories of its own.
    let elsewhere = "block_identity_center_user";
    let here = |verb: &str| verb != elsewhere;
    for step in steps.filter(|step| step.action.vendor() == vendor && here(step.action.verb())) {
        let action = row.vendor.action(step.action.verb()).unwrap();
        if !found.iter().any(|known| known.verb == action.verb) {
            found.push(action);
        }
    }
    found
}

fn granted(vendor: &str, access: Access) -> BTreeSet<String> {
    let row = REGISTER.iter().find(|row| row.vendor.id == vendor).unwrap();
    let grant = (row.grants)(&json!({}), &actions_of(vendor), access);
    grant.scopes.into_iter().collect()
}

async fn incident() -> Lab {
    let lab = Lab::tapped(contoso(), 7, Arc::new(NoTap), 5);
    let tools = lab.with_services(Arc::new(MemoryStore::new()));
    let request = lab.request(&[ALEX]);
    let playbook = shipped("account-takeover");
    let prepared = plan(&tools, &playbook, &GuardConfig::default(), request)
        .await
        .unwrap();
    let start = lab.start(&prepared.plan, prepared.snapshot);
    let run = Run::begin(tools, prepared.plan, start).await.unwrap();
    assert_eq!(run.carry_out().await, Ended::Closed(Verdict::Contained));
    lab
}

fn used<'r>(range: &'r Range, vendor: &'r str) -> impl Iterator<Item = (&'r Entry, Vec<String>)> {
    let entries = range.journal.entries().iter();
    entries
        .filter(move |entry| entry.system == vendor)
        .map(|entry| (entry, allowing(entry)))
        .filter(|(_, rights)| !rights.is_empty())
}

/// Rights that a higher one of the same grant stands for.
fn covers(granted: &BTreeSet<String>, right: &str) -> bool {
    granted.contains(right)
        || right
            .strip_suffix(":read")
            .is_some_and(|name| granted.contains(&format!("{name}:write")))
        || (right == "UserAuthenticationMethod.Read.All"
            && granted.contains("UserAuthenticationMethod.ReadWrite.All"))
        || (right == "Application.Read.All" && granted.contains("Directory.Read.All"))
        || (right == "MailboxSettings.Read" && granted.contains("MailboxSettings.ReadWrite"))
}

#[test]
fn whatever_can_be_undone_says_by_what() {
    for vendor in REGISTER.iter().map(|row| row.vendor) {
        let undoing = |verb: &str| {
            let mut chains = vendor.undone_by.iter();
            chains.any(|(_, by)| by.contains(&verb))
        };
        for action in vendor.actions {
            let says = vendor.undoing(action.verb).next().is_some();
            let can = action.undo == Undo::Restores && !undoing(action.verb);
            assert_eq!(says, can, "{}.{}", vendor.id, action.verb);
        }
        for (undone, by) in vendor.undone_by {
            assert!(vendor.action(undone).is_some(), "{}.{undone}", vendor.id);
            assert_eq!(
                vendor.undoing(undone).count(),
                by.len(),
                "{}.{undone}",
                vendor.id
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_an_incident_used_is_granted_and_whatever_is_granted_was_used() {
    let lab = incident().await;
    let range = lab.range.lock().unwrap();
    for vendor in ["m365", "google", "slack", "github", "aws"] {
        let (read, write) = (
            granted(vendor, Access::Read),
            granted(vendor, Access::Write),
        );
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for (entry, rights) in used(&range, vendor) {
            let enough = if entry.mutating { &write } else { &read };
            assert!(
                rights.iter().any(|right| covers(enough, right)),
                "{vendor}: {} {} takes one of {rights:?}, granted is {enough:?}",
                entry.method,
                entry.path
            );
            seen.extend(rights);
        }
        assert!(!seen.is_empty(), "{vendor}");
        let idle: Vec<&String> = write
            .iter()
            .filter(|right| !seen.contains(*right) && !is_by_another_way(vendor, right))
            .collect();
        assert!(
            idle.is_empty(),
            "{vendor}: {idle:?} is granted, and nothing used it: {seen:?}"
        );
    }
}

/// What the mocks' tables do not show: why each is needed all the same.
fn is_by_another_way(vendor: &str, right: &str) -> bool {
    match (vendor, right) {
        // The kinds of method share one handler, whose right goes by the kind.
        ("m365", "UserAuthenticationMethod.ReadWrite.All") => true,
        // The table lists the weakest alone.
        ("m365", "Directory.Read.All" | "MailboxSettings.ReadWrite") => true,
        // It dates tokens for `select: in_window`, which no shipped playbook asks of Google.
        ("google", reports) if reports.ends_with("admin.reports.audit.readonly") => true,
        // By it he is found where Okta keeps no id of him; here it does.
        ("slack", "users:read.email") => true,
        // GraphQL is one address for everything.
        ("github", "members:read" | "organization_administration:read") => true,
        _ => false,
    }
}

#[test]
fn a_policy_for_an_account_is_one_that_aws_would_take() {
    let row = REGISTER.iter().find(|row| row.vendor.id == "aws").unwrap();
    let settings = json!({
        "auth": { "profile": "responder" },
        "accounts": [{
            "id": "111122223333", "role_arn": "arn:aws:iam::111122223333:role/oust",
            "external_id": "oust-7",
        }],
        "identity_center": { "region": "us-east-1" },
        "scp": "p-examplepolicy",
    });
    let parts = (row.split)(&settings);
    assert_eq!(parts.len(), 2);
    for (name, part) in parts {
        let actions: Vec<&'static Action> = row.vendor.actions.iter().collect();
        let read = (row.grants)(&part, &actions, Access::Read);
        let write = (row.grants)(&part, &actions, Access::Write);
        for policy in read.policies.iter().chain(&write.policies) {
            is_policy(&name, &policy.document);
        }
        let reads = read.policies[0].document.to_string();
        for write_right in ["iam:PutRolePolicy", "iam:DeleteRolePolicy", "UpdatePolicy"] {
            assert!(!reads.contains(write_right), "{name}: {reads}");
        }
        let writes = write.policies[0].document.to_string();
        match name.as_str() {
            "identity-center" => {
                assert!(writes.contains("organizations:UpdatePolicy"), "{writes}");
                assert!(
                    writes.contains("service_control_policy/p-examplepolicy"),
                    "{writes}"
                );
                assert!(!writes.contains("iam:PutRolePolicy"), "{writes}");
            }
            _ => {
                assert!(
                    writes.contains("arn:aws:iam::111122223333:role/*"),
                    "{writes}"
                );
                assert!(!writes.contains("organizations:"), "{writes}");
                let statements = write.policies[0].document["Statement"].as_array();
                let denied = statements.unwrap().last().unwrap();
                assert_eq!(denied["Effect"], "Deny", "it can change itself: {writes}");
                assert_eq!(denied["Resource"], "arn:aws:iam::111122223333:role/oust");
                let trust = write.policies[1].document.to_string();
                assert!(trust.contains("\"sts:ExternalId\":\"oust-7\""), "{trust}");
            }
        }
    }
}

/// Source: IAM, "Grammar of the JSON policy language" [docs].
#[track_caller]
fn is_policy(name: &str, document: &Value) {
    assert_eq!(document["Version"], "2012-10-17", "{name}: {document}");
    let statements = document["Statement"].as_array().unwrap();
    assert!(!statements.is_empty(), "{name}: {document}");
    for statement in statements {
        let members = statement.as_object().unwrap();
        for key in members.keys() {
            let known = [
                "Sid",
                "Effect",
                "Action",
                "Resource",
                "Principal",
                "Condition",
            ];
            assert!(known.contains(&key.as_str()), "{name}: {key}");
        }
        assert!(statement["Effect"] == "Allow" || statement["Effect"] == "Deny");
        let is_trust = members.contains_key("Principal");
        assert_ne!(
            is_trust,
            members.contains_key("Resource"),
            "{name}: {statement}"
        );
        let actions = match &statement["Action"] {
            Value::Array(all) => all.clone(),
            one => vec![one.clone()],
        };
        assert!(!actions.is_empty(), "{name}: {statement}");
        for action in actions {
            let action = action.as_str().unwrap();
            assert!(
                action == "*" || action.split_once(':').is_some(),
                "{name}: {action}"
            );
        }
    }
}
