//! `-v`: which files are used; `-vv`: every request and what became of it.
//!
//! A wire around the wire, so that nothing else needs to know of it. Tells method, path,
//! status and time; never a query, a header or a body, because those can hold secrets.

use std::sync::Arc;

use async_trait::async_trait;
use http::{Request, Response};

use crate::given::Clock;
use crate::report::escape::visible;
use crate::transport::{Wire, WireError, WireLimits};

/// A wire that tells what goes over it.
pub(super) struct Told<W> {
    /// What sends.
    pub wire: W,
    /// For how long it took.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
#[deny(
    clippy::missing_trait_methods,
    reason = "nothing slips past: a default method would go round the wire inside"
)]
impl<W: Wire> Wire for Told<W> {
    async fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: WireLimits,
    ) -> Result<Response<Vec<u8>>, WireError> {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return self.wire.send(request, limits).await;
        }
        let (method, path) = (request.method().clone(), visible(request.uri().path()));
        let began = self.clock.elapsed();
        let answer = self.wire.send(request, limits).await;
        let ms = (self.clock.elapsed() - began).as_millis();
        match &answer {
            Ok(answer) => {
                let status = answer.status().as_u16();
                tracing::debug!(%method, path, status, ms, "{method} {path} answered {status}");
            }
            Err(error) => {
                let error = visible(&error.to_string());
                tracing::debug!(%method, path, error, ms, "{method} {path}: {error}");
            }
        }
        answer
    }
}
