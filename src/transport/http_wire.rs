//! The real network: one pooled HTTPS client, no redirects, every answer bounded.

use std::time::Duration;

use async_trait::async_trait;
use http::{Request, Response};

use super::wire::{Wire, WireError, WireLimits};

/// Sends requests over TCP and TLS.
pub struct HttpWire {
    client: reqwest::Client,
}

impl HttpWire {
    /// A client that connects within 3 s and follows no redirect.
    ///
    /// # Errors
    /// If the system's TLS roots cannot be loaded.
    pub fn new() -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(3))
            .pool_idle_timeout(Duration::from_secs(90))
            .tcp_nodelay(true)
            .build()
            .map_err(|error| format!("cannot set up TLS: {error}"))?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Wire for HttpWire {
    async fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: WireLimits,
    ) -> Result<Response<Vec<u8>>, WireError> {
        let mut request = reqwest::Request::try_from(request).map_err(|error| not_sent(&error))?;
        *request.timeout_mut() = Some(limits.call);
        let mut answer = self.client.execute(request).await.map_err(|error| {
            if error.is_connect() || error.is_builder() {
                not_sent(&error)
            } else {
                silent(&error)
            }
        })?;
        let status = answer.status().as_u16();
        let unreadable = |why: String| WireError::Unreadable { status, why };
        let mut body = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > limits.body_max => {
                    return Err(unreadable(format!("more than {} bytes", limits.body_max)));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Err(unreadable(chain(&error))),
            }
        }
        let mut response = Response::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

fn not_sent(error: &reqwest::Error) -> WireError {
    WireError::NotSent(chain(error))
}

fn silent(error: &reqwest::Error) -> WireError {
    WireError::Silent(chain(error))
}

/// The innermost reason, without the URL: a URL may carry what should not be printed.
fn chain(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    let text = inner.to_string();
    match text.split_once(" for url ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}
