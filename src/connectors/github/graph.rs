//! The external identities that an organisation or enterprise keeps: who of the directory is which
//! account. Asked by POST, and only read.
//!
//! `samlIdentityProvider` is null both without single sign-on and without the right to see it.
//! `user` is null where nobody ever signed in with the identity. Source:
//! `github-external-identities.graphql`. That `guid` is the id that SCIM has for the same person is
//! [inferred].

use serde_json::{Value, json};

use super::GRAPHQL;
use crate::connectors::kit::{Glance, Got, items, text};
use crate::transport::Path;

/// By what identities are looked for.
#[derive(Clone, Copy)]
pub(super) enum By<'a> {
    /// The NameID or the user name that the directory asserts.
    Name(&'a str),
    /// The account's login at GitHub.
    Login(&'a str),
}

/// Whose identity provider.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    /// An organisation's.
    Org(&'a str),
    /// An enterprise's.
    Enterprise(&'a str),
}

/// What there is.
pub(super) enum Identities {
    /// No identity provider, or none that we may see.
    NoProvider,
    /// Those that answer, all of them.
    Are(Vec<Identity>),
}

/// One external identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// Its id, also SCIM's.
    pub(super) guid: String,
    /// Names that the directory gave.
    pub(super) names: Vec<String>,
    /// The account that it was linked to: id and login.
    pub(super) account: Option<(String, String)>,
}

/// Asks.
///
/// # Errors
/// Why it could not be read; a list that goes on is not read either, for the filter is exact.
pub(super) async fn identities(
    glance: &Glance,
    at: At<'_>,
    by: By<'_>,
) -> Result<Identities, String> {
    let body = json!({ "query": query(at, by), "variables": variables(at, by) });
    let got = glance.query(Path::new("").on(GRAPHQL), body).await;
    read(&got, at)
}

fn query(at: At<'_>, by: By<'_>) -> String {
    let (variable, argument) = match by {
        By::Name(_) => ("$n:String!", "userName:$n"),
        By::Login(_) => ("$login:String!", "login:$login"),
    };
    let found = format!(
        "samlIdentityProvider{{ issuer externalIdentities(first:5,{argument},membersOnly:false){{ \
         totalCount nodes{{ guid samlIdentity{{nameId username}} scimIdentity{{username}} \
         user{{login databaseId}} }} pageInfo{{endCursor hasNextPage}} }} }}"
    );
    match at {
        At::Org(_) => {
            format!("query($org:String!,{variable}){{ organization(login:$org){{ {found} }} }}")
        }
        At::Enterprise(_) => format!(
            "query($enterprise:String!,{variable}){{ enterprise(slug:$enterprise){{ \
             ownerInfo{{ {found} }} }} }}"
        ),
    }
}

fn variables(at: At<'_>, by: By<'_>) -> Value {
    let mut all = match at {
        At::Org(org) => json!({ "org": org }),
        At::Enterprise(slug) => json!({ "enterprise": slug }),
    };
    match by {
        By::Name(name) => all["n"] = json!(name),
        By::Login(login) => all["login"] = json!(login),
    }
    all
}

fn read(got: &Got, at: At<'_>) -> Result<Identities, String> {
    let body = got.as_ref().map_err(|unread| unread.why())?;
    let place = match at {
        At::Org(_) => &body["data"]["organization"],
        At::Enterprise(_) => &body["data"]["enterprise"],
    };
    if !place.is_object() {
        return Err("GitHub's answer names neither organisation nor enterprise".into());
    }
    let provider = match at {
        At::Org(_) => &place["samlIdentityProvider"],
        At::Enterprise(_) => &place["ownerInfo"]["samlIdentityProvider"],
    };
    if provider.is_null() {
        return Ok(Identities::NoProvider);
    }
    let found = &provider["externalIdentities"];
    if !found["nodes"].is_array() {
        return Err("GitHub's answer holds no list of identities".into());
    }
    if found["pageInfo"]["hasNextPage"] == true {
        return Err("more than 5 identities answer to one name".into());
    }
    let nodes = items(&found["nodes"])
        .iter()
        .filter(|node| node.is_object());
    Ok(Identities::Are(nodes.map(identity).collect()))
}

fn identity(node: &Value) -> Identity {
    let names = [
        text(&node["samlIdentity"], "nameId"),
        text(&node["samlIdentity"], "username"),
        text(&node["scimIdentity"], "username"),
    ];
    let names = names.into_iter().filter(|name| !name.is_empty());
    let user = &node["user"];
    let account = user["databaseId"].as_u64();
    Identity {
        guid: text(node, "guid").to_owned(),
        names: names.map(str::to_owned).collect(),
        account: account.map(|id| (id.to_string(), text(user, "login").to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::kit::Unread;

    fn org(provider: Value) -> Got {
        Ok(json!({ "data": { "organization": { "samlIdentityProvider": provider } } }))
    }

    fn list(nodes: Value, more: bool) -> Value {
        json!({ "externalIdentities": { "nodes": nodes, "pageInfo": { "hasNextPage": more } } })
    }

    #[test]
    fn without_a_provider_an_unread_answer_and_an_unlinked_identity_are_three_things() {
        let at = At::Org("contoso");
        assert!(matches!(
            read(&org(Value::Null), at),
            Ok(Identities::NoProvider)
        ));
        let hidden: Got = Ok(json!({ "data": { "organization": null } }));
        assert!(read(&hidden, at).is_err());
        assert!(read(&Err(Unread::NoAnswer("cut".into())), at).is_err());
        assert!(read(&org(list(json!([]), true)), at).is_err());
        let nodes = json!([
            { "guid": "g1", "samlIdentity": { "nameId": "alex@contoso.example" }, "user": null },
            { "guid": "g2", "scimIdentity": { "username": "alex@contoso.example" },
              "user": { "login": "alex-c", "databaseId": 7 } },
        ]);
        let Ok(Identities::Are(all)) = read(&org(list(nodes, false)), at) else {
            panic!("a list was not read")
        };
        assert_eq!(all[0].account, None);
        assert_eq!(all[1].account, Some(("7".into(), "alex-c".into())));
        assert_eq!(all[1].names, ["alex@contoso.example"]);
    }

    #[test]
    fn outside_values_travel_as_variables() {
        let name = "x\"){a}";
        for at in [At::Org("contoso"), At::Enterprise("contoso-inc")] {
            for by in [By::Name(name), By::Login(name)] {
                assert!(!query(at, by).contains(name));
                let told = variables(at, by).to_string();
                assert!(told.contains("contoso"), "{told}");
            }
        }
    }
}
