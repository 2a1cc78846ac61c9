//! The same range over a socket: answers, broken connections, and a process that is killed.

use std::time::Duration;

use oust_mocks::world::{ALEX, SSWS_SECRET};
use oust_mocks::{Faults, Range, SandboxOptions, Server, World, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::NOW;

async fn start(faults: &str) -> Server {
    let mut range = Range::new(World::contoso(NOW), 7);
    range.faults = Faults::parse(faults).unwrap();
    Server::start(range, 0).await.unwrap()
}

/// Everything the server sends until it closes, or what came within two seconds.
async fn raw(server: &Server, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: SSWS {SSWS_SECRET}\r\n\r\n",
        server.addr
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut out = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(2), stream.read_to_end(&mut out)).await;
    String::from_utf8_lossy(&out).into_owned()
}

#[tokio::test]
async fn an_answer_arrives_with_links_to_the_server_itself() {
    let server = start("").await;
    let text = raw(&server, "GET", "/api/v1/users?limit=2").await;
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    assert!(
        text.contains(&format!("<{}/api/v1/users?after=", server.url())),
        "{text}"
    );
    assert_eq!(server.range().journal.entries().len(), 1);
}

#[tokio::test]
async fn connections_break_as_told_and_the_effect_is_as_told() {
    let server =
        start("suspend=cut_after_effect,GET users=reset_mid_body,GET api-tokens=timeout_before")
            .await;
    assert_eq!(
        raw(
            &server,
            "POST",
            &format!("/api/v1/users/{ALEX}/lifecycle/suspend")
        )
        .await,
        ""
    );
    assert_eq!(server.range().okta.user(ALEX).unwrap().status, "SUSPENDED");
    let cut = raw(&server, "GET", &format!("/api/v1/users/{ALEX}")).await;
    let (head, body) = cut.split_once("\r\n\r\n").unwrap();
    let promised: usize = head
        .lines()
        .find_map(|l| l.strip_prefix("content-length: "))
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        !body.is_empty() && body.len() < promised,
        "{} of {promised}",
        body.len()
    );
    assert_eq!(
        raw(&server, "GET", "/api/v1/api-tokens").await,
        "",
        "it hangs"
    );
}

#[tokio::test]
async fn a_process_is_killed_after_the_answer_was_written() {
    let mut victim = std::process::Command::new("sleep")
        .arg("60")
        .spawn()
        .unwrap();
    let server = start(&format!("suspend=kill_after_answer:{}", victim.id())).await;
    let text = raw(
        &server,
        "POST",
        &format!("/api/v1/users/{ALEX}/lifecycle/suspend"),
    )
    .await;
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    let status = tokio::task::spawn_blocking(move || victim.wait())
        .await
        .unwrap()
        .unwrap();
    assert!(!status.success());
}

#[tokio::test]
async fn a_sandbox_tells_all_that_a_client_needs_and_ends_when_dropped() {
    let options = SandboxOptions {
        attacker: true,
        faults: "logs#9=internal".to_owned(),
        ..SandboxOptions::default()
    };
    let sandbox = serve(options).await.unwrap();
    assert!(
        sandbox
            .private_key_pem
            .starts_with("-----BEGIN PRIVATE KEY-----")
    );
    let text = raw(&sandbox.server, "GET", "/.well-known/okta-organization").await;
    assert!(text.contains(&sandbox.org_id), "{text}");
    let url = sandbox.server.url();
    for (place, tail) in [
        (&sandbox.m365.graph_url, "/m365/graph"),
        (&sandbox.m365.login_url, "/m365/login"),
        (&sandbox.google.api_url, "/google/api"),
        (&sandbox.google.token_url, "/google/oauth/token"),
        (&sandbox.slack.api_url, "/slack/api"),
        (&sandbox.slack.scim_url, "/slack/scim"),
    ] {
        assert_eq!(*place, format!("{url}{tail}"));
    }
    for (pem, label) in [
        (&sandbox.m365.certificate_pem, "CERTIFICATE"),
        (&sandbox.m365.private_key_pem, "PRIVATE KEY"),
        (&sandbox.google.private_key_pem, "PRIVATE KEY"),
    ] {
        assert!(pem.starts_with(&format!("-----BEGIN {label}-----")));
    }
    let text = raw(&sandbox.server, "POST", "/slack/api/auth.test").await;
    assert!(
        text.contains("\"error\":\"invalid_auth\"") || text.contains("not_authed"),
        "{text}"
    );
    let addr = sandbox.server.addr;
    drop(sandbox);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(TcpStream::connect(addr).await.is_err());
    let bad = serve(SandboxOptions {
        faults: "x".to_owned(),
        ..SandboxOptions::default()
    })
    .await;
    assert!(bad.unwrap_err().to_string().contains("SELECTOR=KIND"));
}
