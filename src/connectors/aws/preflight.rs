//! What would stop us tonight: keys, the role, the account, its rights, the trails, the SCP.
//!
//! Reads alone, and none that tells how people stand. Whether our role may write is what AWS's own
//! simulator says of it; the organisation's policies weigh there too. It is asked with the ARN of the
//! role, because it takes none of a session [spec].

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::identity_center::Users;
use super::policy::listed;
use super::scp::{self, Attached};
use super::settings::{Auth, Keys, Place};
use super::vendor::VENDOR;
use super::voice::{VOICE, why};
use super::{Aws, api};
use crate::connectors::kit::{Glance, items, text};
use crate::model::{ActionId, Finding, Severity};
use crate::transport::Reader;

/// The form of a user's id, to see whether there is room for one more.
const SOME_USER: &str = "0000000000-00000000-0000-0000-0000-000000000000";

/// What a person should know before the night.
pub(super) async fn findings(aws: &Aws, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
    let mut found = exposed(aws);
    if is_one_power(aws) {
        found.push(finding(
            Severity::Info,
            "reads_could_write",
            "no role is assumed here, so that even a dry run holds keys that could write".into(),
            "give this system a `role_arn`: reads then get a session that AWS holds to reading",
        ));
    }
    let glance = Glance::new(r, &VOICE);
    let caller = match aws.caller(&glance).await {
        Ok(caller) => caller,
        Err(why) => {
            found.push(high("no_access", why, ""));
            return found;
        }
    };
    let wanted: Vec<&ActionId> = wanted.iter().filter(|id| carries(aws, id)).collect();
    match &aws.settings.place {
        Place::Account(account) => {
            if caller.account != account.id {
                found.push(high(
                    "other_account",
                    format!(
                        "`id` says {}, and our keys are for account {}",
                        account.id, caller.account
                    ),
                    "mend `id`, or name the account's own `role_arn`",
                ));
                return found;
            }
            found.extend(rights(aws, &glance, &wanted).await);
            found.extend(trails(aws, &glance, &wanted).await);
        }
        Place::IdentityCenter(_) => {
            found.extend(rights(aws, &glance, &wanted).await);
            found.extend(center(aws, &glance, &wanted).await);
        }
    }
    found
}

fn carries(aws: &Aws, action: &ActionId) -> bool {
    use crate::connector::Connector as _;
    action.vendor() == VENDOR.id && aws.carries(action)
}

fn exposed(aws: &Aws) -> Vec<Finding> {
    let places = match &aws.settings.auth {
        Auth::Keys(Keys {
            secret_access_key,
            session_token,
            ..
        }) => [Some(secret_access_key), session_token.as_ref()],
        Auth::WebIdentity { token, .. } => [Some(token), None],
        Auth::Profile(_) => [None, None],
    };
    let each = places.into_iter().flatten();
    each.filter_map(|place| place.exposed())
        .map(|text| high("secret_exposed", text, ""))
        .collect()
}

/// Keys that are used as they are know no reading alone.
fn is_one_power(aws: &Aws) -> bool {
    aws.settings.role().is_none() && matches!(aws.settings.auth, Auth::Keys(_) | Auth::Profile(_))
}

/// What the simulator says that our role may not do, in one finding.
async fn rights(aws: &Aws, glance: &Glance, wanted: &[&ActionId]) -> Vec<Finding> {
    let actions = wanted.iter().filter_map(|id| VENDOR.action(id.verb()));
    let needs: BTreeSet<&str> = actions.flat_map(|action| action.needs).copied().collect();
    let Some(principal) = principal(aws, glance).await.filter(|_| !needs.is_empty()) else {
        return Vec::new();
    };
    let (of_roles, others): (Vec<&str>, Vec<&str>) = needs
        .into_iter()
        .partition(|right| right.starts_with("iam:") && *right != "iam:ListRoles");
    let some_role = principal.rsplit_once(":role/").map_or_else(
        || "*".to_owned(),
        |(begin, _)| format!("{begin}:role/some-role"),
    );
    let mut missing = Vec::new();
    for (actions, resource) in [(of_roles, some_role), (others, "*".to_owned())] {
        match denied(glance, &principal, &actions, resource).await {
            Ok(denied) => missing.extend(denied),
            Err(why) => {
                return vec![finding(
                    Severity::Warning,
                    "rights_unread",
                    format!("what our role may do cannot be told: {why}"),
                    "allow `iam:SimulatePrincipalPolicy` to it, or check its policies by hand",
                )];
            }
        }
    }
    if missing.is_empty() {
        return Vec::new();
    }
    let missing = missing.join(", ");
    vec![high(
        "right_missing",
        format!("our role {principal} may not do {missing}"),
        "allow it to the role; a policy of the organisation may deny it, too",
    )]
}

/// Whom the simulator is asked about: the role itself, or the user that we are.
async fn principal(aws: &Aws, glance: &Glance) -> Option<String> {
    if let Some(role) = aws.settings.role() {
        return Some(role.arn.to_string());
    }
    let caller = aws.caller(glance).await.ok()?;
    match caller.role() {
        // Its path is not told, and without the path the ARN is another's.
        Some(role) => {
            let pairs = vec![("RoleName".into(), role.to_owned())];
            let got = glance.ask(api::iam("GetRole", pairs)).await;
            let role = got.as_ref().as_ref().ok()?;
            let arn = text(&role["GetRoleResult"]["Role"], "Arn");
            Some(arn.to_owned()).filter(|arn| !arn.is_empty())
        }
        None => Some(caller.arn.clone()).filter(|arn| arn.contains(":user/")),
    }
}

/// Which of `actions` are not allowed to `principal`.
async fn denied(
    glance: &Glance,
    principal: &str,
    actions: &[&str],
    resource: String,
) -> Result<Vec<String>, String> {
    if actions.is_empty() {
        return Ok(Vec::new());
    }
    let mut pairs: api::Pairs = vec![
        ("PolicySourceArn".into(), principal.to_owned()),
        ("ResourceArns.member.1".into(), resource),
    ];
    pairs.extend(api::members("ActionNames", actions.iter().copied()));
    let results = "EvaluationResults";
    let got = api::iam_list(glance, "SimulatePrincipalPolicy", pairs, results).await;
    let results = got.as_ref().as_ref().map_err(why)?;
    let is_denied = |result: &&Value| text(result, "EvalDecision") != "allowed";
    Ok(items(results)
        .iter()
        .filter(is_denied)
        .map(|result| text(result, "EvalActionName").to_owned())
        .collect())
}

/// Whether each trail can be asked.
async fn trails(aws: &Aws, glance: &Glance, wanted: &[&ActionId]) -> Vec<Finding> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for region in &aws.settings.trail_regions {
        let read = api::trail(region, "LookupEvents", json!({ "MaxResults": 1 }));
        if let Err(unread) = &*glance.ask(read).await {
            found.push(high(
                "trail_unread",
                format!("the trail in {region} cannot be read: {}", why(unread)),
                "without it, sessions are looked for in every role that lets Okta's users in",
            ));
        }
    }
    found
}

/// Whether people can be looked up, and whether the policy stands ready.
async fn center(aws: &Aws, glance: &Glance, wanted: &[&ActionId]) -> Vec<Finding> {
    let mut found = Vec::new();
    let nobody = Users::new(aws, glance).by_id(SOME_USER).await;
    if let Err(why) = nobody {
        found.push(high(
            "users_unread",
            why,
            "allow the reads that `block` needs to the role",
        ));
    }
    if wanted.is_empty() {
        return found;
    }
    let Some(id) = &aws.settings.scp else {
        found.push(finding(
            Severity::Warning,
            "no_scp",
            "no SCP is prepared: users of Identity Center cannot be blocked".into(),
            &format!(
                "deploy this one, attach it to the root, and name it as `scp`: {}",
                listed::prepared()
            ),
        ));
        return found;
    };
    match scp::read(glance, id).await {
        Ok(policy) => {
            if let Err(why) = policy.with(SOME_USER, true) {
                let hint = "take out whom it need not deny any more";
                found.push(high(
                    "scp_full",
                    format!("no user fits into {id}: {why}"),
                    hint,
                ));
            }
        }
        Err(why) => {
            found.push(high(
                "scp_unread",
                why,
                "mend the policy, or name another as `scp`",
            ));
            return found;
        }
    }
    found.extend(match scp::attached(glance, id).await {
        Ok(Attached::Root) => None,
        Ok(Attached::Some(places)) => Some(finding(
            Severity::Warning,
            "scp_not_at_root",
            format!("{id} holds in {} alone", places.join(", ")),
            "attach it to the root, so that it holds in every member account",
        )),
        Ok(Attached::Nowhere) => Some(high(
            "scp_not_attached",
            format!("{id} is attached to nothing: it denies nothing to anybody"),
            "attach it to the root of the organisation",
        )),
        Err(why) => Some(high("scp_unread", why, "")),
    });
    found
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
