//! The policy simulator: what a role could do with this context, and by which statements.
//!
//! The organisation's policies are part of it, with their conditions [spec]. A matched statement of
//! an inline policy is called `role_ROLE_POLICY`, of type `IAM Policy`: assumed from the examples of the reference.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answers::{Done, Outcome, refuse};
use super::policy::{Context, Say, say, statements};
use super::state::Role;
use super::{Aws, Call, iam};

impl Aws {
    pub(super) fn simulate_principal_policy(&mut self, call: &Call<'_>) -> Outcome {
        let source = call.field("PolicySourceArn");
        self.allow(call.caller, "iam:SimulatePrincipalPolicy", source, source)?;
        let found = self.role_of(source);
        let Some((account, role)) = found.filter(|(account, _)| account == call.account()) else {
            let text = format!("No entity found: {source}");
            return Err(refuse(404, "NoSuchEntity", text));
        };
        let actions = call.members("ActionNames");
        if actions.is_empty() || actions.iter().any(|action| !action.contains(':')) {
            let text = "Invalid Entity for action name";
            return Err(refuse(400, "InvalidInput", text));
        }
        let context = context(call);
        let mut resources = call.members("ResourceArns");
        if resources.is_empty() {
            resources.push("*");
        }
        let rows = actions
            .iter()
            .flat_map(|action| {
                let each = resources.iter();
                each.map(|resource| self.row(&account, &role, action, resource, &context))
                    .collect::<Vec<_>>()
            })
            .collect();
        iam::page(call, rows, 100, "EvaluationResults").map(|done| Done::told(done.result))
    }

    fn row(
        &self,
        account: &str,
        role: &Role,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Value {
        let mut full = context.clone();
        full.insert("aws:PrincipalArn".to_owned(), role.arn(account));
        let mut matched = BTreeMap::from([(true, Vec::new()), (false, Vec::new())]);
        for (source, document) in role.documents() {
            for (said, statement) in single(&document, action, resource, &full) {
                let row = json!({
                    "SourcePolicyId": source, "SourcePolicyType": "IAM Policy",
                    "StartPosition": { "Line": statement + 1, "Column": 1 },
                    "EndPosition": { "Line": statement + 1, "Column": 2 },
                });
                matched.entry(said == Say::Deny).or_default().push(row);
            }
        }
        let organization = self.organization_says(account, action, resource, &full);
        let denied = !matched[&true].is_empty();
        let allowed = !matched[&false].is_empty() && organization == Say::Allow;
        let decision = match (denied || organization == Say::Deny, allowed) {
            (true, _) => "explicitDeny",
            (_, true) => "allowed",
            _ => "implicitDeny",
        };
        json!({
            "EvalActionName": action, "EvalResourceName": resource, "EvalDecision": decision,
            "MatchedStatements": matched[&denied], "MissingContextValues": [],
            "OrganizationsDecisionDetail": { "AllowedByOrganizations": organization == Say::Allow },
        })
    }
}

/// What each statement of a document says, if it says anything, and its place.
fn single(document: &Value, action: &str, resource: &str, context: &Context) -> Vec<(Say, usize)> {
    let all = statements(document).into_iter().enumerate();
    all.map(|(n, statement)| {
        let alone = json!({ "Statement": [statement] });
        (say(&alone, action, resource, context), n)
    })
    .filter(|(said, _)| *said != Say::Nothing)
    .collect()
}

/// The context that the caller gives; of several values of a key, the first.
fn context(call: &Call<'_>) -> Context {
    (1..)
        .map_while(|n| {
            let entry = |what: &str| call.given(&format!("ContextEntries.member.{n}.{what}"));
            let name = entry("ContextKeyName")?;
            Some((name, entry("ContextKeyValues.member.1").unwrap_or_default()))
        })
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
