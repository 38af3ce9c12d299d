//! The demo's plan as the world that policies are judged against.

use std::collections::BTreeMap;

use podwall_model::{
    ExternalName, NamedPort, Namespace, Node, Service, ServicePort, Workload, WorkloadName, World,
};

use crate::plan::{self, Front, Place};

/// What the node is called.
const NODE_NAME: &str = "demo-node";

/// The world of these workloads.
pub(crate) fn world_of(places: &[Place]) -> World {
    World {
        namespaces: plan::NAMESPACES.iter().map(|name| namespace(name)).collect(),
        nodes: vec![node()],
        workloads: places.iter().map(workload).collect(),
        services: services(),
        cidr_groups: Vec::new(),
        api_servers: Vec::new(),
        names: vec![ExternalName {
            name: plan::PAYMENT_NAME.into(),
            addresses: plan::OUTSIDE.both().into(),
            queried_by: vec![WorkloadName { namespace: "shop".into(), name: "orders".into() }],
        }],
    }
}

/// How the demo calls a workload.
pub(crate) fn name_of(place: &Place) -> WorkloadName {
    WorkloadName { namespace: place.namespace.into(), name: place.name.into() }
}

fn namespace(name: &str) -> Namespace {
    let own = ("kubernetes.io/metadata.name".to_owned(), name.to_owned());
    Namespace { name: name.into(), labels: BTreeMap::from([own]), mode: None }
}

fn node() -> Node {
    Node {
        name: NODE_NAME.into(),
        addresses: [plan::NODE, plan::BRIDGE].iter().flat_map(|known| known.both()).collect(),
        labels: BTreeMap::new(),
        local: true,
        apiserver: false,
    }
}

fn workload(place: &Place) -> Workload {
    let ports = place.ports.iter().map(|port| NamedPort {
        name: port.name.into(),
        port: port.port,
        protocol: port.protocol,
    });
    Workload {
        name: name_of(place),
        labels: BTreeMap::from([("app".to_owned(), place.app.to_owned())]),
        service_account: "default".into(),
        node: NODE_NAME.into(),
        addresses: place.addresses.both().into(),
        ports: ports.collect(),
        host_network: false,
        labels_resolved: true,
        cluster: "default".into(),
    }
}

/// Fronts that share a name are ports of one service.
fn services() -> Vec<Service> {
    let mut services: Vec<Service> = Vec::new();
    for front in plan::fronts() {
        let known = services
            .iter_mut()
            .find(|service| service.namespace == front.namespace && service.name == front.name);
        match known {
            Some(service) => service.ports.push(port_of(&front)),
            None => services.push(service_of(&front)),
        }
    }
    services
}

fn service_of(front: &Front) -> Service {
    Service {
        namespace: front.namespace.into(),
        name: front.name.into(),
        addresses: front.addresses.both().into(),
        ports: vec![port_of(front)],
        selector: BTreeMap::from([("app".to_owned(), front.app.to_owned())]),
        endpoints: Vec::new(),
        labels: BTreeMap::new(),
    }
}

fn port_of(front: &Front) -> ServicePort {
    ServicePort {
        name: front.target.name.into(),
        port: front.port,
        target: front.target.port,
        protocol: front.target.protocol,
    }
}
