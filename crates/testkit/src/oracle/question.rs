//! A case as the line of JSON that the oracle reads.

use podwall_model::{Direction, Node, Workload};
use podwall_policy::options::Enforcement;
use serde_json::{Value, json};

use super::Case;

pub(super) fn line(case: &Case) -> String {
    let world = &case.world;
    let namespaces = world
        .namespaces
        .iter()
        .map(|namespace| json!({"name": namespace.name, "labels": namespace.labels}));
    let flows = case.flows.iter().map(|flow| {
        json!({
            "subject": flow.subject.to_string(),
            "egress": flow.direction == Direction::Egress,
            "peer": flow.peer,
            "protocol": flow.protocol.0,
            "port": flow.port,
        })
    });
    let enforcement = match case.options.enforcement {
        Enforcement::Default => "default",
        Enforcement::Always => "always",
        Enforcement::Never => "never",
    };
    json!({
        "id": case.seed,
        "options": {
            "enforcement": enforcement,
            "host_access": case.options.host_access,
            "cidr_means_nodes": case.options.cidr_means_nodes,
        },
        "namespaces": namespaces.collect::<Vec<_>>(),
        "nodes": world.nodes.iter().map(node).collect::<Vec<_>>(),
        "pods": world.workloads.iter().map(pod).collect::<Vec<_>>(),
        "api_servers": world.api_servers,
        "policies": case.documents.iter().map(Value::to_string).collect::<Vec<_>>(),
        "flows": flows.collect::<Vec<_>>(),
    })
    .to_string()
}

fn node(node: &Node) -> Value {
    json!({"addresses": node.addresses, "local": node.local, "apiserver": node.apiserver})
}

fn pod(pod: &Workload) -> Value {
    let ports = pod.ports.iter().map(
        |port| json!({"name": port.name, "port": port.port, "protocol": port.protocol.to_string()}),
    );
    json!({
        "namespace": pod.name.namespace,
        "name": pod.name.name,
        "labels": pod.labels,
        "service_account": pod.service_account,
        "addresses": pod.addresses,
        "ports": ports.collect::<Vec<_>>(),
        "host_network": pod.host_network,
        "labels_resolved": pod.labels_resolved,
        "cluster": pod.cluster,
    })
}
