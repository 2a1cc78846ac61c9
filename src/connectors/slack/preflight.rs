//! What would stop us tonight: the token, its scopes, the plan and the role.
//!
//! `auth.test` tells who we are, and its header which scopes the token has; the list of our own
//! sessions, asked for one of them, fails without the plan or the role. No write is tried: that a
//! reset is allowed follows from its scope and from that role. Source: Slack, method reference;
//! `X-OAuth-Scopes` [docs*].

use serde_json::json;

use super::voice::VOICE;
use super::{Slack, VENDOR, sessions};
use crate::connectors::kit::{Glance, text, unread};
use crate::model::{ActionId, Finding, Severity};
use crate::transport::{Path, Read, Reader};

/// What a person should know before the night.
pub(super) async fn findings(slack: &Slack, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
    let exposed = slack.token.exposed();
    let mut found: Vec<Finding> = exposed
        .map(|text| high("secret_exposed", text, ""))
        .into_iter()
        .collect();
    found.push(Finding {
        severity: Severity::Info,
        ..high(
            "reads_could_write",
            "one token reads and writes: even a dry run holds a credential that could write".into(),
            "",
        )
    });
    let hint = "check the token: a user token (xoxp-) of an org owner";
    let answer = match r
        .send(&Read::query(Path::new("/auth.test"), json!({})))
        .await
    {
        Ok(answer) if VOICE.is_good(&answer) => answer,
        Ok(answer) => {
            found.push(high("slack_access", VOICE.sentence(&answer), hint));
            return found;
        }
        Err(error) => {
            found.push(high("slack_access", unread(&error), hint));
            return found;
        }
    };
    let lacks = lacking(answer.header("x-oauth-scopes"), wanted);
    let (enterprise, user) = (
        text(&answer.json, "enterprise_id"),
        text(&answer.json, "user_id"),
    );
    if enterprise.is_empty() {
        found.push(high(
            "slack_access",
            "the token is of a workspace, not of an Enterprise organisation".into(),
            "sessions can be reset on Enterprise only; install the app on the organisation",
        ));
    } else if !lacks.iter().any(|(scope, _)| *scope == "admin.users:read") {
        let glance = Glance::new(r, &VOICE);
        if let Err(why) = sessions::any(&glance, enterprise, user).await {
            let hint = "grant admin.users:read and admin.users:write; the token's owner must be an \
                        owner or admin of the organisation";
            found.push(high("slack_access", why, hint));
        }
    }
    for (scope, actions) in lacks {
        let text = format!(
            "the token lacks {scope}: {} is not possible",
            actions.join(", ")
        );
        let hint = format!("add the user scope {scope} to the app, and install it again");
        found.push(high("scope_missing", text, &hint));
    }
    found
}

/// Scopes that the wanted actions declare and the token does not have, with those actions. A token
/// that does not tell its scopes is believed.
fn lacking(told: Option<&str>, wanted: &[ActionId]) -> Vec<(&'static str, Vec<String>)> {
    let Some(told) = told else { return Vec::new() };
    let has = |scope: &str| told.split(',').any(|each| each.trim() == scope);
    let mut lacks: Vec<(&'static str, Vec<String>)> = Vec::new();
    for id in wanted {
        let Some(action) = VENDOR.action(id.verb()) else {
            continue;
        };
        for scope in action.needs.iter().chain(action.reads) {
            if has(scope) {
                continue;
            }
            let name = format!("`{id}`");
            match lacks.iter_mut().find(|(known, _)| known == scope) {
                Some((_, actions)) if actions.contains(&name) => {}
                Some((_, actions)) => actions.push(name),
                None => lacks.push((scope, vec![name])),
            }
        }
    }
    lacks
}

fn high(id: &str, text: String, hint: &str) -> Finding {
    Finding {
        severity: Severity::High,
        id: id.into(),
        text,
        hint: hint.into(),
    }
}
