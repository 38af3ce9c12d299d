//! The differences with Cilium that we want, each with its reason and a way to read policies and
//! world as Cilium reads them.

use std::net::IpAddr;

use podwall_model::{
    Cidr, IcmpFamily, NAMESPACE_LABELS, NamedPort, POD_NAMESPACE, POLICY_CLUSTER, PolicyKind,
    Protocol, Service, Workload, World,
};
use podwall_policy::Dialect;
use podwall_policy::names::{self, Name, NamePattern};
use podwall_policy::options::{Enforcement, Options};
use podwall_policy::rule::{
    Peer, Peers, Policy, Port, Ports, Precedence, Reach, Requirement, Rule, Selector, Subject,
    Test, Tier, Which,
};

use serde_json::Value;

use super::Packet;
use super::answer::Said;
use super::compare::judge;

/// A difference that we want.
pub struct Wanted {
    /// Its name in reports.
    pub name: &'static str,
    /// Why we differ.
    pub reason: &'static str,
    /// Reads the policies as Cilium reads them.
    as_cilium: fn(&mut Reading, &Workload, &Peered),
}

/// How Cilium's maps know the peer of a flow.
pub(super) struct Peered {
    /// By an entry for many, besides its own: pods of the cluster, pods of others, ranges of the
    /// outside, nodes by their labels.
    aggregated: bool,
    /// As a node that carries the label of its cluster.
    in_cluster: bool,
}

/// How policies and world are read, for one subject.
#[derive(Clone)]
pub(super) struct Reading {
    pub(super) world: World,
    pub(super) policies: Vec<Policy>,
    pub(super) options: Options,
}

/// Every difference that we want in what becomes of a flow; there are ten at most.
pub const WANTED: [Wanted; 8] = [
    Wanted {
        name: "ranges of Kubernetes' kinds mean pods and nodes too",
        reason: "Kubernetes' conformance has it so; Cilium's ranges only mean the outside",
        as_cilium: block_of_the_world,
    },
    Wanted {
        name: "ICMP type 0 is one type",
        reason: "Cilium writes the type as a port, and port 0 means every one",
        as_cilium: type_zero_is_all,
    },
    Wanted {
        name: "a workload without labels yet is not isolated by that alone",
        reason: "nothing is dropped where no enforcing policy isolates",
        as_cilium: init_is_isolated,
    },
    Wanted {
        name: "namespaces in a ClusterNetworkPolicy mean pods",
        reason: "Kubernetes' API has it so; Cilium also finds what is in no namespace",
        as_cilium: namespaces_mean_anything,
    },
    Wanted {
        name: "a selector of absences alone means whom it fits",
        reason: "it also fits what Cilium keeps for all pods and all ranges, and nodes, which it \
                 gives the label of a cluster",
        as_cilium: absences_fit_aggregates,
    },
    Wanted {
        name: "a workload without labels yet names its own ports only",
        reason: "Cilium keeps one identity for all of them, and with it the ports of each; a name \
                 for which they differ is nobody's",
        as_cilium: share_ports_without_labels,
    },
    Wanted {
        name: "what a policy isolates is no matter of the baseline",
        reason: "Kubernetes' API calls isolation final; Cilium asks the baseline first",
        as_cilium: baseline_before_isolation,
    },
    Wanted {
        name: "a service that is not there is nobody",
        reason: "Cilium drops the reference, and ports that stand beside it are open to all",
        as_cilium: absent_services_are_anyone,
    },
];

/// A difference that we want in which documents are taken.
pub struct WantedDocument {
    /// Its name in reports.
    pub name: &'static str,
    /// Why we differ.
    pub reason: &'static str,
    /// Whether it is this one, by the document and by what we say of it.
    pub is: fn(document: &str, said: &[String]) -> bool,
}

/// Every difference that we want in which documents are taken.
pub const WANTED_DOCUMENTS: [WantedDocument; 2] = [
    WantedDocument {
        name: "what only the API server's schema refuses is taken",
        reason: "files are read without an API server, and Cilium's agent takes it",
        is: |document, said| {
            let has = |part: &str| document.contains(part);
            let empty = [
                "[{}",
                ",{}",
                "\"matchPattern\":\"\"",
                "\"matchPattern\":null",
                "\"matchName\":null",
            ];
            let names = has("\"toFQDNs\"") || has("\"dns\"");
            let known = ["\"tcp\"", "\"world-ipv4\"", "\"protocol\":\"\"", "\"family\":\"\""];
            let any = |parts: &[&str]| parts.iter().any(|part| has(part));
            let labels = has_labels_as_text(document);
            said.is_empty() && (any(&known) || labels || names && any(&empty))
        },
    },
    WantedDocument {
        name: "what would not mean what it says is refused",
        reason: "Cilium keeps the lowest bits of an ICMP type, cuts an address to its prefix, takes \
                 names that no header has, looks no service up that is denied or has no name, and \
                 passes over unknown fields that are null",
        is: |document, said| {
            let nothing = |said: &String| said.starts_with("unknown field");
            let known = [
                "ICMP type 256 not found",
                "ICMP type 70000 not found",
                "address bits are set behind",
                "a deny cannot name services",
                "`serviceName` is needed",
                "one of k8sService and k8sServiceSelector is needed",
                "not a header's name",
                "a text is wanted, and YAML reads another thing: `-1`",
            ];
            let unknown = document.contains(":null") && said.iter().any(nothing);
            unknown || said.iter().any(|said| known.iter().any(|start| said.starts_with(start)))
        },
    },
];

/// Whether a label of a policy is a text, which only the agent takes.
fn has_labels_as_text(document: &str) -> bool {
    let document: Value = serde_json::from_str(document).expect("a document of a case");
    let specs = document["specs"].as_array().into_iter().flatten().chain([&document["spec"]]);
    let mut labels = specs.flat_map(|spec| spec["labels"].as_array().into_iter().flatten());
    labels.any(Value::is_string)
}

/// The difference that explains what the oracle says: by it alone the policies say the same, or by
/// it and others of which none can be spared.
pub(super) fn explain(ours: &Reading, flow: &Packet, said: Said) -> Option<&'static Wanted> {
    let subject = ours.world.workload(&flow.subject).expect("a workload of this world");
    let peered = peered(ours, flow);
    let agrees = |differences: &[&'static Wanted]| {
        let mut reading = ours.clone();
        for wanted in differences {
            (wanted.as_cilium)(&mut reading, subject, &peered);
        }
        judge(&reading, flow) == said
    };
    if let Some(wanted) = WANTED.iter().find(|wanted| agrees(&[wanted])) {
        return Some(wanted);
    }
    let mut needed: Vec<&'static Wanted> = WANTED.iter().collect();
    if !agrees(&needed) {
        return None;
    }
    for at in (0..needed.len()).rev() {
        let mut fewer = needed.clone();
        fewer.remove(at);
        if agrees(&fewer) {
            needed = fewer;
        }
    }
    needed.first().copied()
}

fn peered(reading: &Reading, flow: &Packet) -> Peered {
    let Reading { world, options, .. } = reading;
    let has = |workload: &&Workload| workload.addresses.contains(&flow.peer);
    if let Some(pod) = world.workloads.iter().find(has) {
        return Peered { aggregated: pod.labels_resolved, in_cluster: false };
    }
    if let Some(node) = world.nodes.iter().find(|node| node.addresses.contains(&flow.peer)) {
        let aggregated = options.node_labels && !node.local;
        return Peered { aggregated, in_cluster: options.node_labels };
    }
    Peered { aggregated: is_named(reading, flow.peer), in_cluster: false }
}

/// Whether a policy, a group or the API server speaks of an address of the outside.
fn is_named(reading: &Reading, address: IpAddr) -> bool {
    let Reading { world, policies, .. } = reading;
    let holds = |range: &Cidr| range.length() > 0 && range.contains(address);
    let answered = |pattern: &NamePattern| {
        let mut known = world.names.iter().filter(|known| known.addresses.contains(&address));
        known.any(|known| pattern.matches(&Name::new(&known.name), names::Reading::Peer))
    };
    let named = |peer: &Peer| match peer {
        Peer::Cidr { cidr, except, .. } => holds(cidr) || except.iter().any(holds),
        Peer::Group { except, .. } => except.iter().any(holds),
        Peer::Name(pattern) => answered(pattern),
        Peer::Service { which, namespace, .. } => world.services.iter().any(|service| {
            refers_to(which, namespace.as_deref(), service) && service.endpoints.contains(&address)
        }),
        Peer::Labels(_) => false,
    };
    let rules = policies.iter().flat_map(|policy| &policy.rules);
    let mut peers = rules.flat_map(|rule| match &rule.peers {
        Peers::Anyone => &[],
        Peers::AnyOf(peers) => peers.as_slice(),
    });
    let grouped = world.cidr_groups.iter().flat_map(|group| &group.cidrs).any(holds);
    grouped || world.api_servers.contains(&address) || peers.any(named)
}

/// Whether a reference finds a service.
fn refers_to(which: &Which, namespace: Option<&str>, service: &Service) -> bool {
    let fits = |requirement: &Requirement| {
        let value = service.labels.get(&requirement.key);
        match &requirement.test {
            Test::In(values) => value.is_some_and(|value| values.contains(value)),
            Test::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Test::Exists => value.is_some(),
            Test::Absent => value.is_none(),
        }
    };
    namespace.is_none_or(|namespace| namespace == service.namespace)
        && match which {
            Which::Named(name) => *name == service.name,
            Which::Labelled(Selector(requirements)) => requirements.iter().all(fits),
        }
}

fn absent_services_are_anyone(reading: &mut Reading, _: &Workload, _: &Peered) {
    let Reading { world, policies, .. } = reading;
    let stands_for_nothing = |peer: &Peer| match peer {
        Peer::Service { which, namespace, .. } => !world.services.iter().any(|service| {
            let leads_somewhere = !service.selector.is_empty() || !service.endpoints.is_empty();
            leads_somewhere && refers_to(which, namespace.as_deref(), service)
        }),
        Peer::Labels(_) | Peer::Cidr { .. } | Peer::Group { .. } | Peer::Name(_) => false,
    };
    for rule in policies.iter_mut().flat_map(|policy| &mut policy.rules) {
        let Peers::AnyOf(peers) = &rule.peers else { continue };
        let open = rule.ports != Ports::Any && !peers.is_empty();
        if open && peers.iter().all(stands_for_nothing) {
            rule.peers = Peers::Anyone;
        }
    }
}

fn share_ports_without_labels(reading: &mut Reading, subject: &Workload, _: &Peered) {
    let unnamed = |workload: &&Workload| !workload.labels_resolved;
    let all: Vec<NamedPort> =
        reading.world.workloads.iter().filter(unnamed).flat_map(|w| w.ports.clone()).collect();
    let same = |one: &NamedPort, other: &NamedPort| {
        (&one.name, one.protocol) != (&other.name, other.protocol) || one.port == other.port
    };
    let agreed = |port: &&NamedPort| all.iter().all(|other| same(port, other));
    let ports: Vec<NamedPort> = all.iter().filter(agreed).cloned().collect();
    // The subject knows its own ports.
    let others = |workload: &&mut Workload| workload.name != subject.name;
    for workload in reading.world.workloads.iter_mut().filter(others) {
        if !workload.labels_resolved {
            workload.ports.clone_from(&ports);
        }
    }
}

/// The baseline as later priorities of the tier before it, so that isolation only ends the last.
fn baseline_before_isolation(reading: &mut Reading, _: &Workload, _: &Peered) {
    for rule in reading.policies.iter_mut().flat_map(|policy| &mut policy.rules) {
        if rule.precedence.tier == Tier::Baseline {
            let priority = rule.precedence.priority + 1;
            rule.precedence = Precedence { tier: Tier::Normal, priority, ..rule.precedence };
        }
    }
}

fn namespaces_mean_anything(reading: &mut Reading, _: &Workload, _: &Peered) {
    let forget = |Selector(requirements): &mut Selector| {
        if requirements.iter().any(|one| one.key.starts_with(NAMESPACE_LABELS)) {
            requirements.retain(|one| one.key != POD_NAMESPACE);
        }
    };
    for rule in of_kind(reading, &[PolicyKind::ClusterNetworkPolicy]) {
        if let Subject::Endpoints(selector) = &mut rule.subject {
            forget(selector);
        }
        let Peers::AnyOf(peers) = &mut rule.peers else { continue };
        for peer in peers {
            if let Peer::Labels(selector) = peer {
                forget(selector);
            }
        }
    }
}

/// The rules of policies of these kinds.
fn of_kind<'a>(
    reading: &'a mut Reading,
    kinds: &'a [PolicyKind],
) -> impl Iterator<Item = &'a mut Rule> {
    let policies = reading.policies.iter_mut().filter(|policy| kinds.contains(&policy.id.kind));
    policies.flat_map(|policy| &mut policy.rules)
}

fn absences_fit_aggregates(reading: &mut Reading, _: &Workload, peered: &Peered) {
    let of_absences = |peer: &Peer| match peer {
        Peer::Labels(Selector(requirements)) => requirements
            .iter()
            .all(|requirement| matches!(requirement.test, Test::NotIn(_) | Test::Absent)),
        Peer::Cidr { .. } | Peer::Group { .. } | Peer::Service { .. } | Peer::Name(_) => false,
    };
    for rule in reading.policies.iter_mut().flat_map(|policy| &mut policy.rules) {
        let Peers::AnyOf(peers) = &mut rule.peers else { continue };
        if peered.aggregated && peers.iter().any(of_absences) {
            rule.peers = Peers::Anyone;
        } else if peered.in_cluster {
            peers.iter_mut().for_each(of_the_cluster);
        }
    }
}

/// What a selector asks of a node that carries the label of the local cluster.
fn of_the_cluster(peer: &mut Peer) {
    let Peer::Labels(Selector(requirements)) = peer else { return };
    let cluster = Dialect::default().cluster;
    for requirement in requirements.iter_mut().filter(|one| one.key == POLICY_CLUSTER) {
        let fits = match &requirement.test {
            Test::In(values) => values.contains(&cluster),
            Test::NotIn(values) => !values.contains(&cluster),
            Test::Exists => true,
            Test::Absent => false,
        };
        // Neither one nor the other says anything of the key any more.
        requirement.test = if fits { Test::NotIn(Vec::new()) } else { Test::In(Vec::new()) };
    }
}

fn init_is_isolated(reading: &mut Reading, subject: &Workload, _: &Peered) {
    if !subject.labels_resolved && reading.options.enforcement == Enforcement::Default {
        reading.options.enforcement = Enforcement::Always;
    }
}

fn block_of_the_world(reading: &mut Reading, _: &Workload, _: &Peered) {
    let kinds = [PolicyKind::NetworkPolicy, PolicyKind::ClusterNetworkPolicy];
    for rule in of_kind(reading, &kinds) {
        let Peers::AnyOf(peers) = &mut rule.peers else { continue };
        for peer in peers {
            if let Peer::Cidr { reach, .. } = peer {
                *reach = Reach::World;
            }
        }
    }
}

fn type_zero_is_all(reading: &mut Reading, _: &Workload, _: &Peered) {
    for rule in reading.policies.iter_mut().flat_map(|policy| &mut policy.rules) {
        let Ports::AnyOf(ports) = &mut rule.ports else { continue };
        for port in ports {
            if let Port::Icmp { family, kind: 0 } = port {
                *port = Port::All(match family {
                    IcmpFamily::V4 => Protocol::ICMP,
                    IcmpFamily::V6 => Protocol::ICMP6,
                });
            }
        }
    }
}
