//! NetworkPolicy (networking.k8s.io/v1): as Kubernetes' own conformance tests mean it.
//!
//! A rule without peers is about everyone, and `ipBlock` means pods and nodes too, where their
//! addresses lie in it. Directions that `policyTypes` does not list are left alone, whatever rules
//! there are.

use podwall_model::{Direction, NAMESPACE_LABELS, RuleId, Section};

use crate::cnp::Place;
use crate::content;
use crate::diagnostic::{Code, Findings, shown};
use crate::fields::{self, Fields};
use crate::peers;
use crate::ports::{self, Number};
use crate::rule::{Effect, Peer, Peers, Port, Ports, Precedence, Rule, Selector, Subject};
use crate::scope::Scope;
use crate::selector::{self, Keys};
use crate::yaml::{Node, Value};

/// Reads the spec of a NetworkPolicy.
pub(crate) fn read(node: &Node, place: &Place<'_>, findings: &mut Findings) -> Vec<Rule> {
    let Some(mut fields) = Fields::of(node, findings) else { return Vec::new() };
    let namespace = place.policy.namespace.as_deref();
    let scope = Scope { dialect: place.dialect, namespace, subject_is_init: false };
    let subject = match fields.take("podSelector") {
        Some(node) => selector::read(node, Keys::Kubernetes(""), findings)
            .map(|selector| scope.subject(selector, node, findings))
            .unwrap_or_default(),
        // An empty selector is the default of the field.
        None => scope.subject(Selector::default(), node, findings),
    };
    let ingress = fields.take("ingress");
    let egress = fields.take("egress");
    let directions = read_types(
        fields.take("policyTypes"),
        egress.is_some_and(|n| !fields::is_empty_list(n)),
        findings,
    );
    fields.finish(findings);
    let mut rules = Vec::new();
    for (list, direction) in [(ingress, Direction::Ingress), (egress, Direction::Egress)] {
        let items = list.and_then(|list| fields::items(list, findings)).unwrap_or_default();
        let read = |(index, item): (usize, &Node), findings: &mut Findings| {
            let (peers, ports) = read_rule(item, direction, &scope, findings)?;
            Some((u32::try_from(index).ok(), peers, ports))
        };
        let mut found: Vec<_> =
            items.iter().enumerate().filter_map(|item| read(item, findings)).collect();
        if !directions.contains(&direction) {
            continue;
        }
        if items.is_empty() {
            found.push((None, Peers::AnyOf(Vec::new()), Ports::Any));
        }
        rules.extend(found.into_iter().map(|(index, peers, ports)| {
            let section = Section { spec: None, direction, deny: false };
            let id = RuleId { policy: place.policy.clone(), section, index, content: 0 };
            let mut rule = Rule {
                id,
                subject: Subject::Endpoints(subject.clone()),
                direction,
                effect: Effect::Allow,
                precedence: Precedence::NORMAL,
                peers,
                ports,
                demands: Vec::new(),
                isolates: true,
                log: None,
            };
            rule.id.content = content::hash(&rule);
            rule
        }));
    }
    rules
}

/// Without `policyTypes`: ingress, and egress if there are egress rules.
fn read_types(node: Option<&Node>, has_egress: bool, findings: &mut Findings) -> Vec<Direction> {
    let items = node.and_then(|node| fields::items(node, findings)).unwrap_or_default();
    if items.is_empty() {
        let egress = has_egress.then_some(Direction::Egress);
        return [Direction::Ingress].into_iter().chain(egress).collect();
    }
    if items.len() > Direction::BOTH.len() {
        let span = node.map_or(items[0].span, |node| node.span);
        findings.error(Code::VALUE, span, "may not specify more than two policyTypes");
    }
    let mut directions = Vec::new();
    for item in items {
        match fields::text(item, findings) {
            Some("Ingress") => directions.push(Direction::Ingress),
            Some("Egress") => directions.push(Direction::Egress),
            Some(other) => {
                let message = format!("not a policy type: `{}`", shown(other));
                findings.error_with(Code::VALUE, item.span, message, "write Ingress or Egress");
            }
            None => {}
        }
    }
    directions
}

fn read_rule(
    node: &Node,
    direction: Direction,
    scope: &Scope<'_>,
    findings: &mut Findings,
) -> Option<(Peers, Ports)> {
    let mut fields = Fields::of(node, findings)?;
    let peers = fields.take(match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    });
    let ports = fields.take("ports");
    fields.finish(findings);
    let mut list = Vec::new();
    for item in peers.and_then(|node| fields::items(node, findings)).unwrap_or_default() {
        list.extend(read_peer(item, scope, findings));
    }
    let everyone = peers.is_none_or(fields::is_empty_list);
    let peers = if everyone { Peers::Anyone } else { Peers::AnyOf(list) };
    let items = ports.and_then(|node| fields::items(node, findings)).unwrap_or_default();
    if items.is_empty() {
        return Some((peers, Ports::Any));
    }
    let mut list = Vec::new();
    for item in items {
        read_port(item, &mut list, findings);
    }
    Some((peers, ports::join(Some(list), None)))
}

fn read_peer(node: &Node, scope: &Scope<'_>, findings: &mut Findings) -> Option<Peer> {
    let mut fields = Fields::of(node, findings)?;
    let pods = fields.take("podSelector");
    let namespaces = fields.take("namespaceSelector");
    let block = fields.take("ipBlock");
    let span = fields.span;
    fields.finish(findings);
    match (block, pods.or(namespaces)) {
        (Some(block), Some(_)) => {
            let message = "may not specify both ipBlock and another peer";
            findings.error(Code::COMBINING, block.span, message);
            None
        }
        (Some(block), None) => peers::read_ip_block(block, findings),
        (None, None) => {
            let message = "a peer needs podSelector, namespaceSelector or ipBlock";
            findings.error(Code::MISSING, span, message);
            None
        }
        (None, Some(_)) => {
            let pods = match pods {
                Some(node) => Some(selector::read(node, Keys::Kubernetes(""), findings)?),
                None => None,
            };
            let namespaces = match namespaces {
                Some(node) => {
                    Some(selector::read(node, Keys::Kubernetes(NAMESPACE_LABELS), findings)?)
                }
                None => None,
            };
            Some(Peer::Labels(scope.kubernetes_peer(pods, namespaces)))
        }
    }
}

fn read_port(node: &Node, ports: &mut Vec<Port>, findings: &mut Findings) {
    let Some(mut fields) = Fields::of(node, findings) else { return };
    let port = fields.take("port");
    let end = fields.take("endPort");
    let protocol = fields.take("protocol");
    fields.finish(findings);
    let protocol = match protocol.map(|node| (node, fields::text(node, findings))) {
        None | Some((_, Some("TCP"))) => podwall_model::Protocol::TCP,
        Some((_, Some("UDP"))) => podwall_model::Protocol::UDP,
        Some((_, Some("SCTP"))) => podwall_model::Protocol::SCTP,
        Some((node, Some(other))) => {
            let message = format!("invalid protocol `{}`", shown(other));
            findings.error_with(Code::PROTOCOL, node.span, message, "write TCP, UDP or SCTP");
            return;
        }
        Some((_, None)) => return,
    };
    let end = match end.map(|end| (end, fields::number(end, 65535, findings))) {
        None => None,
        Some((node, Some(end))) => Some((node, end as u16)),
        Some((_, None)) => return,
    };
    let Some(port_node) = port else {
        match end {
            Some((node, _)) => {
                findings.error(Code::PORT, node.span, "endPort may not be specified without port");
            }
            None => ports.push(Port::All(protocol)),
        }
        return;
    };
    let Some(text) = fields::text_or_number(port_node, findings) else { return };
    if is_misspelt(port_node, text, findings) {
        return;
    }
    match ports::read_number(text, port_node.span, findings) {
        Some(Number::Port(0)) => {
            findings.error(Code::PORT, port_node.span, "port must be between 1 and 65535");
        }
        Some(Number::Port(first)) => match end {
            Some((node, end)) if end < first => {
                let message = "endPort must be equal to or greater than port";
                findings.error(Code::PORT, node.span, message);
            }
            Some((_, last)) => ports.push(Port::Range { protocol, first, last }),
            None => ports.push(Port::Range { protocol, first, last: first }),
        },
        Some(Number::Name(name)) => match end {
            Some((node, _)) => {
                let message = "endPort may not be specified with a named port";
                findings.error(Code::PORT, node.span, message);
            }
            None => ports.push(Port::Named { name, protocol: Some(protocol), last: None }),
        },
        None => {}
    }
}

/// A text in quotes is a name, however much it looks like a number, and names are in small letters.
fn is_misspelt(node: &Node, text: &str, findings: &mut Findings) -> bool {
    let quoted = matches!(node.value, Value::Scalar { plain: false, .. });
    if quoted && fields::decimal(text).is_some() {
        let message = format!("a port's name must contain at least one letter: `{text}`");
        let help = "a number stands without quotes here";
        findings.error_with(Code::PORT, node.span, message, help);
        return true;
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let message = format!("a port's name has no capital letters: `{}`", shown(text));
        let help = format!("write {}", shown(&text.to_ascii_lowercase()));
        findings.error_with(Code::PORT, node.span, message, help);
        return true;
    }
    false
}
