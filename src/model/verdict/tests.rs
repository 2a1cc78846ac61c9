//! The rules of the verdict, one by one.

use super::*;
use crate::model::{ActionId, GuardName};

fn at(ms: i64) -> Utc {
    Utc::from_millis(ms)
}

static DONE: OutcomeKind = OutcomeKind::Done;
static ACCEPTED: OutcomeKind = OutcomeKind::Accepted;

fn okta() -> SystemId {
    SystemId::new("okta")
}

/// Items in the making; each is a step of its own, sent in playbook order.
#[derive(Default)]
struct Case {
    rows: Vec<Row>,
    lives: bool,
}

#[derive(Clone)]
struct Row {
    system: SystemId,
    what: &'static str,
    evicts: Evicts,
    stage: u16,
    declared: bool,
    optional: bool,
    state: State,
}

#[derive(Clone)]
enum State {
    Unsent,
    Sent {
        order: u64,
        outcome: Option<OutcomeKind>,
        at: Utc,
        proof: Option<(ProofState, Utc)>,
    },
    Skipped(Skip),
}

const PROVEN: Option<ProofState> = Some(ProofState::Proven);
const UNREAD: Option<ProofState> = Some(ProofState::Unverifiable);
const PENDING: Option<ProofState> = Some(ProofState::Pending);
const REFUTED: Option<ProofState> = Some(ProofState::Refuted);

fn failed() -> OutcomeKind {
    OutcomeKind::Failed {
        why: "403".into(),
        hint: String::new(),
    }
}

fn doubt() -> OutcomeKind {
    OutcomeKind::InDoubt { why: "cut".into() }
}

impl Case {
    fn new() -> Self {
        Self::default()
    }

    fn row(mut self, at: &str, what: &'static str, evicts: Evicts, state: State) -> Self {
        self.rows.push(Row {
            system: SystemId::new(at),
            what,
            evicts,
            stage: 0,
            declared: evicts == Evicts::Clears,
            optional: false,
            state,
        });
        self
    }

    /// Answered at 10 ms × its place; read back 1 ms later.
    fn sent(&self, outcome: OutcomeKind, proof: Option<ProofState>) -> State {
        let order = self.rows.len() as u64 + 1;
        let answered = at(10 * i64::try_from(order).unwrap());
        State::Sent {
            order,
            outcome: Some(outcome),
            at: answered,
            proof: proof.map(|state| (state, at(10 * i64::try_from(order).unwrap() + 1))),
        }
    }

    fn clear(self, outcome: OutcomeKind, proof: Option<ProofState>) -> Self {
        let state = self.sent(outcome, proof);
        self.row("okta", "clear", Evicts::Clears, state)
    }

    fn lock(self, outcome: OutcomeKind, proof: Option<ProofState>) -> Self {
        let state = self.sent(outcome, proof);
        self.row("okta", "suspend", Evicts::Locks, state)
    }

    fn change(
        self,
        at: &str,
        what: &'static str,
        outcome: OutcomeKind,
        proof: Option<ProofState>,
    ) -> Self {
        let state = self.sent(outcome, proof);
        self.row(at, what, Evicts::No, state)
    }

    fn skipped(self, what: &'static str, evicts: Evicts, skip: Skip) -> Self {
        self.row("okta", what, evicts, State::Skipped(skip))
    }

    /// Clear, lock, clear: all done, all proven.
    fn evicted(self) -> Self {
        self.clear(DONE.clone(), PROVEN)
            .lock(DONE.clone(), PROVEN)
            .clear(DONE.clone(), PROVEN)
    }

    /// Changes the last row.
    fn but(mut self, change: impl FnOnce(&mut Row)) -> Self {
        change(self.rows.last_mut().unwrap());
        self
    }

    fn judged(&self) -> Judgement {
        let items: Vec<Item<'_>> = self
            .rows
            .iter()
            .zip(0..)
            .map(|(row, n)| item(row, n))
            .collect();
        judge(&items, &okta(), self.lives)
    }

    fn at(&self, system: &str) -> (Verdict, usize) {
        let judged = self.judged().systems[&SystemId::new(system)];
        (judged.verdict, judged.unproven)
    }

    fn home(&self) -> (Verdict, usize) {
        self.at("okta")
    }
}

fn item(row: &Row, n: u16) -> Item<'_> {
    let state = match &row.state {
        State::Unsent => ItemState::Unsent,
        State::Skipped(skip) => ItemState::Skipped(skip),
        State::Sent {
            order,
            outcome,
            at,
            proof,
        } => ItemState::Sent(Sent {
            order: *order,
            outcome: outcome.as_ref(),
            answered_at: outcome.as_ref().map(|_| *at),
            proof: proof.map(|(state, _)| state),
            proven_since: proof
                .filter(|(state, _)| Some(*state) == PROVEN)
                .map(|(_, at)| at),
        }),
    };
    Item {
        step: StepKey {
            stage: row.stage,
            step: n,
            system: 0,
        },
        system: &row.system,
        what: row.what.to_owned(),
        evicts: row.evicts,
        declared: row.declared,
        optional: row.optional,
        state,
    }
}

const CONTAINED: (Verdict, usize) = (Verdict::Contained, 0);
const ONE_UNPROVEN: (Verdict, usize) = (Verdict::Contained, 1);
const PARTIAL: (Verdict, usize) = (Verdict::Partial, 0);
const UNKNOWN: (Verdict, usize) = (Verdict::Unknown, 0);

// Closed, open, in doubt.

#[test]
fn a_two_hundred_without_a_read_is_not_containment() {
    let case = Case::new()
        .lock(DONE.clone(), None)
        .clear(DONE.clone(), None);
    assert_eq!(case.home(), PARTIAL);
    let case = Case::new()
        .evicted()
        .change("okta", "factor", DONE.clone(), None);
    assert_eq!(case.home(), PARTIAL);
}

#[test]
fn refused_refuted_pending_and_unsent_changes_are_open() {
    let with = |outcome, proof| {
        Case::new()
            .evicted()
            .change("okta", "factor", outcome, proof)
    };
    assert_eq!(with(DONE.clone(), PROVEN).home(), CONTAINED);
    assert_eq!(with(failed(), None).home(), PARTIAL);
    assert_eq!(with(DONE.clone(), REFUTED).home(), PARTIAL);
    assert_eq!(with(DONE.clone(), PENDING).home(), PARTIAL);
    let unsent = Case::new()
        .evicted()
        .row("okta", "factor", Evicts::No, State::Unsent);
    assert_eq!(unsent.home(), PARTIAL);
}

#[test]
fn a_doubt_that_no_read_settled_makes_the_system_unknown_and_a_read_settles_it() {
    let with = |proof| {
        Case::new()
            .evicted()
            .change("okta", "factor", doubt(), proof)
    };
    assert_eq!(with(None).home(), UNKNOWN);
    assert_eq!(with(PENDING).home(), UNKNOWN);
    assert_eq!(with(UNREAD).home(), UNKNOWN);
    assert_eq!(with(PROVEN).home(), CONTAINED);
    assert_eq!(with(REFUTED).home(), PARTIAL);
    let unanswered = with(None).but(|row| {
        if let State::Sent { outcome, .. } = &mut row.state {
            *outcome = None;
        }
    });
    assert_eq!(unanswered.home(), UNKNOWN);
    let worse_than_open = with(None).change("okta", "grant", failed(), None);
    assert_eq!(worse_than_open.home(), UNKNOWN);
}

#[test]
fn only_three_reasons_for_a_skip_leave_nothing_open() {
    let with = |skip| {
        Case::new()
            .evicted()
            .skipped("factor", Evicts::No, skip)
            .home()
    };
    let why = || "x".to_owned();
    for closed in [
        Skip::WhenFalse,
        Skip::NothingSelected { why: why() },
        Skip::NoAccount,
    ] {
        assert_eq!(with(closed), CONTAINED);
    }
    let guard = GuardName::SuperAdmins;
    for open in [
        Skip::Requires {
            actions: vec![ActionId::new("okta", "suspend_user")],
        },
        Skip::Guard { guard, why: why() },
        Skip::Unread { why: why() },
        Skip::Unsupported { why: why() },
        Skip::AgentsKept { agents: vec![] },
        Skip::CeilingPassed {
            found: 9,
            ceiling: 5,
        },
        Skip::Halted,
    ] {
        assert_eq!(with(open.clone()), PARTIAL, "{open:?}");
        let optional = Case::new()
            .evicted()
            .skipped("factor", Evicts::No, open)
            .but(|row| row.optional = true);
        assert_eq!(optional.home(), CONTAINED);
    }
}

#[test]
fn an_unanswered_question_leaves_work_for_people_and_nothing_open() {
    let case = Case::new()
        .evicted()
        .skipped("roles", Evicts::No, Skip::Unasked);
    assert_eq!(case.home(), CONTAINED);
}

#[test]
fn an_optional_change_is_a_residual_unless_it_may_have_happened() {
    let with = |outcome, proof| {
        let case = Case::new()
            .evicted()
            .change("okta", "logout", outcome, proof);
        case.but(|row| row.optional = true).home()
    };
    assert_eq!(with(failed(), None), CONTAINED);
    assert_eq!(with(DONE.clone(), REFUTED), CONTAINED);
    assert_eq!(with(doubt(), None), UNKNOWN);
    // Never silently green.
    assert_eq!(with(ACCEPTED.clone(), UNREAD), ONE_UNPROVEN);
}

// Eviction.

#[test]
fn the_last_clear_speaks_for_the_first_and_counts_as_unproven_without_its_event() {
    for first in [DONE.clone(), doubt(), failed()] {
        let case = Case::new()
            .clear(first, None)
            .lock(DONE.clone(), PROVEN)
            .clear(DONE.clone(), UNREAD);
        assert_eq!(case.home(), ONE_UNPROVEN);
        assert_eq!(case.judged().evicted_at, Some(at(30)));
    }
}

#[test]
fn a_first_clear_closes_nothing_when_the_last_was_refused_lost_or_left_out() {
    let sandwich = |last, proof| {
        let case = Case::new()
            .clear(DONE.clone(), PROVEN)
            .lock(DONE.clone(), PROVEN);
        case.clear(last, proof)
    };
    for (case, word) in [
        (sandwich(failed(), None), Verdict::Partial),
        (sandwich(doubt(), None), Verdict::Unknown),
        (sandwich(ACCEPTED.clone(), UNREAD), Verdict::Partial),
        (sandwich(DONE.clone(), REFUTED), Verdict::Partial),
    ] {
        assert_eq!(case.home().0, word);
        assert_eq!(case.judged().evicted_at, None);
    }
    let halted = Case::new()
        .clear(DONE.clone(), PROVEN)
        .lock(DONE.clone(), PROVEN)
        .skipped("clear skipped", Evicts::Clears, Skip::Halted)
        .but(|row| row.optional = true);
    assert_eq!((halted.home(), halted.judged().evicted_at), (PARTIAL, None));
    // Its condition was false: then the one before it is the last.
    let meant = Case::new()
        .lock(DONE.clone(), PROVEN)
        .clear(DONE.clone(), PROVEN)
        .skipped("clear skipped", Evicts::Clears, Skip::WhenFalse);
    assert_eq!(meant.home(), CONTAINED);
}

#[test]
fn a_last_clear_whose_answer_was_lost_is_closed_by_its_event() {
    let case = Case::new()
        .lock(DONE.clone(), PROVEN)
        .clear(doubt(), PROVEN);
    assert_eq!(case.home(), CONTAINED);
}

#[test]
fn without_a_lock_only_the_clear_s_own_event_evicts() {
    assert_eq!(Case::new().clear(DONE.clone(), UNREAD).home(), PARTIAL);
    assert_eq!(Case::new().clear(DONE.clone(), PENDING).home(), PARTIAL);
    let proven = Case::new().clear(DONE.clone(), PROVEN);
    assert_eq!(proven.home(), CONTAINED);
    assert_eq!(proven.judged().evicted_at, Some(at(11)));
}

#[test]
fn an_unread_clear_is_open_without_a_lock_that_is_proven() {
    for (outcome, proof) in [
        (failed(), None),
        (DONE.clone(), REFUTED),
        (DONE.clone(), PENDING),
    ] {
        let case = Case::new().lock(outcome, proof).clear(DONE.clone(), UNREAD);
        assert_eq!(case.home(), PARTIAL);
    }
    let guarded = Skip::Guard {
        guard: GuardName::SuperAdmins,
        why: String::new(),
    };
    let case = Case::new()
        .skipped("suspend", Evicts::Locks, guarded)
        .clear(DONE.clone(), UNREAD);
    assert_eq!(case.home(), PARTIAL);
}

#[test]
fn either_lock_will_do() {
    let case = Case::new()
        .skipped(
            "suspend",
            Evicts::Locks,
            Skip::NothingSelected { why: String::new() },
        )
        .lock(DONE.clone(), PROVEN)
        .clear(DONE.clone(), UNREAD);
    assert_eq!(case.home(), ONE_UNPROVEN);
}

/// A playbook that bars only administrators has no lock for anybody else: his clear has to be
/// proven by its event then, as where a playbook has none.
#[test]
fn a_lock_whose_condition_is_false_is_none_and_the_clear_must_be_seen() {
    let skipped = |proof| {
        let case = Case::new().skipped("suspend", Evicts::Locks, Skip::WhenFalse);
        case.clear(DONE.clone(), proof)
    };
    assert_eq!(skipped(PROVEN).home(), CONTAINED);
    let unseen = skipped(UNREAD);
    assert_eq!((unseen.home(), unseen.judged().evicted_at), (PARTIAL, None));
}

#[test]
fn a_playbook_that_clears_nothing_evicts_nobody() {
    let case = Case::new().lock(DONE.clone(), PROVEN);
    assert_eq!((case.home(), case.judged().evicted_at), (PARTIAL, None));
}

#[test]
fn a_lock_regained_after_the_last_clear_evicts_nobody_until_he_is_cleared_again() {
    let again = |order| {
        Case::new().evicted().but(move |row| {
            if let State::Sent { order: sent, .. } = &mut row.state {
                *sent = order;
            }
        })
    };
    assert_eq!(again(1).judged().evicted_at, None, "sent before the lock");
    assert_eq!(again(1).home(), PARTIAL);
    assert_eq!(again(9).home(), CONTAINED);
    // A playbook that locks last says so itself.
    let case = Case::new()
        .clear(DONE.clone(), PROVEN)
        .lock(DONE.clone(), PROVEN);
    assert_eq!(case.home(), CONTAINED);
}

#[test]
fn a_clear_of_a_later_stage_is_not_the_last_of_the_evict_stage() {
    let case = Case::new()
        .lock(DONE.clone(), PROVEN)
        .clear(DONE.clone(), PROVEN)
        .clear(failed(), None)
        .but(|row| row.stage = 2);
    assert_eq!(case.judged().evicted_at, Some(at(20)));
    assert_eq!(case.home(), PARTIAL, "it is open all the same");
}

#[test]
fn a_sign_of_life_refutes_an_eviction_and_never_proves_one() {
    let mut case = Case::new().evicted();
    case.lives = true;
    assert_eq!((case.home(), case.judged().evicted_at), (PARTIAL, None));
}

// What cannot be read back.

#[test]
fn what_is_declared_unverifiable_counts_only_if_done_after_the_eviction_and_the_rest_is_proven() {
    let blind = |case: Case, outcome| {
        case.change("slack", "sign_out", outcome, UNREAD)
            .but(|row| row.declared = true)
    };
    let slack = |case: Case| case.at("slack");
    assert_eq!(
        slack(blind(Case::new().evicted(), DONE.clone())),
        ONE_UNPROVEN
    );
    assert_eq!(
        slack(blind(Case::new().evicted(), ACCEPTED.clone())),
        PARTIAL
    );
    // Before: whoever was signed in could sign in again.
    assert_eq!(slack(blind(Case::new(), DONE.clone()).evicted()), PARTIAL);
    // Never evicted.
    let open = Case::new()
        .lock(DONE.clone(), REFUTED)
        .clear(DONE.clone(), PROVEN);
    assert_eq!(slack(blind(open, DONE.clone())), PARTIAL);
    // Not declared: a read that did not come off is no reason.
    let undeclared = blind(Case::new().evicted(), DONE.clone()).but(|row| row.declared = false);
    assert_eq!(slack(undeclared), PARTIAL);
    let beside = |outcome, proof| {
        let case = blind(Case::new().evicted(), DONE.clone());
        case.change("slack", "freeze", outcome, proof).at("slack")
    };
    assert_eq!(beside(DONE.clone(), PROVEN), ONE_UNPROVEN);
    assert_eq!(beside(DONE.clone(), PENDING), PARTIAL);
    assert_eq!(beside(failed(), None), PARTIAL);
    let twice = blind(blind(Case::new().evicted(), DONE.clone()), DONE.clone());
    assert_eq!(
        slack(twice.but(|row| row.what = "reset")),
        (Verdict::Contained, 2)
    );
}

#[test]
fn what_the_directory_can_hide_is_closed_by_the_eviction_and_counted() {
    let token = |case: Case| case.change("okta", "token", OutcomeKind::AlreadyDone, UNREAD);
    assert_eq!(token(Case::new().evicted()).home(), ONE_UNPROVEN);
    let open = Case::new().lock(failed(), None).clear(DONE.clone(), PROVEN);
    assert_eq!(token(open).home(), PARTIAL);
}

#[test]
fn a_logout_at_home_whose_events_never_come_is_open() {
    let case = Case::new()
        .lock(DONE.clone(), PROVEN)
        .change("okta", "logout", DONE.clone(), UNREAD)
        .but(|row| row.declared = true)
        .clear(DONE.clone(), PROVEN);
    assert_eq!(case.home(), PARTIAL, "it was done before the eviction");
}

#[test]
fn one_system_s_trouble_stays_its_own() {
    let case = Case::new()
        .evicted()
        .change("slack", "freeze", failed(), None);
    assert_eq!((case.home(), case.at("slack")), (CONTAINED, PARTIAL));
}
