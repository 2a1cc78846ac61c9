//! The place to come in by: certificate and port, opened as they will be used.

use std::net::SocketAddr;
use std::path::Path;

use tokio::net::TcpListener;

use super::Role;
use crate::cli::exit::{Exit, Failure};
use crate::cli::say;
use crate::config;
use crate::server::{Certificate, Listener};

/// A bound port with its certificate.
pub(super) struct Door {
    pub(super) listener: Listener,
    at: String,
}

impl Door {
    /// Reads the certificate and binds the port of this role.
    ///
    /// # Errors
    /// [`Failure`] that says which of them cannot be used.
    pub(super) async fn open(settings: &config::Server, role: Role) -> Result<Self, Failure> {
        let certificate = settings.tls.as_ref().map(|tls| {
            if let Some(note) = exposed(&tls.key) {
                say(&format!("! {note}"));
                say(&format!(" hint: chmod 600 {}", tls.key.display()));
            }
            Certificate::read(tls)
        });
        let certificate = certificate.transpose().map_err(|why| {
            let hint = "name PEM files that this user can read under `server: tls:`";
            Failure::say(Exit::Usage, why, hint)
        })?;
        let listen = match role {
            Role::Work => settings.console,
            Role::Receive | Role::Both => settings.listen,
        };
        let socket = bind(listen).await?;
        let bound = socket.local_addr().unwrap_or(listen);
        let scheme = if certificate.is_some() {
            "https"
        } else {
            "http"
        };
        Ok(Self {
            listener: Listener {
                socket,
                certificate,
                connections_max: settings.connections_max,
                trusted_proxies: settings.trusted_proxies.clone(),
            },
            at: format!("{scheme}://{bound}"),
        })
    }

    /// Where it is.
    pub(super) fn at(&self) -> &str {
        &self.at
    }
}

async fn bind(listen: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(listen).await.map_err(|error| {
        let what = format!("cannot listen on {listen}: {error}");
        let hint = "another address under `server: listen:`, or stop whoever has this one";
        Failure::say(Exit::NotStarted, what, hint)
    })
}

#[cfg(unix)]
fn exposed(key: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = key.metadata().ok()?.permissions().mode() & 0o777;
    let key = key.display();
    // A group may be how the server's user gets at it.
    (mode & 0o007 != 0).then(|| format!("{key} has mode {mode:03o}: others can read the key"))
}

#[cfg(not(unix))]
fn exposed(_: &Path) -> Option<String> {
    None
}
