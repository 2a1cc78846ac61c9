//! Building the calls: which service, which form, which bucket.
//!
//! IAM and STS take a form and answer XML, which arrives as JSON (`transport::json_or_xml`): a
//! `GetRole` is `{"GetRoleResult": {"Role": {…}}, "ResponseMetadata": {…}}`. The others take and
//! answer JSON, and a header names the operation. All of them are a POST to `/`, so that nothing but
//! the operation tells a read from a write: each is spelt out where it is used.
//!
//! An empty list of IAM arrives as an empty string; [`items_of`] takes it for one.

use std::borrow::Cow;
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::connectors::kit::{Glance, Got, Page, Unread};
use crate::transport::{Bucket, Path, Read, Write};

/// Source: IAM and STS API references, `Version` [spec].
const IAM_VERSION: &str = "2010-05-08";
const STS_VERSION: &str = "2011-06-15";

/// The addresses of a system, by the names that paths and the signer use.
pub(super) const IAM: &str = "iam";
pub(super) const STS: &str = "sts";
pub(super) const SSO: &str = "sso";
pub(super) const IDENTITY_STORE: &str = "identitystore";
pub(super) const ORGANIZATIONS: &str = "organizations";
/// Followed by the region.
pub(super) const TRAIL: &str = "cloudtrail/";

/// No rates are published for IAM and its kin; this only keeps us from flooding them.
pub(super) const CONTROL: Bucket = Bucket {
    name: "control",
    per_minute: 600,
};
/// Two a second for each account and region [spec].
pub(super) const TRAIL_PACE: Bucket = Bucket {
    name: "cloudtrail",
    per_minute: 120,
};
/// Organizations throttles early; its limits are by operation and not published as a table.
const ORGANIZATIONS_PACE: Bucket = Bucket {
    name: "organizations",
    per_minute: 120,
};

/// Names and values of a form.
pub(super) type Pairs = Vec<(Cow<'static, str>, String)>;

/// Pages of one list at most: IAM gives up to a thousand roles on each.
const PAGES_MAX: usize = 200;

/// A list of IAM's query form: `Name.member.1`, `Name.member.2`, …
pub(super) fn members<'v>(
    name: &'static str,
    values: impl IntoIterator<Item = &'v str>,
) -> impl Iterator<Item = (Cow<'static, str>, String)> {
    let numbered = values.into_iter().enumerate();
    let values: Vec<_> = numbered
        .map(|(at, value)| {
            let key = format!("{name}.member.{}", at + 1);
            (Cow::from(key), value.to_owned())
        })
        .collect();
    values.into_iter()
}

/// A call of IAM that only reads.
pub(super) fn iam(action: &'static str, pairs: Pairs) -> Read {
    let pairs = form(action, IAM_VERSION, pairs);
    Read::form(Path::new("").on(IAM), pairs).paced(CONTROL)
}

/// A call of IAM that changes something.
pub(super) fn iam_write(action: &'static str, pairs: Pairs) -> Write {
    let pairs = form(action, IAM_VERSION, pairs).into_iter();
    let pairs = pairs.map(|(key, value)| (key, SecretString::from(value)));
    let path = Path::new("").on(IAM);
    Write::post(path).form(pairs.collect()).paced(CONTROL)
}

/// A call of STS that only reads.
pub(super) fn sts(action: &'static str, pairs: Pairs) -> Read {
    let pairs = form(action, STS_VERSION, pairs);
    Read::form(Path::new("").on(STS), pairs).paced(CONTROL)
}

/// The pairs of a query call.
pub(super) fn form(action: &'static str, version: &'static str, pairs: Pairs) -> Pairs {
    let head = [
        (Cow::from("Action"), action.to_owned()),
        (Cow::from("Version"), version.to_owned()),
    ];
    head.into_iter().chain(pairs).collect()
}

/// The pairs of a call of STS that nobody else sends.
pub(super) fn sts_form(action: &'static str, pairs: Pairs) -> Pairs {
    form(action, STS_VERSION, pairs)
}

/// A read of CloudTrail in one region.
pub(super) fn trail(region: &str, operation: &str, body: Value) -> Read {
    let target = format!("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.{operation}");
    let at = format!("{TRAIL}{region}");
    json_read(at.into(), target, body).paced(TRAIL_PACE)
}

/// A read of the organisation.
pub(super) fn organizations(operation: &str, body: Value) -> Read {
    let target = format!("AWSOrganizationsV20161128.{operation}");
    json_read(ORGANIZATIONS.into(), target, body).paced(ORGANIZATIONS_PACE)
}

/// A write of the organisation.
pub(super) fn organizations_write(operation: &str, body: Value) -> Write {
    let target = format!("AWSOrganizationsV20161128.{operation}");
    Write::post(Path::new("").on(ORGANIZATIONS))
        .json(body)
        .header("content-type", JSON)
        .header(TARGET, target)
        .paced(ORGANIZATIONS_PACE)
}

/// A read of Identity Center's people.
pub(super) fn identity_store(operation: &str, body: Value) -> Read {
    let target = format!("AWSIdentityStore.{operation}");
    json_read(IDENTITY_STORE.into(), target, body).paced(CONTROL)
}

/// A read of Identity Center's administration.
pub(super) fn sso_admin(operation: &str, body: Value) -> Read {
    let target = format!("SWBExternalService.{operation}");
    json_read(SSO.into(), target, body).paced(CONTROL)
}

const JSON: &str = "application/x-amz-json-1.1";
const TARGET: &str = "x-amz-target";

fn json_read(at: Cow<'static, str>, target: String, body: Value) -> Read {
    Read::query(Path::new("").on(at), body)
        .header("content-type", JSON)
        .header(TARGET, target)
}

/// The whole of a list of IAM, page by page: `items` is its key beneath the result.
pub(super) async fn iam_list(
    glance: &Glance,
    action: &'static str,
    pairs: Pairs,
    items: &'static str,
) -> Arc<Got> {
    let result = format!("{action}Result");
    let turn = |answer: Value| {
        let page = &answer[result.as_str()];
        let list = items_of(&page[items]).ok_or_else(no_list)?.to_vec();
        let marker = page["Marker"].as_str().filter(|marker| !marker.is_empty());
        let next = match (page["IsTruncated"].as_str(), marker) {
            (Some("true"), Some(marker)) => {
                let mut pairs = pairs.clone();
                pairs.push(("Marker".into(), marker.to_owned()));
                Some(iam(action, pairs))
            }
            // More, and nothing to ask for it by: an incomplete list is no list.
            (Some("true"), None) => return Err(no_list()),
            _ => None,
        };
        Ok(Page { items: list, next })
    };
    let first = iam(action, pairs.clone());
    glance.turned_by(first, &turn, PAGES_MAX).await
}

/// The whole of a list whose pages name the next one by `NextToken`.
pub(super) async fn json_list(
    glance: &Glance,
    ask: &(dyn Fn(Value) -> Read + Sync),
    body: Value,
    items: &'static str,
    pages_max: usize,
) -> Arc<Got> {
    let turn = |answer: Value| {
        let list = items_of(&answer[items]).ok_or_else(no_list)?.to_vec();
        let token = answer["NextToken"]
            .as_str()
            .filter(|token| !token.is_empty());
        let next = token.map(|token| {
            let mut body = body.clone();
            body["NextToken"] = json!(token);
            ask(body)
        });
        Ok(Page { items: list, next })
    };
    glance.turned_by(ask(body.clone()), &turn, pages_max).await
}

/// A list; one that is not there, or empty, has no items. `None` if it is something else.
pub(super) fn items_of(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Array(items) => Some(items),
        Value::Null => Some(&[]),
        Value::String(text) if text.trim().is_empty() => Some(&[]),
        _ => None,
    }
}

fn no_list() -> Unread {
    Unread::NoAnswer("a list was expected".into())
}
