//! Policies in tiers: ClusterNetworkPolicy (v1alpha2), and AdminNetworkPolicy with its baseline
//! (v1alpha1). The source is Kubernetes' own API and its conformance tests.
//!
//! Rules are asked by tier, priority and their place in the list. None of them isolates: what no
//! rule is about passes.

mod peer;
mod port;

use podwall_model::{Direction, PolicyKind, RuleId, Section};

use crate::cnp::Place;
use crate::content;
use crate::diagnostic::{Code, Findings, Span, shown};
use crate::fields::{self, Fields};
use crate::rule::{Effect, Peers, Ports, Precedence, Rule, Subject, Tier};
use crate::scope::{Dialect, Scope, UnnamedCluster};
use crate::yaml::Node;

/// The greatest priority.
const LAST_PRIORITY: u32 = 1000;
/// The longest name of a rule.
const MAX_RULE_NAME: usize = 100;
/// The most rules of a list, and items of a rule, in ClusterNetworkPolicy.
const MAX_ITEMS: usize = 25;
/// The same in the two older kinds.
const MAX_ITEMS_V1ALPHA1: usize = 100;

/// What the kinds do not have in common.
struct Form {
    kind: PolicyKind,
    actions: &'static [(&'static str, Effect)],
    ports: &'static str,
    most: usize,
}

impl Form {
    fn of(kind: PolicyKind) -> Form {
        const PASSING: &[(&str, Effect)] =
            &[("Accept", Effect::Allow), ("Deny", Effect::Deny), ("Pass", Effect::Pass)];
        const ADMIN: &[(&str, Effect)] =
            &[("Allow", Effect::Allow), ("Deny", Effect::Deny), ("Pass", Effect::Pass)];
        let (actions, ports, most) = match kind {
            PolicyKind::ClusterNetworkPolicy => (PASSING, "protocols", MAX_ITEMS),
            PolicyKind::BaselineAdminNetworkPolicy => (&ADMIN[..2], "ports", MAX_ITEMS_V1ALPHA1),
            PolicyKind::AdminNetworkPolicy
            | PolicyKind::CiliumClusterwideNetworkPolicy
            | PolicyKind::CiliumNetworkPolicy
            | PolicyKind::NetworkPolicy
            | PolicyKind::CiliumCIDRGroup => (ADMIN, "ports", MAX_ITEMS_V1ALPHA1),
        };
        Form { kind, actions, ports, most }
    }
}

/// The scopes that selectors are read in: peers that are pods are of the local cluster, whole
/// namespaces and subjects of any.
struct Scopes<'a> {
    local: Scope<'a>,
    any: Scope<'a>,
}

/// Reads the spec of a policy in tiers.
pub(crate) fn read(node: &Node, place: &Place<'_>, findings: &mut Findings) -> Vec<Rule> {
    let Some(mut fields) = Fields::of(node, findings) else { return Vec::new() };
    let form = Form::of(place.policy.kind);
    let any = Dialect { unnamed_cluster: UnnamedCluster::Any, ..place.dialect.clone() };
    let scope = |dialect| Scope { dialect, namespace: None, subject_is_init: false };
    let scopes = Scopes { local: scope(place.dialect), any: scope(&any) };
    let standing = read_standing(&mut fields, place, findings);
    let subject = match fields.take("subject") {
        Some(node) => peer::read_subject(node, &scopes, findings),
        None => {
            findings.error(Code::SUBJECT, fields.span, "`subject` is needed");
            None
        }
    };
    let mut rules = Vec::new();
    for (name, direction) in [("ingress", Direction::Ingress), ("egress", Direction::Egress)] {
        let Some(list) = fields.take(name) else { continue };
        let items = at_most(list, form.most, "rules", findings);
        for (index, item) in (0u32..).zip(items) {
            let Some((effect, peers, ports)) = read_rule(item, direction, &form, &scopes, findings)
            else {
                continue;
            };
            let section = Section { spec: None, direction, deny: false };
            let id =
                RuleId { policy: place.policy.clone(), section, index: Some(index), content: 0 };
            let mut rule = Rule {
                id,
                subject: Subject::Endpoints(subject.clone().unwrap_or_default()),
                direction,
                effect,
                precedence: Precedence { index, ..standing },
                peers,
                ports,
                demands: Vec::new(),
                isolates: false,
                log: None,
            };
            rule.id.content = content::hash(&rule);
            rules.push(rule);
        }
    }
    fields.finish(findings);
    rules
}

/// The tier and the priority of a policy.
fn read_standing(
    fields: &mut Fields<'_>,
    place: &Place<'_>,
    findings: &mut Findings,
) -> Precedence {
    let kind = place.policy.kind;
    let in_tier = |tier, priority| Precedence { tier, priority, index: 0 };
    if kind == PolicyKind::BaselineAdminNetworkPolicy {
        if !matches!(place.policy.name.as_str(), "default" | "") {
            let message = "a BaselineAdminNetworkPolicy has to be called `default`";
            findings.error(Code::NAME, fields.span, message);
        }
        return in_tier(Tier::Baseline, 0);
    }
    let priority = match fields.take("priority") {
        Some(node) => fields::number(node, LAST_PRIORITY, findings).unwrap_or(0),
        None => {
            findings.error(Code::MISSING, fields.span, "`priority` is needed");
            0
        }
    };
    if kind != PolicyKind::ClusterNetworkPolicy {
        return in_tier(Tier::Admin, priority);
    }
    let Some(node) = fields.take("tier") else {
        findings.error(Code::MISSING, fields.span, "`tier` is needed");
        return in_tier(Tier::Admin, priority);
    };
    match fields::text(node, findings) {
        Some("Baseline") => in_tier(Tier::Baseline, priority),
        Some("Admin") | None => in_tier(Tier::Admin, priority),
        Some(other) => {
            let message = format!("not a tier: `{}`", shown(other));
            findings.error_with(Code::TIER, node.span, message, "write Admin or Baseline");
            in_tier(Tier::Admin, priority)
        }
    }
}

fn read_rule(
    node: &Node,
    direction: Direction,
    form: &Form,
    scopes: &Scopes<'_>,
    findings: &mut Findings,
) -> Option<(Effect, Peers, Ports)> {
    let mut fields = Fields::of(node, findings)?;
    let span = fields.span;
    if let Some(name) = fields.take("name")
        && let Some(text) = fields::text(name, findings)
        && text.chars().count() > MAX_RULE_NAME
    {
        let message = format!("longer than {MAX_RULE_NAME} characters: `{}`", shown(text));
        findings.error(Code::NAME, name.span, message);
    }
    let action = fields.take("action");
    let peers = fields.take(match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    });
    let ports = fields.take(form.ports);
    fields.finish(findings);
    let effect = read_action(action, form, span, findings);
    let Some(peers) = peers.filter(|node| !fields::is_empty_list(node)) else {
        let message = "a rule needs at least one peer: `from` on ingress, `to` on egress";
        findings.error(Code::MISSING, span, message);
        return None;
    };
    let mut list = Vec::new();
    let mut has_ports = true;
    for item in at_most(peers, form.most, "peers", findings) {
        let read = peer::read(item, direction, effect, scopes, findings)?;
        has_ports &= read.has_named_ports;
        list.extend(read.peers);
    }
    let ports = match ports {
        None => Ports::Any,
        Some(node) => port::read(node, form, findings)?,
    };
    if !has_ports && port::has_names(&ports) {
        let message = "networks, nodes and domain names have no named ports";
        findings.error(Code::PORT, span, message);
    }
    Some((effect?, Peers::AnyOf(list), ports))
}

fn read_action(
    node: Option<&Node>,
    form: &Form,
    span: Span,
    findings: &mut Findings,
) -> Option<Effect> {
    let Some(node) = node else {
        findings.error(Code::MISSING, span, "`action` is needed");
        return None;
    };
    let word = fields::text(node, findings)?;
    let found = form.actions.iter().find(|(name, _)| *name == word).map(|(_, effect)| *effect);
    if found.is_none() {
        let names: Vec<&str> = form.actions.iter().map(|(name, _)| *name).collect();
        let message = format!("not an action of {}: `{}`", form.kind.name(), shown(word));
        findings.error_with(
            Code::TIER,
            node.span,
            message,
            format!("write {}", names.join(" or ")),
        );
    }
    found
}

/// The items of a list that may hold only so many.
fn at_most<'node>(
    node: &'node Node,
    most: usize,
    what: &str,
    findings: &mut Findings,
) -> &'node [Node] {
    let items = fields::items(node, findings).unwrap_or_default();
    if items.len() > most {
        findings.error(Code::TIER, node.span, format!("too many {what}, the max is {most}"));
        return &[];
    }
    items
}
