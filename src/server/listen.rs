//! Accepts connections: how many, for how long, and by which certificate.
//!
//! Our own loop, because whoever sends his headers a byte at a time must not hold a connection: the
//! head of a request, an idle connection and a handshake each have their time, and connections are
//! counted, altogether and by address. What a request may be is the routes' business.
//!
//! At the end nobody new is let in, requests under way are answered, and after a while the rest is
//! dropped: an alert without an answer is sent again.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tower::ServiceExt as _;

use super::certificate::Certificate;
use super::{metrics, peer};

/// How long the head of a request may take, and a connection be idle.
const HEAD: Duration = Duration::from_secs(10);
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long requests may take to end once we are told to.
const LAST: Duration = Duration::from_secs(10);
/// Bytes of a request's head, and headers in it.
const HEAD_MAX: usize = 32 * 1024;
const HEADERS_MAX: usize = 64;
/// How long to wait if the machine has no more connections to give.
const PAUSE: Duration = Duration::from_millis(100);

/// A place to come in by.
pub struct Listener {
    /// Bound already.
    pub socket: TcpListener,
    /// Its certificate; `None` is plain http.
    pub certificate: Option<Certificate>,
    /// Connections at one time, a quarter of them from one address.
    pub connections_max: u32,
    /// Who is believed when he says for whom he asks.
    pub trusted_proxies: Vec<IpNet>,
}

impl Listener {
    /// Serves `router` until `stop` turns true, then until all is answered or time is up.
    pub async fn serve(self, router: Router, mut stop: watch::Receiver<bool>) {
        let (alive, mut all_ended) = mpsc::channel::<()>(1);
        let inside = Arc::new(Inside {
            router,
            places: Arc::new(Semaphore::new(self.connections_max as usize)),
            by_address: Mutex::default(),
            each_max: (self.connections_max / 4).max(1),
            certificate: self.certificate,
            trusted_proxies: self.trusted_proxies,
        });
        loop {
            // A place first: whom we cannot serve yet waits in the system's queue.
            let place = inside.places.clone().acquire_owned();
            let accepted = async { (place.await, self.socket.accept().await) };
            let (place, accepted) = tokio::select! {
                accepted = accepted => accepted,
                () = told_to(&mut stop) => break,
            };
            let Ok(place) = place else { return };
            match accepted {
                Ok((stream, from)) => {
                    let address = from.ip().to_canonical();
                    // Counted in the order in which they came.
                    let Some(counted) = inside.one_more(address) else {
                        refuse(address, "too many connections from there");
                        continue;
                    };
                    let (inside, alive, stop) = (inside.clone(), alive.clone(), stop.clone());
                    tokio::spawn(async move {
                        inside.connection(stream, address, stop).await;
                        drop((place, counted, alive));
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        drop((self.socket, alive));
        if tokio::time::timeout(LAST, all_ended.recv()).await.is_err() {
            tracing::warn!("some requests did not end in time and were dropped");
        }
    }
}

struct Inside {
    router: Router,
    places: Arc<Semaphore>,
    by_address: Mutex<BTreeMap<IpAddr, u32>>,
    each_max: u32,
    certificate: Option<Certificate>,
    trusted_proxies: Vec<IpNet>,
}

impl Inside {
    async fn connection(&self, stream: TcpStream, address: IpAddr, stop: watch::Receiver<bool>) {
        // Small answers must not wait for each other.
        let _ = stream.set_nodelay(true);
        let Some(certificate) = &self.certificate else {
            return self.serve(stream, address, stop).await;
        };
        let handshake = certificate.acceptor().accept(stream);
        match tokio::time::timeout(HANDSHAKE, handshake).await {
            Ok(Ok(stream)) => self.serve(stream, address, stop).await,
            Ok(Err(error)) => refuse(address, &format!("no TLS: {error}")),
            Err(_) => refuse(address, "the TLS handshake took too long"),
        }
    }

    async fn serve(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        address: IpAddr,
        mut stop: watch::Receiver<bool>,
    ) {
        let service = service_fn(|request| self.answer(request, address));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_MAX)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = told_to(&mut stop) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        match ended {
            // Of an idle connection this is the usual end.
            Err(error) if error.is_timeout() => {
                refuse(address, "the head of a request took too long, or none came");
            }
            Err(error) if error.is_parse() => refuse(address, &format!("no request: {error}")),
            _ => {}
        }
    }

    async fn answer(
        &self,
        mut request: Request<Incoming>,
        address: IpAddr,
    ) -> Result<axum::response::Response, std::convert::Infallible> {
        let from = peer::of(address, request.headers(), &self.trusted_proxies);
        request.extensions_mut().insert(from);
        self.router.clone().oneshot(request.map(Body::new)).await
    }

    /// Counts a connection from there; `None` if there are too many. Proxies are not counted: they
    /// stand for many.
    fn one_more(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        if self
            .trusted_proxies
            .iter()
            .any(|net| net.contains(&address))
        {
            return Some(Counted(self.clone(), None));
        }
        let network = network(address);
        let mut counts = self.counts();
        let count = counts.entry(network).or_default();
        if *count >= self.each_max {
            return None;
        }
        *count += 1;
        Some(Counted(self.clone(), Some(network)))
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<IpAddr, u32>> {
        // Counts have no half-made state.
        self.by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until we are to stop; whoever could tell us and is gone has told us.
async fn told_to(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// A connection that counts until it is dropped.
struct Counted(Arc<Inside>, Option<IpAddr>);

impl Drop for Counted {
    fn drop(&mut self) {
        let Some(network) = self.1 else { return };
        let mut counts = self.0.counts();
        if let Some(count) = counts.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&network);
            }
        }
    }
}

/// Whoever has one address of IPv6 has all of its network's.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64)).into(),
    }
}

fn refuse(peer: IpAddr, reason: &str) {
    metrics::refused("", "connection");
    let reason = crate::report::escape::visible(reason);
    tracing::info!(%peer, reason, "connection from {peer} ended: {reason}");
}
