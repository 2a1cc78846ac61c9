//! Many accounts at once: read together where that is safe, and by themselves where it is not.

use std::collections::{BTreeMap, BTreeSet};

use oust::connector::{ResolveError, Wanted};
use oust::model::{Applied, ProofState, Subject, Tri, UserId};
use oust_mocks::world::ALEX;
use oust_mocks::{FaultKind, World};
use serde_json::{Value, json};

use super::desk::{ALEX_LOGIN, Desk};
use crate::wire::now_ms;

/// More than are read one by one.
const MANY: usize = 12;

#[tokio::test(start_paused = true)]
async fn many_names_take_a_page_and_each_points_back_to_one_account() {
    let desk = crowd(30);
    let names: Vec<String> = (1..=30).map(login).collect();
    let found = all(&desk, &names).await;
    for (name, found) in names.iter().zip(found) {
        assert_eq!(found.unwrap().login, *name);
    }
    assert_eq!(desk.reads_of("/api/v1/users"), 1);
    assert_eq!(about_one(&desk), 0);
    never_searched(&desk);
}

#[tokio::test(start_paused = true)]
async fn who_is_in_no_page_is_looked_up_by_himself() {
    let desk = crowd(MANY);
    let mut names: Vec<String> = (1..=MANY).map(login).collect();
    // Okta's filter tells cases apart, its path does not.
    names[3] = names[3].to_uppercase();
    names.push(ALEX.into());
    names.push("nobody@contoso.example".into());
    names.push("alex".into());
    names.push("00unobodyhasthisid00".into());
    names.push(r#"x" or profile.login eq "alex@contoso.example"#.into());
    names.push(String::new());
    let found = all(&desk, &names).await;
    assert_eq!(found.len(), names.len());
    assert_eq!(found[3].as_ref().unwrap().login, login(4));
    assert_eq!(found[MANY].as_ref().unwrap().id.as_str(), ALEX);
    for stranger in [1, 3, 4, 5] {
        let found = &found[MANY + stranger];
        assert!(
            matches!(found, Err(ResolveError::Stranger { .. })),
            "{found:?}"
        );
    }
    // A short name is shown and never taken, in a crowd as alone.
    let short = &found[MANY + 2];
    assert!(
        matches!(short, Err(ResolveError::Several { .. })),
        "{short:?}"
    );
    // One page by logins and one by ids; then those that were in neither.
    assert_eq!(about_one(&desk), 4);
    never_searched(&desk);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_lies_fails_or_is_no_list_leaves_everybody_to_be_looked_up_alone() {
    let stranger = json!([user(
        "00ustranger000000000",
        "stranger@contoso.example",
        "ACTIVE"
    )]);
    let no_id = json!([{ "profile": { "login": login(1) }, "status": "ACTIVE" }]);
    for body in [stranger, no_id, json!({}), json!([7, null, [], {}])] {
        resolves_singly(ok(&body)).await;
    }
    resolves_singly(FaultKind::Forbidden403).await;
}

async fn resolves_singly(fault: FaultKind) {
    let desk = crowd(MANY);
    desk.fault("GET", "/api/v1/users", fault);
    let names: Vec<String> = (1..=MANY).map(login).collect();
    for (name, found) in names.iter().zip(all(&desk, &names).await) {
        assert_eq!(found.unwrap().login, *name);
    }
    assert_eq!(about_one(&desk), MANY);
}

#[tokio::test(start_paused = true)]
async fn two_accounts_that_answer_to_one_name_are_nobody() {
    let desk = crowd(MANY);
    let two = json!([
        user("00u1", &login(1), "ACTIVE"),
        user("00u2", &login(1), "ACTIVE"),
    ]);
    desk.fault("GET", "/api/v1/users", ok(&two));
    let names: Vec<String> = (1..=MANY).map(login).collect();
    let found = all(&desk, &names).await;
    assert!(
        matches!(found[0], Err(ResolveError::Several { .. })),
        "{:?}",
        found[0]
    );
    assert!(found[1..].iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn many_suspensions_are_proven_by_the_accounts_in_one_answer() {
    let desk = crowd(MANY);
    let done = suspended(&desk).await;
    let before = (desk.reads_of("/api/v1/users"), about_one(&desk));
    let proofs = desk.prove(&done).await;
    assert!(
        proofs.iter().all(|proof| proof.state == ProofState::Proven),
        "{proofs:?}"
    );
    let after = (desk.reads_of("/api/v1/users"), about_one(&desk));
    assert_eq!((after.0 - before.0, after.1 - before.1), (1, 0));
    never_searched(&desk);

    // One of them is back: the others' proofs say nothing of him.
    let id = done[4].change.subject.to_string();
    let let_in_again = |id: &str| {
        let mut range = desk.org.range();
        range.okta.users.get_mut(id).unwrap().status = "ACTIVE".into();
    };
    let_in_again(&id);
    let proofs = desk.prove(&done).await;
    for (n, proof) in proofs.iter().enumerate() {
        let state = if n == 4 {
            ProofState::Refuted
        } else {
            ProofState::Proven
        };
        assert_eq!(proof.state, state, "{n}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_missing_doubled_or_not_asked_for_in_an_answer_is_read_alone() {
    let desk = crowd(MANY);
    let done = suspended(&desk).await;
    let id = |n: usize| done[n].change.subject.as_str().to_owned();
    // The first is told truly, the second twice and differently, the others not at all.
    let answer = json!([
        user(&id(0), &login(1), "SUSPENDED"),
        user(&id(1), &login(2), "SUSPENDED"),
        user(&id(1), &login(2), "ACTIVE"),
        user(
            "00ustranger000000000",
            "stranger@contoso.example",
            "SUSPENDED"
        ),
    ]);
    desk.fault("GET", "/api/v1/users", ok(&answer));
    let before = about_one(&desk);
    let proofs = desk.prove(&done).await;
    assert!(
        proofs.iter().all(|proof| proof.state == ProofState::Proven),
        "{proofs:?}"
    );
    assert_eq!(about_one(&desk) - before, MANY - 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_proven_by_an_answer_that_did_not_come() {
    let desk = crowd(MANY);
    let done = suspended(&desk).await;
    let before = about_one(&desk);
    desk.fault("GET", "/api/v1/users", FaultKind::Forbidden403);
    desk.fault("GET", "/api/v1/users/", FaultKind::Forbidden403);
    let proofs = desk.prove(&done).await;
    let pending = proofs
        .iter()
        .filter(|proof| proof.state == ProofState::Pending);
    assert_eq!(pending.count(), 1, "{proofs:?}");
    let proven = proofs
        .iter()
        .filter(|proof| proof.state == ProofState::Proven);
    assert_eq!(proven.count(), MANY - 1);
    assert_eq!(about_one(&desk) - before, MANY);
}

#[tokio::test(start_paused = true)]
async fn of_a_crowd_only_listed_administrators_are_asked_for_their_roles() {
    let desk = crowd(60);
    let mut names: Vec<String> = (1..=60).map(login).collect();
    names.push(ALEX_LOGIN.into());
    let who: Vec<Subject> = all(&desk, &names)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let directory = &desk.okta.directory;
    let described = directory
        .describe(&desk.reader, who.clone(), Wanted::default())
        .await;
    let roles = roles_read(&desk);
    assert_eq!(roles, 1, "of Alex");
    assert_eq!(described[60].privileged, Tri::Yes);
    assert_eq!(described[60].roles, ["SUPER_ADMIN"]);
    // A role may come by a group, and the list does not say that it holds those.
    assert!(
        described[..60]
            .iter()
            .all(|who| who.privileged == Tri::Unread)
    );

    // A playbook that asks for them gets them, of everybody.
    let wanted = Wanted {
        roles: true,
        ..Wanted::default()
    };
    let described = directory.describe(&desk.reader, who, wanted).await;
    assert!(described[..60].iter().all(|who| who.privileged == Tri::No));
    assert_eq!(roles_read(&desk), 1 + 61);
}

#[tokio::test(start_paused = true)]
async fn the_users_of_an_app_tell_what_each_ones_own_list_tells() {
    let desk = crowd(3);
    let mut who = Vec::new();
    for name in [ALEX_LOGIN, "bailey@contoso.example", &login(1)] {
        who.push(desk.subject(name).await);
    }
    let kinds = BTreeSet::from(["office365".to_owned(), "githubcloud".to_owned()]);
    let directory = &desk.okta.directory;
    let by_app = directory
        .accounts_at(&desk.reader, &who, &kinds)
        .await
        .unwrap();
    let own = directory.accounts(&desk.reader, &who).await;
    let own: BTreeMap<UserId, Vec<_>> = who
        .iter()
        .zip(own)
        .map(|(who, all)| {
            let all = all
                .unwrap()
                .into_iter()
                .filter(|each| kinds.contains(&each.name));
            (who.id.clone(), all.collect())
        })
        .collect();
    assert!(!own[&who[0].id].is_empty());
    assert_eq!(by_app, own);
    // The list of apps, and of each of theirs the users; nothing of any other app.
    let apps = desk.paths_below("/api/v1/apps/");
    assert!(apps.iter().all(|path| path.ends_with("/users")), "{apps:?}");

    desk.fault("GET", "/users", FaultKind::Forbidden403);
    let unread = directory.accounts_at(&desk.reader, &who, &kinds).await;
    assert!(unread.is_err(), "half of it says nothing: {unread:?}");
}

fn login(n: usize) -> String {
    format!("crowd-{n:05}@contoso.example")
}

fn crowd(n: usize) -> Desk {
    Desk::of(World::contoso(now_ms()).crowd(n))
}

async fn all(desk: &Desk, names: &[String]) -> Vec<Result<Subject, ResolveError>> {
    desk.okta.directory.resolve_all(&desk.reader, names).await
}

async fn suspended(desk: &Desk) -> Vec<Applied> {
    let mut done = Vec::new();
    for n in 1..=MANY {
        let change = desk.change("suspend_user", &login(n), json!({})).await;
        done.push(desk.applied(&change).await);
    }
    done
}

fn user(id: &str, login: &str, status: &str) -> Value {
    json!({ "id": id, "status": status, "profile": { "login": login } })
}

fn ok(body: &Value) -> FaultKind {
    FaultKind::Status {
        code: 200,
        body: body.to_string(),
    }
}

/// Reads of one account by id or login.
fn about_one(desk: &Desk) -> usize {
    let paths = desk.paths_below("/api/v1/users/");
    paths
        .iter()
        .filter(|path| path.split('/').count() == 5)
        .count()
}

fn never_searched(desk: &Desk) {
    let range = desk.org.range();
    let mut entries = range.journal.entries().iter();
    assert!(!entries.any(|entry| entry.query.contains("search=")));
}

/// Reads of one account's admin roles.
fn roles_read(desk: &Desk) -> usize {
    let paths = desk.paths_below("/api/v1/users/");
    paths.iter().filter(|path| path.ends_with("/roles")).count()
}
