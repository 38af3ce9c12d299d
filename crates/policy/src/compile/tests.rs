//! What tables say, case by case. Random worlds against the judge stand in `tests/`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use podwall_model::{
    IcmpFamily, NamedPort, Namespace, Node, PolicyId, PolicyKind, Protocol, RuleId, Section,
    Source, Workload,
};

use super::*;
use crate::rule::{
    Action, Effect, Peer, Peers, Port, Ports, Precedence, Reach, Requirement, Rule, Selector,
    Test as Ask,
};
use crate::table::{Decision, Lane};

const TCP: Protocol = Protocol::TCP;

/// `a`, `b` and `c` in `d`, all local; `x` in `o`, on the other node.
fn world() -> World {
    let pod = |namespace: &str, name: &str, ip: &str, node: &str| Workload {
        name: WorkloadName { namespace: namespace.into(), name: name.into() },
        labels: BTreeMap::from([("app".to_owned(), name.to_owned())]),
        service_account: "default".into(),
        node: node.into(),
        addresses: vec![ip.parse().unwrap()],
        ports: vec![NamedPort {
            name: "http".into(),
            port: if name == "b" { 8000 } else { 8080 },
            protocol: TCP,
        }],
        host_network: false,
        labels_resolved: true,
        cluster: "default".into(),
    };
    let node = |name: &str, ip: &str, local| Node {
        name: name.into(),
        addresses: vec![ip.parse().unwrap()],
        local,
        ..Node::default()
    };
    let namespace =
        |name: &str, mode| Namespace { name: name.into(), mode, ..Namespace::default() };
    World {
        namespaces: vec![namespace("d", Some(Mode::Enforce)), namespace("o", None)],
        nodes: vec![node("n1", "192.0.2.1", true), node("n2", "192.0.2.2", false)],
        workloads: vec![
            pod("d", "a", "10.0.0.1", "n1"),
            pod("d", "b", "10.0.0.2", "n1"),
            pod("d", "c", "10.0.0.3", ""),
            pod("o", "x", "10.0.1.1", "n2"),
        ],
        ..World::default()
    }
}

fn labels(source: Option<Source>, key: &str, values: &[&str]) -> Selector {
    let values = values.iter().map(|&value| value.to_owned()).collect();
    Selector(vec![Requirement { source, key: key.into(), test: Ask::In(values) }])
}

fn app(name: &str) -> Peer {
    Peer::Labels(labels(None, "app", &[name]))
}

fn range(cidr: &str, except: &[&str], reach: Reach) -> Peer {
    let except = except.iter().map(|text| text.parse().unwrap()).collect();
    Peer::Cidr { cidr: cidr.parse().unwrap(), except, reach }
}

fn ports(first: u16, last: u16) -> Ports {
    Ports::AnyOf(vec![Port::Range { protocol: TCP, first, last }])
}

fn named(last: Option<u16>) -> Ports {
    Ports::AnyOf(vec![Port::Named { name: "http".into(), protocol: Some(TCP), last }])
}

/// A policy about `a`, of rules that stand in order.
fn policy(name: &str, rules: Vec<(Direction, Effect, Peers, Ports)>) -> Policy {
    let id = PolicyId {
        kind: PolicyKind::CiliumNetworkPolicy,
        namespace: Some("d".into()),
        name: name.into(),
    };
    let rules = (0u32..).zip(rules).map(|(index, (direction, effect, peers, ports))| Rule {
        id: RuleId {
            policy: id.clone(),
            section: Section { spec: None, direction, deny: effect == Effect::Deny },
            index: Some(index),
            content: 0,
        },
        subject: Subject::Endpoints(labels(None, "app", &["a"])),
        direction,
        effect,
        precedence: Precedence::NORMAL,
        peers,
        ports,
        demands: Vec::new(),
        isolates: true,
        log: None,
    });
    Policy { id: id.clone(), mode: None, rules: rules.collect(), group: None }
}

fn ingress(effect: Effect, peers: &[Peer], ports: Ports) -> (Direction, Effect, Peers, Ports) {
    (Direction::Ingress, effect, Peers::AnyOf(peers.to_vec()), ports)
}

fn egress(effect: Effect, peers: &[Peer], ports: Ports) -> (Direction, Effect, Peers, Ports) {
    (Direction::Egress, effect, Peers::AnyOf(peers.to_vec()), ports)
}

struct Node1 {
    compiled: Compiled,
}

impl Node1 {
    fn with(policies: &[Policy]) -> Node1 {
        let compiled =
            resolve_all(policies, &world(), &Options::default(), &mut Identities::default());
        Node1 { compiled }
    }

    fn class(&self, name: &str) -> &CompiledClass {
        let has = |class: &&CompiledClass| class.workloads.iter().any(|at| at.name == name);
        self.compiled.classes.values().find(has).unwrap()
    }

    fn decision(
        &self,
        direction: Direction,
        peer: &str,
        protocol: Protocol,
        port: u16,
    ) -> Decision {
        let peer = self.compiled.resolved.look_up(peer.parse::<IpAddr>().unwrap().into());
        let half = self.class("a").enforce.half(direction);
        half.look_up(peer, Lane::new(protocol, port)).clone()
    }

    /// `+` and `-` with the policy and index of the rule that decides; nothing where none does.
    fn says(&self, direction: Direction, peer: &str, port: u16) -> String {
        shown(&self.decision(direction, peer, TCP, port))
    }

    fn from(&self, peer: &str, port: u16) -> String {
        self.says(Direction::Ingress, peer, port)
    }

    fn to(&self, peer: &str, port: u16) -> String {
        self.says(Direction::Egress, peer, port)
    }
}

fn shown(decision: &Decision) -> String {
    let sign = if decision.action == Action::Allow { "+" } else { "-" };
    let rule = decision.rule.as_ref();
    rule.map_or(sign.to_owned(), |id| format!("{sign}{}{}", id.policy.name, id.index.unwrap()))
}

#[test]
fn deny_wins_over_allow_however_narrow() {
    let node = Node1::with(&[policy(
        "p",
        vec![
            ingress(Effect::Allow, &[app("b")], ports(80, 80)),
            ingress(Effect::Deny, &[app("b")], ports(64, 127)),
            ingress(Effect::Allow, &[app("b"), app("c")], Ports::Any),
        ],
    )]);
    assert_eq!(node.from("10.0.0.2", 80), "-p1");
    assert_eq!(node.from("10.0.0.2", 128), "+p2");
    assert_eq!(node.from("10.0.0.3", 80), "+p2");
    assert_eq!(node.from("198.51.100.7", 80), "-");
    assert_eq!(node.to("198.51.100.7", 80), "+");
}

#[test]
fn the_first_id_decides_whatever_the_order_of_policies() {
    let rules = || vec![ingress(Effect::Allow, &[app("b")], Ports::Any)];
    let (p, q) = (policy("p", rules()), policy("q", rules()));
    assert_eq!(Node1::with(&[p.clone(), q.clone()]).from("10.0.0.2", 1), "+p0");
    assert_eq!(Node1::with(&[q, p]).from("10.0.0.2", 1), "+p0");
}

#[test]
fn the_node_reaches_its_workloads_unless_a_rule_denies_it() {
    let allow = ingress(Effect::Allow, &[app("b")], Ports::Any);
    let node = Node1::with(&[policy("p", vec![allow.clone()])]);
    assert_eq!(node.from("192.0.2.1", 80), "+");
    assert_eq!(node.from("192.0.2.2", 80), "-");
    let host = Peer::Labels(labels(Some(Source::Reserved), "host", &[""]));
    let deny = ingress(Effect::Deny, &[host], ports(80, 80));
    let node = Node1::with(&[policy("p", vec![allow, deny])]);
    assert_eq!(node.from("192.0.2.1", 80), "-p1");
    assert_eq!(node.from("192.0.2.1", 81), "+");
}

#[test]
fn an_excepted_range_is_not_denied_and_another_rule_may_allow_it() {
    let narrow = range("198.51.0.0/16", &["198.51.100.0/24"], Reach::World);
    let node = Node1::with(&[policy(
        "p",
        vec![
            egress(Effect::Allow, &[narrow], Ports::Any),
            egress(Effect::Allow, &[range("198.51.100.7/32", &[], Reach::World)], Ports::Any),
        ],
    )]);
    assert_eq!(node.to("198.51.1.1", 1), "+p0");
    assert_eq!(node.to("198.51.100.8", 1), "-");
    assert_eq!(node.to("198.51.100.7", 1), "+p1");
}

#[test]
fn a_range_means_pods_only_where_its_kind_says_so() {
    for (reach, expected) in [(Reach::World, "-"), (Reach::Everything, "+p0")] {
        let peers = [range("10.0.0.0/8", &[], reach)];
        let node = Node1::with(&[policy("p", vec![egress(Effect::Allow, &peers, Ports::Any)])]);
        assert_eq!(node.to("10.0.0.2", 80), expected);
        assert_eq!(node.to("10.200.0.1", 80), "+p0");
    }
}

#[test]
fn a_named_port_is_the_subjects_on_ingress_and_each_peers_on_egress() {
    let both = [app("b"), app("c")];
    let node = Node1::with(&[policy(
        "p",
        vec![
            ingress(Effect::Allow, &both, named(Some(8090))),
            egress(Effect::Allow, &both, named(Some(8090))),
        ],
    )]);
    assert_eq!(node.from("10.0.0.2", 8000), "-");
    assert_eq!(node.from("10.0.0.2", 8090), "+p0");
    assert_eq!(node.to("10.0.0.2", 8000), "+p1");
    assert_eq!(node.to("10.0.0.3", 8000), "-");
    assert_eq!(node.to("10.0.0.3", 8080), "+p1");
    assert_eq!(node.to("10.0.0.3", 8090), "-");
}

#[test]
fn a_named_port_of_anyone_is_looked_up_in_every_peer() {
    let rule = (Direction::Egress, Effect::Allow, Peers::Anyone, named(None));
    let node = Node1::with(&[policy("p", vec![rule])]);
    assert_eq!(node.to("10.0.0.2", 8000), "+p0");
    assert_eq!(node.to("10.0.1.1", 8080), "+p0");
    assert_eq!(node.to("198.51.100.7", 8080), "-");
}

#[test]
fn an_icmp_type_is_that_type_alone() {
    let kind = Port::Icmp { family: IcmpFamily::V4, kind: 0 };
    let rule = ingress(Effect::Allow, &[app("b")], Ports::AnyOf(vec![kind]));
    let node = Node1::with(&[policy("p", vec![rule])]);
    let icmp = |kind| shown(&node.decision(Direction::Ingress, "10.0.0.2", Protocol::ICMP, kind));
    assert_eq!((icmp(0).as_str(), icmp(8).as_str()), ("+p0", "-"));
}

#[test]
fn nothing_listed_is_nobody_and_no_port() {
    let node = Node1::with(&[policy(
        "p",
        vec![
            ingress(Effect::Allow, &[], Ports::Any),
            ingress(Effect::Allow, &[app("b")], Ports::AnyOf(vec![])),
        ],
    )]);
    assert_eq!(node.from("10.0.0.2", 80), "-");
}

#[test]
fn a_rule_that_does_not_isolate_leaves_the_rest_open() {
    let mut quiet = policy("p", vec![ingress(Effect::Deny, &[app("b")], ports(80, 80))]);
    quiet.rules[0].isolates = false;
    let node = Node1::with(&[quiet]);
    assert!(!node.class("a").enforce.ingress.isolated);
    assert_eq!(node.from("10.0.0.2", 80), "-p0");
    assert_eq!(node.from("10.0.0.2", 81), "+");
}

#[test]
fn modes_make_two_tables_and_one_where_nothing_is_in_detection() {
    let deny = |name| policy(name, vec![ingress(Effect::Deny, &[app("b")], Ports::Any)]);
    let node = Node1::with(&[deny("p")]);
    assert!(Arc::ptr_eq(&node.class("a").enforce, &node.class("a").both));
    assert!(Arc::ptr_eq(&node.class("b").enforce, &node.class("c").both));
    let with_mode = |mode| Node1::with(&[Policy { mode: Some(mode), ..deny("p") }]);
    let watched = with_mode(Mode::Detect);
    assert_eq!(*watched.class("a").enforce, Table::open());
    assert_eq!(*watched.class("a").both, *node.class("a").enforce);
    assert_eq!(*with_mode(Mode::Off).class("a").both, Table::open());
}

#[test]
fn equal_rows_are_one_and_unknown_peers_share_the_fallback() {
    let rules = vec![ingress(Effect::Allow, &[app("b"), app("c")], ports(80, 80))];
    let node = Node1::with(&[policy("p", rules)]);
    let half = &node.class("a").enforce.ingress;
    let at = |ip: &str| node.compiled.resolved.look_up(ip.parse::<IpAddr>().unwrap().into());
    assert!(Arc::ptr_eq(&half.rows[&at("10.0.0.2")], &half.rows[&at("10.0.0.3")]));
    assert!(!half.rows.contains_key(&at("10.0.1.1")));
}
