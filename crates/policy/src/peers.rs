//! The peers of an element of CNP and CCNP: `from...` and `to...`, of which one may be filled.

use podwall_model::{Cidr, CidrError, Direction, Source};

use crate::diagnostic::{Code, Findings, Span, shown};
use crate::entity;
use crate::fields::{self, Fields};
use crate::rule::{Peer, Peers, Reach, Requirement, Selector, Test};
use crate::scope::Scope;
use crate::selector::{self, Keys};
use crate::yaml::{Node, Value};

/// The names of the peer fields of one direction.
struct Names {
    endpoints: &'static str,
    cidr: &'static str,
    cidr_set: &'static str,
    entities: &'static str,
    unsupported: &'static [&'static str],
}

const INGRESS: Names = Names {
    endpoints: "fromEndpoints",
    cidr: "fromCIDR",
    cidr_set: "fromCIDRSet",
    entities: "fromEntities",
    unsupported: &["fromNodes", "fromGroups", "fromRequires"],
};
const EGRESS: Names = Names {
    endpoints: "toEndpoints",
    cidr: "toCIDR",
    cidr_set: "toCIDRSet",
    entities: "toEntities",
    unsupported: &["toNodes", "toGroups", "toRequires", "toServices"],
};

/// Takes the peer fields out of an element. `None`: none is there, no restriction.
///
/// A field that is there and empty makes the element select nobody, whatever stands beside it.
pub(crate) fn take(
    element: &mut Fields<'_>,
    direction: Direction,
    scope: &Scope<'_>,
    findings: &mut Findings,
) -> Option<Peers> {
    let names = match direction {
        Direction::Ingress => &INGRESS,
        Direction::Egress => &EGRESS,
    };
    element.refuse(names.unsupported, findings);
    let mut found: Vec<(&'static str, Span, Peers)> = Vec::new();
    for name in [names.endpoints, names.cidr, names.cidr_set, names.entities] {
        let Some(node) = element.take(name) else { continue };
        let peers = if name == names.entities {
            entity::read(node, scope.dialect, findings)
        } else if name == names.endpoints {
            read_list(node, findings, |item, findings| {
                let selector = scope.peer(selector::read(item, Keys::Sourced, findings)?);
                check_ranges(&selector, item.span, findings)?;
                check_reserved(&selector, item.span, findings);
                Some(Peer::Labels(selector))
            })
        } else if name == names.cidr {
            read_list(node, findings, |item, findings| {
                let cidr = read_cidr(item, findings)?;
                Some(Peer::Cidr { cidr, except: Vec::new(), reach: Reach::World })
            })
        } else {
            read_list(node, findings, |item, findings| read_cidr_rule(item, Reach::World, findings))
        };
        // A field that was refused still counts as filled.
        let peers = peers.unwrap_or(Peers::Anyone);
        found.push((name, node.span, peers));
    }
    combine(found, findings)
}

fn combine(found: Vec<(&'static str, Span, Peers)>, findings: &mut Findings) -> Option<Peers> {
    let empty = |peers: &Peers| *peers == Peers::AnyOf(Vec::new());
    let filled: Vec<_> = found.iter().filter(|(_, _, peers)| !empty(peers)).collect();
    if let [(one, _, _), (other, span, _), ..] = filled[..] {
        let title = |name: &str| {
            let mut letters = name.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(letters)
                .collect()
        };
        let (one, other): (String, String) = (title(one), title(other));
        findings.error_with(
            Code::COMBINING,
            *span,
            format!("combining {one} and {other} is not supported yet"),
            "write two elements: elements are alternatives",
        );
    }
    if found.iter().any(|(_, _, peers)| empty(peers)) {
        return Some(Peers::AnyOf(Vec::new()));
    }
    found.into_iter().next().map(|(_, _, peers)| peers)
}

fn read_list(
    node: &Node,
    findings: &mut Findings,
    mut read: impl FnMut(&Node, &mut Findings) -> Option<Peer>,
) -> Option<Peers> {
    let items = fields::items(node, findings)?;
    let peers: Vec<Peer> = items.iter().filter_map(|item| read(item, findings)).collect();
    // Refused items leave a list that only looks empty.
    (peers.len() == items.len()).then_some(Peers::AnyOf(peers))
}

/// Labels of ranges in a selector. Beside a namespace they can only be absent: no pod carries one.
/// Without one they would mean addresses of the world, which `CIDRSet` says better.
fn check_ranges(selector: &Selector, span: Span, findings: &mut Findings) -> Option<()> {
    let of_range = |r: &&Requirement| r.source == Some(Source::Cidr);
    let wanted = |r: &Requirement| matches!(r.test, Test::In(_) | Test::Exists);
    let mut ranges = selector.0.iter().filter(of_range).peekable();
    if ranges.peek().is_none() {
        return Some(());
    }
    let pods_only = selector.0.iter().any(|r| r.source == Some(Source::K8s) && wanted(r));
    if !pods_only {
        let message = "labels of ranges beside reserved ones are not supported yet: `cidr:`";
        let help = "name the range in fromCIDRSet or toCIDRSet, with `except` for what is left out";
        findings.error_with(Code::UNSUPPORTED, span, message, help);
        return None;
    }
    if ranges.any(wanted) {
        let message = "the selector matches nothing: no pod carries a label of a range: `cidr:`";
        let help = "name the range in fromCIDR or toCIDR";
        findings.warn(Code::MATCHES_NOTHING, span, message, help);
    }
    Some(())
}

/// Reserved labels that nobody carries: a misspelt one would silently match nothing.
fn check_reserved(selector: &Selector, span: Span, findings: &mut Findings) {
    for requirement in selector.0.iter().filter(|r| r.source == Some(Source::Reserved)) {
        let key = requirement.key.as_str();
        if key == "world" {
            let message = "no address carries the label where IPv4 and IPv6 are both on: `world`";
            let help = "name the entity `world`, or reserved:world-ipv4 and reserved:world-ipv6";
            findings.warn(Code::MATCHES_NOTHING, span, message, help);
        } else if !entity::is_reserved(key) {
            let message = format!("nobody carries the label: `reserved:{key}`");
            let near = if findings.is_full() { None } else { entity::nearest(key) };
            let help = match near {
                Some(near) => format!("the nearest known is `reserved:{near}`"),
                None => "reserved labels are those of entities, as in reserved:host".to_owned(),
            };
            findings.warn(Code::MATCHES_NOTHING, span, message, help);
        }
    }
}

/// `cidr` with its `except` (also NetworkPolicy's `ipBlock`).
pub(crate) fn read_cidr_rule(node: &Node, reach: Reach, findings: &mut Findings) -> Option<Peer> {
    let mut fields = Fields::of(node, findings)?;
    let cidr = fields.take("cidr");
    let except = fields.take("except");
    match reach {
        Reach::World => fields.refuse(&["cidrGroupRef", "cidrGroupSelector"], findings),
        Reach::Everything => {}
    }
    let span = fields.span;
    fields.finish(findings);
    let Some(cidr) = cidr else {
        let message = match reach {
            Reach::World => "one of cidr, cidrGroupRef, or cidrGroupSelector is required",
            Reach::Everything => "`cidr` is needed in an ipBlock",
        };
        findings.error(Code::MISSING, span, message);
        return None;
    };
    let cidr = read_cidr_in_rule(cidr, findings)?;
    let mut exceptions = Vec::new();
    for item in except.map(|node| fields::items(node, findings)).into_iter().flatten().flatten() {
        let exception = read_cidr_in_rule(item, findings)?;
        if !cidr.covers(exception) {
            let message = format!(
                "allow CIDR prefix {cidr} does not contain exclude CIDR prefix {exception}"
            );
            findings.error(Code::EXCEPT, item.span, message);
            return None;
        }
        exceptions.push(exception);
    }
    exceptions.sort();
    exceptions.dedup();
    Some(Peer::Cidr { cidr, except: exceptions, reach })
}

fn read_cidr_in_rule(node: &Node, findings: &mut Findings) -> Option<Cidr> {
    match fields::text(node, findings)?.parse::<Cidr>() {
        Ok(cidr) => Some(cidr),
        Err(CidrError::Unreadable(text)) => {
            let message = format!("unable to parse CIDRRule \"{}\"", shown(&text));
            let help = "write address/length, as in 10.0.0.0/8";
            findings.error_with(Code::CIDR, node.span, message, help);
            None
        }
        Err(error) => {
            refuse_cidr(&error, node.span, findings);
            None
        }
    }
}

fn read_cidr(node: &Node, findings: &mut Findings) -> Option<Cidr> {
    if let Value::Scalar { text, .. } = &node.value
        && text.is_empty()
    {
        findings.error(Code::CIDR, node.span, "IP must be specified");
        return None;
    }
    match fields::text(node, findings)?.parse::<Cidr>() {
        Ok(cidr) => Some(cidr),
        Err(error) => {
            refuse_cidr(&error, node.span, findings);
            None
        }
    }
}

fn refuse_cidr(error: &CidrError, span: Span, findings: &mut Findings) {
    match error {
        CidrError::Unreadable(text) => {
            let message = format!("unable to parse CIDR: `{}`", shown(text));
            let help = "write address/length, as in 10.0.0.0/8";
            findings.error_with(Code::CIDR, span, message, help);
        }
        CidrError::TooLong(text) => {
            let message = format!("prefix longer than its address: `{}`", shown(text));
            let help = "at most /32 for IPv4 and /128 for IPv6";
            findings.error_with(Code::CIDR, span, message, help);
        }
        CidrError::HostBits(text, meant) => {
            let message = format!("address bits are set behind the prefix: `{text}`");
            findings.error_with(Code::CIDR, span, message, format!("write {meant}"));
        }
    }
}
