//! What would stop us tonight: key or token, the installation, its permissions, and two real reads.
//!
//! Reads alone. An App's permissions are told by its installation. What a person's token may do
//! stands in `x-oauth-scopes`; that it can revoke itself is said loudly.

use super::GitHub;
use super::app::{Installation, READING};
use super::credentials::of_org;
use super::find::ByKey;
use super::settings::Auth;
use super::vendor::VENDOR;
use super::voice::{self, VOICE};
use crate::connectors::kit::Glance;
use crate::identity::Finder as _;
use crate::model::{ActionId, Finding, Key, KeyKind, Severity};
use crate::transport::{Path, Read, Reader};

/// Scopes of an owner's classic token, and what they are for.
const SCOPES: &[(&str, &str)] = &[
    ("admin:org", "credential authorisations and members"),
    ("admin:enterprise", "the enterprise's calls"),
];

/// A name that no directory gives (RFC 2606).
const NOBODY: &str = "oust-preflight@example.invalid";

/// What a person should know before the night.
pub(super) async fn findings(github: &GitHub, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
    let exposed = github.settings.secret().exposed();
    let mut found: Vec<Finding> = exposed
        .map(|text| finding(Severity::High, "secret_exposed", text, ""))
        .into_iter()
        .collect();
    if let Err(error) = github.reading.header(READING).await {
        let text = error.to_string();
        found.push(finding(Severity::High, "no_token", text, error.hint()));
        return found;
    }
    match &github.settings.auth {
        Auth::App { .. } => found.extend(about_app(github, wanted)),
        Auth::Token(_) => found.extend(about_person(github, r).await),
    }
    found.extend(looks_up(github, r).await);
    found.extend(reads_authorisations(github, r).await);
    if github.settings.org.is_none() {
        let text = "no `org` is named: GitHub lists nothing of an enterprise, so that \
                    `revoke_credentials` cannot be proven";
        let hint = "name an organisation of the enterprise, one instance each";
        let text = text.to_owned();
        found.push(finding(
            Severity::Warning,
            "nothing_to_read_back",
            text,
            hint,
        ));
    }
    found
}

/// Each action's missing permissions.
fn about_app(github: &GitHub, wanted: &[ActionId]) -> Vec<Finding> {
    let Some(installation) = github.learnt.installation() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for id in wanted {
        let Some(action) = VENDOR.action(id.verb()) else {
            continue;
        };
        let rights = action.needs.iter().chain(action.reads);
        let lacks: Vec<&str> = rights
            .copied()
            .filter(|right| lacks(&installation, right))
            .collect();
        if !lacks.is_empty() {
            let lacks = lacks.join(" and ");
            let text = format!("`{id}` is not possible: the App lacks {lacks}");
            let hint = format!("grant the App {lacks}, and have an owner accept it");
            found.push(finding(Severity::High, "permission_missing", text, &hint));
        }
    }
    found
}

/// Whether an installation lacks `name:level`. What is no permission of an organisation's App is
/// an enterprise's to give, and not told there.
fn lacks(installation: &Installation, right: &str) -> bool {
    match right.split_once(':') {
        Some((name, level)) => !installation.has(name, level),
        None => !installation.of_enterprise,
    }
}

/// A person's token: whose, with what scopes, and that it can be cut by our own call.
async fn about_person(github: &GitHub, r: &Reader) -> Vec<Finding> {
    let mut found = vec![finding(
        Severity::Warning,
        "personal_token",
        "oust acts by a person's token: it is one of the things it revokes, cannot touch \
         fine-grained tokens, and could write even in a dry run"
            .into(),
        "use a GitHub App: `app_id` and `private_key`",
    )];
    match r.send(&Read::get(Path::new("/user"))).await {
        Ok(answer) if VOICE.is_good(&answer) => {
            let scopes = answer.header("x-oauth-scopes").map(str::to_owned);
            found.extend(scopes.and_then(|scopes| lacks_scopes(github, &scopes)));
        }
        Ok(answer) => found.push(finding(
            Severity::High,
            "owner_unread",
            VOICE.sentence(&answer),
            "check the token: a classic one of an organisation owner",
        )),
        Err(error) => found.push(finding(
            Severity::High,
            "owner_unread",
            error.to_string(),
            "",
        )),
    }
    found
}

fn lacks_scopes(github: &GitHub, scopes: &str) -> Option<Finding> {
    let held = |scope: &str| scopes.split(',').any(|each| each.trim() == scope);
    let enterprise = github.settings.enterprise.is_some();
    let lacks: Vec<String> = SCOPES
        .iter()
        .filter(|(scope, _)| !held(scope) && (enterprise || *scope != "admin:enterprise"))
        .map(|(scope, what)| format!("{scope} ({what})"))
        .collect();
    (!lacks.is_empty()).then(|| {
        let text = format!("the token lacks {}", lacks.join(" and "));
        finding(
            Severity::High,
            "scope_missing",
            text,
            "make a new token with it",
        )
    })
}

/// Whether anybody could be found: a name that nobody has must be nobody.
async fn looks_up(github: &GitHub, r: &Reader) -> Option<Finding> {
    let glance = Glance::new(r, &VOICE);
    let finder = ByKey {
        github,
        glance: &glance,
    };
    let nobody = Key {
        kind: KeyKind::Login,
        value: NOBODY.into(),
        doubt: None,
    };
    let why = finder.find(&nobody).await.err()?;
    let text = format!("nobody can be found at {}: {why}", github.settings.place());
    let hint = "until then a person must be named by --identity, with his number at GitHub";
    Some(finding(Severity::High, "identities_unread", text, hint))
}

/// Whether the list that everything is proven by can be read.
async fn reads_authorisations(github: &GitHub, r: &Reader) -> Option<Finding> {
    let org = github.settings.org.as_deref()?;
    let glance = Glance::new(r, &VOICE);
    let got = glance.one(of_org(org).query("per_page", "1")).await;
    let unread = got.as_ref().as_ref().err()?;
    let text = format!(
        "credential authorisations of {org} cannot be read: {}",
        voice::why(unread, "`organization_administration:read`")
    );
    let hint = "check that the organisation has SAML single sign-on, and what we may do there";
    Some(finding(Severity::High, "authorisations_unread", text, hint))
}

fn finding(severity: Severity, id: &str, text: String, hint: &str) -> Finding {
    Finding {
        severity,
        id: id.into(),
        text,
        hint: hint.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{app, github};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_scope_that_is_missing_is_named_with_what_it_is_for() {
        let org = github(&app(json!({})));
        assert_eq!(lacks_scopes(&org, "repo, admin:org"), None);
        let lacks = lacks_scopes(&org, "read:org").unwrap();
        assert!(lacks.text.contains("admin:org"), "{}", lacks.text);
        let whole = github(&app(json!({ "enterprise": "contoso-inc" })));
        let lacks = lacks_scopes(&whole, "admin:org").unwrap();
        assert!(lacks.text.contains("admin:enterprise"), "{}", lacks.text);
    }
}
