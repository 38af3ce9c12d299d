//! The name of a rule's content: a number that changes exactly when the rule's meaning does.
//!
//! FNV-1a over a text that spells out subject, direction, action, peers and ports. The number is
//! stored with flows and counters: changing how the text is spelt renames every rule.

use podwall_model::Cidr;

use crate::demand::{HttpRule, KafkaRule, Mismatch, PortDemand, Requests, SecretName, TlsContext};
use crate::rule::{
    Effect, Peer, Peers, Port, Ports, Precedence, Reach, Rule, Selector, Subject, Test, Which,
};

/// The hash that stands in a rule's id.
pub(crate) fn hash(rule: &Rule) -> u64 {
    let mut text = String::new();
    spell_subject(&rule.subject, &mut text);
    text += &rule.direction.to_string();
    text += match rule.effect {
        Effect::Allow => " allow ",
        Effect::Deny => " deny ",
        Effect::Pass => " pass ",
    };
    if rule.precedence != Precedence::NORMAL {
        let Precedence { tier, priority, index } = rule.precedence;
        text += &format!("{tier:?} {priority}.{index} ");
    }
    spell_peers(&rule.peers, &mut text);
    spell_ports(&rule.ports, &mut text);
    for item in &rule.demands {
        spell_demand(item, &mut text);
    }
    text += if rule.isolates { " isolates" } else { "" };
    if let Some(log) = &rule.log {
        word(log, &mut text);
    }
    fnv1a(text.as_bytes())
}

/// FNV-1a, 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>).
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A word with its length before it, so that no two lists of words spell the same.
fn word(word: &str, text: &mut String) {
    *text += &format!("{}:{word}", word.len());
}

fn spell_subject(subject: &Subject, text: &mut String) {
    let (kind, selector) = match subject {
        Subject::Endpoints(selector) => ("endpoints ", selector),
        Subject::Nodes(selector) => ("nodes ", selector),
    };
    *text += kind;
    spell_selector(selector, text);
}

fn spell_selector(selector: &Selector, text: &mut String) {
    *text += "(";
    for requirement in &selector.0 {
        word(requirement.source.map_or("any", |source| source.prefix()), text);
        word(&requirement.key, text);
        let values: &[String] = match &requirement.test {
            Test::In(values) => {
                *text += "=";
                values
            }
            Test::NotIn(values) => {
                *text += "!";
                values
            }
            Test::Exists => {
                *text += "+";
                &[]
            }
            Test::Absent => {
                *text += "-";
                &[]
            }
        };
        for value in values {
            word(value, text);
        }
        *text += ";";
    }
    *text += ")";
}

fn spell_peers(peers: &Peers, text: &mut String) {
    match peers {
        Peers::Anyone => *text += "anyone",
        Peers::AnyOf(list) => {
            *text += "[";
            for peer in list {
                spell_peer(peer, text);
            }
            *text += "]";
        }
    }
}

fn spell_peer(peer: &Peer, text: &mut String) {
    match peer {
        Peer::Labels(selector) => spell_selector(selector, text),
        Peer::Cidr { cidr, except, reach } => {
            *text += match reach {
                Reach::World => "world ",
                Reach::Everything => "everything ",
                Reach::Outside => "outside ",
            };
            *text += &cidr.to_string();
            spell_except(except, text);
        }
        Peer::Group { which, except } => {
            *text += "group ";
            spell_which(which, text);
            spell_except(except, text);
        }
        Peer::Name(pattern) => {
            *text += "name ";
            word(&pattern.to_string(), text);
        }
        // The cluster is the reader's, not the text's.
        Peer::Service { which, namespace, cluster: _ } => {
            *text += "service ";
            spell_which(which, text);
            if let Some(namespace) = namespace {
                word(namespace, text);
            }
            *text += ";";
        }
    }
}

fn spell_which(which: &Which, text: &mut String) {
    match which {
        Which::Named(name) => word(name, text),
        Which::Labelled(selector) => spell_selector(selector, text),
    }
}

fn spell_except(except: &[Cidr], text: &mut String) {
    for except in except {
        *text += &format!(" less {except}");
    }
    *text += ";";
}

fn spell_ports(ports: &Ports, text: &mut String) {
    let list = match ports {
        Ports::Any => {
            *text += " any port";
            return;
        }
        Ports::AnyOf(list) => list,
    };
    *text += " ports";
    for port in list {
        *text += &match port {
            Port::All(protocol) => format!(" {}/*", protocol.0),
            Port::Range { protocol, first, last } => format!(" {}/{first}-{last}", protocol.0),
            Port::Named { name, protocol, last } => {
                let protocol = protocol.map_or("any".to_owned(), |p| p.0.to_string());
                format!(" {protocol}/{name}-{}", last.unwrap_or(0))
            }
            Port::Icmp { family, kind } => format!(" icmp {}/{kind}", family.protocol().0),
        };
    }
}

fn spell_demand(PortDemand { ports, demand }: &PortDemand, text: &mut String) {
    spell_ports(ports, text);
    *text += " asks";
    for name in &demand.server_names {
        word(&name.to_string(), text);
    }
    for (side, context) in [("<", &demand.terminating), (">", &demand.originating)] {
        let Some(context) = context else { continue };
        *text += side;
        let TlsContext { secret, trusted_ca, certificate, private_key } = context;
        for part in [&secret.namespace, &secret.name, trusted_ca, certificate, private_key] {
            word(part, text);
        }
    }
    match &demand.requests {
        Requests::Any => {}
        Requests::Http(rules) => rules.iter().for_each(|rule| spell_http(rule, text)),
        Requests::Dns(patterns) => {
            *text += " dns";
            patterns.iter().for_each(|pattern| word(&pattern.to_string(), text));
        }
        Requests::Kafka(rules) => {
            for KafkaRule { api_keys, api_version, client, topic } in rules {
                *text += &format!(" kafka {api_keys:?} {api_version:?}");
                for part in [client, topic] {
                    word(part.as_deref().unwrap_or(""), text);
                }
            }
        }
        Requests::Custom { protocol, rules } => {
            *text += " custom";
            word(protocol, text);
            for rule in rules {
                *text += ";";
                rule.iter()
                    .for_each(|(key, value)| [key, value].into_iter().for_each(|w| word(w, text)));
            }
        }
    }
}

fn spell_http(rule: &HttpRule, text: &mut String) {
    *text += " http";
    for pattern in [&rule.method, &rule.path, &rule.host] {
        word(pattern.as_ref().map_or("", |pattern| pattern.text()), text);
    }
    for test in &rule.headers {
        *text += if test.value.is_some() { "=" } else { "+" };
        word(&test.name, text);
        word(test.value.as_deref().unwrap_or(""), text);
    }
    for one in &rule.header_matches {
        *text += match one.mismatch {
            Mismatch::Fail => "!f",
            Mismatch::Log => "!l",
            Mismatch::Add => "!a",
            Mismatch::Delete => "!d",
            Mismatch::Replace => "!r",
        };
        word(&one.name, text);
        word(&one.value, text);
        if let Some(SecretName { namespace, name }) = &one.secret {
            word(namespace, text);
            word(name, text);
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_is_fnv1a() {
        assert_eq!(super::fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(super::fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
