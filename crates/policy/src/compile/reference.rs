//! References: groups of ranges, services and names, resolved before anything is compiled.
//!
//! A rule that refers to something of the world becomes the same rule about addresses and labels.
//! What is not there, or leads nowhere, means nobody.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use podwall_model::{
    Cidr, CidrGroup, Label, Labels, POD_NAMESPACE, POLICY_CLUSTER, Service, Source, World,
};

use super::crowd::Crowd;
use super::words::Words;
use crate::names::{Name, NamePattern, PatternIndex, Reading};
use crate::rule::{Peer, Peers, Policy, Reach, Requirement, Rule, Selector, Test, Which};

/// The same policies without references; they themselves where there are none.
pub(crate) fn settled<'a>(policies: &'a [Policy], world: &World) -> Cow<'a, [Policy]> {
    if !policies.iter().flat_map(|policy| &policy.rules).any(rule_refers) {
        return Cow::Borrowed(policies);
    }
    let known = Known::of(policies, world);
    let settle = |rule: &Rule| Rule { peers: known.peers(&rule.peers), ..rule.clone() };
    let policies = policies.iter().map(|policy| Policy {
        rules: policy.rules.iter().map(settle).collect(),
        id: policy.id.clone(),
        mode: policy.mode,
        group: policy.group.clone(),
    });
    Cow::Owned(policies.collect())
}

/// Whether a policy refers to anything, or is referred to.
pub(super) fn refers(policy: &Policy) -> bool {
    policy.group.is_some() || policy.rules.iter().any(rule_refers)
}

fn rule_refers(rule: &Rule) -> bool {
    match &rule.peers {
        Peers::Anyone => false,
        Peers::AnyOf(list) => list.iter().any(peer_refers),
    }
}

fn peer_refers(peer: &Peer) -> bool {
    match peer {
        Peer::Labels(_) | Peer::Cidr { .. } => false,
        Peer::Group { .. } | Peer::Service { .. } | Peer::Name(_) => true,
    }
}

/// What can be referred to.
struct Known<'a> {
    groups: Vec<&'a CidrGroup>,
    services: &'a [Service],
    /// What the names of each pattern were answered with.
    answered: BTreeMap<&'a NamePattern, Vec<IpAddr>>,
}

impl<'a> Known<'a> {
    fn of(policies: &'a [Policy], world: &'a World) -> Known<'a> {
        let documents = policies.iter().filter_map(|policy| policy.group.as_ref());
        let groups = documents.chain(&world.cidr_groups).collect();
        let answered = answered(policies, world);
        Known { groups, services: &world.services, answered }
    }

    fn peers(&self, peers: &Peers) -> Peers {
        match peers {
            Peers::Anyone => Peers::Anyone,
            Peers::AnyOf(list) => {
                Peers::AnyOf(list.iter().flat_map(|peer| self.peer(peer)).collect())
            }
        }
    }

    fn peer(&self, peer: &Peer) -> Vec<Peer> {
        match peer {
            Peer::Labels(_) | Peer::Cidr { .. } => vec![peer.clone()],
            Peer::Group { which, except } => {
                let groups: Vec<Carrier<'_>> =
                    self.groups.iter().map(|group| (group.name.as_str(), &group.labels)).collect();
                let chosen = chosen(&groups, which);
                let cidrs = chosen.into_iter().flat_map(|at| &self.groups[at].cidrs);
                let item = |cidr: &Cidr| Peer::Cidr {
                    cidr: *cidr,
                    except: except.clone(),
                    reach: Reach::World,
                };
                cidrs.map(item).collect()
            }
            Peer::Name(pattern) => {
                let addresses = self.answered.get(pattern).into_iter().flatten();
                addresses.map(|ip| outside(*ip)).collect()
            }
            Peer::Service { which, namespace, cluster } => {
                let services: Vec<Carrier<'_>> = self
                    .services
                    .iter()
                    .map(|service| (service.name.as_str(), &service.labels))
                    .collect();
                let chosen = chosen(&services, which).into_iter().map(|at| &self.services[at]);
                chosen
                    .filter(|service| {
                        namespace.as_ref().is_none_or(|one| *one == service.namespace)
                    })
                    .flat_map(|service| backends(service, cluster.as_deref()))
                    .collect()
            }
        }
    }
}

/// What the names of each pattern were answered with: every name is asked for its patterns once.
fn answered<'a>(policies: &'a [Policy], world: &World) -> BTreeMap<&'a NamePattern, Vec<IpAddr>> {
    let rules = policies.iter().flat_map(|policy| &policy.rules);
    let peers = rules.filter_map(|rule| match &rule.peers {
        Peers::Anyone => None,
        Peers::AnyOf(list) => Some(list),
    });
    let patterns = peers.flatten().filter_map(|peer| match peer {
        Peer::Name(pattern) => Some(pattern),
        Peer::Labels(_) | Peer::Cidr { .. } | Peer::Group { .. } | Peer::Service { .. } => None,
    });
    let mut answered: BTreeMap<&NamePattern, Vec<IpAddr>> =
        patterns.map(|pattern| (pattern, Vec::new())).collect();
    let mut index = PatternIndex::new(Reading::Peer);
    answered.keys().for_each(|pattern| index.add(pattern, *pattern));
    for known in &world.names {
        for pattern in index.look_up(&Name::new(&known.name)) {
            answered.entry(pattern).or_default().extend(&known.addresses);
        }
    }
    answered
}

fn outside(ip: IpAddr) -> Peer {
    Peer::Cidr { cidr: Cidr::host(ip), except: Vec::new(), reach: Reach::Outside }
}

/// The name and the own labels of what can be referred to.
type Carrier<'a> = (&'a str, &'a BTreeMap<String, String>);

fn chosen(carriers: &[Carrier<'_>], which: &Which) -> Vec<usize> {
    match which {
        Which::Named(name) => {
            (0..carriers.len()).filter(|at| carriers[*at].0 == name.as_str()).collect()
        }
        Which::Labelled(selector) => {
            let labels: Vec<Labels> = carriers.iter().map(|(_, own)| labels(own)).collect();
            let mut words = Words::default();
            let crowd = Crowd::of(labels.iter(), &mut words);
            let asked = words.selector(selector);
            let chosen = crowd.select(words.asked(asked), &words, |_, _| false);
            chosen.into_iter().map(|at| at as usize).collect()
        }
    }
}

fn labels(own: &BTreeMap<String, String>) -> Labels {
    own.iter().map(|(key, value)| Label::new(Source::K8s, key, value)).collect()
}

/// Whom a service leads to: the pods that it selects, else the addresses that it lists.
fn backends(service: &Service, cluster: Option<&str>) -> Vec<Peer> {
    if service.selector.is_empty() {
        let address = |ip| Peer::Cidr { cidr: Cidr::host(ip), except: vec![], reach: Reach::World };
        return service.endpoints.iter().copied().map(address).collect();
    }
    let asked = |key: &str, value: &str| Requirement {
        source: Some(Source::K8s),
        key: key.to_owned(),
        test: Test::In(vec![value.to_owned()]),
    };
    let mut requirements: Vec<Requirement> =
        service.selector.iter().map(|(key, value)| asked(key, value)).collect();
    requirements.push(asked(POD_NAMESPACE, &service.namespace));
    requirements.extend(cluster.map(|cluster| asked(POLICY_CLUSTER, cluster)));
    vec![Peer::Labels(Selector(requirements))]
}
