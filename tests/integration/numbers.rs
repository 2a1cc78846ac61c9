//! The numbers about a run and about many: how long it took from the alert or the command on, what
//! of that people took, and which techniques were answered.

use insta::assert_snapshot;
use jiff::tz::TimeZone;
use oust::connectors::vendors;
use oust::consent::ConsentKind;
use oust::ledger::Event;
use oust::model::{
    Began, LIVE_REHEARSAL, OutcomeKind, ProofState, Source, Verdict, is_attack_id, is_d3fend_id,
    technique_link, technique_name,
};
use oust::report::{BeganBy, Counting, Report, Style, html, markdown, result_screen, stats_screen};

use crate::samples::{self, PlanSample, RunSample, alex, at, report_of, takeover};

/// A run that an alert began 2 s before its plan was there; people agreed 3 s after that.
fn by_an_alert() -> PlanSample {
    takeover(vec![alex()]).with(|plan| {
        plan.made_at = at(2_000);
        plan.case.source = Source::Proposed("alert soc-elastic/token-theft".into());
        plan.case.began = Some(Began {
            at: at(0),
            event_time: Some("2026-03-10T14:58:00.000Z".parse().unwrap()),
        });
    })
}

fn contained(plan: PlanSample, waits_ms: u64) -> RunSample {
    let mut run = plan.run();
    run.wait(waits_ms);
    run.all_goes_well_but(&[]);
    run.close(Verdict::Contained);
    run
}

#[test]
fn times_from_an_alert_tell_what_people_took_of_them() {
    let run = contained(by_an_alert(), 0);
    let report = report_of(&run.state());
    let whole = report.timings.whole.expect("it is known when it began");
    assert_eq!(whole.from, BeganBy::Alert);
    assert_eq!(whole.planned_ms, Some(2_000));
    // Consent was recorded 3 s after the start, one second after the plan was there.
    assert_eq!(whole.waited_ms, Some(1_000));
    assert_eq!(whole.first_write_ms, Some(3_000));
    assert_eq!(
        whole.evicted_ms,
        report.timings.evicted_ms.map(|ms| ms + 3_000),
        "the same moment, counted from the alert"
    );
    let contained_ms = whole.contained_ms.unwrap();
    assert_eq!(whole.of_machine(contained_ms), contained_ms - 1_000);
    // What the sender says of the time is shown in JSON, and nothing counts from it.
    assert_eq!(
        whole.event_time.unwrap().to_string(),
        "2026-03-10T14:58:00.000Z"
    );

    let shown = result_screen(&report, &TimeZone::UTC, None, Style::default());
    let line = shown.lines().find(|line| line.contains("after the alert"));
    assert_snapshot!(line.unwrap(), @"contained 3.8 s after the alert: 1.0 s until people agreed, 2.8 s by itself");
    for page in [
        html(&report, &TimeZone::UTC),
        markdown(&report, &TimeZone::UTC),
    ] {
        assert!(page.contains("since the alert"), "{page}");
        assert!(page.contains("people were waited for 1.0 s"), "{page}");
    }
}

#[test]
fn whoever_agreed_beforehand_was_not_waited_for() {
    for (kind, waited) in [
        (ConsentKind::Typed, true),
        (ConsentKind::Approved, true),
        (ConsentKind::Yes, false),
        (ConsentKind::Phrase, false),
        (ConsentKind::Standing, false),
    ] {
        let plan = by_an_alert().plan();
        let mut state = oust::ledger::RunState::default();
        let opened = Event::Opened {
            tool: "oust/0.1.0".into(),
            mode: oust::ledger::Mode::Contain,
            requester: "dana".into(),
            plan: std::sync::Arc::new(plan),
        };
        state.apply(at(9_000), &opened);
        let consented = Event::Consented {
            digest: String::new(),
            kind,
            by: "dana".into(),
            approvals: Vec::new(),
        };
        state.apply(at(9_000), &consented);
        let whole = report_of(&state).timings.whole.unwrap();
        assert_eq!(whole.waited_ms, waited.then_some(7_000), "{kind:?}");
        // Nothing was written: there is no time to anything.
        assert_eq!(whole.first_write_ms, None);
    }
}

#[test]
fn who_goes_on_with_a_run_does_not_move_when_it_was_agreed_to() {
    let mut run = contained(by_an_alert(), 0);
    let before = report_of(&run.state()).timings;
    run.wait(3_600_000);
    run.happens(Event::Reopened {
        by: "maya".into(),
        tool: "oust/0.1.0".into(),
    });
    run.happens(Event::Consented {
        digest: String::new(),
        kind: ConsentKind::Yes,
        by: "maya".into(),
        approvals: Vec::new(),
    });
    run.close(Verdict::Contained);
    let after = report_of(&run.state()).timings;
    assert_eq!(before.whole, after.whole);
}

#[test]
fn a_run_of_a_version_that_kept_no_start_says_nothing_of_it() {
    let report = report_of(&samples::contained().state());
    assert_eq!(report.timings.whole, None);
    let shown = result_screen(&report, &TimeZone::UTC, None, Style::default());
    assert!(!shown.contains("after the"), "{shown}");
}

#[test]
fn consent_does_not_cover_when_a_case_began() {
    let without = takeover(vec![alex()]).plan();
    let with = by_an_alert().plan();
    assert_eq!(without.digest(), with.digest());
}

#[test]
fn many_runs_are_counted_by_leg_playbook_verdict_and_month() {
    let mut counting = Counting::new(None, None);
    for number in 0..10 {
        counting.take(&report_of(&contained(by_an_alert(), number * 100).state()));
    }
    counting.take(&report_of(&samples::forbidden().state()));
    let mut other = report_of(&contained(takeover(vec![alex()]), 0).state());
    other.playbook.name = "evict-only".into();
    other.started_at = Some("2026-02-28T23:59:59.000Z".parse().unwrap());
    counting.take(&other);
    counting.left_out().purged = 2;
    // A canary's containment is as quick as it is small: it makes no other's numbers better.
    let mut canary = report_of(&contained(by_an_alert(), 0).state());
    canary.reason = Some(LIVE_REHEARSAL.into());
    counting.take(&canary);
    // A run that nobody let write has no time to contain anybody.
    counting.take(&report_of(&takeover(vec![alex()]).run().state()));
    let stats = counting.done();

    assert_eq!((stats.all.runs, stats.all.contained), (12, 11));
    assert_eq!(stats.left_out.nothing_written, 1);
    let since_alert = stats.all.legs.contained_since_alert.unwrap();
    // Ten of them: 3.8 s and 100 ms more each.
    assert_eq!(since_alert.count, 10);
    assert_eq!(
        (since_alert.p50_ms, since_alert.p90_ms, since_alert.max_ms),
        (4_200, 4_600, 4_700)
    );
    assert_eq!(stats.all.legs.contained_since_command, None);
    let months: Vec<(&str, usize)> = stats
        .by_month
        .iter()
        .map(|month| (month.name.as_str(), month.runs))
        .collect();
    assert_eq!(months, [("2026-02", 1), ("2026-03", 11)]);

    assert_snapshot!(stats_screen(&stats, &TimeZone::UTC, Style::default()), @r"
    12 runs: 11 contained (91 %)
      left out: 1 wrote nothing, 2 purged

                                          half     9 of 10     longest          runs
    from the consent
      first write                        0.3 s       0.8 s       0.9 s            12
      evicted                            1.2 s       1.7 s       1.8 s            12
      contained                          1.2 s       1.6 s       1.7 s            11
      proven                             1.3 s       1.7 s       1.8 s            11
    before it
      alert or command to plan           2.0 s       2.0 s       2.0 s            10
      people until they agreed           1.0 s       1.0 s       1.0 s            10
    from the alert
      evicted                            4.3 s       4.7 s       4.8 s            10
      contained                          4.2 s       4.6 s       4.7 s            10
      proven                             4.3 s       4.7 s       4.8 s            10

    live rehearsals, half of them         runs   contained  evicted in  contained in
      on a canary                            1           1       0.9 s         0.8 s

    by playbook, half of them             runs   contained  evicted in  contained in
      account-takeover                      11          10       1.3 s         1.2 s
      evict-only                             1           1       0.9 s         0.8 s

    by verdict, half of them              runs   contained  evicted in  contained in
      contained                             11          11       1.3 s         1.2 s
      partial                                1           0       0.7 s             -

    by month, half of them                runs   contained  evicted in  contained in
      2026-02                                1           1       0.9 s         0.8 s
      2026-03                               11          10       1.3 s         1.2 s
    ");
}

#[test]
fn nothing_yet_is_said_and_is_no_row_of_zeroes() {
    let stats = Counting::new(None, Some("evict-only".into())).done();
    assert_eq!(
        stats_screen(&stats, &TimeZone::UTC, Style::default()),
        "no run of evict-only that contained anybody has ended yet\n"
    );
    let json = serde_json::to_value(&stats).unwrap();
    assert_eq!(json["all"]["legs"]["evicted"], serde_json::Value::Null);
}

/// A report whose steps declare what they answer.
fn with_techniques(outcome: OutcomeKind) -> Report {
    let mut run = takeover(vec![alex()]).run();
    let changes = run.changes();
    run.answer(&changes[1], outcome);
    run.prove(&changes[1], ProofState::Proven, "SUSPENDED read");
    let real = |id: &oust::model::ActionId| {
        let vendor = vendors().find(|vendor| vendor.id == id.vendor())?;
        vendor.action(id.verb())
    };
    Report::of(&run.state(), &real, &samples::directory())
}

#[test]
fn a_report_names_the_techniques_of_what_was_done_and_of_nothing_else() {
    let report = with_techniques(OutcomeKind::Done);
    let steps = &report.subjects[0].steps;
    let suspend = steps
        .iter()
        .find(|step| step.action.verb() == "suspend_user");
    let suspend = suspend.unwrap();
    assert_eq!(suspend.attack, ["T1078.004"]);
    assert_eq!(suspend.d3fend, ["D3-AL"]);
    for page in [
        html(&report, &TimeZone::UTC),
        markdown(&report, &TimeZone::UTC),
    ] {
        assert!(page.contains("Valid Accounts: Cloud Accounts"), "{page}");
        assert!(
            page.contains("attack.mitre.org/techniques/T1078/004/"),
            "{page}"
        );
        assert!(page.contains("Account Locking"), "{page}");
        // It was planned to end sessions, and nobody has.
        assert!(!page.contains("Session Termination"), "{page}");
    }
    let failed = with_techniques(OutcomeKind::Failed {
        why: "no".into(),
        hint: String::new(),
    });
    assert!(!html(&failed, &TimeZone::UTC).contains("Account Locking"));
}

#[test]
fn every_action_declares_ids_that_are_well_formed_and_known_by_name() {
    for vendor in vendors() {
        for action in vendor.actions {
            let what = format!("{}.{}", vendor.id, action.verb);
            assert!(action.attack.iter().all(|id| is_attack_id(id)), "{what}");
            assert!(action.d3fend.iter().all(|id| is_d3fend_id(id)), "{what}");
            for id in action.attack.iter().chain(action.d3fend) {
                assert!(technique_name(id).is_some(), "{what}: {id} has no name");
                assert!(technique_link(id).is_some(), "{what}: {id} has no page");
            }
        }
    }
}
