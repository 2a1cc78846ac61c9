//! The sandbox with everything that it serves, and the real `oust contain` against it: two
//! programs and loopback, as at an incident.
//!
//! Whatever service the sandbox comes to have takes part without a word here: its config is the
//! one that `oust sandbox` writes. What happened when is read from the run's own ledger.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use oust::ledger::{RunState, SqliteStore, Store as _};
use oust::transport::{HttpWire, Wire, WireLimits};

use super::machine::{Watch, median, resident_peak};

/// The account that was taken over.
const VICTIM: &str = "alex@contoso.example";

const OUST: &str = env!("CARGO_BIN_EXE_oust");

/// A sandbox at work; it ends when this is dropped.
pub(crate) struct Everywhere {
    child: Child,
    home: tempfile::TempDir,
}

/// One account, contained once.
pub(crate) struct Contained {
    pub(crate) state: RunState,
    /// The most memory that was resident, bytes.
    pub(crate) peak: Option<u64>,
}

impl Everywhere {
    /// Opens it, each answer `latency_ms` late, with these faults.
    pub(crate) async fn open(latency_ms: u64, faults: &str) -> Self {
        let home = tempfile::tempdir().expect("there is room for temporary files");
        let mut command = Command::new(OUST);
        command.args(["sandbox", "--latency-ms", &latency_ms.to_string()]);
        if !faults.is_empty() {
            command.args(["--faults", faults]);
        }
        command.arg("--dir").arg(home.path()).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("the binary is there");
        let mut open = Self { child, home };
        while !open.config().exists() || open.okta_url().is_none() {
            let ended = open.child.try_wait().expect("it is our child");
            assert!(ended.is_none(), "the sandbox ended: {ended:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        open
    }

    fn config(&self) -> std::path::PathBuf {
        self.home.path().join("oust.yaml")
    }

    fn okta_url(&self) -> Option<String> {
        let config = std::fs::read_to_string(self.config()).ok()?;
        // The file is whole once what follows the connectors is there.
        config.contains("apps:").then_some(())?;
        let line = config
            .lines()
            .find_map(|line| line.trim().strip_prefix("org_url: "))?;
        Some(line.to_owned())
    }

    /// Contains the account and waits for the verdict, so long at most: what happened until then
    /// stands in the ledger.
    pub(crate) async fn contain(&self, name: &str, at_most: Duration) -> Contained {
        let watch = Watch::start();
        let state = self.home.path().join(name);
        let mut command = Command::new(OUST);
        command.args([
            "contain", VICTIM, "--since", "2h", "--yes", "--output", "json",
        ]);
        command.arg("--config").arg(self.config());
        command
            .arg("--state")
            .arg(&state)
            .arg("--report")
            .arg(&state);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("the binary is there");
        let pid = child.id().to_string();
        let mut peak = None;
        while child.try_wait().expect("it is our child").is_none() {
            peak = peak.max(resident_peak(&pid));
            if watch.read() > at_most {
                child.kill().expect("it is our child");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Contained {
            state: the_run(&state).await,
            peak,
        }
    }

    /// One warm call that only reads: the median of some.
    pub(crate) async fn one_call(&self) -> Duration {
        let wire = HttpWire::new().expect("the system has TLS roots");
        let url = self.okta_url().expect("it is open") + "/.well-known/okta-organization";
        let mut times = Vec::new();
        for n in 0..6 {
            let request = http::Request::get(&url).body(Vec::new());
            let watch = Watch::start();
            let _ = wire
                .send(request.expect("it is a URL"), WireLimits::default())
                .await;
            // The first one connects.
            if n > 0 {
                times.push(watch.read());
            }
        }
        median(times)
    }
}

impl Drop for Everywhere {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The only run of a state directory.
async fn the_run(state: &Path) -> RunState {
    let ledger = SqliteStore::open(&state.join("oust.db")).expect("oust made it");
    let runs = ledger.runs().await.expect("it can be read");
    let [run] = &runs[..] else {
        panic!("{} runs", runs.len())
    };
    RunState::of(&ledger.records(&run.id).await.expect("it can be read"))
}

impl Contained {
    /// From consent to the last answer to a write, system by system.
    pub(crate) fn times(&self) -> BTreeMap<String, Duration> {
        let (_, _, consented) = self.state.consent.as_ref().expect("it was agreed to");
        let mut last: BTreeMap<String, Duration> = BTreeMap::new();
        for each in self.state.changes() {
            if let Some(at) = each.answered_at {
                let known = last.entry(each.change.system.to_string()).or_default();
                *known = at.since(*consented).max(*known);
            }
        }
        last
    }

    /// Writes that left for each system one after another; those that left together, as far as
    /// calls of this length can tell, count once.
    pub(crate) fn chains(&self, one_call: Duration) -> BTreeMap<String, u32> {
        let mut sent: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for each in self.state.changes() {
            let here = sent.entry(each.change.system.to_string()).or_default();
            here.extend(each.receipts.iter().map(|receipt| receipt.sent_at.millis()));
        }
        let half = i64::try_from(one_call.as_millis() / 2).expect("a call is short");
        let chain = |mut moments: Vec<i64>| {
            moments.sort_unstable();
            let mut last = i64::MIN / 2;
            let mut count = 0;
            for at in moments {
                if at - last > half {
                    count += 1;
                    last = at;
                }
            }
            count
        };
        let each = sent.into_iter();
        each.map(|(system, moments)| (system, chain(moments)))
            .collect()
    }
}
