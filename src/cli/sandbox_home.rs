//! Where a sandbox's config, secrets and state lie, and what the config says.
//!
//! Does not know the mocks: [`Told`] is all that they say of themselves.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::sandbox::Told;
use crate::model::hex;

/// The sandbox's own source of alerts.
pub(super) const SOC: &str = "soc";

/// A service behind Okta: its settings, and its secrets for files of their own.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ToldService {
    settings: Value,
    secrets: Vec<(String, String)>,
    /// The app at Okta that leads there, where no catalogue tells.
    app: Option<String>,
}

impl ToldService {
    /// `secrets` by the key of the settings that will say where each is; a dot leads into a map.
    pub(super) fn new(settings: Value, secrets: &[(&str, &String)]) -> Self {
        let secrets = secrets.iter();
        let secrets = secrets.map(|(key, text)| ((*key).to_owned(), (*text).clone()));
        Self {
            settings,
            secrets: secrets.collect(),
            app: None,
        }
    }

    /// The same, reached by an app that only `apps:` can name.
    pub(super) fn reached_by(self, app: &str) -> Self {
        Self {
            app: Some(app.to_owned()),
            ..self
        }
    }

    fn vendor(&self) -> &str {
        self.settings["vendor"].as_str().unwrap_or("service")
    }

    /// Writes the secrets into `dir`; returns its part of the config. JSON is YAML, too.
    fn lay(&self, dir: &Path) -> std::io::Result<String> {
        let mut settings = self.settings.clone();
        let vendor = self.vendor();
        for (key, text) in &self.secrets {
            let file = dir.join(format!("{vendor}-{key}"));
            write_private(&file, text)?;
            let mut place = &mut settings;
            for part in key.split('.') {
                place = &mut place[part];
            }
            *place = json!({ "file": file });
        }
        Ok(format!("- {settings}\n"))
    }
}

/// Where a sandbox's config, key and state lie.
pub(super) struct Home {
    dir: PathBuf,
    pub(super) config: PathBuf,
    pub(super) state: PathBuf,
}

impl Home {
    /// Lays it out in `dir`, or in a new directory for temporary files.
    ///
    /// # Errors
    /// If the directory cannot be written.
    pub(super) fn lay(dir: Option<&Path>, told: &Told) -> Result<Self, Failure> {
        let named = format!("oust-sandbox-{}", std::process::id());
        let dir = dir.map_or_else(|| std::env::temp_dir().join(named), Path::to_owned);
        let failed = |error: std::io::Error| {
            let what = format!("{} cannot be written: {error}", dir.display());
            Failure::say(Exit::NotStarted, what, "name another directory with --dir")
        };
        std::fs::create_dir_all(&dir).map_err(failed)?;
        let key = dir.join("key.pem");
        write_private(&key, &told.private_key_pem).map_err(failed)?;
        let config = dir.join("oust.yaml");
        let mut text = config_for(told, &key);
        for service in &told.services {
            text.push_str(&service.lay(&dir).map_err(failed)?);
        }
        text.push_str(&apps_of(&told.services));
        text.push_str(OWNERS);
        text.push_str(&server_in(&dir).map_err(failed)?);
        std::fs::write(&config, text).map_err(failed)?;
        let state = dir.join("state");
        Ok(Self { dir, config, state })
    }

    /// Removes it with all that is in it.
    pub(super) fn remove(self) {
        let _ = std::fs::remove_dir_all(self.dir);
    }
}

/// Whom a responder would call, so that the report shows it; and whom a live rehearsal contains.
const OWNERS: &str = "\
owners:
- { app: Atlassian Cloud, owner: Workplace IT, contact: '+1 206 555 0134' }
- { app: salesforce, owner: CRM team, contact: crm-oncall@contoso.example }
- { app: aws, owner: Cloud platform, contact: '+1 206 555 0170' }
canary: kim@contoso.example
";

/// A source of alerts for `oust sandbox alert`, with a secret of its own, and a free port to take
/// them at.
fn server_in(dir: &Path) -> std::io::Result<String> {
    let mut secret = [0; 32];
    aws_lc_rs::rand::fill(&mut secret).map_err(|_| std::io::Error::other("no randomness"))?;
    let file = dir.join("soc-secret");
    write_private(&file, &hex(&secret))?;
    // Free a moment ago, and as good as reserved: the system hands out others first.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port();
    let source = json!({ "name": SOC, "kind": "generic", "auth": { "hmac": { "file": file } } });
    Ok(format!(
        "server:\n  listen: 127.0.0.1:{port}\n  sources:\n  - {source}\n"
    ))
}

/// `apps:` of the config; nothing if every app is a catalogue's.
fn apps_of(services: &[ToldService]) -> String {
    let apps: serde_json::Map<String, Value> = services
        .iter()
        .filter_map(|each| Some((each.app.clone()?, each.vendor().into())))
        .collect();
    if apps.is_empty() {
        return String::new();
    }
    format!("apps: {}\n", Value::Object(apps))
}

fn config_for(told: &Told, key: &Path) -> String {
    let Told {
        url,
        client_id,
        reader_client_id,
        kid,
        quarantine_group,
        ..
    } = told;
    let key = serde_json::Value::from(key.display().to_string());
    format!(
        "# The sandbox's config: mock vendors on loopback, throwaway keys.\n\
         connectors:\n\
         - vendor: okta\n  \
           org_url: {url}\n  \
           auth: {{ client_id: {client_id}, key_id: {kid}, private_key: {{ file: {key} }} }}\n  \
           read_auth: {{ client_id: {reader_client_id}, key_id: {kid}, private_key: {{ file: {key} }} }}\n  \
           quarantine_group: {quarantine_group}\n"
    )
}

#[cfg(unix)]
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(not(unix))]
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::write(path, text)
}
