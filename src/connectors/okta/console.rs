//! Pages of Okta's Admin Console, for people to open: nothing is ever read from there.
//!
//! The address stands in no reference of Okta's; it is what administrators see and write down:
//! `https://ORG-admin.okta.com/admin/app/NAME/instance/ID/`. It is made only for orgs at Okta's own
//! domains, because nothing tells where the console of a custom domain is.

use crate::model::AppAccount;

/// Where orgs live. Source: "Okta domains" [docs].
const DOMAINS: [&str; 3] = ["okta.com", "oktapreview.com", "okta-emea.com"];

/// The app's page in the console of the org at `host`.
pub(super) fn page_of(host: &str, app: &AppAccount) -> Option<String> {
    let (org, domain) = host.split_once('.')?;
    let is_word = |text: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        !text.is_empty() && text.chars().all(known)
    };
    let known = DOMAINS.contains(&domain) && is_word(org) && !org.ends_with("-admin");
    (known && is_word(&app.name) && is_word(&app.app)).then(|| {
        let (name, id) = (&app.name, &app.app);
        format!("https://{org}-admin.{domain}/admin/app/{name}/instance/{id}/")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(name: &str, id: &str) -> AppAccount {
        AppAccount {
            app: id.into(),
            name: name.into(),
            ..AppAccount::default()
        }
    }

    #[test]
    fn an_app_s_page_stands_in_the_console_of_its_org() {
        assert_eq!(
            page_of("contoso.okta.com", &app("jira_onprem", "0oa1")).as_deref(),
            Some("https://contoso-admin.okta.com/admin/app/jira_onprem/instance/0oa1/")
        );
    }

    #[test]
    fn where_the_console_is_not_known_no_address_is_made_up() {
        for host in [
            "login.contoso.example",
            "127.0.0.1",
            "okta.com",
            "a.b.okta.com",
        ] {
            assert_eq!(page_of(host, &app("jira_onprem", "0oa1")), None, "{host}");
        }
        for (name, id) in [
            ("", "0oa1"),
            ("jira", ""),
            ("../x", "0oa1"),
            ("jira", "0oa1?a=b"),
        ] {
            assert_eq!(page_of("contoso.okta.com", &app(name, id)), None);
        }
    }
}
