//! What undoes a containment, each at the moment that somebody chooses: an import of the profile's
//! source, an administrator who is the intruder's, and the intruder himself at each service.
//!
//! Changes are made past the APIs, as by other people's hands, and leave the events that those would.
//! Where the account still stands nothing happens, and that is said.

use serde_json::json;

use crate::accounts::github_id;
use crate::aws;
use crate::okta::Okta;
use crate::range::Range;
use crate::world::PRIYA;

/// Where the intruder comes from.
const IP: &str = "203.0.113.66";

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strike {
    /// The next import of the source activates whom it finds suspended, "as expected".
    Import,
    /// An administrator unsuspends him.
    Unsuspend,
    /// The intruder enrols a factor, without asking whether he may.
    Factor,
    /// The intruder makes an API token of the account's.
    Token,
    /// The account at Microsoft 365 is enabled, and has a new method and a rule.
    M365,
    /// The account at Google is not suspended any more, and has an app password.
    Google,
    /// The account at Salesforce is thawed, and signed in.
    Salesforce,
    /// A new session at Slack.
    Slack,
    /// A new credential at GitHub.
    GitHub,
    /// Our policy is taken off every role.
    Aws,
}

impl Strike {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Import,
        Self::Unsuspend,
        Self::Factor,
        Self::Token,
        Self::M365,
        Self::Google,
        Self::Salesforce,
        Self::Slack,
        Self::GitHub,
        Self::Aws,
    ];

    /// Its word on a command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Unsuspend => "unsuspend",
            Self::Factor => "factor",
            Self::Token => "token",
            Self::M365 => "m365",
            Self::Google => "google",
            Self::Salesforce => "salesforce",
            Self::Slack => "slack",
            Self::GitHub => "github",
            Self::Aws => "aws",
        }
    }

    /// The strike of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.word() == word)
    }
}

impl Range {
    /// Strikes at the account of `user`, by Okta id or login: what happened, in words; `None` if
    /// there was nothing to undo.
    pub fn strike(&mut self, strike: Strike, user: &str, now_ms: i64) -> Option<String> {
        let (id, login) = {
            let user = self.okta.user(user)?;
            (user.id.clone(), user.login.clone())
        };
        match strike {
            Strike::Import => self
                .okta
                .unsuspend_by_hand(&id, Okta::IMPORT, now_ms)
                .then(|| format!("an import activated {login} again")),
            Strike::Unsuspend => self
                .okta
                .unsuspend_by_hand(&id, PRIYA, now_ms)
                .then(|| format!("priya@contoso.example unsuspended {login}")),
            Strike::Factor => {
                let factor = self
                    .okta
                    .enrol_factor_by_hand(&id, "push", "Pixel 11", now_ms);
                Some(format!("{login} has a new factor, {factor}"))
            }
            Strike::Token => {
                let token = self.okta.mint_api_token_by_hand(&id, "once-more", now_ms);
                Some(format!("{login} has a new API token, {token}"))
            }
            _ => self.strike_service(strike, &login, now_ms),
        }
    }

    fn strike_service(&mut self, strike: Strike, login: &str, now_ms: i64) -> Option<String> {
        let system = strike.word();
        let id = self.service(system)?.id_of(login);
        match strike {
            Strike::M365 => {
                self.m365.users.get_mut(&id)?.account_enabled = true;
                let segment = "microsoftAuthenticatorMethods";
                let detail = json!({ "displayName": "Pixel 11", "deviceTag": "SoftwareTokenActivated", "phoneAppVersion": "6.2404" });
                self.m365
                    .register_method(&id, segment, detail, true, now_ms)?;
            }
            Strike::Google => {
                self.google.users.get_mut(&id)?.suspended = false;
                self.google
                    .make_app_password(&id, "once more", true, now_ms)?;
            }
            Strike::Salesforce => {
                self.salesforce.users.get_mut(&id)?.is_frozen = false;
                self.salesforce.sign_in(&id, IP, true, now_ms);
            }
            Strike::Slack => {
                let came_in = self.service_mut(system)?.enter(&id, IP, now_ms);
                came_in.then_some(())?;
            }
            Strike::GitHub => {
                let person = github_id(login).parse().ok()?;
                self.github
                    .authorize(person, "SSH key", "once more", true, now_ms)?;
            }
            Strike::Aws => {
                let accounts = self.aws.accounts.values_mut();
                let roles = accounts.flat_map(|account| account.roles.values_mut());
                let taken = roles.filter_map(|role| role.inline.remove(aws::POLICY));
                (taken.count() > 0).then_some(())?;
            }
            _ => return None,
        }
        Some(format!("{login} is back at {system}"))
    }
}
