//! Who we are at AWS, against the mock: which keys sign what, when they are renewed, what a wrong clock
//! does, and what is said where we are not let in.

use oust::connector::System;
use oust::model::{ActionId, OutcomeKind, Select};
use oust::transport::Reader;
use oust_mocks::aws::{
    ACCESS_KEY, MANAGEMENT, PRODUCTION, RESPONDER, SECRET_KEY, WEB_ISSUER, WEB_SUBJECT,
};
use oust_mocks::{FaultKind, KeyPair, World};
use serde_json::{Value, json};

use crate::aws_center;
use crate::service::ServiceDesk;
use crate::wire::{Org, now_ms};

const ALEX: &str = "alex@contoso.example";
const BLOCK: &str = "block_identity_center_user";

fn contoso() -> World {
    World::contoso(now_ms())
}

/// The Identity Center, of which one read and one write are known, with other settings.
fn desk_at(mut org: Org, patch: &Value) -> ServiceDesk {
    let mut settings = aws_center::settings(&mut org);
    for (key, value) in patch.as_object().unwrap() {
        settings[key] = value.clone();
    }
    ServiceDesk::at(org, "aws", &settings)
}

fn desk(world: World) -> ServiceDesk {
    desk_at(Org::new(world), &json!({}))
}

/// How often this operation was called.
fn calls(desk: &ServiceDesk, operation: &str) -> usize {
    let range = desk.org.range();
    let entries = range.journal.entries().iter();
    entries
        .filter(|entry| entry.path.ends_with(operation))
        .count()
}

/// The sessions of ours, each with whether AWS holds it to reading.
fn ours(desk: &ServiceDesk) -> Vec<bool> {
    let range = desk.org.range();
    let keys = range.aws.keys.values();
    let sessions = keys.filter(|key| key.session_token.is_some());
    let mut held: Vec<bool> = sessions.map(|key| key.session_policy.is_some()).collect();
    held.sort_unstable();
    held
}

/// What is said when somebody is looked up.
async fn unread(desk: &ServiceDesk) -> String {
    match desk.who(ALEX).await {
        oust::model::Identity::Unread { why } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
pub(crate) async fn a_plan_holds_keys_that_aws_itself_keeps_from_writing() {
    let desk = desk(contoso());
    let change = desk.change(BLOCK, ALEX).await;
    assert_eq!(ours(&desk), [true], "one session, which can only read");
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert!(desk.is_proven(&done).await);
    assert_eq!(ours(&desk), [false, true], "and one that writes");
    assert_eq!(calls(&desk, "/AssumeRole"), 2);
}

#[tokio::test(start_paused = true)]
async fn keys_are_kept_until_shortly_before_they_end_and_renewed_when_they_are_refused() {
    let desk = desk(contoso());
    desk.id(ALEX).await;
    desk.org.wait(3_000).await;
    desk.id(ALEX).await;
    assert_eq!(calls(&desk, "/AssumeRole"), 1);
    desk.org.wait(560).await;
    desk.id(ALEX).await;
    assert_eq!(calls(&desk, "/AssumeRole"), 2, "a minute before their end");
    // Ended before their time.
    desk.org.wait(60).await;
    let is_stored = |key: &oust_mocks::aws::state::AccessKey| key.session_token.is_none();
    let forget = |desk: &ServiceDesk| {
        let mut range = desk.org.range();
        range.aws.keys.retain(|_, key| is_stored(key));
    };
    forget(&desk);
    desk.id(ALEX).await;
    assert_eq!(calls(&desk, "/AssumeRole"), 3);
    // An account that goes on refusing is asked once again, and no more.
    desk.org.wait(60).await;
    for _ in 0..4 {
        let body = json!({ "__type": "ExpiredTokenException", "message": "expired" });
        let body = body.to_string();
        desk.fault("POST", "/GetUserId", FaultKind::Status { code: 400, body });
    }
    let before = calls(&desk, "/GetUserId");
    let why = unread(&desk).await;
    assert!(why.contains("does not know our keys"), "{why}");
    assert_eq!(calls(&desk, "/GetUserId"), before + 2);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_of_ours_costs_one_more_request_and_nothing_else() {
    for ahead in [-3 * 3_600_000, 12 * 60_000] {
        let org = Org::new(contoso()).with_our_clock_ahead(ahead);
        let assuming = desk_at(org, &json!({}));
        let change = assuming.change(BLOCK, ALEX).await;
        let done = assuming.applied(&change).await;
        assert_eq!(done.outcome.kind, OutcomeKind::Done);
        assert!(assuming.is_proven(&done).await);
        assert_eq!(
            calls(&assuming, "/AssumeRole"),
            3,
            "the first, again, and for writing"
        );
        // Without a role it is the first request of all that tells.
        let org = Org::new(contoso()).with_our_clock_ahead(ahead);
        let direct = desk_at(org, &json!({ "identity_center": {} }));
        direct.id(ALEX).await;
        assert_eq!(calls(&direct, "/ListInstances"), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn where_we_are_not_let_in_it_is_said_who_must_let_us_in() {
    let mut org = Org::new(contoso().aws_account_denies(PRODUCTION));
    let denied = account(&mut org, PRODUCTION, true);
    let reader = Reader::new(denied.client.clone());
    let why = denied.connector.own_ids(&reader).await.unwrap_err();
    assert!(
        why.contains("could not assume arn:aws:iam::111122223333:role/oust-responder"),
        "{why}"
    );
    assert!(why.contains("trust policy"), "{why}");

    let external = contoso().aws_external_id(MANAGEMENT, "ir-2026");
    let why = unread(&desk(external.clone())).await;
    assert!(why.contains("external_id"), "{why}");
    let named = json!({ "identity_center": {
        "role_arn": format!("arn:aws:iam::{MANAGEMENT}:role/{RESPONDER}"), "external_id": "ir-2026",
    }});
    desk_at(Org::new(external), &named).id(ALEX).await;

    let why = unread(&desk(contoso().aws_key_revoked())).await;
    assert!(why.contains("put new keys in place"), "{why}");

    let mut org = Org::new(contoso());
    let wrong = json!({ "auth": {
        "access_key_id": org.secret(ACCESS_KEY), "secret_access_key": org.secret("not/it"),
    }});
    let why = unread(&desk_at(org, &wrong)).await;
    assert!(why.contains("is not that of the access key id"), "{why}");
    for secret in [SECRET_KEY, "not/it"] {
        assert!(!why.contains(secret), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_or_broken_sts_is_asked_again_and_a_page_is_no_answer() {
    for kind in [
        FaultKind::Internal500,
        FaultKind::Html502,
        FaultKind::CutBeforeEffect,
        FaultKind::TruncatedJson,
        FaultKind::Status {
            code: 400,
            body: "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message>\
                   </Error></ErrorResponse>"
                .into(),
        },
    ] {
        let desk = desk(contoso());
        desk.fault("POST", "/AssumeRole", kind.clone());
        desk.id(ALEX).await;
        assert_eq!(calls(&desk, "/AssumeRole"), 2, "{kind:?}");
    }
}

/// A workload's token, as its issuer signs it.
fn token(key: &KeyPair, ends: i64) -> String {
    let claims = json!({
        "iss": WEB_ISSUER, "sub": WEB_SUBJECT, "aud": "sts.amazonaws.com", "exp": ends,
    });
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
    jsonwebtoken::encode(&header, &claims, &key.encoding_key()).unwrap()
}

#[tokio::test(start_paused = true)]
pub(crate) async fn a_workload_s_token_is_exchanged_and_its_role_may_assume_another() {
    let key = KeyPair::rs256("web");
    let soon = now_ms() / 1_000 + 3_600;
    let web = |org: &mut Org, token: &str| {
        let token = org.secret(token);
        let role = format!("arn:aws:iam::{MANAGEMENT}:role/{RESPONDER}");
        json!({ "auth": { "web_identity": { "token": token, "role_arn": role } },
                "identity_center": {} })
    };
    let mut org = Org::new(contoso().aws_web_key(&key));
    let patch = web(&mut org, &token(&key, soon));
    let direct = desk_at(org, &patch);
    let change = direct.change(BLOCK, ALEX).await;
    assert_eq!(ours(&direct), [true], "held to reading as well");
    assert_eq!(
        direct.applied(&change).await.outcome.kind,
        OutcomeKind::Done
    );
    assert_eq!(calls(&direct, "/AssumeRoleWithWebIdentity"), 2);
    assert_eq!(calls(&direct, "/AssumeRole"), 0);

    let mut org = Org::new(contoso().aws_web_key(&key));
    let patch = web(&mut org, &token(&key, now_ms() / 1_000 - 1));
    let why = unread(&desk_at(org, &patch)).await;
    assert!(why.contains("the token has expired"), "{why}");

    let mut org = Org::new(contoso());
    let patch = web(&mut org, &token(&key, soon));
    let why = unread(&desk_at(org, &patch)).await;
    assert!(why.contains("identity provider"), "{why}");
}

/// The system of one account with the keys as they are.
fn account(org: &mut Org, id: &str, role: bool) -> System {
    let mut account = json!({ "id": id });
    if role {
        account["role_arn"] = format!("arn:aws:iam::{id}:role/{RESPONDER}").into();
    }
    let settings = json!({
        "auth": {
            "access_key_id": org.secret(ACCESS_KEY),
            "secret_access_key": org.secret(SECRET_KEY),
        },
        "accounts": [account],
        "iam_url": "{base}/aws/iam", "sts_url": "{base}/aws/sts",
        "cloudtrail_url": "{base}/aws/cloudtrail",
    });
    org.open_service("aws", &settings)
}

#[tokio::test(start_paused = true)]
async fn a_check_of_an_account_finds_keys_of_another_and_each_missing_right() {
    let found = async |system: &System| {
        let wanted = ["deny_sessions", BLOCK].map(|verb| ActionId::new("aws", verb));
        let reader = Reader::new(system.client.clone());
        let found = system.connector.preflight(&reader, &wanted).await;
        let each = found.into_iter();
        each.map(|each| (each.id, each.text)).collect::<Vec<_>>()
    };
    let mut org = Org::new(contoso());
    let system = account(&mut org, PRODUCTION, true);
    assert_eq!(found(&system).await, []);
    let reader = Reader::new(system.client.clone());
    let own = system.connector.own_ids(&reader).await;
    assert_eq!(own, Ok(vec!["oust".to_owned()]));
    let tenant = system.connector.tenant(&reader).await;
    assert_eq!(tenant, Ok(Some(PRODUCTION.to_owned())));

    let system = account(&mut org, PRODUCTION, false);
    let all = found(&system).await;
    let ids: Vec<&str> = all.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["reads_could_write", "other_account"]);
    assert!(all[1].1.contains("are for account 999988887777"), "{all:?}");

    let mut org = Org::new(contoso().aws_without_permission("iam:PutRolePolicy"));
    let system = account(&mut org, PRODUCTION, true);
    let all = found(&system).await;
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].1.contains("may not do iam:PutRolePolicy"), "{all:?}");
    let mut org = Org::new(contoso().aws_without_permission("cloudtrail:LookupEvents"));
    let system = account(&mut org, PRODUCTION, true);
    let all = found(&system).await;
    let ids: Vec<&str> = all.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["right_missing", "trail_unread"]);
}

#[tokio::test(start_paused = true)]
async fn each_system_carries_what_is_its_own() {
    let mut org = Org::new(contoso());
    let account = account(&mut org, PRODUCTION, true);
    let center = desk_at(Org::new(contoso()), &json!({}));
    let carries = |system: &System, verb: &str| {
        let action = ActionId::new("aws", verb);
        system.connector.carries(&action)
    };
    for (verb, of_account) in [
        ("deny_sessions", true),
        ("allow_sessions", true),
        (BLOCK, false),
        ("unblock_identity_center_user", false),
    ] {
        assert_eq!(carries(&account, verb), of_account, "{verb}");
        assert_eq!(carries(&center.system, verb), !of_account, "{verb}");
    }
    // Whom a person names is taken at his word, if there is such a user.
    let plan = center.plan(BLOCK, ALEX, Select::All).await;
    assert_eq!(plan.changes.len(), 1);
}
