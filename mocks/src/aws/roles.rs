//! What the policies on a role, and those of the organisation, say; and which sessions they leave alive.

use serde_json::Value;

use super::policy::{self, Context, Say, say};
use super::state::{Role, Scp, Session};
use super::{Aws, MANAGEMENT};
use crate::time::second;

/// What all policies together say to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed,
    ExplicitDeny,
    ImplicitDeny,
}

/// A session that may do neither of these may do nothing.
const PROBES: [&str; 2] = ["s3:ListAllMyBuckets", "iam:CreateAccessKey"];

impl Role {
    /// Its ARN.
    #[must_use]
    pub fn arn(&self, account: &str) -> String {
        format!("arn:aws:iam::{account}:role{}{}", self.path, self.name)
    }

    /// Whether only AWS may change it.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.path.starts_with("/aws-reserved/") || self.path.starts_with("/aws-service-role/")
    }

    /// Every document on it, with what the simulator calls where it stands.
    pub(super) fn documents(&self) -> Vec<(String, Value)> {
        let inline = self.inline.iter().filter_map(|(name, text)| {
            let document = serde_json::from_str(text).ok()?;
            Some((format!("role_{}_{name}", self.name), document))
        });
        let attached = self.attached.iter().enumerate();
        let attached = attached.map(|(n, document)| (format!("attached_{n}"), document.clone()));
        inline.chain(attached).collect()
    }
}

impl Aws {
    /// A role by account and name.
    #[must_use]
    pub fn role(&self, account: &str, name: &str) -> Option<&Role> {
        self.accounts.get(account)?.roles.get(name)
    }

    /// What a role's session with this context may do.
    pub(super) fn judge(
        &self,
        account: &str,
        role: &str,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Decision {
        let Some(role) = self.role(account, role) else {
            return Decision::ImplicitDeny;
        };
        let mut full = context.clone();
        full.insert("aws:PrincipalArn".to_owned(), role.arn(account));
        let own = role.documents();
        let own = own.iter().map(|(_, document)| document);
        let said = together(own.map(|document| say(document, action, resource, &full)));
        match (
            said,
            self.organization_says(account, action, resource, &full),
        ) {
            (Say::Deny, _) | (_, Say::Deny) => Decision::ExplicitDeny,
            (Say::Allow, Say::Allow) => Decision::Allowed,
            _ => Decision::ImplicitDeny,
        }
    }

    /// What a user may do.
    pub(super) fn judge_user(
        &self,
        account: &str,
        name: &str,
        action: &str,
        resource: &str,
    ) -> Decision {
        let documents = self
            .accounts
            .get(account)
            .and_then(|account| account.users.get(name));
        let all = documents.into_iter().flatten();
        match together(all.map(|document| say(document, action, resource, &Context::new()))) {
            Say::Deny => Decision::ExplicitDeny,
            Say::Allow => Decision::Allowed,
            Say::Nothing => Decision::ImplicitDeny,
        }
    }

    /// What the organisation's policies say in an account; nothing binds the management account.
    pub(super) fn organization_says(
        &self,
        account: &str,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Say {
        if account == MANAGEMENT {
            return Say::Allow;
        }
        together(self.scps_on(account).into_iter().map(|scp| {
            let document = serde_json::from_str(&scp.content).unwrap_or_default();
            say(&document, action, resource, context)
        }))
    }

    pub(super) fn scps_on(&self, account: &str) -> Vec<&Scp> {
        let root = &self.organization.root;
        let all = self.organization.policies.values();
        all.filter(|scp| scp.targets.contains(root) || scp.targets.contains(account))
            .collect()
    }

    /// Whether a session can still do anything: it has not ended, its role is the one it began in,
    /// and no Deny is on it.
    #[must_use]
    pub fn is_alive(&self, session: &Session) -> bool {
        let role = self.role(&session.account, &session.role);
        session.expires_ms > self.now_ms
            && role.is_some_and(|role| role.id == session.role_id)
            && !self.is_denied(session)
    }

    /// Whether policies forbid a session everything.
    #[must_use]
    pub fn is_denied(&self, session: &Session) -> bool {
        let context = context_of(session);
        PROBES.iter().all(|action| {
            let said = self.judge(&session.account, &session.role, action, "*", &context);
            said == Decision::ExplicitDeny
        })
    }
}

/// What the policies can ask of a session.
fn context_of(session: &Session) -> Context {
    let userid = format!("{}:{}", session.role_id, session.name);
    let mut context: Context = [
        ("aws:userid", userid),
        ("aws:TokenIssueTime", second(session.issued_ms)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    if let Some(user) = &session.portal_user {
        context.insert("identitystore:userId".to_owned(), user.clone());
    }
    context
}

pub(super) fn together(all: impl Iterator<Item = Say>) -> Say {
    all.fold(Say::Nothing, |sum, said| match (sum, said) {
        (Say::Deny, _) | (_, Say::Deny) => Say::Deny,
        (Say::Allow, _) | (_, Say::Allow) => Say::Allow,
        _ => Say::Nothing,
    })
}

/// Characters of all inline policies of a role, as they count.
pub(super) fn inline_size(role: &Role) -> usize {
    role.inline.values().map(|text| policy::size(text)).sum()
}
