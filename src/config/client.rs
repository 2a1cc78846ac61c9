//! `client:` of the config file: the server that some commands ask instead of the local state.

use url::Url;

use super::reference;
use crate::transport::SecretRef;
use crate::yaml::{Fields, Problems};

/// A server, and what we sign in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its address: scheme, host, port, and what stands before `/v1`.
    pub url: Url,
    /// A token that `oust token add` printed there.
    pub token: SecretRef,
}

/// Reads it, if it is there.
pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Client> {
    let at = fields.take("client", problems)?;
    let mut own = Fields::of("`client`", at, problems)?;
    for key in ["url", "token"] {
        if !own.has(key) {
            own.missing(key, problems);
        }
    }
    let (url, token) = (own.take("url", problems), own.take("token", problems));
    own.finish(problems);
    let url = url.and_then(|at| reference::address("url", at, problems));
    let token = token.and_then(|at| reference::secret("token", at, problems));
    Some(Client {
        url: url?,
        token: token?,
    })
}
