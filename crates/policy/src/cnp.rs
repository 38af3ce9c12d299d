//! CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy: one spec to rules.
//!
//! Elements of a list are alternatives; peers and ports inside one element both have to match.
//! An element without peers and ports selects nothing here (in NetworkPolicy it selects all).

use podwall_model::{Direction, PolicyId, PolicyKind, RuleId, Section};

use crate::content;
use crate::demand::{GateProtocol, PortDemand};
use crate::diagnostic::{Code, Findings, Span, shown};
use crate::fields::{self, Fields};
use crate::icmp;
use crate::peers;
use crate::ports::{self, Purpose, Setting, ToPorts};
use crate::rule::{Effect, Peers, Ports, Precedence, Rule, Subject};
use crate::scope::{DefaultDeny, Dialect, Reading, Scope};
use crate::selector::{self, Keys};
use crate::yaml::{Node, Value};

/// The longest `log.value` (Cilium's limit).
const MAX_LOG: usize = 32;

const LISTS: [(&str, Direction, Purpose); 4] = [
    ("ingress", Direction::Ingress, Purpose::Allow),
    ("ingressDeny", Direction::Ingress, Purpose::Deny),
    ("egress", Direction::Egress, Purpose::Allow),
    ("egressDeny", Direction::Egress, Purpose::Deny),
];

/// Where a spec stands.
pub(crate) struct Place<'a> {
    pub(crate) policy: &'a PolicyId,
    /// `None` for `spec`, else the index in `specs`.
    pub(crate) spec: Option<u32>,
    pub(crate) dialect: &'a Dialect,
}

/// Reads one spec.
pub(crate) fn read(node: &Node, place: &Place<'_>, findings: &mut Findings) -> Vec<Rule> {
    let Some(mut fields) = Fields::of(node, findings) else { return Vec::new() };
    let mut scope = Scope {
        dialect: place.dialect,
        namespace: place.policy.namespace.as_deref(),
        subject_is_init: false,
    };
    let subject = read_subject(&mut fields, &mut scope, place.policy.kind, findings);
    let isolation = read_isolation(&mut fields, place.dialect, findings);
    let log = read_log(&mut fields, findings);
    if let Some(node) = fields.take("labels") {
        read_labels(node, findings);
    }
    if let Some(node) = fields.take("description") {
        fields::text(node, findings);
    }
    let mut rules = Vec::new();
    let mut elements = 0;
    for (name, direction, purpose) in LISTS {
        let Some(list) = fields.take(name) else { continue };
        let section = Section { spec: place.spec, direction, deny: purpose == Purpose::Deny };
        for (index, item) in fields::items(list, findings).into_iter().flatten().enumerate() {
            elements += 1;
            let Some(Element { peers, ports, demands }) =
                read_element(item, section, &scope, findings)
            else {
                continue;
            };
            let mut rule = Rule {
                id: RuleId {
                    policy: place.policy.clone(),
                    section,
                    index: u32::try_from(index).ok(),
                    content: 0,
                },
                subject: subject.clone(),
                direction,
                effect: if section.deny { Effect::Deny } else { Effect::Allow },
                precedence: Precedence::NORMAL,
                peers,
                ports,
                demands,
                isolates: isolation.of(direction),
                log: log.clone(),
            };
            rule.id.content = content::hash(&rule);
            check_host(&rule, item.span, findings);
            rules.push(rule);
        }
    }
    if elements == 0 {
        let message = "rule must have at least one of Ingress, IngressDeny, Egress, EgressDeny";
        findings.error(Code::EMPTY, fields.span, message);
    }
    fields.finish(findings);
    rules
}

fn read_subject(
    fields: &mut Fields<'_>,
    scope: &mut Scope<'_>,
    kind: PolicyKind,
    findings: &mut Findings,
) -> Subject {
    let endpoints = fields.take("endpointSelector");
    let nodes = fields.take("nodeSelector");
    let nothing = Subject::Endpoints(crate::rule::Selector::default());
    match (endpoints, nodes) {
        (Some(_), Some(nodes)) => {
            let message = "rule cannot have both EndpointSelector and NodeSelector";
            findings.error(Code::SUBJECT, nodes.span, message);
        }
        (None, None) => {
            let message = "rule must have one of EndpointSelector or NodeSelector";
            let help = "write `endpointSelector: {}` for every workload";
            findings.error_with(Code::SUBJECT, fields.span, message, help);
        }
        (None, Some(nodes)) if kind.is_namespaced() => {
            let message = "Invalid CiliumNetworkPolicy spec: rule cannot have NodeSelector";
            findings.error(Code::SUBJECT, nodes.span, message);
        }
        (None, Some(nodes)) => match scope.dialect.host_policies {
            Reading::Refused => {
                let message =
                    "nothing here judges what a node itself sends or gets: `nodeSelector`";
                let help =
                    "the document is refused as a whole, so that nobody takes it for in force";
                findings.error_with(Code::UNSUPPORTED, nodes.span, message, help);
            }
            Reading::Accepted => {
                let selector = selector::read(nodes, Keys::Sourced, findings);
                return selector.map_or(nothing, Subject::Nodes);
            }
        },
        (Some(node), None) => {
            let Some(selector) = selector::read(node, Keys::Sourced, findings) else {
                return nothing;
            };
            scope.subject_is_init = selector.0.iter().any(|requirement| {
                requirement.source == Some(podwall_model::Source::Reserved)
                    && requirement.key == "init"
            });
            return Subject::Endpoints(scope.subject(selector, node, findings));
        }
    }
    nothing
}

/// Which directions of the subject a spec makes default-deny.
struct Isolation {
    ingress: bool,
    egress: bool,
}

impl Isolation {
    fn of(&self, direction: Direction) -> bool {
        match direction {
            Direction::Ingress => self.ingress,
            Direction::Egress => self.egress,
        }
    }
}

fn read_isolation(
    fields: &mut Fields<'_>,
    dialect: &Dialect,
    findings: &mut Findings,
) -> Isolation {
    let mut isolation = Isolation { ingress: true, egress: true };
    let Some(node) = fields.take("enableDefaultDeny") else { return isolation };
    let Some(mut inner) = Fields::of(node, findings) else { return isolation };
    let mut read = |name, findings: &mut Findings| {
        let said = inner.take(name).and_then(|node| fields::flag(node, findings));
        match dialect.default_deny {
            DefaultDeny::AsWritten => said.unwrap_or(true),
            DefaultDeny::Forced => true,
        }
    };
    isolation.ingress = read("ingress", findings);
    isolation.egress = read("egress", findings);
    inner.finish(findings);
    isolation
}

fn read_log(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<String> {
    let mut inner = Fields::of(fields.take("log")?, findings)?;
    let value = inner.take("value");
    inner.finish(findings);
    let text = fields::text(value?, findings)?;
    if text.chars().count() > MAX_LOG || text.chars().any(char::is_control) {
        let message = format!("not a log value: `{}`", shown(text));
        let help = format!("at most {MAX_LOG} characters that can be printed");
        findings.error_with(Code::VALUE, value?.span, message, help);
    }
    Some(text.to_owned())
}

/// On a node's own traffic only names can be asked for.
fn check_host(rule: &Rule, at: Span, findings: &mut Findings) {
    let Subject::Nodes(_) = &rule.subject else { return };
    let asked = rule.demands.iter().filter_map(|item| item.demand.protocol());
    for protocol in asked {
        let message = match (rule.direction, &protocol) {
            (Direction::Egress, GateProtocol::Dns) => continue,
            (Direction::Ingress, _) => "L7 policy is not supported on host ingress yet".to_owned(),
            (Direction::Egress, protocol) => {
                let name = protocol.to_string().to_uppercase();
                format!("L7 protocol {name} is not supported on host egress yet")
            }
        };
        findings.error(Code::REQUEST, at, message);
    }
}

/// What one element says.
struct Element {
    peers: Peers,
    ports: Ports,
    demands: Vec<PortDemand>,
}

/// The peers and ports of one element.
fn read_element(
    node: &Node,
    section: Section,
    scope: &Scope<'_>,
    findings: &mut Findings,
) -> Option<Element> {
    let mut fields = Fields::of(node, findings)?;
    let purpose = if section.deny { Purpose::Deny } else { Purpose::Allow };
    let peers = peers::take(&mut fields, section, scope, findings);
    match purpose {
        Purpose::Allow => read_authentication(&mut fields, findings),
        Purpose::Deny => {}
    }
    let to_ports = fields.take("toPorts");
    let icmps = fields.take("icmps");
    fields.finish(findings);
    if let (Some(to_ports), Some(icmps)) = (to_ports, icmps)
        && !fields::is_empty_list(to_ports)
        && !fields::is_empty_list(icmps)
    {
        let message = "the ICMPs block may only be present without ToPorts. \
                       Define a separate rule to use ToPorts";
        findings.error(Code::ICMP_AND_PORTS, icmps.span, message);
    }
    let setting = Setting { purpose, direction: section.direction, gate: scope.dialect.gate };
    let (to_ports, demands) =
        match to_ports.and_then(|node| ports::read_to_ports(node, setting, findings)) {
            Some(ToPorts { ports, demands }) => (Some(ports), demands),
            None => (None, Vec::new()),
        };
    let icmps = icmps.and_then(|node| icmp::read(node, findings));
    let ports = ports::join(to_ports, icmps);
    let peers = match (peers, &ports) {
        (Some(peers), _) => peers,
        (None, Ports::Any) => Peers::AnyOf(Vec::new()),
        (None, Ports::AnyOf(_)) => Peers::Anyone,
    };
    Some(Element { peers, ports, demands })
}

/// Nothing here lets two workloads prove who they are, so only the word that asks for nothing is
/// acted on. The others would stop every packet for ever, or let pass what was to be proven.
fn read_authentication(fields: &mut Fields<'_>, findings: &mut Findings) {
    let Some(node) = fields.take("authentication") else { return };
    let Some(mut inner) = Fields::of(node, findings) else { return };
    let mode = inner.take("mode");
    inner.finish(findings);
    let Some(mode) = mode else {
        findings.error(Code::MISSING, node.span, "`mode` is needed in an authentication");
        return;
    };
    match fields::text(mode, findings) {
        None | Some("disabled") => {}
        Some(word @ ("required" | "test-always-fail")) => {
            let message = format!("workloads cannot prove who they are here: `{word}`");
            let help = "the document is refused as a whole: without the proof it would open more";
            findings.error_with(Code::UNSUPPORTED, mode.span, message, help);
        }
        Some(other) => {
            let message = format!("not a mode of authentication: `{}`", shown(other));
            let help = "write disabled, required or test-always-fail";
            findings.error_with(Code::VALUE, mode.span, message, help);
        }
    }
}

/// Labels of the policy itself: they say nothing about traffic, and have to be labels.
fn read_labels(node: &Node, findings: &mut Findings) {
    for item in fields::items(node, findings).into_iter().flatten() {
        // Cilium's agent takes them as texts too, `source:key=value`.
        if matches!(item.value, Value::Scalar { .. }) {
            fields::text(item, findings);
            continue;
        }
        let Some(mut label) = Fields::of(item, findings) else { continue };
        if label.take("key").map(|key| fields::text(key, findings)).is_none() {
            findings.error(Code::MISSING, item.span, "`key` is missing");
        }
        for name in ["value", "source"] {
            if let Some(node) = label.take(name) {
                fields::text(node, findings);
            }
        }
        label.finish(findings);
    }
}
