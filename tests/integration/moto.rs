//! moto as an independent judge of what we do at AWS: its IAM, written by others, is enforced.
//!
//! A session of the subject may act, is denied once our statement is written, and may act again once
//! it is taken out; somebody in another role, and the role that we act by, may act all the time.
//! That is moto's own word: it holds signatures against secrets and requests against policies.
//!
//! What it does not judge: moto reads no `Condition` of a policy, so that our statement denies the
//! whole role there. Whom it names is therefore weighed by a second evaluator, iam-simulate, fed with
//! the policies that moto stores. Neither has `SimulatePrincipalPolicy` or CloudTrail's
//! `LookupEvents` (moto answers 500): what our proof and our plan make of that is seen here as well.
//!
//! Skipped, saying so, unless `OUST_MOTO` names a moto server and `OUST_IAM_SIMULATE` the directory
//! of iam-simulate; `.ci/moto` starts both and sets `OUST_JUDGED=1`, by which a skip is a failure.

mod judge;

use std::sync::Arc;

use oust::connector::{Identified, Step, System};
use oust::connectors::{Opened, Opening, REGISTER};
use oust::consent::{Asked, Consent};
use oust::given::{Clock as _, SystemClock, SystemRng};
use oust::model::{
    ActionId, Applied, Case, Change, OutcomeKind, ProofState, Select, Source, StepKey, SystemId,
    Window, WindowHow,
};
use oust::transport::{HttpWire, Reader, Writer};
use serde_json::{Value, json};

use crate::okta::desk::some_plan;
use crate::samples;
use judge::{ACCOUNT, Moto, RESPONDER};

const ALEX: &str = "alex@contoso.example";
const KIM: &str = "kim@contoso.example";

/// Our policy's name.
const OURS: &str = "OustRevoke";

/// The connector at moto's account, and consent to what is tried.
struct Desk {
    system: System,
    reader: Reader,
    case: Case,
    consent: Consent,
}

impl Desk {
    fn at(moto: &Moto) -> Self {
        let clock = Arc::new(SystemClock::new());
        let now = clock.now();
        let row = REGISTER.iter().find(|row| row.vendor.id == "aws").unwrap();
        let opened = (row.open)(&Opening {
            id: SystemId::new("aws"),
            settings: json!({
                "auth": {
                    "access_key_id": { "file": moto.secret("id", &moto.keys.id) },
                    "secret_access_key": { "file": moto.secret("secret", &moto.keys.secret) },
                },
                "accounts": [{
                    "id": ACCOUNT, "role_arn": format!("arn:aws:iam::{ACCOUNT}:role/{RESPONDER}"),
                }],
                "saml_providers": ["okta"],
                "iam_url": moto.url, "sts_url": moto.url, "cloudtrail_url": moto.url,
            }),
            wire: Arc::new(HttpWire::new().unwrap()),
            clock,
            rng: Arc::new(SystemRng::default()),
            user_agent: "oust/test run=r_moto".into(),
            budgets: oust::transport::Budgets::default(),
        });
        let Ok(Opened::Service(system)) = opened else {
            panic!("AWS is a service, and these settings are good");
        };
        let case = Case {
            subjects: Vec::new(),
            window: Window {
                start: now.minus(std::time::Duration::from_secs(7_200)),
                end: None,
                how: WindowHow::Given,
            },
            id: None,
            reason: None,
            source: Source::Person("test".into()),
            began: None,
            intruders: Vec::new(),
        };
        let asked = Asked { shown_at: now, now };
        Self {
            reader: Reader::new(system.client.clone()),
            consent: Consent::yes(&some_plan(&case, now), "test", asked).unwrap(),
            system,
            case,
        }
    }

    /// What denies this session in this role, of all that is planned for him.
    async fn denial(&self, name: &str, role: &str) -> Change {
        let step = Step {
            key: StepKey {
                stage: 2,
                step: 0,
                system: 0,
            },
            action: ActionId::new("aws", "deny_sessions"),
            system: SystemId::new("aws"),
            settings: json!({}).into(),
            select: Select::All,
            again: false,
        };
        let who = [Identified {
            subject: samples::subject("00u1", name),
            id: name.into(),
        }];
        let connector = &self.system.connector;
        let planned = connector.plan(&self.reader, &step, &who, &self.case).await;
        let [planned] = &planned[..] else {
            panic!("{planned:?}")
        };
        let mut all = planned.changes.iter();
        let ours = all.find(|change| change.target.label.contains(role));
        ours.unwrap_or_else(|| panic!("{role}: {planned:?}"))
            .clone()
    }

    async fn applied(&self, change: Change) -> Applied {
        let writer = Writer::new(&self.reader, &self.consent);
        let batch = std::slice::from_ref(&change);
        let mut outcomes = self.system.connector.apply(&writer, batch).await;
        Applied::alone(change, outcomes.remove(0))
    }

    async fn proof(&self, done: &Applied) -> (ProofState, String) {
        let done = std::slice::from_ref(done);
        let mut proofs = self.system.connector.prove(&self.reader, done).await;
        let proof = proofs.remove(0);
        (proof.state, proof.how)
    }
}

#[tokio::test]
async fn the_subject_s_session_is_denied_and_given_back_and_nobody_else_is_touched() {
    let Some(moto) = Moto::furnished().await else {
        return;
    };
    let alex = moto.signs_in(ALEX, "Admin").await;
    let other_role = moto.signs_in(KIM, "Auditor").await;
    moto.enforce().await;
    for session in [&alex, &other_role] {
        assert!(moto.may_act(session).await, "before anything was done");
    }
    // moto is no judge that lets everything pass.
    assert!(!moto.may_act(&alex.with_a_wrong_secret()).await);

    let desk = Desk::at(&moto);
    let before = moto.policies("Admin").await;
    let denied = desk.applied(desk.denial(ALEX, "Admin").await).await;
    assert_eq!(denied.outcome.kind, OutcomeKind::Done, "{denied:?}");
    assert!(!moto.may_act(&alex).await, "his session still acts");
    assert!(moto.may_act(&other_role).await, "somebody in another role");
    let (state, how) = desk.proof(&denied).await;
    assert_ne!(state, ProofState::Refuted, "{how}");

    // Twice changes once.
    let stands = moto.policies("Admin").await;
    let again = desk.applied(denied.change.as_ref().clone()).await;
    assert!(again.outcome.kind.is_good(), "{again:?}");
    assert_eq!(moto.policies("Admin").await.len(), stands.len());

    let undo = desk.system.connector.inverse(&denied).unwrap();
    for change in undo {
        let undone = desk.applied(change).await;
        assert_eq!(undone.outcome.kind, OutcomeKind::Done, "{undone:?}");
        assert!(moto.may_act(&other_role).await, "somebody in another role");
    }
    assert!(moto.may_act(&alex).await, "he was given back");
    assert_eq!(moto.policies("Admin").await, before, "as it was");
}

#[tokio::test]
async fn whom_the_statement_names_is_weighed_by_a_second_evaluator() {
    let Some(moto) = Moto::furnished().await else {
        return;
    };
    moto.enforce().await;
    let desk = Desk::at(&moto);
    let denied = desk.applied(desk.denial(ALEX, "Admin").await).await;
    assert_eq!(denied.outcome.kind, OutcomeKind::Done, "{denied:?}");
    let policies = moto.policies("Admin").await;
    assert!(policies.contains_key(OURS), "{policies:?}");
    let role = moto.role_id("Admin").await;
    let (now, hours) = (SystemClock::new().now(), 3_600_000);
    let at = |hours_later: i64| {
        let at = oust::model::Utc::from_millis(now.millis() + hours_later * hours);
        format!("{}Z", &at.to_string()[..19])
    };
    let session = |name: &str, issued: String| {
        json!({
            "principal": format!("arn:aws:sts::{ACCOUNT}:assumed-role/Admin/{name}"),
            "context": { "aws:userid": format!("{role}:{name}"), "aws:TokenIssueTime": issued },
        })
    };
    let cases = [
        (session(ALEX, at(-1)), false, "his session of an hour ago"),
        (session(ALEX, at(2)), true, "his session of later on"),
        (session(KIM, at(-1)), true, "somebody else in the same role"),
        (
            session("Alex@contoso.example", at(-1)),
            true,
            "another spelling",
        ),
        (
            session("alex@contoso.example.org", at(-1)),
            true,
            "a longer name",
        ),
    ];
    let sessions: Vec<Value> = cases.iter().map(|(session, ..)| session.clone()).collect();
    let allowed = moto.weigh(&policies, &sessions);
    for ((_, expected, who), allowed) in cases.iter().zip(allowed) {
        assert_eq!(*expected, allowed, "{who}: {policies:#?}");
    }
}
