//! Who is who at Salesforce: by id, by federation id, by user name.
//!
//! The federation id is what single sign-on asserts, where the org is set up so; a user name is
//! unique among all orgs and often carries a suffix. Never by `Email`, which is not unique and his
//! own to edit. One query asks for both, so that two people by one name are seen as two. That
//! nobody is found is believed only of somebody who sees everybody. Source: User [docs].

use async_trait::async_trait;
use serde_json::Value;

use super::Salesforce;
use super::rights::{MANAGE_USERS, Sight, sight};
use super::soql::{self, is_user_id, quoted, short_id};
use super::together;
use super::voice::why;
use crate::connectors::kit::{Glance, text};
use crate::identity::{Candidate, Finder};
use crate::model::{Key, KeyKind};

/// Looks accounts up.
pub(super) struct People<'a> {
    pub(super) salesforce: &'a Salesforce,
    pub(super) glance: Glance,
}

#[async_trait]
impl Finder for People<'_> {
    async fn find(&self, key: &Key) -> Result<Vec<Candidate>, String> {
        let Some(condition) = condition(key) else {
            return Ok(Vec::new());
        };
        if matches!(key.kind, KeyKind::UserName | KeyKind::Login) {
            let reader = self.glance.reader();
            let found = together::by_name(self.salesforce, reader, key.value.trim()).await;
            if let Some(rows) = found {
                return Ok(rows.iter().map(candidate).collect());
            }
        }
        let soql = format!("SELECT Id, Username, FederationIdentifier FROM User WHERE {condition}");
        let rows = soql::rows(&self.glance, &self.salesforce.data, &soql).await;
        let rows = rows.map_err(|unread| why(&unread))?;
        if rows.is_empty() {
            match sight(self.salesforce, &self.glance, MANAGE_USERS).await {
                Sight::Clear => {}
                Sight::Blind(why) | Sight::Unknown(why) => return Err(why),
            }
        }
        Ok(rows.iter().map(candidate).collect())
    }
}

/// What answers to a key; `None` if nothing can.
fn condition(key: &Key) -> Option<String> {
    let value = key.value.trim();
    let name = quoted(value).filter(|_| !value.is_empty())?;
    let by_name = format!("FederationIdentifier = {name} OR Username = {name}");
    Some(match key.kind {
        KeyKind::Id if is_user_id(value) => format!("Id = {name}"),
        // Provisioning may keep the federation id as the account's id.
        KeyKind::Id => format!("FederationIdentifier = {name}"),
        KeyKind::UserName | KeyKind::Login => by_name,
    })
}

fn candidate(user: &Value) -> Candidate {
    let id = text(user, "Id");
    let names = [
        text(user, "Username"),
        text(user, "FederationIdentifier"),
        short_id(id),
    ];
    let names = names.into_iter().filter(|name| !name.is_empty());
    Candidate {
        id: id.to_owned(),
        names: names.map(str::to_owned).collect(),
    }
}

/// The integration user's own id.
///
/// # Errors
/// A sentence, if it could not be read.
pub(super) async fn own(salesforce: &Salesforce, glance: &Glance) -> Result<String, String> {
    let username = &salesforce.settings.username;
    let name = quoted(username).ok_or("`username` cannot be a user name")?;
    let soql = format!("SELECT Id FROM User WHERE Username = {name}");
    let rows = soql::rows(glance, &salesforce.data, &soql).await;
    let rows = rows.map_err(|unread| why(&unread))?;
    match rows.first().map(|user| text(user, "Id")) {
        Some(id) if rows.len() == 1 && !id.is_empty() => Ok(id.to_owned()),
        _ => Err(format!(
            "Salesforce does not show us {username}, who we are"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(kind: KeyKind, value: &str) -> Key {
        Key {
            kind,
            value: value.into(),
            doubt: None,
        }
    }

    #[test]
    fn an_id_is_asked_for_as_an_id_and_a_name_in_both_places() {
        let of = |kind, value| condition(&key(kind, value));
        assert_eq!(
            of(KeyKind::Id, "005D00000012345AAB").unwrap(),
            "Id = '005D00000012345AAB'"
        );
        assert_eq!(
            of(KeyKind::Id, "e1234").unwrap(),
            "FederationIdentifier = 'e1234'"
        );
        assert_eq!(
            of(KeyKind::Login, "o'neil@x.example").unwrap(),
            "FederationIdentifier = 'o\\'neil@x.example' OR Username = 'o\\'neil@x.example'"
        );
        assert_eq!(of(KeyKind::Login, " "), None);
        assert_eq!(of(KeyKind::Login, "a\nb"), None);
    }

    #[test]
    fn what_he_can_edit_himself_is_not_what_he_is_known_by() {
        let user = json!({
            "Id": "005D00000012345AAB", "Username": "alex@contoso.example.prod",
            "FederationIdentifier": null, "Email": "kim@contoso.example",
        });
        let candidate = candidate(&user);
        assert_eq!(
            candidate.names,
            ["alex@contoso.example.prod", "005D00000012345"]
        );
    }
}
