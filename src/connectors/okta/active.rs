//! How many accounts can sign in, page by page.
//!
//! Okta tells no number: the accounts are listed, 200 a page, and counted. A large org is not
//! counted to its end, so that counting never uses up the minute's requests that a containment
//! would need. Source: Okta API, "List all users": `filter` on `status`, `limit` at most 200.

use std::time::Duration;

use serde_json::Value;

use super::answers::sentence;
use crate::connector::UserCount;
use crate::transport::{Path, Read, Reader};

/// Pages at most: 20,000 accounts.
const PAGES_MAX: usize = 100;

/// Counts for at most `time`.
///
/// # Errors
/// A sentence, if the first page could not be read.
pub(super) async fn count(r: &Reader, time: Duration) -> Result<UserCount, String> {
    let until = r.clock().elapsed() + time;
    let path = Path::new("/api/v1/users")
        .query("filter", "status eq \"ACTIVE\"")
        .query("limit", "200");
    let read = Read::get(path);
    let mut counted = UserCount {
        number: 0,
        complete: false,
    };
    let mut next: Option<String> = None;
    for page in 0..PAGES_MAX {
        let answer = r.page(&read, next.as_deref()).await;
        let (items, link) = match answer {
            Ok(answer) if answer.is_good() => {
                let link = answer.next_link();
                match answer.json {
                    Value::Array(items) => (items.len(), link),
                    _ => return Err("Okta's list of users is no list".into()),
                }
            }
            Ok(answer) if page == 0 => return Err(sentence(&answer)),
            Err(error) if page == 0 => return Err(error.to_string()),
            _ => return Ok(counted),
        };
        counted.number += items as u64;
        next = link;
        if next.is_none() {
            counted.complete = true;
            return Ok(counted);
        }
        if r.clock().elapsed() >= until {
            return Ok(counted);
        }
    }
    Ok(counted)
}
