//! The roles of an account: which there are, who may sign in to them, and which are not ours to touch.
//!
//! A role may be entered by an identity provider if a statement of its trust policy allows
//! `sts:AssumeRoleWithSAML`, however it is spelt. Conditions are not weighed: a role that turns out
//! closed has no session of his, and a statement about none denies nobody. AWS lets nobody change
//! the policies of roles under `/aws-reserved/` and of those that belong to its services. Source:
//! iam service-2.json, `ListRoles` [spec]; reserved roles [docs].

use std::collections::BTreeSet;

use serde_json::Value;

use super::api;
use super::policy::{decoded, statements, texts};
use super::providers::ANY;
use crate::connectors::kit::{Glance, Unread, items, text};

/// Where AWS keeps roles that nobody else may edit.
const RESERVED: &[&str] = &["/aws-reserved/", "/aws-service-role/"];

/// One role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Role {
    /// Its name, by which it is asked for.
    pub(super) name: String,
    /// Its own id, which a new role of the same name does not have.
    pub(super) id: String,
    /// Its ARN.
    pub(super) arn: String,
    /// Whether AWS lets nobody edit it.
    pub(super) is_reserved: bool,
    /// The identity providers whose people may be let in, by ARN; [`ANY`] for whichever.
    pub(super) providers: BTreeSet<String>,
}

/// All roles of the account.
///
/// # Errors
/// What kept us from reading them.
pub(super) async fn all(glance: &Glance) -> Result<Vec<Role>, Unread> {
    let got = api::iam_list(glance, "ListRoles", Vec::new(), "Roles").await;
    let list = got.as_ref().as_ref().map_err(Unread::clone)?;
    // A page that shifts while it is read lists a role twice.
    let mut known = BTreeSet::new();
    let all = items(list).iter().filter_map(Role::read);
    Ok(all.filter(|role| known.insert(role.id.clone())).collect())
}

/// One role as it is now; `None` if there is none by this name.
///
/// # Errors
/// What kept us from reading it.
pub(super) async fn one(glance: &Glance, name: &str) -> Result<Option<Role>, Unread> {
    let pairs = vec![("RoleName".into(), name.to_owned())];
    let got = glance.ask(api::iam("GetRole", pairs)).await;
    match got.as_ref() {
        Ok(answer) => {
            let role = Role::read(&answer["GetRoleResult"]["Role"]);
            let no_role = || Unread::NoAnswer("AWS's answer is no role".into());
            role.filter(|role| role.name == name)
                .map(Some)
                .ok_or_else(no_role)
        }
        Err(Unread::Absent { .. }) => Ok(None),
        Err(unread) => Err(unread.clone()),
    }
}

impl Role {
    fn read(role: &Value) -> Option<Self> {
        let (name, id) = (text(role, "RoleName"), text(role, "RoleId"));
        if name.is_empty() || id.is_empty() {
            return None;
        }
        let path = text(role, "Path");
        Some(Self {
            name: name.to_owned(),
            id: id.to_owned(),
            arn: text(role, "Arn").to_owned(),
            is_reserved: RESERVED.iter().any(|reserved| path.starts_with(reserved)),
            providers: providers(text(role, "AssumeRolePolicyDocument")),
        })
    }
}

/// Whose people a trust policy lets in. One that cannot be understood may let in anybody's.
fn providers(trust: &str) -> BTreeSet<String> {
    let anybody = || BTreeSet::from([ANY.to_owned()]);
    if trust.is_empty() {
        return BTreeSet::new();
    }
    let Ok(document) = decoded(trust) else {
        return anybody();
    };
    let Ok(statements) = statements(&document) else {
        return anybody();
    };
    let lets_in = statements.iter().filter(|statement| {
        let actions = texts(&statement["Action"]).unwrap_or_default();
        let all_but = !statement["NotAction"].is_null();
        statement["Effect"] == "Allow" && (all_but || actions.iter().any(|action| covers(action)))
    });
    let each = lets_in.flat_map(|statement| federated(&statement["Principal"]));
    each.map(str::to_owned).collect()
}

/// Whether an action, wildcards and all, is or includes `sts:AssumeRoleWithSAML`.
fn covers(pattern: &str) -> bool {
    matches(
        pattern.to_ascii_lowercase().as_bytes(),
        b"sts:assumerolewithsaml",
    )
}

/// `*` stands for any text, `?` for one sign. Takes time in proportion to both, whatever the
/// pattern is.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(sign) if *sign == b'?' || *sign == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, taken)) = star else {
                    return false;
                };
                star = Some((at, taken + 1));
                p = at + 1;
                t = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|sign| *sign == b'*')
}

/// The identity providers among a principal.
fn federated(principal: &Value) -> Vec<&str> {
    let named = match principal {
        Value::String(_) => texts(principal),
        _ => texts(&principal["Federated"]),
    };
    let mut named = named.unwrap_or_default();
    named.retain(|one| *one == ANY || one.contains(":saml-provider/"));
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use serde_json::json;

    const OKTA: &str = "arn:aws:iam::111122223333:saml-provider/Okta";

    fn is_entrance(trust: &str) -> bool {
        !providers(trust).is_empty()
    }

    fn trust(statement: &Value) -> String {
        let document = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
        utf8_percent_encode(&document, NON_ALPHANUMERIC).to_string()
    }

    fn saml(action: Value) -> String {
        let principal = json!({ "Federated": OKTA });
        trust(&json!({ "Effect": "Allow", "Principal": principal, "Action": action }))
    }

    #[test]
    fn an_entrance_is_told_in_every_spelling() {
        for action in [
            json!("sts:AssumeRoleWithSAML"),
            json!(["sts:TagSession", "STS:assumerolewithsaml"]),
            json!("sts:AssumeRole*"),
            json!("sts:AssumeRoleWith????"),
            json!("sts:*"),
            json!("*"),
        ] {
            assert!(is_entrance(&saml(action.clone())), "{action}");
        }
        let all_but = json!([{
            "Effect": "Allow", "Principal": { "Federated": [OKTA] }, "NotAction": "s3:*",
        }]);
        assert!(is_entrance(&trust(&all_but)));
        assert_eq!(
            providers(&trust(&all_but)),
            BTreeSet::from([OKTA.to_owned()])
        );
        let anybody = json!({ "Effect": "Allow", "Principal": "*", "Action": "sts:*" });
        for any in [trust(&anybody), "%7B".to_owned()] {
            assert_eq!(providers(&any), BTreeSet::from([ANY.to_owned()]), "{any}");
        }
    }

    #[test]
    fn what_nobody_signs_in_to_is_no_entrance() {
        let machine = json!({
            "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" },
            "Action": "sts:AssumeRole",
        });
        let denied = json!({
            "Effect": "Deny", "Principal": { "Federated": OKTA },
            "Action": "sts:AssumeRoleWithSAML",
        });
        let web = json!({
            "Effect": "Allow", "Action": "sts:*",
            "Principal": { "Federated": "arn:aws:iam::1:oidc-provider/x" },
        });
        for statement in [machine, denied, web] {
            assert!(!is_entrance(&trust(&statement)), "{statement}");
        }
        assert!(!is_entrance(&saml(json!("sts:AssumeRoleWithWebIdentity"))));
        assert!(!is_entrance(&saml(json!("sts:AssumeRole"))));
        assert!(!is_entrance(""), "none was told");
    }

    #[test]
    fn a_pattern_made_to_take_forever_does_not() {
        let pattern = format!("{}x", "*a".repeat(5_000));
        assert!(!matches(pattern.as_bytes(), "a".repeat(5_000).as_bytes()));
        assert!(matches(b"**", b"") && matches(b"a*c*", b"abcd") && !matches(b"?", b""));
    }

    #[test]
    fn reserved_roles_are_told_by_where_they_lie() {
        let role = |path: &str| {
            let role = json!({ "RoleName": "R", "RoleId": "AROA1", "Path": path });
            Role::read(&role).unwrap().is_reserved
        };
        assert!(role("/aws-reserved/sso.amazonaws.com/eu-central-1/"));
        assert!(role("/aws-service-role/ecs.amazonaws.com/"));
        assert!(!role("/") && !role("/team/aws-reserved/"));
        assert_eq!(Role::read(&json!({ "RoleName": "R" })), None);
    }
}
