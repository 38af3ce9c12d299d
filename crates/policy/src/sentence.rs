//! Rules in words: one plain sentence each, and the parts that explanations quote.

use podwall_model::{
    Cidr, Direction, NAMESPACE_LABELS, POD_NAMESPACE, POLICY_CLUSTER, Protocol, Source,
};

use crate::icmp;
use crate::rule::{
    Effect, Peer, Peers, Port, Ports, Reach, Requirement, Rule, Selector, Subject, Test, Which,
};
use crate::scope::is;

/// How many items of a list are named before the rest is only counted.
const NAMED: usize = 4;

/// What a rule says, as one sentence without its full stop.
pub fn sentence(rule: &Rule) -> String {
    let who = match &rule.subject {
        Subject::Endpoints(selector) => workloads(selector),
        Subject::Nodes(selector) => format!("nodes {}", clauses(&selector.0)),
    };
    let nobody = rule.peers == Peers::AnyOf(Vec::new()) || rule.ports == Ports::AnyOf(Vec::new());
    let isolates = match (rule.isolates, rule.direction) {
        (false, _) => String::new(),
        (true, Direction::Ingress) => ", and accept only what some rule allows".to_owned(),
        (true, Direction::Egress) => ", and reach only what some rule allows".to_owned(),
    };
    if nobody {
        return match (rule.isolates, rule.direction) {
            (true, Direction::Ingress) => format!("{who} accept only what some other rule allows"),
            (true, Direction::Egress) => format!("{who} reach only what some other rule allows"),
            (false, _) => format!("{who} are not affected: the rule matches nothing"),
        };
    }
    let (peers, ports) = (peers(&rule.peers), ports(&rule.ports));
    match (rule.direction, rule.effect) {
        (Direction::Ingress, Effect::Allow) => {
            format!("{who} accept {ports} from {peers}{isolates}")
        }
        (Direction::Ingress, Effect::Deny) => {
            format!("{who} refuse {ports} from {peers}{isolates}")
        }
        (Direction::Egress, Effect::Allow) => {
            format!("{who} may reach {peers} on {ports}{isolates}")
        }
        (Direction::Ingress, Effect::Pass) => {
            format!("for {ports} from {peers} the next tier decides what {who} accept")
        }
        (Direction::Egress, Effect::Pass) => {
            format!("for {peers} on {ports} the next tier decides what {who} may reach")
        }
        (Direction::Egress, Effect::Deny) => {
            format!("{who} may not reach {peers} on {ports}{isolates}")
        }
    }
}

/// Peers in words.
pub(crate) fn peers(peers: &Peers) -> String {
    match peers {
        Peers::Anyone => "anyone".to_owned(),
        Peers::AnyOf(list) if list.is_empty() => "nobody".to_owned(),
        Peers::AnyOf(list) => either(list.iter().map(peer)),
    }
}

fn peer(peer: &Peer) -> String {
    match peer {
        Peer::Labels(selector) => workloads(selector),
        Peer::Cidr { cidr, except, reach } => {
            let outside = match reach {
                Reach::World | Reach::Outside => "outside addresses in ",
                Reach::Everything => "addresses in ",
            };
            format!("{outside}{cidr}{}", but(except))
        }
        Peer::Group { which: Which::Named(name), except } => {
            format!("outside addresses in the group {name}{}", but(except))
        }
        Peer::Group { which: Which::Labelled(selector), except } => {
            format!("outside addresses in groups {}{}", clauses(&selector.0), but(except))
        }
        Peer::Name(pattern) => format!("what the name {pattern} was answered with"),
        Peer::Service { which, namespace, cluster: _ } => {
            let place = match namespace {
                Some(namespace) => format!(" in {namespace}"),
                None => String::new(),
            };
            match which {
                Which::Named(name) => format!("what is behind the service {name}{place}"),
                Which::Labelled(selector) => {
                    format!("what is behind services {}{place}", clauses(&selector.0))
                }
            }
        }
    }
}

fn but(except: &[Cidr]) -> String {
    match except {
        [] => String::new(),
        some => format!(" except {}", either(some.iter().map(|cidr| cidr.to_string()))),
    }
}

/// Whom a selector means, in words.
pub(crate) fn workloads(selector: &Selector) -> String {
    if let [one] = selector.0.as_slice()
        && one.source == Some(Source::Reserved)
    {
        return reserved(one);
    }
    // The local cluster goes without saying; where there is one alone it has this name.
    let unsaid = |r: &&Requirement| r.key == POLICY_CLUSTER && r.test == is("default");
    let rest = selector.0.iter().filter(|r| !unsaid(r));
    let (of_namespace, labels): (Vec<&Requirement>, Vec<&Requirement>) =
        rest.partition(|r| r.key == POD_NAMESPACE);
    let place = match of_namespace.as_slice() {
        [] => String::new(),
        [one] => match &one.test {
            Test::In(names) => {
                format!(" in {}", either(names.iter().cloned()))
            }
            Test::Exists => " in any namespace".to_owned(),
            Test::NotIn(_) | Test::Absent => format!(" whose {}", clause(one)),
        },
        several => format!(
            " whose {}",
            several.iter().map(|r| clause(r)).collect::<Vec<_>>().join(" and ")
        ),
    };
    if labels.is_empty() {
        return if place.is_empty() {
            "everything".to_owned()
        } else {
            format!("all workloads{place}")
        };
    }
    let labels: Vec<Requirement> = labels.into_iter().cloned().collect();
    format!("workloads {}{place}", clauses(&labels))
}

fn reserved(requirement: &Requirement) -> String {
    match (&requirement.test, requirement.key.as_str()) {
        (Test::NotIn(_) | Test::Absent, key) => format!("whatever is not `{key}`"),
        (Test::In(_) | Test::Exists, key) => match key {
            "host" => "the node itself".to_owned(),
            "remote-node" => "other nodes".to_owned(),
            "world" => "the outside".to_owned(),
            "world-ipv4" => "the outside over IPv4".to_owned(),
            "world-ipv6" => "the outside over IPv6".to_owned(),
            "kube-apiserver" => "the API server".to_owned(),
            "init" => "workloads without labels yet".to_owned(),
            "health" => "health checks".to_owned(),
            "ingress" => "the ingress gateway".to_owned(),
            "unmanaged" => "unmanaged workloads".to_owned(),
            "none" => "nobody".to_owned(),
            other => format!("`{other}`"),
        },
    }
}

fn clauses(requirements: &[Requirement]) -> String {
    if requirements.is_empty() {
        return "of any kind".to_owned();
    }
    let all: Vec<String> = requirements.iter().map(clause).collect();
    format!("with {}", all.join(" and "))
}

/// `app=web`, `app in (web, shop)`, `no label app`.
fn clause(requirement: &Requirement) -> String {
    let key = match requirement.source {
        Some(Source::K8s) | None => requirement.key.clone(),
        Some(source) => format!("{}:{}", source.prefix(), requirement.key),
    };
    let key = match key.strip_prefix(NAMESPACE_LABELS).and_then(|rest| rest.strip_prefix('.')) {
        Some(of_namespace) => format!("namespace label {of_namespace}"),
        None => key,
    };
    match &requirement.test {
        Test::In(values) => match values.as_slice() {
            [one] if one.is_empty() => key,
            [one] => format!("{key}={one}"),
            several => format!("{key} in ({})", several.join(", ")),
        },
        Test::NotIn(values) => format!("{key} not in ({})", values.join(", ")),
        Test::Exists => format!("a label {key}"),
        Test::Absent => format!("no label {key}"),
    }
}

/// Ports in words.
pub(crate) fn ports(ports: &Ports) -> String {
    match ports {
        Ports::Any => "anything".to_owned(),
        Ports::AnyOf(list) if list.is_empty() => "nothing".to_owned(),
        Ports::AnyOf(list) => either(under_one_name(list).into_iter()),
    }
}

/// Each port in words; what stands there for all three protocols with ports is said once.
fn under_one_name(list: &[Port]) -> Vec<String> {
    let twin = |port: &Port, protocol: Protocol| match port {
        Port::All(_) => Port::All(protocol),
        Port::Range { first, last, .. } => Port::Range { protocol, first: *first, last: *last },
        Port::Named { .. } | Port::Icmp { .. } => port.clone(),
    };
    let with_ports = [Protocol::TCP, Protocol::UDP, Protocol::SCTP];
    let is_whole = |port: &Port| {
        matches!(port, Port::All(p) | Port::Range { protocol: p, .. } if p.has_ports())
            && with_ports.iter().all(|protocol| list.contains(&twin(port, *protocol)))
    };
    let mut words = Vec::new();
    for port in list {
        match port {
            Port::All(Protocol::TCP) if is_whole(port) => {
                words.push("every port of TCP, UDP and SCTP".to_owned());
            }
            Port::Range { protocol: Protocol::TCP, first, last } if is_whole(port) => {
                words.push(format!("port {}", range(*first, *last)));
            }
            Port::All(_) | Port::Range { .. } if is_whole(port) => {}
            Port::All(_) | Port::Range { .. } | Port::Named { .. } | Port::Icmp { .. } => {
                words.push(one_port(port));
            }
        }
    }
    words
}

fn one_port(port: &Port) -> String {
    match port {
        Port::All(protocol) if protocol.has_ports() => format!("every port of {protocol}"),
        Port::All(protocol) => format!("{protocol}"),
        Port::Range { protocol, first, last } => format!("{protocol} {}", range(*first, *last)),
        Port::Named { name, protocol, last } => {
            let protocol = protocol.map_or(String::new(), |protocol| format!(" ({protocol})"));
            let last = last.map_or(String::new(), |last| format!(" to {last}"));
            format!("the port named {name}{protocol}{last}")
        }
        Port::Icmp { family, kind } => {
            let name = icmp::name(*family, *kind).map_or(kind.to_string(), str::to_owned);
            format!("{} {name}", family.protocol())
        }
    }
}

fn range(first: u16, last: u16) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

/// `a`, `a or b`, `a, b or 7 others`.
fn either(items: impl ExactSizeIterator<Item = String>) -> String {
    let count = items.len();
    let mut words: Vec<String> = items.take(NAMED).collect();
    let last = if count > NAMED { Some(format!("{} others", count - NAMED)) } else { words.pop() };
    match (words.is_empty(), last) {
        (_, None) => "nothing".to_owned(),
        (true, Some(last)) => last,
        (false, Some(last)) => format!("{} or {last}", words.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use crate::check;

    fn sentences(spec: &str) -> Vec<String> {
        let text = format!(
            "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n\
             metadata: {{name: p, namespace: shop}}\nspec: {spec}\n"
        );
        let checked = check(&text, "p.yaml");
        assert_eq!(checked.diagnostics, []);
        checked.policies[0].rules.iter().map(super::sentence).collect()
    }

    #[test]
    fn a_rule_reads_as_one_sentence() {
        let spec = "{endpointSelector: {matchLabels: {app: db}}, \
            ingress: [{fromEndpoints: [{matchLabels: {app: web}}], \
                       toPorts: [{ports: [{port: \"5432\", protocol: TCP}]}]}], \
            egressDeny: [{toCIDRSet: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]}], \
            egress: [{toEntities: [kube-apiserver]}, {toPorts: [{ports: [{port: \"53\"}]}]}]}";
        assert_eq!(
            sentences(spec),
            [
                "workloads with app=db in shop accept TCP 5432 from workloads with app=web in shop, \
                 and accept only what some rule allows",
                "workloads with app=db in shop may reach the API server on anything, \
                 and reach only what some rule allows",
                "workloads with app=db in shop may reach anyone on port 53, \
                 and reach only what some rule allows",
                "workloads with app=db in shop may not reach outside addresses in 10.0.0.0/8 \
                 except 10.1.0.0/16 on anything, and reach only what some rule allows",
            ]
        );
    }
}
