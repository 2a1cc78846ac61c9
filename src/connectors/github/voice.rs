//! What GitHub says, and what it means.
//!
//! Oddities: throttling is a 403 as often as a 429, told by `retry-after`, by a spent
//! `x-ratelimit-remaining` or by its text; GraphQL answers 200 whatever happened and keeps its
//! errors in `errors`; a right that is missing may be a 404; a token that was not authorised for
//! single sign-on is a 403 with `x-github-sso`. Source: GitHub, "Rate limits for the REST API"
//! [docs]; the texts and `x-github-sso` [docs*].

use serde_json::Value;

use super::vendor::VENDOR;
use crate::connectors::kit::{Said, Unread, Voice, by_status, login_of};
use crate::model::Change;
use crate::transport::{Answer, Meaning};

/// How GitHub talks.
pub(super) static VOICE: Voice = Voice {
    name: "GitHub",
    vendor: &VENDOR,
    said,
    meaning,
    refusal,
};

/// Codes of ours, for what GitHub says in prose.
const SSO: &str = "sso_required";
const NOT_FOR_APPS: &str = "not_for_apps";
const LACKS: &str = "permission_missing";
const FIRST_OWNER: &str = "first_owner";
const NOT_MANAGED: &str = "no_managed_users";
const SUSPENDED: &str = "installation_suspended";

fn said(answer: &Answer) -> Said {
    let body = &answer.json;
    if let Some(error) = graph_error(answer) {
        let code = error["type"].as_str().unwrap_or("GraphQL");
        return Said::new(code, error["message"].as_str().unwrap_or_default());
    }
    // REST says `message`, SCIM `detail`.
    let told = [&body["message"], &body["detail"]];
    let told = told.iter().find_map(|text| text.as_str());
    let told = told.unwrap_or_default();
    Said::new(code_of(answer, told), told)
}

fn code_of(answer: &Answer, told: &str) -> &'static str {
    let told = told.to_lowercase();
    let has = |words: &str| told.contains(words);
    let is_sso = answer
        .header("x-github-sso")
        .is_some_and(|text| text.starts_with("required"));
    match answer.status {
        200..=299 => "",
        _ if is_sso => SSO,
        _ if has("installation has been suspended") => SUSPENDED,
        403 | 404 if has("not accessible by integration") => LACKS,
        403 if has("not accessible by personal access token") => NOT_FOR_APPS,
        422 if has("first emu owner") => FIRST_OWNER,
        422 if has("enterprise managed user") => NOT_MANAGED,
        _ => "",
    }
}

/// The first of the errors inside a 200.
fn graph_error(answer: &Answer) -> Option<&Value> {
    answer.json["errors"]
        .as_array()?
        .first()
        .filter(|_| answer.status == 200)
}

fn meaning(answer: &Answer, said: &Said) -> Meaning {
    if is_too_fast(answer) {
        return Meaning::Throttled;
    }
    if graph_error(answer).is_none() {
        return by_status(answer, said);
    }
    match said.code.as_str() {
        "FORBIDDEN" | "INSUFFICIENT_SCOPES" => Meaning::Forbidden,
        // Never "gone": an organisation that we may not see is no proof of anything.
        "NOT_FOUND" | "undefinedField" | "GraphQL" => Meaning::Invalid,
        _ => Meaning::Broken,
    }
}

/// Whether an answer other than a 429 says "too fast, it had no effect".
pub(super) fn is_too_fast(answer: &Answer) -> bool {
    if let Some(error) = graph_error(answer) {
        return error["type"] == "RATE_LIMITED" || error["type"] == "RATE_LIMIT";
    }
    let told = answer.json["message"].as_str().unwrap_or_default();
    let by_text = told.to_lowercase().contains("rate limit");
    let spent = answer.header("x-ratelimit-remaining") == Some("0");
    answer.status == 403 && (by_text || spent || answer.header("retry-after").is_some())
}

/// GitHub's refusals, with what to do.
fn refusal(change: &Change, said: &Said) -> Option<(String, String)> {
    let who = login_of(change);
    let (action, text) = (&change.action, &said.text);
    let needs = VOICE.needs(change);
    let (why, hint) = match said.code.as_str() {
        SSO => (
            "our token is not authorised for the organisation's single sign-on".to_owned(),
            "authorise it (Settings, Personal access tokens, Configure SSO), or use a GitHub App; \
             then `oust runs resume`"
                .to_owned(),
        ),
        LACKS => (
            format!("our App may not do `{action}` ({text})"),
            format!(
                "grant the App {needs}, have an owner accept it, then `oust runs resume`"
            ),
        ),
        NOT_FOR_APPS => (
            format!("our personal access token may not do `{action}` ({text})"),
            "use a GitHub App: `app_id` and `private_key`".into(),
        ),
        SUSPENDED => (
            "the installation of our App is suspended".into(),
            "have an owner unsuspend it and find out who did it; then `oust runs resume`".into(),
        ),
        FIRST_OWNER => (
            format!("{who} is the first owner of the enterprise: no call may act on him ({text})"),
            "sign in as the setup user and change his credentials by hand".into(),
        ),
        NOT_MANAGED => (
            format!("the enterprise has no managed users ({text})"),
            "his tokens and keys are his own: revoke their authorisations by `org`, and remove the \
             member if that is not enough"
                .into(),
        ),
        _ => return None,
    };
    Some((why, hint))
}

/// Why something was not read, with what to do where GitHub's own words mislead.
pub(super) fn why(unread: &Unread, right: &str) -> String {
    let sentence = unread.why();
    match unread {
        Unread::Refused { said, .. } if said.code == SSO => format!(
            "{sentence}: authorise our token for single sign-on (Settings, Personal access \
             tokens, Configure SSO)"
        ),
        Unread::Refused { said, .. } if said.code == NOT_FOR_APPS => {
            format!("{sentence}: only a GitHub App can, not a token (`app_id`, `private_key`)")
        }
        Unread::Refused { .. } => format!("{sentence}: it takes {right}"),
        Unread::Absent { .. } => {
            format!("{sentence}: GitHub hides what it takes {right} to see")
        }
        Unread::NoAnswer(_) => sentence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Utc;
    use http::HeaderMap;
    use serde_json::json;

    fn answer(status: u16, json: Value, headers: &[(&'static str, &str)]) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Answer {
            status,
            json,
            request_id: None,
            sent_at: Utc::from_millis(0),
            server_at: Utc::from_millis(0),
            headers: map,
        }
    }

    #[test]
    fn a_403_that_throttles_is_no_refusal_and_one_that_refuses_no_throttling() {
        let told = json!({ "message": "You have exceeded a secondary rate limit." });
        let plain = json!({ "message": "Resource not accessible by integration" });
        for throttled in [
            answer(403, told.clone(), &[]),
            answer(403, plain.clone(), &[("retry-after", "60")]),
            answer(403, plain.clone(), &[("x-ratelimit-remaining", "0")]),
            answer(429, json!({}), &[]),
        ] {
            assert_eq!(VOICE.meaning(&throttled), Meaning::Throttled);
        }
        let refused = answer(403, plain, &[("x-ratelimit-remaining", "12")]);
        assert_eq!(VOICE.meaning(&refused), Meaning::Forbidden);
        assert_eq!(said(&refused).code, LACKS);
    }

    #[test]
    fn an_error_inside_a_200_is_an_error_and_never_says_that_somebody_is_gone() {
        let error = |kind: &str| {
            let errors = json!([{ "type": kind, "message": "no" }]);
            let body = json!({ "data": { "organization": null }, "errors": errors });
            VOICE.meaning(&answer(200, body, &[]))
        };
        assert_eq!(error("NOT_FOUND"), Meaning::Invalid);
        assert_eq!(error("FORBIDDEN"), Meaning::Forbidden);
        assert_eq!(error("RATE_LIMITED"), Meaning::Throttled);
        assert_eq!(error("SOMETHING_ELSE"), Meaning::Broken);
        let good = answer(200, json!({ "data": {} }), &[]);
        assert_eq!(VOICE.meaning(&good), Meaning::Done);
    }

    #[test]
    fn the_link_of_a_token_that_is_not_authorised_is_not_repeated() {
        let url = "required; url=https://github.com/orgs/contoso/sso?authorization_request=hunter2";
        let refused = answer(403, json!({}), &[("x-github-sso", url)]);
        assert_eq!(said(&refused), Said::new(SSO, ""));
    }
}
