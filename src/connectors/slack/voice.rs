//! How Slack talks: the status is 200 whatever happened, `ok` and `error` tell. SCIM's differs.

use super::super::kit::{Said, Voice};
use super::VENDOR;
use crate::model::Change;
use crate::transport::{Answer, Meaning};

pub(super) const VOICE: Voice = Voice {
    name: "Slack",
    vendor: &VENDOR,
    said,
    meaning,
    refusal,
};

/// `error` of the Web API with `needed`, or SCIM's `Errors.description`.
fn said(answer: &Answer) -> Said {
    let body = &answer.json;
    if let Some(error) = body["error"].as_str() {
        let needed = body["needed"]
            .as_str()
            .map(|scope| format!("needs {scope}"));
        return Said::new(error, &needed.unwrap_or_default());
    }
    let scim = [&body["Errors"]["description"], &body["detail"]];
    let text = scim.iter().find_map(|text| text.as_str());
    Said::new("", text.unwrap_or_default())
}

/// Errors of the Web API as statuses would say them. Source: each method's error table.
fn meaning(answer: &Answer, said: &Said) -> Meaning {
    match answer.meaning() {
        Meaning::Done if answer.json["ok"] == false => {}
        status => return status,
    }
    match said.code.as_str() {
        "users_not_found" | "user_not_found" | "no_active_sessions" | "session_not_found" => {
            Meaning::Gone
        }
        "ratelimited" => Meaning::Throttled,
        "internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout"
        | "user_session_reset_failed" => Meaning::Broken,
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive"
        | "org_login_required" => Meaning::Unauthenticated,
        "missing_scope"
        | "not_an_admin"
        | "feature_not_enabled"
        | "not_allowed_token_type"
        | "cannot_reset_primary_owner"
        | "session_reset_not_allowed"
        | "restricted_action"
        | "access_denied"
        | "no_permission" => Meaning::Forbidden,
        _ => Meaning::Invalid,
    }
}

/// The Web API throttles by 429; the word in a 200 means the same.
pub(super) fn throttled(answer: &Answer) -> bool {
    answer.json["error"] == "ratelimited"
}

/// Plan and role refusals told apart.
fn refusal(_change: &Change, said: &Said) -> Option<(String, String)> {
    let (why, hint) = match said.code.as_str() {
        "feature_not_enabled" => (
            "this Slack plan has no session reset: it comes with Enterprise".to_owned(),
            "deactivate the member instead (`slack.deactivate_user`), or by hand".to_owned(),
        ),
        "not_an_admin" => (
            "whoever installed our app is no owner or admin of the organisation any more".into(),
            "have an org owner install the app again, then `oust runs resume`".into(),
        ),
        "cannot_reset_primary_owner" | "session_reset_not_allowed" => (
            "the member is the primary owner: no app may end his sessions".into(),
            "have him sign out everywhere himself, or hand the ownership over first".into(),
        ),
        "missing_scope" => (
            format!("our token lacks a scope ({})", said.text),
            "add the scope to the app, install it again, then `oust runs resume`".into(),
        ),
        "token_revoked" | "account_inactive" | "invalid_auth" | "token_expired" => (
            format!("Slack does not take our token any more ({})", said.code),
            "find out who revoked it; install the app again and put the new token in place, then \
             `oust runs resume`"
                .into(),
        ),
        "cannot_reset_bot" => (
            "it is a bot, not a member: it has no sessions".into(),
            "uninstall its app".into(),
        ),
        _ => return None,
    };
    Some((why, hint))
}
