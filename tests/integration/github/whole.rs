//! Every verb from plan to undoing: nothing is written before consent, twice changes once, what is
//! taken back by hand is noticed, and nobody else is touched.

use oust::connector::CannotUndo;
use oust::model::{Identity, KeyKind, OutcomeKind, ProofState, Select, Skip, Undo};
use oust_mocks::FaultKind;
use oust_mocks::accounts::{github_id, github_scim_id};
use serde_json::json;

use super::desk::{ALEX, Desk, contoso};
use crate::okta::desk::failure;

const OWNER: &str = "oust-admin@contoso.example";

#[tokio::test(start_paused = true)]
pub(super) async fn authorisations_are_revoked_later_and_the_empty_list_is_the_proof() {
    let desk = Desk::of(contoso());
    let (before, others) = (desk.digest(), desk.others());
    let planned = desk.plan("revoke_credentials", ALEX, Select::All).await;
    assert_eq!(desk.digest(), before, "planning changed something");
    let change = &planned.changes[0];
    assert!(
        change.sentence.contains("4 single sign-on authorisations"),
        "{}",
        change.sentence
    );
    assert!(planned.kept.iter().all(|kept| kept.suspect));

    let done = desk.applied(change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Accepted);
    assert_eq!(
        desk.state(&done).await,
        ProofState::Pending,
        "queued is not done"
    );
    desk.org.wait(5).await;
    assert_eq!(desk.state(&done).await, ProofState::Proven);
    assert_eq!(desk.others(), others);

    desk.apply(change).await;
    assert_eq!(desk.effects(), 1, "the second time there was nothing left");
    let at = desk.org.at_ms();
    let id = desk.github().person(ALEX).unwrap().id;
    desk.org
        .range()
        .github
        .authorize(id, "SSH key", "again", true, at);
    assert_eq!(desk.state(&done).await, ProofState::Refuted);
    let undone = desk.system.connector.inverse(&done);
    assert!(matches!(undone, Err(CannotUndo::PersonRedoes(_))));
}

#[tokio::test(start_paused = true)]
async fn with_nothing_authorised_there_is_nothing_to_do() {
    let world = contoso().github_person(ALEX, |person| person.credentials.clear());
    let planned = Desk::of(world)
        .plan("revoke_credentials", ALEX, Select::All)
        .await;
    assert!(
        matches!(planned.skip, Some(Skip::NothingSelected { .. })),
        "{planned:?}"
    );
    assert!(!planned.kept.is_empty(), "the browser goes on all the same");
}

#[tokio::test(start_paused = true)]
pub(super) async fn fine_grained_tokens_go_in_one_call_and_those_of_before_stay_if_so_selected() {
    let desk = Desk::of(contoso());
    let (before, others) = (desk.digest(), desk.others());
    let within = desk
        .plan("revoke_fine_grained_tokens", ALEX, Select::InWindow)
        .await;
    let names = |planned: &oust::connector::Planned| -> Vec<String> {
        let changes = planned.changes.iter();
        changes.map(|change| change.target.label.clone()).collect()
    };
    assert_eq!(names(&within), ["repo mirror"]);
    assert_eq!(within.kept[0].target.label, "notes backup");
    let all = desk
        .plan("revoke_fine_grained_tokens", ALEX, Select::All)
        .await;
    assert_eq!(all.changes.len(), 2);
    assert_eq!(desk.digest(), before, "planning changed something");

    let done = desk.applied_together(&all.changes).await;
    assert_eq!(desk.writes(), ["POST /orgs/contoso/personal-access-tokens"]);
    for each in &done {
        assert_eq!(each.outcome.kind, OutcomeKind::Accepted);
        assert_eq!(desk.state(each).await, ProofState::Pending);
    }
    desk.org.wait(5).await;
    for each in &done {
        assert_eq!(desk.state(each).await, ProofState::Proven);
    }
    assert_eq!(desk.others(), others);
    // By himself: gone is what was wanted.
    let again = desk.apply(&all.changes[0]).await;
    assert_eq!(again.kind, OutcomeKind::AlreadyDone);
    let undone = desk.system.connector.inverse(&done[0]);
    assert!(matches!(undone, Err(CannotUndo::PersonRedoes(_))));
}

#[tokio::test(start_paused = true)]
pub(super) async fn one_fine_grained_token_is_revoked_at_once() {
    let desk = Desk::of(contoso());
    let planned = desk
        .plan("revoke_fine_grained_tokens", ALEX, Select::InWindow)
        .await;
    let done = desk.applied(&planned.changes[0]).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(desk.state(&done).await, ProofState::Proven);
    let grant = desk.github().person(ALEX).unwrap().grants.len();
    assert_eq!(grant, 1, "the older one stays");
}

#[tokio::test(start_paused = true)]
pub(super) async fn a_member_is_removed_and_invited_again() {
    let desk = Desk::of(contoso());
    let others = desk.others();
    let change = desk.change("remove_member", ALEX).await;
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(desk.state(&done).await, ProofState::Proven);
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::AlreadyDone);
    assert_eq!(desk.effects(), 1);

    let chain = desk.inverse(&done);
    let back = desk.applied(&chain[0]).await;
    assert_eq!(back.outcome.kind, OutcomeKind::Done);
    let proof = desk.proof(&back).await;
    assert!(proof.how.contains("must accept"), "{}", proof.how);
    assert_eq!(
        desk.state(&done).await,
        ProofState::Refuted,
        "invited is not out"
    );
    let id = desk.github().person(ALEX).unwrap().id;
    desk.org.range().github.accept_invitation(id);
    assert_eq!(desk.state(&back).await, ProofState::Proven);
    assert_eq!(desk.others(), others);
}

#[tokio::test(start_paused = true)]
pub(super) async fn a_managed_user_is_suspended_under_another_login_and_given_back_whole() {
    let desk = Desk::enterprise(contoso().github_managed_users());
    let (before, others) = (desk.digest(), desk.others());
    let login = desk.github().person(ALEX).unwrap().login.clone();
    // Planned before he is disguised, carried out after.
    let revoke = desk.change("revoke_credentials", ALEX).await;
    let change = desk.change("suspend_managed_user", ALEX).await;
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(desk.state(&done).await, ProofState::Proven);
    assert_ne!(desk.github().person(ALEX).unwrap().login, login);
    let again = desk.applied(&change).await;
    assert_eq!(again.outcome.kind, OutcomeKind::AlreadyDone);
    let not_ours = desk.system.connector.inverse(&again);
    assert_eq!(not_ours, Err(CannotUndo::NotOurs));

    let chain = desk.inverse(&done);
    let back = desk.applied(&chain[0]).await;
    assert_eq!(desk.state(&back).await, ProofState::Proven);
    assert_eq!(desk.state(&done).await, ProofState::Refuted);
    assert_eq!(desk.digest(), before);

    desk.apply(&change).await;
    let revoked = desk.applied(&revoke).await;
    assert_eq!(
        revoked.outcome.kind,
        OutcomeKind::Accepted,
        "by his login of now"
    );
    desk.org.wait(5).await;
    let proof = desk.proof(&revoked).await;
    assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
    assert_eq!(desk.others(), others);
}

#[tokio::test(start_paused = true)]
pub(super) async fn of_a_managed_user_tokens_and_keys_are_destroyed() {
    let desk = Desk::enterprise(contoso().github_managed_users());
    let others = desk.others();
    let change = desk.change("revoke_credentials", ALEX).await;
    assert_eq!(change.undo, Undo::Never);
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Accepted);
    assert_eq!(desk.state(&done).await, ProofState::Pending);
    desk.org.wait(5).await;
    let proof = desk.proof(&done).await;
    assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
    assert!(proof.how.contains("no SSH key"), "{}", proof.how);
    let left = desk.github().person(ALEX).unwrap().credentials.clone();
    assert!(
        left.values().all(|each| each.kind == "OAuth app token"),
        "{left:?}"
    );
    assert_eq!(desk.others(), others);
    let undone = desk.system.connector.inverse(&done);
    assert!(matches!(undone, Err(CannotUndo::Never(_))));
}

#[tokio::test(start_paused = true)]
pub(super) async fn an_older_host_is_asked_credential_by_credential() {
    let desk = Desk::of(contoso().github_one_by_one());
    let others = desk.others();
    let change = desk.change("revoke_credentials", ALEX).await;
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(
        done.outcome.receipts.len(),
        5,
        "one refusal, four deletions"
    );
    assert_eq!(desk.state(&done).await, ProofState::Proven);
    assert_eq!(desk.others(), others);
}

#[tokio::test(start_paused = true)]
async fn a_call_cut_off_after_its_effect_is_in_doubt_and_the_list_tells() {
    let desk = Desk::of(contoso());
    let change = desk.change("revoke_credentials", ALEX).await;
    desk.fault("POST", "/revoke", FaultKind::CutAfterEffect);
    let done = desk.applied(&change).await;
    assert!(matches!(done.outcome.kind, OutcomeKind::InDoubt { .. }));
    assert_eq!(desk.state(&done).await, ProofState::Pending);
    desk.org.wait(5).await;
    assert_eq!(desk.state(&done).await, ProofState::Proven);
}

#[tokio::test(start_paused = true)]
pub(super) async fn alex_is_found_by_every_key_of_his() {
    let desk = Desk::of(contoso());
    let id = github_id(ALEX);
    let found = Identity::Found { id: id.clone() };
    let scim = github_scim_id(ALEX);
    for key in [
        (KeyKind::Id, id.as_str()),
        (KeyKind::Id, scim.as_str()),
        (KeyKind::UserName, ALEX),
        (KeyKind::Login, "ALEX@contoso.example"),
    ] {
        assert_eq!(desk.who_by(&[key]).await, found, "{key:?}");
    }
    assert_eq!(
        desk.who("nobody@contoso.example").await,
        Identity::NoAccount
    );
    let managed = Desk::enterprise(contoso().github_managed_users());
    assert_eq!(managed.who(ALEX).await, found);
    let blind = Desk::of(contoso().github_managed_users());
    assert!(matches!(blind.who(ALEX).await, Identity::Unread { .. }));
    let unlinked = Desk::of(contoso().github_unlinked(ALEX));
    let Identity::Unread { why } = unlinked.who(ALEX).await else {
        panic!("an identity that was never linked is told")
    };
    assert!(why.contains("no account was ever linked"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn every_harm_is_told_in_its_own_words() {
    for (world, word) in [
        (contoso().github_key_revoked(), "make a new key"),
        (contoso().github_installation_suspended(), "unsuspend"),
        (
            contoso().github_without_permission("members"),
            "members:read",
        ),
        (
            contoso().github_without_saml(),
            "no single sign-on of its own",
        ),
    ] {
        let desk = Desk::of(world);
        let Identity::Unread { why } = desk.who(ALEX).await else {
            panic!("{word}: somebody was found")
        };
        assert!(why.contains(word), "{why}");
        let found = desk.system.connector.preflight(&desk.reader, &[]).await;
        assert!(!found.is_empty(), "{word}: the preflight is silent");
    }
    let places = json!({ "org": "contoso" });
    for (world, word) in [
        (contoso().github_token_unauthorized(), "Configure SSO"),
        (
            contoso().github_without_scope("admin:org"),
            "organization_administration:read",
        ),
    ] {
        let desk = Desk::owner(world, places.clone());
        let id = github_id(ALEX);
        let planned = desk.plan_as("revoke_credentials", ALEX, &id).await;
        let why = planned.skip.unwrap().sentence();
        assert!(why.contains(word), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_right_to_write_the_plan_stands_and_the_call_says_what_to_grant() {
    let reads_only = |github: &mut oust_mocks::github::GitHub| {
        let right = "organization_administration".to_owned();
        github.app.permissions.insert(right, "read".to_owned());
    };
    let desk = Desk::of(contoso().with_github(reads_only));
    let change = desk.change("revoke_credentials", ALEX).await;
    let (why, hint) = failure(&desk.apply(&change).await);
    assert!(why.contains("may not do"), "{why}");
    assert!(hint.contains("organization_administration:write"), "{hint}");
    let wanted = [oust::model::ActionId::new("github", "revoke_credentials")];
    let found = desk.system.connector.preflight(&desk.reader, &wanted).await;
    assert!(
        found.iter().any(|each| each.id == "permission_missing"),
        "{found:?}"
    );
}

#[tokio::test(start_paused = true)]
pub(super) async fn the_owner_of_our_token_is_never_acted_on() {
    let desk = Desk::owner(contoso(), json!({ "org": "contoso" }));
    let own = desk.system.connector.own_ids(&desk.reader).await.unwrap();
    assert_eq!(own, [github_id(OWNER)]);
    let before = desk.digest();
    for verb in ["revoke_credentials", "remove_member"] {
        let planned = desk.plan(verb, OWNER, Select::All).await;
        assert!(
            matches!(planned.skip, Some(Skip::Unsupported { .. })),
            "{planned:?}"
        );
    }
    assert_eq!(desk.digest(), before);
    let change = desk.change("revoke_credentials", ALEX).await;
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Accepted);
}

#[tokio::test(start_paused = true)]
async fn the_first_owner_of_an_enterprise_is_left_to_a_person() {
    let first = |person: &mut oust_mocks::github::state::Person| person.first_owner = true;
    let desk = Desk::enterprise(contoso().github_managed_users().github_person(ALEX, first));
    let change = desk.change("revoke_credentials", ALEX).await;
    let (why, _) = failure(&desk.apply(&change).await);
    assert!(why.contains("first owner"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn too_many_writes_a_minute_are_waited_out() {
    let slow = |github: &mut oust_mocks::github::GitHub| github.settings.writes_per_minute = 1;
    let desk = Desk::of(contoso().with_github(slow));
    for verb in ["revoke_credentials", "remove_member"] {
        let change = desk.change(verb, ALEX).await;
        assert!(desk.apply(&change).await.kind.is_good(), "{verb}");
    }
}

#[tokio::test(start_paused = true)]
pub(super) async fn a_named_installation_is_used_and_the_preflight_of_a_good_one_is_silent() {
    let desk = Desk::installed(contoso());
    desk.change("remove_member", ALEX).await;
    let wanted = [
        "revoke_credentials",
        "revoke_fine_grained_tokens",
        "remove_member",
    ];
    let wanted = wanted.map(|verb| oust::model::ActionId::new("github", verb));
    let found = desk.system.connector.preflight(&desk.reader, &wanted).await;
    assert_eq!(found, []);
}

#[tokio::test(start_paused = true)]
pub(super) async fn a_managed_user_is_found_by_scim_alone() {
    let world = contoso()
        .github_managed_users()
        .github_without_scope("read:enterprise")
        .github_without_scope("admin:enterprise");
    let desk = Desk::enterprise(world);
    let found = Identity::Found {
        id: github_id(ALEX),
    };
    assert_eq!(desk.who(ALEX).await, found);
    assert_eq!(
        desk.who("nobody@contoso.example").await,
        Identity::NoAccount
    );
    let change = desk.change("suspend_managed_user", ALEX).await;
    let done = desk.applied(&change).await;
    assert_eq!(desk.state(&done).await, ProofState::Proven);
}

#[tokio::test(start_paused = true)]
pub(super) async fn an_enterprise_without_managed_users_is_asked_to_destroy_nothing() {
    let desk = Desk::enterprise(contoso());
    let keys = desk.github().person(ALEX).unwrap().credentials.len();
    let change = desk.change("revoke_credentials", ALEX).await;
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Accepted);
    desk.org.wait(5).await;
    assert_eq!(desk.state(&done).await, ProofState::Proven);
    assert_eq!(desk.github().person(ALEX).unwrap().credentials.len(), keys);
    assert_eq!(
        desk.writes(),
        [format!(
            "POST /enterprises/contoso-inc/credential-authorizations/{}/revoke",
            desk.github().person(ALEX).unwrap().login
        )]
    );
    let planned = desk.plan("suspend_managed_user", ALEX, Select::All).await;
    assert!(planned.skip.is_some(), "{planned:?}");
}
