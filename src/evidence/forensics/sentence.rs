//! What an event says, in a few words that begin with a verb: "enrolled Okta Verify (push)".
//!
//! Who did it and from where stands beside it and is not repeated. A type that is not known is
//! told by the directory's own message: the catalogue grows every month.

use std::collections::BTreeMap;

use super::factors;
use super::profile;
use super::seen::Seen;
use super::short;
use crate::evidence::event::some;
use crate::evidence::inquiry::Account;

/// What a sentence needs beside its event.
pub(super) struct Speaker<'s> {
    pub(super) account: &'s Account,
    /// Names of API tokens, by id.
    pub(super) tokens: BTreeMap<&'s str, &'s str>,
}

impl Speaker<'_> {
    /// The event in a sentence.
    pub(super) fn say(&self, seen: Seen<'_>) -> String {
        let mut what = self.what(seen);
        if !seen.token().is_empty() {
            what.push_str(&match self.tokens.get(seen.token()) {
                Some(name) if !name.is_empty() => format!(", by API token {}", short(name)),
                _ => ", by an API token".to_owned(),
            });
        }
        // A lock is told as the failure that it followed.
        let is_failure = seen.kind().contains("deny") || seen.kind() == "user.account.lock";
        if seen.event.failed() && !is_failure {
            what.push_str(", which failed");
        }
        what
    }

    fn what(&self, seen: Seen<'_>) -> String {
        let kind = seen.kind();
        if let Some(told) = profile::says(seen) {
            return self.of_other(seen, &told);
        }
        if let Some(told) = self.of_matter(seen, kind) {
            return told;
        }
        match PLAIN.iter().find(|(name, _)| *name == kind) {
            Some((_, text)) => self.of_other(seen, text),
            None => unknown(seen),
        }
    }

    fn of_matter(&self, seen: Seen<'_>, kind: &str) -> Option<String> {
        let app = || named(seen, "AppInstance", "an app");
        let whom = self.whom(seen);
        Some(match kind {
            "user.mfa.factor.activate" | "credential.register" => {
                self.of_other(seen, &format!("enrolled {}", factors::kind(seen).name))
            }
            "user.mfa.factor.deactivate" | "credential.revoke" => {
                self.of_other(seen, &format!("removed {}", factors::kind(seen).name))
            }
            "user.mfa.factor.reset_all" => self.of_other(seen, "removed all factors"),
            "user.mfa.factor.update" | "user.mfa.factor.update_phone" => {
                self.of_other(seen, &format!("changed {}", factors::kind(seen).name))
            }
            "user.mfa.factor.suspend" => format!("suspended {}", factors::kind(seen).name),
            "user.mfa.factor.unsuspend" => format!("brought back {}", factors::kind(seen).name),
            "device.user.add" | "device.enrollment.create" => {
                format!("added device {}", named(seen, "UDDevice", "without a name"))
            }
            "system.api_token.create" => {
                let anywhere = match seen.debug("networkConnection") {
                    Some(from) if from.eq_ignore_ascii_case("ANYWHERE") => " (anywhere)",
                    _ => "",
                };
                let name = named(seen, "Token", "without a name");
                format!("created API token {name}{anywhere}")
            }
            "system.api_token.revoke" => {
                format!(
                    "revoked API token {}",
                    named(seen, "Token", "without a name")
                )
            }
            "application.user_membership.add" => format!("assigned {whom} {}", app()),
            "application.user_membership.remove" | "application.user_membership.revoke" => {
                format!("took {} from {whom}", app())
            }
            "application.user_membership.show_password" => {
                format!("looked at the password of {}", app())
            }
            "group.user_membership.add" => {
                format!("put {whom} into group {}", named(seen, "UserGroup", "?"))
            }
            "group.user_membership.remove" => {
                format!("took {whom} out of group {}", named(seen, "UserGroup", "?"))
            }
            "user.account.privilege.grant" => match seen.debug("privilegeGranted") {
                Some(roles) => format!("gave {whom} admin roles: {}", short(roles)),
                None => format!("gave {whom} an admin role"),
            },
            "user.account.privilege.revoke" => format!("took all admin roles from {whom}"),
            "user.session.impersonation.initiate" => {
                format!("used Okta support access to act as {whom}")
            }
            "app.oauth2.consent.grant" | "app.oauth2.as.consent.grant" => {
                format!("consented to {}", app())
            }
            "app.oauth2.admin.consent.grant" => format!("consented to {} as an admin", app()),
            "user.authentication.sso" => format!("opened {}", app()),
            _ => return None,
        })
    }

    /// Whom it happened to, from the doer's side.
    fn whom(&self, seen: Seen<'_>) -> String {
        if !seen.is_to(self.account) {
            return seen
                .other_person(self.account)
                .map_or_else(|| "somebody".into(), short);
        }
        match seen.is_by(self.account) {
            true => "himself".into(),
            false => short(&self.account.login),
        }
    }

    /// The same with whom it happened to, where that is somebody else than who did it.
    fn of_other(&self, seen: Seen<'_>, text: &str) -> String {
        let is_person = seen.is_to(self.account) || seen.other_person(self.account).is_some();
        match (seen.is_by(self.account), seen.is_to(self.account)) {
            (true, true) => text.to_owned(),
            _ if !is_person => text.to_owned(),
            _ => format!("{text} of {}", self.whom(seen)),
        }
    }
}

fn named(seen: Seen<'_>, kind: &str, else_: &str) -> String {
    let thing = seen.thing(kind).unwrap_or_default();
    match (thing.name, thing.id) {
        ("", "") => else_.to_owned(),
        ("", id) => short(id),
        (name, _) => short(name),
    }
}

/// The directory's message, and what it is about.
fn unknown(seen: Seen<'_>) -> String {
    let message = some(&seen.event.0["displayMessage"]).unwrap_or(seen.kind());
    let message = match message {
        "" => "did something that the log does not name".to_owned(),
        text => short(text),
    };
    let targets = seen.event.0["target"].as_array().into_iter().flatten();
    let about = targets
        .filter(|each| each["type"] != "User" && each["type"] != "AppUser")
        .find_map(|each| some(&each["displayName"]));
    match about {
        Some(name) => format!("{message}: {}", short(name)),
        None => message,
    }
}

/// What needs nothing but its type.
const PLAIN: &[(&str, &str)] = &[
    (
        "user.session.impersonation.grant",
        "granted Okta support access",
    ),
    (
        "user.session.impersonation.extend",
        "extended Okta support access",
    ),
    (
        "user.session.impersonation.end",
        "ended Okta support access",
    ),
    (
        "user.session.impersonation.revoke",
        "withdrew Okta support access",
    ),
    (
        "user.account.report_suspicious_activity_by_enduser",
        "reported suspicious activity",
    ),
    ("user.account.lock", "locked the account"),
    ("user.account.unlock", "unlocked the account"),
    ("user.account.unlock_by_admin", "unlocked the account"),
    ("user.session.end", "signed out"),
    ("user.session.clear", "ended all sessions"),
    ("user.lifecycle.suspend", "suspended the account"),
    ("user.lifecycle.unsuspend", "ended the suspension"),
    ("user.lifecycle.activate", "activated the account"),
    ("user.lifecycle.deactivate", "deactivated the account"),
    ("user.lifecycle.create", "created the account"),
    ("user.mfa.okta_verify.deny_push", "denied a push"),
    (
        "user.mfa.attempt_bypass",
        "tried to get past the second factor",
    ),
    (
        "security.threat.detected",
        "ThreatInsight noticed an attack",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::event::Event;
    use crate::evidence::investigation::Whose;
    use crate::model::UserId;
    use serde_json::{Value, json};

    fn say(event: &Value) -> String {
        let account = Account {
            id: UserId::new("00u1"),
            login: "alex@contoso.example".into(),
        };
        let speaker = Speaker {
            account: &account,
            tokens: BTreeMap::from([("00T1", "ci-backup")]),
        };
        speaker.say(Seen::new(Event(event), Whose::Unclear))
    }

    #[test]
    fn who_does_it_to_whom_is_said_and_places_do_not_count() {
        let to = |kind: &str, actor: &str, whom: &str| {
            say(&json!({
                "eventType": kind, "actor": { "id": actor }, "outcome": { "result": "SUCCESS" },
                "target": [
                    { "type": "AppInstance", "id": "0oa1", "displayName": "AWS" }, null,
                    { "type": "User", "id": whom, "alternateId": "kim@contoso.example" },
                ],
            }))
        };
        let add = "application.user_membership.add";
        assert_eq!(to(add, "00u1", "00u1"), "assigned himself AWS");
        assert_eq!(to(add, "00u9", "00u1"), "assigned alex@contoso.example AWS");
        assert_eq!(to(add, "00u1", "00u2"), "assigned kim@contoso.example AWS");
        let reset = "user.mfa.factor.reset_all";
        assert_eq!(to(reset, "00u1", "00u1"), "removed all factors");
        assert_eq!(
            to(reset, "00u1", "00u2"),
            "removed all factors of kim@contoso.example"
        );
    }

    #[test]
    fn an_unknown_type_is_told_by_the_directory_s_own_words() {
        let event = json!({ "eventType": "brand.new", "displayMessage": "Paint the fence",
            "target": [{ "type": "Fence", "displayName": "front" }] });
        assert_eq!(say(&event), "Paint the fence: front");
        assert_eq!(say(&json!({ "eventType": "brand.new" })), "brand.new");
        assert!(say(&json!({})).contains("does not name"));
    }

    #[test]
    fn a_token_is_named_and_a_failure_is_told() {
        let event = json!({ "eventType": "user.session.clear", "actor": { "id": "00u1" },
            "outcome": { "result": "FAILURE" },
            "transaction": { "detail": { "requestApiTokenId": "00T1" } } });
        assert_eq!(
            say(&event),
            "ended all sessions, by API token ci-backup, which failed"
        );
    }
}
