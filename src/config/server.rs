//! `server:` of the config file: where it listens, what it takes, who may send.
//!
//! Refuses what would be open to strangers: plain http, or a source without authentication, that
//! anybody but this machine can reach.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::poll::{self, Poll};
use super::sources;
use crate::alerts::SourceSettings;
use crate::consent::WATCH_MAX;
use crate::yaml::{At, Diagnostic, Fields, Node, Problems, spoken};

/// For how long a run is watched, if nobody says otherwise.
const WATCH: Duration = Duration::from_secs(24 * 60 * 60);

const CHARS_MAX: usize = 4_096;
const PROXIES_MAX: usize = 1_000;

/// What the server does and who may send to it.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where alerts are taken, and console and API too, if one process does both.
    pub listen: SocketAddr,
    /// By which certificate; `None` is plain http, on loopback only.
    pub tls: Option<Tls>,
    /// The inbox's file; `None` is below the state directory.
    pub inbox: Option<PathBuf>,
    /// Alerts that may wait.
    pub waiting_max: u64,
    /// Connections at one time.
    pub connections_max: u32,
    /// Who is believed when he says for whom he asks.
    pub trusted_proxies: Vec<IpNet>,
    /// How people reach the console.
    pub public_url: Option<Url>,
    /// Where console and API are, in a process that works and does not receive.
    pub console: SocketAddr,
    /// Who may send alerts.
    pub sources: Vec<SourceSettings>,
    /// What the log is polled for; `None`: it is not.
    pub poll: Option<Poll>,
    /// For how long what a run contained is watched afterwards; `None`: it is not.
    pub watch: Option<Duration>,
}

/// PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate, and those between it and its root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: loopback(8443),
            tls: None,
            inbox: None,
            waiting_max: 10_000,
            connections_max: 1_024,
            trusted_proxies: Vec::new(),
            public_url: None,
            console: loopback(8444),
            sources: Vec::new(),
            poll: None,
            watch: Some(WATCH),
        }
    }
}

fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Reads it; what is left out is as [`Server::default`] says. Paths are relative to `file`.
pub(super) fn read(fields: &mut Fields<'_>, file: &str, problems: &mut Problems) -> Server {
    let mut server = Server::default();
    let Some(at) = fields.take("server", problems) else {
        return server;
    };
    let Some(mut fields) = Fields::of("`server`", at, problems) else {
        return server;
    };
    let home = Path::new(file).parent().unwrap_or(Path::new(""));
    let listen = fields.take("listen", problems);
    if let Some(at) = listen {
        server.listen = address("`listen`", at, problems).unwrap_or(server.listen);
    }
    let tls = fields.take("tls", problems);
    server.tls = tls.and_then(|at| self::tls(at, home, problems));
    let inbox = fields.take("inbox", problems);
    server.inbox = inbox.and_then(|at| path("`inbox`", at, home, problems));
    if let Some(at) = fields.take("waiting_max", problems) {
        let count = problems.count("`waiting_max`", at, 1, 10_000_000);
        server.waiting_max = count.unwrap_or(server.waiting_max);
    }
    if let Some(at) = fields.take("connections_max", problems) {
        let count = problems.count("`connections_max`", at, 1, 100_000);
        let count = count.and_then(|count| u32::try_from(count).ok());
        server.connections_max = count.unwrap_or(server.connections_max);
    }
    if let Some(at) = fields.take("trusted_proxies", problems) {
        server.trusted_proxies = networks(at, problems);
    }
    let public_url = fields.take("public_url", problems);
    server.public_url = public_url.and_then(|at| url(at, problems));
    let console = fields.take("console", problems);
    if let Some(at) = console {
        server.console = self::console(at, problems).unwrap_or(server.console);
    }
    let list = fields.has("sources").then(|| fields.span());
    server.sources = sources::read(&mut fields, problems);
    let poll = fields.take("poll", problems);
    server.poll = poll.and_then(|at| poll::read(at, problems));
    if let Some(at) = fields.take("watch", problems) {
        server.watch = watch(at, problems).unwrap_or(server.watch);
    }
    fields.finish(problems);

    // A mistake in `tls` is said already: that plain http is none here would only confuse.
    if server.tls.is_none() && tls.is_none() {
        for (what, at, address) in [
            ("listen", listen, server.listen),
            ("console", console, server.console),
        ] {
            if let Some(at) = at.filter(|_| !address.ip().is_loopback()) {
                let title = format!("`{what}` would speak plain http to others than this machine");
                let problem = Diagnostic::new(at.span.clone(), title);
                problems.add(problem.help(
                    "add `tls: { certificate: PATH, key: PATH }`, or listen on 127.0.0.1 behind a proxy",
                ));
            }
        }
    }
    let alone = server.listen.ip().is_loopback() && server.trusted_proxies.is_empty();
    for source in server
        .sources
        .iter()
        .filter(|source| !source.is_authenticated())
    {
        if let Some(span) = list.clone().filter(|_| !alone) {
            let title = format!(
                "the source {} takes alerts from anybody who can reach it",
                spoken(&source.name)
            );
            let problem = Diagnostic::new(span, title);
            problems.add(problem.help(
                "give it an `auth`; without one, `listen` must be loopback and no proxy before it",
            ));
        }
    }
    server
}

/// `24h`, or `off`. `false` is meant so, too.
fn watch(at: &At<Node>, problems: &mut Problems) -> Option<Option<Duration>> {
    let is_off = match &at.value {
        Node::Text(text) => text.eq_ignore_ascii_case("off"),
        Node::Flag(on) => !on,
        _ => false,
    };
    if is_off {
        return Some(None);
    }
    let lasts = problems.duration("`watch`", at, WATCH_MAX)?;
    Some(Some(lasts.value))
}

fn address(what: &str, at: &At<Node>, problems: &mut Problems) -> Option<SocketAddr> {
    let text = problems.text(what, at, 100)?;
    let parsed = text.value.parse().ok();
    if parsed.is_none() {
        let title = format!("{} is no address to listen on", spoken(&text.value));
        problems
            .add(Diagnostic::new(text.span, title).label("write `127.0.0.1:8443` or `[::]:443`"));
    }
    parsed
}

fn path(what: &str, at: &At<Node>, home: &Path, problems: &mut Problems) -> Option<PathBuf> {
    let text = problems.text(what, at, CHARS_MAX)?;
    Some(home.join(text.value))
}

fn tls(at: &At<Node>, home: &Path, problems: &mut Problems) -> Option<Tls> {
    let mut fields = Fields::of("`tls`", at, problems)?;
    let mut take = |key: &'static str| {
        if !fields.has(key) {
            fields.missing(key, problems);
        }
        let at = fields.take(key, problems)?;
        path(&format!("`{key}`"), at, home, problems)
    };
    let (certificate, key) = (take("certificate"), take("key"));
    fields.finish(problems);
    Some(Tls {
        certificate: certificate?,
        key: key?,
    })
}

fn console(at: &At<Node>, problems: &mut Problems) -> Option<SocketAddr> {
    let mut fields = Fields::of("`console`", at, problems)?;
    if !fields.has("listen") {
        fields.missing("listen", problems);
    }
    let listen = fields.take("listen", problems);
    fields.finish(problems);
    address("`listen`", listen?, problems)
}

fn networks(at: &At<Node>, problems: &mut Problems) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for word in problems
        .words("`trusted_proxies`", at)
        .into_iter()
        .take(PROXIES_MAX)
    {
        let address = || word.value.parse::<IpAddr>().map(IpNet::from).ok();
        match word.value.parse().ok().or_else(address) {
            Some(net) => networks.push(net),
            None => {
                let title = format!("{} is no network", spoken(&word.value));
                let problem = Diagnostic::new(word.span, title);
                problems.add(problem.label("write `192.0.2.0/24` or an address"));
            }
        }
    }
    networks
}

fn url(at: &At<Node>, problems: &mut Problems) -> Option<Url> {
    let text = problems.text("`public_url`", at, CHARS_MAX)?;
    let parsed = Url::parse(&text.value).ok().filter(|url| {
        let plain = url.scheme() == "http" && is_loopback(url);
        (url.scheme() == "https" || plain)
            && url.has_host()
            && url.username().is_empty()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    if parsed.is_none() {
        let title = "`public_url` is no address of a console";
        problems.add(
            Diagnostic::new(text.span, title).label("write `https://HOST` or `https://HOST:PORT`"),
        );
    }
    parsed
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
