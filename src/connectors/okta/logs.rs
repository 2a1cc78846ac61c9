//! The System Log as it is, page by page: `GET /api/v1/logs`.
//!
//! With an end it is a bounded request: in the order of publication, finite, and without what
//! arrives late. Without one it is a poll: every event as it is stored, and a next page that never
//! ends. Pages are only ever reached by Okta's own links. Source: Okta API, "System Log".

use serde_json::Value;

use super::answers;
use super::events::SINCE_MAX;
use crate::connector::{LogAsk, LogPage, Unheard};
use crate::model::Utc;
use crate::transport::{Path, Read, Reader};

/// Events a page; Okta gives no more.
const PAGE: &str = "1000";

/// What reading the log takes.
const MAY_NOT: &str = "check that the credential in the config file is active and may read the log: \
                       okta.logs.read, or an administrator's API token";

/// One page of what is asked for.
///
/// # Errors
/// [`Unheard`], with what Okta said.
pub(super) async fn page(r: &Reader, ask: &LogAsk, next: Option<&str>) -> Result<LogPage, Unheard> {
    let read = Read::get(first(ask, r.vendor_now())).log_page();
    let answer = r.page(&read, next).await;
    let answer = answer.map_err(|error| Unheard::from(&error))?;
    if !answer.is_good() {
        return Err(match answers::unheard(&answer) {
            Unheard::Credential { why, .. } => Unheard::Credential {
                why,
                hint: MAY_NOT.into(),
            },
            other => other,
        });
    }
    let next = answer.next_link();
    match answer.json {
        Value::Array(events) => Ok(LogPage { events, next }),
        _ => Err(Unheard::Answer("Okta's page of the log is no list".into())),
    }
}

fn first(ask: &LogAsk, now: Utc) -> Path {
    // What is older is not kept, and asking for it is an error.
    let since = ask.since.max(now.minus(SINCE_MAX));
    let mut path = Path::new("/api/v1/logs").query("since", since.to_string());
    if let Some(until) = ask.until {
        path = path.query("until", until.to_string());
    }
    let named = ask.about.iter().map(|who| {
        let who = who.as_str().replace(['"', '\\'], "");
        format!("actor.id eq \"{who}\" or target.id eq \"{who}\"")
    });
    let about = named.reduce(|all, each| format!("{all} or {each}"));
    let filter = match (about, &ask.filter) {
        (Some(about), Some(filter)) => Some(format!("({about}) and ({filter})")),
        (about, filter) => about.or_else(|| filter.clone()),
    };
    if let Some(filter) = filter {
        path = path.query("filter", filter);
    }
    path.query("sortOrder", "ASCENDING").query("limit", PAGE)
}
