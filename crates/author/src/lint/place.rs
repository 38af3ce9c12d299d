//! Selectors that select nothing in the world that was given.

use podwall_model::{Labels, Source, World};
use podwall_policy::matching::matches;
use podwall_policy::rule::{Peer, Peers, Requirement, Selector, Subject, Test};

use super::element::{Element, Family, Sheet, Spec, field, items};
use super::{Desk, Finding, catalog};

/// Subjects and peers that nobody is.
pub(super) fn selects_nothing(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let Some(world) = desk.around.world else { return };
    let everyone = everyone(world);
    for sheet in &desk.sheets {
        for spec in &sheet.specs {
            subject(desk, (sheet, spec), &everyone, found);
            for element in &spec.elements {
                peers(desk, (sheet, element), &everyone, found);
            }
        }
    }
}

/// The labels of every workload with a network of its own.
fn everyone(world: &World) -> Vec<Labels> {
    let own = world.workloads.iter().filter(|workload| !workload.host_network);
    own.map(|workload| workload.identity_labels(world.namespace(&workload.name.namespace)))
        .collect()
}

fn subject(
    desk: &Desk<'_>,
    (sheet, spec): (&Sheet<'_>, &Spec<'_>),
    everyone: &[Labels],
    found: &mut Vec<Finding>,
) {
    let Some(policy) = sheet.policy else { return };
    let of_spec = spec.elements.first().map(|element| element.section.spec);
    let mut rules = policy.rules.iter();
    let rule = rules.find(|rule| of_spec.is_none_or(|spec| rule.id.section.spec == spec));
    let Some(Subject::Endpoints(selector)) = rule.map(|rule| &rule.subject) else { return };
    if everyone.iter().any(|labels| matches(selector, labels)) {
        return;
    }
    let key = match sheet.family {
        Some(Family::Kubernetes) => "podSelector",
        Some(Family::Cilium) | None => "endpointSelector",
    };
    let span = field(spec.node, key).unwrap_or(spec.node).span;
    let said = ("the policy is about no workload of this world", nearest(selector, everyone));
    found.push(desk.find(sheet, catalog::SELECTS_NOTHING, span, said));
}

fn peers(
    desk: &Desk<'_>,
    (sheet, element): (&Sheet<'_>, &Element<'_>),
    everyone: &[Labels],
    found: &mut Vec<Finding>,
) {
    let Some(Peers::AnyOf(list)) = sheet.rule(element).map(|rule| &rule.peers) else { return };
    let written: Vec<_> = element.peers().flat_map(|(_, list)| items(list)).collect();
    for (at, peer) in list.iter().enumerate() {
        let Peer::Labels(selector) = peer else { continue };
        let ours = |one: &Requirement| one.source.is_none_or(|source| source == Source::K8s);
        if !selector.0.iter().all(ours) || everyone.iter().any(|labels| matches(selector, labels)) {
            continue;
        }
        let same = written.len() == list.len();
        let node = written.get(at).filter(|_| same).copied().unwrap_or(element.node);
        let said = ("the peer is no workload of this world", nearest(selector, everyone));
        found.push(desk.find(sheet, catalog::SELECTS_NOTHING, node.span, said));
    }
}

/// What to do: the requirement that whoever comes nearest does not meet.
fn nearest(Selector(requirements): &Selector, everyone: &[Labels]) -> String {
    let unmet = |labels: &Labels| -> Vec<&Requirement> {
        let meets = |one: &&Requirement| !matches(&Selector(vec![(*one).clone()]), labels);
        requirements.iter().filter(meets).collect()
    };
    let near = everyone
        .iter()
        .map(|labels| (unmet(labels), labels))
        .min_by_key(|(missing, _)| missing.len());
    match near {
        Some((missing, labels)) if missing.len() < requirements.len() => {
            let words: Vec<String> = missing.iter().map(|one| words(one, labels)).collect();
            format!("who comes nearest lacks {}", words.join(" and "))
        }
        Some(_) | None => "check namespace and labels against the world".to_owned(),
    }
}

fn words(requirement: &Requirement, labels: &Labels) -> String {
    let key = &requirement.key;
    let has: Vec<&str> = labels.values(requirement.source, key).collect();
    let has =
        if has.is_empty() { String::new() } else { format!(" (it has `{}`)", has.join(", ")) };
    match &requirement.test {
        Test::In(values) => format!("`{key}: {}`{has}", values.join("|")),
        Test::NotIn(values) => format!("`{key}` other than `{}`", values.join("|")),
        Test::Exists => format!("the label `{key}`"),
        Test::Absent => format!("the absence of `{key}`{has}"),
    }
}
