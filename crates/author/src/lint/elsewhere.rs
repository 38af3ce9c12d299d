//! Policies that would mean something else in a version of Cilium: what their rules show, and what
//! only the writing does, since such rules come to nothing here.

use std::fmt::Display;

use podwall_model::Direction;
use podwall_policy::Span;
use podwall_policy::target::{Target, Why, differences};

use super::element::{Element, Family, Sheet, Spec, field, items, scalar};
use super::{Desk, Finding, catalog};

/// Everything that differs in the version that is asked about, if one is.
pub(super) fn differs(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let Some(target) = desk.around.target else { return };
    for sheet in &desk.sheets {
        let Some(policy) = sheet.policy else { continue };
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
