//! Who uses the apps that lead to services, for many accounts: read by app, not by account.
//!
//! `GET /api/v1/apps` once, then the users of those apps that somebody asks about, 500 a page. The
//! bucket is small (50 requests a minute): what does not fit into [`PAGES_MAX`] is unread as a
//! whole, because half a list would say that somebody has no account. Only assignments are shown;
//! what an app of another kind knows is not read. Source: Okta API, "List all applications",
//! `limit` at most 200; "List all application users", `limit` at most 500.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::answers;
use super::directory::account;
use super::glance::{Unread, text};
use super::pages::{self, Torn};
use crate::model::{AppAccount, Subject, UserId};
use crate::transport::{Path, Read, Reader};

/// Pages of apps and of their users at most, together: four fifths of what the default bucket
/// gives one principal in a minute.
const PAGES_MAX: usize = 40;

/// The assignments of each of `who` to apps whose id or catalogue name is among `apps`.
///
/// # Errors
/// A sentence, if any of it could not be read to its end.
pub(super) async fn of(
    reader: &Reader,
    who: &[Subject],
    apps: &BTreeSet<String>,
) -> Result<BTreeMap<UserId, Vec<AppAccount>>, String> {
    let mut left = PAGES_MAX;
    let mut all: BTreeMap<UserId, Vec<AppAccount>> =
        who.iter().map(|who| (who.id.clone(), Vec::new())).collect();
    let list = Path::new("/api/v1/apps").query("limit", "200");
    let mut wanted = Vec::new();
    each(reader, list, &mut left, |app| {
        if apps.contains(text(&app, "id")) || apps.contains(text(&app, "name")) {
            wanted.push(app);
        }
    })
    .await?;
    for app in wanted {
        let users = Path::new("/api/v1/apps")
            .seg(text(&app, "id"))
            .then("/users")
            .query("limit", "500");
        each(reader, users, &mut left, |user| {
            if let Some(his) = all.get_mut(&UserId::new(text(&user, "id"))) {
                let mut assigned = app.clone();
                assigned["_embedded"] = json!({ "user": user });
                his.push(account(&assigned));
            }
        })
        .await?;
    }
    Ok(all)
}

/// Every item of a list.
async fn each(
    reader: &Reader,
    path: Path,
    left: &mut usize,
    mut take: impl FnMut(Value),
) -> Result<(), String> {
    let torn = |torn| match torn {
        Torn::Silent(error) => answers::unread(&error),
        Torn::Refused(answer) => Unread::of(&answer).why(),
        Torn::NoList => "Okta's list is no list".into(),
        Torn::Circle => "the next page of Okta's list is the one before".into(),
        Torn::Endless => format!("more than {PAGES_MAX} pages of apps and their users"),
    };
    let take = |items: Vec<Value>| {
        items.into_iter().for_each(&mut take);
        Ok(())
    };
    pages::each(reader, &Read::get(path), left, torn, take).await
}
