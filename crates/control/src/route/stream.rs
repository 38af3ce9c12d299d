//! The stream: how things are, what was seen, one tick a second. A listener that comes back with
//! `Last-Event-ID` gets the flows it has missed first.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, Sse};
use futures_util::stream::{self, Stream, StreamExt};
use podwall_ledger::Filter;
use podwall_wire::rest::Flow;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

use super::flows::find;
use crate::app::{App, Told};
use crate::body;

/// After so long without a word the status is told again, so that silence means a broken line.
const SILENCE: Duration = Duration::from_secs(4);
/// The most flows that a listener who comes back is given.
const MISSED_LIMIT: usize = 1_000;

/// Server-sent events: `status`, `flow` (an array), `tick` (a `Stats` with one sample),
/// `change` (an array), and `gap`
/// where this listener was too slow.
#[utoipa::path(
    get, operation_id = "getStream",
    path = "/api/v1/stream",
    responses((status = 200, content_type = "text/event-stream", body = String))
)]
pub(crate) async fn stream(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // Listens before it looks, so that nothing falls between.
    let told = app.told.subscribe();
    let mut first = vec![status(&app)];
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let mut newest = 0;
    if let Some(last) = last {
        let missed = missed(&app, last).await;
        newest = missed.last().map_or(last, |flow| flow.seq);
        first.extend(flows(&missed));
    }
    let rest = stream::unfold(Listener { app, told, newest }, Listener::next);
    Sse::new(stream::iter(first).chain(rest).map(Ok))
}

struct Listener {
    app: Arc<App>,
    told: Receiver<Arc<Told>>,
    /// Flows up to here were told already.
    newest: u64,
}

impl Listener {
    async fn next(mut self) -> Option<(Event, Listener)> {
        loop {
            let event = match timeout(SILENCE, self.told.recv()).await {
                Err(_) => Some(status(&self.app)),
                Ok(Ok(told)) => self.event(&told),
                Ok(Err(RecvError::Lagged(missed))) => {
                    Some(Event::default().event("gap").data(missed.to_string()))
                }
                Ok(Err(RecvError::Closed)) => return None,
            };
            if let Some(event) = event {
                return Some((event, self));
            }
        }
    }

    fn event(&self, told: &Told) -> Option<Event> {
        match told {
            Told::Status(body) => json("status", body),
            Told::Tick(body) => json("tick", body),
            Told::Changes(new) => json("change", new),
            Told::Flows(new) => {
                let new: Vec<&Flow> = new.iter().filter(|flow| flow.seq > self.newest).collect();
                let last = new.last()?.seq;
                json("flow", &new).map(|event| event.id(last.to_string()))
            }
        }
    }
}

fn status(app: &App) -> Event {
    json("status", &body::status(&app.state(), None)).unwrap_or_default()
}

async fn missed(app: &Arc<App>, last: u64) -> Vec<Flow> {
    let filter = Filter { after: Some(last), limit: MISSED_LIMIT, ..Filter::default() };
    let found = find(app, filter).await;
    let mut flows = found.map_or(Vec::new(), |found| found.flows);
    flows.reverse();
    flows
}

fn flows(flows: &[Flow]) -> Option<Event> {
    let last = flows.last()?.seq;
    json("flow", &flows).map(|event| event.id(last.to_string()))
}

fn json(name: &str, body: &impl serde::Serialize) -> Option<Event> {
    Event::default().event(name).json_data(body).ok()
}
