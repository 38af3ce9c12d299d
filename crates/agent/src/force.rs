//! Puts the wanted state in force, and keeps connections that were open before whole.
//!
//! A workload that gets hooks is only watched at first. Its open connections, as its own socket
//! table knows them, are written down with the direction they were really opened in; only then is
//! it held, so that no answer is taken for a question.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use podwall_datapath::{
    Applied, ApplyError, ClassId, ClassTables, ConnectionError, Datapath, Ends, OpenConnection,
    Timeouts, Wanted,
};
use podwall_host::{Conversation, Namespace, socket};
use podwall_model::{Address, WorkloadName};
use podwall_policy::table::Table;

use crate::places::in_full;

/// The class of workloads that are only watched; identities, whose numbers classes go by, begin
/// far behind it.
const WATCHED: ClassId = ClassId(0);

/// What shall be in force, and who gets hooks by it.
#[derive(Debug, PartialEq)]
pub(crate) struct Order {
    /// All of it.
    pub(crate) wanted: Wanted,
    /// The workloads that have no hooks yet.
    pub(crate) newcomers: BTreeSet<WorkloadName>,
    /// The namespaces of workloads, where they are known.
    pub(crate) namespaces: BTreeMap<WorkloadName, PathBuf>,
}

/// Carries an order out. What was wrong about adopting connections is told beside it: it keeps
/// nobody from being held.
pub(crate) fn put_in_force(
    datapath: &mut Datapath,
    order: &Order,
) -> (Result<Applied, ApplyError>, Option<String>) {
    let mut trouble = None;
    let mut writes = 0;
    if !order.newcomers.is_empty() {
        // Services are known before the first hook sees a packet to one.
        for stage in [order.without_newcomers(), order.watching_newcomers()] {
            match datapath.apply(&stage) {
                Ok(applied) => writes += applied.writes,
                Err(cause) => return (Err(cause), trouble),
            }
        }
        let adopted = order.open_connections(&mut trouble);
        if let Err(cause) = datapath.adopt_connections(&adopted) {
            trouble = Some(in_full(&cause));
        }
    }
    let applied = datapath.apply(&order.wanted);
    (applied.map(|applied| Applied { writes: writes + applied.writes, ..applied }), trouble)
}

impl Order {
    /// Workloads whose namespace nobody named, with their addresses, by the device they are behind.
    pub(crate) fn unknown(&self) -> BTreeMap<u32, (WorkloadName, Vec<Address>)> {
        let endpoints = self.wanted.endpoints.iter();
        let unnamed = endpoints.filter(|e| !self.namespaces.contains_key(&e.workload));
        unnamed.map(|e| (e.interface, (e.workload.clone(), e.addresses.clone()))).collect()
    }

    fn without_newcomers(&self) -> Wanted {
        let mut wanted = self.wanted.clone();
        wanted.endpoints.retain(|endpoint| !self.newcomers.contains(&endpoint.workload));
        wanted
    }

    fn watching_newcomers(&self) -> Wanted {
        let mut wanted = self.wanted.clone();
        let open = Arc::new(Table::open());
        wanted.classes.insert(WATCHED, ClassTables { enforce: Arc::clone(&open), both: open });
        for endpoint in &mut wanted.endpoints {
            if self.newcomers.contains(&endpoint.workload) {
                endpoint.class = WATCHED;
            }
        }
        wanted
    }

    /// The connections that newcomers have open, as their socket tables know them.
    fn open_connections(&self, trouble: &mut Option<String>) -> Vec<OpenConnection> {
        let mut open = Vec::new();
        for workload in &self.newcomers {
            let Some(path) = self.namespaces.get(workload) else { continue };
            match conversations(path) {
                Ok(found) => open.extend(found.iter().map(open_connection)),
                Err(why) => *trouble = Some(format!("connections of `{workload}`: {why}")),
            }
        }
        open
    }
}

/// Forgets connections that are over; an open one whose socket still lives stays, however silent.
pub(crate) fn forget_connections(
    datapath: &mut Datapath,
    namespaces: &BTreeMap<Address, PathBuf>,
) -> Result<(), ConnectionError> {
    let mut read: BTreeMap<&Path, Option<HashSet<Ends>>> = BTreeMap::new();
    let lives = |ends: &Ends| {
        let Some(path) = namespaces.get(&ends.own) else { return true };
        let table = read.entry(path).or_insert_with(|| {
            let found = conversations(path).ok()?;
            Some(found.iter().map(|conversation| open_connection(conversation).ends).collect())
        });
        table.as_ref().is_none_or(|table| table.contains(ends))
    };
    datapath.expire(&Timeouts::default(), lives).map(|_| ())
}

fn conversations(path: &Path) -> Result<Vec<Conversation>, String> {
    let namespace = Namespace::open(path).map_err(|cause| in_full(&cause))?;
    let sockets = socket::sockets(&namespace).map_err(|cause| in_full(&cause))?;
    Ok(socket::conversations(&sockets))
}

fn open_connection(conversation: &Conversation) -> OpenConnection {
    let Conversation { protocol, local, local_port, peer, peer_port, opened } = *conversation;
    let ends =
        Ends { own: local.into(), own_port: local_port, peer: peer.into(), peer_port, protocol };
    OpenConnection { ends, opener: opened }
}
