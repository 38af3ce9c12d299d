//! A case as the line of JSON that the oracle reads.

use podwall_model::{CidrGroup, Direction, Node, Service, Workload};
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
    let mut line = json!({
        "id": case.seed,
        "options": {
            "enforcement": enforcement,
            "host_access": case.options.host_access,
            "cidr_means_nodes": case.options.cidr_means_nodes,
            "node_labels": case.options.node_labels,
        },
        "namespaces": namespaces.collect::<Vec<_>>(),
        "nodes": world.nodes.iter().map(node).collect::<Vec<_>>(),
        "pods": world.workloads.iter().map(pod).collect::<Vec<_>>(),
        "api_servers": world.api_servers,
        "services": world.services.iter().map(service).collect::<Vec<_>>(),
        "cidr_groups": world.cidr_groups.iter().map(group).collect::<Vec<_>>(),
        "names": world.names.iter().map(|name| json!({
            "name": name.name, "addresses": name.addresses,
        })).collect::<Vec<_>>(),
        "policies": case.documents.iter().map(text).collect::<Vec<_>>(),
        "flows": flows.collect::<Vec<_>>(),
    });
    // Said where it is so alone: what was recorded before is asked in the same words.
    if case.options.host_policies {
        line["options"]["host_policies"] = true.into();
    }
    line.to_string()
}

fn text(document: &Value) -> String {
    document.as_str().map_or_else(|| document.to_string(), str::to_owned)
}

fn node(node: &Node) -> Value {
    json!({
        "addresses": node.addresses,
        "labels": node.labels,
        "local": node.local,
        "apiserver": node.apiserver,
    })
}

fn service(service: &Service) -> Value {
    json!({
        "namespace": service.namespace,
        "name": service.name,
        "labels": service.labels,
        "selector": service.selector,
        "endpoints": service.endpoints,
    })
}

fn group(group: &CidrGroup) -> Value {
    let cidrs: Vec<String> = group.cidrs.iter().map(ToString::to_string).collect();
    json!({"name": group.name, "labels": group.labels, "cidrs": cidrs})
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
