//! Asking Salesforce's query language: values that cannot leave their quotes, whole lists, counts.
//!
//! Oddity: `SELECT COUNT()` answers no records; the number is in `totalSize`. Pages name the next
//! one by a path, of which only the cursor is taken: we stay where we are configured to be.
//! Source: REST API, "Query" [docs*].

use serde_json::Value;

use crate::connectors::kit::{Glance, Unread};
use crate::transport::Path;

/// Pages of one list at most.
const PAGES_MAX: usize = 200;

/// The longest value that is asked for; no field that is compared here is longer.
const VALUE_MAX: usize = 255;

/// A value as a literal, quotes and all; `None` for what can stand in no field that is compared:
/// control characters, and more than those fields hold.
pub(super) fn quoted(value: &str) -> Option<String> {
    if value.chars().any(char::is_control) || value.chars().count() > VALUE_MAX {
        return None;
    }
    Some(format!(
        "'{}'",
        value.replace('\\', "\\\\").replace('\'', "\\'")
    ))
}

/// Whether this has the form of a user's id, in either length.
pub(super) fn is_user_id(value: &str) -> bool {
    is_id(value) && value.starts_with("005")
}

/// Whether this has the form of an id.
pub(super) fn is_id(value: &str) -> bool {
    [15, 18].contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The first 15 signs of an id are all that tells it apart; three more spell their case.
pub(super) fn short_id(id: &str) -> &str {
    id.get(..15).unwrap_or(id)
}

/// All records of a query.
///
/// # Errors
/// What kept us from reading the whole of it: a part of a list is no list.
pub(super) async fn rows(glance: &Glance, data: &str, soql: &str) -> Result<Vec<Value>, Unread> {
    Ok(rows_and_total(glance, data, soql).await?.0)
}

/// The same, with the number of rows that Salesforce says there are.
///
/// # Errors
/// As [`rows`]; a number that it does not say is 0.
pub(super) async fn rows_and_total(
    glance: &Glance,
    data: &str,
    soql: &str,
) -> Result<(Vec<Value>, usize), Unread> {
    let mut path = query(data, soql);
    let mut all = Vec::new();
    for _ in 0..PAGES_MAX {
        let got = glance.one(path).await;
        let page = got.as_ref().as_ref().map_err(Unread::clone)?;
        let records = page["records"].as_array().ok_or_else(no_list)?;
        all.extend(records.iter().cloned());
        match page["done"].as_bool() {
            Some(true) => {
                let total = page["totalSize"].as_u64();
                let total = total.and_then(|number| usize::try_from(number).ok());
                return Ok((all, total.unwrap_or_default()));
            }
            Some(false) => path = next(data, &page["nextRecordsUrl"])?,
            None => return Err(no_list()),
        }
    }
    Err(Unread::NoAnswer(format!("more than {PAGES_MAX} pages")))
}

/// The number that a `SELECT COUNT()` answers.
///
/// # Errors
/// What kept us from reading it.
pub(super) async fn count(glance: &Glance, data: &str, soql: &str) -> Result<usize, Unread> {
    let got = glance.one(query(data, soql)).await;
    let page = got.as_ref().as_ref().map_err(Unread::clone)?;
    let number = page["totalSize"].as_u64().filter(|_| page["done"] == true);
    let number = number.and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| Unread::NoAnswer("a count was expected".into()))
}

fn query(data: &str, soql: &str) -> Path {
    Path::new(data).then("/query").query("q", soql)
}

/// The next page, by the cursor at the end of the path that Salesforce names.
fn next(data: &str, link: &Value) -> Result<Path, Unread> {
    let cursor = link.as_str().and_then(|link| link.rsplit('/').next());
    let fits = |cursor: &&str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        !cursor.is_empty() && cursor.bytes().all(plain)
    };
    match cursor.filter(fits) {
        Some(cursor) => Ok(Path::new(data).then("/query").seg(cursor)),
        None => Err(Unread::NoAnswer("the next page has no cursor".into())),
    }
}

fn no_list() -> Unread {
    Unread::NoAnswer("a list was expected".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        assert_eq!(quoted("o'neil").unwrap(), "'o\\'neil'");
        assert_eq!(quoted("' OR Id != '").unwrap(), "'\\' OR Id != \\''");
        // A backslash that would eat the closing quote is itself escaped.
        assert_eq!(quoted("x\\").unwrap(), "'x\\\\'");
        assert_eq!(
            quoted("x\\' OR Id != '").unwrap(),
            "'x\\\\\\' OR Id != \\''"
        );
        assert_eq!(quoted("alex\n"), None);
        assert_eq!(quoted(&"x".repeat(256)), None);
    }

    #[test]
    fn the_next_page_is_asked_for_where_we_are() {
        let data = "/services/data/v66.0";
        let link = json!("/services/data/v66.0/query/01gD0000002HU6KIAW-2000");
        let path = next(data, &link).unwrap();
        assert_eq!(
            path.path(),
            "/services/data/v66.0/query/01gD0000002HU6KIAW-2000"
        );
        let elsewhere = json!("https://evil.example/query/01gX-2000");
        assert_eq!(
            next(data, &elsewhere).unwrap().path(),
            "/services/data/v66.0/query/01gX-2000"
        );
        for bad in [json!("/query/"), json!("/query/..?x=y"), json!(null)] {
            assert!(next(data, &bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_are_told_by_their_form() {
        assert!(is_user_id("005D00000012345"));
        assert!(is_user_id("005D00000012345AAB"));
        for not in [
            "00uD00000012345",
            "005D0000001234'",
            "005",
            "alex@contoso.example",
        ] {
            assert!(!is_user_id(not), "{not}");
        }
        assert_eq!(short_id("005D00000012345AAB"), "005D00000012345");
    }
}
