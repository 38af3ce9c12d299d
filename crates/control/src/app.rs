//! What every part of control shares: the state, the ledger, the stream, and the way to the engine.

use std::sync::{Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use podwall_ledger::Ledger;
use podwall_wire::rest;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::caller::Caller;
use crate::changes::{ChangeLog, Noted};
use crate::event::Event;
use crate::hubble::Seen;
use crate::source::Source;
use crate::state::State;

/// The most messages a slow listener of the stream may lag behind before it has to begin anew.
const LAG_LIMIT: usize = 256;
/// The most events that wait for the engine; whoever sends more waits.
const EVENT_LIMIT: usize = 256;

/// Shared by the engine and by every request.
pub(crate) struct App {
    pub(crate) source: Source,
    /// Where the page is, with its token.
    pub(crate) page: String,
    pub(crate) token: String,
    state: RwLock<State>,
    ledger: Mutex<Ledger>,
    seen: Mutex<Seen>,
    changes: Mutex<ChangeLog>,
    pub(crate) told: broadcast::Sender<Arc<Told>>,
    pub(crate) events: mpsc::Sender<Event>,
    /// One change of files at a time.
    pub(crate) changing: tokio::sync::Mutex<()>,
    /// Wakes whoever waits for the end.
    pub(crate) stop: tokio::sync::Notify,
}

/// What the stream is told.
#[derive(Debug)]
pub(crate) enum Told {
    /// How things are now.
    Status(rest::Status),
    /// What was seen.
    Flows(Vec<rest::Flow>),
    /// What was changed.
    Changes(Vec<rest::Change>),
    /// One more second.
    Tick(Box<rest::Stats>),
}

impl App {
    pub(crate) fn new(
        source: Source,
        (page, token): (String, String),
        state: State,
        (ledger, changes): (Ledger, ChangeLog),
    ) -> (Arc<App>, mpsc::Receiver<Event>) {
        let (events, heard) = mpsc::channel(EVENT_LIMIT);
        let app = App {
            source,
            page,
            token,
            state: RwLock::new(state),
            ledger: Mutex::new(ledger),
            seen: Mutex::default(),
            changes: Mutex::new(changes),
            told: broadcast::channel(LAG_LIMIT).0,
            events,
            changing: tokio::sync::Mutex::new(()),
            stop: tokio::sync::Notify::new(),
        };
        (Arc::new(app), heard)
    }

    /// The state as it is now; never held across an await.
    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().expect("whoever changes the state does not panic")
    }

    /// Changes the state; only the engine does.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.write().expect("whoever changes the state does not panic"))
    }

    /// The ledger; its questions take milliseconds, so they are asked off the workers.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("whoever uses the ledger does not panic")
    }

    /// What was counted with Hubble's labels.
    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().expect("counting does not panic").clone()
    }

    /// The log of changes.
    pub(crate) fn changes(&self) -> MutexGuard<'_, ChangeLog> {
        self.changes.lock().expect("whoever notes a change does not panic")
    }

    /// Notes changes and tells the stream. The file is written here: changes are rare and small.
    pub(crate) fn note(&self, noted: Vec<Noted>, caller: &Caller, revision: u64) {
        if noted.is_empty() {
            return;
        }
        let new = self.changes().note(noted, caller, now_ms(), revision);
        let _ = self.told.send(Arc::new(Told::Changes(new)));
    }

    /// Counts with Hubble's labels.
    pub(crate) fn count(&self, flows: &[podwall_model::Flow]) {
        let mut seen = self.seen.lock().expect("counting does not panic");
        flows.iter().for_each(|flow| seen.count(flow));
    }

    /// Asks the ledger on a thread that may wait.
    pub(crate) async fn ask<T: Send + 'static>(
        self: &Arc<App>,
        question: impl FnOnce(&mut Ledger) -> T + Send + 'static,
    ) -> T {
        let app = self.clone();
        let asked = tokio::task::spawn_blocking(move || question(&mut app.ledger())).await;
        match asked.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(answer) => answer,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            // The run ends before the question was asked; nobody waits for the answer any more.
            Err(Err(_)) => std::future::pending().await,
        }
    }

    /// Has the engine decide something, and waits for the revision that carries it.
    pub(crate) async fn decide(&self, event: impl FnOnce(crate::event::Reply) -> Event) -> u64 {
        let (reply, answer) = oneshot::channel();
        if self.events.send(event(reply)).await.is_err() {
            return self.state().revision;
        }
        answer.await.unwrap_or_else(|_| self.state().revision)
    }
}

/// The time since the epoch.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The time in milliseconds since the epoch.
pub(crate) fn now_ms() -> u64 {
    u64::try_from(now().as_millis()).unwrap_or(u64::MAX)
}
