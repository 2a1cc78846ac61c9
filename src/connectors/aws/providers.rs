//! Which of an account's identity providers is the directory.
//!
//! Pure. A session's name is only as good as who vouched for it: a partner's provider may know
//! somebody else by the very name. A provider is the directory's if the config file says so; else
//! if the trail shows that it let somebody in with an assertion that Okta issued (`www.okta.com` is
//! the issuer of its apps unless an admin wrote another), if it is called after Okta, or if the
//! account has no other. Where none of that tells, nobody is met by name alone. Identity Center's
//! own provider belongs to its portal, and is told apart by its name. Source: event fields and the
//! name `AWSSSO_…_DO_NOT_DELETE` [docs*]; the issuer [docs*].

use std::collections::BTreeSet;

use super::roles::Role;
use super::trail::{Assumed, By};

/// Any provider at all, in a trust policy that names none.
pub(super) const ANY: &str = "*";

/// The providers that vouch for people of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Providers {
    /// These.
    Known(BTreeSet<String>),
    /// It is one of these, or several.
    Untold(BTreeSet<String>),
}

impl Providers {
    /// Which they are, by what an admin named, by the roles and by the trail.
    pub(super) fn of(named: &[String], roles: &[Role], sign_ins: &[Assumed]) -> Self {
        let open = roles.iter().filter(|role| !role.is_reserved);
        let trusted = open.flat_map(|role| role.providers.iter().map(String::as_str));
        let used = sign_ins.iter().filter_map(|one| one.provider());
        let all: BTreeSet<&str> = trusted
            .chain(used)
            .filter(|arn| *arn != ANY && !is_portal(arn))
            .collect();
        let owned = |arns: BTreeSet<&str>| arns.into_iter().map(str::to_owned).collect();
        if !named.is_empty() {
            let is_named = |arn: &&str| named.iter().any(|name| name_of(arn) == name);
            return Self::Known(owned(all.into_iter().filter(is_named).collect()));
        }
        let shown: BTreeSet<&str> = sign_ins
            .iter()
            .filter(|one| matches!(&one.by, By::Saml { issuer, .. } if is_okta(issuer)))
            .filter_map(Assumed::provider)
            .collect();
        let by_name = |arn: &&str| name_of(arn).to_ascii_lowercase().contains("okta");
        let ours: BTreeSet<&str> = all
            .iter()
            .copied()
            .filter(|arn| shown.contains(arn) || by_name(arn))
            .collect();
        if !ours.is_empty() {
            Self::Known(owned(ours))
        } else if all.len() <= 1 {
            Self::Known(owned(all))
        } else {
            Self::Untold(owned(all))
        }
    }

    /// Whether a role lets people of the directory in.
    pub(super) fn lets_in(&self, role: &Role) -> bool {
        match self {
            Self::Known(ours) => role
                .providers
                .iter()
                .any(|arn| arn == ANY || ours.contains(arn)),
            Self::Untold(_) => false,
        }
    }

    /// Whether somebody of the directory was vouched for.
    pub(super) fn vouched(&self, one: &Assumed) -> bool {
        match self {
            Self::Known(ours) => one.provider().is_some_and(|arn| ours.contains(arn)),
            Self::Untold(_) => false,
        }
    }

    /// The names of those that it may be, where that is not told.
    pub(super) fn untold(&self) -> Option<Vec<&str>> {
        match self {
            Self::Known(_) => None,
            Self::Untold(all) => Some(all.iter().map(|arn| name_of(arn)).collect()),
        }
    }
}

/// Whether this is the provider of Identity Center's portal.
pub(super) fn is_portal(arn: &str) -> bool {
    name_of(arn).starts_with("AWSSSO_")
}

/// `Okta` of `arn:aws:iam::111122223333:saml-provider/Okta`.
fn name_of(arn: &str) -> &str {
    arn.split_once(":saml-provider/")
        .map_or("", |(_, name)| name)
}

/// Whether an assertion's issuer is one that Okta gives its apps.
fn is_okta(issuer: &str) -> bool {
    let rest = issuer
        .strip_prefix("https://")
        .or_else(|| issuer.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split('/').next());
    let domains = ["okta.com", "oktapreview.com", "okta-emea.com"];
    host.is_some_and(|host| {
        domains.iter().any(|domain| {
            let before = host.strip_suffix(domain);
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::aws::policy::revoke::SessionId;
    use crate::model::Utc;

    fn arn(name: &str) -> String {
        format!("arn:aws:iam::111122223333:saml-provider/{name}")
    }

    fn role(providers: &[&str]) -> Role {
        Role {
            name: "R".into(),
            id: "AROAEXAMPLEADMIN0001".into(),
            arn: "a".into(),
            is_reserved: false,
            providers: providers
                .iter()
                .map(|name| if *name == ANY { ANY.into() } else { arn(name) })
                .collect(),
        }
    }

    fn sign_in(provider: &str, issuer: &str) -> Assumed {
        Assumed {
            at: Utc::from_millis(0),
            by: By::Saml {
                provider: arn(provider),
                issuer: issuer.into(),
            },
            session: SessionId::new("AROAEXAMPLEADMIN0001", "alex").unwrap(),
            account: "111122223333".into(),
            role_name: "R".into(),
        }
    }

    fn known(names: &[&str]) -> Providers {
        Providers::Known(names.iter().map(|name| arn(name)).collect())
    }

    #[test]
    fn the_directory_is_told_by_config_by_issuer_by_name_or_by_being_alone() {
        let two = [role(&["Sso"]), role(&["Partner"])];
        let of = |named: &[&str], roles: &[Role], sign_ins: &[Assumed]| {
            let named: Vec<String> = named.iter().map(|name| (*name).into()).collect();
            Providers::of(&named, roles, sign_ins)
        };
        assert_eq!(of(&["Sso"], &two, &[]), known(&["Sso"]));
        let issued = [
            sign_in("Sso", "http://www.okta.com/exk1"),
            sign_in("Partner", "https://okta.com.evil.example/x"),
        ];
        assert_eq!(of(&[], &two, &issued), known(&["Sso"]));
        let named = [role(&["corp-Okta"]), role(&["Partner"])];
        assert_eq!(of(&[], &named, &[]), known(&["corp-Okta"]));
        assert_eq!(of(&[], &two[..1], &[]), known(&["Sso"]));
        assert_eq!(of(&[], &[], &[]), known(&[]));
        let untold = of(&[], &two, &[]);
        assert_eq!(untold.untold(), Some(vec!["Partner", "Sso"]));
        assert!(!untold.lets_in(&two[0]) && !untold.vouched(&issued[0]));
    }

    #[test]
    fn a_partner_s_role_and_word_are_not_the_directory_s_and_the_portal_s_are_its_own() {
        let portal = "AWSSSO_0123456789abcdef_DO_NOT_DELETE";
        let roles = [role(&["Okta"]), role(&["Partner"]), role(&[portal])];
        let ours = Providers::of(&[], &roles, &[sign_in(portal, "http://www.okta.com/exk1")]);
        assert_eq!(ours, known(&["Okta"]));
        let lets_in: Vec<bool> = roles.iter().map(|role| ours.lets_in(role)).collect();
        assert_eq!(lets_in, [true, false, false]);
        assert!(ours.lets_in(&role(&[ANY])), "whoever comes");
        assert!(ours.vouched(&sign_in("Okta", "x")));
        assert!(!ours.vouched(&sign_in("Partner", "x")));
        assert!(is_portal(&arn(portal)) && !is_portal(&arn("Okta")));
    }

    #[test]
    fn only_hosts_of_okta_s_are_okta_s() {
        assert!(is_okta("http://www.okta.com/exk1") && is_okta("https://okta.com"));
        assert!(is_okta("https://contoso.oktapreview.com/x"));
        for not in [
            "http://notokta.com/x",
            "https://x.example/www.okta.com",
            "okta.com",
            "",
        ] {
            assert!(!is_okta(not), "{not}");
        }
    }
}
