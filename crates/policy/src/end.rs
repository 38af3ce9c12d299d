//! One end of a packet as the judge sees it: who it is, by what the world says of its address.
//!
//! Written from the rules of the language, beside the census that the compiler takes: the two are
//! witnesses against each other, and share nothing.

use std::net::IpAddr;

use podwall_model::{Label, Labels, NamedPort, Node, Source, Workload, WorkloadName, World};

use crate::options::Options;

/// One end of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The workload, if it is one.
    pub workload: Option<WorkloadName>,
    /// What selectors see of it.
    pub labels: Labels,
    /// The ports it names.
    pub ports: Vec<NamedPort>,
    /// Its address, where it has one.
    pub address: Option<IpAddr>,
    /// Inside or outside of the cluster.
    pub place: Standing,
}

/// What kind of thing an end is; ranges of addresses mean only some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// A pod.
    Pod,
    /// A node, the local one too.
    Node,
    /// An address outside.
    Outside,
    /// Something of the cluster that is neither: health, ingress, init, unmanaged.
    Other,
}

impl End {
    /// A workload at one of its addresses. On its node's own network it is that node.
    pub fn of(
        workload: &Workload,
        address: Option<IpAddr>,
        world: &World,
        options: &Options,
    ) -> End {
        if workload.host_network {
            return End::node_of(workload, world, options);
        }
        let namespace = world.namespace(&workload.name.namespace);
        End {
            workload: Some(workload.name.clone()),
            labels: workload.identity_labels(namespace),
            ports: workload.ports.clone(),
            address: address.or_else(|| workload.addresses.first().copied()),
            place: Standing::Pod,
        }
    }

    /// Whoever has this address: a pod, else a node, else somebody outside.
    pub fn at(address: IpAddr, world: &World, options: &Options) -> End {
        if let Some(workload) = world.workload_at(address) {
            return End::of(workload, Some(address), world, options);
        }
        if let Some(node) = world.nodes.iter().find(|node| node.addresses.contains(&address)) {
            return End { address: Some(address), ..End::node(node, options) };
        }
        let family = if address.is_ipv4() { "world-ipv4" } else { "world-ipv6" };
        let mut labels = Labels::from_iter([Label::reserved(family)]);
        if world.api_servers.contains(&address) {
            labels.insert(Label::reserved("kube-apiserver"));
        }
        End {
            workload: None,
            labels,
            ports: Vec::new(),
            address: Some(address),
            place: Standing::Outside,
        }
    }

    /// A node.
    pub fn node(node: &Node, options: &Options) -> End {
        let name = if node.local { "host" } else { "remote-node" };
        let mut end = End::reserved(name);
        if node.apiserver {
            end.labels.insert(Label::reserved("kube-apiserver"));
        }
        if options.node_labels {
            let of_node = |(key, value)| Label::new(Source::Node, key, value);
            node.labels.iter().map(of_node).for_each(|label| {
                end.labels.insert(label);
            });
        }
        end.address = node.addresses.first().copied();
        end
    }

    /// What has a reserved label and no address that is known.
    pub fn reserved(name: &str) -> End {
        let place = match name {
            "host" | "remote-node" => Standing::Node,
            "world" | "world-ipv4" | "world-ipv6" => Standing::Outside,
            _ => Standing::Other,
        };
        End {
            workload: None,
            labels: Labels::from_iter([Label::reserved(name)]),
            ports: Vec::new(),
            address: None,
            place,
        }
    }

    fn node_of(workload: &Workload, world: &World, options: &Options) -> End {
        let here = |node: &&Node| match workload.node.as_str() {
            "" => node.local,
            name => node.name == name,
        };
        match world.nodes.iter().find(here) {
            Some(node) => End::node(node, options),
            None => End::reserved(if workload.node.is_empty() { "host" } else { "remote-node" }),
        }
    }

    /// Whether it is the local node.
    pub fn is_host(&self) -> bool {
        self.labels.contains(&Label::reserved("host"))
    }
}
