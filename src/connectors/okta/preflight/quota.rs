//! Our share of the org's rate limits, and what many accounts would take by it.
//!
//! One app or token may use half of each limit unless an administrator raised its share, and
//! raising it is work for before the incident. The limit itself is told by the headers of any
//! answer; that they show the share and not the whole is assumed, because it is the cautious
//! reading. Source: Okta, "Principal rate limits"; `GET /api/v1/principal-rate-limits`,
//! `okta.principalRateLimits.read`, `filter` required [spec].

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::Okta;
use super::super::settings::Auth;
use super::told;
use crate::model::{Finding, Severity};
use crate::transport::{Path, Read, Reader};

/// What Okta gives without an entry of ours, in percent.
const DEFAULT_PERCENT: u64 = 50;

/// Requests that one account takes of the bucket `other /api/v1`, reads and proofs included:
/// measured with the takeover playbook, rounded up.
pub(super) const REQUESTS_EACH: u64 = 40;

/// The number of accounts that is spoken of.
const ACCOUNTS: u64 = 1_000;

pub(super) async fn look(
    okta: &Okta,
    r: &Reader,
    missing: &BTreeSet<&'static str>,
) -> Vec<Finding> {
    let mut per_minute = None;
    let percent = match missing.contains("okta.principalRateLimits.read") {
        true => None,
        false => match read(okta, r).await {
            Some((percent, limit)) => {
                per_minute = limit;
                percent
            }
            None => None,
        },
    };
    let share = percent.unwrap_or(DEFAULT_PERCENT).clamp(1, 100);
    let known = match percent {
        Some(_) => "",
        None => " (Okta's default: what it is here could not be read)",
    };
    let mut text = format!("we may use {share} % of each rate limit{known}");
    if let Some(limit) = per_minute.filter(|limit| *limit > 0) {
        let minutes = |limit: u64| (ACCOUNTS * REQUESTS_EACH).div_ceil(limit.max(1));
        text.push_str(&format!(
            ": {ACCOUNTS} accounts take about {} minutes, about {REQUESTS_EACH} requests each at \
             {limit} a minute",
            minutes(limit)
        ));
        if share < 100 {
            let all = minutes(limit * 100 / share);
            text.push_str(&format!("; with the whole limit it would be {all}"));
        }
    }
    let hint = match share < 75 {
        true => "raise the share before an incident: Admin console, Reports, Rate limits",
        false => "",
    };
    vec![told(Severity::Info, "rate_limit_share", text, hint)]
}

/// Our share, and the limit as the answer's headers show it.
async fn read(okta: &Okta, r: &Reader) -> Option<(Option<u64>, Option<u64>)> {
    let (kind, own) = match &okta.settings.auth {
        Auth::ServiceApp { client_id, .. } => ("OAUTH_CLIENT", Some(client_id.as_str())),
        Auth::ApiToken(_) => ("SSWS_TOKEN", None),
    };
    let path = Path::new("/api/v1/principal-rate-limits")
        .query("filter", format!("principalType eq \"{kind}\""));
    let answer = r.send(&Read::get(path)).await.ok()?;
    let limit = answer
        .header("x-rate-limit-limit")
        .and_then(|text| text.parse().ok());
    if !answer.is_good() {
        return Some((None, limit));
    }
    Some((Some(share(&answer.json, own)), limit))
}

/// The entry of this client; without one what Okta gives to everybody.
fn share(listed: &Value, own: Option<&str>) -> u64 {
    let entries = listed.as_array().map(Vec::as_slice).unwrap_or_default();
    let is_own = |entry: &&Value| own.is_some_and(|own| entry["principalId"] == *own);
    let percent = |entry: &Value| entry["defaultPercentage"].as_u64();
    entries
        .iter()
        .find(is_own)
        .and_then(percent)
        .unwrap_or(DEFAULT_PERCENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_share_is_that_of_our_own_client() {
        let listed = json!([
            { "principalId": "0oaOther", "defaultPercentage": 90 },
            { "principalId": "0oaOurs", "defaultPercentage": 75 },
        ]);
        assert_eq!(share(&listed, Some("0oaOurs")), 75);
        assert_eq!(share(&listed, Some("0oaNobody")), 50);
        assert_eq!(share(&json!({}), None), 50);
    }
}
