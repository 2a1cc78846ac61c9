//! Notices: what each receiver is sent, that its signature can be checked, and that nobody waits for
//! a receiver that does not answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::{Request, Response};
use oust::given::{Clock, Rng, SystemClock, SystemRng};
use oust::model::{RunId, Verdict};
use oust::notify::{
    Notice, NoticeKind, Notifier as _, Receiver, SIGNATURE, Sender, Shape, Tell, Where, signature,
};
use oust::transport::{SecretRef, Wire, WireError, WireLimits};
use serde_json::Value;

use crate::samples::at;

/// What was sent, and how it is answered.
#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Request<Vec<u8>>>>,
    /// Statuses to answer with, the next first; 200 when they are used up.
    answers: Mutex<Vec<u16>>,
    hangs: bool,
}

#[async_trait]
impl Wire for Seen {
    async fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: WireLimits,
    ) -> Result<Response<Vec<u8>>, WireError> {
        self.requests.lock().unwrap().push(request);
        if self.hangs {
            tokio::time::sleep(limits.call).await;
            return Err(WireError::Silent("it did not answer".into()));
        }
        let mut answers = self.answers.lock().unwrap();
        let status = if answers.is_empty() {
            200
        } else {
            answers.remove(0)
        };
        let mut answer = Response::new(Vec::new());
        *answer.status_mut() = http::StatusCode::from_u16(status).unwrap();
        Ok(answer)
    }
}

impl Seen {
    fn bodies(&self) -> Vec<Value> {
        let requests = self.requests.lock().unwrap();
        let bodies = requests.iter();
        bodies
            .map(|request| serde_json::from_slice(request.body()).unwrap())
            .collect()
    }
}

const SECRET: &str = "a shared secret";

/// A file that a secret is read from, for as long as it is held.
fn kept(text: &str) -> (tempfile::NamedTempFile, SecretRef) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let place = SecretRef::File(file.path().into());
    (file, place)
}

fn receiver(shape: Shape, secret: Option<SecretRef>) -> Receiver {
    Receiver {
        url: Where::Plain("https://soc.example/oust".parse().unwrap()),
        secret,
        shape,
        tell: Tell::ALL.to_vec(),
    }
}

fn sender(seen: &Arc<Seen>, receivers: Vec<Receiver>) -> Sender {
    let wire: Arc<dyn Wire> = seen.clone();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let rng: Arc<dyn Rng> = Arc::new(SystemRng::default());
    Sender::start(receivers, &wire, &clock, &rng, "oust/test")
}

fn starting() -> Notice {
    Notice {
        at: at(0),
        what: NoticeKind::Starting {
            run: RunId::new("r_1"),
            subjects: vec!["<!channel>\u{202e} *alex*@contoso.example".into()],
            playbook: "account-takeover".into(),
            by: "kim".into(),
            user_agent: "oust/0.1.0 run=r_1".into(),
        },
    }
}

fn ended(verdict: Verdict) -> Notice {
    Notice {
        at: at(9_000),
        what: NoticeKind::Ended {
            run: RunId::new("r_1"),
            subjects: vec!["alex@contoso.example".into()],
            verdict,
            says: "all of it is proven".into(),
            ledger_head: Some((7, "ab".repeat(32))),
        },
    }
}

#[tokio::test]
async fn our_own_form_is_signed_over_its_time_and_every_byte() {
    let seen = Arc::new(Seen::default());
    let (_file, secret) = kept(SECRET);
    let sender = sender(&seen, vec![receiver(Shape::Oust, Some(secret))]);
    sender.tell(starting());
    sender.tell(ended(Verdict::Contained));
    sender.flush(Duration::from_secs(2)).await;
    let requests = seen.requests.lock().unwrap();
    assert_eq!(requests.len(), 2);
    for request in requests.iter() {
        let header = request.headers()[SIGNATURE].to_str().unwrap();
        let (time, _) = header.strip_prefix("t=").unwrap().split_once(',').unwrap();
        let secret = SECRET.to_owned().into();
        let seconds = time.parse().unwrap();
        assert_eq!(signature(&secret, seconds, request.body()), header);
        let mut other = request.body().clone();
        other[20] ^= 1;
        assert_ne!(signature(&secret, seconds, &other), header);
        assert_ne!(signature(&secret, seconds + 1, request.body()), header);
        assert_eq!(request.headers()["user-agent"], "oust/test");
    }
    let text = String::from_utf8(requests[0].body().clone()).unwrap();
    assert!(!text.contains('\u{202e}'), "{text}");
    drop(requests);
    let bodies = seen.bodies();
    assert_eq!(bodies[0]["notice"], "starting");
    assert_eq!(bodies[0]["user_agent"], "oust/0.1.0 run=r_1");
    assert_eq!(bodies[1]["notice"], "ended");
    assert_eq!(bodies[1]["ledger_head"][0], 7);
    assert_ne!(bodies[0]["id"], bodies[1]["id"]);
}

#[test]
fn the_signature_is_the_known_one() {
    // `printf '1700000000.{}' | openssl dgst -sha256 -hmac key`
    let value = signature(&"key".to_owned().into(), 1_700_000_000, b"{}");
    assert_eq!(
        value,
        "t=1700000000,v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae"
    );
}

#[tokio::test]
async fn at_slack_a_login_mentions_nobody_and_formats_nothing() {
    let seen = Arc::new(Seen::default());
    let (_file, url) = kept("https://hooks.slack.com/services/T0/B0/secret\n");
    let slack = Receiver {
        url: Where::Secret(url),
        ..receiver(Shape::Slack, None)
    };
    let sender = sender(&seen, vec![slack]);
    sender.tell(starting());
    sender.flush(Duration::from_secs(2)).await;
    let body = &seen.bodies()[0];
    let text = body["text"].as_str().unwrap();
    assert!(text.contains("&lt;!channel&gt;\\u{202e}"), "{text}");
    assert!(!text.contains(['<', '>']), "{text}");
    assert_eq!(body["mrkdwn"], false);
    assert_eq!(body["blocks"][0]["text"]["type"], "plain_text");
    let requests = seen.requests.lock().unwrap();
    let uri = requests[0].uri().to_string();
    assert_eq!(uri, "https://hooks.slack.com/services/T0/B0/secret");
    assert!(!requests[0].headers().contains_key(SIGNATURE));
}

#[tokio::test]
async fn at_pagerduty_a_run_opens_an_alert_and_its_good_end_resolves_it() {
    let seen = Arc::new(Seen::default());
    let (_file, key) = kept("R0123456789012345678901234567890");
    let pagerduty = Receiver {
        url: Where::PagerDuty,
        ..receiver(Shape::PagerDuty, Some(key))
    };
    let sender = sender(&seen, vec![pagerduty]);
    for notice in [
        starting(),
        ended(Verdict::Partial),
        ended(Verdict::Contained),
    ] {
        sender.tell(notice);
    }
    sender.flush(Duration::from_secs(2)).await;
    let bodies = seen.bodies();
    let uri = seen.requests.lock().unwrap()[0].uri().to_string();
    assert_eq!(uri, "https://events.pagerduty.com/v2/enqueue");
    let actions: Vec<&str> = bodies
        .iter()
        .map(|body| body["event_action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["trigger", "trigger", "resolve"]);
    for body in &bodies {
        assert_eq!(body["dedup_key"], "oust/r_1");
        assert_eq!(body["routing_key"], "R0123456789012345678901234567890");
        assert!(body["payload"]["summary"].as_str().unwrap().len() <= 1_024);
    }
    assert_eq!(bodies[1]["payload"]["severity"], "critical");
}

#[tokio::test]
async fn each_hears_what_it_wants_to_hear() {
    let seen = Arc::new(Seen::default());
    let only = Receiver {
        tell: vec![Tell::Ended],
        ..receiver(Shape::Oust, None)
    };
    let sender = sender(&seen, vec![only]);
    sender.tell(starting());
    sender.tell(ended(Verdict::Contained));
    sender.flush(Duration::from_secs(2)).await;
    let bodies = seen.bodies();
    assert_eq!(bodies.len(), 1);
    assert_eq!(bodies[0]["notice"], "ended");
}

#[tokio::test(start_paused = true)]
async fn what_was_handed_over_leaves_before_whoever_told_it_goes_on_to_wait() {
    let seen = Arc::new(Seen::default());
    let sender = sender(&seen, vec![receiver(Shape::Oust, None)]);
    // The commit that stands before the first write, at its fastest.
    tokio::time::sleep(Duration::from_millis(1)).await;
    sender.tell(starting());
    assert!(
        seen.requests.lock().unwrap().is_empty(),
        "tell sends nothing itself"
    );
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(seen.requests.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_hangs_delays_nobody_and_is_given_up() {
    let hangs = Arc::new(Seen {
        hangs: true,
        ..Seen::default()
    });
    let began = tokio::time::Instant::now();
    let sender = sender(&hangs, vec![receiver(Shape::Oust, None)]);
    for _ in 0..1_000 {
        sender.tell(starting());
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
    sender.flush(Duration::from_secs(2)).await;
    assert_eq!(began.elapsed(), Duration::from_secs(2));
    assert_eq!(hangs.requests.lock().unwrap().len(), 1);
    sender.tell(starting());
}

#[tokio::test(start_paused = true)]
async fn what_was_not_taken_is_tried_a_few_times_with_the_same_id() {
    let seen = Arc::new(Seen::default());
    *seen.answers.lock().unwrap() = vec![503, 429, 200, 500, 500, 500, 400];
    let sender = sender(&seen, vec![receiver(Shape::Oust, None)]);
    for _ in 0..4 {
        sender.tell(starting());
    }
    sender.flush(Duration::from_secs(60)).await;
    let bodies = seen.bodies();
    let ids: Vec<&str> = bodies
        .iter()
        .map(|body| body["id"].as_str().unwrap())
        .collect();
    // Three attempts for the first, three in vain for the second, one that is refused for good.
    assert_eq!(ids.len(), 8);
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[3] == ids[5]);
    assert!(ids[2] != ids[3] && ids[5] != ids[6] && ids[6] != ids[7]);
}

#[tokio::test]
async fn a_secret_that_is_no_address_sends_nothing_and_is_not_told() {
    let seen = Arc::new(Seen::default());
    for text in [
        "http://hooks.example/secret",
        "not an address",
        "https://u:p@h.example/",
    ] {
        let (_file, url) = kept(text);
        let slack = Receiver {
            url: Where::Secret(url),
            ..receiver(Shape::Slack, None)
        };
        let sender = sender(&seen, vec![slack]);
        sender.tell(starting());
        sender.flush(Duration::from_secs(2)).await;
    }
    assert!(seen.requests.lock().unwrap().is_empty());
}
