//! What being durable costs a sender: alerts into the server over the same server without the store.
//!
//! Both listen on loopback in this process and take the same bodies from the same number of
//! connections, each of which sends its next alert when the last is answered. The bare one says yes
//! to everything and keeps nothing.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use oust::alerts::{Parts, Source};
use oust::config::sources_alone;
use oust::given::{SystemClock, SystemRng};
use oust::inbox::{Accepted, Counts, Cursor, Entry, Inbox, InboxError, Received, SqliteInbox};
use oust::model::{Fate, Utc};
use oust::server::{Intake, Listener, News, Shared};
use oust::transport::HttpWire;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::kit;
use super::machine::{Commits, Watch, median, ratio};
use super::table::Table;

const ALERTS: usize = 4_000;
const SENDERS: usize = 64;
/// Floods each way, turn by turn.
const TIMES: usize = 3;
const SECRET: &str = "a-secret-of-the-bench-0123456789";

pub(crate) fn measure(table: &mut Table) {
    let home = tempfile::tempdir().expect("there is room for temporary files");
    let mut commits = Commits::in_dir(home.path());
    let (mut durable, mut bare) = (Vec::new(), Vec::new());
    let (mut latencies, mut bare_latencies) = (Vec::new(), Vec::new());
    let mut made = 0;
    kit::many_threads().block_on(async {
        for time in 0..=TIMES {
            commits.some();
            let (took, each) = flood(Arc::new(Nothing), home.path()).await;
            bare.push(took);
            bare_latencies.extend(each);
            let file = home.path().join(format!("{time}.db"));
            let rng = Arc::new(SystemRng::default());
            let inbox = SqliteInbox::open(&file, 1_000_000, rng).expect("the disk takes it");
            let inbox = Arc::new(inbox);
            let (took, each) = flood(inbox.clone(), home.path()).await;
            let kept = inbox.counts().await.expect("it can be read").waiting;
            assert_eq!(kept, ALERTS as u64, "none is lost");
            made = inbox.commits();
            durable.push(took);
            // The first of each warms the machine.
            if time > 0 {
                latencies.extend(each);
            }
        }
    });
    let commit = commits.median();
    let (durable, bare) = (median(durable.split_off(1)), median(bare.split_off(1)));
    let p99 = p99(latencies);
    let bare_p99 = self::p99(bare_latencies);
    table.add(
        "intake durable / bare",
        ratio(durable, bare),
        2.0,
        format!("{ALERTS} alerts: {durable:.2?} durable in {made} commits, {bare:.2?} bare"),
    );
    table.add(
        "intake p99 / 20 commits",
        ratio(p99, commit * 20),
        1.0,
        format!(
            "{p99:.2?} with {SENDERS} at once, {bare_p99:.2?} bare, one FULL commit {commit:.2?}"
        ),
    );
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() * 99 / 100]
}

/// How long all alerts took, and each of them.
async fn flood(inbox: Arc<dyn Inbox>, home: &Path) -> (Duration, Vec<Duration>) {
    let (at, stop) = serve(inbox, home).await;
    let next = Arc::new(AtomicUsize::new(0));
    let watch = Watch::start();
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| tokio::spawn(sender(at, next.clone())))
        .collect();
    let mut each = Vec::new();
    for sender in senders {
        each.extend(sender.await.expect("no sender fails"));
    }
    let took = watch.read();
    let _ = stop.send(true);
    (took, each)
}

async fn sender(at: SocketAddr, next: Arc<AtomicUsize>) -> Vec<Duration> {
    let mut stream = TcpStream::connect(at).await.expect("it listens");
    stream.set_nodelay(true).expect("a socket has that option");
    let mut each = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= ALERTS {
            return each;
        }
        let body = format!(
            "{{\"id\":\"INC-{number}\",\"rule\":{{\"id\":\"manual\",\"name\":\"Bench\"}},\
             \"severity\":\"high\",\"subject\":{{\"okta_user_id\":\"00ujkPI1q4Pa7UeFg5d7\"}}}}"
        );
        let request = format!(
            "POST /v1/alerts/soc HTTP/1.1\r\nhost: oust\r\nauthorization: Bearer {SECRET}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let watch = Watch::start();
        stream
            .write_all(request.as_bytes())
            .await
            .expect("it reads");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let read = stream.read_buf(&mut answer).await.expect("it answers");
            assert!(read > 0, "it hung up");
        }
        each.push(watch.read());
        assert!(
            answer.starts_with(b"HTTP/1.1 200 "),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
}

/// The server as `oust serve` puts it together, with this inbox.
async fn serve(inbox: Arc<dyn Inbox>, home: &Path) -> (SocketAddr, watch::Sender<bool>) {
    let secret = home.join("secret");
    std::fs::write(&secret, SECRET).expect("the disk takes it");
    let text = format!(
        "sources: [{{ name: soc, kind: generic, per_minute: 100000, \
         auth: {{ bearer: {{ file: '{}' }} }} }}]",
        secret.display()
    );
    let clock = Arc::new(SystemClock::new());
    let parts = Parts {
        clock: clock.clone(),
        wire: Arc::new(HttpWire::new().expect("there are CA certificates")),
    };
    let settings = sources_alone("bench.yaml", &text).expect("the bench's source holds");
    let source = Source::open(&settings[0], &parts).await;
    let shared = Shared {
        clock,
        rng: Arc::new(SystemRng::default()),
        inbox,
        desk: None,
        archive: None,
        rehearsals: None,
        news: News::default(),
        bell: Arc::default(),
    };
    let router = Intake::router(
        shared,
        vec![source.expect("its secret is there")],
        Router::new(),
    );
    let socket = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let at = socket.local_addr().expect("it is bound");
    let listener = Listener {
        socket,
        certificate: None,
        connections_max: 1_000,
        trusted_proxies: Vec::new(),
    };
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(listener.serve(router, stopped));
    (at, stop)
}

/// Says yes and keeps nothing.
struct Nothing;

#[async_trait]
impl Inbox for Nothing {
    async fn accept(
        &self,
        received: Vec<Received>,
        _: Option<Cursor>,
    ) -> Result<Vec<Accepted>, InboxError> {
        let id = |_| Accepted::New("a_0".to_owned());
        Ok(received.into_iter().map(id).collect())
    }

    async fn take(&self, _: Utc, _: usize, _: &[String]) -> Result<Vec<Entry>, InboxError> {
        Ok(Vec::new())
    }

    async fn settle(&self, _: &str, _: Fate, _: Utc) -> Result<(), InboxError> {
        Ok(())
    }

    async fn put_back(&self, _: &str, _: Utc) -> Result<(), InboxError> {
        Ok(())
    }

    async fn begin_work(&self) -> Result<(), InboxError> {
        Ok(())
    }

    async fn entries(&self, _: Option<&str>, _: usize) -> Result<Vec<Entry>, InboxError> {
        Ok(Vec::new())
    }

    async fn entry(&self, _: &str) -> Result<Option<Entry>, InboxError> {
        Ok(None)
    }

    async fn counts(&self) -> Result<Counts, InboxError> {
        Ok(Counts::default())
    }

    async fn cursor(&self, _: &str) -> Result<Option<String>, InboxError> {
        Ok(None)
    }

    async fn forget_before(&self, _: Utc) -> Result<u64, InboxError> {
        Ok(0)
    }
}
