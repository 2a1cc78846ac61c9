//! From exec to the first request of `oust contain`, over what the program takes to say its
//! version.
//!
//! The real binary, a fresh state directory, the service app's key from a file: config, ledger
//! with its tables, TLS, playbook and key all stand in between.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::machine::{Commits, Watch, median, ratio};
use super::table::Table;
use super::{kit, range};

/// How often each is started.
const TIMES: usize = 15;

/// The binary, built by cargo with this benchmark.
const OUST: &str = env!("CARGO_BIN_EXE_oust");

pub(crate) fn measure(table: &mut Table) {
    let home = tempfile::tempdir().expect("there is room for temporary files");
    let runtime = kit::many_threads();
    let mut commits = Commits::in_dir(home.path());
    let (mut versions, mut firsts) = (Vec::new(), Vec::new());
    for n in 0..TIMES {
        let state = home.path().join(format!("state-{n}"));
        commits.some();
        versions.push(version());
        firsts.push(runtime.block_on(first_request(home.path(), &state)));
    }
    let (version, first) = (median(versions), median(firsts));
    let commit = commits.median();
    table.add(
        "exec to first request less a commit / --version",
        ratio(first.saturating_sub(commit), version),
        3.0,
        format!("{first:.2?}, --version {version:.2?}, one FULL commit {commit:.2?}"),
    );
}

fn version() -> Duration {
    let watch = Watch::start();
    let ended = Command::new(OUST)
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    let took = watch.read();
    assert!(ended.is_ok_and(|status| status.success()));
    took
}

async fn first_request(home: &Path, state: &Path) -> Duration {
    let (sandbox, config) = range::sandbox(home).await;
    let mut command = range::contain(OUST, &config, state, &sandbox.victim);
    let watch = Watch::start();
    let mut child = command.spawn().expect("the binary is there");
    let took = loop {
        if !sandbox.server.range().journal.entries().is_empty() {
            break watch.read();
        }
        let ended = child.try_wait().expect("it is our child");
        assert!(ended.is_none(), "oust ended without a request: {ended:?}");
        tokio::time::sleep(Duration::from_micros(100)).await;
    };
    let ended = child.wait().expect("it is our child");
    // Partial: the services behind this Okta are not configured.
    assert!(matches!(ended.code(), Some(0 | 3)), "{ended}");
    took
}
