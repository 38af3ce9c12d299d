//! The loop: events in their order, decisions, and the doing of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use podwall_wire::node::{Counters, Flow, ToAgent};
use podwall_wire::rest::{self, Stats};
use tokio::sync::{mpsc, watch};

use crate::app::{App, Told, now, now_ms};
use crate::body;
use crate::changes::by_file;
use crate::decide::decide;
use crate::event::{Action, Event};

/// How often what is new goes to disk.
const SETTLE: Duration = Duration::from_secs(1);
/// How many of them there are in one bucket of counters.
const SETTLES_A_BUCKET: u64 = 10;
/// How often, while the disk keeps nothing.
const SETTLE_IN_TROUBLE: Duration = Duration::from_secs(5);

/// The doing part of the loop.
pub(crate) struct Engine {
    app: Arc<App>,
    memory: PathBuf,
    /// The newest agent that connected.
    agent: Option<watch::Sender<Option<ToAgent>>>,
}

impl Engine {
    pub(crate) fn new(app: Arc<App>, memory: PathBuf) -> Engine {
        Engine { app, memory, agent: None }
    }

    /// Takes events until nobody sends any more.
    pub(crate) async fn run(mut self, mut events: mpsc::Receiver<Event>) {
        let settling = tokio::spawn(settle(self.app.clone()));
        while let Some(event) = events.recv().await {
            if let Event::AgentConnected(agent) = &event {
                self.agent = Some(agent.clone());
            }
            let actions = self.app.change(|state| decide(state, event, now()));
            for action in actions {
                self.act(action).await;
            }
        }
        settling.abort();
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::Send(message) => {
                if let Some(agent) = &self.agent {
                    agent.send_replace(Some(message));
                }
            }
            Action::Keep(flows) => self.keep(flows).await,
            Action::Count { counters, fresh } => self.count(counters, fresh).await,
            Action::Note(noted) => {
                let revision = self.app.state().revision;
                self.app.note(noted, &by_file(), revision);
            }
            Action::Lose(count) => {
                let time = now_ms();
                self.app.ask(move |ledger| ledger.lose(time, count)).await;
            }
            Action::Remember => self.remember().await,
            Action::Publish => {
                let status = body::status(&self.app.state(), None);
                let _ = self.app.told.send(Arc::new(Told::Status(status)));
            }
            Action::Answer(reply, revision) => {
                let _ = reply.send(revision);
            }
            Action::Say(words) => tracing::warn!("{words}"),
        }
    }

    async fn keep(&self, flows: Vec<Flow>) {
        // One that says nothing known comes from another version, which was said at its greeting.
        let flows: Vec<_> =
            flows.into_iter().filter_map(|flow| podwall_model::Flow::try_from(flow).ok()).collect();
        self.app.count(&flows);
        let (mut flows, records): (Vec<rest::Flow>, Vec<_>) =
            body::flows(&self.app.state(), &flows).into_iter().unzip();
        let first = self.app.ask(move |ledger| ledger.append(&records)).await;
        for (seq, flow) in (first..).zip(&mut flows) {
            flow.seq = seq;
        }
        let _ = self.app.told.send(Arc::new(Told::Flows(flows)));
    }

    async fn count(&self, counters: Counters, fresh: bool) {
        let reading = body::reading(&self.app.state().node.name, counters, fresh);
        let reader = self.app.clone();
        let stats = self.app.ask(move |ledger| {
            let sample = ledger.read(&reading);
            // From the ledger, so that a tick says what a question would have said.
            let tick = body::tick(ledger, sample);
            let groups = body::decided(&reader.state().holds, ledger.latest());
            Stats { groups, ..tick }
        });
        let _ = self.app.told.send(Arc::new(Told::Tick(Box::new(stats.await))));
    }

    async fn remember(&self) {
        let (memory, path) = (self.app.state().memory.clone(), self.memory.clone());
        let stored = tokio::task::spawn_blocking(move || memory.store(&path)).await;
        let trouble = stored.expect("writing a file does not panic").err();
        let event = Event::Remembered(trouble.map(|error| error.to_string()));
        // The loop itself is here: waiting for room in its own queue would be waiting for ever.
        let _ = self.app.events.try_send(event);
    }
}

async fn settle(app: Arc<App>) {
    let mut pause = SETTLE;
    for round in 0_u64.. {
        tokio::time::sleep(pause).await;
        let time = now_ms();
        let trouble = app.ask(move |ledger| {
            // Counters settle with the bucket they were added to, flows at once.
            match round % SETTLES_A_BUCKET {
                0 => ledger.settle(time),
                _ => ledger.settle_flows(),
            }
            (ledger.trouble().map(str::to_owned), ledger.damage().map(str::to_owned))
        });
        let (mut trouble, damage) = trouble.await;
        if let Some(damage) = damage {
            let _ = app.events.send(Event::Damaged(damage)).await;
        }
        {
            let mut changes = app.changes();
            changes.write();
            trouble = trouble.or_else(|| changes.trouble().map(str::to_owned));
        }
        pause = if trouble.is_some() { SETTLE_IN_TROUBLE } else { SETTLE };
        let _ = app.events.send(Event::Disk(trouble)).await;
    }
}
