//! How AWS talks, and what its refusals mean for people.
//!
//! Three forms of one thing: IAM and STS answer XML (`Error.Code`, `Error.Message`), the others JSON
//! with `__type`, which may have a namespace before a `#`, and `message` or `Message`. A code tells
//! more than the status: throttling and an expired session come as 400 and 403, and `LimitExceeded`
//! is a quota that no waiting mends. Source: the API descriptions' error shapes [spec]; the codes
//! common to all services from IAM's "Common errors" [docs].

use super::vendor::VENDOR;
use crate::connectors::kit::{Said, Unread, Voice};
use crate::model::Change;
use crate::transport::{Answer, Meaning};

/// How AWS talks.
pub(super) static VOICE: Voice = Voice {
    name: "AWS",
    vendor: &VENDOR,
    said,
    meaning,
    refusal,
};

/// "Too fast; it had no effect". Not `LimitExceeded`, which is IAM's word for a full quota. Source:
/// the error codes that AWS's SDKs retry as throttling [docs].
const TOO_FAST: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "RequestThrottled",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "PriorRequestNotComplete",
    "TransactionInProgressException",
    "SlowDown",
    "EC2ThrottledException",
    "ProvisionedThroughputExceededException",
];

/// Our session ended, or what we sign with is not known (any more): a new one may be.
const ENDED: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "RequestExpired",
];

/// Our clock and AWS's differ by more than it allows.
const SKEWED: &[&str] = &["RequestTimeTooSkewed", "RequestInTheFuture"];

/// The error in an answer.
pub(super) fn said(answer: &Answer) -> Said {
    let json = &answer.json;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let error = &json["Error"];
    if error["Code"].is_string() {
        return Said::new(&text(&error["Code"]), &text(&error["Message"]));
    }
    let code = match json["__type"].as_str() {
        Some(code) => code,
        None if answer.is_good() => "",
        None => answer.header("x-amzn-errortype").unwrap_or_default(),
    };
    // `com.amazonaws.cloudtrail#ThrottlingException`, `AccessDeniedException:http://…`
    let code = code.rsplit('#').next().unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default();
    let message = [&json["message"], &json["Message"]];
    let message = message.iter().find_map(|message| message.as_str());
    Said::new(code, message.unwrap_or_default())
}

fn meaning(answer: &Answer, said: &Said) -> Meaning {
    if answer.is_good() {
        return answer.meaning();
    }
    if said.code == "ResourceNotFoundException" && !is_about_somebody(answer, said) {
        return Meaning::Invalid;
    }
    by_code(&said.code).unwrap_or_else(|| answer.meaning())
}

/// Whether what is not found is what was asked for. That there is no such identity store says nothing
/// about a user; the type of what is missing is optional [spec], the text is AWS's own.
fn is_about_somebody(answer: &Answer, said: &Said) -> bool {
    match answer.json["ResourceType"].as_str() {
        Some(kind) => kind == "USER",
        None => {
            let text = said.text.to_lowercase().replace(' ', "");
            !text.contains("identitystore")
        }
    }
}

/// What a code means, where it says more than the status.
pub(super) fn by_code(code: &str) -> Option<Meaning> {
    Some(match code {
        code if TOO_FAST.contains(&code) => Meaning::Throttled,
        code if ENDED.contains(&code) || SKEWED.contains(&code) => Meaning::Unauthenticated,
        "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => Meaning::Unauthenticated,
        "AccessDenied"
        | "AccessDeniedException"
        | "AccessDeniedForDependencyException"
        | "NotAuthorized"
        | "OptInRequired"
        | "AWSOrganizationsNotInUseException" => Meaning::Forbidden,
        "NoSuchEntity" | "ResourceNotFoundException" | "PolicyNotFoundException" => Meaning::Gone,
        "ConcurrentModification"
        | "ConcurrentModificationException"
        | "EntityTemporarilyUnmodifiable"
        | "PolicyChangesInProgressException" => Meaning::Conflict,
        "LimitExceeded"
        | "LimitExceededException"
        | "ConstraintViolationException"
        | "MalformedPolicyDocument"
        | "MalformedPolicyDocumentException"
        | "UnmodifiableEntity"
        | "InvalidInput"
        | "InvalidInputException"
        | "ValidationError"
        | "ValidationException" => Meaning::Invalid,
        "ServiceFailure"
        | "InternalFailure"
        | "InternalServerException"
        | "ServiceException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException" => Meaning::Broken,
        _ => return None,
    })
}

/// Whether an answer other than a 429 says "too fast, it had no effect".
pub(super) fn too_fast(answer: &Answer) -> bool {
    !answer.is_good() && TOO_FAST.contains(&said(answer).code.as_str())
}

/// Whether an answer other than a 401 says that what we signed with does not do (any more).
pub(super) fn is_expired(answer: &Answer) -> bool {
    if answer.is_good() {
        return false;
    }
    let said = said(answer);
    ENDED.contains(&said.code.as_str()) || is_skewed(&said)
}

/// Whether the signature's time is what is wrong. IAM says it by a text alone: "Signature expired:
/// 20260310T150000Z is now earlier than …", "Signature not yet current: …" [docs*].
pub(super) fn is_skewed(said: &Said) -> bool {
    let by_text = ["Signature expired", "Signature not yet current"];
    SKEWED.contains(&said.code.as_str()) || by_text.iter().any(|begin| said.text.starts_with(begin))
}

/// What we know better than AWS's own sentence: why, and what to do.
pub(super) fn in_words(said: &Said) -> Option<(String, String)> {
    let Said { code, text } = said;
    if is_skewed(said) {
        return Some((
            format!("AWS does not take the time that we signed with ({text})"),
            "set this machine's clock".into(),
        ));
    }
    let (why, hint) = match code.as_str() {
        "AccessDenied" | "AccessDeniedException" => {
            return Some(match missing(text) {
                Some(action) => (
                    format!("our role may not do `{action}` ({text})"),
                    format!(
                        "allow `{action}` to the role that we use there, and look for a policy of \
                         the organisation that denies it"
                    ),
                ),
                None => (
                    format!("AWS does not let our role do this ({text})"),
                    "look at the policies of the role that we use there, and at those of the \
                     organisation"
                        .into(),
                ),
            });
        }
        "LimitExceeded" | "LimitExceededException" | "ConstraintViolationException" => (
            format!("a quota is full; waiting does not help ({text})"),
            "take out what is not needed any more, or do it by hand as `docs/connectors/aws.md` \
             says",
        ),
        "UnmodifiableEntity" => (
            format!("AWS lets nobody change this role ({text})"),
            "for a role of Identity Center, block the user there (`block_identity_center_user`)",
        ),
        "MalformedPolicyDocument" | "MalformedPolicyDocumentException" => (
            format!("AWS does not take the policy ({text})"),
            "report this, with the policy as it stands now",
        ),
        "AWSOrganizationsNotInUseException" => (
            format!("this account is in no organisation ({text})"),
            "let the role of `identity_center` be in the management account, or in a delegated \
             administrator's",
        ),
        "SignatureDoesNotMatch" | "InvalidSignatureException" => (
            format!("AWS does not accept our signature ({text})"),
            "the secret access key is not that of the access key id: put both in place anew",
        ),
        code if ENDED.contains(&code) => (
            format!("AWS does not know our keys (any more) ({text})"),
            "put new keys in place; and find out who took the old ones away",
        ),
        _ => return None,
    };
    Some((why, hint.into()))
}

/// The action that a refusal names: "User: … is not authorized to perform: iam:GetRole on
/// resource: …" [docs*].
pub(super) fn missing(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("not authorized to perform: ")?;
    let action = rest.split([' ', ',']).next()?;
    let (service, name) = action.split_once(':')?;
    let fits = |text: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !text.is_empty() && text.len() <= 64 && text.chars().all(fits)
    };
    (fits(service) && fits(name)).then_some(action)
}

fn refusal(_change: &Change, said: &Said) -> Option<(String, String)> {
    let (why, hint) = in_words(said)?;
    Some((why, format!("{hint}; then `oust runs resume`")))
}

/// Why something was not read, with what to do where AWS's own words are not enough.
pub(super) fn why(unread: &Unread) -> String {
    match unread {
        Unread::Absent { said } | Unread::Refused { said, .. } => match in_words(said) {
            Some((why, hint)) => format!("{why}: {hint}"),
            None => unread.why(),
        },
        Unread::NoAnswer(_) => unread.why(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;
    use serde_json::{Value, json};

    fn answer(status: u16, json: Value) -> Answer {
        let at = "2026-03-10T15:00:00Z".parse().unwrap();
        Answer {
            status,
            json,
            request_id: None,
            sent_at: at,
            server_at: at,
            headers: HeaderMap::new(),
        }
    }

    fn xml(status: u16, code: &str, text: &str) -> Answer {
        answer(
            status,
            json!({ "Error": { "Code": code, "Message": text } }),
        )
    }

    #[test]
    fn all_forms_of_an_error_are_read() {
        let of_iam = said(&xml(404, "NoSuchEntity", "no role"));
        assert_eq!(of_iam, Said::new("NoSuchEntity", "no role"));
        let spelt =
            json!({ "__type": "com.amazonaws.cloudtrail#ThrottlingException", "Message": "x" });
        assert_eq!(
            said(&answer(400, spelt)),
            Said::new("ThrottlingException", "x")
        );
        let mut bare = answer(400, Value::Null);
        let header = "AccessDeniedException:http://internal.amazon.com/coral/"
            .parse()
            .unwrap();
        bare.headers.insert("x-amzn-errortype", header);
        assert_eq!(said(&bare).code, "AccessDeniedException");
        assert_eq!(said(&answer(200, json!({ "Events": [] }))), Said::default());
    }

    #[test]
    fn a_code_tells_more_than_the_status_and_a_quota_is_no_throttle() {
        for code in TOO_FAST {
            assert!(too_fast(&xml(400, code, "Rate exceeded")), "{code}");
        }
        let quota = xml(
            409,
            "LimitExceeded",
            "Maximum policy size of 10240 bytes exceeded",
        );
        assert!(!too_fast(&quota) && !is_expired(&quota));
        assert_eq!(VOICE.meaning(&quota), Meaning::Invalid);
        assert!(is_expired(&xml(403, "ExpiredToken", "")));
        let late = "Signature expired: 20260310T150000Z is now earlier than 20260310T151000Z";
        assert!(is_expired(&xml(403, "SignatureDoesNotMatch", late)));
        assert!(!is_expired(&xml(
            403,
            "SignatureDoesNotMatch",
            "The request signature"
        )));
        assert!(!is_expired(&xml(403, "AccessDenied", "")));
        let none = json!({ "__type": "ResourceNotFoundException", "ResourceType": "USER" });
        assert_eq!(VOICE.meaning(&answer(400, none)), Meaning::Gone);
        let store =
            json!({ "__type": "ResourceNotFoundException", "ResourceType": "IDENTITY_STORE" });
        assert_eq!(VOICE.meaning(&answer(400, store)), Meaning::Invalid);
    }

    #[test]
    fn a_refusal_names_the_permission_and_nothing_that_an_intruder_wrote_passes_for_one() {
        let text = "User: arn:aws:sts::111122223333:assumed-role/oust-responder/oust is not \
                    authorized to perform: iam:PutRolePolicy on resource: role dev because no \
                    identity-based policy allows the iam:PutRolePolicy action";
        let (why, hint) = in_words(&Said::new("AccessDenied", text)).unwrap();
        assert!(why.contains("may not do `iam:PutRolePolicy`"), "{why}");
        assert!(hint.contains("allow `iam:PutRolePolicy`"), "{hint}");
        assert_eq!(missing("not authorized to perform: rm\u{1b}[2J:x on"), None);
        assert_eq!(
            missing("You don't have permissions to access this resource."),
            None
        );
    }
}
