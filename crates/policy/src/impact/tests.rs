//! What a switch would have done, told before it is made.

use podwall_model::{
    Connection, Label, Labels, Namespace, POD_NAMESPACE, PolicyKind, Reason, Section, Side, Source,
    Verdict, Workload,
};

use super::*;
use crate::rule::{
    Effect, Peer, Peers as RulePeers, Port, Ports, Precedence, Requirement, Rule, Selector,
    Subject, Test as Ask,
};

fn name(text: &str) -> WorkloadName {
    WorkloadName { namespace: "d".into(), name: text.into() }
}

fn world() -> World {
    let pod = |app: &str, ip: &str| Workload {
        name: name(app),
        labels: BTreeMap::from([("app".to_owned(), app.to_owned())]),
        service_account: "default".into(),
        node: String::new(),
        addresses: vec![ip.parse().unwrap()],
        ports: vec![],
        host_network: false,
        labels_resolved: true,
        cluster: "default".into(),
    };
    World {
        namespaces: vec![Namespace { name: "d".into(), ..Namespace::default() }],
        workloads: vec![pod("db", "10.0.0.1"), pod("web", "10.0.0.2"), pod("job", "10.0.0.3")],
        ..World::default()
    }
}

fn app(value: &str) -> Selector {
    let test = Ask::In(vec![value.to_owned()]);
    Selector(vec![Requirement { source: None, key: "app".into(), test }])
}

/// Lets `peer` reach the database at a port, and isolates it; in detection unless switched.
fn allow(policy: &str, peer: &str, port: u16) -> Policy {
    let id = PolicyId {
        kind: PolicyKind::NetworkPolicy,
        namespace: Some("d".into()),
        name: policy.into(),
    };
    let section = Section { spec: None, direction: Direction::Ingress, deny: false };
    let rule = Rule {
        id: RuleId { policy: id.clone(), section, index: Some(0), content: 0 },
        subject: Subject::Endpoints(app("db")),
        direction: Direction::Ingress,
        effect: Effect::Allow,
        precedence: Precedence::NORMAL,
        peers: RulePeers::AnyOf(vec![Peer::Labels(app(peer))]),
        ports: Ports::AnyOf(vec![Port::Range { protocol: Protocol::TCP, first: port, last: port }]),
        demands: Vec::new(),
        isolates: true,
        log: None,
    };
    Policy { id, mode: None, rules: vec![rule], group: None }
}

/// So many events of somebody who reached the database.
fn flow(source: &str, port: u16, count: u64) -> Flow {
    let ip = source.parse().unwrap();
    Flow {
        time: Default::default(),
        kind: FlowKind::New,
        workload: name("db"),
        direction: Direction::Ingress,
        connection: Connection {
            source: ip,
            destination: "10.0.0.1".parse().unwrap(),
            source_port: 40_000,
            destination_port: port,
            protocol: Protocol::TCP,
        },
        source: Side::default(),
        destination: Side::default(),
        backend: None,
        service: None,
        verdict: Verdict::Forwarded,
        reason: Reason::None,
        rule: None,
        nearest: vec![],
        tcp_flags: 2,
        generation: 1,
        count,
    }
}

fn check(policies: &[Policy], switch: &[&str], flows: &[Flow]) -> Impact {
    let named = |name: &&str| policies.iter().find(|policy| policy.id.name == *name).unwrap();
    let modes = switch.iter().map(|name| (named(name).id.clone(), Mode::Enforce)).collect();
    impact(policies, &switched(policies, &modes), &world(), &Options::default(), flows)
}

#[test]
fn what_no_rule_allows_would_be_stopped_and_is_counted_by_events() {
    let flows = [flow("10.0.0.2", 5432, 7), flow("10.0.0.3", 5432, 5), flow("10.0.0.3", 5432, 1)];
    let impact = check(&[allow("web", "web", 5432)], &["web"], &flows);
    assert_eq!((impact.judged, impact.stopped.count, impact.released.count), (13, 6, 0));
    assert_eq!(impact.stopped.by_rule, BTreeMap::from([(None, 6)]));
    let example = Example { flow: 1, count: 6, rule: None, leans_on: None };
    assert_eq!(impact.stopped.examples, [example]);
}

#[test]
fn a_policy_in_detection_that_would_allow_it_is_named_and_switching_it_too_helps() {
    let policies = [allow("web", "web", 5432), allow("job", "job", 5432)];
    let flows = [flow("10.0.0.2", 5432, 7), flow("10.0.0.3", 5432, 5)];
    let alone = check(&policies, &["web"], &flows);
    assert_eq!(alone.stopped.count, 5);
    assert_eq!(alone.leans_on, BTreeMap::from([(policies[1].id.clone(), 5)]));
    assert_eq!(alone.stopped.examples[0].leans_on.as_ref(), Some(&policies[1].id));
    let together = check(&policies, &["web", "job"], &flows);
    assert_eq!((together.stopped.count, together.leans_on.len()), (0, 0));
}

#[test]
fn a_deny_is_told_with_its_rule_and_leans_on_nobody() {
    let mut deny = allow("deny", "job", 5432);
    deny.rules[0].effect = Effect::Deny;
    deny.rules[0].isolates = false;
    let policies = [deny, allow("job", "job", 5432)];
    let impact = check(&policies, &["deny"], &[flow("10.0.0.3", 5432, 2)]);
    assert_eq!(
        impact.stopped.by_rule,
        BTreeMap::from([(Some(policies[0].rules[0].id.clone()), 2)])
    );
    assert!(impact.leans_on.is_empty());
}

#[test]
fn what_is_stopped_now_may_be_released() {
    let mut policies = [allow("web", "web", 5432), allow("job", "job", 5432)];
    policies[0].mode = Some(Mode::Enforce);
    let impact = check(&policies, &["job"], &[flow("10.0.0.3", 5432, 4)]);
    assert_eq!((impact.stopped.count, impact.released.count), (0, 4));
    let rule = policies[1].rules[0].id.clone();
    assert_eq!(impact.released.by_rule, BTreeMap::from([(Some(rule), 4)]));
}

#[test]
fn a_peer_is_judged_by_the_labels_it_had() {
    let mut gone = flow("10.0.0.9", 5432, 3);
    gone.source.labels = Labels::from_iter([
        Label::new(Source::K8s, "app", "web"),
        Label::new(Source::K8s, POD_NAMESPACE, "d"),
    ]);
    let mut relabelled = flow("10.0.0.2", 5432, 2);
    relabelled.source.labels = Labels::from_iter([Label::new(Source::K8s, "app", "other")]);
    let impact = check(&[allow("web", "web", 5432)], &["web"], &[gone, relabelled]);
    assert_eq!((impact.judged, impact.stopped.count), (5, 2));
}

#[test]
fn ends_of_connections_are_not_counted_and_strangers_are_said_so() {
    let closed = Flow { kind: FlowKind::Closed, ..flow("10.0.0.3", 5432, 1) };
    let stranger = Flow { workload: name("gone"), ..flow("10.0.0.3", 5432, 4) };
    let itself = flow("10.0.0.1", 5432, 2);
    let impact = check(&[allow("web", "web", 5432)], &["web"], &[closed, stranger, itself]);
    assert_eq!((impact.judged, impact.unknown, impact.stopped.count), (2, 4, 0));
}
