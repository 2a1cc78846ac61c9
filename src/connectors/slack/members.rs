//! Who is who at Slack: by member id, by address, and by SCIM's user name.
//!
//! `users.lookupByEmail` may be refused to tokens of an organisation
//! (`enterprise_is_restricted`) and does not find deactivated members; SCIM then tells.

use async_trait::async_trait;
use serde_json::Value;

use super::super::kit::{Glance, Unread, items, text};
use super::SCIM;
use crate::identity::{Candidate, Finder};
use crate::model::{Key, KeyKind};
use crate::transport::Path;

/// Looks members up.
pub(super) struct Members {
    pub(super) glance: Glance,
    /// Whether SCIM may be asked.
    pub(super) scim: bool,
}

#[async_trait]
impl Finder for Members {
    async fn find(&self, key: &Key) -> Result<Vec<Candidate>, String> {
        if key.kind == KeyKind::Id {
            return self.by_id(&key.value).await;
        }
        if key.value.contains('@') {
            match self.by_email(&key.value).await {
                Ok(Some(found)) => return Ok(vec![found]),
                Ok(None) if !self.scim => return Ok(Vec::new()),
                Err(why) if !self.scim => return Err(why),
                _ => {}
            }
        }
        if !self.scim {
            return Ok(Vec::new());
        }
        self.by_scim(&key.value).await
    }
}

impl Members {
    async fn by_id(&self, id: &str) -> Result<Vec<Candidate>, String> {
        match &*self.glance.one(info(id)).await {
            Ok(body) => Ok(vec![member(&body["user"])]),
            Err(Unread::Absent { .. }) => Ok(Vec::new()),
            Err(unread) => Err(unread.why()),
        }
    }

    async fn by_email(&self, email: &str) -> Result<Option<Candidate>, String> {
        let path = Path::new("/users.lookupByEmail").query("email", email);
        match &*self.glance.one(path).await {
            Ok(body) => Ok(Some(member(&body["user"]))),
            Err(Unread::Absent { .. }) => Ok(None),
            Err(unread) => Err(unread.why()),
        }
    }

    /// Everybody whose address or user name it is; an address may be on two accounts.
    async fn by_scim(&self, name: &str) -> Result<Vec<Candidate>, String> {
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        let mut found = Vec::new();
        for attribute in ["email", "userName"] {
            let path = Path::new("/v2/Users")
                .on(SCIM)
                .query("filter", format!("{attribute} eq \"{quoted}\""))
                .query("count", "10");
            match &*self.glance.one(path).await {
                Ok(body) => found.extend(items(&body["Resources"]).iter().map(resource)),
                Err(Unread::Absent { .. }) => {}
                Err(unread) => return Err(unread.why()),
            }
        }
        Ok(found)
    }
}

/// `GET users.info?user={id}`
pub(super) fn info(id: &str) -> Path {
    Path::new("/users.info").query("user", id)
}

/// A `user` of the Web API.
fn member(user: &Value) -> Candidate {
    let names = [text(user, "name"), text(&user["profile"], "email")];
    Candidate {
        id: text(user, "id").to_owned(),
        names: some(names),
    }
}

/// A user of SCIM.
fn resource(user: &Value) -> Candidate {
    let mut names = some([text(user, "userName"), text(user, "externalId")]);
    let emails = items(&user["emails"]).iter();
    names.extend(emails.filter_map(|each| Some(each["value"].as_str()?.to_owned())));
    Candidate {
        id: text(user, "id").to_owned(),
        names,
    }
}

fn some<const N: usize>(names: [&str; N]) -> Vec<String> {
    let names = names.into_iter().filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}
