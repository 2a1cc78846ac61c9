//! What AWS itself says a session may do: its own simulator, asked about three of them.
//!
//! The subject's session a second before the cut-off must be denied; his session after it, and
//! somebody else's in the same role long before, must not be denied by our policy. Whether they may
//! do anything else is not ours to ask. The simulator weighs the policies of the role, and those of
//! the organisation; it names the policy that denies [docs*: `SourcePolicyId` holds its name]. Not
//! everybody may ask it, and not every AWS has it: then the statement that was read back is all
//! there is. Source: iam service-2.json, `SimulatePrincipalPolicy` [spec].

use std::time::Duration;

use serde_json::Value;

use super::api;
use super::policy::revoke::{NAME, SessionId, written};
use super::roles::Role;
use super::voice::why;
use crate::connectors::kit::{Glance, Unread, text};
use crate::model::Utc;

/// What is simulated: something harmless, and the way into other roles.
const PROBES: &[&str] = &["s3:ListAllMyBuckets", "sts:AssumeRole"];

/// A session name that nobody has; the second, where he is called so himself.
const BYSTANDERS: [&str; 2] = ["oust-bystander", "oust-other-bystander"];

/// Long before any cut-off.
const LONG_AGO: &str = "2011-01-01T00:00:00Z";

/// What the simulator says of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Simulated {
    /// He is denied, and nobody else.
    Exact,
    /// He is not denied, at least not yet.
    NotDenied,
    /// Somebody or something is denied that should not be: what.
    TooMuch(&'static str),
    /// It cannot be asked, for this reason.
    Unasked(String),
    /// It gave no answer this time.
    Silent(String),
}

/// Asks about a session that is denied with tokens issued before `cut_off`.
pub(super) async fn simulate(
    glance: &Glance,
    role: &Role,
    session: &SessionId,
    cut_off: Utc,
) -> Simulated {
    let second = Duration::from_secs(1);
    let bystander = BYSTANDERS.iter().find(|name| **name != session.name());
    let bystander = bystander.and_then(|name| SessionId::new(session.role(), name));
    let asked = async {
        let before = written(cut_off.minus(second));
        if !decisions(glance, role, session, &before).await?.denied {
            return Ok(Simulated::NotDenied);
        }
        let after = written(cut_off.plus(second));
        if decisions(glance, role, session, &after).await?.by_ours {
            return Ok(Simulated::TooMuch("his sessions after the cut-off"));
        }
        if let Some(bystander) = bystander
            && decisions(glance, role, &bystander, LONG_AGO).await?.by_ours
        {
            return Ok(Simulated::TooMuch("other sessions of the role"));
        }
        Ok(Simulated::Exact)
    };
    match asked.await {
        Ok(simulated) => simulated,
        Err(Unread::NoAnswer(why)) => Simulated::Silent(why),
        Err(unread) => Simulated::Unasked(why(&unread)),
    }
}

/// What was decided about all probes of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decided {
    /// All of them are denied, by ours among others as far as that is told.
    denied: bool,
    /// Some of them are denied by our policy.
    by_ours: bool,
}

async fn decisions(
    glance: &Glance,
    role: &Role,
    session: &SessionId,
    issued: &str,
) -> Result<Decided, Unread> {
    let pair = |key: &'static str, value: &str| (key.into(), value.to_owned());
    let mut pairs = vec![pair("PolicySourceArn", &role.arn)];
    pairs.extend(api::members("ActionNames", PROBES.iter().copied()));
    pairs.extend([
        pair("ContextEntries.member.1.ContextKeyName", "aws:userid"),
        pair("ContextEntries.member.1.ContextKeyType", "string"),
        pair(
            "ContextEntries.member.1.ContextKeyValues.member.1",
            &session.to_string(),
        ),
        pair(
            "ContextEntries.member.2.ContextKeyName",
            "aws:TokenIssueTime",
        ),
        pair("ContextEntries.member.2.ContextKeyType", "date"),
        pair("ContextEntries.member.2.ContextKeyValues.member.1", issued),
    ]);
    let got = glance.ask(api::iam("SimulatePrincipalPolicy", pairs)).await;
    let answer = got.as_ref().as_ref().map_err(Unread::clone)?;
    let results = &answer["SimulatePrincipalPolicyResult"]["EvaluationResults"];
    decided(results).ok_or_else(|| Unread::NoAnswer("AWS simulated something else".into()))
}

/// `None` if the answer does not cover what was asked.
fn decided(results: &Value) -> Option<Decided> {
    let results = api::items_of(results)?;
    let of = |probe: &&str| {
        let mut of_it = results.iter();
        of_it.find(|result| text(result, "EvalActionName").eq_ignore_ascii_case(probe))
    };
    let all: Option<Vec<&Value>> = PROBES.iter().map(of).collect();
    let all = all?;
    let is_denied = |result: &&Value| text(result, "EvalDecision") == "explicitDeny";
    Some(Decided {
        denied: all
            .iter()
            .all(|result| is_denied(result) && is_ours(result) != Some(false)),
        by_ours: all
            .iter()
            .any(|result| is_denied(result) && is_ours(result) == Some(true)),
    })
}

/// Whether one of the statements that decided is in our policy; `None` if none is named.
fn is_ours(result: &Value) -> Option<bool> {
    let named = api::items_of(&result["MatchedStatements"]).unwrap_or_default();
    let mut names = named.iter().map(|one| text(one, "SourcePolicyId"));
    (!named.is_empty()).then(|| names.any(|name| name.contains(NAME)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn result(probe: &str, decision: &str, by: &[&str]) -> Value {
        let matched: Vec<Value> = by
            .iter()
            .map(|by| json!({ "SourcePolicyId": by }))
            .collect();
        json!({ "EvalActionName": probe, "EvalDecision": decision, "MatchedStatements": matched })
    }

    fn both(decision: &str, by: &[&str]) -> Option<Decided> {
        let each = PROBES.iter().map(|probe| result(probe, decision, by));
        decided(&each.collect())
    }

    #[test]
    fn a_denial_counts_where_ours_is_named_or_nothing_is() {
        let is = |denied, by_ours| Some(Decided { denied, by_ours });
        assert_eq!(
            both("explicitDeny", &["role_Admin_OustRevoke"]),
            is(true, true)
        );
        assert_eq!(both("explicitDeny", &[]), is(true, false));
        assert_eq!(
            both("explicitDeny", &["role_Admin_Other"]),
            is(false, false)
        );
        assert_eq!(both("implicitDeny", &[]), is(false, false));
        assert_eq!(both("allowed", &["role_Admin_Other"]), is(false, false));
    }

    #[test]
    fn one_of_two_denied_is_not_denied_and_half_an_answer_is_none() {
        let ours: &[&str] = &["role_Admin_OustRevoke"];
        let half = json!([
            result(PROBES[0], "explicitDeny", ours),
            result(PROBES[1], "allowed", &["x"]),
        ]);
        let is = decided(&half).unwrap();
        assert!(!is.denied && is.by_ours);
        assert_eq!(
            decided(&json!([result(PROBES[0], "explicitDeny", ours)])),
            None
        );
        assert_eq!(decided(&json!("")), None);
        assert_eq!(decided(&json!({})), None);
    }
}
