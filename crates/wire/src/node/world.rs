//! The world as the node stream carries it, to and from the model.

use std::collections::BTreeMap;
use std::net::IpAddr;

use podwall_model as model;
use serde::{Deserialize, Serialize};

use super::WorkloadName;
use crate::rest::Mode;

/// Everything a policy can speak of; the fields are those of `model::World`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct World {
    /// Namespaces with their labels and modes.
    pub namespaces: Vec<Namespace>,
    /// Nodes of the cluster.
    pub nodes: Vec<Node>,
    /// Workloads, of this node and others.
    pub workloads: Vec<Workload>,
    /// Services.
    pub services: Vec<Service>,
    /// Groups of address ranges.
    pub cidr_groups: Vec<CidrGroup>,
    /// Addresses of a control plane that is on none of the nodes.
    pub api_servers: Vec<IpAddr>,
    /// Names that were seen answered.
    pub names: Vec<ExternalName>,
}

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The mode of policies whose subject is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

/// A machine of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether it is the agent's own.
    pub local: bool,
    /// Whether the API server runs on it.
    pub apiserver: bool,
}

/// A workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    /// What it is called.
    #[serde(flatten)]
    pub name: WorkloadName,
    /// Its own labels.
    pub labels: BTreeMap<String, String>,
    /// Its service account.
    pub service_account: String,
    /// The node it runs on; empty for the local one.
    pub node: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Its named ports.
    pub ports: Vec<NamedPort>,
    /// Whether it uses the node's own network.
    pub host_network: bool,
    /// Whether its labels are known already.
    pub labels_resolved: bool,
    /// The cluster it belongs to.
    pub cluster: String,
}

/// A port with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedPort {
    /// The name.
    pub name: String,
    /// The port.
    pub port: u16,
    /// The protocol's number.
    pub protocol: u8,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// Which pods stand behind it.
    pub selector: BTreeMap<String, String>,
    /// The backends of a service without selector.
    pub endpoints: Vec<IpAddr>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// One port of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePort {
    /// Its name.
    pub name: String,
    /// The port that clients use.
    pub port: u16,
    /// The port of the backends.
    pub target: u16,
    /// The protocol's number.
    pub protocol: u8,
}

/// Address ranges under one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CidrGroup {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The ranges, each with the address that it begins with and its length.
    pub cidrs: Vec<(IpAddr, u8)>,
}

/// A name of the outside that resolved to addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalName {
    /// The name.
    pub name: String,
    /// What it resolved to.
    pub addresses: Vec<IpAddr>,
    /// The workloads that asked.
    pub queried_by: Vec<WorkloadName>,
}

/// Moves each element into the other vocabulary.
fn all<A, B: From<A>>(items: impl IntoIterator<Item = A>) -> Vec<B> {
    items.into_iter().map(B::from).collect()
}

impl From<&model::World> for World {
    fn from(world: &model::World) -> World {
        World {
            namespaces: all(&world.namespaces),
            nodes: all(&world.nodes),
            workloads: all(&world.workloads),
            services: all(&world.services),
            cidr_groups: all(&world.cidr_groups),
            api_servers: world.api_servers.clone(),
            names: all(&world.names),
        }
    }
}

impl From<World> for model::World {
    fn from(world: World) -> model::World {
        model::World {
            namespaces: all(world.namespaces),
            nodes: all(world.nodes),
            workloads: all(world.workloads),
            services: all(world.services),
            cidr_groups: all(world.cidr_groups),
            api_servers: world.api_servers,
            names: all(world.names),
        }
    }
}

impl From<&model::Namespace> for Namespace {
    fn from(it: &model::Namespace) -> Namespace {
        let mode = it.mode.map(Mode::from);
        Namespace { name: it.name.clone(), labels: it.labels.clone(), mode }
    }
}

impl From<Namespace> for model::Namespace {
    fn from(it: Namespace) -> model::Namespace {
        model::Namespace { name: it.name, labels: it.labels, mode: it.mode.map(Into::into) }
    }
}

impl From<&model::Node> for Node {
    fn from(it: &model::Node) -> Node {
        Node {
            name: it.name.clone(),
            addresses: it.addresses.clone(),
            labels: it.labels.clone(),
            local: it.local,
            apiserver: it.apiserver,
        }
    }
}

impl From<Node> for model::Node {
    fn from(it: Node) -> model::Node {
        model::Node {
            name: it.name,
            addresses: it.addresses,
            labels: it.labels,
            local: it.local,
            apiserver: it.apiserver,
        }
    }
}

impl From<&model::Workload> for Workload {
    fn from(it: &model::Workload) -> Workload {
        Workload {
            name: (&it.name).into(),
            labels: it.labels.clone(),
            service_account: it.service_account.clone(),
            node: it.node.clone(),
            addresses: it.addresses.clone(),
            ports: all(&it.ports),
            host_network: it.host_network,
            labels_resolved: it.labels_resolved,
            cluster: it.cluster.clone(),
        }
    }
}

impl From<Workload> for model::Workload {
    fn from(it: Workload) -> model::Workload {
        model::Workload {
            name: it.name.into(),
            labels: it.labels,
            service_account: it.service_account,
            node: it.node,
            addresses: it.addresses,
            ports: all(it.ports),
            host_network: it.host_network,
            labels_resolved: it.labels_resolved,
            cluster: it.cluster,
        }
    }
}

impl From<&model::NamedPort> for NamedPort {
    fn from(it: &model::NamedPort) -> NamedPort {
        NamedPort { name: it.name.clone(), port: it.port, protocol: it.protocol.0 }
    }
}

impl From<NamedPort> for model::NamedPort {
    fn from(it: NamedPort) -> model::NamedPort {
        let protocol = model::Protocol(it.protocol);
        model::NamedPort { name: it.name, port: it.port, protocol }
    }
}

impl From<&model::Service> for Service {
    fn from(it: &model::Service) -> Service {
        Service {
            namespace: it.namespace.clone(),
            name: it.name.clone(),
            addresses: it.addresses.clone(),
            ports: all(&it.ports),
            selector: it.selector.clone(),
            endpoints: it.endpoints.clone(),
            labels: it.labels.clone(),
        }
    }
}

impl From<Service> for model::Service {
    fn from(it: Service) -> model::Service {
        model::Service {
            namespace: it.namespace,
            name: it.name,
            addresses: it.addresses,
            ports: all(it.ports),
            selector: it.selector,
            endpoints: it.endpoints,
            labels: it.labels,
        }
    }
}

impl From<&model::ServicePort> for ServicePort {
    fn from(it: &model::ServicePort) -> ServicePort {
        let protocol = it.protocol.0;
        ServicePort { name: it.name.clone(), port: it.port, target: it.target, protocol }
    }
}

impl From<ServicePort> for model::ServicePort {
    fn from(it: ServicePort) -> model::ServicePort {
        let protocol = model::Protocol(it.protocol);
        model::ServicePort { name: it.name, port: it.port, target: it.target, protocol }
    }
}

impl From<&model::CidrGroup> for CidrGroup {
    fn from(it: &model::CidrGroup) -> CidrGroup {
        let parts = |cidr: &model::Cidr| (cidr.network(), cidr.length());
        CidrGroup {
            name: it.name.clone(),
            labels: it.labels.clone(),
            cidrs: it.cidrs.iter().map(parts).collect(),
        }
    }
}

impl From<CidrGroup> for model::CidrGroup {
    /// A length that the family does not have means the one address.
    fn from(it: CidrGroup) -> model::CidrGroup {
        let whole = |(ip, length): &(IpAddr, u8)| {
            model::Cidr::around(*ip, *length).unwrap_or(model::Cidr::host(*ip))
        };
        model::CidrGroup {
            name: it.name,
            labels: it.labels,
            cidrs: it.cidrs.iter().map(whole).collect(),
        }
    }
}

impl From<&model::ExternalName> for ExternalName {
    fn from(it: &model::ExternalName) -> ExternalName {
        ExternalName {
            name: it.name.clone(),
            addresses: it.addresses.clone(),
            queried_by: all(&it.queried_by),
        }
    }
}

impl From<ExternalName> for model::ExternalName {
    fn from(it: ExternalName) -> model::ExternalName {
        model::ExternalName {
            name: it.name,
            addresses: it.addresses,
            queried_by: all(it.queried_by),
        }
    }
}
