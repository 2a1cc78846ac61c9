//! A responder's desk: the real binary in an environment of its own, and mock vendors in this
//! process that it talks to over loopback.
//!
//! Everything the binary can see is below one temporary home: config, key, state, working
//! directory. The mocks are asked for the truth directly, never through the binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use oust_mocks::world::{ALEX, CLIENT_ID, QUARANTINE_GROUP};
use oust_mocks::{Faults, KeyPair, Range, Server, World};
use tokio::runtime::Runtime;

use crate::lab::services::{furnished, services};

/// The login the stories are about.
pub(crate) const ALEX_LOGIN: &str = "alex@contoso.example";

/// Milliseconds since 1970, by the clock that the binary sees too.
#[expect(
    clippy::disallowed_methods,
    reason = "the binary takes the machine's clock, and the story must be of that day"
)]
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

pub(crate) struct Desk {
    // Dropped in this order: the server's tasks live in the runtime.
    pub(crate) server: Server,
    _runtime: Runtime,
    home: tempfile::TempDir,
    pub(crate) key: KeyPair,
}

impl Desk {
    /// The contoso org, 78 minutes into the takeover.
    pub(crate) fn contoso() -> Self {
        Self::of(|world| world)
    }

    /// That org, changed.
    pub(crate) fn of(change: impl FnOnce(World) -> World) -> Self {
        Self::in_world(|world| change(world.only_okta()))
    }

    /// The org and the services behind it, none of them configured.
    pub(crate) fn of_all(change: impl FnOnce(World) -> World) -> Self {
        Self::in_world(change)
    }

    /// That org with every service of the register behind it, all of them configured.
    pub(crate) fn with_services() -> Self {
        let desk = Self::in_world(furnished);
        let keep = |name: &str, text: &str| {
            desk.write_private(name, text);
            desk.at(name)
        };
        let each = services().map(|service| {
            let mut settings = service.settings(&keep, &desk.server.url());
            settings["vendor"] = service.vendor.into();
            format!("- {settings}\n")
        });
        let mut text = each.collect::<String>();
        text.push_str("apps:\n");
        for service in services() {
            for app in service.apps {
                text.push_str(&format!("  {app}: {}\n", service.vendor));
            }
        }
        desk.configure(&text);
        desk
    }

    fn in_world(change: impl FnOnce(World) -> World) -> Self {
        let key = KeyPair::es256("K1");
        let jwk = key.public_jwk.clone();
        let world = change(World::contoso(now_ms()));
        let world = world.client(CLIENT_ID, jwk, &World::all_scopes());
        let range = Range::new(world, 7);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let server = runtime.block_on(Server::start(range, 0)).unwrap();
        let desk = Self {
            server,
            _runtime: runtime,
            home: tempfile::tempdir().unwrap(),
            key,
        };
        fs::create_dir(desk.here()).unwrap();
        desk.write_private("key.pem", &desk.key.private_pem);
        desk.configure("");
        desk
    }

    /// The working directory; reports go there unless told otherwise.
    pub(crate) fn here(&self) -> PathBuf {
        self.home.path().join("work")
    }

    /// A path below the home directory.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }

    /// The ledger, where it is by default.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.at(".local/state/oust/oust.db")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.at(".config/oust/oust.yaml")
    }

    /// Writes the usual config, with `more` at its end.
    pub(crate) fn configure(&self, more: &str) {
        let auth = format!(
            "{{ client_id: {CLIENT_ID}, key_id: K1, private_key: {{ file: {} }} }}",
            self.at("key.pem").display()
        );
        self.configure_auth(&auth, more);
    }

    /// The same with another credential.
    pub(crate) fn configure_auth(&self, auth: &str, more: &str) {
        self.write_config(&format!(
            "connectors:\n- vendor: okta\n  org_url: {}\n  auth: {auth}\n  \
             quarantine_group: {QUARANTINE_GROUP}\n{more}",
            self.server.url(),
        ));
    }

    pub(crate) fn write_config(&self, text: &str) {
        fs::create_dir_all(self.config().parent().unwrap()).unwrap();
        fs::write(self.config(), text).unwrap();
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn write_private(&self, path: &str, text: &str) {
        let path = self.write(path, text);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        #[cfg(not(unix))]
        let _ = path;
    }

    /// Faults in the form of the command line, from now on.
    pub(crate) fn faults(&self, list: &str) {
        self.server.range().faults = Faults::parse(list).unwrap();
    }

    /// The binary with these words, in a scrubbed environment; stdin is not a terminal.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oust"));
        self.furnish(&mut command);
        command.args(words);
        command
    }

    /// Gives a command this desk's environment and nothing else.
    pub(crate) fn furnish(&self, command: &mut Command) {
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home.path());
        command.env("USER", "kim").env("TZ", "UTC");
        command.current_dir(self.here());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    /// Runs `oust` with words that have no spaces in them.
    pub(crate) fn oust(&self, words: &str) -> Said {
        self.oust_words(&words.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs `oust` with these words.
    pub(crate) fn oust_words(&self, words: &[&str]) -> Said {
        Said::of(self.command(words).output().unwrap(), words)
    }

    /// Starts `oust` and leaves it running.
    pub(crate) fn start(&self, words: &str) -> Running {
        let words: Vec<&str> = words.split_whitespace().collect();
        Running {
            child: Some(self.command(&words).spawn().unwrap()),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
        }
    }

    /// Waits until the mocks show what is asked for.
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Range) -> bool) {
        for _ in 0..1_000 {
            if holds(&self.server.range()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{what} did not come about:\n{}", self.journal());
    }

    pub(crate) fn journal(&self) -> String {
        self.server.range().journal.lines()
    }

    /// Fails if the mocks, by their own list, were asked to change anything.
    #[track_caller]
    pub(crate) fn saw_no_writes(&self) {
        let writes = self.server.range().journal.writes().len();
        assert_eq!(writes, 0, "writes were sent:\n{}", self.journal());
    }

    /// Fails if nothing was even asked for a token.
    #[track_caller]
    pub(crate) fn saw_nothing(&self) {
        let entries = self.server.range().journal.entries().len();
        assert_eq!(entries, 0, "something was sent:\n{}", self.journal());
    }

    /// Fails unless the mocks say that the intruder is out.
    #[track_caller]
    pub(crate) fn is_contained(&self) {
        let range = self.server.range();
        let holds = range.okta.attacker_holds(ALEX);
        assert!(holds.is_empty(), "he holds {holds:?}");
        assert!(range.okta.is_contained(ALEX), "{}", range.journal.lines());
    }

    /// The report's JSON file of the only run in the working directory.
    pub(crate) fn report_file(&self) -> serde_json::Value {
        let path = files_in(&self.here())
            .into_iter()
            .find(|path| path.extension().is_some_and(|end| end == "json"))
            .expect("a report was written");
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }
}

/// All files below a directory, in order.
pub(crate) fn files_in(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(dir) else {
        return found;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_in(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A command that is still running; killed if the story ends before it.
pub(crate) struct Running {
    child: Option<Child>,
    words: Vec<String>,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child().id()
    }

    fn child(&self) -> &Child {
        self.child.as_ref().expect("it is there until the end")
    }

    pub(crate) fn child_mut(&mut self) -> &mut Child {
        self.child.as_mut().expect("it is there until the end")
    }

    /// What Ctrl-C sends.
    pub(crate) fn interrupt(&self) {
        self.signal("INT");
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.pid())])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    pub(crate) fn ended(mut self) -> Said {
        let child = self.child.take().expect("it is there until the end");
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        Said::of(child.wait_with_output().unwrap(), &words)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a command said, and how it ended.
pub(crate) struct Said {
    /// The exit code; -1 if a signal ended it.
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
    words: String,
}

impl Said {
    pub(crate) fn of(output: std::process::Output, words: &[&str]) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            words: words.join(" "),
        }
    }

    fn all(&self) -> String {
        let Self {
            code,
            out,
            err,
            words,
        } = self;
        format!("$ oust {words}\n[exit {code}]\n--- stdout\n{out}\n--- stderr\n{err}")
    }

    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{}", self.all());
        self
    }

    /// Fails unless `text` stands in one of the two outputs, across line ends.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        let all = format!("{} {}", self.out, self.err);
        let flat = all.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(text), "no `{text}` in\n{}", self.all());
        self
    }

    /// Fails unless a next step is named.
    #[track_caller]
    pub(crate) fn hints(&self, text: &str) -> &Self {
        assert!(self.err.contains(" hint: "), "no hint in\n{}", self.all());
        self.says(text)
    }

    /// The one object on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.all()))
    }

    /// The phrase that `oust plan` printed.
    #[track_caller]
    pub(crate) fn phrase(&self) -> String {
        let (_, rest) = self
            .out
            .split_once("--consent \"")
            .expect("a phrase is printed");
        rest.split('"').next().unwrap().to_owned()
    }
}
