//! The System Log of the takeover: what happened before anybody was called.
//!
//! Times are offsets from the first sign-on of the intruder. Background traps (a busy user, a
//! new starter, a spray, a second admin) are in it, so that nobody passes by grouping on
//! addresses alone. Rows later than the world's own time are left out.

use serde_json::{Value, json};

use crate::okta::{Okta, Origin};
use crate::world::{ALEX, PRIYA};

/// The first session, phished; reused from the second address.
pub(crate) const PHISHED: &str = "idxz0xpMH0Qn-snfAELRg_KLd";
/// The second, ended before the story does.
pub(crate) const ENDED: &str = "idx04a0F8sd7ZpCVkc5vpcR18";
/// The third, signed in with the intruder's own factor.
pub(crate) const OWN_FACTOR: &str = "idxFCDW9RGHBC4irFPfXsuMhg";
/// Alex's own session, from home.
pub(crate) const ALEX_HOME: &str = "idxJZHvNC-QHhE-Hr0iuhhUSc";
const BY_TOKEN: &str = "trsdL22DmMisOdrFc0lmly39k";

const HOME: &str = "198.51.100.20";
const PROXY: &str = "203.0.113.66";
const SILENT: &str = "203.0.113.140";
const OFFICE: &str = "192.0.2.10";

/// One row: seconds from the start, who, from where, session, event, reason or result, target.
struct Row(
    f64,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Note,
    To,
);

/// What the outcome says.
#[derive(Clone, Copy)]
enum Note {
    Ok,
    Because(&'static str),
    Result(&'static str, &'static str),
}

/// What the event is about.
#[derive(Clone, Copy)]
enum To {
    Nothing,
    Actor,
    User(&'static str),
    App(&'static str),
    Assigned(&'static str, &'static str),
    Token(&'static str, &'static str),
    Device(&'static str),
    Rule,
}

const KIM: &str = "00u8KSGNDz7R3c9db5d7";
const JAMIE: &str = "00umo4znSWITaSJ105d7";
const MORGAN: &str = "00uaEa6LPjoFlY5bm5d7";
const TAYLOR: &str = "00u6GH2S8Wq4c3g6A5d7";
const LEE: &str = "00uWS71VKyr8mvIKz5d7";
const DASH: &str = "0oaS70C7gwBKR5YbM5d7";
const ADMIN: &str = "0oak2LR7GoYnt39V35d7";
const O365: &str = "0oapjggka7JrtyWlO5d7";
const GWS: &str = "0oaVRaP8YzYGV2Wzc5d7";
const SFDC: &str = "0oa2XFuEa4KdM0zIB5d7";
const SLACK: &str = "0oaJ8ZrclgAhgf6Kg5d7";
const GITHUB: &str = "0oa1wfBlpGi7i8e3J5d7";
const AWS: &str = "0oacExFKvnZnOvBDE5d7";
const INTRANET: &str = crate::gtr::APP;
const ROLES: &str = crate::aws::APP;
const JIRA: &str = "0oajVUthrN0swTtD95d7";

use Note::{Because, Ok, Result as Outcome};
use To::{Actor, App, Assigned, Device, Nothing, Rule, Token, User};

const CHALLENGE: Note = Outcome(
    "CHALLENGE",
    "Sign-on policy evaluation resulted in CHALLENGE",
);
const ALLOW: Note = Outcome("ALLOW", "Sign-on policy evaluation resulted in ALLOW");

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row(-2221.6, ALEX, HOME, ALEX_HOME, "policy.evaluate_sign_on", CHALLENGE, Rule),
    Row(-2217.6, ALEX, HOME, ALEX_HOME, "system.push.send_factor_verify_push", Ok, Actor),
    Row(-2206.6, ALEX, HOME, ALEX_HOME, "user.authentication.auth_via_mfa", Ok, Actor),
    Row(-2205.6, ALEX, HOME, ALEX_HOME, "policy.evaluate_sign_on", ALLOW, Rule),
    Row(-2205.4, ALEX, HOME, ALEX_HOME, "user.session.start", Ok, App(DASH)),
    Row(-2089.5, ALEX, HOME, ALEX_HOME, "user.authentication.sso", Ok, App(SLACK)),
    Row(-1521.2, ALEX, HOME, ALEX_HOME, "user.authentication.sso", Ok, App(O365)),
    Row(-2100.0, KIM, OFFICE, "idxKimOne000000000000000", "user.session.start", Ok, App(DASH)),
    Row(-1500.0, KIM, OFFICE, "idxKimTwo000000000000000", "user.session.start", Ok, App(DASH)),
    Row(-900.0, KIM, OFFICE, "idxKimThree0000000000000", "user.session.start", Ok, App(DASH)),
    Row(-400.0, KIM, OFFICE, "idxKimFour00000000000000", "user.session.start", Ok, App(DASH)),
    Row(-1256.4, PRIYA, OFFICE, "idxKH4vCOsEvV6iZqwDs6LcH7", "system.api_token.create", Ok, Token("00TwDzGF5pvWeU2hD5d7", "terraform-prod")),
    Row(-1231.1, JAMIE, OFFICE, "idxSdw0QTzWOEnreB_jhGlO0w", "user.mfa.factor.activate", Because("User set up OKTA_VERIFY_PUSH factor"), Actor),
    Row(-1229.0, JAMIE, OFFICE, "idxSdw0QTzWOEnreB_jhGlO0w", "user.mfa.factor.activate", Because("User set up OKTA_SOFT_TOKEN factor"), Actor),
    Row(-720.0, MORGAN, PROXY, "", "user.session.start", Outcome("FAILURE", "INVALID_CREDENTIALS"), Nothing),
    Row(-421.9, PRIYA, OFFICE, "idxKH4vCOsEvV6iZqwDs6LcH7", "application.user_membership.add", Ok, Assigned(JAMIE, GITHUB)),
    Row(0.0, ALEX, PROXY, PHISHED, "policy.evaluate_sign_on", CHALLENGE, Rule),
    Row(4.0, ALEX, PROXY, PHISHED, "system.push.send_factor_verify_push", Ok, Actor),
    // Alex himself confirms the phished sign-in, from home: not every row of this session is foreign.
    Row(15.0, ALEX, HOME, PHISHED, "user.authentication.auth_via_mfa", Ok, Actor),
    Row(16.0, ALEX, PROXY, PHISHED, "policy.evaluate_sign_on", ALLOW, Rule),
    Row(16.2, ALEX, PROXY, PHISHED, "user.session.start", Ok, App(DASH)),
    Row(188.3, ALEX, PROXY, PHISHED, "user.authentication.sso", Ok, App(DASH)),
    Row(688.3, ALEX, SILENT, PHISHED, "policy.evaluate_sign_on", ALLOW, Rule),
    Row(689.2, ALEX, SILENT, PHISHED, "user.authentication.sso", Ok, App(DASH)),
    Row(1023.5, ALEX, PROXY, PHISHED, "device.user.add", Ok, Device("Pixel 9")),
    Row(1024.1, ALEX, PROXY, PHISHED, "user.mfa.factor.activate", Because("User set up OKTA_VERIFY_PUSH factor"), Actor),
    Row(1026.0, ALEX, PROXY, PHISHED, "user.mfa.factor.activate", Because("User set up OKTA_SOFT_TOKEN factor"), Actor),
    Row(1198.8, ALEX, SILENT, ENDED, "policy.evaluate_sign_on", CHALLENGE, Rule),
    Row(1213.8, ALEX, PROXY, ENDED, "user.authentication.auth_via_mfa", Ok, Actor),
    Row(1215.0, ALEX, SILENT, ENDED, "user.session.start", Ok, App(DASH)),
    Row(1330.3, ALEX, PROXY, PHISHED, "user.mfa.factor.deactivate", Because("User reset SMS_FACTOR factor"), Actor),
    Row(1588.1, ALEX, PROXY, OWN_FACTOR, "policy.evaluate_sign_on", CHALLENGE, Rule),
    Row(1603.1, ALEX, PROXY, OWN_FACTOR, "user.authentication.auth_via_mfa", Ok, Actor),
    Row(1604.3, ALEX, PROXY, OWN_FACTOR, "user.session.start", Ok, App(DASH)),
    Row(1722.9, ALEX, PROXY, OWN_FACTOR, "user.account.update_password", Ok, Actor),
    Row(1800.0, TAYLOR, OFFICE, "", "user.account.lock", Outcome("FAILURE", "LOCKED_OUT"), Actor),
    Row(1900.0, PRIYA, OFFICE, "idxKH4vCOsEvV6iZqwDs6LcH7", "user.account.unlock_by_admin", Ok, User(TAYLOR)),
    Row(2099.0, ALEX, PROXY, OWN_FACTOR, "policy.evaluate_sign_on", ALLOW, Rule),
    Row(2100.6, ALEX, PROXY, OWN_FACTOR, "user.session.access_admin_app", Ok, App(ADMIN)),
    Row(2245.4, ALEX, PROXY, OWN_FACTOR, "system.api_token.create", Ok, Token("00TNupDyGtSsipBqd5d7", "ci-backup")),
    Row(2628.1, ALEX, SILENT, BY_TOKEN, "application.user_membership.add", Ok, Assigned(ALEX, AWS)),
    Row(2771.2, ALEX, PROXY, OWN_FACTOR, "application.user_membership.add", Ok, Assigned(ALEX, SFDC)),
    Row(3000.4, ALEX, PROXY, OWN_FACTOR, "user.authentication.sso", Ok, App(O365)),
    Row(3038.5, ALEX, PROXY, OWN_FACTOR, "user.authentication.sso", Ok, App(GWS)),
    Row(3123.9, ALEX, PROXY, OWN_FACTOR, "user.authentication.sso", Ok, App(SFDC)),
    Row(3226.7, ALEX, PROXY, OWN_FACTOR, "user.authentication.sso", Ok, App(SLACK)),
    Row(3308.6, ALEX, PROXY, OWN_FACTOR, "user.authentication.sso", Ok, App(GITHUB)),
    Row(3400.2, ALEX, PROXY, OWN_FACTOR, "user.authentication.sso", Ok, App(INTRANET)),
    Row(3473.9, ALEX, PROXY, OWN_FACTOR, "user.authentication.sso", Ok, App(AWS)),
    Row(3480.0, ALEX, PROXY, OWN_FACTOR, "user.authentication.sso", Ok, App(ROLES)),
    Row(3559.9, ALEX, HOME, ALEX_HOME, "user.authentication.sso", Ok, App(JIRA)),
    Row(3691.7, ALEX, PROXY, OWN_FACTOR, "system.api_token.revoke", Ok, Token("00TDxBfFedWv0QDPe5d7", "siem-log-export")),
    Row(4458.0, ALEX, PROXY, OWN_FACTOR, "user.session.impersonation.grant", Ok, Nothing),
    Row(4659.2, "support.engineer", OFFICE, "idxSupport00000000000000", "user.session.impersonation.initiate", Ok, User(ALEX)),
    Row(4860.0, LEE, OFFICE, "idxLee000000000000000000", "user.account.update_password", Ok, Actor),
    Row(5467.6, ALEX, HOME, ALEX_HOME, "user.account.report_suspicious_activity_by_enduser", Ok, Actor),
];

/// Writes the rows up to `now_ms`; the story starts at `start_ms`.
pub(crate) fn tell(okta: &mut Okta, start_ms: i64, now_ms: i64) {
    let mut rows: Vec<&Row> = ROWS.iter().collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    for row in rows {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "offsets are a few thousand seconds"
        )]
        let at_ms = start_ms + (row.0 * 1000.0) as i64;
        if at_ms <= now_ms {
            write(okta, row, at_ms);
        }
    }
    for row in &mut okta.log {
        row.visible_ms = row.published_ms; // old news is visible whatever the delay
    }
}

fn write(okta: &mut Okta, Row(_, who, ip, session, event, note, to): &Row, at_ms: i64) {
    let session = (!session.is_empty()).then_some(*session);
    let mut origin: Origin = okta.intruder(who, ip, session, "/idp/idx/identify", at_ms);
    if *who == "support.engineer" {
        origin.actor = json!({
            "id": "unknown", "type": "User", "alternateId": "support.engineer@okta.example",
            "displayName": "Support Engineer", "detailEntry": null,
        });
    }
    if ![PROXY, SILENT].contains(ip) {
        origin.user_agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36".to_owned();
    }
    if session == Some(BY_TOKEN) {
        origin.api_token = Some("00TNupDyGtSsipBqd5d7".to_owned());
    }
    let outcome = match *note {
        Ok => ("SUCCESS", None),
        Because(reason) => ("SUCCESS", Some(reason)),
        Outcome(result, reason) => (result, Some(reason)),
    };
    let target = targets(okta, who, *to);
    let hash = match *ip {
        PROXY | SILENT => "ebd5f586a52c3c82adfd3e7927521b33df1894527cb18820860abf9b71bf465f",
        _ => "9ee68ed85b75ac7d485ec46f0e30c5f7a0bb46605f2caff178a32db805eb8ac8",
    };
    let threat = (*ip == PROXY).to_string();
    let mut debug = vec![("dtHash", hash.to_owned()), ("threatSuspected", threat)];
    if *event == "system.api_token.create" {
        let connection = if *who == ALEX { "ANYWHERE" } else { "ZONE" };
        debug.push(("networkConnection", connection.to_owned()));
    }
    if let Some(factor) = outcome
        .1
        .and_then(|r| r.split_whitespace().find(|w| w.contains('_')))
        && event.starts_with("user.mfa.factor")
    {
        debug.push(("factor", factor.to_owned()));
    }
    okta.event(&origin, event, outcome, target, &debug);
}

fn targets(okta: &Okta, who: &str, to: To) -> Vec<Value> {
    let named = |id: &str, kind: &str, name: &str| json!({ "id": id, "type": kind, "alternateId": "unknown", "displayName": name, "detailEntry": null });
    match to {
        Nothing => Vec::new(),
        Actor => vec![okta.user_ref(who)],
        User(id) => vec![okta.user_ref(id)],
        App(id) => vec![okta.app_ref(id), okta.user_ref(who)],
        Token(id, name) => vec![named(id, "Token", name)],
        Device(name) => vec![named("guoPixel90000000005d7", "Device", name)],
        Rule => vec![named(
            "rst0000000000000005d7",
            "PolicyEntity",
            "Any two factors",
        )],
        Assigned(user, app) => {
            let assigned = okta.users.get(user).and_then(|u| u.apps.get(app));
            assigned.map_or_else(Vec::new, |assigned| {
                okta.assignment_targets(user, app, assigned)
            })
        }
    }
}
