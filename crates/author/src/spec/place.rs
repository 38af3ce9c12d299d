//! The ends of a flow as test files name them, and who they are in a world.

use std::net::IpAddr;
use std::str::FromStr;

use podwall_model::{Node, ServicePort, Workload, WorkloadName};
use podwall_policy::end::End;

use super::{Sent, State};

/// One end of a flow, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `namespace/name`: a pod, or (only `to`) a service.
    Named(WorkloadName),
    /// An address.
    Address(IpAddr),
    /// `entity:world`
    Entity(String),
    /// `node:n1`
    Node(String),
    /// `name:api.example.com`
    External(String),
}

/// Entities that can be one end of a flow.
const ENTITIES: [&str; 8] =
    ["host", "remote-node", "kube-apiserver", "world", "health", "init", "ingress", "unmanaged"];

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Place, String> {
        if let Some(name) = text.strip_prefix("entity:") {
            return match ENTITIES.contains(&name) {
                true => Ok(Place::Entity(name.to_owned())),
                false => Err(format!("not an entity that can send: `{name}`")),
            };
        }
        if let Some(name) = text.strip_prefix("node:") {
            return Ok(Place::Node(name.to_owned()));
        }
        if let Some(name) = text.strip_prefix("name:") {
            return Ok(Place::External(name.to_owned()));
        }
        if let Ok(ip) = text.parse() {
            return Ok(Place::Address(ip));
        }
        match text.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
                Ok(Place::Named(WorkloadName { namespace: namespace.into(), name: name.into() }))
            }
            Some(_) | None => Err(format!(
                "not a place: `{text}`, hint: write namespace/name, an address, entity:, node: or name:"
            )),
        }
    }
}

/// Which address family a flow has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    fn of(ip: IpAddr) -> Family {
        if ip.is_ipv4() { Family::V4 } else { Family::V6 }
    }

    /// The first of these addresses in this family.
    fn pick(self, addresses: &[IpAddr]) -> Option<IpAddr> {
        addresses.iter().copied().find(|ip| Family::of(*ip) == self)
    }
}

/// A server: who it is, and the port that it is asked on.
pub(super) struct Server {
    pub(super) end: End,
    pub(super) port: u16,
}

impl Place {
    /// The families that this end has addresses in.
    pub(super) fn families(&self, state: &State) -> Vec<Family> {
        let addresses: Vec<IpAddr> = match self {
            Place::Named(name) => match state.world.workload(name) {
                Some(workload) => workload.addresses.clone(),
                None => return vec![Family::V4, Family::V6],
            },
            Place::Address(ip) => vec![*ip],
            Place::Entity(_) => return vec![Family::V4, Family::V6],
            Place::Node(name) => {
                let nodes = state.world.nodes.iter().filter(|node| node.name == *name);
                nodes.flat_map(|node| node.addresses.clone()).collect()
            }
            Place::External(name) => {
                let names = state.world.names.iter().filter(|known| known.name == *name);
                let addresses: Vec<IpAddr> = names.flat_map(|n| n.addresses.clone()).collect();
                // What is not known is said of it later, not taken for the family's fault.
                if addresses.is_empty() {
                    return vec![Family::V4, Family::V6];
                }
                addresses
            }
        };
        let has = |family: &Family| family.pick(&addresses).is_some();
        [Family::V4, Family::V6].into_iter().filter(has).collect()
    }

    /// The client.
    pub(super) fn client(&self, family: Family, state: &State) -> Result<End, String> {
        let State { world, options, .. } = state;
        match self {
            Place::Named(name) => match world.workload(name) {
                Some(workload) => Ok(pod(workload, family, state)),
                None => Err(format!("no such pod: `{name}`")),
            },
            Place::Address(ip) => Ok(End::at(*ip, world, options)),
            Place::Entity(name) => entity(name, family, state),
            Place::Node(name) => match world.nodes.iter().find(|node| node.name == *name) {
                Some(node) => Ok(at_node(node, family, state)),
                None => Err(format!("no such node: `{name}`")),
            },
            Place::External(name) => {
                let known = world.names.iter().find(|known| known.name == *name);
                let address = known.and_then(|known| family.pick(&known.addresses));
                match address {
                    Some(ip) => Ok(End::at(ip, world, options)),
                    None => Err(format!("no address of this name is known: `{name}`")),
                }
            }
        }
    }

    /// The servers: one, or each backend of a service.
    pub(super) fn servers(
        &self,
        family: Family,
        sent: Sent,
        state: &State,
    ) -> Result<Vec<Server>, String> {
        if let Place::Named(name) = self
            && state.world.workload(name).is_none()
        {
            return backends(name, family, sent, state);
        }
        Ok(vec![Server { end: self.client(family, state)?, port: sent.port }])
    }
}

fn pod(workload: &Workload, family: Family, state: &State) -> End {
    let address = family.pick(&workload.addresses);
    let end = End::of(workload, address, &state.world, &state.options);
    End { address: address.or(end.address), ..end }
}

fn at_node(node: &Node, family: Family, state: &State) -> End {
    End { address: family.pick(&node.addresses), ..End::node(node, &state.options) }
}

fn backends(
    name: &WorkloadName,
    family: Family,
    sent: Sent,
    state: &State,
) -> Result<Vec<Server>, String> {
    let State { world, options, .. } = state;
    let is_it = |s: &&podwall_model::Service| s.namespace == name.namespace && s.name == name.name;
    let service = world
        .services
        .iter()
        .find(is_it)
        .ok_or_else(|| format!("neither a pod nor a service: `{name}`"))?;
    let asked = |port: &&ServicePort| port.port == sent.port && port.protocol == sent.protocol;
    let port = service.ports.iter().find(asked).ok_or_else(|| {
        format!("the service has no such port: `{}/{}`", sent.port, sent.protocol)
    })?;
    let servers: Vec<Server> = world
        .backends(service, port)
        .filter(|(ip, _)| Family::of(*ip) == family)
        .map(|(ip, port)| Server { end: End::at(ip, world, options), port })
        .collect();
    if servers.is_empty() {
        Err(format!("the service has no backend: `{name}`"))
    } else {
        Ok(servers)
    }
}

fn entity(name: &str, family: Family, state: &State) -> Result<End, String> {
    let State { world, options, .. } = state;
    let node = |local: bool| world.nodes.iter().find(|node| node.local == local);
    let end = match name {
        "host" | "remote-node" => match node(name == "host") {
            Some(node) => at_node(node, family, state),
            None => End::reserved(name),
        },
        "kube-apiserver" => match family.pick(&world.api_servers) {
            Some(ip) => End::at(ip, world, options),
            None => match world.nodes.iter().find(|node| node.apiserver) {
                Some(node) => at_node(node, family, state),
                None => return Err("the world has no API server".to_owned()),
            },
        },
        "world" => End::at(outside(family), world, options),
        other => End::reserved(other),
    };
    Ok(end)
}

/// An address that stands for the outside (RFC 5737, RFC 3849); cases about a range name theirs.
fn outside(family: Family) -> IpAddr {
    match family {
        Family::V4 => IpAddr::from([203, 0, 113, 9]),
        Family::V6 => IpAddr::from([0x2001, 0xdb8, 0, 0x113, 0, 0, 0, 9]),
    }
}
