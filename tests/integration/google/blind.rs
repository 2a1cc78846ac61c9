//! What nobody can read back: backup codes, which are never looked at, and sessions.

use oust::connector::CannotUndo;
use oust::model::{OutcomeKind, ProofState, Provable};
use oust_mocks::FaultKind;
use oust_mocks::google::google_error;

use super::desk::{ALEX, Desk, contoso};

#[tokio::test(start_paused = true)]
pub(crate) async fn codes_and_sessions_end_unseen_and_nothing_says_that_it_is_proven() {
    for verb in ["invalidate_backup_codes", "sign_out"] {
        let desk = Desk::of(contoso());
        let (before, others) = (desk.google(), desk.others());
        let change = desk.change(verb).await;
        assert_eq!(
            desk.google().digest(),
            before.digest(),
            "{verb} wrote while planning"
        );
        assert_eq!(desk.writes(), Vec::<String>::new());

        let done = desk.applied(&change).await;
        assert_eq!(done.outcome.kind, OutcomeKind::Done);
        let after = desk.google();
        let alex = after.user(ALEX).unwrap();
        match verb {
            "sign_out" => assert!(alex.sessions.is_empty()),
            _ => assert!(alex.backup_codes.is_empty()),
        }
        let action = desk.system.connector.action(&change.action).unwrap();
        let Provable::Unverifiable(why) = action.proof else {
            panic!("{verb} is declared {:?}", action.proof)
        };
        let proof = desk.proof(&done).await;
        assert_eq!(
            (proof.state, proof.how.as_str()),
            (ProofState::Unverifiable, why)
        );

        assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done, "twice");
        assert_eq!(desk.google().digest(), after.digest());
        assert_eq!(desk.others(), others);
        let undo = desk.system.connector.inverse(&done);
        assert!(matches!(undo, Err(CannotUndo::PersonRedoes(_))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_sign_out_that_was_cut_is_in_doubt_and_not_done() {
    for kind in [FaultKind::CutAfterEffect, FaultKind::ReadOnly503] {
        let desk = Desk::of(contoso());
        let change = desk.change("sign_out").await;
        desk.fault("POST", "/signOut", kind);
        let cut = desk.apply(&change).await;
        assert!(matches!(cut.kind, OutcomeKind::InDoubt { .. }), "{cut:?}");
        let posts = desk.writes().len();
        assert_eq!(posts, 1, "a call in doubt is not repeated unread");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_codes_is_told_apart_by_reading_the_account() {
    let refuse = |desk: &Desk| {
        let body = google_error(400, "invalid", "Invalid Value");
        desk.fault("POST", "/invalidate", FaultKind::Status { code: 400, body });
    };
    let desk = Desk::of(contoso());
    let change = desk.change("invalidate_backup_codes").await;
    refuse(&desk);
    let without = desk.apply(&change).await;
    assert_eq!(
        without.kind,
        OutcomeKind::AlreadyDone,
        "no second step, no codes"
    );

    for (enrolled, suspended, word) in [(true, false, "Invalid Value"), (true, true, "suspended")] {
        desk.org
            .range()
            .google
            .users
            .get_mut(&alex())
            .unwrap()
            .enrolled_2sv = enrolled;
        desk.org
            .range()
            .google
            .users
            .get_mut(&alex())
            .unwrap()
            .suspended = suspended;
        refuse(&desk);
        match desk.apply(&change).await.kind {
            OutcomeKind::Failed { why, .. } => assert!(why.contains(word), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

fn alex() -> String {
    oust_mocks::accounts::google_id(ALEX)
}
