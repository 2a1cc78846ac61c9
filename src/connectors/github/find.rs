//! Who of the directory is which account: by number, by SCIM's id, by the name asserted at sign-on.
//!
//! The organisation's external identities are asked first, then the enterprise's, then the
//! enterprise's SCIM, which knows a managed user's names but not his login: that one is built by
//! GitHub's own rule and must exist. An identity that nobody was ever linked to is told and is no
//! "no account". A person's own addresses at GitHub are never looked at: he edits them himself.
//! Source: `github-external-identities.graphql`, `github.json` (SCIM); the rule of managed logins
//! [docs*].

use async_trait::async_trait;
use serde_json::Value;

use super::GitHub;
use super::accounts::{Account, by_id};
use super::graph::{At, By, Identities, Identity, identities};
use super::voice;
use crate::connectors::kit::{Glance, Unread, items, text};
use crate::identity::{Candidate, Finder};
use crate::model::{Key, KeyKind};
use crate::transport::Path;

const SCIM_RIGHT: &str = "the right to read SCIM";

/// Looks accounts up.
pub(super) struct ByKey<'a> {
    pub(super) github: &'a GitHub,
    pub(super) glance: &'a Glance,
}

#[async_trait]
impl Finder for ByKey<'_> {
    async fn find(&self, key: &Key) -> Result<Vec<Candidate>, String> {
        let value = key.value.trim();
        match key.kind {
            KeyKind::Id if is_number(value) => self.by_number(value).await,
            KeyKind::Id if is_scim_id(value) => self.by_scim_id(value).await,
            KeyKind::Id => Ok(Vec::new()),
            KeyKind::UserName | KeyKind::Login => self.by_name(value).await,
        }
    }
}

impl ByKey<'_> {
    /// A person named him, or an earlier run did.
    async fn by_number(&self, id: &str) -> Result<Vec<Candidate>, String> {
        match &*self.glance.one(by_id(id)).await {
            Ok(user) => Ok(Account::of(user)
                .map(|account| candidate(account, Vec::new()))
                .into_iter()
                .collect()),
            Err(Unread::Absent { .. }) => Ok(Vec::new()),
            Err(unread) => Err(voice::why(unread, "`members:read`")),
        }
    }

    /// The id that provisioning left at the directory: SCIM tells the name, and the identity with
    /// that name must have that id.
    async fn by_scim_id(&self, id: &str) -> Result<Vec<Candidate>, String> {
        let mut unread = None;
        for users in self.scim() {
            let user = match &*self.glance.one(users.seg(id)).await {
                Ok(user) => user.clone(),
                Err(Unread::Absent { .. }) => continue,
                Err(why) => {
                    unread.get_or_insert(voice::why(why, SCIM_RIGHT));
                    continue;
                }
            };
            let mut found = self.by_name(text(&user, "userName")).await?;
            // Who the name leads to must be who has the id.
            found.retain(|each| each.names.iter().any(|name| name == id));
            return Ok(found);
        }
        unread.map_or_else(|| Ok(Vec::new()), Err)
    }

    async fn by_name(&self, name: &str) -> Result<Vec<Candidate>, String> {
        if name.is_empty() {
            return Ok(Vec::new());
        }
        let settings = &self.github.settings;
        let org = settings.org.as_deref().map(At::Org);
        let enterprise = settings.enterprise.as_deref().map(At::Enterprise);
        let mut no_provider = None;
        let mut unread = None;
        for at in [org, enterprise].into_iter().flatten() {
            match identities(self.glance, at, By::Name(name)).await {
                Ok(Identities::Are(all)) if all.is_empty() => {}
                Ok(Identities::Are(all)) => return linked(name, all, &self.github.people()),
                Ok(Identities::NoProvider) => no_provider = Some(self.no_provider(at)),
                Err(why) => unread = Some(why),
            }
        }
        if let Some(slug) = &settings.enterprise {
            // Where SCIM can be read, it knows every managed user there is.
            match self.by_scim_name(slug, name).await {
                Ok(found) => return Ok(found),
                Err(why) if no_provider.is_some() => {
                    unread.get_or_insert(why);
                }
                Err(_) => {}
            }
        }
        // Who shows no provider shows nobody at all.
        match unread.or(no_provider) {
            Some(why) => Err(why),
            None => Ok(Vec::new()),
        }
    }

    fn no_provider(&self, at: At<'_>) -> String {
        match at {
            At::Org(org) => format!(
                "organisation {org} shows us no SAML identity provider: it has no single sign-on \
                 of its own, or we lack `members:read`; if its enterprise has it, name \
                 `enterprise`; a person can be named by --identity with his number at GitHub"
            ),
            At::Enterprise(slug) => format!(
                "enterprise {slug} shows us no SAML identity provider: only an owner's token with \
                 read:enterprise sees it"
            ),
        }
    }

    /// The SCIM endpoints that there may be.
    fn scim(&self) -> Vec<Path> {
        let settings = &self.github.settings;
        let org = settings.org.iter().map(|org| scim_of_org(org));
        let enterprise = settings.enterprise.iter();
        org.chain(enterprise.map(|slug| scim_of_enterprise(slug)))
            .collect()
    }

    /// Managed users by SCIM: whoever has the name, under the login that he must have then.
    async fn by_scim_name(&self, slug: &str, name: &str) -> Result<Vec<Candidate>, String> {
        let mut found = Vec::new();
        for user in by_user_name(self.glance, slug, name).await? {
            let Some(shortcode) = &self.github.settings.shortcode else {
                return Err(format!(
                    "SCIM of {slug} knows {name}, but not his login: name the enterprise's \
                     `shortcode`, or use an owner's token with read:enterprise"
                ));
            };
            let login = managed_login(text(&user, "userName"), shortcode);
            let path = Path::new("/users").seg(&login);
            let account = match &*self.glance.one(path).await {
                Ok(user) => Account::of(user).filter(|account| account.is(&login)),
                Err(Unread::Absent { .. }) => None,
                Err(unread) => return Err(voice::why(unread, "`members:read`")),
            };
            let Some(account) = account else {
                return Err(format!(
                    "SCIM of {slug} knows {name}, but there is no account {login}: he may be \
                     suspended, or `shortcode` is not {shortcode}"
                ));
            };
            let names = ["id", "userName", "externalId"].map(|key| text(&user, key).to_owned());
            found.push(candidate(account, names.into()));
        }
        Ok(found)
    }
}

/// `/scim/v2/organizations/{org}/Users`
fn scim_of_org(org: &str) -> Path {
    Path::new("/scim/v2/organizations").seg(org).then("/Users")
}

/// `/scim/v2/enterprises/{slug}/Users`
pub(super) fn scim_of_enterprise(slug: &str) -> Path {
    Path::new("/scim/v2/enterprises").seg(slug).then("/Users")
}

/// Managed users with this user name, as SCIM has them.
///
/// # Errors
/// A sentence, if they could not be read.
pub(super) async fn by_user_name(
    glance: &Glance,
    slug: &str,
    name: &str,
) -> Result<Vec<Value>, String> {
    let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
    let path = scim_of_enterprise(slug).query("filter", format!("userName eq \"{quoted}\""));
    match &*glance.one(path).await {
        Ok(page) if !page["Resources"].is_array() => Err("GitHub's SCIM answered no list".into()),
        Ok(page) => {
            let all = items(&page["Resources"]).iter();
            // A filter that was not heeded answers with everybody.
            let is_his = |user: &&Value| text(user, "userName").eq_ignore_ascii_case(name);
            Ok(all.filter(is_his).cloned().collect())
        }
        // Nobody is an empty list; a 404 hides the enterprise.
        Err(unread) => Err(voice::why(unread, SCIM_RIGHT)),
    }
}

/// The accounts of identities; one that nobody signed in with is no account, and is told.
fn linked(name: &str, all: Vec<Identity>, people: &str) -> Result<Vec<Candidate>, String> {
    let count = all.len();
    let linked: Vec<Candidate> = all
        .into_iter()
        .filter_map(|identity| {
            let (id, login) = identity.account?;
            let names = identity.names.into_iter().chain([identity.guid]);
            Some(candidate(Account { id, login }, names.collect()))
        })
        .collect();
    if linked.is_empty() {
        return Err(format!(
            "GitHub keeps {count} identity of {name} that no account was ever linked to: whether \
             he has an account by another way, a person must look up ({people})"
        ));
    }
    Ok(linked)
}

fn candidate(account: Account, mut names: Vec<String>) -> Candidate {
    names.retain(|name| !name.is_empty());
    Candidate {
        id: account.id,
        names,
    }
}

/// `alex.b@contoso.example` at `contoso` is `alex-b_contoso`.
fn managed_login(user_name: &str, shortcode: &str) -> String {
    let local = user_name.split('@').next().unwrap_or_default();
    let sign = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let local: String = local.chars().map(sign).collect();
    format!("{}_{shortcode}", local.trim_matches('-'))
}

fn is_number(value: &str) -> bool {
    !value.is_empty() && value.len() < 20 && value.bytes().all(|b| b.is_ascii_digit())
}

/// A GUID; SCIM's ids are.
fn is_scim_id(value: &str) -> bool {
    value.len() == 36 && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(guid: &str, account: Option<&str>) -> Identity {
        Identity {
            guid: guid.into(),
            names: vec!["alex@contoso.example".into()],
            account: account.map(|id| (id.into(), "alex-c".into())),
        }
    }

    #[test]
    fn an_identity_that_nobody_was_linked_to_is_told_and_is_not_nobody() {
        let none = linked("alex", vec![identity("g1", None)], "people");
        assert!(none.unwrap_err().contains("no account was ever linked"));
        let one = linked(
            "alex",
            vec![identity("g1", None), identity("g2", Some("7"))],
            "",
        );
        let one = one.unwrap();
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].names, ["alex@contoso.example", "g2"]);
    }

    #[test]
    fn a_managed_login_is_built_by_github_s_rule() {
        assert_eq!(managed_login("alex.b@contoso.example", "con"), "alex-b_con");
        assert_eq!(managed_login("alex", "con"), "alex_con");
    }

    #[test]
    fn only_numbers_and_guids_are_ids() {
        assert!(is_number("4217") && !is_number("") && !is_number("42a"));
        assert!(is_scim_id("1b78eada-9baa-11e6-9eb6-a431576d590e"));
        assert!(!is_scim_id("../../orgs/contoso/members/alex-c/////.."));
    }
}
