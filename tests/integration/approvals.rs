//! Signed approvals by themselves: how a text reads, what is refused of it, and whose vote counts.

use std::time::Duration;

use insta::assert_snapshot;
use oust::approval::{
    APPROVAL_FOR, Approver, Approvers, FormError, Objection, Signed, SignedIn, SigningKey,
    Statement, Vote, weigh,
};
use oust::consent::{Asked, Consent, ConsentError, ConsentKind};
use oust::model::{Plan, UserId, Utc};
use oust::report::{brief, brief_difference};

use crate::samples::{PlanSample, alex, at, subject};

struct Person {
    name: &'static str,
    key: SigningKey,
    okta_id: &'static str,
}

impl Person {
    fn new(name: &'static str, okta_id: &'static str) -> Self {
        let (key, _) = SigningKey::generate().unwrap();
        Self { name, key, okta_id }
    }

    fn says(&self, plan: &Plan, approve: bool, when: Utc) -> String {
        Statement::about(plan, approve, self.name, "", when).sign(&self.key)
    }
}

/// Three who may sign, two of whom are needed.
struct Team {
    ana: Person,
    ben: Person,
    cleo: Person,
    rules: Approvers,
}

fn team() -> Team {
    let ana = Person::new("Ana Duarte", "00uana");
    let ben = Person::new("Ben Okoro", "00uben");
    let cleo = Person::new("Cleo", "00ucleo");
    let people = [&ana, &ben, &cleo].map(|one| Approver {
        name: one.name.into(),
        key: one.key.public(),
        okta_id: Some(UserId::new(one.okta_id)),
        login: None,
    });
    let rules = Approvers {
        needed: 2,
        people: people.to_vec(),
    };
    Team {
        ana,
        ben,
        cleo,
        rules,
    }
}

fn plan() -> Plan {
    PlanSample::about(vec![alex()])
        .stage("evict")
        .step(
            "okta.suspend_user",
            "suspend alex@contoso.example",
            &[("user", "00ujkPI1q4Pa7UeFg5d7", "alex@contoso.example")],
        )
        .step(
            "okta.delete_factors",
            "delete factor \u{202e}phone",
            &[("factor", "opf1", "phone")],
        )
        .plan()
}

fn verified(text: &str, rules: &Approvers) -> Result<Vote, FormError> {
    Signed::parse(text)?.verify(rules)
}

fn consent(plan: &Plan, votes: &[Vote], team: &Team, now: Utc) -> Result<Consent, ConsentError> {
    let asked = Asked {
        shown_at: plan.made_at,
        now,
    };
    Consent::approved(plan, votes, &team.rules, &["dana"], asked)
}

#[test]
fn an_approval_can_be_read_aloud() {
    let team = team();
    let plan = plan();
    let text = Statement::about(
        &plan,
        true,
        "Ana Duarte",
        "seen in the log\r\nat 14:50",
        at(60_000),
    )
    .sign(&team.ana.key);
    let (body, signature) = text.rsplit_once("signature: ").unwrap();
    let digest = plan.digest();
    assert_snapshot!(body.replace(&digest, "<digest>"), @r"
    oust approval, version 1
    decision: approve
    run: r_0193f2
    plan: <digest>
    org: example.okta.com (00o1n8sbwArJ7OQRw406)
    subjects: 1: alex@contoso.example (00ujkPI1q4Pa7UeFg5d7)
    by: Ana Duarte
    at: 2026-03-10T15:00:00.000Z
    expires: 2026-03-10T19:00:00.000Z
    reason: seen in the log at 14:50
    ");
    assert_eq!(signature.trim().len(), 88);
    let vote = verified(&text, &team.rules).unwrap();
    assert_eq!(
        (vote.by(), vote.approves(), vote.how()),
        ("Ana Duarte", true, "key")
    );
    // A mail or an editor takes the last line's end, or adds one.
    assert!(verified(text.trim_end(), &team.rules).is_ok());
    assert!(verified(&format!("{text}\n"), &team.rules).is_ok());
}

#[test]
fn a_text_that_was_changed_by_one_character_is_refused() {
    let team = team();
    let text = team.ana.says(&plan(), true, at(0));
    for place in 0..text.trim_end().len() {
        for other in ['0', ' ', '\n', '\u{200b}'] {
            let mut changed = text.clone();
            changed.replace_range(place..=place, &other.to_string());
            if changed.trim_end() == text.trim_end() {
                continue;
            }
            let refused = verified(&changed, &team.rules);
            assert!(refused.is_err(), "at {place} `{other}`:\n{changed}");
        }
    }
    for changed in [
        text.replace('\n', "\r\n"),
        text.replacen("decision: approve", "decision:  approve", 1),
        format!("\u{feff}{text}"),
        format!("{text}{text}"),
        format!("{text}more: of it\n"),
        "x".repeat(20_000),
        String::new(),
    ] {
        assert!(Signed::parse(&changed).is_err(), "{changed}");
    }
}

#[test]
fn a_key_signs_for_its_own_name_alone() {
    let team = team();
    let plan = plan();
    let forged = Statement::about(&plan, true, "Ben Okoro", "", at(0)).sign(&team.ana.key);
    assert!(matches!(
        verified(&forged, &team.rules),
        Err(FormError::Forged { by }) if by == "Ben Okoro"
    ));
    let stranger = Statement::about(&plan, true, "Eve", "", at(0)).sign(&team.ana.key);
    assert!(matches!(
        verified(&stranger, &team.rules),
        Err(FormError::Stranger { by }) if by == "Eve"
    ));
    let mut long = Statement::about(&plan, true, "Ana Duarte", "", at(0));
    long.expires = at(0).plus(APPROVAL_FOR + Duration::from_millis(1));
    let refused = verified(&long.sign(&team.ana.key), &team.rules);
    assert_eq!(refused, Err(FormError::TooLate));
}

#[test]
fn two_of_three_agree_and_the_consent_is_of_this_plan_alone() {
    let team = team();
    let plan = plan();
    let votes = [&team.ana, &team.cleo].map(|one| {
        let text = one.says(&plan, true, at(1_000));
        verified(&text, &team.rules).unwrap()
    });
    let now = at(0).plus(APPROVAL_FOR);
    let given = consent(&plan, &votes, &team, now).unwrap();
    assert_eq!(given.kind(), ConsentKind::Approved);
    assert_eq!(given.by(), "Ana Duarte, Cleo");
    assert!(given.covers(&plan));
    assert_eq!(given.votes().len(), 2);
    let other = PlanSample::about(vec![subject("00uben", "ben@contoso.example")]).plan();
    assert!(!given.covers(&other));

    let alone = consent(&plan, &votes[..1], &team, at(2_000)).unwrap_err();
    assert_snapshot!(alone, @"1 of 2 approvals: Ana Duarte agreed; one more has to, of Ben Okoro, Cleo");
    let nobody = consent(&plan, &[], &team, at(2_000)).unwrap_err();
    assert_snapshot!(nobody, @"0 of 2 approvals: nobody agreed yet; 2 more have to, of Ana Duarte, Ben Okoro, Cleo");
}

#[test]
fn whose_vote_does_not_count() {
    let team = team();
    let plan = plan();
    let vote = |who: &Person, plan: &Plan, when| {
        verified(&who.says(plan, true, when), &team.rules).unwrap()
    };
    let objects = |votes: &[Vote], asker: &str, now| {
        let weighed = weigh(&plan, votes, &team.rules, &[asker], (plan.made_at, now));
        weighed.objections.first().map(ToString::to_string)
    };
    let good = vote(&team.ana, &plan, at(0));
    assert_eq!(
        objects(std::slice::from_ref(&good), "dana", at(1_000)),
        None
    );
    let hour = Duration::from_secs(3_600);
    let mut told = Vec::new();
    let mut tell = |objection: Option<String>| told.push(objection.unwrap_or_default());
    tell(objects(&[good.clone(), good.clone()], "dana", at(1_000)));
    tell(objects(
        std::slice::from_ref(&good),
        "ana duarte",
        at(1_000),
    ));
    tell(objects(
        &[vote(&team.ana, &plan, at(600_000))],
        "dana",
        at(0),
    ));
    tell(objects(
        std::slice::from_ref(&good),
        "dana",
        at(0).plus(hour * 4),
    ));
    tell(objects(&[], "dana", at(1).plus(hour * 4)));
    let mut later = plan.clone();
    later.run = oust::model::RunId::new("r_other");
    tell(objects(
        &[vote(&team.ana, &later, at(0))],
        "dana",
        at(1_000),
    ));
    let mut wider = plan.clone();
    wider.stages.clear();
    tell(objects(
        &[vote(&team.ana, &wider, at(0))],
        "dana",
        at(1_000),
    ));
    assert_snapshot!(told.join("\n"), @r"
    Ana Duarte decided already: each counts once
    Ana Duarte asks for this: somebody else has to approve it
    the decision of Ana Duarte is dated 2026-03-10T15:09:00.000Z, which is still to come
    the decision of Ana Duarte has expired at 2026-03-10T18:59:00.000Z
    the plan was made at 2026-03-10T14:59:00.000Z; approvals hold for 4 hours from then
    the decision of Ana Duarte is about run r_other
    the decision of Ana Duarte is about another plan
    ");
    // Any of them refuses the whole, and what is wrong is said.
    let cleo = vote(&team.cleo, &plan, at(0));
    let refused = consent(&plan, &[good.clone(), good, cleo], &team, at(1_000));
    assert!(matches!(
        refused,
        Err(ConsentError::Objected(Objection::Twice { .. }))
    ));
}

#[test]
fn nobody_decides_about_himself_however_he_comes() {
    let team = team();
    let about_ben =
        PlanSample::about(vec![alex(), subject("00uben", "b.okoro@contoso.example")]).plan();
    for approve in [true, false] {
        let text = team.ben.says(&about_ben, approve, at(0));
        let by_key = verified(&text, &team.rules).unwrap();
        let signed_in = |by, okta_id| {
            let digest = about_ben.digest();
            let given = SignedIn {
                by,
                okta_id,
                approve,
                run: &about_ben.run,
                digest: &digest,
                at: at(0),
                how: "console",
                reason: "",
            };
            Vote::signed_in(&given, &team.rules)
        };
        for vote in [
            by_key,
            signed_in("ben okoro", None),
            signed_in("nobody", Some("00uben")),
            signed_in("B.Okoro@contoso.example", None),
            signed_in("b.okoro", None),
        ] {
            let refused = consent(&about_ben, &[vote], &team, at(1)).unwrap_err();
            let about_him = matches!(refused, ConsentError::Objected(Objection::Subject { .. }));
            assert!(about_him, "{refused}");
        }
    }
}

#[test]
fn who_signs_and_clicks_counts_once() {
    let team = team();
    let plan = plan();
    let by_key = verified(&team.ana.says(&plan, true, at(0)), &team.rules).unwrap();
    let digest = plan.digest();
    let clicked = |by, okta_id| {
        let given = SignedIn {
            by,
            okta_id,
            approve: true,
            run: &plan.run,
            digest: &digest,
            at: at(5),
            how: "console",
            reason: "",
        };
        Vote::signed_in(&given, &team.rules)
    };
    for vote in [
        clicked("ANA DUARTE", None),
        clicked("ana's phone", Some("00uana")),
    ] {
        let refused = consent(&plan, &[by_key.clone(), vote], &team, at(10)).unwrap_err();
        let twice = matches!(refused, ConsentError::Objected(Objection::Twice { .. }));
        assert!(twice, "{refused}");
    }
    // Somebody of whom nothing is known but a token with the power counts as himself.
    let other = clicked("ravi", Some("00uravi"));
    assert!(consent(&plan, &[by_key, other], &team, at(10)).is_ok());
}

#[test]
fn a_no_among_them_refuses_and_who_asked_may_take_it_back() {
    let team = team();
    let plan = plan();
    let vote = |who: &Person, approve| {
        let text = Statement::about(&plan, approve, who.name, "on leave, call first", at(0));
        verified(&text.sign(&who.key), &team.rules).unwrap()
    };
    let votes = [
        vote(&team.ana, true),
        vote(&team.ben, true),
        vote(&team.cleo, false),
    ];
    let refused = consent(&plan, &votes, &team, at(1)).unwrap_err();
    assert_snapshot!(refused, @"Cleo denied it (“on leave, call first”): nothing was written");
    let weighed = weigh(&plan, &votes[2..], &team.rules, &["cleo"], (at(0), at(1)));
    assert!(weighed.denied.is_some() && weighed.objections.is_empty());
}

#[test]
fn an_approver_reads_whom_and_what_and_what_is_for_good() {
    let lines = brief(&plan());
    let text: Vec<String> = lines
        .iter()
        .map(|line| format!("{}{}", line.kind.mark(), line.text))
        .collect();
    assert_snapshot!(text.join("\n"), @r"
    whose account  alex@contoso.example (00ujkPI1q4Pa7UeFg5d7), ACTIVE, an administrator
                   at example.okta.com (00o1n8sbwArJ7OQRw406)
                   Okta account takeover, the playbook account-takeover
                   asked for by dana, planned at 2026-03-10T14:59:00.000Z
                   the intruder is taken to be in since 2026-03-10T13:30:00.000Z (given)
                   case INC-2231
                   because: push fatigue, then a new device
    would          okta: suspend alex@contoso.example
    for good       okta: delete factor \u{202e}phone
    ");
    assert!(brief_difference(&plan(), &plan()).is_empty());
}

#[test]
fn an_approver_sees_what_has_changed_since() {
    let before = plan();
    let mut now = PlanSample::about(vec![alex()])
        .stage("evict")
        .step(
            "okta.suspend_user",
            "suspend alex@contoso.example",
            &[("user", "00ujkPI1q4Pa7UeFg5d7", "alex@contoso.example")],
        )
        .step(
            "okta.delete_factors",
            "delete factor of the intruder",
            &[("factor", "opf2", "his phone")],
        )
        .plan();
    now.playbook.digest = "6f".repeat(32);
    let lines = brief_difference(&before, &now);
    let text: Vec<String> = lines
        .iter()
        .map(|line| format!("{}{}", line.kind.mark(), line.text))
        .collect();
    assert_snapshot!(text.join("\n"), @r"
    !              the playbook has changed
    +              okta: delete factor of the intruder
    -              okta: delete factor \u{202e}phone
    ");
}
