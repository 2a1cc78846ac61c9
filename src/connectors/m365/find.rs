//! Who a subject is in this tenant: by object id, immutable id, user name or address, exactly.
//!
//! The object id decides alone, so that one that a person named cannot be made ambiguous by what
//! somebody wrote into a field. The user name comes before the addresses: it is what a sign-in is
//! made with. Nothing is searched by prefix, and deleted accounts are in none of these answers.
//!
//! Source: "Get a user", "List users". [docs*]: a user name that begins with `$` is nothing for a
//! path. [inferred]: a space in a filter may be sent as `+`, as every form encodes it.

use async_trait::async_trait;
use serde_json::Value;

use super::users::{asked, path};
use super::voice::VOICE;
use super::{M365, permissions};
use crate::connectors::kit::{Glance, Service as _, Unread, items, text};
use crate::identity::{Candidate, Finder};
use crate::model::{Key, KeyKind};
use crate::transport::{Path, Reader};

/// Looks people up.
pub(super) struct Directory<'a> {
    m365: &'a M365,
    glance: Glance,
}

impl<'a> Directory<'a> {
    pub(super) fn new(m365: &'a M365, reader: &Reader) -> Self {
        let glance = Glance::new(reader, &VOICE).carried(m365.carrier());
        Self { m365, glance }
    }

    async fn by_path(&self, path: Path) -> Result<Vec<Candidate>, String> {
        match &*self.glance.one(asked(path)).await {
            Ok(user) => Ok(vec![candidate(user)]),
            Err(Unread::Absent { .. }) => Ok(Vec::new()),
            Err(unread) => Err(self.why(unread)),
        }
    }

    /// In a path, a name that begins with `$` would be taken for an operation of OData's.
    async fn by_name(&self, name: &str) -> Result<Vec<Candidate>, String> {
        if name.starts_with('$') {
            let filter = format!("userPrincipalName eq {}", literal(name));
            return self.by_filter(filter).await;
        }
        self.by_path(path(name)).await
    }

    async fn by_filter(&self, filter: String) -> Result<Vec<Candidate>, String> {
        let path = asked(Path::new("/v1.0/users").query("$filter", filter));
        match &*self.glance.list(path, "value", "@odata.nextLink").await {
            Ok(users) => Ok(items(users).iter().map(candidate).collect()),
            Err(unread) => Err(self.why(unread)),
        }
    }

    fn why(&self, unread: &Unread) -> String {
        self.m365.unread_for(&[permissions::USER_READ], unread)
    }
}

#[async_trait]
impl Finder for Directory<'_> {
    async fn find(&self, key: &Key) -> Result<Vec<Candidate>, String> {
        let value = key.value.trim();
        if key.kind == KeyKind::Id {
            if is_guid(value) {
                let found = self.by_path(path(value)).await?;
                if !found.is_empty() {
                    return Ok(found);
                }
            }
            let filter = format!("onPremisesImmutableId eq {}", literal(value));
            return self.by_filter(filter).await;
        }
        let found = self.by_name(value).await?;
        if !found.is_empty() {
            return Ok(found);
        }
        // Without an `@` it is no address.
        if !value.contains('@') {
            return Ok(Vec::new());
        }
        let mut found = self
            .by_filter(format!("mail eq {}", literal(value)))
            .await?;
        let address = literal(&format!("smtp:{value}"));
        let filter = format!("proxyAddresses/any(p:p eq {address})");
        found.extend(self.by_filter(filter).await?);
        Ok(found)
    }
}

/// A string in OData: in single quotes, those within doubled.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn is_guid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &&str| part.chars().all(|c| c.is_ascii_hexdigit());
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(hex)
}

/// Everything that an account is known by.
fn candidate(user: &Value) -> Candidate {
    let addresses = user["proxyAddresses"].as_array();
    let addresses = addresses.map_or(&[][..], Vec::as_slice).iter();
    let addresses = addresses.filter_map(|each| each.as_str()?.split_once(':'));
    let addresses = addresses
        .filter(|(kind, _)| kind.eq_ignore_ascii_case("smtp"))
        .map(|(_, address)| address);
    let own = ["userPrincipalName", "mail", "onPremisesImmutableId"];
    let own = own.iter().map(|key| text(user, key));
    Candidate {
        id: text(user, "id").to_owned(),
        names: own
            .chain(addresses)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_cannot_leave_its_quotes_or_its_place() {
        assert_eq!(literal("o'neil' or 1 eq 1"), "'o''neil'' or 1 eq 1'");
        let guest = path("ada_other.example#EXT#@contoso.example");
        assert_eq!(
            guest.path(),
            "/v1.0/users/ada_other.example%23EXT%23@contoso.example"
        );
    }

    #[test]
    fn only_a_guid_is_taken_for_an_object_id() {
        assert!(is_guid("0f3c8a52-1b7d-4e0a-a9c4-5d6e7f809112"));
        for not in [
            "alex@contoso.example",
            "0f3c8a52-1b7d-4e0a-a9c4",
            "g".repeat(36).as_str(),
        ] {
            assert!(!is_guid(not), "{not}");
        }
    }

    #[test]
    fn an_account_is_known_by_all_its_addresses_and_its_immutable_id() {
        let user = json!({
            "id": "1", "userPrincipalName": "alex@c.example", "mail": null,
            "proxyAddresses": ["SMTP:alex@c.example", "smtp:al@c.example", "X500:/o=x"],
            "onPremisesImmutableId": "aW1t",
        });
        let names = candidate(&user).names;
        assert_eq!(
            names,
            ["alex@c.example", "aW1t", "alex@c.example", "al@c.example"]
        );
    }
}
