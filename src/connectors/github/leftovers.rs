//! What no call of GitHub's ends, and the page where a person does it.
//!
//! Told as things that are kept, so that they stand in the plan and, as long as nobody looked, in
//! the report's residuals. The pages' addresses are [docs*].

use super::GitHub;
use super::accounts::Account;
use crate::connectors::kit::target;
use crate::model::Kept;

impl GitHub {
    /// Where a person sees who is in.
    pub(super) fn people(&self) -> String {
        let (web, settings) = (self.settings.web(), &self.settings);
        match (&settings.org, &settings.enterprise) {
            (Some(org), _) => format!("{web}/orgs/{org}/people"),
            (None, Some(slug)) => format!("{web}/enterprises/{slug}/people"),
            (None, None) => web,
        }
    }

    /// Where a person sees what somebody did and made.
    fn audit_log(&self, login: &str) -> String {
        let (web, settings) = (self.settings.web(), &self.settings);
        let place = match (&settings.org, &settings.enterprise) {
            (Some(org), _) => format!("organizations/{org}"),
            (None, slug) => format!("enterprises/{}", slug.as_deref().unwrap_or_default()),
        };
        format!("{web}/{place}/settings/audit-log?q=actor%3A{login}")
    }
}

/// What goes on after every credential was revoked.
pub(super) fn of(github: &GitHub, account: &Account) -> Vec<Kept> {
    let (id, login, web) = (&account.id, &account.login, github.settings.web());
    let keep = |kind: &str, label: String, why: String| Kept {
        target: target(kind, id, &label),
        why,
        suspect: true,
    };
    let mut kept = vec![keep(
        "browser_session",
        format!("of {login}"),
        format!(
            "no call ends it, and it lasts about a day: revoke it at {}/{login}/sso",
            github.people()
        ),
    )];
    if let Some(org) = &github.settings.org {
        kept.push(keep(
            "codespaces",
            format!("of {login}"),
            format!(
                "those that run go on: stop them at {web}/organizations/{org}/settings/codespaces"
            ),
        ));
    }
    kept.push(keep(
        "deploy_keys",
        format!("webhooks and apps that {login} made"),
        format!("they outlive him: look at {}", github.audit_log(login)),
    ));
    if !account.is_managed() {
        kept.push(keep(
            "own_keys",
            format!("and tokens of {login}"),
            format!("they stay with him: he alone deletes them, at {web}/settings/keys and {web}/settings/tokens"),
        ));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::github::tests::{app, github};
    use serde_json::json;

    fn account(login: &str) -> Account {
        Account {
            id: "7".into(),
            login: login.into(),
        }
    }

    #[test]
    fn each_thing_that_no_call_ends_has_the_page_where_a_person_does_it() {
        let all: Vec<String> = of(&github(&app(json!({}))), &account("alex-c"))
            .into_iter()
            .map(|kept| kept.why)
            .collect();
        for link in [
            "https://github.com/orgs/contoso/people/alex-c/sso",
            "https://github.com/organizations/contoso/settings/codespaces",
            "https://github.com/organizations/contoso/settings/audit-log?q=actor%3Aalex-c",
            "https://github.com/settings/keys",
        ] {
            assert!(all.iter().any(|why| why.contains(link)), "{link}: {all:#?}");
        }
    }

    #[test]
    fn a_server_of_one_s_own_has_its_own_pages_and_managed_keys_are_not_his() {
        let own = json!({ "api_url": "https://github.contoso.example/api/v3" });
        let all = of(&github(&app(own)), &account("alex_con"));
        let is_own = |kept: &Kept| kept.target.kind == "own_keys";
        assert!(!all.iter().any(is_own));
        let at = |kept: &Kept| kept.why.contains("https://github.contoso.example/");
        assert!(all.iter().all(at), "{all:#?}");
    }
}
