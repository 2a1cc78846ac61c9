//! Who may send: every form with the right secret, the wrong one, an old one and none; and signatures
//! that were forged, changed or kept too long.

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use oust::alerts::{Form, KINDS, Refused, Source};
use serde_json::json;

use super::setup::{Ask, now, place, source};

const NEW: &str = "the-new-secret-0123456789";
const OLD: &str = "the-old-secret-0123456789";

fn body() -> String {
    json!({ "id": "1", "subject": { "login": "alex@contoso.example" } }).to_string()
}

/// A source that takes both secrets, and one that takes the new one alone.
async fn rotated(form: &str) -> (Source, Source) {
    let both = format!("[{}, {}]", place(NEW), place(OLD));
    let text = |secrets: &str| format!("kind: generic, auth: {}", form.replace("SECRET", secrets));
    (source(&text(&both)).await, source(&text(&place(NEW))).await)
}

fn hex(secret: &str, message: &[&[u8]]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut made = hmac::Context::with_key(&key);
    message.iter().for_each(|part| made.update(part));
    made.sign()
        .as_ref()
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

fn ours(secret: &str, time: i64, body: &str) -> String {
    let hex = hex(
        secret,
        &[time.to_string().as_bytes(), b".", body.as_bytes()],
    );
    format!("t={time},v1={hex}")
}

fn basic(user: &str, secret: &str) -> String {
    use base64::Engine as _;
    let text = base64::prelude::BASE64_STANDARD.encode(format!("{user}:{secret}"));
    format!("Basic {text}")
}

#[tokio::test]
async fn a_secret_in_a_header_is_right_to_the_letter_and_may_be_one_of_two() {
    type Put = fn(&str) -> Ask;
    let forms: [(&str, Put); 4] = [
        (
            "{ header: { name: X-Oust-Secret, secret: SECRET } }",
            |secret| Ask::post(body()).with("x-oust-secret", secret),
        ),
        ("{ bearer: SECRET }", |secret| {
            Ask::post(body()).with("authorization", &format!("Bearer {secret}"))
        }),
        ("{ basic: { user: kibana, secret: SECRET } }", |secret| {
            Ask::post(body()).with("authorization", &basic("kibana", secret))
        }),
        ("{ path: SECRET }", |secret| {
            Ask::post(body()).secret(secret)
        }),
    ];
    for (form, ask) in forms {
        let (both, new) = rotated(form).await;
        assert!(both.is_authenticated(), "{form}");
        assert_eq!(ask(NEW).status(&both).await, 200, "{form}");
        assert_eq!(ask(OLD).status(&both).await, 200, "{form}");
        assert_eq!(ask(NEW).status(&new).await, 200, "{form}");
        let longer = format!("{NEW}x");
        for wrong in [
            OLD,
            &NEW[..NEW.len() - 1],
            &longer,
            "",
            "x",
            &NEW.to_uppercase(),
        ] {
            assert_eq!(ask(wrong).status(&new).await, 401, "{form}: {wrong}");
            assert!(matches!(
                ask(wrong).admitted(&new),
                Err(Refused::Unauthenticated(_))
            ));
        }
        assert_eq!(Ask::post(body()).status(&new).await, 401, "{form}");
    }
}

#[tokio::test]
async fn a_credential_of_another_form_or_twice_is_none() {
    let (_, bearer) = rotated("{ bearer: SECRET }").await;
    let ask = Ask::post(body());
    let scheme = |scheme: &str| ask.clone().with("authorization", &format!("{scheme}{NEW}"));
    assert_eq!(scheme("bearer ").status(&bearer).await, 200);
    for odd in ["", "Basic ", "Bearer\u{9}", "Token "] {
        assert_eq!(scheme(odd).status(&bearer).await, 401, "{odd:?}");
    }
    let mut twice = scheme("Bearer ");
    twice
        .headers
        .append("authorization", format!("Bearer {NEW}").parse().unwrap());
    assert_eq!(twice.status(&bearer).await, 401);
    // A secret in the address of a source that has none there would end in logs.
    assert_eq!(scheme("Bearer ").secret(NEW).status(&bearer).await, 401);
    let (_, user) = rotated("{ basic: { user: kibana, secret: SECRET } }").await;
    let with = |value: &str| ask.clone().with("authorization", value);
    assert_eq!(with(&basic("kibanb", NEW)).status(&user).await, 401);
    assert_eq!(
        with(&basic("", &format!("kibana:{NEW}")))
            .status(&user)
            .await,
        401
    );
    assert_eq!(with("Basic %%%").status(&user).await, 401);
    let refused = user.refused(&Refused::Unauthenticated("x".into()));
    assert_eq!(
        refused.headers,
        [("www-authenticate", "Basic realm=\"oust\"")]
    );
    assert_eq!((refused.status, refused.body.as_str()), (401, ""));
}

#[tokio::test]
async fn a_signature_of_ours_holds_for_this_body_and_for_five_minutes() {
    let (both, new) = rotated("{ hmac: SECRET }").await;
    let (body, at) = (body(), now().seconds());
    let signed = |signature: &str| Ask::post(body.clone()).with("x-oust-signature", signature);
    let good = ours(NEW, at, &body);
    assert_eq!(signed(&good).status(&new).await, 200);
    assert_eq!(signed(&ours(OLD, at, &body)).status(&both).await, 200);
    assert_eq!(signed(&ours(OLD, at, &body)).status(&new).await, 401);
    // A sender that changes its secret signs with both.
    let (time, v1) = good.split_once(',').unwrap();
    let wrong = "0".repeat(64);
    for several in [
        format!("{time},v1={wrong},{v1}"),
        format!("{v1},{time}, v1={wrong},v0=x"),
    ] {
        assert_eq!(signed(&several).status(&new).await, 200, "{several}");
    }
    for (time, is_good) in [
        (-300, true),
        (300, true),
        (-301, false),
        (301, false),
        (-86_400, false),
    ] {
        let answer = signed(&ours(NEW, at + time, &body)).to(&new).await;
        match answer {
            Ok(_) => assert!(is_good, "{time}"),
            Err(why) => assert!(
                !is_good && matches!(why, Refused::Stale(_)),
                "{time}: {why}"
            ),
        }
    }
    let other = Ask::post(body.replace("alex", "kim")).with("x-oust-signature", &good);
    assert_eq!(other.status(&new).await, 401);
}

#[tokio::test]
async fn a_signature_that_is_none_is_refused() {
    let (_, new) = rotated("{ hmac: SECRET }").await;
    let (body, at) = (body(), now().seconds());
    let good = ours(NEW, at, &body);
    let (time, v1) = good.split_once(',').unwrap();
    let later = at + 1;
    let nine = format!("{time}{}", format!(",{v1}").repeat(9));
    for wrong in [
        String::new(),
        time.to_owned(),
        v1.to_owned(),
        format!("t={later},{v1}"),
        format!("t={at},{time},{v1}"),
        format!("t=-{at},{v1}"),
        format!("t=+{at},{v1}"),
        format!("t=0x1,{v1}"),
        format!("t=99999999999999999999,{v1}"),
        format!("{time},{v1}0"),
        format!("{time},{}", &v1[..v1.len() - 2]),
        format!("{time},v1="),
        format!("{time},v1=zz"),
        format!("{time};{v1}"),
        nine,
        format!("{time},v2={}", &v1[3..]),
        "x".repeat(2_000),
    ] {
        let ask = Ask::post(body.clone()).with("x-oust-signature", &wrong);
        let refused = ask.to(&new).await;
        assert!(
            matches!(refused, Err(Refused::Unauthenticated(_))),
            "{wrong}: {refused:?}"
        );
    }
    assert_eq!(Ask::post(body).status(&new).await, 401);
}

#[tokio::test]
async fn pagerduty_signs_the_body_and_any_one_of_its_signatures_will_do() {
    let secret = place(NEW);
    let source = source(&format!(
        "kind: pagerduty, auth: {{ pagerduty_signature: {secret} }}"
    ))
    .await;
    let body = super::setup::fixture("pagerduty-incident-triggered.json");
    let signed = |signature: &str| Ask::post(body.clone()).with("x-pagerduty-signature", signature);
    let good = format!("v1={}", hex(NEW, &[&body]));
    assert_eq!(signed(&good).status(&source).await, 200);
    assert_eq!(
        signed(&format!("v1={},{good}", "a".repeat(64)))
            .status(&source)
            .await,
        200
    );
    let forged = format!("v1={}", hex(OLD, &[&body]));
    for wrong in [
        forged.as_str(),
        "v1=",
        "",
        &good[3..],
        &good.replace("v1", "v0"),
    ] {
        assert_eq!(signed(wrong).status(&source).await, 401, "{wrong}");
    }
    let mut changed = signed(&good);
    changed.body.push(b' ');
    assert_eq!(changed.status(&source).await, 401);
}

#[tokio::test]
async fn a_secret_that_can_be_tried_out_or_does_not_fit_its_place_opens_nothing() {
    use oust::alerts::Parts;
    use oust::config::sources_alone;
    for (form, secret, why) in [
        ("{ bearer: SECRET }", "short", "fewer than 16 characters"),
        (
            "{ path: SECRET }",
            "a-secret/with-slash-in-it",
            "more than letters",
        ),
        (
            "{ bearer: SECRET }",
            "a-secret-with-\u{e9}-in-it",
            "what no header can",
        ),
    ] {
        let form = form.replace("SECRET", &place(secret));
        let text = format!("sources:\n  - {{ name: soc, kind: generic, auth: {form} }}\n");
        let parts = Parts {
            clock: std::sync::Arc::new(oust::given::SystemClock::new()),
            wire: std::sync::Arc::new(super::setup::Web::default()),
        };
        let sources = sources_alone("oust.yaml", &text).unwrap();
        let error = Source::open(&sources[0], &parts).await.unwrap_err();
        let told = format!("{error} {}", error.hint());
        assert!(told.contains(why) && told.contains("`soc`"), "{told}");
        assert!(!told.contains(secret), "{told}");
    }
}

#[tokio::test]
async fn no_secret_is_shown_by_a_source_nor_by_a_refusal() {
    let (both, _) = rotated("{ bearer: SECRET }").await;
    let ask = Ask::post(body()).with("authorization", &format!("Bearer {OLD}x"));
    let refused = ask.to(&both).await.unwrap_err();
    let shown = format!("{both:?} {refused} {refused:?}");
    assert!(!shown.contains(OLD) && !shown.contains(NEW), "{shown}");
}

#[tokio::test]
async fn only_none_is_unauthenticated() {
    for kind in KINDS.iter().filter(|kind| !kind.signed) {
        let open = source(&format!("kind: {}, auth: none", kind.name)).await;
        assert!(!open.is_authenticated(), "{}", kind.name);
    }
    // Every form that a kind offers has a way into the config file.
    for kind in KINDS {
        assert!(
            !kind.forms.is_empty() && !kind.content_types.is_empty(),
            "{}",
            kind.name
        );
        assert!(kind.forms.iter().all(|form| Form::ALL.contains(form)));
    }
}
