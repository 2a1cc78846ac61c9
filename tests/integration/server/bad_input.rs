//! What is refused, with which status, what the log says; and afterwards it answers as before.

use std::io::Write as _;

use super::world::*;

fn head(length: usize) -> String {
    format!(
        "POST /v1/alerts/soc HTTP/1.1\r\nhost: oust\r\nauthorization: {}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n",
        bearer()
    )
}

#[test]
fn each_bad_request_has_its_status_and_its_line_in_the_log() {
    let home = Home::new();
    let serving = home.serve();
    let body = alert("INC-1").to_string();
    let json = ("content-type", "application/json");
    let soc = "/v1/alerts/soc";
    let wrong = [("authorization", "Bearer wrong"), json];

    is(&serving.post(soc, &[json], &body), 401);
    is(&serving.post(soc, &wrong, &body), 401);
    // Whether a source exists is not told.
    let known = serving.post(soc, &wrong, &body);
    let unknown = serving.post("/v1/alerts/nobody", &wrong, &body);
    let without_date = |answer: &str| {
        let lines = answer.lines().filter(|line| !line.starts_with("date:"));
        let mut lines: Vec<String> = lines.map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(without_date(&known), without_date(&unknown));
    serving.logs("there is no such source");

    let text = [good()[0], ("content-type", "text/plain")];
    is(&serving.post(soc, &text, &body), 415);
    serving.logs("with 415");
    for odd in [
        "",
        "{",
        "[]",
        "null",
        "17",
        "[{\"id\":1}]",
        "\"{}\"",
        "\u{0}",
        "{\"subject\":[1]}",
    ] {
        let answer = serving.post(soc, &good(), odd);
        assert!(
            answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.1 200 "),
            "{odd}: {answer}"
        );
    }
    serving.logs("the body cannot be read");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    is(&serving.post(soc, &good(), &deep), 400);
    let nested = format!(
        "{{\"subject\":{}1{}}}",
        "{\"a\":".repeat(40_000),
        "}".repeat(40_000)
    );
    is(&serving.post(soc, &good(), &nested), 400);

    for method in ["PUT", "DELETE", "PATCH", "BREW"] {
        let request = head(0)
            .replacen("POST", method, 1)
            .replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
        let answer = serving.answers(request.as_bytes());
        assert!(
            answer.starts_with("HTTP/1.1 404 ") || answer.starts_with("HTTP/1.1 405 "),
            "{method}: {answer}"
        );
    }
    is(
        &serving.answers(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        400,
    );
    let many: String = (0..200)
        .map(|number| format!("x-{number}: 1\r\n"))
        .collect();
    let answer = serving.answers(format!("GET /healthz HTTP/1.1\r\n{many}\r\n").as_bytes());
    is(&answer, 431);
    let long = format!(
        "GET /{} HTTP/1.1\r\nhost: oust\r\n\r\n",
        "a".repeat(100_000)
    );
    let answer = serving.answers(long.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");

    is(&serving.alert("INC-2"), 200);
    assert!(home.keys().contains(&"INC-2".to_owned()));
    let log = serving.log();
    assert!(
        !log.contains("Bearer wrong") && !log.contains(SECRET),
        "{log}"
    );
}

#[test]
fn fifty_megabytes_are_refused_before_they_are_read() {
    let home = Home::new();
    let serving = home.serve();
    // Announced: refused by its announcement, without the body.
    let answer = serving.answers(head(50 << 20).as_bytes());
    is(&answer, 413);
    serving.logs("the body is larger than");

    // Not announced: refused where it passes the bound.
    let mut stream = serving.connect();
    let chunked = head(0).replace("content-length: 0", "transfer-encoding: chunked");
    stream.write_all(chunked.as_bytes()).unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let sent = (0..800)
        .take_while(|_| stream.write_all(chunk.as_bytes()).is_ok())
        .count();
    assert!(sent < 800, "all of it was taken");
    let answer = read_all(&mut stream);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 413 "),
        "{answer}"
    );
    // A sender without a credential sends nothing that counts.
    let stranger = head(1 << 10).replace(SECRET, "wrong");
    is(&serving.answers(stranger.as_bytes()), 401);
    is(&serving.alert("INC-1"), 200);
    assert!(
        resident(serving.pid()) < 120 << 20,
        "{}",
        resident(serving.pid())
    );
}

/// Bytes in memory.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

/// Each waits in the server at the same time, and nobody else for them.
#[test]
fn whoever_dawdles_is_cut_off_and_holds_nobody_up() {
    let home = Home::new();
    let serving = home.serve();
    let mut slow_head = serving.connect();
    slow_head
        .write_all(b"POST /v1/alerts/soc HTTP/1.1\r\nhost: ou")
        .unwrap();
    let mut slow_body = serving.connect();
    slow_body.write_all(head(100).as_bytes()).unwrap();
    slow_body.write_all(b"{").unwrap();
    let mut silent = serving.connect();

    is(&serving.alert("INC-1"), 200);
    // Both ends come from the server: its clock, not ours.
    let answer = read_all(&mut slow_body);
    is(&answer, 408);
    serving.logs("the body took too long");
    assert!(!read_all(&mut slow_head).contains("200"));
    assert_eq!(read_all(&mut silent), "");
    serving.logs("the head of a request took too long");
    is(&serving.alert("INC-2"), 200);
    assert_eq!(home.keys(), ["INC-1", "INC-2"]);
}

#[test]
fn one_address_cannot_have_all_connections() {
    let home = Home::with("listen: 127.0.0.1:0\nconnections_max: 8", SOURCES);
    let serving = home.serve();
    let held: Vec<_> = (0..2).map(|_| serving.connect()).collect();
    // A quarter of eight; the next is closed at once.
    let mut third = serving.connect();
    let _ = third.write_all(b"GET /healthz HTTP/1.1\r\nhost: oust\r\n\r\n");
    assert_eq!(read_all(&mut third), "");
    serving.logs("too many connections from there");
    drop(held);
    // The server sees that they went a moment later.
    let answered = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        serving.get("/healthz").starts_with("HTTP/1.1 200 ")
    });
    assert!(answered, "{}", serving.log());
}
