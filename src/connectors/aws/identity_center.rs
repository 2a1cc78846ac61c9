//! Who somebody is at IAM Identity Center, and whether that points back.
//!
//! Provisioning keeps the id that the identity store gave him, and he is asked for by it; else by his
//! user name, which is unique there. Never by `emails.value`, which AWS would take as well: a mail
//! address is his own to edit at many a directory. Where `external_id_issuer` is configured, an id
//! that is none of the store's own is asked for as that issuer's. Which issuer AWS writes down for
//! what Okta provisions is not documented, so nothing is assumed.
//! Source: `ListInstances`, `GetUserId`, `DescribeUser` [spec].

use async_trait::async_trait;
use serde_json::{Value, json};

use super::policy::listed::is_user_id;
use super::settings::{IdentityCenter, Place};
use super::voice::why;
use super::{Aws, api};
use crate::connectors::kit::{Glance, Unread, items, text};
use crate::identity::{Candidate, Finder};
use crate::model::{Key, KeyKind};

/// Pages of instances at most; an organisation has one, and each account may have one more.
const PAGES_MAX: usize = 10;

/// The begin of the names of those roles that Identity Center makes [docs].
const ROLE_OF_USERS: &str = "AWSReservedSSO_";

/// Looks users up.
pub(super) struct Users<'a> {
    aws: &'a Aws,
    glance: &'a Glance,
}

/// A user as the store shows him.
pub(super) struct User {
    /// Whether he may sign in there, if it says so.
    pub(super) status: String,
}

impl<'a> Users<'a> {
    /// The users that `glance` can see.
    pub(super) fn new(aws: &'a Aws, glance: &'a Glance) -> Self {
        Self { aws, glance }
    }

    /// One user by his id; `None` if there is none.
    ///
    /// # Errors
    /// A sentence, if he could not be read.
    pub(super) async fn by_id(&self, id: &str) -> Result<Option<User>, String> {
        let user = self.described(id).await?;
        Ok(user.map(|user| User {
            status: text(&user, "UserStatus").to_owned(),
        }))
    }

    /// The id of whoever we are ourselves, if we came in by Identity Center.
    ///
    /// # Errors
    /// A sentence, if it could not be read.
    pub(super) async fn own(&self) -> Result<Option<String>, String> {
        let caller = self.aws.caller(self.glance).await?;
        let is_user = caller
            .role()
            .is_some_and(|role| role.starts_with(ROLE_OF_USERS));
        match caller.session().filter(|_| is_user) {
            Some(name) => self.id_by_name(name).await,
            None => Ok(None),
        }
    }

    async fn described(&self, id: &str) -> Result<Option<Value>, String> {
        let store = self.store().await?;
        let body = json!({ "IdentityStoreId": store, "UserId": id });
        let read = api::identity_store("DescribeUser", body);
        match &*self.glance.ask(read).await {
            Ok(user) if text(user, "UserId") == id => Ok(Some(user.clone())),
            Ok(_) => Err("AWS's answer is not this user".into()),
            Err(Unread::Absent { .. }) => Ok(None),
            Err(unread) => Err(why(unread)),
        }
    }

    async fn id_by_name(&self, name: &str) -> Result<Option<String>, String> {
        self.id_by(json!({
            "UniqueAttribute": { "AttributePath": "userName", "AttributeValue": name },
        }))
        .await
    }

    async fn id_by(&self, identifier: Value) -> Result<Option<String>, String> {
        let store = self.store().await?;
        let body = json!({ "IdentityStoreId": store, "AlternateIdentifier": identifier });
        let read = api::identity_store("GetUserId", body);
        match &*self.glance.ask(read).await {
            Ok(user) if is_user_id(text(user, "UserId")) => {
                Ok(Some(text(user, "UserId").to_owned()))
            }
            Ok(_) => Err("AWS answers no user's id".into()),
            Err(Unread::Absent { .. }) => Ok(None),
            Err(unread) => Err(why(unread)),
        }
    }

    /// The identity store: as configured, or that of the one instance there is.
    async fn store(&self) -> Result<String, String> {
        let center = center(self.aws)?;
        if let Some(id) = &center.identity_store_id {
            return Ok(id.clone());
        }
        let ask = |body| api::sso_admin("ListInstances", body);
        let got = api::json_list(self.glance, &ask, json!({}), "Instances", PAGES_MAX).await;
        let instances = got.as_ref().as_ref().map_err(why)?;
        let stores: Vec<&str> = items(instances)
            .iter()
            .filter(|instance| matches!(text(instance, "Status"), "" | "ACTIVE"))
            .map(|instance| text(instance, "IdentityStoreId"))
            .filter(|store| !store.is_empty())
            .collect();
        match stores[..] {
            [store] => Ok(store.to_owned()),
            [] => Err(format!(
                "no Identity Center is seen in {}: check `region` of `identity_center`, and that \
                 its role is in the management account or a delegated administrator's",
                center.region
            )),
            _ => Err(format!(
                "several Identity Centers are seen ({}): say which by `identity_store_id`",
                stores.join(", ")
            )),
        }
    }
}

#[async_trait]
impl Finder for Users<'_> {
    async fn find(&self, key: &Key) -> Result<Vec<Candidate>, String> {
        let value = key.value.trim();
        let id = match key.kind {
            KeyKind::Id if is_user_id(value) => Some(value.to_owned()),
            KeyKind::Id => match &center(self.aws)?.external_id_issuer {
                Some(issuer) => {
                    let external = json!({ "Issuer": issuer, "Id": value });
                    self.id_by(json!({ "ExternalId": external })).await?
                }
                None => None,
            },
            KeyKind::UserName | KeyKind::Login if can_be_name(value) => {
                self.id_by_name(value).await?
            }
            KeyKind::UserName | KeyKind::Login => None,
        };
        let Some(id) = id else { return Ok(Vec::new()) };
        let user = self.described(&id).await?;
        Ok(user.iter().map(|user| candidate(&id, user)).collect())
    }
}

fn candidate(id: &str, user: &Value) -> Candidate {
    let external = user["ExternalIds"].as_array();
    let external = external.into_iter().flatten();
    let external = external.map(|each| text(each, "Id"));
    let names = [text(user, "UserName")].into_iter().chain(external);
    Candidate {
        id: id.to_owned(),
        names: names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
    }
}

/// What can be no value is not asked for: AWS would call it a mistake of ours [spec].
fn can_be_name(value: &str) -> bool {
    !value.is_empty() && value.chars().count() <= 128 && !value.chars().any(char::is_control)
}

fn center(aws: &Aws) -> Result<&IdentityCenter, String> {
    match &aws.settings.place {
        Place::IdentityCenter(center) => Ok(center),
        Place::Account(_) => Err("this system is an account".into()),
    }
}
