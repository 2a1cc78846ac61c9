//! A long log made of a short one: a stream of JSON lines, never whole in memory.
//!
//! The fixture's three hours are lived by fifty companies at once, one after the other in every
//! step, and by fifty others a day and a half later: times, users, sessions, devices and ids
//! differ, and events are in order. 100,000 events are a fortnight, the longest window there is.

use std::io::{self, Read};

use oust::model::Utc;
use serde_json::Value;

/// Companies that live it at once.
const LANES: u64 = 50;

/// From one round to the next.
const HOURS: i64 = 36;

/// JSON lines, so many.
pub(crate) struct Log {
    lines: Vec<Line>,
    at: u64,
    count: u64,
    out: Vec<u8>,
    read: usize,
}

struct Line {
    text: String,
    published: Utc,
    written: String,
}

impl Log {
    /// So many lines.
    pub(crate) fn of(count: u64) -> Self {
        let text = include_str!("../../tests/fixtures/system-log/takeover.jsonl");
        let lines = text.lines().map(|line| {
            let event: Value = serde_json::from_str(line).expect("the fixture is JSON");
            let written = event["published"].as_str().expect("it has a time");
            Line {
                text: event.to_string(),
                published: written.parse().expect("it has a time"),
                written: written.to_owned(),
            }
        });
        Self {
            lines: lines.collect(),
            at: 0,
            count,
            out: Vec::new(),
            read: 0,
        }
    }

    fn next(&mut self) {
        let lane = self.at % LANES;
        let step = self.at / LANES;
        let lines = self.lines.len() as u64;
        let (round, line) = (step / lines, step % lines);
        let line = &self.lines[usize::try_from(line).expect("it is small")];
        let who = round * LANES + lane;
        let later = i64::try_from(round).expect("it is small") * HOURS * 3_600_000;
        let at = Utc::from_millis(line.published.millis() + later + lane as i64);
        let text = line
            .text
            .replace(&line.written, &at.to_string())
            .replace("5d7\"", &format!("{who:05}\""))
            .replace("@contoso.example", &format!("@c{who}.example"))
            .replace("\"idx", &format!("\"id{who}"))
            .replace("\"dtHash\":\"", &format!("\"dtHash\":\"{who:05}"))
            .replace("\"uuid\":\"", &format!("\"uuid\":\"{:08x}", self.at));
        self.out.clear();
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'\n');
        self.read = 0;
        self.at += 1;
    }
}

impl Read for Log {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.read == self.out.len() {
            if self.at == self.count {
                return Ok(0);
            }
            self.next();
        }
        let rest = &self.out[self.read..];
        let taken = rest.len().min(to.len());
        to[..taken].copy_from_slice(&rest[..taken]);
        self.read += taken;
        Ok(taken)
    }
}
