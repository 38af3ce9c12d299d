//! The peers of an element of CNP and CCNP: `from...` and `to...`, of which one may be filled.

use std::collections::BTreeMap;
use std::net::IpAddr;

use podwall_model::{Cidr, CidrError, Direction, Section, Source};

use crate::cloud;
use crate::diagnostic::{Code, Findings, Span, shown};
use crate::document;
use crate::entity;
use crate::fields::{self, Fields};
use crate::names::{Name, NamePattern};
use crate::rule::{Peer, Peers, Reach, Requirement, Selector, Test, Which};
use crate::scope::{Reading, Scope};
use crate::selector::{self, Keys};
use crate::service;
use crate::yaml::{Node, Value};

/// A way to name peers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Member {
    Endpoints,
    Cidr,
    CidrSet,
    Entities,
    Nodes,
    Groups,
    Services,
    Names,
}

/// The longest name of an object that is no DNS label alone.
const MAX_GROUP_NAME: usize = 253;

const INGRESS: &[(&str, Member)] = &[
    ("fromEndpoints", Member::Endpoints),
    ("fromCIDR", Member::Cidr),
    ("fromCIDRSet", Member::CidrSet),
    ("fromEntities", Member::Entities),
    ("fromNodes", Member::Nodes),
    ("fromGroups", Member::Groups),
];
const EGRESS: &[(&str, Member)] = &[
    ("toEndpoints", Member::Endpoints),
    ("toCIDR", Member::Cidr),
    ("toCIDRSet", Member::CidrSet),
    ("toEntities", Member::Entities),
    ("toNodes", Member::Nodes),
    ("toGroups", Member::Groups),
    ("toServices", Member::Services),
    ("toFQDNs", Member::Names),
];

/// One member of an element as it was found.
struct Found {
    name: &'static str,
    span: Span,
    /// Whether it has items, whoever those turn out to mean.
    filled: bool,
    peers: Peers,
}

/// Takes the peer fields out of an element. `None`: none is there, no restriction.
///
/// A field that is there and empty makes the element select nobody, whatever stands beside it.
pub(crate) fn take(
    element: &mut Fields<'_>,
    section: Section,
    scope: &Scope<'_>,
    findings: &mut Findings,
) -> Option<Peers> {
    let (members, requires) = match section.direction {
        Direction::Ingress => (INGRESS, "fromRequires"),
        Direction::Egress => (EGRESS, "toRequires"),
    };
    element.refuse(&[requires], findings);
    let mut found: Vec<Found> = Vec::new();
    for &(name, member) in members {
        // A deny has no names: the field is unknown to it.
        if member == Member::Names && section.deny {
            continue;
        }
        let Some(node) = element.take(name) else { continue };
        let peers = read_member(node, member, section, scope, findings);
        // A field that was refused still counts as filled.
        let peers = peers.unwrap_or(Peers::Anyone);
        found.push(Found { name, span: node.span, filled: !fields::is_empty_list(node), peers });
    }
    combine(found, findings)
}

fn read_member(
    node: &Node,
    member: Member,
    section: Section,
    scope: &Scope<'_>,
    findings: &mut Findings,
) -> Option<Peers> {
    match member {
        Member::Entities => entity::read(node, scope.dialect, findings),
        Member::Endpoints => read_list(node, findings, |item, findings| {
            let selector = scope.peer(selector::read(item, Keys::Sourced, findings)?);
            check_ranges(&selector, item.span, findings)?;
            check_reserved(&selector, item.span, findings);
            Some(Peer::Labels(selector))
        }),
        Member::Cidr => read_list(node, findings, |item, findings| {
            let cidr = read_cidr(item, findings)?;
            Some(Peer::Cidr { cidr, except: Vec::new(), reach: Reach::World })
        }),
        Member::CidrSet => read_list(node, findings, read_cidr_set_item),
        Member::Nodes => match scope.dialect.node_labels {
            Reading::Refused if !fields::is_empty_list(node) => {
                let message = "FromNodes/ToNodes rules can only be applied when the \
                               \"enable-node-selector-labels\" flag is set";
                findings.error(Code::UNSUPPORTED, node.span, message);
                None
            }
            Reading::Refused | Reading::Accepted => read_list(node, findings, |item, findings| {
                let Selector(mut requirements) = selector::read(item, Keys::OfNodes, findings)?;
                requirements.push(Requirement {
                    source: Some(Source::Reserved),
                    key: "remote-node".to_owned(),
                    test: Test::Exists,
                });
                requirements.sort();
                Some(Peer::Labels(Selector(requirements)))
            }),
        },
        Member::Groups => cloud::read(node, section, findings),
        Member::Services if section.deny => {
            let message = "a deny cannot name services: `toServices`";
            let help = "name the backends in toEndpoints or toCIDRSet";
            findings.error_with(Code::UNSUPPORTED, node.span, message, help);
            None
        }
        Member::Services => {
            read_list(node, findings, |item, findings| service::read(item, scope, findings))
        }
        Member::Names => read_list(node, findings, read_name),
    }
}

fn combine(found: Vec<Found>, findings: &mut Findings) -> Option<Peers> {
    let filled: Vec<&Found> = found.iter().filter(|one| one.filled).collect();
    if let [one, other, ..] = filled[..] {
        let title = |name: &str| {
            let mut letters = name.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(letters)
                .collect()
        };
        let (first, second): (String, String) = (title(one.name), title(other.name));
        findings.error_with(
            Code::COMBINING,
            other.span,
            format!("combining {first} and {second} is not supported yet"),
            "write two elements: elements are alternatives",
        );
    }
    if found.iter().any(|one| !one.filled) {
        return Some(Peers::AnyOf(Vec::new()));
    }
    found.into_iter().next().map(|one| one.peers)
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

/// One item of `toFQDNs`. An empty one is the root alone.
fn read_name(node: &Node, findings: &mut Findings) -> Option<Peer> {
    let mut fields = Fields::of(node, findings)?;
    let name = fields.take("matchName");
    let pattern = fields.take("matchPattern");
    let span = fields.span;
    fields.finish(findings);
    let (node, pattern) = match (name, pattern) {
        (Some(node), None) => (node, NamePattern::of_name(fields::text(node, findings)?)),
        (None, Some(node)) => (node, NamePattern::of_pattern(fields::text(node, findings)?)),
        (None, None) => return Some(Peer::Name(NamePattern::Exactly(Name::new("")))),
        (Some(_), Some(_)) => {
            let message = "only one of MatchName or MatchPattern is allowed in an FQDNSelector";
            findings.error(Code::COMBINING, span, message);
            return None;
        }
    };
    match pattern {
        Ok(pattern) => Some(Peer::Name(pattern)),
        Err(error) => {
            findings.error(Code::NAME_PATTERN, node.span, error.to_string());
            None
        }
    }
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

/// One item of a CIDRSet: a range or groups of ranges, with what is taken out.
fn read_cidr_set_item(node: &Node, findings: &mut Findings) -> Option<Peer> {
    let mut fields = Fields::of(node, findings)?;
    let cidr = fields.take("cidr");
    let name = fields.take("cidrGroupRef");
    let labels = fields.take("cidrGroupSelector");
    let except = fields.take("except");
    let span = fields.span;
    fields.finish(findings);
    let which = match (cidr, name, labels) {
        (Some(cidr), None, None) => return read_range(cidr, except, Reach::World, findings),
        (None, Some(name), None) => {
            Which::Named(document::read_name(name, MAX_GROUP_NAME, findings)?)
        }
        (None, None, Some(node)) => {
            Which::Labelled(selector::read(node, Keys::Kubernetes(""), findings)?)
        }
        (None, None, None) => {
            let message = "one of cidr, cidrGroupRef, or cidrGroupSelector is required";
            findings.error(Code::MISSING, span, message);
            return None;
        }
        (_, _, _) => {
            let message =
                "more than one of cidr, cidrGroupRef, or cidrGroupSelector may not be set";
            findings.error(Code::COMBINING, span, message);
            return None;
        }
    };
    // What a group holds is not known here, so nothing says whether an exception lies in it.
    Some(Peer::Group { which, except: read_exceptions(except, findings)?.into_keys().collect() })
}

/// NetworkPolicy's `ipBlock`.
pub(crate) fn read_ip_block(node: &Node, findings: &mut Findings) -> Option<Peer> {
    let mut fields = Fields::of(node, findings)?;
    let cidr = fields.take("cidr");
    let except = fields.take("except");
    let span = fields.span;
    fields.finish(findings);
    let Some(cidr) = cidr else {
        findings.error(Code::MISSING, span, "`cidr` is needed in an ipBlock");
        return None;
    };
    let block = read_range(cidr, except, Reach::Everything, findings)?;
    if let Peer::Cidr { cidr: range, except, .. } = &block {
        refuse_mapped(*range, span, findings)?;
        if except.contains(range) {
            let message = format!("an exception must be a strict subset of the range: `{range}`");
            findings.error(Code::EXCEPT, span, message);
            return None;
        }
    }
    Some(block)
}

/// Kubernetes' kinds take no IPv4 address in the form of IPv6.
pub(crate) fn refuse_mapped(cidr: Cidr, span: Span, findings: &mut Findings) -> Option<()> {
    let IpAddr::V6(network) = cidr.network() else { return Some(()) };
    if network.to_ipv4_mapped().is_none() {
        return Some(());
    }
    let message = format!("must not have an IPv4-mapped IPv6 address: `{cidr}`");
    findings.error_with(Code::CIDR, span, message, "write the range of IPv4 itself");
    None
}

fn read_range(
    cidr: &Node,
    except: Option<&Node>,
    reach: Reach,
    findings: &mut Findings,
) -> Option<Peer> {
    let cidr = read_cidr_in_rule(cidr, findings)?;
    let exceptions = read_exceptions(except, findings)?;
    if let Some((exception, span)) = exceptions.iter().find(|(one, _)| !cidr.covers(**one)) {
        let message =
            format!("allow CIDR prefix {cidr} does not contain exclude CIDR prefix {exception}");
        findings.error(Code::EXCEPT, *span, message);
        return None;
    }
    Some(Peer::Cidr { cidr, except: exceptions.into_keys().collect(), reach })
}

/// The excepted ranges in order, each with its place.
fn read_exceptions(node: Option<&Node>, findings: &mut Findings) -> Option<BTreeMap<Cidr, Span>> {
    let mut exceptions = BTreeMap::new();
    for item in node.map(|node| fields::items(node, findings)).into_iter().flatten().flatten() {
        exceptions.insert(read_cidr_in_rule(item, findings)?, item.span);
    }
    Some(exceptions)
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

pub(crate) fn read_cidr(node: &Node, findings: &mut Findings) -> Option<Cidr> {
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
