//! The report: one object, computed from the ledger's fold, and what its renderings say.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;
use oust::ledger::{Event, RunState, run_verdict};
use oust::model::{
    Change, Found, GuardName, GuardReply, Identity, OutcomeKind, Owner, PlannedStep, ProofState,
    Skip, SystemId, Target, Unreached, Verdict,
};
use oust::report::{
    Aside, Because, ChangeReport, Live, Report, StepOutcome, Style, SubjectReport, Tight, escape,
    html, markdown, plan_screen, prompt_line, refused_screen, result_screen, stopped_screen,
};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::investigation_page::markup;
use crate::samples::{
    self, PlanSample, RunSample, alex, report_beside, report_of, subject, takeover,
};

fn screen(report: &Report) -> String {
    result_screen(report, &TimeZone::UTC, None, Style::default())
}

/// The word that closes a run is the report's, which the exit code follows.
fn one_word(run: &RunSample) -> Verdict {
    let state = run.state();
    let word = run_verdict(&state, &samples::actions, &samples::directory());
    assert_eq!(report_of(&state).verdict, word);
    word
}

#[test]
fn report_and_exit_code_say_what_the_run_closed_with() {
    for run in [
        samples::contained(),
        samples::forbidden(),
        samples::in_doubt(),
        samples::guard_refused(),
        samples::many(250),
        samples::hostile(),
    ] {
        one_word(&run);
    }
}

#[test]
fn a_step_of_which_nobody_knows_why_it_did_nothing_is_open() {
    let user = &[("user", "", "")];
    let mut run = PlanSample::about(vec![alex()])
        .stage("evict")
        .step("okta.suspend_user", "suspend", user)
        .step("okta.clear_sessions", "clear sessions", user)
        .step("okta.delete_factors", "delete factor {}", &[])
        .run();
    run.all_goes_well_but(&[]);
    assert_eq!(one_word(&run), Verdict::Partial);
}

#[test]
fn a_contained_run_says_by_what_and_what_cannot_be_read_back() {
    let report = report_of(&samples::contained().state());
    assert_eq!((report.verdict, report.unproven), (Verdict::Contained, 1));
    insta::assert_snapshot!(screen(&report));
}

#[test]
fn a_forbidden_step_makes_its_system_partial_and_says_what_to_grant() {
    let report = report_of(&samples::forbidden().state());
    insta::assert_snapshot!(screen(&report));
}

#[test]
fn a_run_stopped_in_flight_is_unknown() {
    let report = report_of(&samples::in_doubt().state());
    insta::assert_snapshot!(screen(&report));
}

#[test]
fn a_guard_that_refuses_to_suspend_leaves_the_run_partial() {
    let report = report_of(&samples::guard_refused().state());
    insta::assert_snapshot!(screen(&report));
}

#[test]
fn many_subjects_are_counted_and_the_open_ones_told() {
    let (report, _) = report_beside(&samples::many(250).state(), "subjects.jsonl");
    insta::assert_snapshot!(screen(&report));
}

#[test]
fn a_verdict_is_never_taken_from_what_the_run_said_of_itself() {
    let mut run = takeover(vec![alex()]).run();
    for change in run.changes() {
        run.answer(&change, OutcomeKind::Done);
    }
    run.close(Verdict::Contained);
    let report = report_of(&run.state());
    assert_eq!(
        report.verdict,
        Verdict::Partial,
        "answered is not read back"
    );
    assert_eq!(report.timings.contained_ms, None);
}

#[test]
fn an_action_that_nobody_declares_is_open() {
    let user = &[("user", "", "")];
    let mut run = PlanSample::about(vec![alex()])
        .stage("evict")
        .step("okta.suspend_user", "suspend", user)
        .step("okta.clear_sessions", "clear sessions", user)
        .step("okta.abolished", "abolish", user)
        .run();
    run.all_goes_well_but(&[]);
    assert_eq!(report_of(&run.state()).verdict, Verdict::Partial);
    one_word(&run);
}

#[test]
fn an_account_that_could_not_be_told_is_open_though_no_step_says_so() {
    let user = &[("user", "", "")];
    let mut run = PlanSample::about(vec![alex()])
        .at_system_as("google", |_| Identity::Ambiguous {
            candidates: vec!["1".into(), "2".into()],
        })
        .at_system_as("slack", |_| Identity::NoAccount)
        .stage("evict")
        .step("okta.suspend_user", "suspend", user)
        .step("okta.clear_sessions", "clear sessions", user)
        .run();
    run.all_goes_well_but(&[]);
    one_word(&run);
    let report = report_of(&run.state());
    let verdicts: Vec<Verdict> = report.systems.iter().map(|system| system.verdict).collect();
    assert_eq!(
        verdicts,
        [Verdict::Contained, Verdict::Partial, Verdict::Contained]
    );
    assert_eq!(report.manual[0].text, "choose among the accounts 1, 2");
}

#[test]
fn a_system_left_out_is_named_and_never_counted() {
    let mut run = takeover(vec![alex()])
        .with(|plan| {
            plan.scope.skip = vec!["salesforce".into(), "github".into(), "google".into()];
        })
        .run();
    run.all_goes_well_but(&[]);
    let report = report_of(&run.state());
    assert_eq!(report.verdict, Verdict::Contained);
    let shown = screen(&report);
    assert!(shown.contains("at 1 of 1 system"), "{shown}");
    assert!(
        shown.contains("not attempted: salesforce, google, github (--skip)"),
        "{shown}"
    );
}

#[test]
fn a_sign_of_life_refutes_until_the_account_is_cleared_again() {
    let mut run = takeover(vec![alex()]).run();
    run.all_goes_well_but(&[]);
    assert_eq!(report_of(&run.state()).verdict, Verdict::Contained);
    run.wait(5_000);
    let seen_at = samples::at(8_500);
    run.happens(Event::SignOfLife {
        subject: alex().id,
        seen_at,
        what: "read mail".into(),
        event_id: "e1".into(),
    });
    let report = report_of(&run.state());
    assert_eq!(report.verdict, Verdict::Partial);
    assert_eq!(one_word(&run), Verdict::Partial);
    let only = &report.subjects[0];
    assert_eq!((only.evicted_at, only.can_reenter), (None, true));
    assert!(
        screen(&report).contains("! sign of life 14:59:08: read mail; the eviction does not hold")
    );

    let again = run.changes()[2].clone();
    run.answer(&again, OutcomeKind::Done).prove(
        &again,
        ProofState::Proven,
        "user.session.clear event",
    );
    let report = report_of(&run.state());
    assert_eq!(report.verdict, Verdict::Contained);
    assert!(screen(&report).contains("cleared again since"));
}

#[test]
fn what_is_found_after_the_plan_is_marked() {
    let mut run = takeover(vec![alex()]).run();
    let known = run.state().changes()[3].change.clone();
    let target = Target {
        kind: "factor".into(),
        id: "sms2".into(),
        label: "sms +1•••0147".into(),
    };
    run.happens(Event::FoundLater {
        change: Box::new(Change {
            id: Change::id_of(known.step, &known.subject, &target),
            sentence: "delete factor sms +1•••0147".into(),
            target,
            found: Found::AfterPlan,
            ..Change::clone(&known)
        }),
    });
    run.all_goes_well_but(&[]);
    let shown = screen(&report_of(&run.state()));
    assert!(
        shown.contains("found after the plan: 1 change (delete factor sms +1•••0147, proven)"),
        "{shown}"
    );
}

#[test]
fn what_still_works_is_said_with_its_reason() {
    let report = report_of(&samples::guard_refused().state());
    let reasons: Vec<Because> = report.subjects[0]
        .residual
        .iter()
        .map(|one| one.because)
        .collect();
    assert_eq!(reasons, [Because::Open, Because::Open, Because::Optional]);

    let mut run = takeover(vec![alex()])
        .stage("more")
        .step("okta.delete_factors", "delete factor {}", &[])
        .skipped(Skip::NothingSelected { why: String::new() })
        .keeping("factor", "webauthn", "updated in the window", true)
        .keeping("agent_token", "ad-agent dc01", "agents: keep", false)
        .run();
    run.all_goes_well_but(&[]);
    let report = report_of(&run.state());
    let kept: Vec<&str> = report.subjects[0]
        .residual
        .iter()
        .map(|one| one.what.as_str())
        .collect();
    assert_eq!(
        kept,
        [
            "JWT access tokens",
            "factor webauthn",
            "agent token ad-agent dc01"
        ]
    );
}

#[test]
fn an_unasked_stage_is_left_for_people() {
    let mut run = takeover(vec![alex()])
        .stage("undo_grants")
        .step(
            "okta.remove_admin_roles",
            "remove role SUPER_ADMIN",
            &[("user", "", "")],
        )
        .but(|step| step.subjects[0].skip = Some(Skip::Unasked))
        .run();
    let unasked = run.changes().last().unwrap().clone();
    run.all_goes_well_but(&[&unasked]);
    let report = report_of(&run.state());
    assert_eq!(one_word(&run), Verdict::Contained);
    assert_eq!(
        report.manual[0].text,
        "stage undo_grants asks for a consent of its own: remove role SUPER_ADMIN (oust contain \
         alex@contoso.example --playbook undo-grants)"
    );
}

#[test]
fn a_stage_that_asks_is_unanswered_before_anybody_recorded_it() {
    let mut run = takeover(vec![alex()])
        .stage("undo_grants")
        .step(
            "okta.remove_admin_roles",
            "remove role SUPER_ADMIN",
            &[("user", "", "")],
        )
        .with(|plan| plan.stages.last_mut().unwrap().ask = true)
        .run();
    let unasked = run.changes().last().unwrap().clone();
    run.all_goes_well_but(&[&unasked]);
    assert_eq!(one_word(&run), Verdict::Contained);
    assert_eq!(report_of(&run.state()).manual.len(), 1);
}

#[test]
fn times_count_from_consent_and_an_open_run_has_no_contained_time() {
    let times = report_of(&samples::contained().state()).timings;
    assert_eq!(times.first_write_ms, Some(0));
    assert_eq!(times.evicted_ms, Some(800));
    assert_eq!(times.contained_ms, Some(900));
    assert_eq!(times.proven_ms, Some(900));
    assert_eq!(
        report_of(&samples::forbidden().state()).timings.proven_ms,
        None
    );
}

#[test]
fn reading_again_later_moves_no_time_of_the_run_and_is_said() {
    let mut run = samples::contained();
    let before = report_of(&run.state());
    run.wait(86_400_000);
    for change in &run.changes()[..7] {
        run.prove(change, ProofState::Proven, "read");
    }
    let report = report_of(&run.state());
    assert_eq!(report.timings, before.timings);
    let (then, now) = (&before.subjects[0], &report.subjects[0]);
    assert_eq!(
        (now.evicted_at, now.evicted_ms),
        (then.evicted_at, then.evicted_ms)
    );
    // What was done downstream after the eviction stays after it.
    assert_eq!((report.verdict, report.unproven), (Verdict::Contained, 1));
    let shown = screen(&report);
    let said = "7 changes read again after the run, last at 2026-03-11 14:59:03: all still so";
    assert!(shown.contains(said), "{shown}");
    assert!(markdown(&report, &TimeZone::UTC).contains("read again 2026-03-11"));

    let lock = run.changes()[1].clone();
    run.prove(&lock, ProofState::Refuted, "ACTIVE read, not SUSPENDED");
    let report = report_of(&run.state());
    assert_eq!(one_word(&run), Verdict::Partial);
    assert_eq!(report.timings.evicted_ms, None);
    let shown = screen(&report);
    assert!(shown.contains("1 not so any more"), "{shown}");
    // Seen so again, but not by the run: that is no time of it.
    run.prove(&lock, ProofState::Proven, "SUSPENDED read");
    assert_eq!(report_of(&run.state()).timings.evicted_ms, None);
}

#[test]
fn the_report_claims_no_silence_beyond_what_was_read_of_the_log() {
    let told = |until_ms: u64| {
        let mut run = takeover(vec![alex()]).run();
        run.all_goes_well_but(&[]);
        run.happens(Event::LogRead {
            until: samples::at(until_ms),
        });
        screen(&report_of(&run.state()))
    };
    // The last clear is answered 3.3 s after the start.
    let shown = told(2_000);
    assert!(!shown.contains("no sign of life"), "{shown}");
    let short = "the log was read to 14:59:02 only, before the last clear at 14:59:03: nothing";
    assert!(shown.contains(short), "{shown}");
    let shown = told(9_000);
    let good = "no sign of life since the last clear at 14:59:03 (log read to 14:59:09)";
    assert!(shown.contains(good), "{shown}");

    let mut run = takeover(vec![alex()]).run();
    run.all_goes_well_but(&[]);
    let shown = screen(&report_of(&run.state()));
    assert!(shown.contains("the log was not read"), "{shown}");
}

#[test]
fn above_two_hundred_subjects_the_contained_ones_go_to_a_file() {
    let state = samples::many(250).state();
    let (report, lines) = report_beside(&state, "subjects.jsonl");
    let told: Vec<SubjectReport> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let whole = report_of(&state);
    assert!(
        told == whole.subjects,
        "a line is what the whole report says"
    );
    assert_eq!(report.subjects.len(), 3);
    assert_eq!(report.counts, whole.counts);
    assert_eq!(report.counts.contained, 247);
    assert_eq!(report.subjects_file.as_deref(), Some("subjects.jsonl"));
    let (few, lines) = report_beside(&samples::many(200).state(), "subjects.jsonl");
    assert_eq!((lines.len(), few.subjects.len()), (0, 200));
    assert_eq!((few.subjects_file, few.of_all), (None, None));
}

#[test]
fn what_is_said_of_all_of_many_is_what_their_lines_add_up_to() {
    let state = samples::many(250).state();
    let (report, _) = report_beside(&state, "subjects.jsonl");
    let all = report.of_all.as_ref().unwrap();
    let whole = report_of(&state);
    let steps = || whole.subjects.iter().flat_map(|who| &who.steps);
    let changes = || steps().flat_map(|step| &step.changes);
    let good = |change: &&ChangeReport| {
        let outcome = change.outcome;
        matches!(
            outcome,
            StepOutcome::Done | StepOutcome::AlreadyDone | StepOutcome::Accepted
        )
    };
    assert_eq!(all.changes, changes().count());
    assert_eq!(all.made, changes().filter(good).count());
    assert!(all.made > 0 && all.made < all.changes, "{}", all.made);
    let residual: usize = whole.subjects.iter().map(|who| who.residual.len()).sum();
    let told: usize = all.residual.iter().map(|each| each.subjects).sum();
    assert_eq!(told + all.more_residual, residual);
    assert_eq!(report.counts.residual, residual);
    assert_eq!(
        all.last_evicted_at,
        whole.subjects.iter().filter_map(|who| who.evicted_at).max()
    );
    let done = all.done.iter().map(|each| each.times).sum::<usize>();
    assert_eq!(
        done,
        steps()
            .filter(|step| step.changes.iter().any(|each| good(&each)))
            .count()
    );
}

#[test]
fn what_still_works_of_all_of_many_alike_is_one_line() {
    let mut run = takeover(samples::crowd(250)).run();
    run.all_goes_well_but(&[]);
    let (report, _) = report_beside(&run.state(), "subjects.jsonl");
    let shown = screen(&report);
    assert!(shown.contains("still works"), "{shown}");
    assert!(shown.contains("250 accounts: "), "{shown}");
    let page = html(&report, &TimeZone::UTC);
    assert!(page.contains("250 accounts: "), "the page says it too");
}

#[test]
fn of_many_who_are_open_the_report_holds_some_and_counts_all() {
    let state = takeover(samples::crowd(250)).run().state();
    let (report, lines) = report_beside(&state, "subjects.jsonl");
    assert_eq!(lines.lines().count(), 250);
    assert_eq!(report.subjects.len(), 200);
    assert_eq!(report.of_all.as_ref().unwrap().open_in_file, 50);
    let shown = screen(&report);
    assert!(
        shown.contains("and 230 more subjects that are not contained"),
        "{shown}"
    );
    let told = "50 more subjects not contained: not told here, but in subjects.jsonl";
    assert!(html(&report, &TimeZone::UTC).contains(told));
    assert!(markdown(&report, &TimeZone::UTC).contains(told));
}

#[test]
fn a_line_that_cannot_be_written_is_told_and_no_file_is_named() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(bytes.len())
                .ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let state = samples::many(250).state();
    let aside = Aside {
        file: "subjects.jsonl",
        lines: &mut Full(100_000),
    };
    let (report, written) =
        Report::of_many(&state, &samples::actions, &samples::directory(), aside);
    assert_eq!(written.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(report.subjects_file, None);
    assert_eq!((report.counts.subjects, report.subjects.len()), (250, 3));
}

#[test]
fn an_empty_ledger_is_not_attempted_and_unrecorded() {
    let report = report_of(&RunState::default());
    assert_eq!(
        (report.verdict, report.recorded),
        (Verdict::NotAttempted, false)
    );
}

/// Consent is kept by this digest: one of yesterday must hold for the same plan today.
#[test]
fn a_plan_s_digest_is_that_of_a_fixed_text() {
    let state = samples::many(3).state();
    let plan = state.plan.as_ref().unwrap();
    let ids: Vec<_> = plan.case.subjects.iter().map(|who| &who.id).collect();
    let step = |step: &PlannedStep| {
        let rows = step.subjects.iter();
        let ceilings: Vec<_> = rows.map(|row| (&row.subject, row.ceiling)).collect();
        json!({
            "key": step.key, "action": step.action, "system": step.system,
            "settings": step.settings, "select": step.select, "ceilings": ceilings,
        })
    };
    let lifted: Vec<_> = plan
        .guards
        .iter()
        .filter_map(|each| each.lifted.as_ref())
        .collect();
    let covered = json!({
        "org": plan.org_id, "subjects": ids, "systems": plan.systems,
        "playbook": plan.playbook.digest, "steps": plan.steps().map(step).collect::<Vec<_>>(),
        "window_start": plan.case.window.start, "lifted": lifted,
    });
    let hash = Sha256::digest(covered.to_string().as_bytes());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(plan.digest(), hex);
}

#[test]
fn the_shipped_schema_is_the_one_that_the_types_give() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.schema.json");
    let fresh = format!("{:#}\n", oust::report::schema());
    if std::env::var_os("OUST_WRITE_DOCS").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    let shipped = std::fs::read_to_string(path).unwrap();
    assert!(
        shipped == fresh,
        "run with OUST_WRITE_DOCS=1 to write it anew"
    );
}

#[test]
fn every_sample_report_keeps_to_the_shipped_schema_and_reads_back() {
    let validator = jsonschema::validator_for(&oust::report::schema()).unwrap();
    for run in [
        samples::contained(),
        samples::forbidden(),
        samples::in_doubt(),
        samples::guard_refused(),
        samples::many(250),
        samples::hostile(),
    ] {
        let report = report_of(&run.state());
        let value = serde_json::to_value(&report).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        assert_eq!(serde_json::from_value::<Report>(value).unwrap(), report);
    }
}

fn the_plan(sample: PlanSample) -> String {
    plan_screen(&sample.plan(), &TimeZone::UTC, Style::default())
}

#[test]
fn the_plan_of_one_subject_tells_every_change() {
    let sample = takeover(vec![alex()])
        .guard(
            GuardName::AgentOwner,
            GuardReply::Warns {
                why: "suspending alex may stop an AD agent: token \"ad-agent dc01\" belongs to him"
                    .into(),
            },
        )
        .stage("undo_grants")
        .step("okta.universal_logout", "universal logout", &[])
        .skipped(Skip::AgentsKept {
            agents: vec!["ad-agent dc01".into()],
        })
        .step("okta.suspend_user", "suspend", &[])
        .skipped(Skip::Guard {
            guard: GuardName::SuperAdmins,
            why: "alex and priya are the last two".into(),
        })
        .step("okta.revoke_api_tokens", "revoke API token {}", &[])
        .skipped(Skip::NothingSelected { why: String::new() })
        .keeping("factor", "webauthn", "updated in the window", true);
    insta::assert_snapshot!(the_plan(sample));
}

#[test]
fn the_plan_tells_a_thing_once_and_says_what_it_does_not_reach() {
    let token = &[("api_token", "00T1", "ci-backup")];
    let unreached = |vendor: Option<&str>, app: &str| Unreached {
        subject: alex().id,
        app: app.into(),
        vendor: vendor.map(SystemId::new),
        why: "assigned".into(),
        id: String::new(),
        name: "jira_onprem".into(),
        logout: None,
        link: None,
    };
    let sample = PlanSample::about(vec![alex()])
        .stage("evict")
        .step("okta.revoke_api_tokens", "revoke API token {}", token)
        .keeping("api_token", "ad-agent dc01", "an agent lives by it", true)
        .stage("purge")
        .step("okta.revoke_api_tokens", "revoke API token {}", token)
        .keeping("api_token", "ad-agent dc01", "an agent lives by it", true)
        .stage("downstream")
        .with(|plan| {
            plan.unreached = vec![
                unreached(Some("slack"), "Contoso Chat"),
                unreached(None, "Salesforce.com"),
                unreached(None, "Atlassian Cloud"),
            ];
            plan.call(&[Owner {
                app: "atlassian cloud".into(),
                owner: "Workplace IT".into(),
                contact: "it-apps@contoso.example".into(),
            }]);
        });
    let shown = the_plan(sample);
    let (_, stages) = shown.split_once("\n\n").unwrap();
    insta::assert_snapshot!(stages, @r"
      evict
        okta          revoke API token ci-backup                                      cannot be undone
        keeps, look!  api token ad-agent dc01 (an agent lives by it)
      purge
        okta          revoke API token ci-backup, again
      downstream
        nothing: none of its systems is configured, or in scope
      not configured  slack (Contoso Chat, assigned)
      no connector    Atlassian Cloud (owner: Workplace IT, it-apps@contoso.example), Salesforce.com

    2 changes; 1 thing cannot be undone.
    ");
}

#[test]
fn the_plan_of_many_subjects_is_a_table_and_no_wall() {
    let many = (0..212)
        .map(|n| {
            subject(
                &format!("00u{n:04}"),
                &format!("user{n:04}@contoso.example"),
            )
        })
        .collect();
    let shown = the_plan(takeover(many));
    assert!(shown.lines().count() < 45, "{shown}");
    insta::assert_snapshot!(shown);
}

#[test]
fn the_question_is_what_is_at_stake() {
    assert_eq!(
        prompt_line(&takeover(vec![alex()]).plan()),
        "Type alex to go on: "
    );
}

#[test]
fn a_refusal_says_which_guard_and_the_next_best() {
    let plan = takeover(vec![alex()])
        .guard(
            GuardName::CapRun,
            GuardReply::RefusesRun {
                why: "212 subjects, 25 are allowed in one run".into(),
                next: "oust contain --subjects list.txt --lift cap_run=REASON".into(),
            },
        )
        .plan();
    insta::assert_snapshot!(refused_screen(&plan, Style::default()));
}

#[test]
fn a_stop_says_what_may_have_happened_and_how_to_go_on() {
    let report = report_of(&samples::in_doubt().state());
    insta::assert_snapshot!(stopped_screen(&report, Style::default()));
}

/// A writer that tests can look into.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn text(&self) -> String {
        let bytes = self.0.lock().expect("no test panics while writing").clone();
        String::from_utf8(bytes).expect("text")
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .expect("no test panics while writing")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What a live view has written once it has seen the whole run.
fn watched(run: &RunSample, mut live: Live, written: &Written) -> String {
    let mut state = RunState::default();
    for record in run.records() {
        state.apply(record.at, &record.event);
        live.see(&state, &record.event);
    }
    live.finish();
    written.text()
}

fn plain_lines(run: &RunSample) -> String {
    let written = Written::default();
    let live = Live::plain(Box::new(written.clone()), Style::default());
    watched(run, live, &written)
}

fn tree(run: &RunSample) -> String {
    let written = Written::default();
    let live = Live::tree(Box::new(written.clone()), Style::default());
    watched(run, live, &written)
}

#[test]
fn progress_in_a_pipe_is_a_line_per_answer_and_proof() {
    insta::assert_snapshot!(plain_lines(&samples::forbidden()));
}

#[test]
fn progress_of_many_subjects_tells_how_far_it_is_and_what_went_wrong() {
    insta::assert_snapshot!(plain_lines(&samples::many(250)));
}

#[test]
fn progress_in_a_pipe_never_runs_wider_than_the_page() {
    let user = &[("user", "", "")];
    let sentences = [
        "revoke 25 refresh tokens and 2 consents of an app with a name that somebody made as \
         long as the form would let him, and then some",
        &"x".repeat(300),
        &"警".repeat(150),
    ];
    for sentence in sentences {
        let mut run = PlanSample::about(vec![alex()])
            .stage("evict")
            .step("okta.suspend_user", sentence, user)
            .step("okta.clear_sessions", sentence, user)
            .run();
        let all = run.changes();
        let failed = OutcomeKind::Failed {
            why: sentence.into(),
            hint: sentence.into(),
        };
        run.answer(&all[0], failed)
            .answer(&all[1], OutcomeKind::Done);
        run.happens(Event::SignOfLife {
            subject: alex().id,
            seen_at: samples::at(60_000),
            what: sentence.into(),
            event_id: "e1".into(),
        });
        let shown = plain_lines(&run);
        for line in shown.lines() {
            assert!(escape::columns(line) <= 100, "{line}\n{shown}");
        }
        assert!(
            shown.contains("failed") && shown.contains("done"),
            "{shown}"
        );
    }
}

#[test]
fn the_live_tree_ends_with_every_step_and_keeps_what_went_wrong() {
    let shown = tree(&samples::forbidden());
    let refusal = "integration user lacks \"Manage Users\"";
    assert!(shown.contains(refusal), "{shown}");
    assert!(shown.contains("✗ failed 1 of 1"), "{shown}");
    assert!(shown.contains("✓ proven"), "{shown}");
}

#[test]
fn where_a_whole_company_fails_the_first_are_told_and_all_are_counted() {
    let subjects = |n| samples::subject(&format!("00u{n:04}"), &format!("user{n:04}@x"));
    let mut run = PlanSample::about((0..120).map(subjects).collect())
        .stage("evict")
        .step("okta.suspend_user", "suspend", &[("user", "", "")])
        .run();
    for change in run.changes() {
        let (why, hint) = ("403".to_owned(), String::new());
        run.answer(&change, OutcomeKind::Failed { why, hint });
    }
    let shown = plain_lines(&run);
    assert_eq!(shown.matches("failed").count(), 50, "{shown}");
    assert!(shown.contains("more than 50 lines like these"), "{shown}");
    assert!(
        shown.contains("120 of 120 changes answered: evicted 0 of 120"),
        "{shown}"
    );
    assert!(shown.contains("failing 120"), "{shown}");
}

#[test]
fn the_live_block_of_many_counts_them_and_names_who_fails() {
    let run = samples::many(25);
    let written = Written::default();
    let live = Live::tree(Box::new(written.clone()), Style::default());
    let live = live.with_quota(|| {
        Some(Tight {
            what: "okta users".into(),
            left: 41,
            of: 600,
        })
    });
    let shown = watched(&run, live, &written);
    assert!(shown.contains("75 of 75 changes answered"), "{shown}");
    let counts = "evicted 24 of 25, done and proven 24, failing 1";
    assert!(shown.contains(counts), "{shown}");
    assert!(shown.contains("okta users 41/600 left"), "{shown}");
    assert!(
        shown.contains("failing  user0000@contoso.example"),
        "{shown}"
    );
}

#[test]
fn who_is_next_is_counted_without_those_who_are_through_and_fail_later() {
    let subjects = |n| samples::subject(&format!("00u{n:04}"), &format!("user{n:04}@x"));
    let user = &[("user", "", "")];
    let mut run = PlanSample::about((0..30).map(subjects).collect())
        .stage("evict")
        .step("okta.suspend_user", "suspend", user)
        .stage("purge")
        .step("okta.revoke_oauth_grants", "revoke", user)
        .run();
    let all = run.changes();
    let of_first = |stage: &str| {
        let mut all = all.iter();
        let his = all.find(|id| id.as_str().starts_with(stage) && id.as_str().contains("00u0000"));
        his.unwrap().clone()
    };
    // He is out; what fails is what comes after it.
    let (why, hint) = ("403".to_owned(), String::new());
    run.answer(&of_first("0."), OutcomeKind::Done);
    run.wait(1_000);
    run.answer(&of_first("1."), OutcomeKind::Failed { why, hint });
    let shown = tree(&run);
    assert!(shown.contains("evicted 1 of 30"), "{shown}");
    let (_, last) = shown.rsplit_once("next  ").unwrap();
    let next = "user0001@x, user0002@x, user0003@x and 26 more";
    assert!(last.starts_with(next), "{last}");
    assert!(last.contains("failing  user0000@x"), "{last}");
}

#[test]
fn a_run_that_goes_on_is_counted_from_where_it_stands_and_who_is_left_is_named() {
    let run = samples::many(25);
    let (mut state, mut half) = (RunState::default(), None);
    let written = Written::default();
    let records = run.records();
    // The process died after a third: only what comes then is seen, by another.
    let third = records.len() / 3;
    for (number, record) in records.iter().enumerate() {
        state.apply(record.at, &record.event);
        if number >= third {
            let live =
                half.get_or_insert_with(|| Live::tree(Box::new(written.clone()), Style::default()));
            live.see(&state, &record.event);
        }
    }
    half.unwrap().finish();
    let shown = written.text();
    assert!(shown.contains("75 of 75 changes answered"), "{shown}");
    assert!(shown.contains("evicted 24 of 25"), "{shown}");
    assert!(shown.contains("next  user0"), "{shown}");
}

#[test]
fn markdown_tells_the_same_as_the_screen() {
    let report = report_of(&samples::forbidden().state());
    insta::assert_snapshot!(markdown(&report, &TimeZone::UTC));
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let page = html(&report_of(&samples::forbidden().state()), &TimeZone::UTC);
    assert!(page.contains("default-src 'none'; style-src 'sha256-"));
    for forbidden in [
        "<script", "http:", "https:", "<img", "<link", " style=", "onload",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    if let Some(directory) = std::env::var_os("OUST_WRITE_SAMPLES") {
        let directory = std::path::Path::new(&directory);
        for (name, run) in [
            ("contained", samples::contained()),
            ("forbidden", samples::forbidden()),
            ("in_doubt", samples::in_doubt()),
            ("guard_refused", samples::guard_refused()),
            ("hostile", samples::hostile()),
            ("many", samples::many(250)),
        ] {
            let (report, _) = report_beside(&run.state(), "subjects.jsonl");
            let page = html(&report, &TimeZone::UTC);
            std::fs::write(directory.join(format!("{name}.html")), page).unwrap();
        }
    }
}

#[test]
fn the_page_is_told_to_those_who_hear_it_as_to_those_who_see_it() {
    for (name, run) in [
        ("contained", samples::contained()),
        ("forbidden", samples::forbidden()),
        ("hostile", samples::hostile()),
        ("many", samples::many(12)),
    ] {
        let page = html(&report_of(&run.state()), &TimeZone::UTC);
        let elements = markup::parse(&page);
        markup::is_inert(&elements);
        markup::has_ordered_headings(&elements);
        assert!(markup::has_told_tables(&elements) > 1, "{name}");
        for landmark in ["header", "main", "footer", "h1"] {
            let found = markup::named(&elements, landmark).count();
            assert_eq!(found, 1, "{name}: {landmark}");
        }
        let skip = markup::named(&elements, "a").next().unwrap().1;
        assert_eq!(skip.get("href"), Some("#systems"), "{name}");
    }
}

#[test]
fn the_page_shows_code_as_code() {
    let page = html(&report_of(&samples::forbidden().state()), &TimeZone::UTC);
    assert!(page.contains("<code>"), "{page}");
    assert!(!page.contains('`'), "{page}");
}

#[test]
fn the_header_says_of_which_window_and_case_and_in_which_zone_times_are() {
    let report = report_of(&samples::forbidden().state());
    let zone = TimeZone::UTC;
    for (name, text, end) in [
        ("html", html(&report, &zone), "</header>"),
        ("markdown", markdown(&report, &zone), "\n## "),
    ] {
        let (header, _) = text.split_once(end).unwrap();
        for part in ["window ", "→", "INC", "2231", "times in UTC"] {
            assert!(
                header.contains(part),
                "no `{part}` in the {name} header: {header}"
            );
        }
    }
}

#[test]
fn nothing_is_said_to_end_by_hand_that_nobody_ends() {
    for run in [
        samples::forbidden(),
        samples::contained(),
        samples::guard_refused(),
    ] {
        let report = report_of(&run.state());
        assert!(!report.subjects[0].residual.is_empty());
        for text in [
            html(&report, &TimeZone::UTC),
            markdown(&report, &TimeZone::UTC),
        ] {
            assert!(!text.contains("ended by hand"), "{text}");
        }
    }
}

/// Characters that steer a terminal, turn the writing or hide; found without `escape`'s list.
pub(crate) fn commanding(text: &str) -> BTreeSet<char> {
    let hides = |character: char| {
        matches!(u32::from(character),
            0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x2069 | 0xfeff | 0xad | 0xe0000..=0xe007f)
    };
    text.chars()
        .filter(|character| *character != '\n' && (character.is_control() || hides(*character)))
        .collect()
}

#[test]
fn no_character_commands_once_it_is_visible() {
    for character in '\0'..=char::MAX {
        let shown = escape::visible(&format!("a{character}b"));
        assert!(
            commanding(&shown).is_empty() && !shown.contains('\n'),
            "{shown:?}"
        );
    }
    assert_eq!(escape::visible("\x1b]0;x\x07"), "\\x1b]0;x\\x07");
    assert_eq!(
        escape::visible(&"é".repeat(1_000)).chars().count(),
        escape::SHOWN_MAX + 1
    );
}

#[test]
fn hostile_names_command_no_renderer() {
    let run = samples::hostile();
    let report = report_of(&run.state());
    let plan = run.state().plan.unwrap();
    let plain = Style::default();
    let narrow = Style {
        color: false,
        width: 40,
    };
    let utc = &TimeZone::UTC;
    let refused = takeover(vec![alex()])
        .guard(
            GuardName::Protected,
            GuardReply::RefusesRun {
                why: samples::HOSTILE.into(),
                next: samples::HOSTILE.into(),
            },
        )
        .plan();
    let renderings = [
        (
            "screen",
            result_screen(&report, utc, Some(samples::HOSTILE), plain),
        ),
        ("narrow screen", result_screen(&report, utc, None, narrow)),
        ("plan", plan_screen(&plan, utc, plain)),
        ("prompt", prompt_line(&plan)),
        ("refused", refused_screen(&refused, plain)),
        ("stopped", stopped_screen(&report, plain)),
        ("live", plain_lines(&run)),
        ("html", html(&report, utc)),
        ("markdown", markdown(&report, utc)),
    ];
    for (name, text) in &renderings {
        assert!(
            text.contains("script"),
            "{name} does not show the hostile text"
        );
        assert!(
            commanding(text).is_empty(),
            "{name}: {:?}",
            commanding(text)
        );
        // A forged verdict cannot begin a line of its own.
        assert!(
            !text.lines().any(|line| line.starts_with("CONTAINED")),
            "{name}: {text}"
        );
    }
    let [.., (_, page), (_, marked)] = &renderings;
    assert!(!page.contains("<script") && !marked.contains("<script"));
    assert!(
        !marked.contains("[x](") && !marked.contains("http://"),
        "{marked}"
    );
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let rows: Vec<&str> = marked
        .lines()
        .filter(|line| line.starts_with("| evict"))
        .collect();
    assert!(
        rows.len() >= 4 && rows.iter().all(|row| cells(row) == 7),
        "{rows:#?}"
    );
}

#[test]
fn colour_is_the_only_escape_sequence() {
    let color = Style {
        color: true,
        width: 100,
    };
    let run = samples::hostile();
    let shown = result_screen(&report_of(&run.state()), &TimeZone::UTC, None, color);
    let mut rest = shown;
    for code in ["0", "1", "2", "1;31", "1;32", "1;33"] {
        rest = rest.replace(&format!("\x1b[{code}m"), "");
    }
    assert!(commanding(&rest).is_empty(), "{:?}", commanding(&rest));
}

#[test]
fn a_csv_cell_is_never_a_formula() {
    for text in [
        "=cmd()", "+1", "-1", "@x", " =1", "\t=1", "\r=1", "a\"b", "＝1",
    ] {
        let cell = escape::csv_cell(text);
        let inside = &cell[1..cell.len() - 1];
        let first = inside.trim_start().chars().next().unwrap();
        assert!(!"=+-@＝".contains(first), "{cell}");
        assert!(!inside.replace("\"\"", "").contains('"'), "{cell}");
    }
}
