//! AWS Organizations: one prepared policy, read and rewritten.
//!
//! Only from the management account, as there is no delegated administrator here.

use serde_json::{Value, json};

use super::answers::{Done, Outcome, Refusal, refuse};
use super::state::Scp;
use super::{Aws, Call, MANAGEMENT, policy};

impl Aws {
    pub(super) fn describe_organization(&mut self, call: &Call<'_>) -> Outcome {
        self.allow(call.caller, "organizations:DescribeOrganization", "*", "*")?;
        let id = &self.organization.id;
        Ok(Done::told(json!({ "Organization": {
            "Id": id, "MasterAccountId": MANAGEMENT, "FeatureSet": "ALL",
            "Arn": format!("arn:aws:organizations::{MANAGEMENT}:organization/{id}"),
        }})))
    }

    pub(super) fn describe_policy(&mut self, call: &Call<'_>) -> Outcome {
        let scp = self.scp(call, "organizations:DescribePolicy")?;
        Ok(Done::told(json!({ "Policy": self.shown(scp) })))
    }

    pub(super) fn list_targets_for_policy(&mut self, call: &Call<'_>) -> Outcome {
        let scp = self.scp(call, "organizations:ListTargetsForPolicy")?;
        let id = &self.organization.id;
        let targets: Vec<Value> = scp
            .targets
            .iter()
            .map(|target| {
                let (kind, tail) = if target.starts_with("r-") {
                    ("ROOT", format!("root/{id}/{target}"))
                } else {
                    ("ACCOUNT", format!("account/{id}/{target}"))
                };
                json!({
                    "TargetId": target, "Type": kind, "Name": target,
                    "Arn": format!("arn:aws:organizations::{MANAGEMENT}:{tail}"),
                })
            })
            .collect();
        Ok(Done::told(json!({ "Targets": targets })))
    }

    pub(super) fn update_policy(&mut self, call: &Call<'_>) -> Outcome {
        let scp = self.scp(call, "organizations:UpdatePolicy")?;
        let mut changed = scp.clone();
        if scp.aws_managed {
            let text = "The operation cannot be performed on an AWS managed policy.";
            return Err(refuse(400, "PolicyChangesNotAllowedException", text));
        }
        if let Some(content) = call.json["Content"].as_str() {
            policy::check(content)
                .map_err(|why| refuse(400, "MalformedPolicyDocumentException", why))?;
            if content.chars().count() > self.settings.scp_max {
                let text = "You have exceeded the allowed limit for the maximum size of a policy.";
                return Err(refuse(400, "ConstraintViolationException", text));
            }
            content.clone_into(&mut changed.content);
        }
        if let Some(name) = call.json["Name"].as_str() {
            name.clone_into(&mut changed.name);
        }
        let effective = changed.content != scp.content || changed.name != scp.name;
        if self.disturbed() {
            let text = "The target of the operation is currently being modified by a different request. Try again later.";
            return Err(refuse(400, "ConcurrentModificationException", text));
        }
        let shown = self.shown(&changed);
        let all = &mut self.organization.policies;
        all.insert(changed.id.clone(), changed);
        Ok(Done::changed(json!({ "Policy": shown }), effective))
    }

    /// The policy that a call names, if the caller may do this to it.
    fn scp(&self, call: &Call<'_>, action: &str) -> Result<&Scp, Refusal> {
        let id = call.json["PolicyId"].as_str().unwrap_or_default();
        let arn = self.arn_of_scp(id);
        self.allow(call.caller, action, &arn, &arn)?;
        if call.account() != MANAGEMENT {
            let text = "You don't have permissions to access this resource.";
            return Err(refuse(400, "AccessDeniedException", text));
        }
        self.organization.policies.get(id).ok_or_else(|| {
            let text = "We can't find a policy with the PolicyId that you specified.";
            refuse(400, "PolicyNotFoundException", text)
        })
    }

    fn arn_of_scp(&self, id: &str) -> String {
        let organization = &self.organization.id;
        format!(
            "arn:aws:organizations::{MANAGEMENT}:policy/{organization}/service_control_policy/{id}"
        )
    }

    fn shown(&self, scp: &Scp) -> Value {
        json!({
            "PolicySummary": {
                "Id": scp.id, "Arn": self.arn_of_scp(&scp.id), "Name": scp.name,
                "Description": "", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": scp.aws_managed,
            },
            "Content": scp.content,
        })
    }
}
