//! A server of one's own, and senders that can misbehave.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oust::given::SystemRng;
use oust::inbox::{Entry, Inbox as _, SqliteInbox};
use serde_json::{Value, json};

pub(super) const SECRET: &str = "a-secret-that-nobody-guesses-0123456789";

/// Most stories need these: one sender that says who it is by bearer, one hook, one by its address.
pub(super) const SOURCES: &str = "
  - { name: soc, kind: generic, per_minute: 100000, auth: { bearer: { env: SOC } } }
  - { name: hook, kind: okta-hook, auth: { header: { name: authorization, secret: { env: SOC } } } }
  - { name: splunk, kind: splunk, auth: { path: { env: SOC } } }
";

/// The vendor's key is nowhere: whoever opens a system finds out.
const CONNECTORS: &str = "connectors:
- vendor: okta
  org_url: https://contoso.okta.example
  auth: { client_id: 0oa1, key_id: K1, private_key: { file: /nowhere/key.pem } }
";

/// A home with a config.
pub(super) struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    pub(super) fn new() -> Self {
        Self::with("listen: 127.0.0.1:0", SOURCES)
    }

    /// With these lines under `server:`, and these sources.
    pub(super) fn with(server: &str, sources: &str) -> Self {
        let home = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        home.configure(server, sources);
        home
    }

    pub(super) fn configure(&self, server: &str, sources: &str) {
        let server = server.replace('\n', "\n  ");
        let text = format!("{CONNECTORS}server:\n  {server}\n  sources:{sources}");
        fs::write(self.at("oust.yaml"), text).unwrap();
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(super) fn oust(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oust"));
        command
            .env_clear()
            .env("HOME", self.dir.path())
            .env("SOC", SECRET)
            .current_dir(self.dir.path())
            .args(words.split_whitespace())
            .args(["--config", "oust.yaml", "--state", "state"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs to its end: exit code, and all that it said.
    pub(super) fn run(&self, words: &str) -> (i32, String) {
        let output = self.oust(words).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap_or(-1),
            String::from_utf8(said).unwrap(),
        )
    }

    pub(super) fn serve(&self) -> Serving {
        Serving::start(self.oust("serve --role receive"))
    }

    /// What is in the inbox, the newest first.
    pub(super) fn inbox(&self) -> Vec<Entry> {
        let file = self.at("state/inbox/inbox.db");
        let inbox = SqliteInbox::open(&file, 1, Arc::new(SystemRng::default())).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(inbox.entries(None, 1_000_000)).unwrap()
    }

    pub(super) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self
            .inbox()
            .into_iter()
            .map(|entry| entry.alert.dedupe_key)
            .collect();
        keys.sort();
        keys
    }
}

/// A server under way; killed when this goes.
pub(super) struct Serving {
    child: Child,
    pub(super) at: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Serving {
    pub(super) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let at = loop {
            let Some(Ok(line)) = lines.next() else {
                panic!("it did not start:\n{}", log.lock().unwrap())
            };
            log.lock().unwrap().push_str(&format!("{line}\n"));
            if let Some((_, at)) = line.split_once("listening on ") {
                let (_, at) = at.split_once("://").unwrap();
                break at.split('"').next().unwrap().parse().unwrap();
            }
        };
        let kept = log.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        Self { child, at, log }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    pub(super) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log says so.
    #[track_caller]
    pub(super) fn logs(&self, text: &str) {
        for _ in 0..3_000 {
            if self.log().contains(text) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("no `{text}` in\n{}", self.log());
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// As `kill -9` does.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(super) fn terminate(&self) {
        let sent = Command::new("kill")
            .args(["-TERM", &self.pid().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    /// The exit code, once it has ended by itself.
    pub(super) fn ended(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// A connection that says what it is told.
    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.at).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream
    }

    /// What comes back to these bytes, until the other side closes or falls silent.
    pub(super) fn answers(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // It may be refused, and the connection closed, before all of it was sent.
        let _ = stream.write_all(bytes);
        read_all(&mut stream)
    }

    /// A POST by a client that behaves: status and body.
    pub(super) fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nhost: oust\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        self.answers(format!("{request}\r\n{body}").as_bytes())
    }

    /// The alert of this id, as the SOC sends it.
    pub(super) fn alert(&self, id: &str) -> String {
        self.post("/v1/alerts/soc", &good(), &alert(id).to_string())
    }

    pub(super) fn get(&self, path: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nhost: oust\r\nconnection: close\r\n\r\n");
        self.answers(request.as_bytes())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut some = [0; 4096];
    // A reset after the answer takes nothing away from it.
    while let Ok(read @ 1..) = stream.read(&mut some) {
        answer.extend(&some[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

pub(super) fn bearer() -> &'static str {
    const { "Bearer a-secret-that-nobody-guesses-0123456789" }
}

pub(super) fn good() -> [(&'static str, &'static str); 2] {
    [
        ("authorization", bearer()),
        ("content-type", "application/json"),
    ]
}

/// The generic body of this id.
pub(super) fn alert(id: &str) -> Value {
    json!({
        "source": "soc-portal",
        "id": id,
        "rule": { "id": "manual", "name": "Analyst request: contain account" },
        "severity": "high",
        "time": "2026-03-10T15:15:00Z",
        "subject": { "okta_user_id": "00ujkPI1q4Pa7UeFg5d7", "login": "alex@contoso.example" },
    })
}

#[track_caller]
pub(super) fn is(answer: &str, status: u16) {
    let start = format!("HTTP/1.1 {status} ");
    assert!(answer.starts_with(&start), "not {status}:\n{answer}");
}
