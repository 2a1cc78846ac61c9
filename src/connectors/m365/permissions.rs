//! Application permissions: their names, which stronger ones include them, and which are missing.
//!
//! What an app was granted stands in the `roles` of its token. Source: `graph.yaml`
//! (`x-app-permissions`), from Microsoft's own permissions table.

use std::collections::BTreeSet;

pub(super) const REVOKE_SESSIONS: &str = "User.RevokeSessions.All";
pub(super) const USER_READ: &str = "User.Read.All";
pub(super) const USER_ENABLE: &str = "User.EnableDisableAccount.All";
pub(super) const METHODS_READ: &str = "UserAuthenticationMethod.Read.All";
pub(super) const METHODS_WRITE: &str = "UserAuthenticationMethod.ReadWrite.All";
pub(super) const GRANTS_WRITE: &str = "DelegatedPermissionGrant.ReadWrite.All";
pub(super) const DIRECTORY_READ: &str = "Directory.Read.All";
pub(super) const AUDIT_READ: &str = "AuditLog.Read.All";
pub(super) const MAIL_READ: &str = "MailboxSettings.Read";
pub(super) const MAIL_WRITE: &str = "MailboxSettings.ReadWrite";

const USER_WRITE: &str = "User.ReadWrite.All";
const DIRECTORY_WRITE: &str = "Directory.ReadWrite.All";

/// Those that will do in place of `wanted`.
fn stronger(wanted: &str) -> &'static [&'static str] {
    match wanted {
        REVOKE_SESSIONS | USER_ENABLE => &[USER_WRITE, DIRECTORY_WRITE],
        USER_READ => &[DIRECTORY_READ, USER_WRITE, DIRECTORY_WRITE],
        METHODS_READ => &[METHODS_WRITE],
        GRANTS_WRITE => &[DIRECTORY_WRITE],
        DIRECTORY_READ => &[DIRECTORY_WRITE, GRANTS_WRITE],
        MAIL_READ => &[MAIL_WRITE],
        _ => &[],
    }
}

/// Whether an app with these `roles` may do what takes `wanted`.
pub(super) fn has(roles: &BTreeSet<String>, wanted: &str) -> bool {
    let held = |name: &str| roles.contains(name);
    held(wanted) || stronger(wanted).iter().any(|name| held(name))
}

/// Those of `wanted` that `roles` do not give.
pub(super) fn missing<'w>(roles: &BTreeSet<String>, wanted: &[&'w str]) -> Vec<&'w str> {
    let each = wanted.iter().copied();
    each.filter(|name| !has(roles, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stronger_permission_stands_for_a_weaker_one_and_never_the_other_way() {
        let roles = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert!(has(&roles(&[DIRECTORY_WRITE]), REVOKE_SESSIONS));
        assert!(has(&roles(&[MAIL_WRITE]), MAIL_READ));
        assert!(!has(&roles(&[MAIL_READ]), MAIL_WRITE));
        assert_eq!(
            missing(&roles(&[REVOKE_SESSIONS]), &[REVOKE_SESSIONS, USER_READ]),
            [USER_READ],
            "with the right to revoke alone nothing can be read back"
        );
    }
}
