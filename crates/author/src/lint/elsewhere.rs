//! Policies that would mean something else in a version of Cilium: what their rules show, and what
//! only the writing does, since such rules come to nothing here; and what documents that are
//! refused here would mean there.

use std::fmt::Display;

use podwall_model::{Cidr, Direction};
use podwall_policy::Span;
use podwall_policy::target::{Target, Why, differences};
use podwall_policy::yaml::Node;

use super::element::{Element, Family, Sheet, Spec, field, items, scalar};
use super::{Desk, Finding, catalog};

/// Everything that differs in the version that is asked about, if one is.
pub(super) fn differs(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let Some(target) = desk.around.target else { return };
    for sheet in &desk.sheets {
        let Some(policy) = sheet.policy else {
            refused(desk, sheet, target, found);
            continue;
        };
        // Which clusters are meant is told once: it is so for nearly every rule.
        let mut clusters_told = false;
        for one in differences([policy], target) {
            if one.why == Why::EveryCluster && std::mem::replace(&mut clusters_told, true) {
                continue;
            }
            // What stands for a whole direction is told where its policy begins.
            let element = one.rule.as_ref().and_then(|id| sheet.element(id));
            let span = element.map_or(sheet.span, |element| element.node.span);
            found.push(finding(desk, sheet, span, (target, one.why)));
        }
        for spec in &sheet.specs {
            written(desk, (sheet, spec), target, found);
        }
    }
}

fn finding(
    desk: &Desk<'_>,
    sheet: &Sheet<'_>,
    span: Span,
    (target, why): (Target, Why),
) -> Finding {
    let said: &dyn Display = &why;
    let message = format!("means something else in {}: {said}", target.name());
    desk.find(sheet, catalog::ELSEWHERE, span, (message, why.hint()))
}

fn written(
    desk: &Desk<'_>,
    (sheet, spec): (&Sheet<'_>, &Spec<'_>),
    target: Target,
    found: &mut Vec<Finding>,
) {
    match sheet.family {
        Some(Family::Cilium) => {
            for element in &spec.elements {
                if let Some(span) = counts_as_absent(element) {
                    found.push(finding(desk, sheet, span, (target, Why::EmptyList)));
                }
            }
        }
        Some(Family::Kubernetes) => {
            let types = field(spec.node, "policyTypes").map(items).unwrap_or_default();
            let listed = |word: &str| types.iter().filter_map(scalar).any(|one| one == word);
            for element in &spec.elements {
                let word = match element.section.direction {
                    Direction::Ingress => "Ingress",
                    Direction::Egress => "Egress",
                };
                if !types.is_empty() && !listed(word) {
                    let said = (target, Why::UnlistedDirection);
                    found.push(finding(desk, sheet, element.node.span, said));
                }
            }
        }
        None => {}
    }
}

/// What a document that is refused here says in that version, where it is in force there.
fn refused(desk: &Desk<'_>, sheet: &Sheet<'_>, target: Target, found: &mut Vec<Finding>) {
    if sheet.family != Some(Family::Cilium) {
        return;
    }
    for element in sheet.elements() {
        let said = known_there(element, target).into_iter();
        found.extend(said.map(|(span, why)| finding(desk, sheet, span, (target, why))));
    }
}

/// What of an element that version reads, and nobody here does.
fn known_there(element: &Element<'_>, target: Target) -> Vec<(Span, Why)> {
    let mut known = Vec::new();
    for name in ["fromRequires", "toRequires"] {
        let list = field(element.node, name).filter(|list| !items(list).is_empty());
        if let Some(list) = list.filter(|_| target < Target::Cilium1_19) {
            known.push((list.span, Why::Requires));
        }
    }
    for name in ["fromCIDRSet", "toCIDRSet"] {
        let list = field(element.node, name).map(items).unwrap_or_default();
        let wider = list.iter().filter(|item| target < Target::Cilium1_20 && excepts_more(item));
        known.extend(wider.map(|item| (item.span, Why::WiderException)));
    }
    let proves = |node: &&Node| field(node, "mode").and_then(scalar) != Some("disabled");
    if let Some(node) = field(element.node, "authentication").filter(proves) {
        known.push((node.span, Why::Authentication));
    }
    // On ingress a listener is refused there too.
    let ports = field(element.node, "toPorts").map(items).unwrap_or_default();
    let leaves = element.section.direction == Direction::Egress;
    let listeners = ports.iter().filter_map(|item| field(item, "listener")).filter(|_| leaves);
    known.extend(listeners.map(|node| (node.span, Why::Listener)));
    known
}

/// Whether a range is excepted that begins where its own begins, and is wider.
fn excepts_more(item: &Node) -> bool {
    let range = |node: &Node| scalar(node).and_then(|text| text.parse::<Cidr>().ok());
    let Some(own) = field(item, "cidr").and_then(range) else { return false };
    let except = field(item, "except").map(items).unwrap_or_default();
    except
        .iter()
        .filter_map(range)
        .any(|one| one.network() == own.network() && one.length() < own.length())
}

/// The empty list of an element whose ports Cilium opens to everybody for it: no other member says
/// who is meant.
fn counts_as_absent(element: &Element<'_>) -> Option<Span> {
    if field(element.node, "toPorts").map(items).unwrap_or_default().is_empty() {
        return None;
    }
    let mut empty = None;
    for (key, list) in element.peers() {
        let counts =
            matches!(key.text.as_str(), "toFQDNs" | "toServices" | "toGroups" | "fromGroups");
        if !counts || !items(list).is_empty() {
            return None;
        }
        empty = Some(list.span);
    }
    empty
}
