//! What policies would mean in some version of Cilium, where that is not what they mean here.
//!
//! Read off the rules alone: a finding says which policy, in which rule, and why. What Cilium was
//! not run for, and its own notes do not say, is not told.

mod why;

use std::fmt;
use std::str::FromStr;

use podwall_model::{
    Direction, IcmpFamily, Mode, POLICY_CLUSTER, PolicyId, PolicyKind, RuleId, Source,
};

pub use self::why::Why;
use crate::demand::{Demand, Requests};
use crate::names::{Front, NamePattern};
use crate::rule::{
    Action, Effect, Peer, Peers, Policy, Port, Ports, Reach, Requirement, Rule, Selector, Subject,
    Test, Tier, Which,
};

/// A version of Cilium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// 1.17
    Cilium1_17,
    /// 1.18
    Cilium1_18,
    /// 1.19
    Cilium1_19,
    /// 1.20
    Cilium1_20,
}

impl Target {
    /// Every version that is known.
    pub const ALL: [Target; 4] =
        [Target::Cilium1_17, Target::Cilium1_18, Target::Cilium1_19, Target::Cilium1_20];

    /// As it is written on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Target::Cilium1_17 => "cilium-1.17",
            Target::Cilium1_18 => "cilium-1.18",
            Target::Cilium1_19 => "cilium-1.19",
            Target::Cilium1_20 => "cilium-1.20",
        }
    }
}

/// A word that is no version of Cilium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownTarget(pub String);

impl fmt::Display for UnknownTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Target::ALL.map(Target::name).join(", ");
        write!(f, "not a version that is known: `{}`, hint: write one of {names}", self.0)
    }
}

impl std::error::Error for UnknownTarget {}

impl FromStr for Target {
    type Err = UnknownTarget;

    fn from_str(word: &str) -> Result<Target, UnknownTarget> {
        let found = Target::ALL.into_iter().find(|target| target.name() == word);
        found.ok_or_else(|| UnknownTarget(word.to_owned()))
    }
}

/// One way in which a policy would mean something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The policy.
    pub policy: PolicyId,
    /// The rule; `None` where the whole policy is meant.
    pub rule: Option<RuleId>,
    /// What would be so there, and why.
    pub why: Why,
}

/// How each policy would mean something else in this version, in the order of policies and rules.
pub fn differences<'a>(
    policies: impl IntoIterator<Item = &'a Policy>,
    target: Target,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    for policy in policies {
        let whole = of_policy(policy, target).into_iter();
        let id = || policy.id.clone();
        differences.extend(whole.map(|why| Difference { policy: id(), rule: None, why }));
        // What is not there at all differs in no detail.
        if !is_known(policy.id.kind, target) {
            continue;
        }
        for rule in &policy.rules {
            let found = of_rule(rule, target).into_iter();
            differences.extend(found.map(|why| Difference {
                policy: id(),
                rule: Some(rule.id.clone()),
                why,
            }));
        }
    }
    differences
}

fn is_known(kind: PolicyKind, target: Target) -> bool {
    match kind {
        PolicyKind::AdminNetworkPolicy | PolicyKind::BaselineAdminNetworkPolicy => false,
        PolicyKind::ClusterNetworkPolicy => target >= Target::Cilium1_20,
        PolicyKind::CiliumClusterwideNetworkPolicy
        | PolicyKind::CiliumNetworkPolicy
        | PolicyKind::NetworkPolicy
        | PolicyKind::CiliumCIDRGroup => true,
    }
}

fn of_policy(policy: &Policy, target: Target) -> Vec<Why> {
    let mut why = Vec::new();
    match policy.id.kind {
        PolicyKind::AdminNetworkPolicy | PolicyKind::BaselineAdminNetworkPolicy => {
            why.push(Why::NeverAKind);
        }
        PolicyKind::ClusterNetworkPolicy if target < Target::Cilium1_20 => {
            why.push(Why::KindTooNew);
        }
        PolicyKind::ClusterNetworkPolicy => why.push(Why::KindSwitchedOff),
        PolicyKind::CiliumClusterwideNetworkPolicy
        | PolicyKind::CiliumNetworkPolicy
        | PolicyKind::NetworkPolicy
        | PolicyKind::CiliumCIDRGroup => {}
    }
    match policy.mode {
        Some(Mode::Detect) => why.push(Why::Detects),
        Some(Mode::Off) => why.push(Why::Off),
        Some(Mode::Enforce) | None => {}
    }
    if target < Target::Cilium1_18 && policy.rules.iter().any(|rule| rule.log.is_some()) {
        why.push(Why::LogText);
    }
    why
}

fn of_rule(rule: &Rule, target: Target) -> Vec<Why> {
    let mut why = Vec::new();
    of_ports(rule, target, &mut why);
    let peers: &[Peer] = match &rule.peers {
        Peers::Anyone => &[],
        Peers::AnyOf(list) => list,
    };
    for peer in peers {
        of_peer(peer, rule, target, &mut why);
    }
    for item in &rule.demands {
        of_demand(&item.demand, target, &mut why);
    }
    if rule.precedence.tier == Tier::Baseline && rule.effect.action() == Some(Action::Allow) {
        why.push(Why::BaselineOpens);
    }
    if rule.effect == Effect::Pass {
        why.push(Why::PassDenies);
    }
    if matches!(rule.subject, Subject::Nodes(_)) {
        why.push(Why::HostFirewall);
    }
    why.sort_unstable();
    why.dedup();
    why
}

fn of_ports(rule: &Rule, target: Target, why: &mut Vec<Why>) {
    let Ports::AnyOf(ports) = &rule.ports else { return };
    for port in ports {
        match port {
            Port::Icmp { family: IcmpFamily::V4 | IcmpFamily::V6, kind: 0 } => {
                why.push(Why::IcmpZero);
            }
            Port::Named { .. }
                if rule.direction == Direction::Egress && target < Target::Cilium1_20 =>
            {
                why.push(Why::NamedPort);
            }
            Port::Named { .. } | Port::Icmp { .. } | Port::All(_) | Port::Range { .. } => {}
        }
    }
}

fn of_peer(peer: &Peer, rule: &Rule, target: Target, why: &mut Vec<Why>) {
    match peer {
        Peer::Labels(selector) => of_selector(selector, target, why),
        Peer::Cidr { reach: Reach::Everything, .. } => why.push(Why::RangeOfOutside),
        Peer::Service { .. } if rule.ports != Ports::Any => why.push(Why::LostService),
        Peer::Group { which: Which::Labelled(selector), .. } if matches_absence(selector) => {
            why.push(Why::NoGroup);
        }
        Peer::Name(pattern) => of_name(pattern, target, why),
        Peer::Cidr { .. } | Peer::Service { .. } | Peer::Group { .. } => {}
    }
}

fn of_name(pattern: &NamePattern, target: Target, why: &mut Vec<Why>) {
    match pattern {
        NamePattern::Labels { front: Front::Labels, .. } if target < Target::Cilium1_19 => {
            why.push(Why::DeepName);
        }
        NamePattern::Labels { .. } | NamePattern::Exactly(_) | NamePattern::Every => {}
    }
}

fn of_demand(demand: &Demand, target: Target, why: &mut Vec<Why>) {
    for name in &demand.server_names {
        if target < Target::Cilium1_20 && name.has_inner_star() {
            why.push(Why::InnerServerStar);
        } else if target < Target::Cilium1_18 && name.has_star() {
            why.push(Why::ServerStar);
        }
    }
    match &demand.requests {
        Requests::Dns(names) => {
            names.iter().for_each(|pattern| of_name(pattern, target, why));
        }
        Requests::Kafka(_) | Requests::Custom { .. } if target >= Target::Cilium1_20 => {
            why.push(Why::ProtocolGone);
        }
        Requests::Any | Requests::Http(_) | Requests::Kafka(_) | Requests::Custom { .. } => {}
    }
}

fn of_selector(selector: &Selector, target: Target, why: &mut Vec<Why>) {
    let cluster = |one: &&Requirement| one.key == POLICY_CLUSTER;
    let tests: Vec<&Test> = selector.0.iter().filter(cluster).map(|one| &one.test).collect();
    let alone = selector.0.len() == 1;
    match tests.as_slice() {
        [Test::Exists] if alone && target < Target::Cilium1_20 => why.push(Why::ClusterMesh),
        // Alone it is the entity `cluster`, which means the local one everywhere.
        [Test::In(_)] if !alone && target < Target::Cilium1_19 => why.push(Why::EveryCluster),
        _ => {}
    }
    if selector.0.iter().any(|one| one.source == Some(Source::Node)) {
        why.push(Why::NodeLabels);
    }
    if target >= Target::Cilium1_20 && !selector.0.is_empty() && matches_absence(selector) {
        why.push(Why::AbsenceOfAll);
    }
}

/// Whether a selector is met by who carries no label at all.
fn matches_absence(selector: &Selector) -> bool {
    selector.0.iter().all(|one| matches!(one.test, Test::NotIn(_) | Test::Absent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    /// What is said of one policy in each version, oldest first, without the doubles.
    fn check_all(text: &str, expected: [usize; 4], words: &str) {
        let checked = check(text, "p.yaml");
        assert_eq!(checked.diagnostics, [], "{text}");
        check_policies(&checked.policies, expected, words);
    }

    fn check_policies(policies: &[Policy], expected: [usize; 4], words: &str) {
        for (target, count) in Target::ALL.into_iter().zip(expected) {
            let found = differences(policies, target);
            assert_eq!(found.len(), count, "{}: {found:#?}", target.name());
            assert!(
                count == 0 || found.iter().any(|one| one.why.to_string().contains(words)),
                "{found:#?}"
            );
        }
    }

    fn cilium(body: &str) -> String {
        format!(
            "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: p}}\n\
             spec:\n  endpointSelector: {{}}\n  {body}\n"
        )
    }

    #[test]
    fn what_differs_is_told_for_the_versions_where_it_does() {
        check_all(&cilium("ingress: [{fromEntities: [cluster, world]}]"), [0; 4], "");
        check_all(&cilium("ingress: [{fromEndpoints: [{}]}]"), [1, 1, 0, 0], "in a mesh");
        check_all(&cilium("ingress: [{fromEntities: [cluster-mesh]}]"), [1, 1, 1, 0], "refused");
        check_all(&cilium("ingress: [{icmps: [{fields: [{type: 0}]}]}]"), [1; 4], "type 0");
        let named = "egress: [{toPorts: [{ports: [{port: http, protocol: TCP}]}]}]";
        check_all(&cilium(named), [1, 1, 1, 0], "named port");
        let service = "egress: [{toServices: [{k8sService: {serviceName: s}}], \
                       toPorts: [{ports: [{port: \"80\"}]}]}]";
        check_all(&cilium(service), [1; 4], "leads nowhere");
        let absent = "ingress: [{fromEndpoints: [{matchExpressions: [{key: \"reserved:host\", \
                      operator: DoesNotExist}]}]}]";
        check_all(&cilium(absent), [0, 0, 0, 1], "all pods");
        let group = "egress: [{toCIDRSet: [{cidrGroupSelector: {}}]}]";
        check_all(&cilium(group), [1; 4], "of no group");
    }

    #[test]
    fn what_is_asked_of_requests_differs_too() {
        let tcp = |rest: &str| {
            let text = format!(
                "egress: [{{toPorts: [{{ports: [{{port: \"443\", protocol: TCP}}], {rest}}}]}}]"
            );
            cilium(&text)
        };
        let all = |text: &str, expected: [usize; 4], words: &str| {
            let checked = crate::check_as(text, "p.yaml", &crate::Dialect::offline());
            assert_eq!(checked.diagnostics, [], "{text}");
            check_policies(&checked.policies, expected, words);
        };
        all(&tcp("rules: {http: [{path: /x}]}"), [0; 4], "");
        all(&tcp("rules: {kafka: [{topic: t}]}"), [0, 0, 0, 1], "refused");
        all(&tcp("rules: {l7proto: r2d2, l7: [{cmd: READ}]}"), [0, 0, 0, 1], "refused");
        all(&tcp("serverNames: [a.example]"), [0; 4], "");
        all(&tcp("serverNames: [\"*.a.example\"]"), [1, 0, 0, 0], "stands for nothing");
        all(&tcp("serverNames: [\"a.*.example\"]"), [1, 1, 1, 0], "inside a server name");
        all(&tcp("serverNames: [\"*\"]"), [1, 1, 1, 0], "or alone");
        let name =
            |text: &str| cilium(&format!("egress: [{{toFQDNs: [{{matchPattern: \"{text}\"}}]}}]"));
        all(&name("**.a.example"), [1, 1, 0, 0], "one label only");
        all(&name("*.a.example"), [0; 4], "");
        let log = cilium("ingress: [{fromEntities: [world]}]\n  log: {value: x}");
        all(&log, [1, 0, 0, 0], "`log`");
    }

    #[test]
    fn kubernetes_kinds_differ_as_a_whole_or_in_their_ranges() {
        let block = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\n\
                     spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}\n";
        check_all(block, [1; 4], "no pod and no node");
        let tiered = "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\n\
                      metadata: {name: p}\nspec: {tier: Baseline, priority: 1, subject: \
                      {namespaces: {}}, ingress: [{action: Accept, from: [{namespaces: {}}]}]}\n";
        check_all(tiered, [1, 1, 1, 2], "");
        let admin = "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\n\
                     metadata: {name: p}\nspec: {priority: 1, subject: {namespaces: {}}, \
                     ingress: [{action: Pass, from: [{namespaces: {}}]}]}\n";
        check_all(admin, [1; 4], "never had this kind");
    }

    #[test]
    fn versions_are_words() {
        for target in Target::ALL {
            assert_eq!(target.name().parse(), Ok(target));
        }
        let error = "cilium-1.16".parse::<Target>().unwrap_err();
        assert!(error.to_string().contains("cilium-1.17, "), "{error}");
    }
}
