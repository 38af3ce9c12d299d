//! Suggestions for connections of a small world, each judged with and without it.

use std::net::IpAddr;

use podwall_model::{Namespace, Protocol, Workload, WorkloadName, World};

use super::*;
use crate::options::Options;

const POLICIES: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: data}
spec: {podSelector: {}, policyTypes: [Ingress]}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: metadata, namespace: shop}
spec:
  endpointSelector: {}
  egressDeny: [{toCIDR: [169.254.169.254/32]}]
";

fn workload(namespace: &str, name: &str, address: &str, labels: &[(&str, &str)]) -> Workload {
    Workload {
        name: WorkloadName { namespace: namespace.into(), name: name.into() },
        labels: labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        service_account: "default".into(),
        node: String::new(),
        addresses: vec![address.parse().unwrap()],
        ports: vec![],
        host_network: false,
        labels_resolved: true,
        cluster: "default".into(),
    }
}

fn world() -> World {
    let namespace = |name: &str| Namespace {
        name: name.into(),
        labels: [("kubernetes.io/metadata.name".to_owned(), name.to_owned())].into(),
        mode: None,
    };
    World {
        namespaces: vec![namespace("shop"), namespace("data")],
        workloads: vec![
            workload("shop", "web-7f9-x", "10.0.0.1", &[("app", "web"), ("tier", "front")]),
            workload("shop", "cart", "10.0.0.2", &[("app", "true"), ("controller-uid", "7")]),
            workload("data", "db", "10.0.1.1", &[("role", "db")]),
        ],
        ..World::default()
    }
}

fn ask(
    from: &str,
    to: &str,
    packet: Packet,
    kind: Option<PolicyKind>,
) -> Result<Suggestion, NoSuggestion> {
    let world = world();
    let policies = check(POLICIES, "").policies;
    let options = Options::default();
    let court = Court::new(&policies, &world, options);
    let end = |ip: &str| End::at(ip.parse::<IpAddr>().unwrap(), &world, &options);
    let (from, to) = (end(from), end(to));
    let wanted = Wanted { from: &from, to: &to, packet, kind };
    suggest(&court, &wanted, |id| id.name == "allow-web-7f9-x-to-cart-80-in")
}

fn tcp(port: u16) -> Packet {
    Packet { protocol: Protocol::TCP, port }
}

#[test]
fn both_ends_that_refuse_get_a_policy_by_labels() {
    let suggestion = ask("10.0.0.1", "10.0.1.1", tcp(5432), None).unwrap();
    assert_eq!(
        suggestion.text,
        "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: allow-web-7f9-x-to-db-5432-out
  namespace: shop
  annotations:
    podwall.io/mode: detect
spec:
  podSelector:
    matchLabels:
      app: web
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: data
          podSelector:
            matchLabels:
              role: db
      ports:
        - protocol: TCP
          port: 5432
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: allow-web-7f9-x-to-db-5432-in
  namespace: data
  annotations:
    podwall.io/mode: detect
spec:
  podSelector:
    matchLabels:
      role: db
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: shop
          podSelector:
            matchLabels:
              app: web
      ports:
        - protocol: TCP
          port: 5432
"
    );
    assert!(suggestion.parts.iter().all(|part| part.policy.mode == Some(Mode::Detect)));
    assert_eq!(suggestion.notes, Vec::<String>::new());
}

#[test]
fn the_other_kind_is_written_where_it_is_asked_for() {
    let kind = Some(PolicyKind::CiliumNetworkPolicy);
    let suggestion = ask("10.0.0.1", "10.0.1.1", tcp(5432), kind).unwrap();
    assert!(suggestion.text.contains("k8s:io.kubernetes.pod.namespace\": data"), "{suggestion:?}");
    assert!(suggestion.text.contains("- port: \"5432\""));
}

#[test]
fn values_that_yaml_would_misread_are_quoted_and_names_in_use_are_not_taken() {
    let suggestion = ask("10.0.0.1", "10.0.0.2", tcp(80), None).unwrap();
    assert!(suggestion.text.contains("app: \"true\""), "{}", suggestion.text);
    assert!(!suggestion.text.contains("controller-uid"));
    assert_eq!(suggestion.parts[1].policy.id.name, "allow-web-7f9-x-to-cart-80-in-2");
}

#[test]
fn the_outside_is_meant_by_its_address_and_said_so() {
    let suggestion = ask("10.0.0.1", "198.51.100.7", tcp(443), None).unwrap();
    assert!(suggestion.text.contains("cidr: \"198.51.100.7/32\""), "{}", suggestion.text);
    assert_eq!((suggestion.parts.len(), suggestion.notes.len()), (1, 1));
}

#[test]
fn a_ping_is_said_in_the_kind_that_can() {
    let ping = Packet { protocol: Protocol::ICMP, port: 8 };
    let suggestion = ask("10.0.0.1", "10.0.1.1", ping, None).unwrap();
    assert!(suggestion.text.contains("kind: CiliumNetworkPolicy"));
    assert!(suggestion.text.contains("icmps:"), "{}", suggestion.text);
    let gre = Packet { protocol: Protocol(47), port: 0 };
    assert!(matches!(ask("10.0.0.1", "10.0.1.1", gre, None), Err(NoSuggestion::Unsayable(_))));
}

#[test]
fn what_a_deny_stops_cannot_be_allowed_and_what_passes_need_not_be() {
    let denied = ask("10.0.0.1", "169.254.169.254", tcp(80), None);
    assert!(matches!(denied, Err(NoSuggestion::Denied(_))), "{denied:?}");
    let open = ask("10.0.1.1", "198.51.100.7", tcp(443), None);
    assert_eq!(open, Err(NoSuggestion::Allowed));
}
