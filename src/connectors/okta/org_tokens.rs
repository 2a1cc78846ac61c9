//! The org's API tokens and who owns them: what a rehearsal looks at, and nobody writes to.
//!
//! One list, then each owner once: whether he is there, how he stands, what he may. Tokens of
//! suspended owners are not in the list, which Okta does not say; they are not invented here.
//!
//! Okta tells no last use. A token is valid for its `tokenWindow` from its creation or its last
//! use ("Create an API token", developer docs), so `expiresAt` less that window is taken for the
//! last use [inferred]; where either is missing, nothing is.

use std::collections::BTreeMap;

use futures_util::future::join;
use serde_json::Value;

use super::glance::{Glance, Unread, items, text};
use super::verb::{LABEL_MAX, moment};
use super::{Okta, answers, api_tokens, crowd::in_order, users};
use crate::connector::{OrgToken, TokenOwner};
use crate::model::{UserId, Utc};
use crate::transport::Reader;

/// Owners that are looked up; those beyond are said to be unread.
const OWNERS_MAX: usize = 200;

/// All of them.
pub(super) async fn read(okta: &Okta, r: &Reader) -> Result<Vec<OrgToken>, String> {
    let glance = Glance::joining(r);
    let got = api_tokens::all(okta, &glance).await;
    let tokens = got.as_ref().as_ref().map_err(Unread::why)?;
    let owners = owners(&glance, items(tokens)).await;
    let token = |token: &Value| {
        let owner = text(token, "userId");
        OrgToken {
            id: text(token, "id").to_owned(),
            name: answers::bounded(text(token, "name"), LABEL_MAX),
            owner: UserId::new(owner),
            owned_by: owners.get(owner).cloned().unwrap_or_else(too_many),
            network: text(&token["network"], "connection").to_owned(),
            agent: api_tokens::is_agent(token)
                .then(|| answers::bounded(text(token, "clientName"), LABEL_MAX)),
            created: moment(token, "created"),
            last_used: last_used(token),
        }
    };
    Ok(items(tokens).iter().map(token).collect())
}

fn too_many() -> TokenOwner {
    TokenOwner::Unread {
        why: format!("the tokens have more than {OWNERS_MAX} owners"),
    }
}

async fn owners(glance: &Glance, tokens: &[Value]) -> BTreeMap<String, TokenOwner> {
    let mut ids: Vec<&str> = tokens.iter().map(|token| text(token, "userId")).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(OWNERS_MAX);
    let owners = in_order(&ids, |id| Box::pin(owner(glance, id)));
    owners.await.into_iter().collect()
}

async fn owner(glance: &Glance, id: &str) -> (String, TokenOwner) {
    let path = || users::path(&UserId::new(id));
    let (user, roles) = join(glance.one(path()), glance.list(path().then("/roles"))).await;
    let owner = match &*user {
        Ok(user) => TokenOwner::Known {
            login: answers::bounded(text(&user["profile"], "login"), LABEL_MAX),
            status: text(user, "status").to_owned(),
            roles: roles.as_ref().as_ref().ok().map(|roles| {
                let all = items(roles).iter();
                all.map(|role| text(role, "type").to_owned()).collect()
            }),
        },
        Err(Unread::Absent { .. }) => TokenOwner::Gone,
        Err(unread) => TokenOwner::Unread { why: unread.why() },
    };
    (id.to_owned(), owner)
}

fn last_used(token: &Value) -> Option<Utc> {
    let expires = moment(token, "expiresAt")?;
    let window: jiff::Span = token["tokenWindow"].as_str()?.parse().ok()?;
    let window = window
        .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
        .ok()?;
    let window = std::time::Duration::try_from(window).ok()?;
    let used = expires.minus(window);
    // One that was never used expires a window after it was made.
    (moment(token, "created") != Some(used)).then_some(used)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_use_is_a_window_before_the_end_and_is_not_made_up() {
        let token = |end: &str, window: &str| {
            let created = "2026-01-01T00:00:00.000Z";
            json!({ "created": created, "expiresAt": end, "tokenWindow": window })
        };
        let used = last_used(&token("2026-04-10T08:00:00.000Z", "P30D"));
        assert_eq!(used.unwrap().to_string(), "2026-03-11T08:00:00.000Z");
        for (end, window) in [
            ("2026-01-31T00:00:00.000Z", "P30D"),
            ("2026-04-10T08:00:00.000Z", "a month"),
            ("", "P30D"),
        ] {
            assert_eq!(last_used(&token(end, window)), None, "{end} {window}");
        }
    }
}
