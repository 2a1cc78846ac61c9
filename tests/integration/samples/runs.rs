//! Whole runs: contained, forbidden, in doubt, refused by a guard, many, hostile.

use oust::ledger::Event;
use oust::model::{
    ChangeId, Finding, GuardName, GuardReply, Identity, Outcome, OutcomeKind, ProofState, Severity,
    Skip, Subject, Verdict,
};
use serde_json::json;

use super::{PlanSample, RunSample, alex, at, subject};

/// Eviction and purge at Okta, two things downstream.
pub(crate) fn takeover(subjects: Vec<Subject>) -> PlanSample {
    let user: &[(&str, &str, &str)] = &[("user", "", "")];
    PlanSample::about(subjects)
        .at_system("salesforce")
        .at_system("google")
        .stage("evict")
        .step(
            "okta.clear_sessions",
            "clear sessions, OAuth tokens, remembered devices",
            user,
        )
        .step("okta.suspend_user", "suspend", user)
        .step("okta.clear_sessions", "clear sessions again", user)
        .stage("purge")
        .step(
            "okta.delete_factors",
            "delete factor {}",
            &[("factor", "opf3hl", "Okta Verify on \"Pixel 9\"")],
        )
        .keeping("factor", "YubiKey 5", "2024-01-12", false)
        .step(
            "okta.revoke_oauth_grants",
            "revoke grant {}",
            &[("grant", "oag1", "Contoso Mail")],
        )
        .stage("downstream")
        .step("salesforce.freeze_user", "freeze", user)
        .step("salesforce.delete_sessions", "delete sessions", user)
        .step("google.sign_out", "sign out", user)
}

/// Contained, with one change that cannot be read back.
pub(crate) fn contained() -> RunSample {
    let mut run = takeover(vec![alex()]).run();
    let all = run.changes();
    let sign_out = all.last().expect("samples are well formed").clone();
    run.all_goes_well_but(&[&sign_out]);
    run.answer(&sign_out, OutcomeKind::Done).prove(
        &sign_out,
        ProofState::Unverifiable,
        "Google has no call that lists sign-ins",
    );
    run.happens(Event::Captured {
        subject: alex().id,
        part: "factors".into(),
        value: json!([{ "id": "opf3hl" }]),
        late: false,
    });
    run.happens(Event::NotCaptured {
        subject: alex().id,
        part: "groups".into(),
        why: "no answer within 2 s".into(),
    });
    run.close(Verdict::Contained);
    run
}

/// Salesforce forbids to delete sessions.
pub(crate) fn forbidden() -> RunSample {
    let mut run = takeover(vec![alex()]).run();
    let all = run.changes();
    let (sessions, sign_out) = (all[6].clone(), all[7].clone());
    run.all_goes_well_but(&[&sessions, &sign_out]);
    run.answer(
        &sessions,
        OutcomeKind::Failed {
            why: "integration user lacks \"Manage Users\"".into(),
            hint: "grant it".into(),
        },
    );
    run.answer(&sign_out, OutcomeKind::Done).prove(
        &sign_out,
        ProofState::Unverifiable,
        "Google has no call that lists sign-ins",
    );
    run.close(Verdict::Partial);
    run
}

/// Stopped while the factor's deletion was on its way.
pub(crate) fn in_doubt() -> RunSample {
    let mut run = takeover(vec![alex()]).run();
    let all = run.changes();
    let rest: Vec<&ChangeId> = all[3..].iter().collect();
    run.all_goes_well_but(&rest);
    run.happens(Event::Intended {
        change: all[3].clone(),
        attempt: 1,
    });
    run
}

/// `super_admins` refuses to suspend; the rest runs.
pub(crate) fn guard_refused() -> RunSample {
    let why = "alex and priya are the last two";
    let user: &[(&str, &str, &str)] = &[("user", "", "")];
    let mut run = PlanSample::about(vec![alex()])
        .guard(
            GuardName::SuperAdmins,
            GuardReply::RefusesSteps {
                why: why.into(),
                actions: vec![
                    "okta.suspend_user"
                        .parse()
                        .expect("samples are well formed"),
                ],
                subjects: vec![alex().id],
            },
        )
        .stage("evict")
        .step(
            "okta.clear_sessions",
            "clear sessions, OAuth tokens, remembered devices",
            user,
        )
        .step("okta.suspend_user", "suspend", user)
        .skipped(Skip::Guard {
            guard: GuardName::SuperAdmins,
            why: why.into(),
        })
        .step("okta.universal_logout", "universal logout", user)
        .but(|step| step.optional = true)
        .skipped(Skip::AgentsKept {
            agents: vec!["ad-agent dc01".into()],
        })
        .step("okta.clear_sessions", "clear sessions again", user)
        .run();
    run.all_goes_well_but(&[]);
    run.close(Verdict::Partial);
    run
}

/// So many of one company.
pub(crate) fn crowd(number: usize) -> Vec<Subject> {
    let one = |n| {
        let login = format!("user{n:04}@contoso.example");
        subject(&format!("00u{n:04}"), &login)
    };
    (0..number).map(one).collect()
}

/// Many subjects, all contained but every hundredth.
pub(crate) fn many(number: usize) -> RunSample {
    let subjects = crowd(number);
    let user: &[(&str, &str, &str)] = &[("user", "", "")];
    let mut run = PlanSample::about(subjects)
        .stage("evict")
        .step(
            "okta.clear_sessions",
            "clear sessions, OAuth tokens, remembered devices",
            user,
        )
        .step("okta.suspend_user", "suspend", user)
        .step("okta.clear_sessions", "clear sessions again", user)
        .run();
    let plan_changes = run.changes();
    for change in &plan_changes {
        let attempt = 1;
        let refused = change.as_str().starts_with("0.1.") && change.as_str().contains("00/user");
        let kind = if refused {
            OutcomeKind::Failed {
                why: "403".into(),
                hint: "grant `okta.users.manage`".into(),
            }
        } else {
            OutcomeKind::Done
        };
        run.happens(Event::Intended {
            change: change.clone(),
            attempt,
        });
        run.happens(Event::Answered {
            change: change.clone(),
            attempt,
            outcome: Outcome::bare(kind),
            ms: 40,
        });
        if !refused {
            run.prove(change, ProofState::Proven, "read");
        }
    }
    run.wait(9_000).close(Verdict::Partial);
    run
}

/// What an intruder writes into names to fool whoever reads them.
pub(crate) const HOSTILE: &str = "\x1b]0;contained\x07<script>alert(1)</script>\u{202e}\u{200b}\r\nCONTAINED | [x](http://evil) `=cmd()` **b** \u{9b}2J";

/// Hostile text wherever a vendor's or intruder's text can stand.
pub(crate) fn hostile() -> RunSample {
    let user: &[(&str, &str, &str)] = &[("user", "", "")];
    let text = HOSTILE;
    let mut who = alex();
    who.login = format!("{text}@contoso.example");
    who.status = text.into();
    who.roles = vec![text.into()];
    let sample = PlanSample::about(vec![who.clone()])
        .at_system_as("google", |_| Identity::Unread { why: text.into() })
        .at_system_as("salesforce", |_| Identity::Ambiguous {
            candidates: vec![text.into()],
        })
        .with(|plan| {
            plan.org = text.into();
            plan.case.id = Some(text.into());
            plan.case.reason = Some(text.into());
            plan.scope.skip = vec![text.into()];
        })
        .guard(
            GuardName::AgentOwner,
            GuardReply::Warns { why: text.into() },
        )
        .stage("evict")
        .step("okta.suspend_user", text, user)
        .but(|step| step.subjects[0].notes.push(text.into()))
        .keeping("factor", text, text, true)
        .step("okta.universal_logout", text, user)
        .but(|step| step.optional = true)
        .skipped(Skip::Unsupported { why: text.into() })
        .step("okta.delete_factors", text, &[("factor", text, text)])
        .step("okta.clear_sessions", text, user);
    let mut run = sample.run();
    let all = run.changes();
    run.answer(&all[0], OutcomeKind::Done)
        .prove(&all[0], ProofState::Refuted, text);
    let failed = OutcomeKind::Failed {
        why: text.into(),
        hint: text.into(),
    };
    run.answer(&all[1], failed);
    run.answer(&all[2], OutcomeKind::InDoubt { why: text.into() });
    run.happens(Event::Noted {
        finding: Finding {
            severity: Severity::High,
            id: "odd".into(),
            text: text.into(),
            hint: text.into(),
        },
    });
    run.happens(Event::SignOfLife {
        subject: who.id.clone(),
        seen_at: at(60_000),
        what: text.into(),
        event_id: "e1".into(),
    });
    run.happens(Event::Captured {
        subject: who.id,
        part: text.into(),
        value: json!(null),
        late: true,
    });
    run.close(Verdict::Partial);
    run
}
