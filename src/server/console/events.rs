//! Tells pages that something changed: server-sent events with no more in them than what.
//!
//! The page then reads itself anew, with its own session, so that nothing is shown here that a page
//! would not show. A stream ends with the session that opened it.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::{StatusCode, header};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::frame::sorry;
use super::visitor::Visitor;
use crate::given::within;
use crate::report::escape::visible;
use crate::server::Item;
use crate::server::session::by_session;
use crate::server::site::Site;

/// After so long without news the session is looked at, and the line kept open.
const QUIET: Duration = Duration::from_secs(15);
/// What comes together is told together.
const GATHER: Duration = Duration::from_millis(250);
/// Things told one by one; of more the page reads everything anew.
const TOLD_MAX: usize = 20;

/// What one stream holds.
struct Looker {
    site: Site,
    session: String,
    news: Receiver<Item>,
    _place: OwnedSemaphorePermit,
}

/// The stream.
pub(super) async fn stream(State(site): State<Site>, Visitor(who): Visitor) -> Response {
    let Ok(place) = site.streams.clone().try_acquire_owned() else {
        let says = "Too many pages look on already.";
        let mut response = sorry(StatusCode::SERVICE_UNAVAILABLE, says, "");
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, 30.into());
        return response;
    };
    let looker = Looker {
        news: site.shared.news.listen(),
        session: who.session,
        site,
        _place: place,
    };
    // The first line opens the stream, so that a page knows that it is told from now on.
    let first = stream::once(async { Ok(Event::default().comment("from now on")) });
    let rest = stream::unfold(looker, |looker| async {
        let (event, looker) = next(looker).await?;
        Some((Ok::<_, Infallible>(event), looker))
    });
    Sse::new(stream::StreamExt::chain(first, rest)).into_response()
}

async fn next(mut looker: Looker) -> Option<(Event, Looker)> {
    let clock = looker.site.shared.clock.clone();
    let heard = within(&*clock, QUIET, looker.news.recv()).await;
    // Whoever was signed out, or whose token was taken back, is told nothing more.
    let session = by_session(&looker.site, &looker.session).await;
    if !matches!(session, Ok(Some(_))) {
        return None;
    }
    let mut told = match heard {
        None => return Some((Event::default().comment("quiet"), looker)),
        Some(Ok(item)) => vec![name(&item)],
        Some(Err(RecvError::Lagged(_))) => vec!["all".into()],
        Some(Err(RecvError::Closed)) => return None,
    };
    clock.sleep(GATHER).await;
    loop {
        match looker.news.try_recv() {
            Ok(item) => told.push(name(&item)),
            Err(TryRecvError::Lagged(_)) => told.push("all".into()),
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        }
    }
    told.sort_unstable();
    told.dedup();
    if told.len() > TOLD_MAX {
        told = vec!["all".into()];
    }
    let event = Event::default().data(told.join(" "));
    Some((event, looker))
}

fn name(item: &Item) -> String {
    match item {
        Item::Alert(_) => "alerts".into(),
        // A line of the stream holds one line of text.
        Item::Proposal(run) => visible(&format!("proposal/{run}")),
        Item::Run(run) => visible(&format!("run/{run}")),
    }
}
