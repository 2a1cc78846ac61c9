//! How Salesforce talks, and what its refusals mean for people.
//!
//! Errors are an array of objects, or an OAuth object at the token endpoints. Oddities: an object
//! that we may not see is a 400 `INVALID_TYPE`, as if it did not exist; a day's quota that is used
//! up is a 403 and says the same as too many calls at once, but for its text; a version that the
//! org does not serve is a 404, which is no "gone". Source: REST API, "Status Codes and Error
//! Responses" [docs*]; revoke errors [docs].

use super::vendor::VENDOR;
use crate::connectors::kit::{Said, Unread, Voice};
use crate::model::Change;
use crate::transport::{Answer, Meaning, Quota};

/// How Salesforce talks.
pub(super) static VOICE: Voice = Voice {
    name: "Salesforce",
    vendor: &VENDOR,
    said,
    meaning,
    refusal,
};

/// `[{"errorCode","message"}]`, or `{"error","error_description"}`.
fn said(answer: &Answer) -> Said {
    let first = &answer.json[0];
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    if first["errorCode"].is_string() {
        return Said::new(&text(&first["errorCode"]), &text(&first["message"]));
    }
    Said::new(
        &text(&answer.json["error"]),
        &text(&answer.json["error_description"]),
    )
}

fn meaning(answer: &Answer, said: &Said) -> Meaning {
    if answer.is_good() {
        return answer.meaning();
    }
    by_code(&said.code).unwrap_or_else(|| answer.meaning())
}

/// What an error code means, where it says more than the status.
pub(super) fn by_code(code: &str) -> Option<Meaning> {
    Some(match code {
        "REQUEST_LIMIT_EXCEEDED" => Meaning::Throttled,
        "INVALID_SESSION_ID" => Meaning::Unauthenticated,
        "INVALID_TYPE" | "INVALID_FIELD" | "INVALID_FIELD_FOR_INSERT_UPDATE" => Meaning::Forbidden,
        "API_DISABLED_FOR_ORG" | "API_CURRENTLY_DISABLED" => Meaning::Forbidden,
        code if code.starts_with("INSUFFICIENT_ACCESS") => Meaning::Forbidden,
        // The third [docs*]: an id of the right form that nothing has.
        "NOT_FOUND" | "ENTITY_IS_DELETED" | "INVALID_CROSS_REFERENCE_KEY" => Meaning::Gone,
        "invalid_token" => Meaning::Gone,
        "UNABLE_TO_LOCK_ROW" => Meaning::Conflict,
        _ => return None,
    })
}

/// Whether a 403 says "too many at once, it had no effect". The day's quota, which waiting does
/// not bring back tonight, says `TotalRequests` [docs*].
pub(super) fn too_many_at_once(answer: &Answer) -> bool {
    let said = said(answer);
    said.code == "REQUEST_LIMIT_EXCEEDED" && said.text.contains("Concurrent")
}

/// `Sforce-Limit-Info: api-usage=17/100000`, perhaps with more beside it.
pub(super) fn quota(headers: &http::HeaderMap) -> Option<Quota> {
    let text = headers.get("sforce-limit-info")?.to_str().ok()?;
    let mut pairs = text.split([',', ';']).map(str::trim);
    let usage = pairs.find_map(|pair| pair.strip_prefix("api-usage="))?;
    let (used, max) = usage.split_once('/')?;
    Some(Quota {
        used: used.trim().parse().ok()?,
        max: max.trim().parse().ok()?,
    })
}

/// What we know better than Salesforce's own sentence: why, and what to do.
pub(super) fn in_words(said: &Said) -> Option<(String, String)> {
    let text = &said.text;
    let (why, hint) = match said.code.as_str() {
        "REQUEST_LIMIT_EXCEEDED" if text.contains("TotalRequests") => (
            format!("the org's API requests of the last 24 hours are used up ({text})"),
            "freeze him by hand (Setup, Users), end his sessions there (Session Management), and \
             find out what uses them; they come back over the day",
        ),
        "API_DISABLED_FOR_ORG" | "API_CURRENTLY_DISABLED" => (
            format!("the API is closed to us ({text})"),
            "give the integration user the permission \"API Enabled\"; some editions have no API",
        ),
        "INVALID_TYPE" | "INVALID_FIELD" => (
            format!("Salesforce does not show it to the integration user ({text})"),
            "give the integration user the permissions \"Manage Users\" and \"Customize \
             Application\"",
        ),
        code if code.starts_with("INSUFFICIENT_ACCESS") => (
            format!("the integration user may not do this ({code}: {text})"),
            "give the integration user the permissions \"Manage Users\" and \"Customize \
             Application\"; an administrator may be beyond its reach",
        ),
        "NOT_FOUND" => (
            format!("there is no such thing, or we may not see it ({text})"),
            "check the integration user's permissions, and that the org serves the configured \
             `api_version`",
        ),
        "INVALID_SESSION_ID" => (
            format!("Salesforce ended our session and does not take a new one ({text})"),
            "look at the integration user: frozen, deactivated, or kept out by login hours or IP \
             ranges",
        ),
        _ => return None,
    };
    Some((why, hint.into()))
}

fn refusal(change: &Change, said: &Said) -> Option<(String, String)> {
    let needs = VOICE.needs(change);
    let (why, hint) = in_words(said)?;
    let hint = match said.code.as_str() {
        "INVALID_TYPE" | "INVALID_FIELD" => format!("grant {needs} to the integration user"),
        _ => hint,
    };
    Some((why, format!("{hint}; then `oust runs resume`")))
}

/// Why something was not read, with what to do where Salesforce's own words mislead.
pub(super) fn why(unread: &Unread) -> String {
    let sentence = unread.why();
    match unread {
        Unread::Absent { said } | Unread::Refused { said, .. } => match in_words(said) {
            Some((why, hint)) => format!("{why}: {hint}"),
            None => sentence,
        },
        Unread::NoAnswer(_) => sentence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    fn usage(text: &str) -> Option<Quota> {
        let mut headers = HeaderMap::new();
        headers.insert("sforce-limit-info", text.parse().unwrap());
        quota(&headers)
    }

    #[test]
    fn the_day_s_quota_is_read_from_its_header() {
        let told = Some(Quota {
            used: 18,
            max: 5000,
        });
        assert_eq!(usage("api-usage=18/5000"), told);
        assert_eq!(
            usage("api-usage=18/5000; per-app-api-usage=17/250(appName=x)"),
            told
        );
        assert_eq!(usage("per-app-api-usage=17/250"), None);
        assert_eq!(usage("api-usage=many"), None);
        assert_eq!(quota(&HeaderMap::new()), None);
    }

    #[test]
    fn each_refusal_has_words_of_its_own() {
        let of = |code: &str, text: &str| in_words(&Said::new(code, text));
        let (why, hint) = of("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.").unwrap();
        assert!(
            why.contains("24 hours") && hint.contains("by hand"),
            "{why} {hint}"
        );
        assert_eq!(
            of("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit"),
            None
        );
        let (_, hint) = of(
            "INVALID_TYPE",
            "sObject type 'AuthSession' is not supported.",
        )
        .unwrap();
        assert!(hint.contains("Manage Users"), "{hint}");
        assert!(
            of("API_DISABLED_FOR_ORG", "")
                .unwrap()
                .1
                .contains("API Enabled")
        );
        assert_eq!(of("SOMETHING_ELSE", ""), None);
    }
}
