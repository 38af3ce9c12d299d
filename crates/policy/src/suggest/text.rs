//! The text of a suggested policy, as people would write it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::IpAddr;

use podwall_model::{Direction, PolicyId, PolicyKind, Protocol};

use crate::document::MODE_ANNOTATION;
use crate::end::End;
use crate::icmp;
use crate::matching::Packet;
use crate::scalar;

/// The label that every namespace of an API server has.
pub(super) const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";
/// A name of Kubernetes has at most this many characters, less what makes it free.
const NAME_LIMIT: usize = 55;

/// The other end of the rule.
pub(super) enum Peer {
    Workloads { namespace: String, labels: BTreeMap<String, String> },
    Address(IpAddr),
    Entity(&'static str),
}

/// What is to be written.
pub(super) struct Shape<'a> {
    pub(super) id: &'a PolicyId,
    pub(super) labels: &'a BTreeMap<String, String>,
    pub(super) direction: Direction,
    pub(super) peer: &'a Peer,
    pub(super) packet: Packet,
}

/// `allow-CLIENT-to-SERVER-PORT`.
pub(super) fn name(from: &End, to: &End, packet: Packet) -> String {
    let end = |end: &End| match (&end.workload, end.address) {
        (Some(workload), _) => workload.name.clone(),
        (None, Some(address)) => address.to_string(),
        (None, None) => "peer".to_owned(),
    };
    let port = match packet.protocol.has_ports() {
        true => packet.port.to_string(),
        false => packet.protocol.to_string(),
    };
    let text = format!("allow-{}-to-{}-{port}", end(from), end(to)).to_ascii_lowercase();
    let plain = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    let short: String = plain.take(NAME_LIMIT).collect();
    short.trim_matches('-').to_owned()
}

/// The document; none where its kind cannot say the protocol.
pub(super) fn document(shape: &Shape<'_>) -> Option<String> {
    let Shape { id, .. } = shape;
    let cilium = id.kind != PolicyKind::NetworkPolicy;
    let api = if cilium { "cilium.io/v2" } else { "networking.k8s.io/v1" };
    let mut text = format!(
        "apiVersion: {api}\nkind: {}\nmetadata:\n  name: {}\n  namespace: {}\n  annotations:\n    \
         {MODE_ANNOTATION}: detect\nspec:\n",
        id.kind.name(),
        scalar(&id.name),
        scalar(id.namespace.as_deref().unwrap_or("default")),
    );
    if cilium {
        cilium_spec(&mut text, shape)?
    } else {
        plain_spec(&mut text, shape)?
    }
    Some(text)
}

fn plain_spec(text: &mut String, shape: &Shape<'_>) -> Option<()> {
    let (list, word, kind) = match shape.direction {
        Direction::Ingress => ("ingress", "from", "Ingress"),
        Direction::Egress => ("egress", "to", "Egress"),
    };
    selector(text, 2, "podSelector", shape.labels);
    push(text, 2, &format!("policyTypes: [{kind}]"));
    push(text, 2, &format!("{list}:"));
    push(text, 4, &format!("- {word}:"));
    match shape.peer {
        Peer::Workloads { namespace, labels } if Some(namespace) == shape.id.namespace.as_ref() => {
            selector(text, 10, "- podSelector", labels);
        }
        Peer::Workloads { namespace, labels } => {
            let own = BTreeMap::from([(NAMESPACE_NAME.to_owned(), namespace.clone())]);
            selector(text, 10, "- namespaceSelector", &own);
            if !labels.is_empty() {
                selector(text, 10, "podSelector", labels);
            }
        }
        Peer::Address(address) => {
            push(text, 8, "- ipBlock:");
            push(text, 12, &format!("cidr: {}", host(*address)));
        }
        Peer::Entity(_) => return None,
    }
    let protocol = ported(shape.packet.protocol)?;
    push(text, 6, "ports:");
    push(text, 8, &format!("- protocol: {protocol}"));
    push(text, 10, &format!("port: {}", shape.packet.port));
    Some(())
}

fn cilium_spec(text: &mut String, shape: &Shape<'_>) -> Option<()> {
    let (list, word) = match shape.direction {
        Direction::Ingress => ("ingress", "from"),
        Direction::Egress => ("egress", "to"),
    };
    selector(text, 2, "endpointSelector", shape.labels);
    push(text, 2, &format!("{list}:"));
    match shape.peer {
        Peer::Workloads { namespace, labels } => {
            let mut labels = labels.clone();
            if Some(namespace) != shape.id.namespace.as_ref() {
                labels.insert("k8s:io.kubernetes.pod.namespace".to_owned(), namespace.clone());
            }
            push(text, 4, &format!("- {word}Endpoints:"));
            selector(text, 10, "-", &labels);
        }
        Peer::Address(address) => {
            push(text, 4, &format!("- {word}CIDR:"));
            push(text, 8, &format!("- {}", host(*address)));
        }
        Peer::Entity(entity) => {
            push(text, 4, &format!("- {word}Entities:"));
            push(text, 8, &format!("- {entity}"));
        }
    }
    let Packet { protocol, port } = shape.packet;
    if let Some(protocol) = ported(protocol) {
        push(text, 6, "toPorts:");
        push(text, 8, "- ports:");
        push(text, 12, &format!("- port: \"{port}\""));
        push(text, 14, &format!("protocol: {protocol}"));
        return Some(());
    }
    let family = [podwall_model::IcmpFamily::V4, podwall_model::IcmpFamily::V6]
        .into_iter()
        .find(|family| family.protocol() == protocol)?;
    let kind = u8::try_from(port).ok()?;
    let (word, kind) = match family {
        podwall_model::IcmpFamily::V4 => ("IPv4", kind),
        podwall_model::IcmpFamily::V6 => ("IPv6", kind),
    };
    push(text, 6, "icmps:");
    push(text, 8, "- fields:");
    push(text, 12, &format!("- family: {word}"));
    let named = icmp::name(family, kind).map_or_else(|| kind.to_string(), str::to_owned);
    push(text, 14, &format!("type: {named}"));
    Some(())
}

/// `KEY: {}`, or `KEY:` with `matchLabels` below. A key may begin with the dash of a list item,
/// which then stands two to the left.
fn selector(text: &mut String, indent: usize, key: &str, labels: &BTreeMap<String, String>) {
    let dash = if key.starts_with('-') { indent - 2 } else { indent };
    if labels.is_empty() {
        return push(
            text,
            dash,
            &if key == "-" { "- {}".to_owned() } else { format!("{key}: {{}}") },
        );
    }
    let below = match key {
        "-" => {
            push(text, dash, "- matchLabels:");
            indent + 2
        }
        key => {
            push(text, dash, &format!("{key}:"));
            push(text, indent + 2, "matchLabels:");
            indent + 4
        }
    };
    labels.iter().for_each(|(key, value)| push(text, below, &line(key, value)));
}

fn line(key: &str, value: &str) -> String {
    format!("{}: {}", scalar(key), scalar(value))
}

fn push(text: &mut String, indent: usize, line: &str) {
    let _ = writeln!(text, "{:indent$}{line}", "");
}

fn ported(protocol: Protocol) -> Option<String> {
    protocol.has_ports().then(|| protocol.to_string())
}

fn host(address: IpAddr) -> String {
    let length = if address.is_ipv4() { 32 } else { 128 };
    // A colon would make it a key to some readers.
    scalar(&format!("{address}/{length}"))
}
