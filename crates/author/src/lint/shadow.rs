//! Rules that add nothing beside the others, as `crate::shadow` means it, each with what to do.

use super::{Desk, Finding, catalog};
use crate::shadow::{Shadows, Why};

/// The most pairs of rules that are held side by side: some seconds. What lies beyond is not told.
const COMPARED_AT_MOST: usize = 20_000_000;

/// Tells each rule that adds nothing. Only policies that say the same mode are compared, since the
/// modes of namespaces and of the cluster stand in no text.
pub(super) fn shadowed(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let shadows = Shadows::of(desk.policies.iter().map(|policy| (policy, policy.mode)));
    let mut left = COMPARED_AT_MOST;
    for sheet in &desk.sheets {
        let Some(policy) = sheet.policy else { continue };
        for rule in &policy.rules {
            match left.checked_sub(shadows.compared(rule)) {
                Some(rest) => left = rest,
                None => return,
            }
            let Some(shadow) = shadows.of_rule(rule, policy.mode) else { continue };
            let Some(element) = sheet.element(&rule.id) else { continue };
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
