//! The text that names a rule in pinned state, and back.
//!
//! `Kind/namespace/name#section[index]@content`, the content hash in 16 hexadecimal digits: what
//! people write in test files, made unique. Any later version can read it.

use podwall_model::{Direction, PolicyId, PolicyKind, RuleId, Section};

/// The text of a rule's id.
pub(crate) fn write(rule: &RuleId) -> String {
    format!("{rule}@{:016x}", rule.content)
}

/// The rule's id that a text names; `None` for a text that is none of ours.
pub(crate) fn parse(text: &str) -> Option<RuleId> {
    let (policy, place) = text.split_once('#')?;
    let (place, content) = place.split_once('@')?;
    let content = u64::from_str_radix(content, 16).ok()?;
    let (list, index) = match place.strip_suffix(']') {
        Some(open) => {
            let (list, index) = open.rsplit_once('[')?;
            (list, Some(index.parse().ok()?))
        }
        None => (place, None),
    };
    Some(RuleId { policy: parse_policy(policy)?, section: parse_section(list)?, index, content })
}

fn parse_policy(text: &str) -> Option<PolicyId> {
    let (kind, rest) = text.split_once('/')?;
    let kind = PolicyKind::from_name(kind)?;
    let (namespace, name) = match rest.split_once('/') {
        Some((namespace, name)) => (Some(namespace.to_owned()), name),
        None => (None, rest),
    };
    Some(PolicyId { kind, namespace, name: name.to_owned() })
}

fn parse_section(text: &str) -> Option<Section> {
    let (spec, list) = match text.strip_prefix("specs[") {
        Some(rest) => {
            let (index, list) = rest.split_once("].")?;
            (Some(index.parse().ok()?), list)
        }
        None => (None, text),
    };
    let (direction, deny) = match list {
        "ingress" => (Direction::Ingress, false),
        "ingressDeny" => (Direction::Ingress, true),
        "egress" => (Direction::Egress, false),
        "egressDeny" => (Direction::Egress, true),
        _ => return None,
    };
    Some(Section { spec, direction, deny })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(kind: PolicyKind, namespace: Option<&str>) -> PolicyId {
        PolicyId { kind, namespace: namespace.map(str::to_owned), name: "db.v1".into() }
    }

    #[test]
    fn every_form_of_id_is_read_back() {
        let kinds = [
            policy(PolicyKind::CiliumClusterwideNetworkPolicy, None),
            policy(PolicyKind::CiliumNetworkPolicy, Some("shop")),
            policy(PolicyKind::NetworkPolicy, Some("shop")),
        ];
        for policy in kinds {
            for direction in Direction::BOTH {
                for (spec, deny, index) in
                    [(None, false, None), (Some(2), true, Some(7)), (None, true, Some(0))]
                {
                    let section = Section { spec, direction, deny };
                    let rule = RuleId { policy: policy.clone(), section, index, content: 0xab };
                    assert_eq!(parse(&write(&rule)), Some(rule));
                }
            }
        }
    }

    #[test]
    fn foreign_text_is_no_rule() {
        for text in ["", "x", "Pod/a/b#ingress@0", "NetworkPolicy/a/b#ingres@0", "a#b", "a#b@zz"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
