//! Five thousand alerts at once: none is lost, none is doubled.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::world::*;

const ALERTS: usize = 5_000;
const SENDERS: usize = 32;

/// Sends every alert until it is acknowledged, some of them twice; how often it was told to wait.
async fn flood(url: &str, alerts: usize) -> usize {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let next = Arc::new(AtomicUsize::new(0));
    let told_to_wait = Arc::new(AtomicUsize::new(0));
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..SENDERS {
        let (client, url) = (client.clone(), url.to_owned());
        let (next, told_to_wait) = (next.clone(), told_to_wait.clone());
        senders.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= alerts {
                    return;
                }
                let id = format!("INC-{number}");
                let mut more = 1 + usize::from(number % 10 == 0);
                while more > 0 {
                    let sent = client
                        .post(&url)
                        .bearer_auth(SECRET)
                        .header("content-type", "application/json")
                        .body(alert(&id).to_string())
                        .send();
                    let answer = sent.await.unwrap();
                    match answer.status().as_u16() {
                        200 => more -= 1,
                        429 | 503 => {
                            assert!(answer.headers().contains_key("retry-after"));
                            told_to_wait.fetch_add(1, Ordering::Relaxed);
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                        other => panic!("{id}: {other}"),
                    }
                }
            }
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender.unwrap();
    }
    told_to_wait.load(Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_alerts_are_kept_once_each() {
    let home = Home::new();
    let serving = home.serve();
    let before = resident(serving.pid());
    let waited = flood(&serving.url("/v1/alerts/soc"), ALERTS).await;
    assert_eq!(waited, 0, "there was room for all");
    let grown = resident(serving.pid()).saturating_sub(before);
    let (kept, distinct, repeats) = tokio::task::spawn_blocking(move || {
        is(&serving.alert("the last one"), 200);
        drop(serving);
        let entries = home.inbox();
        let keys: BTreeSet<_> = entries.iter().map(|e| e.alert.dedupe_key.clone()).collect();
        let repeats: u64 = entries.iter().map(|entry| entry.repeats).sum();
        (entries.len(), keys.len(), repeats)
    })
    .await
    .unwrap();
    assert_eq!((kept, distinct), (ALERTS + 1, ALERTS + 1));
    // What a killed server had counted and not written may be missing, and no more than that.
    assert!(repeats <= (ALERTS / 10) as u64, "{repeats}");
    assert!(grown < 64 << 20, "it grew by {grown} bytes");
}

/// Nobody takes alerts away here, so the bound stays reached: what was acknowledged is in there, and
/// the rest was told to come again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_bound_senders_are_told_to_come_again_and_nothing_acknowledged_is_lost() {
    let home = Home::with(
        "listen: 127.0.0.1:0\nwaiting_max: 100\nconnections_max: 2000",
        SOURCES,
    );
    let serving = home.serve();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = serving.url("/v1/alerts/soc");
    let mut senders = tokio::task::JoinSet::new();
    for number in 0..300 {
        let request = client.post(&url).bearer_auth(SECRET);
        let request = request
            .header("content-type", "application/json")
            .body(alert(&format!("INC-{number}")).to_string());
        senders.spawn(async move {
            let answer = request.send().await.unwrap();
            (
                number,
                answer.status().as_u16(),
                answer.headers().contains_key("retry-after"),
            )
        });
    }
    let mut acknowledged = BTreeSet::new();
    while let Some(sender) = senders.join_next().await {
        match sender.unwrap() {
            (number, 200, _) => assert!(acknowledged.insert(format!("INC-{number}"))),
            (_, 503, true) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(acknowledged.len(), 100);
    drop(serving);
    let keys = tokio::task::spawn_blocking(move || home.keys())
        .await
        .unwrap();
    assert_eq!(keys.into_iter().collect::<BTreeSet<_>>(), acknowledged);
}

/// Bytes in memory.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}
