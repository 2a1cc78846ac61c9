//! What inline policies a role has: ours, or one that only bears its name, and how much room is left.

use futures_util::future::join_all;

use super::api;
use super::policy::revoke::{NAME, Revocations};
use super::policy::{decoded, size_encoded};
use crate::connectors::kit::{Glance, Unread, text};

/// The policy of our name in a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// There is none.
    Nothing,
    /// All of it is ours.
    Ours(Revocations),
    /// Somebody else's, or changed by somebody: why we say so.
    Foreign(&'static str),
}

impl Held {
    /// What is denied by it, as far as it is ours.
    ///
    /// # Errors
    /// Why it is not ours.
    pub(super) fn revocations(&self) -> Result<Revocations, &'static str> {
        match self {
            Self::Nothing => Ok(Revocations::default()),
            Self::Ours(revocations) => Ok(revocations.clone()),
            Self::Foreign(why) => Err(why),
        }
    }
}

/// Reads it, once per glance. That the role itself is not there looks the same as no policy.
///
/// # Errors
/// What kept us from reading it.
pub(super) async fn ours(glance: &Glance, role: &str) -> Result<Held, Unread> {
    let document = match document(glance, role, NAME).await {
        Ok(document) => document,
        Err(Unread::Absent { .. }) => return Ok(Held::Nothing),
        Err(unread) => return Err(unread),
    };
    let read = decoded(&document).and_then(|document| Revocations::read(&document));
    Ok(match read {
        Ok(revocations) => Held::Ours(revocations),
        Err(why) => Held::Foreign(why.0),
    })
}

/// Characters that the role's other inline policies take of its quota.
///
/// # Errors
/// What kept us from reading them.
pub(super) async fn size_of_others(glance: &Glance, role: &str) -> Result<usize, Unread> {
    let pairs = vec![("RoleName".into(), role.to_owned())];
    let got = api::iam_list(glance, "ListRolePolicies", pairs, "PolicyNames").await;
    let names = got.as_ref().as_ref().map_err(Unread::clone)?;
    let names = names.as_array().into_iter().flatten();
    let others = names
        .filter_map(|name| name.as_str())
        .filter(|name| *name != NAME);
    let sizes = others.map(async |name| match document(glance, role, name).await {
        Ok(document) => Ok(size_encoded(&document)),
        // Taken away meanwhile.
        Err(Unread::Absent { .. }) => Ok(0),
        Err(unread) => Err(unread),
    });
    join_all(sizes).await.into_iter().sum()
}

async fn document(glance: &Glance, role: &str, policy: &str) -> Result<String, Unread> {
    let pairs = vec![
        ("RoleName".into(), role.to_owned()),
        ("PolicyName".into(), policy.to_owned()),
    ];
    let got = glance.ask(api::iam("GetRolePolicy", pairs)).await;
    let answer = got.as_ref().as_ref().map_err(Unread::clone)?;
    let result = &answer["GetRolePolicyResult"];
    match text(result, "PolicyName") == policy {
        true => Ok(text(result, "PolicyDocument").to_owned()),
        false => Err(Unread::NoAnswer("AWS's answer is another policy".into())),
    }
}
