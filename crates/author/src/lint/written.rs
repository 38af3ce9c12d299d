//! Findings that the writing of a document shows by itself.

use std::collections::HashMap;

use podwall_model::PolicyId;
use podwall_policy::yaml::{Node, Value};

use super::element::{Element, Family, Sheet, entries, field, is_empty_map, items, scalar};
use super::mend::{Edit, Mend};
use super::{Desk, Finding, catalog};

/// Ports whose services speak UDP, or both: DNS, DHCP, NTP, SNMP, IKE, syslog, VXLAN, WireGuard.
const UDP_PORTS: [u16; 11] = [53, 67, 68, 123, 161, 162, 500, 514, 4500, 8472, 51820];

/// Ports that stand without a protocol.
pub(super) fn port_without_protocol(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    for sheet in &desk.sheets {
        let Some(family) = sheet.family else { continue };
        for item in sheet.elements().flat_map(Element::port_lists).flat_map(items) {
            let (Some(port), None) = (field(item, "port"), field(item, "protocol")) else {
                continue;
            };
            let Some(word) = scalar(port) else { continue };
            let number = word.parse::<u16>().ok();
            let finding = match family {
                Family::Cilium if number == Some(0) => continue,
                Family::Cilium => {
                    let message =
                        format!("port without a protocol: `{word}` means TCP, UDP and SCTP");
                    let help = "write the one that is meant, or `protocol: ANY`";
                    let said = (message, help);
                    let finding = desk.find(sheet, catalog::NO_PROTOCOL, port.span, said);
                    Finding { mend: explicit(sheet, item, port), ..finding }
                }
                Family::Kubernetes if number.is_some_and(|n| UDP_PORTS.contains(&n)) => {
                    let has_udp = |other: &Node| {
                        field(other, "port").and_then(scalar) == Some(word)
                            && field(other, "protocol").and_then(scalar) == Some("UDP")
                    };
                    let lists = sheet.elements().flat_map(Element::port_lists);
                    if lists.flat_map(items).any(has_udp) {
                        continue;
                    }
                    let message = format!("port without a protocol: `{word}` means TCP alone");
                    let help = "the services on this port speak UDP: add `protocol: UDP`";
                    desk.find(sheet, catalog::NO_PROTOCOL, port.span, (message, help))
                }
                Family::Kubernetes => continue,
            };
            found.push(finding);
        }
    }
}

/// The protocol that is meant now, written out.
fn explicit(sheet: &Sheet<'_>, item: &Node, port: &Node) -> Option<Mend> {
    let Value::Map { block, .. } = &item.value else { return None };
    let (key, _) = item.entry("port")?;
    let text = if *block {
        let line_start = sheet.text[..key.bytes.start].rfind('\n').map_or(0, |at| at + 1);
        let column = sheet.text[line_start..key.bytes.start].chars().count();
        format!("\n{}protocol: ANY", " ".repeat(column))
    } else {
        ", protocol: ANY".to_owned()
    };
    let at = if *block { line_end(sheet.text, port.bytes.end) } else { port.bytes.end };
    Some(Mend {
        title: "write `protocol: ANY`, which is what it means now".to_owned(),
        edits: vec![Edit { start: at, end: at, text }],
    })
}

/// Where the line ends that a byte stands in, its comment included.
fn line_end(text: &str, from: usize) -> usize {
    let end = text[from..].find('\n').map_or(text.len(), |at| from + at);
    if text[..end].ends_with('\r') { end - 1 } else { end }
}

const DENYING: [&str; 7] = ["deny", "block", "drop", "reject", "forbid", "isolate", "lock"];

fn says_any(sheet: &Sheet<'_>, words: &[&str]) -> bool {
    let name = sheet.id.map(|id| id.name.to_lowercase()).unwrap_or_default();
    words.iter().any(|word| name.contains(word))
}

/// NetworkPolicies that allow everyone where their author meant nobody.
pub(super) fn allows_instead(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    for sheet in desk.sheets.iter().filter(|sheet| sheet.is(Family::Kubernetes)) {
        for element in sheet.elements() {
            let list = element
                .peers()
                .find(|(_, list)| matches!(&list.value, Value::List(items) if items.is_empty()));
            if let Some((key, _)) = list {
                let message = format!("an empty list means everyone: `{}: []`", key.text);
                let help = "to allow nobody, leave the rule out and keep `policyTypes`; \
                            to allow everyone, leave the field out";
                let finding = desk.find(sheet, catalog::ALLOWS, key.span, (message, help));
                found.push(finding);
            } else if is_empty_map(element.node) && says_any(sheet, &DENYING) {
                let message = "the name says deny, and `{}` allows everyone: \
                               a NetworkPolicy cannot deny, it only leaves out";
                let help = "write `[]` for the list, with the direction in `policyTypes`";
                let span = element.node.span;
                found.push(desk.find(sheet, catalog::ALLOWS, span, (message, help)));
            }
        }
    }
}

const ALLOWING: [&str; 4] = ["allow", "open", "permit", "accept"];

/// Elements of Cilium's kinds that say nothing, where that is not the whole point.
pub(super) fn empty_element(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    for sheet in desk.sheets.iter().filter(|sheet| sheet.is(Family::Cilium)) {
        for element in sheet.elements().filter(|element| is_empty_map(element.node)) {
            let (message, help) = if element.section.deny {
                (
                    "`{}` denies nothing: an element without peers and ports selects nobody",
                    "to deny everyone, write `fromEntities: [all]` or `toEntities: [all]`",
                )
            } else if element.siblings > 1 {
                (
                    "`{}` beside other elements does nothing: it selects nobody",
                    "take it away; the others make the direction default-deny already",
                )
            } else if says_any(sheet, &ALLOWING) && !says_any(sheet, &DENYING) {
                (
                    "the name says allow, and `{}` allows nobody: in this kind it selects nothing",
                    "to allow everyone, write `fromEntities: [all]` or `toEntities: [all]`",
                )
            } else {
                continue;
            };
            let span = element.node.span;
            found.push(desk.find(sheet, catalog::EMPTY_ELEMENT, span, (message, help)));
        }
    }
}

/// A namespaceSelector and a podSelector as two items, where one item with both was meant.
pub(super) fn two_items(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    for sheet in desk.sheets.iter().filter(|sheet| sheet.is(Family::Kubernetes)) {
        for (_, list) in sheet.elements().flat_map(|element| element.peers().collect::<Vec<_>>()) {
            let [one, other] = items(list) else { continue };
            let only = |item: &Node, key: &str| match entries(item) {
                [(name, value)] => name.text == key && !is_empty_map(value),
                _ => false,
            };
            let pair = (only(one, "namespaceSelector") && only(other, "podSelector"))
                || (only(one, "podSelector") && only(other, "namespaceSelector"));
            if pair {
                let message = "two items are alternatives: every pod of those namespaces, \
                               and besides these pods of the policy's own";
                let help = "for these pods in those namespaces write one item with both selectors";
                found.push(desk.find(sheet, catalog::TWO_ITEMS, other.span, (message, help)));
            }
        }
    }
}

/// Names that two files give.
pub(super) fn duplicate_names(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let mut first: HashMap<&PolicyId, &Sheet<'_>> = HashMap::new();
    for sheet in &desk.sheets {
        let Some(id) = sheet.id else { continue };
        let Some(other) = first.get(id) else {
            first.insert(id, sheet);
            continue;
        };
        // Within one file it is an error already.
        if other.file != sheet.file {
            let message = format!("the same policy stands in another file too: `{id}`");
            let help = format!(
                "one of the two has to go; the other is {}:{}",
                other.file, other.span.line
            );
            found.push(desk.find(sheet, catalog::DUPLICATE, sheet.span, (message, help)));
        }
    }
}
