//! Ports of a rule as people would write them, and what is asked on them.

use std::collections::{BTreeMap, BTreeSet};

use podwall_model::Protocol;
use podwall_policy::scalar;

use super::text::line;
use super::{Asked, Evidence};

/// The most ports of one list (Cilium's limit).
const PORTS_AT_MOST: usize = 40;
/// Different paths of one method; of more only the method is asked for.
const PATHS_AT_MOST: usize = 40;

/// What one element says of ports.
pub(super) enum Part {
    /// Lists of ports, each with its rules of requests.
    Ports(Vec<(Vec<(Protocol, u16)>, Rules)>),
    /// Types of ICMP messages.
    Icmp(Vec<(Protocol, u16)>),
}

/// Rules about what is asked on ports.
#[derive(PartialEq, Eq)]
pub(super) enum Rules {
    None,
    Dns(Vec<String>),
    /// Methods, each with its expressions of paths; none: any.
    Http(Vec<(String, Option<String>)>),
}

/// The elements that it takes to say what was seen.
pub(super) fn parts(evidence: &Evidence) -> Vec<Part> {
    let mut lists: Vec<(Vec<(Protocol, u16)>, Rules)> = Vec::new();
    let ported = evidence.ports.iter().copied().filter(|(protocol, _)| protocol.has_ports());
    let (asked, plain): (Vec<_>, Vec<_>) =
        ported.partition(|port| evidence.asked.contains_key(port));
    lists.extend(plain.chunks(PORTS_AT_MOST).map(|chunk| (chunk.to_vec(), Rules::None)));
    let mut ruled: Vec<(Vec<(Protocol, u16)>, Rules)> = Vec::new();
    for port in asked {
        let rules = rules(&evidence.asked[&port]);
        match ruled.iter_mut().find(|(ports, same)| *same == rules && ports.len() < PORTS_AT_MOST) {
            Some((ports, _)) => ports.push(port),
            None => ruled.push((vec![port], rules)),
        }
    }
    lists.extend(ruled);
    let is_icmp =
        |(protocol, _): &(Protocol, u16)| matches!(*protocol, Protocol::ICMP | Protocol::ICMP6);
    let kinds: Vec<(Protocol, u16)> = evidence.ports.iter().copied().filter(is_icmp).collect();
    let ports = (!lists.is_empty()).then_some(Part::Ports(lists));
    ports.into_iter().chain(kinds.chunks(PORTS_AT_MOST).map(|c| Part::Icmp(c.to_vec()))).collect()
}

/// The rules about what was asked on one port.
fn rules(asked: &BTreeSet<Asked>) -> Rules {
    let mut paths: BTreeMap<&str, BTreeMap<&str, bool>> = BTreeMap::new();
    let mut names = Vec::new();
    for one in asked {
        match one {
            Asked::Dns { name } => names.push(name.trim_end_matches('.').to_ascii_lowercase()),
            Asked::Http { method, path } => {
                let (path, has_query) = match path.split_once('?') {
                    Some((path, _)) => (path, true),
                    None => (path.as_str(), false),
                };
                *paths.entry(method).or_default().entry(path).or_default() |= has_query;
            }
        }
    }
    if paths.is_empty() {
        names.dedup();
        return Rules::Dns(names);
    }
    let mut requests = Vec::new();
    for (method, paths) in paths {
        if paths.len() > PATHS_AT_MOST {
            requests.push((method.to_owned(), None));
            continue;
        }
        for (path, has_query) in paths {
            let query = if has_query { r"(\?.*)?" } else { "" };
            requests.push((method.to_owned(), Some(format!("{}{query}", escaped(path)))));
        }
    }
    Rules::Http(requests)
}

/// An expression that means this text alone.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if r"\.+*?()|[]{}^$".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// Writes the ports of one element.
pub(super) fn write(text: &mut String, part: &Part) {
    match part {
        Part::Ports(lists) => {
            line(text, 6, "toPorts:");
            for (ports, rules) in lists {
                line(text, 8, "- ports:");
                for (protocol, port) in ports {
                    line(text, 12, &format!("- port: \"{port}\""));
                    line(text, 14, &format!("protocol: {protocol}"));
                }
                write_rules(text, rules);
            }
        }
        Part::Icmp(kinds) => {
            line(text, 6, "icmps:");
            line(text, 8, "- fields:");
            for (protocol, kind) in kinds {
                let family = if *protocol == Protocol::ICMP { "IPv4" } else { "IPv6" };
                line(text, 12, &format!("- family: {family}"));
                line(text, 14, &format!("type: {kind}"));
            }
        }
    }
}

fn write_rules(text: &mut String, rules: &Rules) {
    match rules {
        Rules::None => {}
        Rules::Dns(names) => {
            line(text, 10, "rules:");
            line(text, 12, "dns:");
            for name in names {
                let field = if name == "*" { "matchPattern" } else { "matchName" };
                line(text, 14, &format!("- {field}: {}", scalar(name)));
            }
        }
        Rules::Http(requests) => {
            line(text, 10, "rules:");
            line(text, 12, "http:");
            for (method, path) in requests {
                line(text, 14, &format!("- method: {}", scalar(method)));
                match path {
                    Some(path) => line(text, 16, &format!("path: {}", scalar(path))),
                    None => line(text, 16, "# more paths were seen than a rule should list"),
                }
            }
        }
    }
}
