//! Rules that never decide anything: a deny takes all they allow, or their own policy allows it
//! already.

use std::cmp::Ordering;

use podwall_policy::rule::{Effect, Peers, Policy, Ports, Rule};

use super::element::Sheet;
use super::{Desk, Finding, catalog, cover};

/// Allows that a deny takes whole, and rules that another one of the same policy makes needless.
pub(super) fn shadowed(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let all = desk.policies.iter().flat_map(|policy| policy.rules.iter().map(move |r| (policy, r)));
    let denies: Vec<(&Policy, &Rule)> =
        all.filter(|(_, rule)| rule.effect == Effect::Deny && says_something(rule)).collect();
    for sheet in &desk.sheets {
        let Some(policy) = sheet.policy else { continue };
        for rule in policy.rules.iter().filter(|rule| says_something(rule)) {
            let denied = denies.iter().find(|(by, deny)| {
                let first = deny.precedence <= rule.precedence;
                let same = by.mode == policy.mode;
                rule.effect == Effect::Allow && first && same && takes(deny, rule)
            });
            let unread = (rule.demands_any() && rule.effect == Effect::Allow)
                .then(|| unread(desk, policy, rule))
                .flatten();
            if let (None, Some(other)) = (denied, unread) {
                let message = format!(
                    "what the rule asks of requests is not asked: `{}` allows the same without",
                    other.id
                );
                let help = "narrow the other one, or let both ask";
                found.extend(finding(desk, sheet, rule, message, help));
                continue;
            }
            let (message, help) = match (denied, needless(policy, rule)) {
                (Some((_, deny)), _) => (
                    format!(
                        "the rule allows nothing: `{}` denies all of it, and a deny beats every \
                         allow",
                        deny.id
                    ),
                    "narrow the deny, or take this rule away",
                ),
                (None, Some(other)) => (
                    format!("the rule adds nothing: `{}` is about all of it already", other.id),
                    "take it away, or narrow the other one",
                ),
                (None, None) => continue,
            };
            found.extend(finding(desk, sheet, rule, message, help));
        }
    }
}

/// A rule, of any policy in the same mode, that lets the same packets pass unread.
fn unread<'d>(desk: &'d Desk<'_>, policy: &Policy, rule: &Rule) -> Option<&'d Rule> {
    let alike = desk.policies.iter().filter(|other| other.mode == policy.mode);
    let mut rules = alike.flat_map(|other| &other.rules);
    rules.find(|other| {
        let allows = other.effect == Effect::Allow && other.precedence == rule.precedence;
        allows && !other.demands_any() && says_something(other) && takes(other, rule)
    })
}

/// Another rule of the policy that does the same with all that this one is about; in tiers, also
/// one that is asked before it and does anything with all of that.
fn needless<'p>(policy: &'p Policy, rule: &Rule) -> Option<&'p Rule> {
    let others = policy.rules.iter().filter(|other| other.id != rule.id && says_something(other));
    others.into_iter().find(|other| {
        let decides = match other.precedence.cmp(&rule.precedence) {
            Ordering::Less => true,
            Ordering::Equal => other.effect == rule.effect,
            Ordering::Greater => false,
        };
        let equal = takes(rule, other) && other.precedence == rule.precedence;
        decides && takes(other, rule) && (other.id < rule.id || !equal)
    })
}

fn finding(
    desk: &Desk<'_>,
    sheet: &Sheet<'_>,
    rule: &Rule,
    message: String,
    help: &str,
) -> Option<Finding> {
    let element = sheet.element(rule)?;
    Some(desk.find(sheet, catalog::SHADOWED, element.node.span, (message, help)))
}

fn says_something(rule: &Rule) -> bool {
    rule.id.index.is_some()
        && rule.peers != Peers::AnyOf(Vec::new())
        && rule.ports != Ports::AnyOf(Vec::new())
}

/// Whether the first is about all that the second is about, requests included.
fn takes(wide: &Rule, narrow: &Rule) -> bool {
    wide.direction == narrow.direction
        && (!wide.demands_any() || wide.demands == narrow.demands)
        && cover::subject(&wide.subject, &narrow.subject)
        && cover::peers(&wide.peers, &narrow.peers)
        && cover::ports(&wide.ports, &narrow.ports)
}
