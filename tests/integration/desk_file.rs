//! The desk's port, asked of the file it is kept in: what is durable, what is refused when two
//! come at once, and what it forgets.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use oust::approval::{Approvers, FormError};
use oust::desk::{
    Audited, Decision, Desk, Frozen, Power, Proposal, ProposalState, Session, SqliteDesk, Token,
    Wanted, Watch, WatchState, hash, holder,
};
use oust::model::{RunId, Utc};
use secrecy::ExposeSecret as _;

use crate::samples::at;

fn place() -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = SqliteDesk::beside(&home.path().join("state/oust.db"));
    (home, path)
}

fn proposal(run: &str, made_ms: u64) -> Proposal {
    Proposal {
        run: RunId::new(run),
        phrase: "contain 0a1b2c3d".into(),
        digest: "0a".repeat(32),
        subjects: vec!["alex@contoso.example".into()],
        subject_ids: vec!["00ualex".into()],
        title: "account takeover".into(),
        why: "the rule says propose".into(),
        requester: "alert elastic/r1".into(),
        alerts: vec!["a_1".into()],
        made_at: at(made_ms),
        expires_at: at(made_ms).plus(Duration::from_secs(14_400)),
        state: ProposalState::Waiting,
        decisions: Vec::new(),
    }
}

fn decision(by: &str, approve: bool) -> Decision {
    Decision {
        by: by.into(),
        okta_id: None,
        approve,
        digest: "0a".repeat(32),
        at: at(1_000),
        how: "console".into(),
        reason: "seen".into(),
        signed: None,
    }
}

#[tokio::test]
async fn what_was_proposed_and_decided_is_there_for_another_process() {
    let (_home, path) = place();
    let (first, second) = (RunId::new("r_1"), RunId::new("r_2"));
    {
        let desk = SqliteDesk::open(&path).unwrap();
        assert!(desk.propose(&proposal("r_1", 0)).await.unwrap());
        assert!(desk.propose(&proposal("r_2", 5)).await.unwrap());
        assert!(desk.decide(&first, &decision("ana", true)).await.unwrap());
    }
    let desk = SqliteDesk::open(&path).unwrap();
    let found = desk.proposal(&first).await.unwrap().unwrap();
    assert_eq!(found.decisions, [decision("ana", true)]);
    assert_eq!(found.state, ProposalState::Waiting);
    let newest = desk.proposals(None, 1).await.unwrap();
    assert_eq!(newest.len(), 1);
    assert_eq!(newest[0].run, second);
    let waiting = Some(ProposalState::Waiting);
    assert_eq!(desk.proposals(waiting, 9).await.unwrap().len(), 2);
    assert_eq!(desk.proposal(&RunId::new("r_3")).await.unwrap(), None);
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owner_s_alone_and_another_kind_of_file_is_left_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (home, path) = place();
    let desk = SqliteDesk::open(&path).unwrap();
    assert!(desk.notes().is_empty());
    drop(desk);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let ledger = home.path().join("state/oust.db");
    drop(oust::ledger::SqliteStore::open(&ledger).unwrap());
    let before = std::fs::read(&ledger).unwrap();
    let refused = SqliteDesk::open(&ledger).unwrap_err().to_string();
    assert!(refused.contains("not a desk"), "{refused}");
    assert_eq!(std::fs::read(&ledger).unwrap(), before);
}

#[tokio::test]
async fn each_decides_once_and_a_no_ends_it() {
    let (_home, path) = place();
    let desk = SqliteDesk::open(&path).unwrap();
    let run = RunId::new("r_1");
    assert!(!desk.decide(&run, &decision("ana", true)).await.unwrap());
    desk.propose(&proposal("r_1", 0)).await.unwrap();
    assert!(desk.decide(&run, &decision("ana", true)).await.unwrap());
    assert!(!desk.decide(&run, &decision(" Ana", false)).await.unwrap());
    // Somebody has decided: the plan that he saw stays.
    assert!(!desk.propose(&proposal("r_1", 9)).await.unwrap());
    assert!(desk.decide(&run, &decision("ben", false)).await.unwrap());
    let found = desk.proposal(&run).await.unwrap().unwrap();
    assert_eq!(found.state, ProposalState::Denied);
    assert_eq!(found.made_at, at(0));
    assert!(!desk.decide(&run, &decision("cleo", true)).await.unwrap());
}

#[tokio::test]
async fn of_two_who_begin_it_at_once_one_does() {
    let (_home, path) = place();
    let one = SqliteDesk::open(&path).unwrap();
    let other = SqliteDesk::open(&path).unwrap();
    one.propose(&proposal("r_1", 0)).await.unwrap();
    let run = RunId::new("r_1");
    let (from, to) = (ProposalState::Waiting, ProposalState::Begun);
    let (a, b) = tokio::join!(
        one.move_proposal(&run, from, to),
        other.move_proposal(&run, from, to)
    );
    assert!(a.unwrap() != b.unwrap());
    let found = other.proposal(&run).await.unwrap().unwrap();
    assert_eq!(found.state, ProposalState::Begun);
}

#[tokio::test]
async fn a_source_has_so_many_automatic_runs_in_an_hour_and_a_person_clears_it() {
    let (_home, path) = place();
    let desk = Arc::new(SqliteDesk::open(&path).unwrap());
    let hour = Duration::from_secs(3_600);
    let now = at(7_200_000);
    let count = |run: String, source: &'static str, now: Utc| {
        let desk = Arc::clone(&desk);
        async move {
            let run = RunId::new(run);
            desk.count_automatic(source, &run, now, now.minus(hour), 3)
                .await
                .unwrap()
        }
    };
    let all = (0..20).map(|n| count(format!("r_{n}"), "elastic", now));
    let counted = futures_util::future::join_all(all).await;
    assert_eq!(counted.iter().filter(|yes| **yes).count(), 3);
    assert!(count("r_0".into(), "elastic", now).await, "it is counted");
    assert!(count("r_x".into(), "splunk", now).await, "another source");
    assert!(!count("r_x".into(), "elastic", now).await);
    let later = now.plus(hour + Duration::from_secs(1));
    assert!(count("r_y".into(), "elastic", later).await, "an hour later");
    desk.clear_automatic(Some("elastic")).await.unwrap();
    assert!(count("r_x".into(), "elastic", now).await, "cleared");
    for run in ["r_1", "r_2", "r_3"] {
        count(run.into(), "splunk", now).await;
    }
    assert!(!count("r_z".into(), "splunk", now).await, "full");
    desk.clear_automatic(None).await.unwrap();
    assert!(count("r_z".into(), "splunk", now).await, "all are cleared");
}

#[tokio::test]
async fn automatic_runs_are_frozen_until_somebody_thaws_them() {
    let (_home, path) = place();
    let desk = SqliteDesk::open(&path).unwrap();
    assert_eq!(desk.frozen().await.unwrap(), None);
    let frozen = Frozen {
        by: "ana".into(),
        reason: "the rule is wrong".into(),
        at: at(0),
    };
    desk.set_frozen(Some(&frozen)).await.unwrap();
    drop(desk);
    let desk = SqliteDesk::open(&path).unwrap();
    assert_eq!(desk.frozen().await.unwrap(), Some(frozen));
    desk.set_frozen(None).await.unwrap();
    assert_eq!(desk.frozen().await.unwrap(), None);
}

fn wanted(name: &str) -> Wanted {
    Wanted {
        name: name.into(),
        okta_id: Some("00uana".into()),
        power: Power::Approver,
        made_at: at(0),
        expires_at: at(90_000),
    }
}

#[tokio::test]
async fn a_token_is_known_by_its_secret_alone_and_only_while_it_holds() {
    let (_home, path) = place();
    let desk = SqliteDesk::open(&path).unwrap();
    let (token, secret) = Token::issue(wanted("ana")).unwrap();
    desk.add_token(&token).await.unwrap();
    let whole = secret.expose_secret().to_owned();
    assert!(whole.starts_with(&format!("oust_{}_", token.id)), "{whole}");
    let found = holder(&desk, &secret, at(1)).await.unwrap().unwrap();
    assert_eq!(found, token);

    let kept = std::fs::read(&path).unwrap();
    let bare = whole.rsplit('_').next().unwrap();
    let leaks = kept.windows(bare.len()).any(|part| part == bare.as_bytes());
    assert!(!leaks, "the secret is in the file");

    let wrong = format!("oust_{}_{}", token.id, "0".repeat(64));
    let stranger = whole.replace(&token.id, "t_000000000000");
    for handed_in in [
        "",
        "oust_",
        &whole[1..],
        &wrong,
        &stranger,
        &"x".repeat(9_000),
    ] {
        let found = holder(&desk, &handed_in.to_owned().into(), at(1)).await;
        assert_eq!(found.unwrap(), None, "{handed_in}");
    }
    assert_eq!(holder(&desk, &secret, at(90_000)).await.unwrap(), None);
    assert!(desk.revoke_token(&token.id, at(5)).await.unwrap());
    assert_eq!(holder(&desk, &secret, at(6)).await.unwrap(), None);
    assert!(!desk.revoke_token("t_none", at(5)).await.unwrap());
}

#[tokio::test]
async fn taking_a_token_back_ends_what_began_with_it() {
    let (_home, path) = place();
    let desk = SqliteDesk::open(&path).unwrap();
    let (token, _) = Token::issue(wanted("ana")).unwrap();
    desk.add_token(&token).await.unwrap();
    let session = |cookie: &str, until| Session {
        hash: hash(cookie),
        token: token.id.clone(),
        csrf: hash("form"),
        made_at: at(10),
        expires_at: at(until),
    };
    desk.open_session(&session("one", 50)).await.unwrap();
    let kept = desk.session(&hash("one")).await.unwrap();
    assert_eq!(kept, Some(session("one", 50)));
    desk.end_session(&hash("one")).await.unwrap();
    assert_eq!(desk.session(&hash("one")).await.unwrap(), None);

    desk.open_session(&session("two", 50)).await.unwrap();
    desk.revoke_token(&token.id, at(20)).await.unwrap();
    assert_eq!(desk.session(&hash("two")).await.unwrap(), None);
    // Whoever was signing in meanwhile has no session either.
    desk.open_session(&session("three", 50)).await.unwrap();
    assert_eq!(desk.session(&hash("three")).await.unwrap(), None);
}

#[tokio::test]
async fn a_token_s_use_is_noted_once_a_minute() {
    let (_home, path) = place();
    let desk = SqliteDesk::open(&path).unwrap();
    let (token, _) = Token::issue(wanted("ana")).unwrap();
    desk.add_token(&token).await.unwrap();
    for ms in [1_000, 20_000, 70_000, 80_000] {
        desk.token_used(&token.id, at(ms)).await.unwrap();
    }
    let found = desk.token(&token.id).await.unwrap().unwrap();
    assert_eq!(found.used_at, Some(at(70_000)));
    assert_eq!(desk.tokens().await.unwrap(), [found]);
}

#[tokio::test]
async fn who_did_what_is_told_newest_first() {
    let (_home, path) = place();
    let desk = SqliteDesk::open(&path).unwrap();
    for (ms, what) in [(1, "signed in"), (2, "approved r_1"), (3, "froze")] {
        let entry = Audited {
            at: at(ms),
            by: "ana".into(),
            what: what.into(),
        };
        desk.audit(&entry).await.unwrap();
    }
    let last = desk.audited(2).await.unwrap();
    let what: Vec<&str> = last.iter().map(|entry| entry.what.as_str()).collect();
    assert_eq!(what, ["froze", "approved r_1"]);
}

#[test]
fn a_decision_that_claims_to_be_signed_is_checked_anew() {
    let mut forged = decision("ana", true);
    forged.signed = Some("I, ana, agree".into());
    let refused = forged.vote(&RunId::new("r_1"), &Approvers::default());
    assert!(matches!(refused, Err(FormError::Line { line: 1, .. })));
}

#[tokio::test]
async fn what_is_watched_is_there_for_another_process_the_next_one_due_first() {
    let (_home, path) = place();
    let watch = |run: &str, next_ms: u64| Watch {
        run: RunId::new(run),
        from: at(0),
        until: at(86_400_000),
        next_at: at(next_ms),
        looks: 3,
        quiet: 2,
        rounds: 1,
        is_open: false,
        news: 1,
        unread: String::new(),
        proposed: None,
        state: WatchState::Watching,
    };
    {
        let desk = SqliteDesk::open(&path).unwrap();
        desk.keep_watch(&watch("r_1", 9_000)).await.unwrap();
        desk.keep_watch(&watch("r_2", 5_000)).await.unwrap();
        desk.keep_watch(&watch("r_3", 7_000)).await.unwrap();
        let over = Watch {
            state: WatchState::Over,
            ..watch("r_3", 7_000)
        };
        desk.keep_watch(&over).await.unwrap();
    }
    let desk = SqliteDesk::open(&path).unwrap();
    let due = desk.watches(WatchState::Watching, 10).await.unwrap();
    assert_eq!(due, [watch("r_2", 5_000), watch("r_1", 9_000)]);
    assert_eq!(
        desk.watches(WatchState::Watching, 1).await.unwrap().len(),
        1
    );
    let over = desk.watch(&RunId::new("r_3")).await.unwrap().unwrap();
    assert_eq!(over.state, WatchState::Over);
    assert_eq!(desk.watch(&RunId::new("r_4")).await.unwrap(), None);
}
