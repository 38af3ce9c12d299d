//! Links, addresses and routes of one namespace, over rtnetlink.
//!
//! A [`Network`] is a socket that was opened inside the namespace, so it may be used from any
//! thread; the calls block and must not be made from a worker of an async runtime.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsRawFd;

use futures_util::{StreamExt, TryStreamExt};
use podwall_model::Cidr;
use rtnetlink::packet_core::{NLM_F_REQUEST, NetlinkMessage, NetlinkPayload};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::address::AddressHeaderFlags;
use rtnetlink::packet_route::link::{
    InfoData, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use rtnetlink::packet_route::nsid::{NsidAttribute, NsidMessage};
use rtnetlink::packet_route::route::RouteScope;
use rtnetlink::{Handle, LinkBridge, LinkUnspec, LinkVeth, RouteMessageBuilder, new_connection};
use thiserror::Error;
use tokio::runtime::{Builder, Runtime};

use crate::namespace::{Namespace, NamespaceError};

/// The network of one namespace.
#[derive(Debug)]
pub struct Network {
    runtime: Runtime,
    handle: Handle,
}

/// One interface, as far as anybody here asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number in its namespace.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// `veth`, `bridge` and so on; empty for hardware and the loopback.
    pub kind: String,
    /// The number of the interface at its other end, or below it.
    pub peer: Option<u32>,
    /// The id of the namespace that the other end is in, as this namespace numbers others; absent
    /// for one in the same namespace.
    pub peer_namespace: Option<i32>,
    /// Whether it is the loopback.
    pub loopback: bool,
}

/// Packets that an interface counted since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Packets it received.
    pub received: u64,
    /// Packets it sent.
    pub sent: u64,
}

/// One route.
#[derive(Clone, Copy, Debug)]
pub struct Route<'a> {
    /// Where to.
    pub destination: Cidr,
    /// The next hop; absent for what is on the link itself.
    pub gateway: Option<IpAddr>,
    /// The name of the interface.
    pub device: &'a str,
}

/// Why something about a namespace's network could not be done.
#[derive(Debug, Error)]
pub enum NetworkError {
    /// The namespace could not be entered.
    #[error(transparent)]
    Namespace(#[from] NamespaceError),
    /// The socket to the kernel could not be opened.
    #[error("unable to open a netlink socket")]
    Open(#[source] io::Error),
    /// The kernel refused.
    #[error("unable to {0}")]
    Refused(String, #[source] rtnetlink::Error),
    /// No interface has this name.
    #[error("no such interface: `{0}`, hint: `ip link` lists those of a namespace")]
    NoLink(String),
}

impl Network {
    /// Opens the network of a namespace.
    pub fn open(namespace: &Namespace) -> Result<Network, NetworkError> {
        namespace.run(Network::here)?
    }

    /// Opens the network of the calling thread's namespace.
    pub fn here() -> Result<Network, NetworkError> {
        let runtime =
            Builder::new_current_thread().enable_io().build().map_err(NetworkError::Open)?;
        let guard = runtime.enter();
        let (connection, handle, _) = new_connection().map_err(NetworkError::Open)?;
        runtime.spawn(connection);
        drop(guard);
        Ok(Network { runtime, handle })
    }

    /// All interfaces.
    pub fn links(&self) -> Result<Vec<Link>, NetworkError> {
        let all = self.handle.link().get().execute().map_ok(|message| Link::from(&message));
        self.ask("list the interfaces".into(), all.try_collect())
    }

    /// All interfaces, each with what it counted.
    pub fn traffic(&self) -> Result<Vec<(Link, Traffic)>, NetworkError> {
        let both = |message| (Link::from(&message), Traffic::from(&message));
        let all = self.handle.link().get().execute().map_ok(both);
        self.ask("count the packets of interfaces".into(), all.try_collect())
    }

    /// The interface with this name.
    pub fn link(&self, name: &str) -> Result<Link, NetworkError> {
        let found = self.links()?.into_iter().find(|link| link.name == name);
        found.ok_or_else(|| NetworkError::NoLink(name.to_owned()))
    }

    /// Makes a pair of interfaces: `name` here, `peer` inside another namespace from its first
    /// moment on.
    pub fn add_veth(&self, name: &str, peer: &str, other: &Namespace) -> Result<(), NetworkError> {
        let inner = LinkUnspec::new_with_name(peer).setns_by_fd(other.file().as_raw_fd()).build();
        let pair = LinkVeth::new(name, peer).set_info_data(InfoData::Veth(InfoVeth::Peer(inner)));
        let work = self.handle.link().add(pair.build()).execute();
        self.ask(format!("make the interface: `{name}`"), work)
    }

    /// Makes a bridge.
    pub fn add_bridge(&self, name: &str) -> Result<(), NetworkError> {
        let work = self.handle.link().add(LinkBridge::new(name).build()).execute();
        self.ask(format!("make the bridge: `{name}`"), work)
    }

    /// Puts an interface into a bridge.
    pub fn join_bridge(&self, name: &str, bridge: &str) -> Result<(), NetworkError> {
        let bridge = self.link(bridge)?.index;
        let change = LinkUnspec::new_with_name(name).controller(bridge).build();
        let work = self.handle.link().set(change).execute();
        self.ask(format!("put the interface into a bridge: `{name}`"), work)
    }

    /// Brings an interface up.
    pub fn bring_up(&self, name: &str) -> Result<(), NetworkError> {
        let change = LinkUnspec::new_with_name(name).up().build();
        let work = self.handle.link().set(change).execute();
        self.ask(format!("bring the interface up: `{name}`"), work)
    }

    /// Gives an interface an address that is usable at once (no duplicate address detection).
    pub fn add_address(&self, name: &str, ip: IpAddr, length: u8) -> Result<(), NetworkError> {
        let index = self.link(name)?.index;
        let mut request = self.handle.address().add(index, ip, length);
        request.message_mut().header.flags |= AddressHeaderFlags::Nodad;
        self.ask(format!("give `{name}` the address `{ip}/{length}`"), request.execute())
    }

    /// Adds a route to the main table.
    pub fn add_route(&self, route: Route<'_>) -> Result<(), NetworkError> {
        let index = self.link(route.device)?.index;
        let destination = route.destination;
        let mut builder = RouteMessageBuilder::<IpAddr>::new().output_interface(index);
        builder = builder
            .destination_prefix(destination.network(), destination.length())
            .expect("a prefix of a range fits its family");
        builder = match route.gateway {
            Some(gateway) => builder.gateway(gateway).expect("a gateway is of the route's family"),
            None if destination.network().is_ipv4() => builder.scope(RouteScope::Link),
            None => builder,
        };
        let work = self.handle.route().add(builder.build()).execute();
        self.ask(format!("add the route: `{destination}` at `{}`", route.device), work)
    }

    /// How this namespace numbers another one; absent where no link leads from here to there.
    pub fn id_of(&self, other: &Namespace) -> Result<Option<i32>, NetworkError> {
        let descriptor = u32::try_from(other.file().as_raw_fd()).expect("descriptors are positive");
        let mut question = NsidMessage::default();
        question.attributes.push(NsidAttribute::Fd(descriptor));
        let mut request = NetlinkMessage::from(RouteNetlinkMessage::GetNsId(question));
        request.header.flags = NLM_F_REQUEST;
        let mut handle = self.handle.clone();
        let answer = async move {
            let mut answers = handle.request(request)?;
            Ok(answers.next().await.and_then(|message| id_in(message.payload)))
        };
        self.ask("number a namespace".into(), answer)
    }

    fn ask<T>(
        &self,
        what: String,
        work: impl Future<Output = Result<T, rtnetlink::Error>>,
    ) -> Result<T, NetworkError> {
        self.runtime.block_on(work).map_err(|cause| NetworkError::Refused(what, cause))
    }
}

fn id_in(payload: NetlinkPayload<RouteNetlinkMessage>) -> Option<i32> {
    let NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewNsId(answer)) = payload else {
        return None;
    };
    answer.attributes.iter().find_map(|attribute| match attribute {
        NsidAttribute::Id(id) if *id >= 0 => Some(*id),
        _ => None,
    })
}

impl From<&LinkMessage> for Link {
    fn from(message: &LinkMessage) -> Link {
        let mut link = Link {
            index: message.header.index,
            name: String::new(),
            kind: String::new(),
            peer: None,
            peer_namespace: None,
            loopback: message.header.flags.contains(LinkFlags::Loopback),
        };
        for attribute in &message.attributes {
            match attribute {
                LinkAttribute::IfName(name) => link.name.clone_from(name),
                LinkAttribute::Link(index) => link.peer = Some(*index).filter(|index| *index != 0),
                LinkAttribute::LinkNetNsId(id) => link.peer_namespace = Some(*id),
                LinkAttribute::LinkInfo(infos) => link.kind = kind_in(infos),
                _ => {}
            }
        }
        link
    }
}

impl From<&LinkMessage> for Traffic {
    fn from(message: &LinkMessage) -> Traffic {
        let counted = message.attributes.iter().find_map(|attribute| match attribute {
            LinkAttribute::Stats64(stats) => {
                Some(Traffic { received: stats.rx_packets, sent: stats.tx_packets })
            }
            _ => None,
        });
        counted.unwrap_or_default()
    }
}

fn kind_in(infos: &[LinkInfo]) -> String {
    let mut kinds = infos.iter().filter_map(|info| match info {
        LinkInfo::Kind(kind) => Some(kind.to_string()),
        _ => None,
    });
    kinds.next_back().unwrap_or_default()
}
