//! Whether the server lives (`/healthz`), can do its work (`/readyz`), and what it has counted
//! (`/metrics`).
//!
//! The first is for anybody. The others tell how busy we are, so they are for this machine alone:
//! whoever scrapes from elsewhere does so through an agent here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};

use super::metrics::Metrics;
use super::{Peer, Shared, peer};
use crate::given::within;

/// How long the inbox may take to answer.
const SLOW: Duration = Duration::from_secs(2);

/// Whether something that goes on beside the requests still does.
#[derive(Clone, Debug, Default)]
pub struct Alive(Arc<AtomicBool>);

impl Alive {
    /// It goes on until what is returned is dropped.
    #[must_use]
    pub fn begin(&self) -> Beating {
        self.0.store(true, Ordering::Relaxed);
        Beating(self.clone())
    }

    fn is(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Held by what goes on; a panic drops it, too.
#[derive(Debug)]
pub struct Beating(Alive);

impl Drop for Beating {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Relaxed);
    }
}

/// What is asked.
#[derive(Clone)]
pub struct Health {
    /// The inbox and the clock.
    pub shared: Shared,
    /// Alerts that may wait.
    pub waiting_max: u64,
    /// The worker, if this process works.
    pub worker: Option<Alive>,
    /// What was counted, if anything is.
    pub metrics: Option<Metrics>,
}

impl Health {
    /// The three routes.
    pub fn router(self) -> Router {
        let ours = Router::new()
            .route("/readyz", get(ready))
            .route("/metrics", get(counted))
            .layer(from_fn(from_here))
            .with_state(self);
        Router::new()
            .route("/healthz", get(async || "ok\n"))
            .merge(ours)
    }

    /// Why it cannot do its work; empty if it can.
    async fn troubles(&self) -> Vec<String> {
        let inbox = &self.shared.inbox;
        // Takes the write lock and writes nothing: a file that cannot be written says so here.
        let asked = async {
            inbox.accept(Vec::new(), None).await?;
            inbox.counts().await
        };
        let mut troubles = Vec::new();
        match within(&*self.shared.clock, SLOW, asked).await {
            Some(Ok(counts)) if counts.waiting >= self.waiting_max => {
                troubles.push(format!(
                    "{} alerts wait: that is all that may",
                    counts.waiting
                ));
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => troubles.push(error.to_string()),
            None => troubles.push("the inbox does not answer".into()),
        }
        if self.worker.as_ref().is_some_and(|worker| !worker.is()) {
            troubles.push("the worker has stopped".into());
        }
        troubles
    }
}

async fn ready(State(health): State<Health>) -> Response {
    let troubles = health.troubles().await;
    let status = if troubles.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = serde_json::json!({ "ready": troubles.is_empty(), "troubles": troubles });
    (status, Json(body)).into_response()
}

async fn counted(State(health): State<Health>) -> Response {
    let Some(metrics) = &health.metrics else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let counts = health.shared.inbox.counts().await.ok();
    let rehearsed = match &health.shared.rehearsals {
        Some(kept) => kept.last_of_each().await.unwrap_or_default(),
        None => Vec::new(),
    };
    let text = metrics.read(counts, &rehearsed, health.shared.clock.now());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// To anybody else these do not exist.
async fn from_here(request: Request, next: Next) -> Response {
    let from = request.extensions().get::<Peer>().copied();
    if from.is_some_and(|from| peer::is_local(from, request.headers())) {
        next.run(request).await
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}
