//! Both ends of workloads' wires, and what each end counted.
//!
//! A workload's end counts as received what the node's end sent and what `bpf_redirect_peer` put
//! there past all hooks of the node's end: the difference is that detour (`veth_get_stats64`; the
//! detour is counted since Linux 6.7 and stable kernels of that time, before it does not show).

use std::path::PathBuf;

use crate::namespace::Namespace;
use crate::network::{Link, Network, NetworkError, Traffic};

/// One wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The workload's namespace.
    pub namespace: PathBuf,
    /// The interface at the node's end.
    pub interface: u32,
}

/// What both ends counted since they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Packets received at the workload's end.
    pub received: u64,
    /// Packets sent from the node's end, read after the other.
    pub sent: u64,
}

/// What the ends of these wires counted; `None` for a wire that is not there any more.
pub fn compare(node: &Namespace, wires: &[Wire]) -> Result<Vec<Option<Ends>>, NetworkError> {
    let received: Vec<Option<u64>> = wires.iter().map(received).collect();
    let sent = Network::open(node)?.traffic()?;
    let ends = |(wire, received): (&Wire, Option<u64>)| {
        let (_, traffic) = sent.iter().find(|(link, _)| link.index == wire.interface)?;
        Some(Ends { received: received?, sent: traffic.sent })
    };
    Ok(wires.iter().zip(received).map(ends).collect())
}

/// What the workload's end received. A namespace that vanished is no error here: whoever looks for
/// workloads says so.
fn received(wire: &Wire) -> Option<u64> {
    let namespace = Namespace::open(&wire.namespace).ok()?;
    let inside = Network::open(&namespace).ok()?.traffic().ok()?;
    let is_end = |link: &Link| link.kind == "veth" && link.peer == Some(wire.interface);
    inside.iter().find(|(link, _)| is_end(link)).map(|(_, Traffic { received, .. })| *received)
}
