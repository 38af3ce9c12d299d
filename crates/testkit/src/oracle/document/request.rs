//! What CiliumNetworkPolicies ask of requests. Each protocol keeps to ports of its own: where two
//! meet on one connection we stop it and Cilium reads one of them, which is a decision of ours
//! (record 15) and would hide everything else.

use serde_json::{Value, json};

use super::super::world::NAMES;
use super::Chance;

const HTTP_PORTS: [&str; 3] = ["80", "8000", "8080"];
const PATTERNS: [&str; 6] = ["*", "*.a.io", "**.a.io", "*.io", "b*.io", "**.io"];

/// An item with ports and what is asked there.
pub(super) fn random(list: &str, chance: &mut Chance) -> Value {
    match (list, chance.below(4)) {
        ("egress", 0 | 1) => json!({
            "ports": [{"port": "53", "protocol": chance.one_of(&["UDP", "TCP", "ANY"])}],
            "rules": {"dns": [name(chance)]},
        }),
        (_, 2) => json!({
            "ports": [{"port": "443", "protocol": "TCP"}],
            "serverNames": [chance.one_of(&["a.io", "*.a.io"])],
        }),
        (_, _) => {
            let rules = match chance.below(6) {
                0 => json!([]),
                1 => json!([{}]),
                2 => json!([{"path": "/public/.*"}, {"headers": ["X-Own"]}]),
                _ => json!([{"method": "GET", "path": "/"}]),
            };
            let ports: Vec<Value> = (0..chance.between(1, 2))
                .map(|_| json!({"port": chance.one_of(&HTTP_PORTS), "protocol": "TCP"}))
                .collect();
            json!({"ports": ports, "rules": {"http": rules}})
        }
    }
}

/// A name, or a pattern of names.
pub(super) fn name(chance: &mut Chance) -> Value {
    match chance.below(20) {
        0..9 => json!({"matchName": chance.pick(&NAMES).0}),
        9 => json!({"matchName": "a$.io"}),
        _ => json!({"matchPattern": chance.one_of(&PATTERNS)}),
    }
}
