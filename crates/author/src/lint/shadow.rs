//! Rules that never decide anything: a deny takes all they allow, or their own policy allows it
//! already.

use podwall_policy::rule::{Action, Peers, Policy, Ports, Rule};

use super::element::Sheet;
use super::{Desk, Finding, catalog, cover};

/// Allows that a deny takes whole, and rules that another one of the same policy makes needless.
pub(super) fn shadowed(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let rules =
        || desk.policies.iter().flat_map(|policy| policy.rules.iter().map(move |r| (policy, r)));
    let denies: Vec<(&Policy, &Rule)> =
        rules().filter(|(_, rule)| rule.action == Action::Deny && says_something(rule)).collect();
    for sheet in &desk.sheets {
        let Some(policy) = sheet.policy else { continue };
        for rule in policy.rules.iter().filter(|rule| says_something(rule)) {
            let denied = denies.iter().find(|(by, deny)| {
                rule.action == Action::Allow && by.mode == policy.mode && takes(deny, rule)
            });
            if let Some((_, deny)) = denied {
                found.extend(finding(desk, sheet, rule, format!(
                    "the rule allows nothing: `{}` denies all of it, and a deny beats every allow",
                    deny.id
                ), "narrow the deny, or take this rule away"));
                continue;
            }
            let needless =
                policy.rules.iter().filter(|other| says_something(other)).find(|other| {
                    let first = other.id < rule.id || !takes(rule, other);
                    other.id != rule.id
                        && other.action == rule.action
                        && first
                        && takes(other, rule)
                });
            if let Some(other) = needless {
                found.extend(finding(
                    desk,
                    sheet,
                    rule,
                    format!("the rule adds nothing: `{}` is about all of it already", other.id),
                    "take it away, or narrow the other one",
                ));
            }
        }
    }
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

/// Whether the first is about all that the second is about.
fn takes(wide: &Rule, narrow: &Rule) -> bool {
    wide.direction == narrow.direction
        && cover::subject(&wide.subject, &narrow.subject)
        && cover::peers(&wide.peers, &narrow.peers)
        && cover::ports(&wide.ports, &narrow.ports)
}
