//! Sessions assumed from sessions, and a trail that is longer than anybody reads.

use oust::model::{OutcomeKind, Select, Skip};
use oust_mocks::aws::PRODUCTION;
use oust_mocks::aws::state::Event;
use serde_json::{Value, json};

use super::desk::{ALEX, Desk, contoso, in_role};
use crate::wire::now_ms;

/// An `AssumeRole` event of production.
fn assumed(aws: &oust_mocks::aws::Aws, from: (&str, &str), to: (&str, &str), at_ms: i64) -> Event {
    let id = |role: &str| {
        aws.role(PRODUCTION, role)
            .map(|role| role.id.clone())
            .unwrap()
    };
    let (role, name) = to;
    let record = json!({
        "eventName": "AssumeRole", "readOnly": true,
        "userIdentity": {
            "type": "AssumedRole", "accountId": PRODUCTION,
            "principalId": format!("{}:{}", id(from.0), from.1),
        },
        "responseElements": { "assumedRoleUser": {
            "assumedRoleId": format!("{}:{name}", id(role)),
            "arn": format!("arn:aws:sts::{PRODUCTION}:assumed-role/{role}/{name}"),
        }},
    });
    Event {
        id: format!("{from:?}{to:?}{at_ms}"),
        name: "AssumeRole".into(),
        source: "sts.amazonaws.com".into(),
        at_ms,
        region: "us-east-1".into(),
        username: from.1.into(),
        record,
        told: true,
    }
}

fn minutes_ago(minutes: i64) -> i64 {
    now_ms() - minutes * 60_000
}

#[tokio::test(start_paused = true)]
async fn a_chain_is_followed_to_its_end() {
    let desk = Desk::of(contoso().with_aws(|aws| {
        let on = assumed(
            aws,
            ("Deploy", "ops-nightly"),
            ("app-server", "deep"),
            minutes_ago(6),
        );
        aws.accounts.get_mut(PRODUCTION).unwrap().trail.push(on);
    }));
    let changes = desk.changes().await;
    let deep = &changes[&in_role("deep", "app-server")];
    assert!(
        deep.sentence.contains("assumed from ops-nightly"),
        "{}",
        deep.sentence
    );
    assert_eq!(desk.apply(deep).await.kind, OutcomeKind::Done);
}

/// Kim assumed the same role under the very same name: no policy tells the two apart.
#[tokio::test(start_paused = true)]
async fn a_session_that_somebody_else_has_too_is_left_to_a_person() {
    let desk = Desk::of(contoso().with_aws(|aws| {
        let kim = ("Admin", "kim@contoso.example");
        let same = assumed(aws, kim, ("Deploy", "ops-nightly"), minutes_ago(20));
        aws.accounts.get_mut(PRODUCTION).unwrap().trail.push(same);
    }));
    let planned = desk.plan("deny_sessions", ALEX, Select::All).await;
    let label = in_role("ops-nightly", "Deploy");
    assert!(
        !planned
            .changes
            .iter()
            .any(|change| change.target.label == label)
    );
    let kept = planned
        .kept
        .iter()
        .find(|kept| kept.target.label == label)
        .unwrap();
    assert!(
        kept.suspect && kept.why.contains("somebody else"),
        "{}",
        kept.why
    );
}

/// Services assume roles without end. What he did is asked for by name then, page by page, twice a
/// second, and throttling is waited out.
#[tokio::test(start_paused = true)]
async fn where_there_is_too_much_he_is_asked_for_by_name() {
    let noise = |aws: &mut oust_mocks::aws::Aws, n: i64| {
        let account = aws.accounts.get_mut(PRODUCTION).unwrap();
        for i in 0..n {
            account.trail.push(Event {
                id: format!("noise{i}"),
                name: "AssumeRole".into(),
                source: "sts.amazonaws.com".into(),
                at_ms: now_ms() - 6 * 60_000 - i,
                region: "us-east-1".into(),
                username: "ecs".into(),
                record: json!({
                    "eventName": "AssumeRole", "userIdentity": { "type": "AWSService" },
                    "responseElements": Value::Null,
                }),
                told: true,
            });
        }
    };
    let desk = Desk::of(contoso().with_aws(|aws| noise(aws, 2_000)));
    let began = desk.reader.clock().elapsed();
    let planned = desk.plan("deny_sessions", ALEX, Select::All).await;
    let label = in_role("ops-nightly", "Deploy");
    assert!(
        planned
            .changes
            .iter()
            .any(|change| change.target.label == label)
    );
    assert_eq!(planned.skip, None);
    let took = desk.reader.clock().elapsed() - began;
    let calls = {
        let range = desk.org.range();
        let all = range.journal.entries();
        all.iter()
            .filter(|e| e.path.ends_with("/LookupEvents"))
            .count()
    };
    assert!(
        took.as_secs_f64() >= (calls - 1) as f64 * 0.5,
        "{calls} calls in {took:?}"
    );
    // Planned again for another subject, nothing is asked anew.
    desk.plan("deny_sessions", ALEX, Select::All).await;
    let range = desk.org.range();
    let after = range
        .journal
        .entries()
        .iter()
        .filter(|e| e.path.ends_with("/LookupEvents"))
        .count();
    assert_eq!(after, calls);
}

/// He buries his own traces: what could not be read is open, and said.
#[tokio::test(start_paused = true)]
async fn what_was_not_read_is_said() {
    let desk = Desk::of(contoso().with_aws(|aws| {
        let admin = ("Admin", ALEX);
        let at = minutes_ago(6);
        let flood: Vec<Event> = (0..600)
            .map(|i| assumed(aws, admin, ("Deploy", &format!("n{i}x")), at - i))
            .collect();
        aws.accounts
            .get_mut(PRODUCTION)
            .unwrap()
            .trail
            .extend(flood);
    }));
    let planned = desk.plan("deny_sessions", ALEX, Select::All).await;
    let Some(Skip::Unread { why }) = &planned.skip else {
        panic!("{:?}", planned.skip)
    };
    assert!(why.contains("only the newest 500 were read"), "{why}");
    assert!(planned.changes.len() > 400, "what was read is denied");
}

/// What the trail says is written by whoever called: odd events are counted, none is followed.
#[tokio::test(start_paused = true)]
async fn an_odd_event_is_counted_and_followed_nowhere() {
    let desk = Desk::of(contoso().with_aws(|aws| {
        let mut odd = assumed(aws, ("Admin", ALEX), ("Deploy", "fine"), minutes_ago(7));
        odd.record["responseElements"]["assumedRoleUser"]["assumedRoleId"] =
            "AROAX:${aws:PrincipalTag/x}*".into();
        aws.accounts.get_mut(PRODUCTION).unwrap().trail.push(odd);
    }));
    let planned = desk.plan("deny_sessions", ALEX, Select::All).await;
    let Some(Skip::Unread { why }) = &planned.skip else {
        panic!("{:?}", planned.skip)
    };
    assert!(why.contains("1 event could not be understood"), "{why}");
    let told = format!("{:?}", planned.changes);
    assert!(
        !told.contains("PrincipalTag") && !told.contains('*'),
        "{told}"
    );
}
