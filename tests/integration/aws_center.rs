//! AWS's Identity Center against the mock: who is blocked by the prepared policy, what proves it, what
//! gives it back, and what of others must not be lost.

use oust::connector::CannotUndo;
use oust::model::{Identity, KeyKind, OutcomeKind, ProofState, Select, Severity, Skip};
use oust_mocks::accounts::portal_id;
use oust_mocks::aws::{ACCESS_KEY, MANAGEMENT, RESPONDER, SCP, SECRET_KEY};
use oust_mocks::{Fault, FaultKind, World};
use serde_json::{Value, json};

use crate::service::ServiceDesk;
use crate::wire::{Org, now_ms};

const ALEX: &str = "alex@contoso.example";
const KIM: &str = "kim@contoso.example";

/// The Identity Center's settings.
pub(crate) fn settings(org: &mut Org) -> Value {
    json!({
        "auth": {
            "access_key_id": org.secret(ACCESS_KEY),
            "secret_access_key": org.secret(SECRET_KEY),
        },
        "identity_center": { "role_arn": format!("arn:aws:iam::{MANAGEMENT}:role/{RESPONDER}") },
        "scp": SCP,
        "iam_url": "{base}/aws/iam", "sts_url": "{base}/aws/sts",
        "sso_admin_url": "{base}/aws/sso", "identitystore_url": "{base}/aws/identitystore",
        "organizations_url": "{base}/aws/organizations",
    })
}

fn contoso() -> World {
    World::contoso(now_ms())
}

fn desk(world: World) -> ServiceDesk {
    patched(world, &json!({}))
}

fn patched(world: World, patch: &Value) -> ServiceDesk {
    ServiceDesk::of(world, "aws", |org| {
        let mut all = settings(org);
        for (key, value) in patch.as_object().unwrap() {
            all[key] = value.clone();
        }
        all.as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        all
    })
}

/// The ids that the policy denies.
fn listed(desk: &ServiceDesk) -> Vec<String> {
    let range = desk.org.range();
    let content = &range.aws.organization.policies[SCP].content;
    let policy: Value = serde_json::from_str(content).unwrap();
    let list = &policy["Statement"][0]["Condition"]["StringEquals"]["identitystore:userId"];
    let list = list.as_array().unwrap().iter();
    list.map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// Somebody else changes the list by hand.
fn by_hand(desk: &ServiceDesk, ids: &[&str]) {
    let mut range = desk.org.range();
    let policy = range.aws.organization.policies.get_mut(SCP).unwrap();
    let mut content: Value = serde_json::from_str(&policy.content).unwrap();
    content["Statement"][0]["Condition"]["StringEquals"]["identitystore:userId"] = json!(ids);
    policy.content = content.to_string();
}

#[tokio::test(start_paused = true)]
pub(crate) async fn a_user_is_blocked_once_and_given_back_and_nobody_else_is_touched() {
    let desk = desk(contoso());
    let before = listed(&desk);
    let change = desk.change("block_identity_center_user", ALEX).await;
    assert_eq!(
        desk.writes(),
        Vec::<String>::new(),
        "planning writes nothing"
    );
    assert_eq!(change.target.id, portal_id(ALEX));
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert!(desk.is_proven(&done).await);
    assert_eq!(
        listed(&desk),
        [before.clone(), vec![portal_id(ALEX)]].concat()
    );
    let again = desk.applied(&change).await;
    assert_eq!(again.outcome.kind, OutcomeKind::AlreadyDone);
    assert_eq!(desk.effects(), 1);
    // Taken back by hand, that is noticed.
    by_hand(&desk, &["00000000-0000-0000-0000-000000000000"]);
    assert_eq!(desk.proof(&done).await.state, ProofState::Refuted);
    assert_eq!(desk.applied(&change).await.outcome.kind, OutcomeKind::Done);
    let [undo] = &desk.inverse(&done)[..] else {
        panic!("one change undoes it")
    };
    let undone = desk.applied(undo).await;
    assert_eq!(undone.outcome.kind, OutcomeKind::Done);
    assert!(desk.is_proven(&undone).await);
    assert_eq!(listed(&desk), before);
    assert_eq!(
        desk.inverse(&undone)[0].action.verb(),
        "block_identity_center_user"
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_prepared_policy_it_says_what_to_deploy_and_does_nothing() {
    let desk = patched(contoso(), &json!({ "scp": null }));
    let plan = desk
        .plan("block_identity_center_user", ALEX, Select::All)
        .await;
    assert_eq!(plan.changes, []);
    assert_eq!(plan.skip.unwrap().sentence(), "no SCP prepared");
    let policy = plan
        .notes
        .iter()
        .find_map(|note| note.split_once("`scp`: "));
    let policy: Value = serde_json::from_str(policy.unwrap().1).unwrap();
    assert_eq!(policy["Statement"][0]["Effect"], "Deny");
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_was_not_prepared_for_this_is_never_written() {
    let of = |content: Value| {
        contoso().with_aws(|aws| {
            let policy = aws.organization.policies.get_mut(SCP).unwrap();
            policy.content = content.to_string();
        })
    };
    let region = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": { "StringNotEquals": { "aws:RequestedRegion": "eu-central-1" } },
    }]});
    let aws_s_own = json!({ "scp": "p-FullAWSAccess" });
    for (world, patch) in [
        (of(region), json!({})),
        (of(json!("no policy")), json!({})),
        (contoso(), aws_s_own),
        (contoso(), json!({ "scp": "p-nosuchpolicy" })),
    ] {
        let desk = patched(world, &patch);
        let before = desk.digest();
        let plan = desk
            .plan("block_identity_center_user", ALEX, Select::All)
            .await;
        assert_eq!(plan.changes, []);
        assert!(matches!(plan.skip, Some(Skip::Unread { .. })), "{plan:?}");
        assert_eq!(desk.digest(), before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_holds_nowhere_blocks_nobody_and_one_that_holds_somewhere_says_where() {
    let at = |targets: &[&str]| {
        let targets = targets.iter().map(|target| (*target).to_owned()).collect();
        contoso().with_aws(|aws| {
            aws.organization.policies.get_mut(SCP).unwrap().targets = targets;
        })
    };
    let nowhere = desk(at(&[]));
    let plan = nowhere
        .plan("block_identity_center_user", ALEX, Select::All)
        .await;
    assert!(
        plan.skip
            .unwrap()
            .sentence()
            .contains("attached to nothing")
    );
    let one = desk(at(&["111122223333"]));
    let plan = one
        .plan("block_identity_center_user", ALEX, Select::All)
        .await;
    assert!(
        plan.notes[0].contains("attached to 111122223333 alone"),
        "{:?}",
        plan.notes
    );
    // Detached after the plan: the id alone proves nothing.
    let done = one.applied(&plan.changes[0]).await;
    assert!(one.is_proven(&done).await);
    let clear = |desk: &ServiceDesk| {
        let mut range = desk.org.range();
        range
            .aws
            .organization
            .policies
            .get_mut(SCP)
            .unwrap()
            .targets
            .clear();
    };
    clear(&one);
    assert_eq!(one.proof(&done).await.state, ProofState::Refuted);
}

#[tokio::test(start_paused = true)]
async fn a_write_of_somebody_else_in_between_is_noticed_and_nobody_is_lost() {
    // AWS says that somebody writes.
    let busy = desk(contoso().with_aws(|aws| aws.settings.conflicts = 2));
    let change = busy.change("block_identity_center_user", ALEX).await;
    let done = busy.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(done.outcome.receipts.len(), 3, "each call leaves its trace");
    // Nobody says so, and what is read after ours has kim and not alex.
    let desk = desk(contoso());
    let change = desk.change("block_identity_center_user", ALEX).await;
    by_hand(&desk, &[&portal_id(KIM)]);
    let theirs = desk.org.range().aws.organization.policies[SCP]
        .content
        .clone();
    let shown = json!({ "Policy": {
        "PolicySummary": { "Id": SCP, "Type": "SERVICE_CONTROL_POLICY" }, "Content": theirs,
    }});
    desk.org.range().faults.add(Fault {
        method: Some("POST".into()),
        path_contains: "/DescribePolicy".into(),
        nth: Some(2),
        times: Some(1),
        kind: FaultKind::Status {
            code: 200,
            body: shown.to_string(),
        },
    });
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(listed(&desk), [portal_id(KIM), portal_id(ALEX)]);
    assert_eq!(done.outcome.receipts.len(), 2, "merged anew");
}

#[tokio::test(start_paused = true)]
async fn two_subjects_at_once_are_both_in_it() {
    let desk = desk(contoso());
    let alex = desk.change("block_identity_center_user", ALEX).await;
    let kim = desk.change("block_identity_center_user", KIM).await;
    let (first, second) = tokio::join!(desk.applied(&alex), desk.applied(&kim));
    for done in [&first, &second] {
        assert_eq!(done.outcome.kind, OutcomeKind::Done);
        assert!(desk.is_proven(done).await);
    }
    assert_eq!(desk.effects(), 2);
}

#[tokio::test(start_paused = true)]
async fn whom_others_listed_is_not_ours_to_give_back() {
    let desk = desk(contoso());
    by_hand(&desk, &[&portal_id(ALEX)]);
    let change = desk.change("block_identity_center_user", ALEX).await;
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::AlreadyDone);
    assert!(desk.is_proven(&done).await);
    let undo = desk.system.connector.inverse(&done);
    assert_eq!(undo, Err(CannotUndo::NotOurs));
    assert_eq!(desk.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_full_policy_is_said_before_it_is_written() {
    let desk = desk(contoso().with_aws(|aws| {
        let policy = aws.organization.policies.get_mut(SCP).unwrap();
        let mut content: Value = serde_json::from_str(&policy.content).unwrap();
        let mut ids: Vec<String> = Vec::new();
        while content.to_string().len() + 50 <= 5_120 {
            ids.push(portal_id(&ids.len().to_string()));
            let list = &mut content["Statement"][0]["Condition"]["StringEquals"];
            list["identitystore:userId"] = json!(ids);
        }
        policy.content = content.to_string();
    }));
    let plan = desk
        .plan("block_identity_center_user", ALEX, Select::All)
        .await;
    let why = plan.skip.unwrap().sentence();
    assert!(
        why.contains("5120") && why.contains("users are in it"),
        "{why}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_names_the_permission_and_an_unanswered_write_is_in_doubt() {
    let refused = desk(contoso().aws_without_permission("organizations:UpdatePolicy"));
    let change = refused.change("block_identity_center_user", ALEX).await;
    let OutcomeKind::Failed { why, hint } = refused.apply(&change).await.kind else {
        panic!("it was refused")
    };
    assert!(why.contains("`organizations:UpdatePolicy`"), "{why}");
    assert!(hint.contains("runs resume"), "{hint}");
    let silent = desk(contoso());
    let change = silent.change("block_identity_center_user", ALEX).await;
    silent.fault("POST", "/UpdatePolicy", FaultKind::CutAfterEffect);
    let done = silent.applied(&change).await;
    assert!(
        matches!(done.outcome.kind, OutcomeKind::InDoubt { .. }),
        "{done:?}"
    );
    assert_eq!(silent.writes().len(), 1, "never repeated unread");
    assert!(silent.is_proven(&done).await);
    assert_eq!(silent.inverse(&done).len(), 1);
}

#[tokio::test(start_paused = true)]
pub(crate) async fn a_user_is_found_by_id_and_name_and_no_other_word() {
    let desk = desk(contoso());
    let alex = || Identity::Found {
        id: portal_id(ALEX),
    };
    assert_eq!(desk.who(ALEX).await, alex());
    assert_eq!(desk.who("Alex@Contoso.example").await, alex());
    let id = portal_id(ALEX);
    assert_eq!(desk.who_by(&[(KeyKind::Id, &id)]).await, alex());
    assert_eq!(
        desk.who("nobody@contoso.example").await,
        Identity::NoAccount
    );
    // An id of Okta's is none of the store's, unless it is said whose it is.
    assert_eq!(
        desk.who_by(&[(KeyKind::Id, "00u1")]).await,
        Identity::NoAccount
    );
    let okta_id = desk.org.range().aws.center.users[&id].external_id.clone();
    let issuer = json!({ "identity_center": {
        "external_id_issuer": "https://scim.aws.com/okta",
        "role_arn": format!("arn:aws:iam::{MANAGEMENT}:role/{RESPONDER}"),
    }});
    let by_issuer = patched(contoso(), &issuer);
    assert_eq!(by_issuer.who_by(&[(KeyKind::Id, &okta_id)]).await, alex());
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_is_never_no_account() {
    let unread = |identity: Identity| match identity {
        Identity::Unread { why } => why,
        other => panic!("{other:?}"),
    };
    let denied = desk(contoso().aws_without_permission("identitystore:GetUserId"));
    let why = unread(denied.who(ALEX).await);
    assert!(why.contains("`identitystore:GetUserId`"), "{why}");
    let elsewhere = json!({ "identity_center": { "identity_store_id": "d-0000000000" } });
    let why = unread(patched(contoso(), &elsewhere).who(ALEX).await);
    assert!(why.contains("IdentityStore"), "{why}");
    let none = desk(contoso().aws_without_identity_center());
    let why = unread(none.who(ALEX).await);
    assert!(
        why.contains("no Identity Center is seen in us-east-1"),
        "{why}"
    );
}

#[tokio::test(start_paused = true)]
pub(crate) async fn a_check_says_what_would_stop_us() {
    let loud = async |desk: &ServiceDesk| {
        let connector = &desk.system.connector;
        let wanted = ["block_identity_center_user", "deny_sessions"];
        let wanted = wanted.map(|verb| oust::model::ActionId::new("aws", verb));
        let found = connector.preflight(&desk.reader, &wanted).await;
        assert_eq!(desk.writes(), Vec::<String>::new());
        let loud = found
            .into_iter()
            .filter(|each| each.severity > Severity::Info);
        loud.map(|each| (each.id, each.text)).collect::<Vec<_>>()
    };
    assert_eq!(loud(&desk(contoso())).await, []);
    let (id, _) = &loud(&patched(contoso(), &json!({ "scp": null }))).await[0];
    assert_eq!(id, "no_scp");
    let refused = desk(contoso().aws_without_permission("organizations:UpdatePolicy"));
    let (id, text) = &loud(&refused).await[0];
    assert_eq!(id, "right_missing");
    assert!(text.contains("organizations:UpdatePolicy"), "{text}");
    let revoked = desk(contoso().aws_key_revoked());
    let (id, _) = &loud(&revoked).await[0];
    assert_eq!(id, "no_access");
    let only_here = contoso().with_aws(|aws| {
        let targets = &mut aws.organization.policies.get_mut(SCP).unwrap().targets;
        *targets = ["111122223333".to_owned()].into();
    });
    let (id, _) = &loud(&desk(only_here)).await[0];
    assert_eq!(id, "scp_not_at_root");
}
