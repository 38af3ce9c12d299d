//! Does what was decided: writes to the kernel and to control, asks the machine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use podwall_datapath::{ApplyError, Datapath, Endpoint};
use podwall_host::Namespace;
use podwall_model::Address;
use tokio::sync::mpsc;

use crate::event::{Action, Counted, Event, NotApplied, Trouble};
use crate::force::{Order, forget_connections, put_in_force};
use crate::places::{behind, compare, in_full, locate};
use crate::uplink::Letter;

/// What the agent acts with.
pub(crate) struct Hands {
    /// Absent once everything was removed, and where state is left alone.
    datapath: Option<Datapath>,
    node: Arc<Namespace>,
    /// The namespaces behind the addresses of workloads in force.
    namespaces: BTreeMap<Address, PathBuf>,
    /// The addresses behind devices whose namespace has to be looked for: a process that lives in
    /// it today may be gone tomorrow.
    unnamed: BTreeMap<u32, Vec<Address>>,
    letters: mpsc::Sender<Letter>,
    events: mpsc::Sender<Event>,
}

/// What came of an action.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Nothing that needs deciding now.
    Done,
    /// These happened by it, one after the other.
    Follows(Vec<Event>),
    /// The agent ends.
    End,
}

impl Hands {
    /// Over an open datapath, in the node's namespace.
    pub(crate) fn new(
        datapath: Option<Datapath>,
        node: Namespace,
        letters: mpsc::Sender<Letter>,
        events: mpsc::Sender<Event>,
    ) -> Hands {
        let (namespaces, unnamed) = (BTreeMap::new(), BTreeMap::new());
        Hands { datapath, node: Arc::new(node), namespaces, unnamed, letters, events }
    }

    /// Does one action.
    pub(crate) async fn act(&mut self, action: Action) -> Outcome {
        match action {
            Action::Send { connection, message } => {
                // One letter is under way at a time, so that there is room; a stream that ended
                // takes none, and says so itself.
                let _ = self.letters.send(Letter { connection, message }).await;
                Outcome::Done
            }
            Action::Locate { question, attachments } => {
                self.beside(move |node| Event::Located {
                    question,
                    places: locate(node, &attachments),
                });
                Outcome::Done
            }
            Action::CompareWires(wires) => {
                self.beside(move |node| match compare(node, wires) {
                    Ok(wires) => Event::Delivered(wires),
                    Err(why) => Event::Troubled { what: Trouble::Wires, why: Some(why) },
                });
                Outcome::Done
            }
            Action::Apply(order) => self.apply(*order),
            Action::HoldUplinks => self.hold_uplinks(),
            Action::Remove => {
                let removed = match self.datapath.take() {
                    Some(datapath) => datapath.remove().map_err(|cause| in_full(&cause)),
                    None => Ok(()),
                };
                Outcome::Follows(vec![Event::Removed(removed)])
            }
            Action::Count => Outcome::Follows(vec![self.count()]),
            Action::Expire => self.expire(),
            Action::Exit => Outcome::End,
        }
    }

    fn apply(&mut self, mut order: Order) -> Outcome {
        let Some(datapath) = &mut self.datapath else {
            return Outcome::Follows(vec![Event::Applied(Err(NotApplied::Unfit(removed())))]);
        };
        let unknown = order.unknown();
        let found = behind(&self.node, &unknown.keys().copied().collect());
        let (found, unseen) = match found {
            Ok(found) => (found, None),
            Err(why) => (BTreeMap::new(), Some(why)),
        };
        let named = namespaces(&order);
        for (interface, path) in found {
            order.namespaces.insert(unknown[&interface].0.clone(), path);
        }
        let (applied, why) = put_in_force(datapath, &order);
        let why = why.or(unseen);
        if applied.is_ok() {
            self.namespaces = named;
            self.unnamed = unknown.into_iter().map(|(index, (_, own))| (index, own)).collect();
        }
        let applied = applied.map_err(|cause| match cause {
            ApplyError::Plan(_) => NotApplied::Unfit(in_full(&cause)),
            ApplyError::Write(_) => NotApplied::Torn(in_full(&cause)),
        });
        let adopted = Event::Troubled { what: Trouble::Adoption, why };
        Outcome::Follows(vec![Event::Applied(applied), adopted])
    }

    /// Asks the machine on a thread that may block; the answer comes as an event.
    fn beside(&self, ask: impl FnOnce(&Namespace) -> Event + Send + 'static) {
        let (node, events) = (Arc::clone(&self.node), self.events.clone());
        tokio::task::spawn_blocking(move || {
            // The loop is gone only when the agent ends.
            let _ = events.blocking_send(ask(&node));
        });
    }

    fn count(&self) -> Event {
        let Some(datapath) = &self.datapath else {
            return Event::Troubled { what: Trouble::Counters, why: Some(removed()) };
        };
        let read = || {
            Ok(Counted {
                counters: datapath.counters()?,
                produced: datapath.produced()?,
                lost: datapath.lost()?,
                // Whoever reads the ring says so.
                waiting: 0,
            })
        };
        let read: Result<Counted, podwall_datapath::ReadError> = read();
        match read {
            Ok(counted) => Event::Counted(counted),
            Err(cause) => Event::Troubled { what: Trouble::Counters, why: Some(in_full(&cause)) },
        }
    }

    fn expire(&mut self) -> Outcome {
        let Some(datapath) = &mut self.datapath else { return Outcome::Done };
        let mut namespaces = self.namespaces.clone();
        let found = behind(&self.node, &self.unnamed.keys().copied().collect());
        for (interface, path) in found.unwrap_or_default() {
            let own = &self.unnamed[&interface];
            namespaces.extend(own.iter().map(|address| (*address, path.clone())));
        }
        let expired = forget_connections(datapath, &namespaces);
        let why = expired.err().map(|cause| in_full(&cause));
        Outcome::Follows(vec![Event::Troubled { what: Trouble::Expiry, why }])
    }

    fn hold_uplinks(&mut self) -> Outcome {
        let Some(datapath) = &mut self.datapath else { return Outcome::Done };
        let why = datapath.hold_uplinks().err().map(|cause| in_full(&cause));
        Outcome::Follows(vec![Event::Troubled { what: Trouble::Uplinks, why }])
    }
}

/// The namespace behind each address of a workload.
fn namespaces(order: &Order) -> BTreeMap<Address, PathBuf> {
    let of = |endpoint: &Endpoint| {
        let path = order.namespaces.get(&endpoint.workload);
        let addresses = endpoint.addresses.clone();
        path.into_iter()
            .flat_map(move |path| addresses.clone().into_iter().map(|a| (a, path.clone())))
    };
    order.wanted.endpoints.iter().flat_map(of).collect()
}

fn removed() -> String {
    "everything was removed already".to_owned()
}
