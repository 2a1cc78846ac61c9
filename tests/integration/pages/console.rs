//! The console in a browser: on a phone and on a desk, by day and by night, without a script. And one
//! incident taken in it: a person reads a proposal, types what is at stake, and it is approved.
//!
//! The server is the real router on a loopback port. Around it stands what only a test needs: whoever
//! asks is signed in, and pages may be framed by the page that looks into them.
//!
//! `OUST_SHOTS` names a directory for pictures of every page, for a person to look at.

use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, Response};
use axum::routing::get;
use http::{HeaderValue, header};
use oust::desk::{Audited, Decision, Desk, Power, ProposalState};
use oust::given::Clock;
use oust::inbox::Inbox;
use oust::ledger::Record;
use oust::model::{
    Address, Alert, AlertRule, Confirmation, Fate, GuardName, GuardReply, Intruder, Plan, RunId,
    Sign, Trace, Tri, Witness,
};
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use super::{LOOK, asked, browser, told};
use crate::console::world::{World, alert, hostile};
use crate::samples::{self, alex, at, subject, takeover};

/// What fills in the form. `PAGE`, `TYPED` are filled in.
const DECIDE: &str = include_str!("decide.html");

/// Looks at one page after the other, in each width.
const EACH: &str = "
const pages = PAGES;
const all = [];
const open = () => {
  const [path, width] = pages[all.length];
  frame.style.width = width + 'px';
  frame.src = path;
};
frame.onload = () => {
  if (!frame.contentWindow.location.href.startsWith('http')) return;
  all.push({ path: pages[all.length][0], width: pages[all.length][1], ...look() });
  if (all.length < pages.length) return open();
  document.getElementById('told').textContent = JSON.stringify(all);
};
open();
";

/// A frame and nothing else, for pictures.
const FRAME: &str = "<!doctype html><style>body { margin: 0 }</style>\
    <iframe sandbox=\"allow-same-origin\" src=\"PAGE\" style=\"width:WIDTHpx;height:HEIGHTpx;border:0\"></iframe>";

#[derive(Deserialize)]
struct Asked {
    page: String,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
}

/// Serves the console to whoever asks, as if he were signed in with this cookie.
async fn serve(world: &World, cookie: Option<String>) -> SocketAddr {
    let look = async |Query(asked): Query<Asked>| {
        let (looking, _) = LOOK.split_once("// What is looked at.").unwrap();
        let looking = looking.replace(
            "<iframe ",
            "<iframe sandbox=\"allow-same-origin allow-forms\" ",
        );
        let looking = looking.replace("WIDTH", "390");
        Html(format!(
            "{looking}{}</script>",
            EACH.replace("PAGES", &asked.page)
        ))
    };
    let decide = async |Query(asked): Query<Asked>| {
        Html(DECIDE.replace("PAGE", &format!("{:?}", asked.page)))
    };
    let frame = async |Query(asked): Query<Asked>| {
        let page = FRAME
            .replace("PAGE", &asked.page)
            .replace("WIDTH", &asked.width.to_string())
            .replace("HEIGHT", &asked.height.to_string());
        Html(page)
    };
    let framed = world
        .router
        .clone()
        .layer(from_fn_with_state(cookie, around));
    let router = Router::new()
        .route("/test/look", get(look))
        .route("/test/decide", get(decide))
        .route("/test/frame", get(frame))
        .fallback_service(framed);
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(socket, router).await.unwrap() });
    address
}

async fn around(
    State(cookie): State<Option<String>>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(cookie) = cookie {
        let value = HeaderValue::from_str(&cookie).unwrap();
        request.headers_mut().insert(header::COOKIE, value);
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.remove(header::X_FRAME_OPTIONS);
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    let policy = policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'");
    let policy = HeaderValue::from_str(&policy).unwrap();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// A night's work: something waits, something runs, something is over, alerts came.
async fn night(world: &World) {
    world.propose(&proposed("r_0193f4")).await;
    let other = takeover(vec![subject("00umaya", "maya@contoso.example")]);
    let other = other.with(|plan| plan.run = RunId::new("r_0193f5"));
    let other = world.propose(&other.plan()).await;
    let approved = Decision {
        by: "omar".into(),
        okta_id: None,
        approve: true,
        digest: other.digest.clone(),
        at: at(50_000),
        how: "key".into(),
        reason: "seen with the SOC".into(),
        signed: None,
    };
    world.desk.decide(&other.run, &approved).await.unwrap();
    let gone = takeover(vec![subject("00ukim", "kim@contoso.example")]);
    let gone = gone.with(|plan| plan.run = RunId::new("r_0193f1"));
    let gone = world.propose(&gone.plan()).await;
    let (from, to) = (ProposalState::Waiting, ProposalState::Overtaken);
    world.desk.move_proposal(&gone.run, from, to).await.unwrap();
    world.recorded(samples::contained().records()).await;
    world
        .recorded(&renamed(samples::forbidden().records(), "r_0193f6"))
        .await;
    let whole = samples::contained();
    let begun = &whole.records()[..9];
    world.recorded(&renamed(begun, "r_0193f9")).await;

    let lookup = Alert {
        subjects: Vec::new(),
        needs_lookup: Some("the alert carries only its group-by field `alex`".into()),
        rule: AlertRule {
            id: "cdbebdc1-dc97-43c6-a538-f26a20c0a911".into(),
            name: "Okta User Session Impersonation".into(),
        },
        severity: "high".into(),
        ..alert("2")
    };
    let all = vec![alert("1"), lookup, alert("3"), hostile("4")];
    let body = json!({ "source": "elastic-security", "alerts": [{ "okta": { "actor": {
        "alternate_id": "alex@contoso.example", "display_name": "<b>Alex</b>" } } }] });
    let body = serde_json::to_string_pretty(&body).unwrap();
    let ids = world.alerts(all, &body).await;
    let now = world.clock.now();
    let why = || "the rule's mode is propose".to_owned();
    let run = RunId::new("r_0193f4");
    let fates = [
        Fate::Proposed { run, why: why() },
        Fate::NeedsLookup {
            why: "it names nobody that can be told without guessing".into(),
        },
        Fate::Joined {
            run: RunId::new("r_0193f2"),
        },
    ];
    for (id, fate) in ids.iter().zip(fates) {
        world.inbox.settle(id, fate, now).await.unwrap();
    }
    let what = "froze automatic runs: drill with the SOC".into();
    let by = "omar".into();
    world
        .desk
        .audit(&Audited { at: now, by, what })
        .await
        .unwrap();
    world
        .token_of("omar", Some("00uomar"), Power::Approver)
        .await;
}

fn renamed(records: &[Record], run: &str) -> Vec<Record> {
    let mut records = records.to_vec();
    for record in &mut records {
        record.run = RunId::new(run);
    }
    records
}

/// A plan with all that a page of one may have.
fn proposed(run: &str) -> Plan {
    let witness = |says: &str| Witness {
        sign: Sign::SplitSession,
        says: says.into(),
        event: "7f1c2a8e-2d5b-11f0-9a61-f661ea17fbcd".into(),
        at: Some(at(0)),
    };
    let warns = GuardReply::Warns {
        why: "suspending alex may stop an AD agent: token \"ad-agent dc01\" belongs to him".into(),
    };
    takeover(vec![alex()])
        .guard(GuardName::AgentOwner, warns)
        .with(|plan| {
            plan.run = RunId::new(run);
            plan.case.intruders = vec![Intruder {
                subject: Some(alex().id),
                answer: Confirmation::Confirmed,
                because: vec![
                    witness("session idx7Qp came from AS64505 and AS64507"),
                    witness("a factor was enrolled in the same session"),
                ],
                start: Some(at(0)),
                sessions: vec![Trace {
                    id: "idx7QpL0aZsT3mGq9Jw".into(),
                    name: String::new(),
                    first: at(0),
                    last: at(9_000),
                    events: 12,
                    witness: witness("it came from two networks"),
                }],
                addresses: vec![Address {
                    ip: "203.0.113.66".into(),
                    asn: "AS64505".into(),
                    network: "Example Hosting".into(),
                    proxy: Tri::Yes,
                    first: at(0),
                    last: at(9_000),
                    events: 12,
                    witness: witness("a proxy that alex never used"),
                }],
                log_read_until: Some(at(40_000)),
                ..Intruder::default()
            }];
        })
        .plan()
}

const PAGES: [(&str, &str); 14] = [
    ("now", "/"),
    ("proposals", "/proposals"),
    ("proposal", "/proposals/r_0193f4"),
    ("proposal-other", "/proposals/r_0193f5"),
    ("runs", "/runs"),
    ("run-over", "/runs/r_0193f2"),
    ("run-partial", "/runs/r_0193f6"),
    ("run-running", "/runs/r_0193f9"),
    ("alerts", "/alerts"),
    ("rehearsals", "/rehearsals"),
    ("audit", "/audit"),
    ("freeze", "/freeze"),
    ("tokens", "/tokens"),
    ("sign-in", "/sign-in"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_fits_stands_out_and_is_named_without_a_script() {
    let Some(browser) = browser() else { return };
    let world = World::with(1, false);
    night(&world).await;
    let cookie = world.signed_in("dana", Power::Admin).await.cookie;
    let address = serve(&world, cookie).await;
    let alerts = world.inbox.entries(None, 10).await.unwrap();
    let mut pages: Vec<(String, String)> = PAGES
        .iter()
        .map(|(name, path)| ((*name).to_owned(), (*path).to_owned()))
        .collect();
    for (number, entry) in alerts.iter().enumerate() {
        pages.push((format!("alert-{number}"), format!("/alerts/{}", entry.id)));
    }
    let mut list = Vec::new();
    for (_, path) in &pages {
        list.extend([390, 1280].map(|width| json!([path, width])));
    }
    for dark in [false, true] {
        let home = tempfile::tempdir().unwrap();
        let list: String =
            form_urlencoded::byte_serialize(json!(list).to_string().as_bytes()).collect();
        let url = format!("http://{address}/test/look?page={list}");
        let seen = told(
            asked(&browser, home.path(), dark)
                .arg("--dump-dom")
                .arg(url),
        );
        let seen = seen.as_array().unwrap();
        assert_eq!(seen.len(), pages.len() * 2);
        for told in seen {
            let at = format!("dark {dark}: {told:#}");
            assert_eq!(told["styled"], true, "{at}");
            assert_eq!(told["dark"], dark, "{at}");
            assert!(told["letters"].as_u64().unwrap() > 5, "{at}");
            for none in ["beyond", "faint", "unnamed"] {
                assert_eq!(told[none], json!([]), "{none}: {at}");
            }
            assert_eq!(told["tops"], 1, "{at}");
            assert_eq!(told["skipped"], 0, "{at}");
            assert_eq!(told["wide"], told["width"], "{at}");
        }
    }
    for (name, path) in &pages {
        shoot(&browser, &address, name, path, (390, true));
        shoot(&browser, &address, name, path, (1280, false));
    }
}

/// Takes a picture, if pictures are wanted.
fn shoot(browser: &Path, address: &SocketAddr, name: &str, path: &str, look: (u32, bool)) {
    let Some(shots) = std::env::var_os("OUST_SHOTS") else {
        return;
    };
    let (width, dark) = look;
    let tone = if dark { "dark" } else { "light" };
    let file = Path::new(&shots).join(format!("{name}-{width}-{tone}.png"));
    let height = if width < 500 { 2_600 } else { 1_900 };
    let url = format!("http://{address}/test/frame?page={path}&width={width}&height={height}");
    let home = tempfile::tempdir().unwrap();
    let answer = asked(browser, home.path(), dark)
        .arg(format!("--window-size={},{height}", width.max(500)))
        .arg(format!("--screenshot={}", file.display()))
        .arg(url)
        .output()
        .unwrap();
    assert!(answer.status.success(), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proposal_is_approved_through_a_plain_form() {
    let Some(browser) = browser() else { return };
    let world = World::with(1, false);
    night(&world).await;
    let cookie = world.signed_in("priya", Power::Approver).await.cookie;
    let address = serve(&world, cookie).await;
    let home = tempfile::tempdir().unwrap();
    let url = format!("http://{address}/test/decide?page=/proposals/r_0193f4");
    let told = told(
        asked(&browser, home.path(), false)
            .arg("--dump-dom")
            .arg(url),
    );
    assert_eq!(told["scripts_ran"], false, "{told:#}");
    let says = told["says"].as_str().unwrap();
    assert!(says.contains("Your approval is kept."), "{told:#}");
    assert!(says.contains("1 of 1 approval"), "{told:#}");
    let run = RunId::new("r_0193f4");
    let found = world.desk.proposal(&run).await.unwrap().unwrap();
    assert_eq!(found.state, ProposalState::Approved);
    assert_eq!(found.decisions[0].by, "priya");
}
