//! Which scopes each service app of ours is granted, and what fails without one.
//!
//! One scope that is not granted fails the whole request and is not named (`invalid_scope`), so
//! that then each is asked for alone. A token that comes with fewer scopes than were asked for is
//! told just the same. A token request changes nothing at the org.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::super::Okta;
use super::super::auth::{explain, unfit_key};
use super::super::grantor::App;
use super::super::key::SigningKey;
use super::super::scopes::{CHECKED, is_scope};
use super::super::settings::Auth;
use super::super::token::NoToken;
use super::super::vendor::VENDOR;
use super::{finding, told, wants};
use crate::model::{ActionId, Finding, Severity};
use crate::transport::AuthError;

/// Scopes that every run reads with, and what is lost without one.
const EVERY_RUN: &[(&str, Severity, &str)] = &[
    ("okta.users.read", Severity::High, "nobody can be looked up"),
    (
        "okta.logs.read",
        Severity::High,
        "no clear can be proven, and no intruder found",
    ),
    (
        "okta.roles.read",
        Severity::Warning,
        "guard super_admins cannot be asked, which refuses automatic runs",
    ),
    (
        "okta.apiTokens.read",
        Severity::Warning,
        "guard agent_owner cannot be asked, which refuses automatic runs",
    ),
    (
        "okta.apps.read",
        Severity::Warning,
        "which apps somebody has is unread: at services he is found by less",
    ),
];

/// What was found out.
pub(super) struct Granted {
    pub(super) findings: Vec<Finding>,
    /// Scopes that reading goes without: what fails for want of them is told already.
    pub(super) missing: BTreeSet<&'static str>,
    /// Reading has no token at all: what fails for want of it is told already, too.
    pub(super) nothing_to_read_with: bool,
}

/// What a scope is needed for.
struct Need {
    severity: Severity,
    lost: Vec<String>,
}

type Needs = BTreeMap<&'static str, Need>;

/// Asks for all that is needed, once for each app.
pub(super) async fn look(okta: &Okta, wanted: &[ActionId]) -> Granted {
    let settings = &okta.settings;
    let mut apps: Vec<(&Auth, Needs)> = Vec::new();
    let reader = settings.read_auth.as_ref().unwrap_or(&settings.auth);
    let mut add = |auth, more: Needs| match apps.iter_mut().find(|(known, _)| *known == auth) {
        Some((_, needs)) => needs.extend(more),
        None => apps.push((auth, more)),
    };
    add(reader, to_read(wanted));
    add(&settings.auth, to_write(wanted));
    let first = apps.len();
    if let Some(second) = &settings.second
        && !apps.iter().any(|(known, _)| *known == second)
    {
        let mut both = to_read(wanted);
        both.extend(to_write(wanted));
        apps.push((second, both));
    }
    let asked = apps.iter().map(|(auth, needs)| lacking(okta, auth, needs));
    let answers = join_all(asked).await;
    let mut granted = Granted {
        findings: Vec::new(),
        missing: BTreeSet::new(),
        nothing_to_read_with: false,
    };
    for (place, ((auth, needs), answer)) in apps.iter().zip(answers).enumerate() {
        let is_second = place >= first;
        match answer {
            Err(error) => {
                granted.nothing_to_read_with |= *auth == reader;
                granted
                    .findings
                    .push(no_credential(auth, &error, is_second));
            }
            Ok(lacks) => {
                for scope in lacks {
                    if *auth == reader {
                        granted.missing.insert(scope);
                    }
                    granted
                        .findings
                        .push(missing(auth, scope, &needs[scope], is_second));
                }
            }
        }
    }
    granted.nothing_to_read_with |= granted.missing.contains("okta.users.read");
    granted
}

fn to_read(wanted: &[ActionId]) -> Needs {
    let mut needs = Needs::new();
    for (scope, severity, lost) in EVERY_RUN {
        let lost = vec![(*lost).to_owned()];
        let severity = *severity;
        needs.insert(scope, Need { severity, lost });
    }
    let quiet = |lost: &str| Need {
        severity: Severity::Info,
        lost: vec![lost.to_owned()],
    };
    if wants(wanted, &["quarantine_user"]) {
        let need = quiet("whether the quarantine group exists cannot be checked");
        needs.insert("okta.groups.read", need);
    }
    for (_, scope) in CHECKED {
        let need = quiet("a check cannot tell what is read by it");
        needs.insert(scope, need);
    }
    of_actions(
        &mut needs,
        wanted,
        |action| action.reads,
        "cannot be planned or proven",
    );
    needs
}

fn to_write(wanted: &[ActionId]) -> Needs {
    let mut needs = Needs::new();
    of_actions(&mut needs, wanted, |action| action.needs, "is not possible");
    needs
}

fn of_actions(
    needs: &mut Needs,
    wanted: &[ActionId],
    rights: fn(&'static crate::model::Action) -> &'static [&'static str],
    lost: &str,
) {
    for id in wanted {
        let Some(action) = VENDOR.action(id.verb()) else {
            continue;
        };
        // It is optional wherever it is shipped: its absence is a residual.
        let severity = match action.verb {
            "universal_logout" => Severity::Warning,
            _ => Severity::High,
        };
        for scope in rights(action).iter().filter(|right| is_scope(right)) {
            let need = needs.entry(scope).or_insert(Need {
                severity,
                lost: Vec::new(),
            });
            need.severity = need.severity.max(severity);
            need.lost.push(format!("`{id}` {lost}"));
        }
    }
}

/// Which scopes of `needs` are not granted; an API token has none.
async fn lacking(okta: &Okta, auth: &Auth, needs: &Needs) -> Result<Vec<&'static str>, AuthError> {
    let grantor = &okta.grantor;
    let clock = &*grantor.endpoint.clock;
    let (client_id, private_key, key_id) = match auth {
        Auth::ApiToken(secret) => {
            secret.fetch(clock).await?;
            return Ok(Vec::new());
        }
        Auth::ServiceApp {
            client_id,
            private_key,
            key_id,
        } => (client_id, private_key, key_id),
    };
    let pem = private_key.fetch(clock).await?;
    let place = private_key.place();
    let key = SigningKey::from_pem(&pem).map_err(|why| unfit_key(&place, client_id, &why))?;
    let app = App {
        client_id,
        key_id: key_id.as_deref(),
        key: &key,
        place: &place,
    };
    let all: Vec<&'static str> = needs.keys().copied().collect();
    let why = |error, scopes: &[&str]| explain(&okta.id, clock.now(), scopes, error, &app);
    match grantor.ask(&app, &all).await {
        Ok(granted) => return Ok(granted.given.lacks(&all)),
        Err(NoToken::InvalidScope(_)) => {}
        Err(error) => return Err(why(error, &all)),
    }
    let alone: Vec<[&'static str; 1]> = all.iter().map(|scope| [*scope]).collect();
    let answers = join_all(alone.iter().map(|scope| grantor.ask(&app, scope))).await;
    let mut lacks = Vec::new();
    for ([scope], answer) in alone.iter().zip(answers) {
        match answer {
            Ok(granted) if granted.given.lacks(&[*scope]).is_empty() => {}
            Ok(_) | Err(NoToken::InvalidScope(_)) => lacks.push(*scope),
            Err(error) => return Err(why(error, &[*scope])),
        }
    }
    Ok(lacks)
}

fn missing(auth: &Auth, scope: &str, need: &Need, is_second: bool) -> Finding {
    let severity = match is_second {
        true => need.severity.min(Severity::Warning),
        false => need.severity,
    };
    let text = format!(
        "{scope} is not granted to {}{}: {}",
        which(is_second),
        auth.name(),
        need.lost.join("; ")
    );
    let hint = format!(
        "grant {scope} to {} (Admin console, Applications, Okta API Scopes)",
        auth.client_id().unwrap_or_default()
    );
    told(severity, "scope_missing", text, hint)
}

fn no_credential(auth: &Auth, error: &AuthError, is_second: bool) -> Finding {
    let text = format!("{}{}: {error}", which(is_second), auth.name());
    match is_second {
        true => told(Severity::Warning, "second_credential", text, error.hint()),
        false => finding("credential", text, error.hint()),
    }
}

fn which(is_second: bool) -> &'static str {
    if is_second {
        "the second credential, "
    } else {
        ""
    }
}
