//! Names and who resolves them: rules by name that never learn an address, and egress rules that
//! take DNS away.

use podwall_model::{Direction, NAMESPACE_LABELS, POD_NAMESPACE, POLICY_CLUSTER, Protocol, Source};
use podwall_policy::rule::{Effect, Peer, Peers, Port, Ports, Rule, Selector};
use podwall_policy::yaml::Node;

use super::element::{Element, Sheet, Spec, entries, field, items, scalar};
use super::{Desk, Finding, catalog, cover};

/// `toFQDNs` whose answers nobody sees: no rule of the same workloads passes DNS through the proxy.
pub(super) fn name_without_dns(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    for sheet in &desk.sheets {
        for spec in &sheet.specs {
            for element in &spec.elements {
                let names = field(element.node, "toFQDNs").map(items).unwrap_or_default();
                let seen = answers_for(desk, sheet, spec);
                for entry in names {
                    if let Some(finding) = unseen(desk, sheet, entry, &seen) {
                        found.push(finding);
                        break;
                    }
                }
            }
        }
    }
}

fn unseen(desk: &Desk<'_>, sheet: &Sheet<'_>, entry: &Node, seen: &[&Node]) -> Option<Finding> {
    let (key, value) = entries(entry).first()?;
    let name = scalar(value)?;
    if seen.is_empty() {
        let message = "no DNS rule shows the answers: without one no name ever gets an address";
        let help = "add an egress rule to the DNS service, port 53, with `rules: {dns: [...]}`";
        return Some(desk.find(sheet, catalog::NAME_WITHOUT_DNS, key.span, (message, help)));
    }
    if seen.iter().any(|rule| answers(rule, &key.text, name)) {
        return None;
    }
    let message = format!("no DNS rule lets this name be asked: `{name}`");
    let help = format!("add `{}: {name}` to the `dns` list", key.text);
    Some(desk.find(sheet, catalog::NAME_WITHOUT_DNS, key.span, (message, help)))
}

/// The `dns` entries that hold for (at least) the workloads of this spec.
fn answers_for<'a>(desk: &'a Desk<'a>, sheet: &Sheet<'a>, spec: &Spec<'a>) -> Vec<&'a Node> {
    let mut seen = Vec::new();
    for other in &desk.sheets {
        let near = |id: &podwall_model::PolicyId| id.namespace.clone();
        let own = other.id.and_then(near) == sheet.id.and_then(near);
        let wide = other.id.is_some_and(|id| id.namespace.is_none());
        if !own && !wide {
            continue;
        }
        for candidate in &other.specs {
            if selects_all_of(candidate.node, spec.node) {
                let allows = candidate.elements.iter().filter(|element| {
                    !element.section.deny && element.section.direction == Direction::Egress
                });
                seen.extend(allows.flat_map(|element: &Element<'_>| element.requests("dns")));
            }
        }
    }
    seen
}

/// Whether the subject of one spec holds all that the subject of another does, as far as the
/// `matchLabels` of both say it.
fn selects_all_of(wide: &Node, narrow: &Node) -> bool {
    let labels = |spec: &Node| -> Vec<(String, String)> {
        let selector = field(spec, "endpointSelector");
        let list = selector.and_then(|node| field(node, "matchLabels")).map(entries);
        let pairs = list.unwrap_or_default().iter();
        pairs.filter_map(|(k, v)| Some((k.text.clone(), scalar(v)?.to_owned()))).collect()
    };
    let has = field(narrow, "endpointSelector").is_some();
    let expressions = |spec: &Node| {
        let selector = field(spec, "endpointSelector");
        selector.is_some_and(|node| field(node, "matchExpressions").is_some())
    };
    let same = wide.bytes == narrow.bytes && wide.span == narrow.span;
    let (wide_labels, narrow_labels) = (labels(wide), labels(narrow));
    same || (has
        && field(wide, "endpointSelector").is_some()
        && !expressions(wide)
        && wide_labels.iter().all(|label| narrow_labels.contains(label)))
}

/// Whether a `dns` entry lets a name, or all names of a pattern, be asked.
fn answers(rule: &Node, kind: &str, wanted: &str) -> bool {
    let trim = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    let wanted = trim(wanted);
    let name = field(rule, "matchName").and_then(scalar).map(trim);
    let pattern = field(rule, "matchPattern").and_then(scalar).map(trim);
    match (name, pattern) {
        (Some(name), _) => kind == "matchName" && name == wanted,
        (None, Some(pattern)) => {
            pattern == "*" || pattern == wanted || fits(&pattern, &wanted.replace('*', "x"))
        }
        // Without either it is every name, or an error that is told elsewhere.
        (None, None) => true,
    }
}

/// Whether a name fits a pattern whose stars stand for parts of labels, `**.` for whole ones.
fn fits(pattern: &str, name: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("**.") {
        return name.ends_with(&format!(".{rest}"));
    }
    let (patterns, names) = (pattern.split('.'), name.split('.'));
    patterns.clone().count() == names.clone().count()
        && patterns.zip(names).all(|(pattern, label)| label_fits(pattern, label))
}

fn label_fits(pattern: &str, label: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == label,
        Some((front, rest)) => label.strip_prefix(front).is_some_and(|left| {
            (0..=left.len()).any(|at| left.is_char_boundary(at) && label_fits(rest, &left[at..]))
        }),
    }
}

/// Egress rules that isolate workloads which no rule lets ask a name.
pub(super) fn cuts_dns(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let egress = || {
        let rules = desk.policies.iter().flat_map(|policy| &policy.rules);
        rules.filter(|rule| rule.direction == Direction::Egress && rule.effect == Effect::Allow)
    };
    let resolving: Vec<&Rule> = egress().filter(|rule| resolves(rule)).collect();
    for sheet in &desk.sheets {
        let rules = sheet.policy.map(|policy| policy.rules.as_slice()).unwrap_or_default();
        let mut allows = rules.iter().filter(|rule| {
            rule.direction == Direction::Egress
                && rule.effect == Effect::Allow
                && rule.isolates
                && rule.id.index.is_some()
                && rule.peers != Peers::AnyOf(Vec::new())
                && rule.ports != Ports::AnyOf(Vec::new())
        });
        let Some(rule) = allows.next() else { continue };
        if resolving.iter().any(|other| cover::subject(&other.subject, &rule.subject)) {
            continue;
        }
        let Some(element) = sheet.element(&rule.id) else { continue };
        let message = "the workloads can ask no name any more: egress is isolated, and no rule \
                       allows DNS";
        let help = "allow UDP and TCP 53 to the DNS service, unless they need no names";
        found.push(desk.find(sheet, catalog::CUTS_DNS, element.node.span, (message, help)));
    }
}

/// Whether a rule may let DNS through, whoever answers it.
fn resolves(rule: &Rule) -> bool {
    let named_53 = match &rule.ports {
        Ports::Any => None,
        Ports::AnyOf(list) => Some(list.iter().any(is_dns)),
    };
    match named_53 {
        Some(open) => open && rule.peers != Peers::AnyOf(Vec::new()),
        None => match &rule.peers {
            Peers::Anyone => true,
            Peers::AnyOf(list) => list.iter().any(|peer| match peer {
                Peer::Labels(selector) => is_wide(selector),
                _ => true,
            }),
        },
    }
}

fn is_dns(port: &Port) -> bool {
    match port {
        Port::All(protocol) => *protocol == Protocol::UDP,
        Port::Range { protocol, first, last } => {
            let open = *first..=*last;
            *protocol == Protocol::UDP && (open.contains(&53) || open.contains(&5353))
        }
        Port::Named { name, .. } => name.contains("dns"),
        Port::Icmp { .. } => false,
    }
}

/// Whether a selector asks nothing of a peer's own labels: then the DNS service may be among them.
fn is_wide(Selector(requirements): &Selector) -> bool {
    requirements.iter().all(|requirement| {
        requirement.source == Some(Source::Reserved)
            || requirement.key == POD_NAMESPACE
            || requirement.key == POLICY_CLUSTER
            || requirement.key.starts_with(NAMESPACE_LABELS)
            || requirement.key.contains("dns")
    }) || requirements.iter().any(|requirement| requirement.key == "k8s-app")
}
