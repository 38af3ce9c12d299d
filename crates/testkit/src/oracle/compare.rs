//! Our meaning of a case beside the oracle's answer.
//!
//! Where we differ on purpose, the policies are also read as Cilium reads them; a difference that
//! goes away by that reading is a wanted one, and counted under its name. Any other is a fault.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

use podwall_model::{Cidr, IcmpFamily, PolicyKind, Protocol, Workload};
use podwall_policy::compile::{Compiled, resolve_all};
use podwall_policy::end::End;
use podwall_policy::identity::Identities;
use podwall_policy::judge::{Court, Question};
use podwall_policy::matching;
use podwall_policy::options::{Enforcement, Options};
use podwall_policy::rule::{Action, Peer, Peers, Policy, Port, Ports, Reach, Selector, Test};
use podwall_policy::{Severity, check};

use super::answer::{Answer, Said};
use super::{Case, Packet};
use crate::witness::{classes, walk};

/// A difference that we want.
pub struct Wanted {
    /// Its name in reports.
    pub name: &'static str,
    /// Why we differ.
    pub reason: &'static str,
    /// Reads the policies as Cilium reads them.
    as_cilium: fn(&mut Reading, &Workload, &Peered),
}

/// Whether Cilium's maps know the peer of a flow by one entry for many: pods of the cluster, pods
/// of others, ranges of the outside.
enum Peered {
    /// They do.
    Aggregated,
    /// They do not: nodes, and addresses that no policy names.
    Alone,
}

/// How policies are read, for one subject.
#[derive(Clone)]
struct Reading {
    policies: Vec<Policy>,
    options: Options,
}

/// Every difference that we want in what becomes of a flow; there are ten at most.
pub const WANTED: [Wanted; 4] = [
    Wanted {
        name: "ipBlock means pods and nodes too",
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
        name: "a selector of absences alone means whom it fits",
        reason: "it also fits the identities that Cilium's maps keep for all pods and all ranges",
        as_cilium: absences_fit_aggregates,
    },
];

/// A difference that we want in which documents are taken.
pub struct WantedDocument {
    /// Its name in reports.
    pub name: &'static str,
    /// Why we differ.
    pub reason: &'static str,
    /// Whether it is this one, by the document and by what we say of it.
    is: fn(document: &str, said: &[String]) -> bool,
}

/// Every difference that we want in which documents are taken.
pub const WANTED_DOCUMENTS: [WantedDocument; 3] = [
    WantedDocument {
        name: "what only the API server's schema refuses is taken",
        reason: "files are read without an API server, and Cilium's agent takes it",
        is: |document, said| {
            said.is_empty() && (document.contains("\"tcp\"") || document.contains("\"world-ipv4\""))
        },
    },
    WantedDocument {
        name: "an ICMP type above 255 is refused",
        reason: "there is none; Cilium keeps its lowest bits",
        is: |_, said| said.iter().any(|said| said.starts_with("ICMP type 256 not found")),
    },
    WantedDocument {
        name: "a range with bits behind its prefix is refused",
        reason: "whoever wrote it meant the address or the range, and Cilium guesses",
        is: |_, said| said.iter().any(|said| said.starts_with("address bits are set behind")),
    },
];

/// How a case was told apart from the oracle's answer.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The seed of the case.
    pub seed: u64,
    /// What it is about: a document or a flow.
    pub about: String,
    /// What we say.
    pub ours: String,
    /// What the oracle says.
    pub theirs: String,
}

/// How often each word was said, and how often we differ on purpose.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Flows that were compared.
    pub flows: u64,
    /// By what the oracle said of them.
    pub said: BTreeMap<&'static str, u64>,
    /// Documents that both took, and that both refused.
    pub documents: [u64; 2],
    /// By the name of the wanted difference.
    pub wanted: BTreeMap<&'static str, u64>,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.flows += other.flows;
        for (name, count) in other.said {
            *self.said.entry(name).or_default() += count;
        }
        for (name, count) in other.wanted {
            *self.wanted.entry(name).or_default() += count;
        }
        self.documents[0] += other.documents[0];
        self.documents[1] += other.documents[1];
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [taken, refused] = self.documents;
        write!(
            f,
            "{} flows: {:?}; documents: {taken} taken, {refused} refused; wanted differences: {:?}",
            self.flows, self.said, self.wanted
        )
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "case {}: {}\n  ours:   {}\n  theirs: {}",
            self.seed, self.about, self.ours, self.theirs
        )
    }
}

/// What came of one case.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// What agreed.
    pub tally: Tally,
    /// What did not and should have.
    pub differences: Vec<Difference>,
}

/// Judges the case and holds it against the answer.
pub fn compare(case: &Case, answer: &Answer) -> Comparison {
    let mut comparison = Comparison::default();
    let policies = read(case, answer, &mut comparison);
    let Some(policies) = policies else { return comparison };
    let mut identities = Identities::default();
    let compiled = resolve_all(&policies, &case.world, &case.options, &mut identities);
    for (flow, said) in case.flows.iter().zip(&answer.verdicts) {
        let judged = judge(case, &policies, case.options, flow);
        let tables = tables(&compiled, flow);
        let tally = &mut comparison.tally;
        tally.flows += 1;
        *tally.said.entry(word(*said)).or_default() += 1;
        if judged == tables && judged == *said {
            continue;
        }
        let reading = Reading { policies: policies.clone(), options: case.options };
        match WANTED.iter().find(|wanted| explains(wanted, case, &reading, flow, *said)) {
            Some(wanted) if judged == tables => {
                *tally.wanted.entry(wanted.name).or_default() += 1;
            }
            Some(_) | None => comparison.differences.push(Difference {
                seed: case.seed,
                about: format!("{flow:?}"),
                ours: format!("{judged:?} (tables: {tables:?})"),
                theirs: format!("{said:?}"),
            }),
        }
    }
    comparison
}

/// The policies that both take; which side takes what is compared on the way. `None`: the oracle
/// has taken one that we have not, so flows would prove nothing.
fn read(case: &Case, answer: &Answer, comparison: &mut Comparison) -> Option<Vec<Policy>> {
    let mut policies = Some(Vec::new());
    for (document, refusal) in case.documents.iter().zip(&answer.refused) {
        let document = document.to_string();
        let checked = check(&document, "case");
        let taken = checked.policies.len() == 1;
        if taken && refusal.is_empty() {
            comparison.tally.documents[0] += 1;
            policies.iter_mut().for_each(|policies| policies.extend(checked.policies.clone()));
            continue;
        }
        if !taken && !refusal.is_empty() {
            comparison.tally.documents[1] += 1;
            continue;
        }
        let errors = checked.diagnostics.into_iter().filter(|d| d.severity == Severity::Error);
        let said: Vec<String> = errors.map(|error| error.message).collect();
        match WANTED_DOCUMENTS.iter().find(|wanted| (wanted.is)(&document, &said)) {
            Some(wanted) => *comparison.tally.wanted.entry(wanted.name).or_default() += 1,
            None => comparison.differences.push(Difference {
                seed: case.seed,
                about: document,
                ours: format!("{said:?}"),
                theirs: if refusal.is_empty() { "taken".to_owned() } else { refusal.clone() },
            }),
        }
        if !taken {
            policies = None;
        }
    }
    policies
}

fn judge(case: &Case, policies: &[Policy], options: Options, flow: &Packet) -> Said {
    let subject = case.world.workload(&flow.subject).expect("a workload of this world");
    let peer = End::at(flow.peer, &case.world, &case.options);
    let court = Court::new(policies, &case.world, options);
    let judged = court.judge(&Question {
        subject,
        direction: flow.direction,
        peer: &peer,
        packet: matching::Packet { protocol: flow.protocol, port: flow.port },
    });
    said(judged.enforced.action, judged.enforced.rule.is_some())
}

fn tables(compiled: &Compiled, flow: &Packet) -> Said {
    let decision = walk(compiled, &classes(compiled)[&flow.subject].enforce, flow);
    said(decision.action, decision.rule.is_some())
}

fn said(action: Action, by_rule: bool) -> Said {
    match (action, by_rule) {
        (Action::Allow, _) => Said::Allow,
        (Action::Deny, true) => Said::Deny,
        (Action::Deny, false) => Said::Drop,
    }
}

fn word(said: Said) -> &'static str {
    match said {
        Said::Allow => "allow",
        Said::Redirect => "redirect",
        Said::Deny => "deny",
        Said::Drop => "drop",
        Said::Auth => "auth",
        Said::Refused => "refused",
    }
}

/// Whether the policies, read as Cilium reads them in this respect or in this and all others, say
/// the same as the oracle.
fn explains(wanted: &Wanted, case: &Case, ours: &Reading, flow: &Packet, said: Said) -> bool {
    let subject = case.world.workload(&flow.subject).expect("a workload of this world");
    let peered = peered(case, &ours.policies, flow);
    let mut reading = ours.clone();
    (wanted.as_cilium)(&mut reading, subject, &peered);
    if reading.says(case, flow) == said {
        return true;
    }
    let before = reading.says(case, flow) != ours.says(case, flow);
    WANTED.iter().for_each(|other| (other.as_cilium)(&mut reading, subject, &peered));
    before && reading.says(case, flow) == said
}

impl Reading {
    fn says(&self, case: &Case, flow: &Packet) -> Said {
        judge(case, &self.policies, self.options, flow)
    }
}

fn peered(case: &Case, policies: &[Policy], flow: &Packet) -> Peered {
    let has = |workload: &&Workload| workload.addresses.contains(&flow.peer);
    if let Some(pod) = case.world.workloads.iter().find(has) {
        return if pod.labels_resolved { Peered::Aggregated } else { Peered::Alone };
    }
    if case.world.nodes.iter().any(|node| node.addresses.contains(&flow.peer)) {
        return Peered::Alone;
    }
    let named = policies.iter().flat_map(|policy| &policy.rules).any(|rule| match &rule.peers {
        Peers::Anyone => false,
        Peers::AnyOf(peers) => peers.iter().any(|peer| match peer {
            Peer::Cidr { cidr, except, .. } => {
                let holds = |range: &Cidr| range.length() > 0 && range.contains(flow.peer);
                holds(cidr) || except.iter().any(holds)
            }
            Peer::Labels(_) | Peer::Group { .. } | Peer::Service { .. } | Peer::Name(_) => false,
        }),
    });
    if named || case.world.api_servers.contains(&flow.peer) {
        Peered::Aggregated
    } else {
        Peered::Alone
    }
}

fn absences_fit_aggregates(reading: &mut Reading, _: &Workload, peered: &Peered) {
    if matches!(peered, Peered::Alone) {
        return;
    }
    for rule in reading.policies.iter_mut().flat_map(|policy| &mut policy.rules) {
        let Peers::AnyOf(peers) = &rule.peers else { continue };
        let of_absences = |peer: &Peer| match peer {
            Peer::Labels(Selector(requirements)) => requirements
                .iter()
                .all(|requirement| matches!(requirement.test, Test::NotIn(_) | Test::Absent)),
            Peer::Cidr { .. } | Peer::Group { .. } | Peer::Service { .. } | Peer::Name(_) => false,
        };
        if peers.iter().any(of_absences) {
            rule.peers = Peers::Anyone;
        }
    }
}

fn init_is_isolated(reading: &mut Reading, subject: &Workload, _: &Peered) {
    if !subject.labels_resolved && reading.options.enforcement == Enforcement::Default {
        reading.options.enforcement = Enforcement::Always;
    }
}

fn block_of_the_world(reading: &mut Reading, _: &Workload, _: &Peered) {
    let network = |policy: &&mut Policy| policy.id.kind == PolicyKind::NetworkPolicy;
    for rule in reading.policies.iter_mut().filter(network).flat_map(|policy| &mut policy.rules) {
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
