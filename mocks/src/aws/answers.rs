//! Answers and errors in the two protocols: XML for IAM and STS, JSON 1.1 for the others.
//!
//! Operations say what they answer as JSON; for the Query protocol it is written as XML, lists as
//! `member` elements. Codes, statuses and shapes are those of the services' references; the exact
//! words of messages are as they are commonly seen, and nothing should hang on them.

use serde_json::{Map, Value, json};

use crate::http::{Request, Response};
use crate::rng::Rng;
use crate::vendor::Trouble;

/// Whose protocol an answer is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    Iam,
    Sts,
    CloudTrail,
    Organizations,
    IdentityStore,
    SsoAdmin,
}

impl Api {
    /// By the first segment of the path.
    pub(super) fn of(path: &str) -> Option<Self> {
        Some(match path.trim_matches('/') {
            "iam" => Self::Iam,
            "sts" => Self::Sts,
            "cloudtrail" => Self::CloudTrail,
            "organizations" => Self::Organizations,
            "identitystore" => Self::IdentityStore,
            "sso" => Self::SsoAdmin,
            _ => return None,
        })
    }

    /// The name it is signed for.
    pub(super) fn signing_name(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::Sts => "sts",
            Self::CloudTrail => "cloudtrail",
            Self::Organizations => "organizations",
            Self::IdentityStore => "identitystore",
            Self::SsoAdmin => "sso",
        }
    }

    /// What stands before the operation in `X-Amz-Target`, or the version of the Query protocol.
    pub(super) fn dialect(self) -> &'static str {
        match self {
            Self::Iam => "2010-05-08",
            Self::Sts => "2011-06-15",
            Self::CloudTrail => "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
            Self::Organizations => "AWSOrganizationsV20161128",
            Self::IdentityStore => "AWSIdentityStore",
            Self::SsoAdmin => "SWBExternalService",
        }
    }

    pub(super) fn is_query(self) -> bool {
        matches!(self, Self::Iam | Self::Sts)
    }

    fn namespace(self) -> String {
        let host = self.signing_name();
        format!("https://{host}.amazonaws.com/doc/{}/", self.dialect())
    }
}

/// What an operation came to.
pub(super) type Outcome = Result<Done, Refusal>;

/// What it answers, and whether it changed anything.
#[derive(Debug, Clone)]
pub(super) struct Done {
    /// The result: the members of `…Result`, or the JSON body. Null for none.
    pub(super) result: Value,
    pub(super) effective: bool,
}

impl Done {
    pub(super) fn told(result: Value) -> Self {
        Self {
            result,
            effective: false,
        }
    }

    pub(super) fn changed(result: Value, effective: bool) -> Self {
        Self { result, effective }
    }
}

/// Why it did nothing.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// A refusal of the Query protocol, or, with 400, of JSON 1.1.
pub(super) fn refuse(status: u16, code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal {
        status,
        code,
        message: message.into(),
    }
}

/// An answer on its way out.
pub(super) fn write(api: Api, operation: &str, outcome: &Outcome, rng: &mut Rng) -> Response {
    match outcome {
        Ok(done) => success(api, operation, &done.result, rng),
        Err(why) => failure(api, why, rng),
    }
}

fn success(api: Api, operation: &str, result: &Value, rng: &mut Rng) -> Response {
    let id = rng.uuid();
    if !api.is_query() {
        let body = if result.is_null() {
            json!({})
        } else {
            result.clone()
        };
        return respond(api, 200, body.to_string(), &id, None);
    }
    let mut all = Map::new();
    if !result.is_null() {
        all.insert(format!("{operation}Result"), result.clone());
    }
    all.insert("ResponseMetadata".to_owned(), json!({ "RequestId": id }));
    let body = document(&format!("{operation}Response"), &api.namespace(), &all);
    respond(api, 200, body, &id, None)
}

fn failure(api: Api, why: &Refusal, rng: &mut Rng) -> Response {
    let id = rng.uuid();
    if !api.is_query() {
        let name = if api == Api::CloudTrail || api == Api::Organizations {
            "message"
        } else {
            "Message"
        };
        let body = json!({ "__type": why.code, name: why.message }).to_string();
        return respond(api, why.status, body, &id, Some(why.code));
    }
    let kind = if why.status < 500 {
        "Sender"
    } else {
        "Receiver"
    };
    let error = json!({ "Type": kind, "Code": why.code, "Message": why.message });
    let mut all = Map::new();
    all.insert("Error".to_owned(), error);
    all.insert("RequestId".to_owned(), json!(id));
    let body = document("ErrorResponse", &api.namespace(), &all);
    respond(api, why.status, body, &id, None)
}

fn respond(api: Api, status: u16, body: String, id: &str, error: Option<&str>) -> Response {
    let kind = if api.is_query() {
        "text/xml"
    } else {
        "application/x-amz-json-1.1"
    };
    let mut headers = vec![
        ("x-amzn-RequestId".to_owned(), id.to_owned()),
        ("Content-Type".to_owned(), kind.to_owned()),
    ];
    headers.extend(error.map(|code| ("x-amzn-ErrorType".to_owned(), code.to_owned())));
    Response {
        status,
        headers,
        body: body.into_bytes(),
    }
}

fn document(root: &str, namespace: &str, children: &Map<String, Value>) -> String {
    let mut out = format!("<{root} xmlns=\"{namespace}\">\n");
    for (name, value) in children {
        element(&mut out, name, value, 1);
    }
    out.push_str(&format!("</{root}>\n"));
    out
}

fn element(out: &mut String, name: &str, value: &Value, depth: usize) {
    let pad = "  ".repeat(depth);
    let empty = match value {
        Value::Null => return,
        Value::Object(all) => all.values().all(Value::is_null),
        Value::Array(all) => all.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    if empty {
        out.push_str(&format!("{pad}<{name}/>\n"));
        return;
    }
    match value {
        Value::Object(all) => {
            out.push_str(&format!("{pad}<{name}>\n"));
            for (key, value) in all {
                element(out, key, value, depth + 1);
            }
            out.push_str(&format!("{pad}</{name}>\n"));
        }
        Value::Array(all) => {
            out.push_str(&format!("{pad}<{name}>\n"));
            for value in all {
                element(out, "member", value, depth + 1);
            }
            out.push_str(&format!("{pad}</{name}>\n"));
        }
        Value::String(text) => out.push_str(&format!("{pad}<{name}>{}</{name}>\n", escaped(text))),
        other => out.push_str(&format!("{pad}<{name}>{other}</{name}>\n")),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A document as IAM sends it: every sign encoded but letters, digits and `-._~` (RFC 3986).
pub(super) fn encoded(text: &str) -> String {
    const KEPT: percent_encoding::AsciiSet = percent_encoding::NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    percent_encoding::utf8_percent_encode(text, &KEPT).to_string()
}

/// Trouble in Amazon's words; none where the answer is not one of its own.
pub(super) fn trouble(what: Trouble, api: Api, operation: &str, request: &Request) -> Outcome {
    let query = api.is_query();
    let in_words = |status: u16, xml: &'static str, json: &'static str, message: &str| {
        let (status, code) = match (query, status) {
            (true, _) => (status, xml),
            (false, 500..) => (status, json),
            (false, _) => (400, json),
        };
        Err(refuse(status, code, message))
    };
    match what {
        Trouble::LieOk => Ok(Done::told(lie(operation, request))),
        Trouble::AlreadyDone if operation == "DeleteRolePolicy" => in_words(
            404,
            "NoSuchEntity",
            "",
            "The role policy with name OustRevoke cannot be found.",
        ),
        Trouble::AlreadyDone => in_words(
            409,
            "EntityAlreadyExists",
            "DuplicatePolicyException",
            "It already exists.",
        ),
        Trouble::Unauthorized => in_words(
            403,
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        Trouble::Forbidden => in_words(
            403,
            "AccessDenied",
            "AccessDeniedException",
            &format!("User is not authorized to perform: {operation}"),
        ),
        Trouble::NotFound => {
            let code = match api {
                Api::Organizations => "PolicyNotFoundException",
                _ => "ResourceNotFoundException",
            };
            in_words(404, "NoSuchEntity", code, "It cannot be found.")
        }
        Trouble::Conflict => in_words(
            409,
            "ConcurrentModification",
            "ConcurrentModificationException",
            "It was modified at the same time.",
        ),
        Trouble::ThrottleMinute | Trouble::ThrottleConcurrency => {
            let code = match api {
                Api::Organizations => "TooManyRequestsException",
                _ => "ThrottlingException",
            };
            in_words(400, "Throttling", code, "Rate exceeded")
        }
        Trouble::ThrottleNoHeaders => Err(refuse(429, "TooManyRequestsException", "Rate exceeded")),
        Trouble::Internal => {
            let xml = if api == Api::Iam {
                "ServiceFailure"
            } else {
                "InternalFailure"
            };
            in_words(500, xml, "InternalFailure", "An internal error occurred.")
        }
        Trouble::ReadOnly => in_words(
            503,
            "ServiceUnavailable",
            "ServiceUnavailableException",
            "Service is unable to handle request.",
        ),
        Trouble::Status(status) if status < 300 => Ok(Done::told(lie(operation, request))),
        Trouble::Status(status) => Err(refuse(
            status,
            match status {
                400 => "ValidationError",
                401 | 403 => "AccessDenied",
                404 => "NoSuchEntity",
                409 => "ConcurrentModification",
                429 => "Throttling",
                503 => "ServiceUnavailable",
                _ => "InternalFailure",
            },
            "It did not work.",
        )),
    }
}

/// What a success would have answered: nothing, but for the one write that shows what it wrote.
fn lie(operation: &str, request: &Request) -> Value {
    if operation != "UpdatePolicy" {
        return Value::Null;
    }
    let sent: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    json!({ "Policy": {
        "PolicySummary": { "Id": sent["PolicyId"], "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": false },
        "Content": sent["Content"],
    }})
}

/// Nobody knows the operation, or the request is not in the service's own form.
pub(super) fn unknown(api: Api, operation: &str) -> Refusal {
    if api.is_query() {
        let text = format!(
            "Could not find operation {operation} for version {}",
            api.dialect()
        );
        return refuse(400, "InvalidAction", text);
    }
    refuse(400, "UnknownOperationException", "")
}
