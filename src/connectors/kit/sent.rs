//! One write and its trace; and what it means when no answer came.

use std::future::Future;

use crate::model::{OutcomeKind, Receipt};
use crate::transport::{Answer, CallError, Write, Writer};

/// One write and what came of it.
pub(in crate::connectors) struct Sent {
    /// The answer, if one came.
    pub(in crate::connectors) answer: Result<Answer, CallError>,
    /// Its trace.
    pub(in crate::connectors) receipt: Receipt,
}

/// Sends one write and keeps its trace, answered or not.
pub(in crate::connectors) async fn send(w: &Writer<'_>, write: &Write) -> Sent {
    traced(w, w.send(write)).await
}

/// The same for a write that leaves in a way of its vendor's own.
pub(in crate::connectors) async fn traced(
    w: &Writer<'_>,
    call: impl Future<Output = Result<Answer, CallError>>,
) -> Sent {
    let left_at = w.reader().clock().now();
    let left_there = w.reader().vendor_now();
    let answer = call.await;
    let receipt = match &answer {
        Ok(answer) => Receipt {
            request_id: answer.request_id.clone(),
            sent_at: answer.sent_at,
            server_at: answer.server_at,
        },
        Err(_) => Receipt {
            request_id: None,
            sent_at: left_at,
            server_at: left_there,
        },
    };
    Sent { answer, receipt }
}

/// The outcome kind of a call to `vendor` that no answer came to.
pub(in crate::connectors) fn unanswered(vendor: &str, error: &CallError) -> OutcomeKind {
    if error.may_have_happened() {
        return OutcomeKind::InDoubt {
            why: error.to_string(),
        };
    }
    let hint = match error {
        CallError::NoQuota { .. } => "throttled: `oust runs resume` when the minute is over".into(),
        CallError::Stopped { .. } => "`oust runs resume` sends it".into(),
        CallError::Auth(error) if !error.hint().is_empty() => error.hint().to_owned(),
        CallError::Auth(_) => "check the credential and its grants in the config".into(),
        _ => format!("`oust runs resume` when {vendor} can be reached"),
    };
    OutcomeKind::Failed {
        why: error.to_string(),
        hint,
    }
}

/// One sentence for a read that no answer came to, with what to do about a refused credential.
pub(in crate::connectors) fn unread(error: &CallError) -> String {
    match error {
        CallError::Auth(auth) if !auth.hint().is_empty() => format!("{error} ({})", auth.hint()),
        _ => error.to_string(),
    }
}
