//! `kill -9` at any moment: what was acknowledged is there, and what is sent again is there once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::world::*;

#[test]
fn killed_after_its_answer_it_has_the_alert() {
    let home = Home::new();
    let serving = home.serve();
    is(&serving.alert("INC-1"), 200);
    serving.kill();

    let serving = home.serve();
    assert_eq!(home.keys(), ["INC-1"]);
    is(&serving.alert("INC-1"), 200);
    is(&serving.alert("INC-2"), 200);
    assert_eq!(home.keys(), ["INC-1", "INC-2"]);
}

/// Killed in the middle of a flood, three times; each sender goes on until it heard yes.
#[test]
fn killed_in_a_flood_it_loses_and_doubles_nothing() {
    let home = Home::new();
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    for round in 0..3 {
        let serving = home.serve();
        let at = serving.at;
        std::thread::scope(|scope| {
            let senders: Vec<_> = (0..8)
                .map(|sender| {
                    let acknowledged = acknowledged.clone();
                    scope.spawn(move || {
                        for number in 0.. {
                            let id = format!("{sender}-{number}");
                            let body = alert(&id).to_string();
                            match post(at, &body) {
                                Some(200) => acknowledged.lock().unwrap().insert(id),
                                Some(other) => panic!("{id}: {other}"),
                                // It is gone; nobody knows what became of this one.
                                None => return,
                            };
                        }
                    })
                })
                .collect();
            // What earlier rounds had is acknowledged again: so many more are new.
            let enough = 60 * (round + 1);
            while acknowledged.lock().unwrap().len() < enough {
                std::thread::yield_now();
            }
            serving.kill();
            for sender in senders {
                sender.join().unwrap();
            }
        });
        let keys = home.keys();
        let distinct: BTreeSet<_> = keys.iter().cloned().collect();
        assert_eq!(distinct.len(), keys.len(), "one is there twice");
        let missing: Vec<_> = acknowledged
            .lock()
            .unwrap()
            .difference(&distinct)
            .cloned()
            .collect();
        assert!(missing.is_empty(), "lost in round {round}: {missing:?}");
        // At most the one each sender had on its way.
        let more = distinct.len() - acknowledged.lock().unwrap().len();
        assert!(more <= 8, "{more}");
    }
}

fn post(at: std::net::SocketAddr, body: &str) -> Option<u16> {
    use std::io::Write as _;
    let mut stream = std::net::TcpStream::connect(at).ok()?;
    let request = format!(
        "POST /v1/alerts/soc HTTP/1.1\r\nhost: oust\r\nconnection: close\r\nauthorization: {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        bearer(),
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let answer = read_all(&mut stream);
    answer.split_whitespace().nth(1)?.parse().ok()
}

/// At every commit of the inbox, before and after it, instead of at any moment.
#[cfg(debug_assertions)]
#[test]
fn killed_at_each_commit_it_acknowledged_what_it_has() {
    for point in 1..=6 {
        let home = Home::new();
        let mut command = home.oust("serve --role receive");
        command.env("OUST_KILL_STORE", point.to_string());
        let serving = Serving::start(command);
        let heard = ["1", "2", "3"]
            .into_iter()
            .filter(|id| post(serving.at, &alert(id).to_string()) == Some(200))
            .count();
        assert_eq!(heard, (point - 1) / 2, "at {point}");
        assert_ne!(serving.ended(), Some(0), "survived {point}");
        // Killed after a commit it could not say yes; the alert is there, and sent again.
        assert_eq!(home.keys().len(), point / 2, "at {point}");
        let serving = home.serve();
        for id in ["1", "2", "3"] {
            is(&serving.alert(id), 200);
        }
        assert_eq!(home.keys(), ["1", "2", "3"]);
    }
}
