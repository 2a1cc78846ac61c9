//! The mock org on loopback, and the real connector in front of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use oust::connectors::{Opened, Opening, REGISTER};
use oust::engine::Tools;
use oust::given::{Clock, Rng, SystemClock, SystemRng};
use oust::ledger::Store;
use oust::model::SystemId;
use oust::transport::HttpWire;
use oust_mocks::{Range, Sandbox, SandboxOptions, Server, World};
use serde_json::json;

/// The buckets that a containment uses, and a quota that it cannot use up.
const BUCKETS: [&str; 9] = [
    "users",
    "users/id:get",
    "users/id:write",
    "apps",
    "devices",
    "groups",
    "logs",
    "oauth2",
    "api",
];
const PER_MINUTE: u32 = 1_000_000;

/// A server with a crowd of `n` beside the people of the story, each answer `latency_ms` late.
///
/// Its quota is out of the way: that is another budget.
pub(crate) async fn serve(n: usize, latency_ms: u64) -> Server {
    let now = SystemClock::new().now().millis();
    let world = World::contoso(now)
        .crowd(n)
        .latency_ms(latency_ms)
        .with(|okta| {
            let limits = &mut okta.limits.overrides;
            limits.extend(BUCKETS.map(|name| (name.to_owned(), PER_MINUTE)));
        });
    Server::start(Range::new(world, 7), 0)
        .await
        .expect("loopback has a free port")
}

/// The engine's tools over real HTTP: the Okta connector with an API token from `home`, so that
/// its credential is warm from the first call on.
pub(crate) fn tools(server: &Server, store: Arc<dyn Store>, home: &Path) -> Tools {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let rng: Arc<dyn Rng> = Arc::new(SystemRng::default());
    let token = home.join("token");
    std::fs::write(&token, oust_mocks::world::SSWS_SECRET).expect("the directory is ours");
    let opening = Opening {
        id: SystemId::new("okta"),
        settings: json!({
            "org_url": server.url(),
            "auth": { "api_token": { "file": token } },
            "quarantine_group": oust_mocks::world::QUARANTINE_GROUP,
        }),
        wire: Arc::new(HttpWire::new().expect("the system has TLS roots")),
        clock: Arc::clone(&clock),
        rng: Arc::clone(&rng),
        user_agent: "oust/bench run=r_bench".into(),
        budgets: oust::transport::Budgets::default(),
    };
    let row = REGISTER
        .iter()
        .find(|row| row.vendor.id == "okta")
        .expect("the register has the directory");
    let Ok(Opened::Directory(directory)) = (row.open)(&opening) else {
        unreachable!("Okta is a directory, and these settings are good");
    };
    Tools {
        directory,
        services: Vec::new(),
        vendors: Vec::new(),
        store,
        clock,
        rng,
        tool: "oust/bench".into(),
        mass_order: oust::engine::MassOrder::InTurn,
    }
}

/// The sandbox that `oust sandbox` opens, and a config file for it in `home`.
pub(crate) async fn sandbox(home: &Path) -> (Sandbox, PathBuf) {
    let open = oust_mocks::serve(SandboxOptions::default())
        .await
        .expect("loopback has a free port");
    let key = home.join("key.pem");
    std::fs::write(&key, &open.private_key_pem).expect("the directory is ours");
    let file = json!({ "file": key });
    let app = |id: &str| json!({ "client_id": id, "key_id": open.kid, "private_key": file });
    // JSON is YAML.
    let config = json!({ "connectors": [{
        "vendor": "okta",
        "org_url": open.server.url(),
        "auth": app(&open.client_id),
        "read_auth": app(&open.reader_client_id),
        "quarantine_group": open.quarantine_group,
    }] });
    let path = home.join("oust.yaml");
    std::fs::write(&path, config.to_string()).expect("the directory is ours");
    (open, path)
}

/// `oust contain LOGIN --only okta --yes`, silent: what he uses elsewhere would stay open.
pub(crate) fn contain(program: &str, config: &Path, state: &Path, login: &str) -> Command {
    let mut command = Command::new(program);
    command
        .args([
            "contain", login, "--only", "okta", "--since", "2h", "--yes", "--output", "json",
        ])
        .arg("--config")
        .arg(config)
        .arg("--state")
        .arg(state)
        .arg("--report")
        .arg(state)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}
