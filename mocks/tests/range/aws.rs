//! The accounts, as a client meets them: who may ask, what a policy does, what the trail tells, and
//! the intruder, who is thrown out by a Deny and by nothing else.

use std::sync::OnceLock;

use jsonwebtoken::{Algorithm, Header};
use oust_mocks::aws::state::Origin;
use oust_mocks::aws::{
    self, ACCESS_KEY, Aws, DEVELOPMENT, MANAGEMENT, PRODUCTION, RESPONDER, SCP, SECRET_KEY,
    Signing, WEB_ISSUER, WEB_SUBJECT,
};
use oust_mocks::{
    Attacker, Faults, KeyPair, Range, Request, Response, World, accounts, world::ALEX,
};
use serde_json::{Value, json};

use crate::{NOW, open};

const LOGIN: &str = "alex@contoso.example";
const KIM: &str = "kim@contoso.example";
/// A cut-off later than every session of the story.
const CUT: &str = "2026-03-10T15:10:00Z";

/// Credentials of a caller.
#[derive(Clone)]
pub(crate) struct Keys {
    id: String,
    secret: String,
    token: Option<String>,
}

/// Our user's.
pub(crate) fn user() -> Keys {
    Keys {
        id: ACCESS_KEY.to_owned(),
        secret: SECRET_KEY.to_owned(),
        token: None,
    }
}

fn signed(request: Request, path: &str, keys: &Keys, service: &str, now_ms: i64) -> Request {
    let signing = Signing {
        key_id: &keys.id,
        secret: &keys.secret,
        session_token: keys.token.as_deref(),
        region: "us-east-1",
        service,
    };
    aws::sign(request, path, &signing, now_ms)
}

/// A call of the Query protocol, as the range is asked for it.
pub(crate) fn query(keys: &Keys, service: &str, action: &str, fields: &[(&str, &str)]) -> Request {
    query_at(keys, service, action, fields, NOW)
}

fn query_at(
    keys: &Keys,
    service: &str,
    action: &str,
    fields: &[(&str, &str)],
    now_ms: i64,
) -> Request {
    let path = format!("/aws/{service}");
    let request = Request::new("POST", &path).with_body(
        "application/x-www-form-urlencoded; charset=utf-8",
        body(service, action, fields),
    );
    signed(request, &path, keys, service, now_ms)
}

fn body(service: &str, action: &str, fields: &[(&str, &str)]) -> String {
    let version = match service {
        "iam" => "2010-05-08",
        _ => "2011-06-15",
    };
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    fields.iter().fold(
        format!("Action={action}&Version={version}"),
        |out, (k, v)| format!("{out}&{k}={}", encode(v)),
    )
}

/// A call in JSON 1.1; `service` is the name it is signed for and the last part of its address.
fn target(keys: &Keys, service: &str, target: &str, body: &Value, now_ms: i64) -> Request {
    let path = format!("/aws/{service}");
    let request = Request::new("POST", &path)
        .with_header("x-amz-target", target)
        .with_body("application/x-amz-json-1.1", body.to_string());
    signed(request, &path, keys, service, now_ms)
}

fn send(range: &mut Range, request: &Request, now_ms: i64) -> Response {
    let (system, request) = Range::route(request);
    let reply = range.handle(system, &request, now_ms);
    reply.answer().expect("a whole answer").clone()
}

fn text(answer: &Response) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// The text of the first element of this name.
fn element(answer: &Response, name: &str) -> Option<String> {
    let text = text(answer);
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
}

/// Credentials of our role in an account.
pub(crate) fn responder(range: &mut Range, account: &str) -> Keys {
    let arn = format!("arn:aws:iam::{account}:role/{RESPONDER}");
    let answer = assume(range, &[("RoleArn", &arn), ("RoleSessionName", "oust")]);
    credentials(&answer)
}

fn assume(range: &mut Range, fields: &[(&str, &str)]) -> Response {
    send(range, &query(&user(), "sts", "AssumeRole", fields), NOW)
}

fn credentials(answer: &Response) -> Keys {
    assert_eq!(answer.status, 200, "{}", text(answer));
    let part = |name: &str| element(answer, name).unwrap();
    Keys {
        id: part("AccessKeyId"),
        secret: part("SecretAccessKey"),
        token: Some(part("SessionToken")),
    }
}

fn iam(range: &mut Range, keys: &Keys, action: &str, fields: &[(&str, &str)]) -> Response {
    send(range, &query(keys, "iam", action, fields), NOW)
}

/// A Deny of these sessions, older than `cut`.
fn deny(userids: &[&str], cut: &str) -> String {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "OustRevoke", "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": { "StringEquals": { "aws:userid": userids },
                       "DateLessThan": { "aws:TokenIssueTime": cut } },
    }]})
    .to_string()
}

/// Writes a policy of ours on a role: the request.
pub(crate) fn put(keys: &Keys, role: &str, document: &str) -> Request {
    let fields = [
        ("RoleName", role),
        ("PolicyName", "OustRevoke"),
        ("PolicyDocument", document),
    ];
    query(keys, "iam", "PutRolePolicy", &fields)
}

/// A Deny of alex in `Admin`, written in production.
pub(crate) fn deny_alex(range: &Range, keys: &Keys) -> Request {
    let id = &range.aws.role(PRODUCTION, "Admin").unwrap().id;
    put(keys, "Admin", &deny(&[&format!("{id}:{LOGIN}")], CUT))
}

/// Denies every session of the intruder's up to now, and his user in Identity Center.
pub(crate) fn end_all(range: &mut Range, now_ms: i64) {
    let cut = jiff::Timestamp::from_millisecond(now_ms / 1000 * 1000).unwrap();
    for account in [PRODUCTION, DEVELOPMENT] {
        let keys = responder(range, account);
        let sessions = range.aws.sessions.values();
        let his: Vec<(String, String)> = sessions
            .filter(|s| s.owner == LOGIN && s.account == account && s.portal_user.is_none())
            .map(|s| (s.role.clone(), format!("{}:{}", s.role_id, s.name)))
            .collect();
        for (role, _) in &his {
            let all = his.iter().filter(|(of, _)| of == role);
            let ids: Vec<&str> = all.map(|(_, id)| id.as_str()).collect();
            let request = put(&keys, role, &deny(&ids, &cut.to_string()));
            assert_eq!(send(range, &request, NOW).status, 200);
        }
    }
    let answer = block(range, &accounts::portal_id(LOGIN));
    assert_eq!(answer.status, 200, "{}", text(&answer));
}

fn organizations(range: &mut Range, operation: &str, body: &Value) -> Response {
    let name = format!("AWSOrganizationsV20161128.{operation}");
    send(
        range,
        &target(&user(), "organizations", &name, body, NOW),
        NOW,
    )
}

fn block(range: &mut Range, user: &str) -> Response {
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "OustBlock", "Effect": "Deny", "Action": ["*"], "Resource": "*",
        "Condition": { "StringEquals": { "identitystore:userId": [user] } },
    }]});
    let body = json!({ "PolicyId": SCP, "Content": policy.to_string() });
    organizations(range, "UpdatePolicy", &body)
}

fn contoso() -> World {
    World::contoso(NOW)
}

/// What is whose, but for the sessions of the subject.
fn others(aws: &Aws) -> std::collections::BTreeMap<String, Value> {
    let mut all = aws.everybody("OustRevoke");
    all.remove(LOGIN);
    all
}

#[test]
fn a_caller_is_who_signs_and_every_other_is_told_why_not() {
    let mut range = open(contoso());
    let ask = |keys: &Keys, at_ms: i64| query_at(keys, "sts", "GetCallerIdentity", &[], at_ms);
    let answer = send(&mut range, &ask(&user(), NOW), NOW);
    assert_eq!(
        element(&answer, "Arn").as_deref(),
        Some("arn:aws:iam::999988887777:user/oust")
    );
    assert!(answer.header("x-amzn-requestid").is_some() && answer.header("date").is_some());
    assert_eq!(answer.header("content-type"), Some("text/xml"));
    let wrong = |change: fn(&mut Keys)| {
        let mut keys = user();
        change(&mut keys);
        keys
    };
    let mut tampered = ask(&user(), NOW);
    tampered.body = body("sts", "GetCallerIdentity", &[("A", "b")]).into_bytes();
    let minutes = 60_000;
    for (asked, code, words) in [
        (
            ask(&wrong(|keys| keys.secret = "x".to_owned()), NOW),
            "SignatureDoesNotMatch",
            "does not match",
        ),
        (tampered, "SignatureDoesNotMatch", "does not match"),
        (
            ask(&user(), NOW - 6 * minutes),
            "SignatureDoesNotMatch",
            "Signature expired: 20260310T145400Z is now earlier than 20260310T145500Z",
        ),
        (
            ask(&user(), NOW + 6 * minutes),
            "SignatureDoesNotMatch",
            "Signature not yet current",
        ),
        (
            ask(&wrong(|keys| keys.id = "AKIANOBODY".to_owned()), NOW),
            "InvalidClientTokenId",
            "invalid",
        ),
        (
            ask(&wrong(|keys| keys.token = Some("t".to_owned())), NOW),
            "InvalidClientTokenId",
            "invalid",
        ),
        (
            query(&user(), "iam", "ListRoles", &[]).clone(),
            "AccessDenied",
            "User: arn:aws:iam::999988887777:user/oust is not authorized to perform: iam:ListRoles",
        ),
    ] {
        let answer = send(&mut range, &asked, NOW);
        assert_eq!(answer.status, 403, "{code}");
        assert_eq!(element(&answer, "Code").as_deref(), Some(code));
        assert!(
            element(&answer, "Message").unwrap().contains(words),
            "{}",
            text(&answer)
        );
    }
    assert_eq!(
        send(&mut range, &ask(&user(), NOW - 4 * minutes), NOW).status,
        200
    );
    let mut revoked = open(contoso().aws_key_revoked());
    let answer = send(&mut revoked, &ask(&user(), NOW), NOW);
    assert_eq!(
        element(&answer, "Code").as_deref(),
        Some("InvalidClientTokenId")
    );
}

#[test]
fn json_services_say_the_same_in_their_own_words() {
    let mut range = open(contoso());
    let name = "AWSOrganizationsV20161128.DescribePolicy";
    let ask = |keys: &Keys, name: &str, at_ms: i64| {
        target(
            keys,
            "organizations",
            name,
            &json!({ "PolicyId": SCP }),
            at_ms,
        )
    };
    let mut stranger = user();
    stranger.id = "AKIANOBODY".to_owned();
    let mut forger = user();
    forger.secret = "x".to_owned();
    let member = responder(&mut range, PRODUCTION);
    for (asked, code) in [
        (ask(&stranger, name, NOW), "UnrecognizedClientException"),
        (ask(&forger, name, NOW), "InvalidSignatureException"),
        (
            ask(&user(), name, NOW - 600_000),
            "InvalidSignatureException",
        ),
        (ask(&member, name, NOW), "AccessDeniedException"),
        (
            ask(&user(), "Other.DescribePolicy", NOW),
            "UnknownOperationException",
        ),
    ] {
        let answer = send(&mut range, &asked, NOW);
        assert_eq!(answer.status, 400, "{code}");
        assert_eq!(answer.json()["__type"], code);
        assert_eq!(answer.header("x-amzn-errortype"), Some(code));
    }
    let answer = send(&mut range, &ask(&user(), name, NOW), NOW);
    assert_eq!(answer.json()["Policy"]["PolicySummary"]["Id"], SCP);
    assert_eq!(
        answer.header("content-type"),
        Some("application/x-amz-json-1.1")
    );
}

#[test]
fn a_role_is_assumed_by_whom_it_trusts_and_no_longer_than_it_holds() {
    let arn = format!("arn:aws:iam::{PRODUCTION}:role/{RESPONDER}");
    let mut range = open(contoso().aws_account_denies(DEVELOPMENT));
    let keys = responder(&mut range, PRODUCTION);
    let me = query(&keys, "sts", "GetCallerIdentity", &[]);
    let answer = send(&mut range, &me, NOW);
    assert_eq!(
        element(&answer, "Arn").as_deref(),
        Some("arn:aws:sts::111122223333:assumed-role/oust-responder/oust")
    );
    let later = query_at(&keys, "sts", "GetCallerIdentity", &[], NOW + 3_600_001);
    let answer = send(&mut range, &later, NOW + 3_600_001);
    assert_eq!(element(&answer, "Code").as_deref(), Some("ExpiredToken"));
    let mut code = |fields: &[(&str, &str)]| {
        let answer = assume(&mut range, fields);
        (answer.status, element(&answer, "Code").unwrap_or_default())
    };
    let denied = (403, "AccessDenied".to_owned());
    let invalid = (400, "ValidationError".to_owned());
    let name = ("RoleSessionName", "oust");
    let there = arn.replace(PRODUCTION, DEVELOPMENT);
    assert_eq!(code(&[("RoleArn", &there), name]), denied);
    let other = arn.replace(RESPONDER, "Admin");
    assert_eq!(code(&[("RoleArn", &other), name]), denied);
    assert_eq!(
        code(&[("RoleArn", &arn), ("RoleSessionName", "a b")]),
        invalid
    );
    assert_eq!(
        code(&[("RoleArn", &arn), name, ("DurationSeconds", "60")]),
        invalid
    );
    assert_eq!(
        code(&[("RoleArn", &arn), name, ("DurationSeconds", "900")]).0,
        200
    );
    let mut range = open(contoso().aws_external_id(PRODUCTION, "contoso-7"));
    let plain = assume(&mut range, &[("RoleArn", &arn), name]);
    assert_eq!(plain.status, 403);
    let with = [("RoleArn", arn.as_str()), name, ("ExternalId", "contoso-7")];
    assert_eq!(assume(&mut range, &with).status, 200);
}

#[test]
fn a_session_policy_narrows_and_never_widens() {
    let mut range = open(contoso());
    let arn = format!("arn:aws:iam::{PRODUCTION}:role/{RESPONDER}");
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["iam:Get*", "iam:List*", "s3:*"], "Resource": "*" },
    ]});
    let fields = [
        ("RoleArn", arn.as_str()),
        ("RoleSessionName", "oust-read"),
        ("Policy", &policy.to_string()),
    ];
    let keys = credentials(&assume(&mut range, &fields));
    let read = iam(&mut range, &keys, "GetRole", &[("RoleName", "Admin")]);
    assert_eq!(read.status, 200);
    let request = deny_alex(&range, &keys);
    let written = send(&mut range, &request, NOW);
    assert_eq!(written.status, 403);
    let message = element(&written, "Message").unwrap();
    assert_eq!(
        message,
        "User: arn:aws:sts::111122223333:assumed-role/oust-responder/oust-read is not authorized to perform: iam:PutRolePolicy on resource: role Admin because no session policy allows the iam:PutRolePolicy action"
    );
    let malformed = [fields[0], fields[1], ("Policy", "{")];
    assert_eq!(assume(&mut range, &malformed).status, 400);
}

fn key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::rs256("oidc"))
}

#[test]
fn a_web_identity_is_taken_from_whom_a_role_trusts() {
    let arn = format!("arn:aws:iam::{PRODUCTION}:role/{RESPONDER}");
    let ask = |change: fn(&mut Value)| {
        let mut claims = json!({
            "iss": WEB_ISSUER, "sub": WEB_SUBJECT, "aud": "sts.amazonaws.com",
            "exp": NOW / 1000 + 600,
        });
        change(&mut claims);
        let header = Header::new(Algorithm::RS256);
        let token = jsonwebtoken::encode(&header, &claims, &key().encoding_key()).unwrap();
        let fields = [
            ("RoleArn", arn.as_str()),
            ("RoleSessionName", "oust"),
            ("WebIdentityToken", &token),
        ];
        Request::new("POST", "/aws/sts").with_body(
            "application/x-www-form-urlencoded",
            body("sts", "AssumeRoleWithWebIdentity", &fields),
        )
    };
    let mut range = open(contoso().aws_web_key(key()));
    let answer = send(&mut range, &ask(|_| {}), NOW);
    let keys = credentials(&answer);
    let read = iam(&mut range, &keys, "GetRole", &[("RoleName", "Admin")]);
    assert_eq!(read.status, 200);
    assert_eq!(range.journal.entries()[0].body, "(client assertion)");
    for (change, code) in [
        (
            (|c| c["sub"] = json!("other")) as fn(&mut Value),
            "AccessDenied",
        ),
        (|c| c["aud"] = json!("other"), "AccessDenied"),
        (|c| c["exp"] = json!(1), "ExpiredTokenException"),
        (
            |c| c["iss"] = json!("https://other.example"),
            "InvalidIdentityToken",
        ),
    ] {
        let answer = send(&mut range, &ask(change), NOW);
        assert_eq!(element(&answer, "Code").as_deref(), Some(code));
    }
    let mut untrusting = open(contoso());
    let answer = send(&mut untrusting, &ask(|_| {}), NOW);
    assert_eq!(
        element(&answer, "Code").as_deref(),
        Some("InvalidIdentityToken")
    );
}

#[test]
fn roles_are_listed_in_pages_with_their_trust_encoded() {
    let mut range = open(contoso().aws_roles(PRODUCTION, 120));
    let keys = responder(&mut range, PRODUCTION);
    let first = iam(&mut range, &keys, "ListRoles", &[]);
    assert_eq!(element(&first, "IsTruncated").as_deref(), Some("true"));
    let marker = element(&first, "Marker").unwrap();
    let second = iam(&mut range, &keys, "ListRoles", &[("Marker", &marker)]);
    assert_eq!(element(&second, "IsTruncated").as_deref(), Some("false"));
    let count = |answer: &Response| text(answer).matches("<RoleId>AROA").count();
    assert_eq!(count(&first), 100);
    assert_eq!(
        count(&first) + count(&second),
        range.aws.accounts[PRODUCTION].roles.len()
    );
    let trust = element(&first, "AssumeRolePolicyDocument").unwrap();
    assert!(
        trust.starts_with("%7B%22Version%22%3A%222012-10-17%22"),
        "{trust}"
    );
    let wrong = iam(&mut range, &keys, "ListRoles", &[("Marker", "x")]);
    assert_eq!(wrong.status, 400);
}

#[test]
fn a_policy_is_written_read_and_deleted() {
    let mut range = open(contoso());
    let keys = responder(&mut range, PRODUCTION);
    let before = range.aws.digest();
    let named = [("RoleName", "Admin"), ("PolicyName", "OustRevoke")];
    let absent = iam(&mut range, &keys, "GetRolePolicy", &named);
    assert_eq!(
        (absent.status, element(&absent, "Code").as_deref()),
        (404, Some("NoSuchEntity"))
    );
    let request = deny_alex(&range, &keys);
    let written = send(&mut range, &request, NOW);
    assert_eq!(written.status, 200);
    assert!(element(&written, "RequestId").is_some());
    assert!(!text(&written).contains("PutRolePolicyResult"));
    assert_ne!(range.aws.digest(), before);
    let names = text(&iam(&mut range, &keys, "ListRolePolicies", &named[..1]));
    assert!(names.contains("<member>OustRevoke</member>"), "{names}");
    assert!(
        names.contains("<member>finance-guardrail</member>"),
        "{names}"
    );
    let read = iam(&mut range, &keys, "GetRolePolicy", &named);
    let document = element(&read, "PolicyDocument").unwrap();
    let document = percent_encoding::percent_decode_str(&document)
        .decode_utf8()
        .unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["Statement"][0]["Sid"], "OustRevoke");
    let deleted = iam(&mut range, &keys, "DeleteRolePolicy", &named);
    assert_eq!(deleted.status, 200);
    assert_eq!(range.aws.digest(), before);
    assert_eq!(
        iam(&mut range, &keys, "DeleteRolePolicy", &named).status,
        404
    );
    let effects = range.journal.effects();
    let paths: Vec<&str> = effects.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(paths, ["/iam/PutRolePolicy", "/iam/DeleteRolePolicy"]);
}

#[test]
fn what_iam_refuses_to_write_is_not_written() {
    let good = deny(&["AROA1:alex"], CUT);
    let long = deny(&[&"x".repeat(10_300)], CUT);
    let reserved = "AWSReservedSSO_AdministratorAccess_0123456789abcdef";
    let room = |world: World| world.aws_room(PRODUCTION, "Admin", 100);
    let plain = |world: World| world;
    for (change, role, document, status, code) in [
        (
            plain as fn(World) -> World,
            "Admin",
            "{",
            400,
            "MalformedPolicyDocument",
        ),
        (plain, "Nobody", &good, 404, "NoSuchEntity"),
        (plain, reserved, &good, 400, "UnmodifiableEntity"),
        (
            plain,
            "AWSServiceRoleForSupport",
            &good,
            400,
            "UnmodifiableEntity",
        ),
        (plain, "Admin", &long, 409, "LimitExceeded"),
        (room, "Admin", &good, 409, "LimitExceeded"),
        (
            |world| world.with_aws(|aws| aws.settings.conflicts = 1),
            "Admin",
            &good,
            409,
            "ConcurrentModification",
        ),
        (
            |world| world.aws_without_permission("iam:PutRolePolicy"),
            "Admin",
            &good,
            403,
            "AccessDenied",
        ),
        (
            |world| world.aws_account_without_permission(DEVELOPMENT, "iam:PutRolePolicy"),
            "Admin",
            &good,
            200,
            "",
        ),
    ] {
        let mut range = open(change(contoso()));
        let keys = responder(&mut range, PRODUCTION);
        let before = range.aws.digest();
        let answer = send(&mut range, &put(&keys, role, document), NOW);
        let told = element(&answer, "Code").unwrap_or_default();
        assert_eq!(
            (answer.status, told.as_str()),
            (status, code),
            "{}",
            text(&answer)
        );
        assert_eq!(range.aws.digest() == before, status != 200, "{code}");
    }
    // White space does not count.
    let mut range = open(contoso());
    let keys = responder(&mut range, PRODUCTION);
    let wide = good.replace(',', &format!(",{}", " ".repeat(9_000)));
    assert_eq!(
        send(&mut range, &put(&keys, "Admin", &wide), NOW).status,
        200
    );
}

#[test]
fn a_deny_ends_one_session_name_in_one_role_and_nothing_else() {
    let mut range = open(contoso().aws_namesake(LOGIN));
    let keys = responder(&mut range, PRODUCTION);
    let (before, held) = (others(&range.aws), range.aws.holds(LOGIN));
    assert_eq!(held.len(), 4, "{held:?}");
    let request = deny_alex(&range, &keys);
    assert_eq!(send(&mut range, &request, NOW).status, 200);
    let gone: Vec<&String> = held
        .iter()
        .filter(|line| !range.aws.holds(LOGIN).contains(line))
        .collect();
    assert_eq!(gone, [&format!("session {LOGIN} of Admin in {PRODUCTION}")]);
    assert_eq!(others(&range.aws), before);
    let kim: Vec<bool> = range
        .aws
        .sessions_of(KIM)
        .iter()
        .map(|(_, denied)| *denied)
        .collect();
    assert_eq!(kim, [false]);
    // The form that any session of this name meets would have hit the machine and the namesake.
    let wide = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": { "StringLike": { "aws:userid": format!("*:{LOGIN}") } },
    }]});
    for role in ["ci-runner", "PartnerAdmin"] {
        assert_eq!(
            send(&mut range, &put(&keys, role, &wide.to_string()), NOW).status,
            200
        );
    }
    assert_ne!(others(&range.aws), before);
}

#[test]
fn the_simulator_says_what_the_policies_say() {
    let mut range = open(contoso());
    let keys = responder(&mut range, PRODUCTION);
    let request = deny_alex(&range, &keys);
    send(&mut range, &request, NOW);
    let role = range.aws.role(PRODUCTION, "Admin").unwrap();
    let (arn, id) = (role.arn(PRODUCTION), role.id.clone());
    let mut ask = |arn: &str, action: &str, who: &str, at: &str| {
        let fields = [
            ("PolicySourceArn", arn),
            ("ActionNames.member.1", action),
            ("ContextEntries.member.1.ContextKeyName", "aws:userid"),
            ("ContextEntries.member.1.ContextKeyType", "string"),
            ("ContextEntries.member.1.ContextKeyValues.member.1", who),
            (
                "ContextEntries.member.2.ContextKeyName",
                "aws:TokenIssueTime",
            ),
            ("ContextEntries.member.2.ContextKeyType", "date"),
            ("ContextEntries.member.2.ContextKeyValues.member.1", at),
        ];
        let answer = iam(&mut range, &keys, "SimulatePrincipalPolicy", &fields);
        let source = element(&answer, "SourcePolicyId").unwrap_or_default();
        let decision = element(&answer, "EvalDecision");
        (
            decision.unwrap_or_else(|| element(&answer, "Code").unwrap()),
            source,
        )
    };
    let (alex, kim) = (format!("{id}:{LOGIN}"), format!("{id}:{KIM}"));
    let (early, late) = ("2026-03-10T14:00:00Z", "2026-03-10T15:10:01Z");
    let list = "s3:ListAllMyBuckets";
    let denied = (
        "explicitDeny".to_owned(),
        "role_Admin_OustRevoke".to_owned(),
    );
    let allowed = ("allowed".to_owned(), "attached_0".to_owned());
    assert_eq!(ask(&arn, list, &alex, early), denied);
    assert_eq!(ask(&arn, list, &alex, late), allowed);
    assert_eq!(ask(&arn, list, &kim, early), allowed);
    assert_eq!(
        ask(&arn, "cur:DescribeReportDefinitions", &kim, early).0,
        "explicitDeny"
    );
    let ours = arn.replace("Admin", RESPONDER);
    assert_eq!(ask(&ours, "iam:PutRolePolicy", "", early).0, "allowed");
    assert_eq!(ask(&ours, list, "", early).0, "implicitDeny");
    let elsewhere = arn.replace(PRODUCTION, DEVELOPMENT);
    assert_eq!(ask(&elsewhere, list, &alex, early).0, "NoSuchEntity");
}

fn lookup(range: &mut Range, keys: &Keys, body: &Value, now_ms: i64) -> Response {
    let name = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
    send(
        range,
        &target(keys, "cloudtrail", name, body, now_ms),
        now_ms,
    )
}

fn by(key: &str, value: &str) -> Value {
    json!({ "LookupAttributes": [{ "AttributeKey": key, "AttributeValue": value }] })
}

#[test]
fn the_trail_tells_who_assumed_what() {
    let mut range = open(contoso());
    let keys = responder(&mut range, PRODUCTION);
    let answer = lookup(
        &mut range,
        &keys,
        &by("EventName", "AssumeRoleWithSAML"),
        NOW,
    )
    .json();
    let events = answer["Events"].as_array().unwrap();
    let records: Vec<Value> = events
        .iter()
        .map(|e| serde_json::from_str(e["CloudTrailEvent"].as_str().unwrap()).unwrap())
        .collect();
    let his: Vec<&Value> = records
        .iter()
        .filter(|r| r["requestParameters"]["roleSessionName"] == LOGIN)
        .collect();
    let roles: Vec<&str> = his
        .iter()
        .map(|r| r["requestParameters"]["roleArn"].as_str().unwrap())
        .collect();
    assert_eq!(
        roles.len(),
        3,
        "his own, the portal's, the intruder's: {roles:?}"
    );
    let id = &range.aws.role(PRODUCTION, "Admin").unwrap().id;
    assert_eq!(
        his[0]["responseElements"]["assumedRoleUser"]["assumedRoleId"],
        format!("{id}:{LOGIN}")
    );
    assert_eq!(his[0]["userIdentity"]["type"], "SAMLUser");
    let times: Vec<i64> = events
        .iter()
        .map(|e| e["EventTime"].as_i64().unwrap())
        .collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    let later = NOW + 1000;
    let answer = lookup(&mut range, &keys, &by("EventName", "AssumeRole"), later).json();
    let text = answer.to_string();
    assert!(
        text.contains("ops-nightly") && text.contains("assumed-role/Admin/alex@contoso.example")
    );
    let later = NOW + 2000;
    let answer = lookup(&mut range, &keys, &by("Username", LOGIN), later).json();
    let names: Vec<&str> = answer["Events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["EventName"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"CreateAccessKey"), "{names:?}");
}

#[test]
fn the_trail_lags_pages_and_is_asked_twice_a_second() {
    let mut range = open(contoso());
    let keys = responder(&mut range, PRODUCTION);
    let mut ask = |body: &Value, now_ms: i64| lookup(&mut range, &keys, body, now_ms);
    let mut body = by("EventName", "AssumeRoleWithSAML");
    body["MaxResults"] = json!(2);
    let first = ask(&body, NOW).json();
    assert_eq!(first["Events"].as_array().unwrap().len(), 2);
    body["NextToken"] = first["NextToken"].clone();
    let second = ask(&body, NOW).json();
    assert_ne!(second["Events"][0], first["Events"][0]);
    let third = ask(&body, NOW);
    assert_eq!(
        (third.status, third.json()["__type"].as_str()),
        (400, Some("ThrottlingException"))
    );
    body["MaxResults"] = json!(3);
    let other = ask(&body, NOW + 1000).json();
    assert_eq!(other["__type"], "InvalidNextTokenException");
    let two = json!({ "LookupAttributes": [
        { "AttributeKey": "EventName", "AttributeValue": "AssumeRole" },
        { "AttributeKey": "Username", "AttributeValue": LOGIN },
    ]});
    assert_eq!(
        ask(&two, NOW + 2000).json()["__type"],
        "InvalidLookupAttributesException"
    );
    // Our own session began now; the trail knows nothing of it for five minutes.
    let mut ours = by("EventName", "AssumeRole");
    ours["StartTime"] = json!(NOW / 1000);
    assert_eq!(ask(&ours, NOW + 299_000).json()["Events"], json!([]));
    assert_eq!(
        ask(&ours, NOW + 300_000).json()["Events"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn the_prepared_policy_blocks_a_user_of_identity_center() {
    let mut range = open(contoso());
    let store = json!({ "IdentityStoreId": range.aws.center.store_id, "AlternateIdentifier": {
        "UniqueAttribute": { "AttributePath": "userName", "AttributeValue": LOGIN } } });
    let found = target(
        &user(),
        "identitystore",
        "AWSIdentityStore.GetUserId",
        &store,
        NOW,
    );
    let id = send(&mut range, &found, NOW).json()["UserId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(id, accounts::portal_id(LOGIN));
    let by_okta = json!({ "IdentityStoreId": range.aws.center.store_id, "AlternateIdentifier": {
        "ExternalId": { "Issuer": "okta", "Id": ALEX } } });
    let found = target(
        &user(),
        "identitystore",
        "AWSIdentityStore.GetUserId",
        &by_okta,
        NOW,
    );
    assert_eq!(send(&mut range, &found, NOW).json()["UserId"], id);
    let nobody = json!({ "IdentityStoreId": range.aws.center.store_id, "UserId": "x" });
    let asked = target(
        &user(),
        "identitystore",
        "AWSIdentityStore.DescribeUser",
        &nobody,
        NOW,
    );
    assert_eq!(
        send(&mut range, &asked, NOW).json()["__type"],
        "ResourceNotFoundException"
    );
    let listed = target(
        &user(),
        "sso",
        "SWBExternalService.ListInstances",
        &json!({}),
        NOW,
    );
    let instances = send(&mut range, &listed, NOW).json();
    assert_eq!(
        instances["Instances"][0]["IdentityStoreId"],
        range.aws.center.store_id
    );
    let targets = organizations(
        &mut range,
        "ListTargetsForPolicy",
        &json!({ "PolicyId": SCP }),
    );
    assert_eq!(targets.json()["Targets"][0]["Type"], "ROOT");
    let portal = |range: &Range| {
        let held = range.aws.holds(LOGIN);
        held.iter().any(|line| line.contains("AWSReservedSSO"))
    };
    let before = others(&range.aws);
    assert!(portal(&range));
    assert_eq!(block(&mut range, &id).status, 200);
    assert!(!portal(&range));
    assert_eq!(others(&range.aws), before);
    let full = json!({ "PolicyId": SCP, "Content": deny(&[&"x".repeat(5_200)], CUT) });
    let answer = organizations(&mut range, "UpdatePolicy", &full);
    assert_eq!(answer.json()["__type"], "ConstraintViolationException");
    let managed = json!({ "PolicyId": "p-FullAWSAccess", "Content": deny(&["x"], CUT) });
    let answer = organizations(&mut range, "UpdatePolicy", &managed);
    assert_eq!(answer.json()["__type"], "PolicyChangesNotAllowedException");
    let absent = organizations(
        &mut range,
        "DescribePolicy",
        &json!({ "PolicyId": "p-nothere1" }),
    );
    assert_eq!(absent.json()["__type"], "PolicyNotFoundException");
    assert_eq!(absent.status, 400);
}

#[test]
fn only_what_changes_a_policy_is_a_write() {
    let writes: Vec<&str> = aws::operations()
        .iter()
        .filter(|(.., writes)| *writes)
        .map(|(_, name, _)| *name)
        .collect();
    assert_eq!(
        writes,
        ["PutRolePolicy", "DeleteRolePolicy", "UpdatePolicy"]
    );
}

#[test]
fn every_operation_is_one_of_its_service_s() {
    for (service, name, _) in aws::operations() {
        let known = include_str!("aws-operations.txt");
        let line = format!("{service} {name}");
        assert!(known.lines().any(|one| one == line), "{line}");
    }
}

#[test]
fn troubles_are_amazon_s_own() {
    for (fault, status, xml, json) in [
        ("throttle_minute", 400, "Throttling", "ThrottlingException"),
        ("forbidden", 403, "AccessDenied", "AccessDeniedException"),
        ("internal", 500, "ServiceFailure", "InternalFailure"),
        (
            "read_only",
            503,
            "ServiceUnavailable",
            "ServiceUnavailableException",
        ),
        (
            "unauthorized",
            403,
            "InvalidClientTokenId",
            "UnrecognizedClientException",
        ),
        (
            "not_found",
            404,
            "NoSuchEntity",
            "ResourceNotFoundException",
        ),
        (
            "conflict",
            409,
            "ConcurrentModification",
            "ConcurrentModificationException",
        ),
    ] {
        let mut range = open(contoso());
        let keys = responder(&mut range, PRODUCTION);
        let rules = format!("aws POST /iam/PutRolePolicy={fault},aws POST /cloudtrail={fault}");
        range.faults = Faults::parse(&rules).unwrap();
        let read = iam(&mut range, &keys, "GetRole", &[("RoleName", "Admin")]);
        assert_eq!(
            read.status, 200,
            "a rule for an operation spares the others"
        );
        let request = deny_alex(&range, &keys);
        let answer = send(&mut range, &request, NOW);
        assert_eq!(
            (answer.status, element(&answer, "Code").as_deref()),
            (status, Some(xml))
        );
        let answer = lookup(&mut range, &keys, &json!({}), NOW);
        let told = if status < 500 { 400 } else { status };
        assert_eq!(
            (answer.status, answer.json()["__type"].as_str()),
            (told, Some(json))
        );
    }
}

#[test]
fn he_chains_digs_and_stays_as_long_as_he_is_let() {
    let mut range = open(contoso().attacker(Attacker::new(ALEX, 500).with_services()));
    for second in 0..240 {
        range.tick(NOW + second * 1000);
    }
    let moves = range.attacker.clone().unwrap().moves;
    for what in ["aws_chain", "aws_abroad", "aws_key"] {
        assert!(moves.contains_key(what), "{what}: {moves:?}");
    }
    // What he chained since is in no answer yet, and so is nobody's to end.
    let fresh = |range: &Range, told: &dyn Fn(&Range) -> Vec<String>| {
        told(range)
            .iter()
            .filter(|line| line.contains("ops-") && !line.contains("nightly"))
            .count()
    };
    assert_eq!(fresh(&range, &|r| r.aws.holds(LOGIN)), 0);
    let count = fresh(&range, &|r| r.aws.lingers(LOGIN));
    assert!(count > 0);
    let keys = responder(&mut range, PRODUCTION);
    let later = NOW + 240_000 + 300_000;
    let keys_later = keys;
    let answer = lookup(
        &mut range,
        &keys_later,
        &by("EventName", "AssumeRole"),
        later,
    );
    assert_eq!(answer.status, 200);
    assert!(fresh(&range, &|r| r.aws.holds(LOGIN)) > 0);
}

#[test]
fn the_portal_gives_new_sessions_until_its_user_is_blocked() {
    let attacker = Attacker::new(ALEX, 1_000).with_services();
    let world = contoso().attacker(attacker).user(LOGIN, |user| {
        user.status = "SUSPENDED".to_owned();
        user.sessions.clear();
    });
    let mut range = open(world);
    range.aws.sessions.retain(|_, s| !s.intruder);
    for second in 0..5 {
        range.tick(NOW + second * 1000);
    }
    assert!(range.attacker.as_ref().unwrap().count("aws_portal") > 0);
    assert!(
        range
            .aws
            .lingers(LOGIN)
            .contains(&"access portal session".to_owned())
    );
    block(&mut range, &accounts::portal_id(LOGIN));
    range.aws.sessions.retain(|_, s| s.origin != Origin::Portal);
    let before = range.attacker.as_ref().unwrap().count("aws_portal");
    for second in 5..15 {
        range.tick(NOW + second * 1000);
    }
    assert_eq!(range.attacker.as_ref().unwrap().count("aws_portal"), before);
}

#[test]
fn a_future_cut_off_denies_what_he_opens_meanwhile() {
    let attacker = Attacker::new(ALEX, 1_000).with_services();
    let mut range = open(contoso().attacker(attacker));
    end_all(&mut range, NOW + 600_000);
    for second in 1..60 {
        range.tick(NOW + second * 1000);
    }
    assert_eq!(range.attacker.as_ref().unwrap().count("aws_sso"), 0);
    for second in 600..660 {
        range.tick(NOW + second * 1000);
    }
    assert!(range.attacker.as_ref().unwrap().count("aws_sso") > 0);
}

#[test]
fn our_own_user_is_in_the_management_account() {
    let mut range = open(contoso());
    let keys = responder(&mut range, MANAGEMENT);
    let body = json!({ "PolicyId": SCP });
    let asked = target(
        &keys,
        "organizations",
        "AWSOrganizationsV20161128.DescribePolicy",
        &body,
        NOW,
    );
    assert_eq!(send(&mut range, &asked, NOW).status, 200);
}
