//! Subjects and peers of policies in tiers.

use std::collections::BTreeSet;

use podwall_model::{Direction, NAMESPACE_LABELS, Source, is_identity_key};

use super::{MAX_ITEMS, Scopes, at_most};
use crate::diagnostic::{Code, Findings, Span, shown};
use crate::fields::{self, Fields};
use crate::names::NamePattern;
use crate::peers;
use crate::rule::{Effect, Peer, Reach, Requirement, Selector, Test};
use crate::scope::{Reading, Scope};
use crate::selector::{self, Keys};
use crate::yaml::Node;

/// What one item of a peer list means.
pub(super) struct Read {
    pub(super) peers: Vec<Peer>,
    /// Whether those peers can name ports.
    pub(super) has_named_ports: bool,
}

/// Whom a policy is about: whole namespaces, or pods in some.
pub(super) fn read_subject(
    node: &Node,
    scopes: &Scopes<'_>,
    findings: &mut Findings,
) -> Option<Selector> {
    let mut fields = Fields::of(node, findings)?;
    let namespaces = fields.take("namespaces");
    let pods = fields.take("pods");
    let span = fields.span;
    fields.finish(findings);
    match (namespaces, pods) {
        (Some(node), None) => of_namespaces(node, scopes, findings),
        (None, Some(node)) => of_pods(node, &scopes.any, findings),
        (_, _) => {
            one_of("namespaces and pods", span, findings);
            None
        }
    }
}

/// Reads one peer.
pub(super) fn read(
    node: &Node,
    direction: Direction,
    effect: Option<Effect>,
    scopes: &Scopes<'_>,
    findings: &mut Findings,
) -> Option<Read> {
    let mut fields = Fields::of(node, findings)?;
    let namespaces = fields.take("namespaces");
    let pods = fields.take("pods");
    let [nodes, networks, names] = match direction {
        Direction::Ingress => [None; 3],
        Direction::Egress => ["nodes", "networks", "domainNames"].map(|name| fields.take(name)),
    };
    let span = fields.span;
    fields.finish(findings);
    if [namespaces, pods, nodes, networks, names].iter().flatten().count() != 1 {
        one_of("namespaces, pods and, on egress, nodes, networks, domainNames", span, findings);
        return None;
    }
    let labels = |selector| Read { peers: vec![Peer::Labels(selector)], has_named_ports: true };
    let outside = |peers| Read { peers, has_named_ports: false };
    if let Some(node) = namespaces {
        return of_namespaces(node, scopes, findings).map(labels);
    }
    if let Some(node) = pods {
        return of_pods(node, &scopes.local, findings).map(labels);
    }
    if let Some(node) = nodes {
        return of_nodes(node, &scopes.local, findings).map(outside);
    }
    if let Some(node) = networks {
        return of_networks(node, findings).map(outside);
    }
    of_names(names?, effect, findings).map(outside)
}

fn one_of(what: &str, span: Span, findings: &mut Findings) {
    findings.error(Code::COMBINING, span, format!("exactly one is wanted of {what}"));
}

fn of_namespaces(node: &Node, scopes: &Scopes<'_>, findings: &mut Findings) -> Option<Selector> {
    let selector = selector::read(node, Keys::Kubernetes(NAMESPACE_LABELS), findings)?;
    Some(scopes.any.kubernetes_peer(None, Some(selector)))
}

fn of_pods(node: &Node, scope: &Scope<'_>, findings: &mut Findings) -> Option<Selector> {
    let mut fields = Fields::of(node, findings)?;
    let namespaces = fields.take("namespaceSelector");
    let pods = fields.take("podSelector");
    let span = fields.span;
    fields.finish(findings);
    let namespaces = match namespaces {
        Some(node) => selector::read(node, Keys::Kubernetes(NAMESPACE_LABELS), findings)?,
        None => Selector::default(),
    };
    let Some(pods) = pods else {
        findings.error(Code::MISSING, span, "`podSelector` is needed; `{}` means every pod");
        return None;
    };
    let labels = selector::read(pods, Keys::Kubernetes(""), findings)?;
    check_labels(&labels, pods.span, findings)?;
    Some(scope.kubernetes_peer(Some(labels), Some(namespaces)))
}

/// A deny that asks for a label which nobody is known by would deny nothing.
fn check_labels(selector: &Selector, span: Span, findings: &mut Findings) -> Option<()> {
    let Some(one) = selector.0.iter().find(|one| !is_identity_key(&one.key)) else {
        return Some(());
    };
    let message = format!("the label is not part of an identity: `{}`", shown(&one.key));
    let help = "pods are known by labels that outlive a roll-out: give them one of your own";
    findings.error_with(Code::UNSUPPORTED, span, message, help);
    None
}

/// Nodes by their labels, the local one too.
fn of_nodes(node: &Node, scope: &Scope<'_>, findings: &mut Findings) -> Option<Vec<Peer>> {
    if scope.dialect.node_labels == Reading::Refused {
        let message = "peers cannot be nodes where their labels are not looked at: `nodes`";
        findings.error(Code::UNSUPPORTED, node.span, message);
        return None;
    }
    let Selector(own) = selector::read(node, Keys::Kubernetes(""), findings)?;
    let of_node = |one: Requirement| Requirement { source: Some(Source::Node), ..one };
    let own: Vec<Requirement> = own.into_iter().map(of_node).collect();
    let peer = |name: &str| {
        let key = name.to_owned();
        let reserved = Requirement { source: Some(Source::Reserved), key, test: Test::Exists };
        Peer::Labels(Selector(own.iter().cloned().chain([reserved]).collect()))
    };
    Some(["host", "remote-node"].map(peer).to_vec())
}

/// The items of a list that holds only so many, and none twice.
fn distinct<'node>(node: &'node Node, findings: &mut Findings) -> Option<&'node [Node]> {
    let items = at_most(node, MAX_ITEMS, "items", findings);
    let mut seen = BTreeSet::new();
    for item in items {
        let text = fields::text(item, findings)?;
        if !seen.insert(text) {
            findings.error(Code::VALUE, item.span, format!("given twice: `{}`", shown(text)));
            return None;
        }
    }
    Some(items)
}

/// Ranges mean pods and nodes too, as the API has it.
fn of_networks(node: &Node, findings: &mut Findings) -> Option<Vec<Peer>> {
    let mut list = Vec::new();
    for item in distinct(node, findings)? {
        let cidr = peers::read_cidr(item, findings)?;
        peers::refuse_mapped(cidr, item.span, findings)?;
        list.push(Peer::Cidr { cidr, except: Vec::new(), reach: Reach::Everything });
    }
    if list.is_empty() {
        findings.error(Code::MISSING, node.span, "`networks` needs at least one range");
    }
    Some(list)
}

/// Names, which only an accepting rule may hold. A star in front stands for one or more labels.
fn of_names(node: &Node, effect: Option<Effect>, findings: &mut Findings) -> Option<Vec<Peer>> {
    if matches!(effect, Some(Effect::Deny | Effect::Pass)) {
        let message = "domain names are for accepting rules only: `domainNames`";
        findings.error(Code::UNSUPPORTED, node.span, message);
        return None;
    }
    let mut list = Vec::new();
    for item in distinct(node, findings)? {
        let text = fields::text(item, findings)?;
        let rest = text.strip_prefix("*.").unwrap_or(text);
        let parts = rest.strip_suffix('.').unwrap_or(rest);
        let word = |part: &str| {
            let outer = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
            let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            let bytes = part.as_bytes();
            outer(bytes.first()) && outer(bytes.last()) && part.bytes().all(inner)
        };
        let pattern = if rest == text { text.to_owned() } else { format!("**.{rest}") };
        match NamePattern::of_pattern(&pattern) {
            Ok(pattern) if parts.contains('.') && parts.split('.').all(word) => {
                list.push(Peer::Name(pattern));
            }
            Ok(_) | Err(_) => {
                let message = format!("not a domain name: `{}`", shown(text));
                let help = "as in example.com, or *.example.com for all that is below";
                findings.error_with(Code::NAME_PATTERN, item.span, message, help);
                return None;
            }
        }
    }
    if list.is_empty() {
        findings.error(Code::MISSING, node.span, "`domainNames` needs at least one name");
    }
    Some(list)
}
