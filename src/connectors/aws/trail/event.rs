//! One event of the trail: a session of a role, or nothing of ours.
//!
//! Pure. An event is a text with JSON in it, made of what the caller sent: who assumed which role is
//! taken from what AWS answered and from whom it knew the caller to be, never from what was asked
//! for. Source: cloudtrail service-2.json, `Event` [spec]; fields of the record [docs*].

use serde_json::Value;

use super::super::policy::revoke::SessionId;
use crate::connectors::kit::text;
use crate::model::Utc;

/// A role that somebody assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Assumed {
    /// When.
    pub(in super::super) at: Utc,
    /// By whom.
    pub(in super::super) by: By,
    /// The session that it made.
    pub(in super::super) session: SessionId,
    /// The account that the session is in.
    pub(in super::super) account: String,
    /// The role's name, for people.
    pub(in super::super) role_name: String,
}

/// Who assumed a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum By {
    /// Somebody whom an identity provider vouched for.
    Saml {
        /// The provider, by ARN.
        provider: String,
        /// The assertion's issuer.
        issuer: String,
    },
    /// A session of a role.
    Session {
        /// The session.
        id: SessionId,
        /// The account it is in.
        account: String,
    },
    /// A user, a service, another provider.
    Another,
}

impl Assumed {
    /// The identity provider that vouched for him, if one did.
    pub(in super::super) fn provider(&self) -> Option<&str> {
        match &self.by {
            By::Saml { provider, .. } => Some(provider),
            By::Session { .. } | By::Another => None,
        }
    }
}

/// What an event is to us.
pub(super) enum Reading {
    /// A session of a role.
    Assumed(Box<Assumed>),
    /// Nothing that made a session of a role.
    Another,
    /// It claims to, and does not say which.
    Odd,
}

/// What an event of `LookupEvents` tells.
pub(super) fn assumed(event: &Value) -> Reading {
    let inner = event["CloudTrailEvent"].as_str().unwrap_or_default();
    let Ok(inner) = serde_json::from_str::<Value>(inner) else {
        return Reading::Odd;
    };
    let by = match text(&inner, "eventName") {
        // A session cannot be had in the name of a provider that AWS did not check.
        "AssumeRoleWithSAML" => By::Saml {
            provider: text(&inner["requestParameters"], "principalArn").to_owned(),
            issuer: text(&inner["responseElements"], "issuer").to_owned(),
        },
        "AssumeRole" => by(&inner["userIdentity"]),
        _ => return Reading::Another,
    };
    if inner["errorCode"].is_string() {
        return Reading::Another;
    }
    let made = &inner["responseElements"]["assumedRoleUser"];
    let session = SessionId::parse(text(made, "assumedRoleId"));
    let place = place(text(made, "arn"));
    let at = time(&event["EventTime"]).or_else(|| text(&inner, "eventTime").parse().ok());
    match (session, place, at) {
        (Some(session), Some((account, role_name)), Some(at)) => {
            Reading::Assumed(Box::new(Assumed {
                at,
                by,
                session,
                account,
                role_name,
            }))
        }
        // A service's own session may be called as it likes, and none of ours is.
        _ if matches!(by, By::Another) => Reading::Another,
        _ => Reading::Odd,
    }
}

/// A session of this account says `AssumedRole`; one of another account is told as `AWSAccount`,
/// by the same `principalId` [docs*].
fn by(identity: &Value) -> By {
    let id = SessionId::parse(text(identity, "principalId"));
    let account = text(identity, "accountId").to_owned();
    match (text(identity, "type"), id) {
        ("AssumedRole" | "AWSAccount", Some(id)) => By::Session { id, account },
        _ => By::Another,
    }
}

/// Account and role of `arn:aws:sts::111122223333:assumed-role/Admin/alex@example.com`.
fn place(arn: &str) -> Option<(String, String)> {
    let mut parts = arn.splitn(6, ':');
    let account = parts.nth(4)?;
    let mut rest = parts.next()?.split('/');
    if rest.next() != Some("assumed-role") || account.is_empty() {
        return None;
    }
    Some((account.to_owned(), rest.next()?.to_owned()))
}

/// A moment in seconds since 1970, as JSON 1.1 writes it [spec].
pub(super) fn time(value: &Value) -> Option<Utc> {
    let whole = value.as_i64();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "seconds of this century fit; what does not is no moment anyway"
    )]
    let whole = whole.or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
    Some(Utc::from_millis(whole.checked_mul(1_000)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(inner: &Value) -> Value {
        json!({ "EventTime": 1_773_151_262.5, "CloudTrailEvent": inner.to_string() })
    }

    fn made(role_id: &str, role: &str, name: &str) -> Value {
        json!({ "assumedRoleUser": {
            "assumedRoleId": format!("{role_id}:{name}"),
            "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/{name}"),
        }})
    }

    fn read(inner: &Value) -> Option<Assumed> {
        match assumed(&event(inner)) {
            Reading::Assumed(one) => Some(*one),
            Reading::Another | Reading::Odd => None,
        }
    }

    #[test]
    fn a_sign_in_is_told_by_what_aws_answered_and_not_by_what_was_asked() {
        let inner = json!({
            "eventName": "AssumeRoleWithSAML",
            "userIdentity": { "type": "SAMLUser", "userName": "kim@x.example" },
            "requestParameters": {
                "roleSessionName": "kim@x.example", "roleArn": "x",
                "principalArn": "arn:aws:iam::1:saml-provider/Okta",
            },
            "responseElements": made("AROAEXAMPLEADMIN0001", "Admin", "alex@x.example"),
        });
        let one = read(&inner).unwrap();
        assert_eq!(one.provider(), Some("arn:aws:iam::1:saml-provider/Okta"));
        assert_eq!(
            one.session.to_string(),
            "AROAEXAMPLEADMIN0001:alex@x.example"
        );
        assert_eq!(
            (one.account.as_str(), one.role_name.as_str()),
            ("111122223333", "Admin")
        );
        assert_eq!(one.at.to_string(), "2026-03-10T14:01:02.000Z");
        let mut failed = inner;
        failed["errorCode"] = "AccessDenied".into();
        assert_eq!(read(&failed), None);
    }

    #[test]
    fn who_assumed_a_role_is_told_in_one_account_and_across_two() {
        let by = |identity: Value| {
            let inner = json!({
                "eventName": "AssumeRole", "userIdentity": identity,
                "responseElements": made("AROAEXAMPLEBUILD0001", "Build", "build"),
            });
            read(&inner).unwrap().by
        };
        let id = SessionId::new("AROAEXAMPLEADMIN0001", "alex@x.example").unwrap();
        let is = |account: &str| By::Session {
            id: id.clone(),
            account: account.into(),
        };
        for (kind, account) in [
            ("AssumedRole", "111122223333"),
            ("AWSAccount", "444455556666"),
        ] {
            let identity = json!({
                "type": kind, "principalId": id.to_string(), "accountId": account,
            });
            assert_eq!(by(identity), is(account));
        }
        let user = json!({ "type": "IAMUser", "principalId": "AIDAEXAMPLE" });
        assert_eq!(by(user), By::Another);
    }

    #[test]
    fn what_is_no_event_of_ours_is_passed_over_and_what_claims_to_be_is_counted() {
        let events = [
            json!({ "CloudTrailEvent": "{" }),
            json!({}),
            event(&json!({ "eventName": "ListBuckets" })),
            event(&json!({ "eventName": "AssumeRoleWithSAML", "responseElements": null })),
            event(&json!({
                "eventName": "AssumeRoleWithSAML",
                "responseElements": made("AROAEXAMPLEADMIN0001", "Admin", "${aws:userid}"),
            })),
            event(&json!({
                "eventName": "AssumeRole", "userIdentity": { "type": "AWSService" },
                "responseElements": null,
            })),
        ];
        let odd = events.iter().filter(|event| match assumed(event) {
            Reading::Odd => true,
            Reading::Another => false,
            Reading::Assumed(one) => panic!("{one:?}"),
        });
        assert_eq!(odd.count(), 4);
    }
}
