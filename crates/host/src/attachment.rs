//! Where a workload meets the node: the interface on the node's side that hooks are put on.
//!
//! A workload whose packets do not pass such an interface is told apart here, with the reason, so
//! that it is reported as not enforced and never taken for held.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::namespace::{Namespace, NamespaceError};
use crate::network::{Link, Network, NetworkError};

/// The name that container runtimes give a workload's interface.
const USUAL_NAME: &str = "eth0";

/// How the user says where a workload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// By the path of its namespace, e.g. `/run/netns/web` or `/proc/42/ns/net`.
    Netns(PathBuf),
    /// By the name of its interface on the node's side.
    Interface(String),
}

/// Why a workload cannot be held.
#[derive(Debug, Error)]
pub enum AttachError {
    /// The namespace is not there, or cannot be entered.
    #[error(transparent)]
    Namespace(#[from] NamespaceError),
    /// The kernel does not say.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// It shares the node's own network.
    #[error(
        "workload uses the node's own network: `{0}`, hint: it has no wire of its own to hook; \
         give it `hostNetwork: true`"
    )]
    Shared(PathBuf),
    /// It has no interface but the loopback.
    #[error("workload has no interface: `{0}`, hint: is its network set up yet?")]
    Unconnected(PathBuf),
    /// An interface leads somewhere else than to this node.
    #[error(
        "delivery goes round the hooks: `{path}` has `{name}` ({kind}), whose other end is not on \
         this node, hint: only veth pairs that end here can be held"
    )]
    GoesRound {
        /// The workload's namespace.
        path: PathBuf,
        /// The interface.
        name: String,
        /// What it is.
        kind: String,
    },
    /// The interface is nobody's alone.
    #[error(
        "interface is no workload's own: `{0}`, hint: name the interface on the node's side that \
         leads to this workload alone"
    )]
    NoWire(String),
    /// Several interfaces lead to the node, and none has the usual name.
    #[error(
        "workload has several interfaces and none is `eth0`: `{0}`, hint: name the one on the \
         node's side with `attach: {{interface: NAME}}`"
    )]
    Several(PathBuf),
}

/// The node's side of all wires, read once for as many workloads as are looked for.
#[derive(Debug)]
pub struct Outside {
    inode: u64,
    network: Network,
    links: BTreeMap<u32, Link>,
}

impl Outside {
    /// Reads the node's interfaces.
    pub fn read(node: &Namespace) -> Result<Outside, AttachError> {
        let network = Network::open(node)?;
        let links = network.links()?.into_iter().map(|link| (link.index, link)).collect();
        Ok(Outside { inode: node.inode()?, network, links })
    }
}

impl Attachment {
    /// The number, in the node's namespace, of the interface that leads to the workload.
    pub fn resolve(&self, node: &Outside) -> Result<u32, AttachError> {
        match self {
            Attachment::Interface(name) => resolve_name(node, name),
            Attachment::Netns(path) => resolve_namespace(node, path),
        }
    }
}

/// Any kind of interface may be a workload's (a virtual machine's tap, say), but for those that
/// many share.
fn resolve_name(node: &Outside, name: &str) -> Result<u32, AttachError> {
    let link = node.links.values().find(|link| link.name == name);
    let link = link.ok_or_else(|| NetworkError::NoLink(name.to_owned()))?;
    if link.loopback || link.kind == "bridge" {
        return Err(AttachError::NoWire(name.to_owned()));
    }
    Ok(link.index)
}

fn resolve_namespace(node: &Outside, path: &Path) -> Result<u32, AttachError> {
    let workload = Namespace::open(path)?;
    if workload.inode()? == node.inode {
        return Err(AttachError::Shared(path.to_owned()));
    }
    let inside: Vec<Link> =
        Network::open(&workload)?.links()?.into_iter().filter(|link| !link.loopback).collect();
    let number = node.network.id_of(&workload)?;
    let mut pairs = Vec::new();
    for link in &inside {
        match other_end(link, &node.links, number) {
            Some(index) => pairs.push((link.name.as_str(), index)),
            None if is_idle(link) => {}
            None => return Err(goes_round(path, link)),
        }
    }
    match pairs.as_slice() {
        [] => Err(AttachError::Unconnected(path.to_owned())),
        [(_, index)] => Ok(*index),
        several => several
            .iter()
            .find_map(|(name, index)| (*name == USUAL_NAME).then_some(*index))
            .ok_or_else(|| AttachError::Several(path.to_owned())),
    }
}

/// The interface on the node that is the other end of `link`: numbers alone repeat from namespace
/// to namespace, so each end must name the other, and the namespace it is in.
fn other_end(link: &Link, outside: &BTreeMap<u32, Link>, number: Option<i32>) -> Option<u32> {
    let peer = link.peer.filter(|_| link.kind == "veth")?;
    let other = outside.get(&peer).filter(|other| other.kind == "veth")?;
    let points_back = other.peer == Some(link.index)
        && other.peer_namespace.is_some()
        && other.peer_namespace == number;
    points_back.then_some(other.index)
}

/// Tunnel devices that the kernel puts into each new namespace carry nothing unless set up.
fn is_idle(link: &Link) -> bool {
    const FALLBACKS: [&str; 9] = [
        "tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0",
    ];
    FALLBACKS.contains(&link.name.as_str())
}

fn goes_round(path: &Path, link: &Link) -> AttachError {
    let kind = if link.kind.is_empty() { "hardware" } else { &link.kind };
    AttachError::GoesRound { path: path.to_owned(), name: link.name.clone(), kind: kind.to_owned() }
}
