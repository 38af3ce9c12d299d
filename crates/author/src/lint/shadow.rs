//! Rules that add nothing beside the others, as `crate::shadow` means it, each with what to do.

use super::{Desk, Finding, catalog};
use crate::shadow::{Shadows, Why};

/// Tells each rule that adds nothing. Only policies that say the same mode are compared, since the
/// modes of namespaces and of the cluster stand in no text.
pub(super) fn shadowed(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let shadows = Shadows::of(desk.policies.iter().map(|policy| (policy, policy.mode)));
    for sheet in &desk.sheets {
        let Some(policy) = sheet.policy else { continue };
        for rule in &policy.rules {
            let Some(shadow) = shadows.of_rule(rule, policy.mode) else { continue };
            let Some(element) = sheet.element(rule) else { continue };
            let said = (shadow.told(), help(shadow.why));
            found.push(desk.find(sheet, catalog::SHADOWED, element.node.span, said));
        }
    }
}

fn help(why: Why) -> &'static str {
    match why {
        Why::Denied => "narrow the deny, or take this rule away",
        Why::Unread => "narrow the other one, or let both ask",
        Why::Repeated => "take it away, or narrow the other one",
    }
}
