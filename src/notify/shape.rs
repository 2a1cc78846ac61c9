//! The bodies: one notice in each receiver's form.
//!
//! Pure. Logins, reasons and rule names may be the intruder's words: each form has its own way of
//! keeping them words.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{Notice, NoticeKind, Shape};
use crate::model::Verdict;
use crate::report::escape::{harmless_json, visible};

/// Characters of a text at Slack, which takes 3,000 in one block; each may become five.
const SLACK_MAX: usize = 580;

/// Characters of a summary at PagerDuty, and of a key that joins what belongs together.
const SUMMARY_MAX: usize = 1_024;
const KEY_MAX: usize = 255;

/// The body of a notice. `id` is the same however often it is sent; `secret` is put into it only
/// where the form has no header for it.
pub(super) fn body(
    shape: Shape,
    notice: &Notice,
    id: &str,
    secret: Option<&SecretString>,
) -> SecretString {
    let value = match shape {
        Shape::Oust => ours(notice, id),
        Shape::Slack => slack(notice),
        Shape::PagerDuty => pagerduty(notice, id, secret),
    };
    harmless_json(&value.to_string()).into()
}

/// `{ "schema": "oust.notice/v1", "id", "says", "at", "notice", … }`
fn ours(notice: &Notice, id: &str) -> Value {
    let mut whole = json!({
        "schema": "oust.notice/v1",
        "id": id,
        "says": notice.sentence(),
    });
    let told = serde_json::to_value(notice).expect("a notice is plain values");
    if let (Value::Object(whole), Value::Object(told)) = (&mut whole, told) {
        whole.extend(told);
    }
    whole
}

/// A message of one block, as plain text: nothing in it is bold, a link or a mention. The three
/// characters that Slack reads in any text are escaped, and so is `text`, which is what a phone
/// shows.
///
/// Source: Slack, "Formatting text for app surfaces", "Escaping text"; "Sending messages using
/// incoming webhooks"; Block Kit, section block (3,000 characters).
fn slack(notice: &Notice) -> Value {
    let text: String = visible_whole(notice).chars().take(SLACK_MAX).collect();
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    json!({
        "text": text,
        "mrkdwn": false,
        "blocks": [{
            "type": "section",
            "text": { "type": "plain_text", "text": text, "emoji": false },
        }],
    })
}

/// An event: what begins or waits opens an alert under the run's key, and the end of a run that
/// contained everything resolves it.
///
/// Source: PagerDuty, "Events API v2: Send an alert event" (`POST /v2/enqueue`; `routing_key`,
/// `event_action`, `dedup_key` to 255 characters, `payload` with `summary` to 1,024, `source`,
/// `severity` of critical, error, warning, info, `timestamp`, `custom_details`; answered 202).
fn pagerduty(notice: &Notice, id: &str, routing_key: Option<&SecretString>) -> Value {
    let (action, severity) = match &notice.what {
        NoticeKind::Starting { .. } => ("trigger", "warning"),
        NoticeKind::Waiting { .. } | NoticeKind::Back { .. } => ("trigger", "critical"),
        NoticeKind::Refused { .. } => ("trigger", "error"),
        NoticeKind::Ended {
            verdict: Verdict::Contained | Verdict::Released,
            ..
        } => ("resolve", "info"),
        NoticeKind::Ended { .. } => ("trigger", "critical"),
    };
    let key = notice.run().map_or(id, |run| run.as_str());
    let key: String = format!("oust/{key}").chars().take(KEY_MAX).collect();
    let summary: String = visible_whole(notice).chars().take(SUMMARY_MAX).collect();
    json!({
        "routing_key": routing_key.map(ExposeSecret::expose_secret),
        "event_action": action,
        "dedup_key": key,
        "client": "oust",
        "payload": {
            "summary": summary,
            "source": "oust",
            "severity": severity,
            "timestamp": notice.at,
            "custom_details": ours(notice, id),
        },
    })
}

/// What is shown is cut only after it was made visible: half an escape says something else.
fn visible_whole(notice: &Notice) -> String {
    let sentence = notice.sentence();
    let mut rest = sentence.as_str();
    let mut shown = String::new();
    while !rest.is_empty() {
        let cut = rest
            .char_indices()
            .nth(crate::report::escape::SHOWN_MAX)
            .map_or(rest.len(), |(at, _)| at);
        shown.push_str(&visible(&rest[..cut]));
        rest = &rest[cut..];
    }
    shown
}
