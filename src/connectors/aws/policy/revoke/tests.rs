//! What is ours, what is foreign, and that neither is ever made into more than it was.

use super::*;

const ROLE: &str = "AROAEXAMPLEADMIN0001";

fn at(text: &str) -> Utc {
    text.parse().unwrap()
}

fn alex() -> UserId {
    UserId::new("00u1alex")
}

fn session(name: &str) -> SessionId {
    SessionId::new(ROLE, name).unwrap()
}

/// Alex denied until two o'clock.
fn denied() -> Revocations {
    let mut ours = Revocations::default();
    ours.deny(
        &alex(),
        session("alex@x.example"),
        at("2026-03-10T14:00:00Z"),
    );
    ours
}

fn value(ours: &Revocations) -> Value {
    serde_json::from_str(&ours.document()).unwrap()
}

#[test]
fn what_is_written_is_exactly_this_and_is_read_as_ours() {
    let expected = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "Oust00u1alex", "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": {
                "StringEquals": { "aws:userid": ["AROAEXAMPLEADMIN0001:alex@x.example"] },
                "DateLessThan": { "aws:TokenIssueTime": "2026-03-10T14:00:00Z" },
            },
        }],
    });
    assert_eq!(value(&denied()), expected);
    assert_eq!(Revocations::read(&expected).unwrap(), denied());
    assert_eq!(denied().size(), denied().document().chars().count());
    assert_eq!(Revocations::default().size(), 0, "an empty one is deleted");
}

#[test]
fn one_statement_lists_many_and_each_is_taken_out_by_himself() {
    let mut ours = denied();
    let (two, three) = (at("2026-03-10T14:00:00Z"), at("2026-03-10T15:00:00Z"));
    let names: Vec<SessionId> = (100..150).map(|n| session(&format!("crowd-{n}"))).collect();
    let kim = UserId::new("00u2kim");
    for name in &names {
        ours.deny_jointly(name.clone(), three, three);
    }
    let statements = value(&ours)["Statement"].as_array().unwrap().len();
    assert_eq!(statements, 2);
    assert_eq!(Revocations::read(&value(&ours)).unwrap(), ours);
    assert_eq!(ours.cut_off(&kim, &names[7]), Some(three));
    assert_eq!(ours.cut_off(&alex(), &session("alex@x.example")), Some(two));

    // Later ones have a statement of their own: nobody's cut-off is moved by another's.
    let four = at("2026-03-10T16:00:00Z");
    ours.deny_jointly(session("late"), four, four);
    assert_eq!(ours.cut_off(&kim, &session("late")), Some(four));
    assert_eq!(ours.cut_off(&kim, &names[7]), Some(three));
    ours.deny_jointly(session("alex@x.example"), four, three);
    assert_eq!(
        ours.cut_off(&alex(), &session("alex@x.example")),
        Some(three)
    );
    assert!(ours.allow(&alex(), &session("alex@x.example")));
    assert_eq!(ours.cut_off(&alex(), &session("alex@x.example")), None);

    for name in &names {
        assert!(ours.allow(&kim, name));
        assert!(!ours.allow(&kim, name));
    }
    assert_eq!(ours.joint_sessions().count(), 1);
    assert!(ours.allow(&kim, &session("late")));
    assert!(ours.is_empty());
}

#[test]
fn a_cut_off_moves_forward_and_never_back() {
    let mut ours = denied();
    ours.deny(
        &alex(),
        session("alex@x.example"),
        at("2026-03-10T13:00:00Z"),
    );
    let cut_off = |ours: &Revocations| ours.cut_off(&alex(), &session("alex@x.example")).unwrap();
    assert_eq!(cut_off(&ours), at("2026-03-10T14:00:00Z"));
    // To the second, and not to the one before: a token of that second is issued before it.
    ours.deny(&alex(), session("build"), at("2026-03-10T15:00:00.001Z"));
    assert_eq!(cut_off(&ours), at("2026-03-10T15:00:01Z"));
    assert_eq!(Revocations::read(&value(&ours)).unwrap(), ours);
}

#[test]
fn only_the_subject_s_own_session_is_given_back() {
    let kim = UserId::new("00u2kim");
    let mut ours = denied();
    ours.deny(&kim, session("kim@x.example"), at("2026-03-10T14:00:00Z"));
    ours.deny(&alex(), session("build"), at("2026-03-10T14:00:00Z"));
    assert!(!ours.allow(&alex(), &session("kim@x.example")), "not his");
    assert!(ours.allow(&alex(), &session("alex@x.example")));
    assert!(!ours.allow(&alex(), &session("alex@x.example")), "again");
    assert_eq!(ours.sessions(&alex()), [session("build")]);
    assert!(ours.allow(&alex(), &session("build")));
    assert_eq!(ours.sessions(&alex()), []);
    assert_eq!(ours.sessions(&kim), [session("kim@x.example")]);
    assert!(ours.allow(&kim, &session("kim@x.example")) && ours.is_empty());
}

#[test]
fn no_name_that_could_be_more_than_a_name_gets_into_a_document() {
    for bad in [
        "*",
        "a",
        "",
        "al?x",
        "${aws:username}",
        "alex@x.example*",
        "a\"b",
        "a b",
        "a:b",
        "a/b",
        "ålex",
        "a\nb",
        "a%2a",
    ] {
        assert_eq!(SessionId::new(ROLE, bad), None, "{bad}");
    }
    assert_eq!(SessionId::new(ROLE, &"a".repeat(65)), None);
    assert!(SessionId::new(ROLE, "a_b+c=d,e.f@g-h").is_some());
    for bad in [
        "",
        "*",
        "AROA",
        "aroaexampleadmin0001",
        "AROAEXAMPLEADMIN${x}",
        "AROAEXAMPLEADMIN:x",
    ] {
        assert_eq!(SessionId::new(bad, "alex"), None, "{bad}");
    }
    // A name in another case is another session.
    assert_ne!(session("Alex@x.example"), session("alex@x.example"));
    assert_eq!(sid(&UserId::new("00u-1/${x}")), "Oust00u1x");
}

/// Everything that makes a policy of our name somebody else's, one thing at a time.
#[test]
fn anything_that_we_would_not_have_written_makes_it_foreign() {
    let change = |pointer: &str, to: Value| {
        let mut document = value(&denied());
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[key] = to;
        document
    };
    let statement = "/Statement/0";
    let at = |rest: &str| format!("{statement}/{rest}");
    let other = || json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    let ours = value(&denied())["Statement"][0].clone();
    for foreign in [
        change("/Version", json!("2008-10-17")),
        change("/Id", json!("x")),
        change("/Statement", json!([ours, other()])),
        change("/Statement", json!([ours, ours])),
        change("/Statement", json!("x")),
        change("/Statement", json!([ours, 7])),
        change(&at("Sid"), json!("Deny00u1")),
        change(&at("Sid"), json!("Oust-x")),
        change(&at("Effect"), json!("Allow")),
        change(&at("Action"), json!(["s3:*"])),
        change(&at("Action"), json!(["*", "s3:*"])),
        change(&at("Resource"), json!("arn:aws:s3:::x")),
        change(&at("NotPrincipal"), json!("*")),
        change(&at("Condition"), json!({})),
        change(
            &at("Condition/Bool"),
            json!({ "aws:MultiFactorAuthPresent": "false" }),
        ),
        change(&at("Condition/StringEquals"), json!({ "aws:UserId": "x" })),
        change(&at("Condition/StringEquals/aws:userid"), json!([])),
        change(&at("Condition/StringEquals/aws:userid"), json!(["*:alex"])),
        change(
            &at("Condition/StringEquals/aws:userid"),
            json!(["${aws:userid}"]),
        ),
        change(&at("Condition/StringEquals/aws:userid"), json!([7])),
        change(&at("Condition/StringEquals/saml:sub"), json!("x")),
        change(
            &at("Condition/DateLessThan/aws:TokenIssueTime"),
            json!("soon"),
        ),
        change(&at("Condition/DateLessThan/aws:TokenIssueTime"), json!([])),
        change(
            &at("Condition/DateLessThan/aws:CurrentTime"),
            json!("2026-03-10T14:00:00Z"),
        ),
    ] {
        assert!(Revocations::read(&foreign).is_err(), "{foreign}");
    }
}

#[test]
fn the_same_in_other_spellings_of_the_language_is_still_ours() {
    let mut document = value(&denied());
    let statement = &mut document["Statement"][0];
    statement["Action"] = json!(["*"]);
    statement["Resource"] = json!(["*"]);
    statement["Condition"]["StringEquals"]["aws:userid"] =
        json!("AROAEXAMPLEADMIN0001:alex@x.example");
    statement["Condition"]["DateLessThan"]["aws:TokenIssueTime"] =
        json!(["2026-03-10T14:00:00.000Z"]);
    document["Statement"] = document["Statement"][0].take();
    assert_eq!(Revocations::read(&document).unwrap(), denied());
}

/// Every pair of a few subjects, sessions and moments, in every order: what is written is read
/// as it was meant, no cut-off goes back, and taking out what was put in leaves what was before.
#[test]
fn whatever_is_merged_comes_out_again_as_it_went_in() {
    let subjects = ["00u1", "00u2", "00u3"].map(UserId::new);
    let names = ["alex@x.example", "Alex@x.example", "build"];
    let moments = [1_000, 1_773_151_262_001, 4_102_444_800_000].map(Utc::from_millis);
    let mut all = Vec::new();
    for subject in &subjects {
        for name in names {
            all.extend(moments.map(|moment| (subject.clone(), session(name), moment)));
        }
    }
    for (who, his, moment) in &all {
        for (other, hers, later) in &all {
            let mut ours = Revocations::default();
            ours.deny(who, his.clone(), *moment);
            let first = ours.clone();
            ours.deny(other, hers.clone(), *later);
            assert_eq!(Revocations::read(&value(&ours)).unwrap(), ours);
            assert!(ours.cut_off(who, his).unwrap() >= *moment);
            assert!(ours.cut_off(other, hers).unwrap() >= *later);
            let again = ours.clone();
            ours.deny(other, hers.clone(), *later);
            assert_eq!(ours, again, "a second time changes nothing");
            if (who, his) != (other, hers) {
                assert!(ours.allow(other, hers));
                assert_eq!(ours.sessions(who), first.sessions(who));
                assert!(ours.cut_off(who, his) >= first.cut_off(who, his));
            }
        }
    }
}
