//! `GET /api/v1/users` with its three ways to ask, and the paging of every list.

use serde_json::Value;

use super::state::User;
use super::{Answer, Call, Okta};
use crate::http::encode;
use crate::scim::Filter;

/// What one page may hold, and the default, for `/users`.
const PAGE_MAX: usize = 200;

impl Okta {
    /// `GET /api/v1/users` with `search`, `filter` or `q`.
    pub(super) fn list_users(&mut self, call: &Call<'_>) -> Answer {
        let filter = match user_filter(call) {
            Ok(filter) => filter,
            Err(refusal) => return refusal,
        };
        let q = call.query("q").map(str::to_lowercase);
        let asked = filter.is_some();
        // A filter by id looks at those alone, as an index would: an org may have many thousands.
        let named = filter.as_ref().and_then(|f| f.one_of("id"));
        let users: Box<dyn Iterator<Item = &User>> = match &named {
            Some(ids) => Box::new(ids.iter().filter_map(|id| self.users.get(*id))),
            None => Box::new(self.users.values()),
        };
        let found = users
            .filter(|u| call.is_after(&u.id))
            .filter(|u| asked || u.status != "DEPROVISIONED")
            .filter(|u| q.as_deref().is_none_or(|q| starts(u, q)))
            .map(|u| (u.id.clone(), self.user_json(u)))
            .filter(|(_, json)| filter.as_ref().is_none_or(|f| f.matches(json)));
        let default = if q.is_some() { 10 } else { PAGE_MAX };
        self.page(call, found, default, PAGE_MAX)
    }

    /// One page of `items` (id, JSON), which come in the order of their ids, with Okta's `Link`
    /// headers. Takes no more of them than the page needs.
    pub(super) fn page(
        &self,
        call: &Call<'_>,
        items: impl Iterator<Item = (String, Value)>,
        default: usize,
        max: usize,
    ) -> Answer {
        let limit: usize = call
            .query("limit")
            .and_then(|l| l.parse().ok())
            .unwrap_or(default);
        let limit = limit.clamp(1, max);
        let mut rest = items.filter(|(id, _)| call.is_after(id));
        let page: Vec<(String, Value)> = rest.by_ref().take(limit).collect();
        let kept: String = call
            .query
            .iter()
            .filter(|(key, _)| key != "after")
            .map(|(key, value)| format!("&{}={}", encode(key), encode(value)))
            .collect();
        let url = format!("{}{}", self.base_url, call.request.path);
        let query = if call.request.query.is_empty() {
            String::new()
        } else {
            format!("?{}", call.request.query)
        };
        let mut links = vec![format!("<{url}{query}>; rel=\"self\"")];
        if let (Some((last, _)), Some(_)) = (page.last(), rest.next()) {
            links.push(format!(
                "<{url}?after={}{kept}>; rel=\"next\"",
                encode(last)
            ));
        }
        let body = Answer::list(page.into_iter().map(|(_, json)| json).collect());
        links
            .into_iter()
            .fold(body, |answer, link| answer.header("Link", link))
    }
}

fn starts(user: &User, q: &str) -> bool {
    [&user.first_name, &user.last_name, &user.login]
        .iter()
        .any(|text| text.to_lowercase().starts_with(q))
}

/// The parsed `search` or `filter`; the latter knows few fields and only `eq`.
fn user_filter(call: &Call<'_>) -> Result<Option<Filter>, Answer> {
    const FIELDS: &[&str] = &[
        "status",
        "lastUpdated",
        "id",
        "profile.login",
        "profile.email",
        "profile.firstName",
        "profile.lastName",
    ];
    let invalid = |why: &str| {
        Answer::error(
            400,
            "E0000031",
            &format!("Invalid search criteria. {why}"),
            &[],
        )
    };
    if let Some(text) = call.query("search") {
        return Filter::parse(text).map(Some).map_err(|why| invalid(&why));
    }
    let Some(text) = call.query("filter") else {
        return Ok(None);
    };
    let filter = Filter::parse(text).map_err(|why| invalid(&why))?;
    for (path, op) in filter.tests() {
        let op_fits =
            op == "eq" || (path == "lastUpdated" && ["gt", "ge", "lt", "le"].contains(&op));
        if !FIELDS.contains(&path) || !op_fits {
            return Err(invalid(&format!("{path} {op}")));
        }
    }
    Ok(Some(filter))
}
