//! Random policies: every form of subject, peer and port that a rule can take.

use podwall_model::{
    Cidr, Direction, IcmpFamily, Mode, PolicyId, PolicyKind, Protocol, RuleId, Section, Source,
};
use podwall_policy::names::NamePattern;
use podwall_policy::rule::{
    Effect, Peer, Peers, Policy, Port, Ports, Precedence, Reach, Requirement, Rule, Selector,
    Subject, Test, Tier, Which,
};

use super::Chance;
use super::world::{ACCOUNTS, APPS, GROUPS, NAMESPACES, PORT_NAMES, PORTS, SERVICES, TIERS};

/// Ranges that cut through pods, nodes and the outside, with what may be excepted from each.
const RANGES: [(&str, &[&str]); 20] = [
    ("0.0.0.0/0", &["10.0.0.0/8", "198.51.100.0/24", "192.0.2.1/32", "10.0.0.0/24"]),
    ("10.0.0.0/8", &["10.0.0.0/24", "10.0.1.0/24", "10.0.0.2/32"]),
    ("10.0.0.0/24", &["10.0.0.2/31", "10.0.0.1/32"]),
    ("10.0.1.0/24", &["10.0.1.4/30"]),
    ("10.0.0.1/32", &[]),
    ("192.0.2.0/24", &["192.0.2.1/32", "192.0.2.2/32"]),
    ("192.0.2.1/32", &[]),
    ("192.0.2.2/32", &[]),
    ("198.51.100.0/24", &["198.51.100.0/25", "198.51.100.7/32"]),
    ("198.51.100.0/25", &["198.51.100.7/32", "198.51.100.8/29"]),
    ("198.51.100.7/32", &[]),
    ("203.0.113.0/24", &["203.0.113.1/32"]),
    ("203.0.113.1/32", &[]),
    ("::/0", &["2001:db8::/32", "fd00::/16"]),
    ("fd00::/16", &["fd00:0:0:1::/64", "fd00::1/128"]),
    ("fd00:0:0:1::/64", &[]),
    ("2001:db8::/32", &["2001:db8:1::/48", "2001:db8:ff::1/128"]),
    ("2001:db8:1::/48", &["2001:db8:1::8/125"]),
    ("2001:db8:1::7/128", &[]),
    ("2001:db8:ff::/48", &["2001:db8:ff::2/128"]),
];

pub(super) fn random(chance: &mut Chance) -> Vec<Policy> {
    let mut policies: Vec<Policy> =
        (0..chance.between(2, 9)).map(|at| policy(at, chance)).collect();
    chance.shuffle(&mut policies);
    policies
}

fn policy(at: usize, chance: &mut Chance) -> Policy {
    let kind = chance.one_of(&[
        PolicyKind::CiliumClusterwideNetworkPolicy,
        PolicyKind::CiliumNetworkPolicy,
        PolicyKind::NetworkPolicy,
        PolicyKind::ClusterNetworkPolicy,
    ]);
    let namespace = kind.is_namespaced().then(|| chance.pick(&NAMESPACES[..2]).to_string());
    let id = PolicyId { kind, namespace, name: format!("p{at}") };
    let mode = match chance.below(12) {
        0 => Some(Mode::Off),
        1 => Some(Mode::Detect),
        2..5 => Some(Mode::Enforce),
        _ => None,
    };
    let isolates = chance.percent(80);
    let subject = subject(&id, chance);
    let mut rules: Vec<Rule> = Vec::new();
    for index in 0..u32::try_from(chance.between(1, 4)).expect("few rules") {
        let mut rule = rule(&id, index, &subject, chance);
        rule.isolates = isolates;
        rules.push(rule);
    }
    if kind == PolicyKind::ClusterNetworkPolicy {
        put_in_tier(&mut rules, chance);
    }
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    Policy { id, mode, rules, group: None }
}

/// One tier and priority for all rules of a policy, in the order of their indexes.
fn put_in_tier(rules: &mut [Rule], chance: &mut Chance) {
    let tier = chance.one_of(&[Tier::Admin, Tier::Baseline]);
    let priority = chance.below(3) as u32;
    for (index, rule) in (0..).zip(rules) {
        rule.precedence = Precedence { tier, priority, index };
        rule.effect = chance.one_of(&[Effect::Deny, Effect::Allow, Effect::Pass]);
        rule.isolates = false;
        rule.id.section.deny = false;
    }
}

fn subject(id: &PolicyId, chance: &mut Chance) -> Subject {
    let Selector(mut requirements) = selector(25, chance);
    if id.namespace.is_none() && chance.percent(5) {
        return Subject::Nodes(Selector(requirements));
    }
    if let Some(namespace) = &id.namespace {
        let key = podwall_model::POD_NAMESPACE.to_owned();
        let test = Test::In(vec![namespace.clone()]);
        requirements.push(Requirement { source: Some(Source::K8s), key, test });
    }
    Subject::Endpoints(Selector(requirements))
}

fn rule(policy: &PolicyId, index: u32, subject: &Subject, chance: &mut Chance) -> Rule {
    let direction = chance.one_of(&Direction::BOTH);
    let deny = policy.kind != PolicyKind::NetworkPolicy && chance.percent(40);
    let section = Section { spec: chance.percent(30).then_some(0), direction, deny };
    Rule {
        id: RuleId {
            policy: policy.clone(),
            section,
            index: Some(index),
            content: chance.number(),
        },
        subject: subject.clone(),
        direction,
        effect: if deny { Effect::Deny } else { Effect::Allow },
        precedence: Precedence::NORMAL,
        peers: peers(policy.kind, chance),
        ports: ports(chance),
        demands: Vec::new(),
        isolates: true,
        log: None,
    }
}

fn peers(kind: PolicyKind, chance: &mut Chance) -> Peers {
    if chance.percent(15) {
        return Peers::Anyone;
    }
    let count = chance.one_of(&[0, 1, 1, 1, 1, 2, 2, 2, 3, 3]);
    Peers::AnyOf((0..count).map(|_| peer(kind, chance)).collect())
}

fn peer(kind: PolicyKind, chance: &mut Chance) -> Peer {
    if chance.percent(55) {
        return Peer::Labels(selector(75, chance));
    }
    if chance.percent(20) {
        return reference(chance);
    }
    let (range, inside) = chance.one_of(&RANGES);
    let cidr = |text: &str| text.parse::<Cidr>().expect("a range of the list");
    let except = inside.iter().filter(|_| chance.percent(40)).map(|text| cidr(text)).collect();
    let reach = match kind {
        PolicyKind::NetworkPolicy | PolicyKind::ClusterNetworkPolicy => Reach::Everything,
        PolicyKind::CiliumClusterwideNetworkPolicy => {
            chance.one_of(&[Reach::World, Reach::Outside])
        }
        PolicyKind::CiliumNetworkPolicy
        | PolicyKind::AdminNetworkPolicy
        | PolicyKind::BaselineAdminNetworkPolicy
        | PolicyKind::CiliumCIDRGroup => Reach::World,
    };
    Peer::Cidr { cidr: cidr(range), except, reach }
}

/// A group of ranges, a service or a name; some are not there.
fn reference(chance: &mut Chance) -> Peer {
    if chance.percent(30) {
        let pattern = chance.pick(&["api.shop.io", "*.shop.io", "**.io", "*", "other.io"]);
        return Peer::Name(NamePattern::of_pattern(pattern).expect("a pattern"));
    }
    let is_service = chance.percent(50);
    let names = if is_service { SERVICES } else { GROUPS };
    let which = match chance.below(10) {
        0 => Which::Named("nowhere".to_owned()),
        1..6 => Which::Named(chance.pick(&names).to_string()),
        _ => {
            let test = Test::In(vec![chance.pick(&TIERS).to_string()]);
            let source = Some(Source::K8s);
            Which::Labelled(Selector(vec![Requirement { source, key: "tier".into(), test }]))
        }
    };
    if is_service {
        let namespace = chance.percent(50).then(|| chance.pick(&NAMESPACES).to_string());
        let cluster = namespace.as_ref().map(|_| "default".to_owned());
        return Peer::Service { which, namespace, cluster };
    }
    let except = ["198.51.100.7/32"].iter().filter(|_| chance.percent(40));
    Peer::Group { which, except: except.map(|text| text.parse().expect("a range")).collect() }
}

/// A selector with a requirement in so many of a hundred cases, and sometimes a second.
fn selector(percent: usize, chance: &mut Chance) -> Selector {
    let mut requirements = Vec::new();
    while requirements.len() < 3 && chance.percent(percent >> requirements.len()) {
        requirements.push(requirement(chance));
    }
    Selector(requirements)
}

fn requirement(chance: &mut Chance) -> Requirement {
    let pods = || chance_source(&[None, None, Some(Source::K8s), Some(Source::Container)]);
    let (sources, key, values): (Vec<Option<Source>>, String, Vec<&str>) = match chance.below(20) {
        0..6 => (pods(), "app".into(), APPS.to_vec()),
        6..8 => (pods(), "tier".into(), TIERS.to_vec()),
        8..10 => (pods(), podwall_model::POD_NAMESPACE.into(), NAMESPACES.to_vec()),
        10 | 11 => (pods(), format!("{}.team", podwall_model::NAMESPACE_LABELS), TIERS.to_vec()),
        12 => (pods(), podwall_model::POLICY_SERVICE_ACCOUNT.into(), ACCOUNTS.to_vec()),
        13 => (pods(), podwall_model::POLICY_CLUSTER.into(), vec!["default", "other"]),
        14 => (pods(), "pod-template-hash".into(), vec!["abc"]),
        15 => (vec![None, Some(Source::Node)], "zone".into(), TIERS.to_vec()),
        16 => (vec![Some(Source::Cidr)], chance.one_of(&RANGES).0.to_owned(), vec![""]),
        _ => {
            let names =
                ["host", "remote-node", "kube-apiserver", "world-ipv4", "world-ipv6", "init"];
            (vec![Some(Source::Reserved), None], chance.one_of(&names).into(), vec![""])
        }
    };
    Requirement { source: chance.one_of(&sources), key, test: test(&values, chance) }
}

fn chance_source(sources: &[Option<Source>]) -> Vec<Option<Source>> {
    sources.to_vec()
}

fn test(values: &[&str], chance: &mut Chance) -> Test {
    let mut some = || {
        let mut some: Vec<String> =
            values.iter().filter(|_| chance.percent(50)).map(|&value| value.to_owned()).collect();
        if some.is_empty() {
            some.push(chance.pick(values).to_string());
        }
        some
    };
    let listed = some();
    match chance.below(10) {
        0..5 => Test::In(listed),
        5..7 => Test::NotIn(listed),
        7 | 8 => Test::Exists,
        _ => Test::Absent,
    }
}

fn ports(chance: &mut Chance) -> Ports {
    if chance.percent(45) {
        return Ports::Any;
    }
    let count = chance.one_of(&[0, 1, 1, 1, 1, 2, 2, 3, 3, 3]);
    Ports::AnyOf((0..count).map(|_| port(chance)).collect())
}

fn port(chance: &mut Chance) -> Port {
    let protocols = [Protocol::TCP, Protocol::TCP, Protocol::UDP, Protocol::SCTP];
    let protocol = chance.one_of(&protocols);
    match chance.below(10) {
        0 | 1 => Port::All(chance.one_of(&[protocol, protocol, Protocol::ICMP, Protocol::VRRP])),
        2..6 => {
            let (a, b) = (chance.one_of(&PORTS), chance.one_of(&PORTS));
            let b = if chance.percent(10) { u16::MAX } else { b };
            Port::Range { protocol, first: a.min(b), last: a.max(b) }
        }
        6..9 => Port::Named {
            name: chance.pick(&PORT_NAMES).to_string(),
            protocol: chance.percent(60).then_some(protocol),
            last: chance.percent(25).then(|| chance.one_of(&PORTS)),
        },
        _ => Port::Icmp {
            family: chance.one_of(&[IcmpFamily::V4, IcmpFamily::V6]),
            kind: chance.one_of(&[0, 8, 128]),
        },
    }
}
