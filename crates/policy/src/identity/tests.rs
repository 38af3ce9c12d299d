//! What identities tell apart, and that numbers are given once.

use std::collections::BTreeMap;

use podwall_model::{Namespace, Node, Protocol, Workload, WorkloadName};

use super::*;
use crate::rule::{Effect, Peer, Peers, Policy, Ports, Precedence, Reach, Rule, Selector, Subject};
use podwall_model::{Direction, PolicyId, PolicyKind, RuleId, Section};

fn workload(name: &str, app: &str, addresses: &[&str]) -> Workload {
    Workload {
        name: WorkloadName { namespace: "shop".into(), name: name.into() },
        labels: BTreeMap::from([("app".to_owned(), app.to_owned())]),
        service_account: "default".into(),
        node: String::new(),
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
        ports: vec![],
        host_network: false,
        labels_resolved: true,
        cluster: "default".into(),
    }
}

fn world() -> World {
    let node = |name: &str, ip: &str, local| Node {
        name: name.into(),
        addresses: vec![ip.parse().unwrap()],
        local,
        ..Node::default()
    };
    World {
        namespaces: vec![Namespace { name: "shop".into(), ..Namespace::default() }],
        nodes: vec![node("n1", "192.0.2.1", true), node("n2", "192.0.2.2", false)],
        workloads: vec![
            workload("web-1", "web", &["10.0.0.5", "fd00::5"]),
            workload("web-2", "web", &["10.0.0.6"]),
            workload("db-1", "db", &["10.0.1.5"]),
        ],
        api_servers: vec!["203.0.113.1".parse().unwrap()],
        ..World::default()
    }
}

/// Ranges as one rule names them: `reach` means the first, the second is excepted from it.
fn ranges(items: &[(&str, Option<&str>, Reach)]) -> Ranges {
    let peers = items.iter().map(|(cidr, except, reach)| Peer::Cidr {
        cidr: cidr.parse().unwrap(),
        except: except.iter().map(|text| text.parse().unwrap()).collect(),
        reach: *reach,
    });
    let policy = PolicyId {
        kind: PolicyKind::CiliumNetworkPolicy,
        namespace: Some("shop".into()),
        name: "p".into(),
    };
    let section = Section { spec: None, direction: Direction::Egress, deny: false };
    let rule = Rule {
        id: RuleId { policy: policy.clone(), section, index: Some(0), content: 0 },
        subject: Subject::Endpoints(Selector::default()),
        direction: Direction::Egress,
        effect: Effect::Allow,
        precedence: Precedence::NORMAL,
        peers: Peers::AnyOf(peers.collect()),
        ports: Ports::Any,
        demands: Vec::new(),
        isolates: true,
        log: None,
    };
    Ranges::of(&[Policy { id: policy, mode: None, rules: vec![rule], group: None }])
}

fn number_of(resolved: &Resolved, ip: &str) -> IdentityNumber {
    resolved.look_up(ip.parse::<std::net::IpAddr>().unwrap().into())
}

fn check_number(resolved: &Resolved, ip: &str, expected: u32) {
    assert_eq!(number_of(resolved, ip), IdentityNumber(expected), "{ip}");
}

#[test]
fn equal_peers_share_a_number_and_the_well_known_keep_theirs() {
    let resolved = Identities::default().resolve(&world(), &Ranges::default(), &Options::default());
    assert_eq!(number_of(&resolved, "10.0.0.5"), number_of(&resolved, "10.0.0.6"));
    assert_eq!(number_of(&resolved, "10.0.0.5"), number_of(&resolved, "fd00::5"));
    assert_ne!(number_of(&resolved, "10.0.0.5"), number_of(&resolved, "10.0.1.5"));
    check_number(&resolved, "192.0.2.1", 1);
    check_number(&resolved, "192.0.2.2", 6);
    check_number(&resolved, "198.51.100.7", 9);
    check_number(&resolved, "2001:db8::7", 10);
}

#[test]
fn a_range_of_the_world_tells_outside_addresses_apart_but_no_pods() {
    let named = ranges(&[("0.0.0.0/0", Some("198.51.100.0/24"), Reach::World)]);
    let resolved = Identities::default().resolve(&world(), &named, &Options::default());
    let inside = &resolved.identities[&number_of(&resolved, "198.51.100.9")];
    let around = &resolved.identities[&number_of(&resolved, "198.51.101.9")];
    assert_eq!(inside.ranges.len(), 2);
    assert_eq!(around.ranges.len(), 1);
    assert!(resolved.identities[&number_of(&resolved, "10.0.0.5")].ranges.is_empty());
    let api = &resolved.identities[&number_of(&resolved, "203.0.113.1")];
    assert_eq!(api.ranges.len(), 1);
    assert!(api.labels.contains(&Label::reserved("kube-apiserver")));
}

#[test]
fn a_range_of_everything_tells_pods_and_nodes_apart_by_address() {
    let named = ranges(&[("10.0.0.4/31", None, Reach::Everything)]);
    let resolved = Identities::default().resolve(&world(), &named, &Options::default());
    assert_ne!(number_of(&resolved, "10.0.0.5"), number_of(&resolved, "10.0.0.6"));
    assert_eq!(number_of(&resolved, "10.0.0.6"), number_of(&resolved, "fd00::5"));
    let named = ranges(&[("192.0.2.0/24", None, Reach::Everything)]);
    let resolved = Identities::default().resolve(&world(), &named, &Options::default());
    let host = number_of(&resolved, "192.0.2.1");
    assert_eq!(host, IdentityNumber::FIRST_HOST);
    assert!(resolved.identities[&host].is_host());
}

#[test]
fn a_short_ipv6_prefix_never_swallows_ipv4() {
    let named = ranges(&[("::/0", None, Reach::World), ("::ffff:0:0/104", None, Reach::World)]);
    let resolved = Identities::default().resolve(&world(), &named, &Options::default());
    let lengths: Vec<u8> = resolved.networks.keys().map(|cidr| cidr.mapped_length()).collect();
    assert_eq!(lengths, [96, 0], "{:?}", resolved.networks);
    check_number(&resolved, "198.51.100.7", 9);
}

#[test]
fn a_range_of_one_address_is_known_exactly() {
    let named = ranges(&[("198.51.100.7/32", None, Reach::World)]);
    let resolved = Identities::default().resolve(&world(), &named, &Options::default());
    assert!(resolved.networks.is_empty());
    assert!(number_of(&resolved, "198.51.100.7") >= IdentityNumber::FIRST_LOCAL);
    check_number(&resolved, "198.51.100.8", 9);
}

#[test]
fn numbers_go_on_behind_those_that_were_pinned() {
    let mut first = Identities::default();
    let before = first.resolve(&world(), &Ranges::default(), &Options::default());
    let mut texts = before.texts();
    texts.insert(IdentityNumber(4000), "written by another version".into());
    texts.insert(IdentityNumber::FIRST_HOST, "reserved:host||192.0.2.0/24".into());
    let mut second = Identities::adopt(&texts);
    let after = second.resolve(&world(), &Ranges::default(), &Options::default());
    assert_eq!(before, after);
    let newcomer = Identity::reserved(&["newcomer"]);
    assert_eq!(second.number(&newcomer), IdentityNumber(4001));
    let mut host = Identity::reserved(&["host"]);
    host.ranges.insert("192.0.2.0/24".parse().unwrap());
    assert_eq!(second.number(&host), IdentityNumber::FIRST_HOST);
    host.ranges.insert("192.0.2.0/25".parse().unwrap());
    assert_eq!(second.number(&host), IdentityNumber(IdentityNumber::FIRST_HOST.0 + 1));
}

#[test]
fn a_forgotten_identity_comes_back_under_a_new_number() {
    let mut identities = Identities::default();
    let peer = Identity::reserved(&["peer"]);
    let number = identities.number(&peer);
    identities.retain(|_| false);
    assert!(identities.number(&peer) > number);
}

#[test]
fn the_text_of_an_identity_reads_back() {
    let mut identity = Identity::reserved(&["odd,name|with=signs%"]);
    identity.labels.insert(Label::new(Source::K8s, "app", "äß,=|:"));
    identity.ports.insert(NamedPort { name: "http".into(), port: 80, protocol: Protocol::TCP });
    identity.ranges.insert("2001:db8::/32".parse().unwrap());
    identity.ranges.insert("10.0.0.0/8".parse().unwrap());
    let text = identity.to_string();
    assert_eq!(text.parse::<Identity>().unwrap(), identity, "{text}");
    for broken in ["", "k8s:a", "k8s:a||x", "who:a||", "k8s:a%g0||", "k8s:a|||"] {
        assert!(broken.parse::<Identity>().is_err(), "{broken}");
    }
}
