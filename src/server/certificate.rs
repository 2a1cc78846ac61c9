//! Our certificate: read from PEM files, and read again when they change.
//!
//! TLS 1.2 and later, as rustls has them; no client certificates.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Tls;

/// A certificate with its key.
pub struct Certificate {
    files: Tls,
    now: Mutex<Read>,
}

struct Read {
    acceptor: TlsAcceptor,
    changed: Changed,
}

/// When the two files were last changed.
type Changed = [Option<SystemTime>; 2];

impl Certificate {
    /// Reads both files.
    ///
    /// # Errors
    /// Which of them is unusable, and why.
    pub fn read(files: &Tls) -> Result<Self, String> {
        let changed = changed(files);
        Ok(Self {
            now: Mutex::new(Read {
                acceptor: acceptor(files)?,
                changed,
            }),
            files: files.clone(),
        })
    }

    /// What accepts the next connection. Files that changed and cannot be used change nothing, and
    /// are said.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = changed(&self.files);
        if changed != now.changed {
            now.changed = changed;
            match acceptor(&self.files) {
                Ok(acceptor) => {
                    tracing::info!("the certificate was read anew");
                    now.acceptor = acceptor;
                }
                Err(why) => tracing::error!(why, "the new certificate cannot be used: {why}"),
            }
        }
        now.acceptor.clone()
    }
}

fn changed(files: &Tls) -> Changed {
    let at = |path: &Path| path.metadata().and_then(|about| about.modified()).ok();
    [at(&files.certificate), at(&files.key)]
}

fn acceptor(files: &Tls) -> Result<TlsAcceptor, String> {
    let unusable = |path: &Path, why: String| format!("{} cannot be used: {why}", path.display());
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(&files.certificate, error.to_string()))?;
    if chain.is_empty() {
        let why = "there is no certificate in it".to_owned();
        return Err(unusable(&files.certificate, why));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| unusable(&files.key, error.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| unusable(&files.certificate, error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
