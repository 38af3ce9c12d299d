//! What the gate asks of requests, in words: equal words are equal demands.

use std::collections::{BTreeMap, BTreeSet};

use podwall_policy::demand::{Demand, HttpRule, KafkaRule, Requests};
use podwall_policy::gate::Sheet;

/// The requests that a sheet lets pass, each in words, sorted.
pub(super) fn asked(sheet: &Sheet) -> Vec<String> {
    let words: BTreeSet<String> = sheet.demands().flat_map(demand).collect();
    words.into_iter().collect()
}

fn demand(demand: Option<&Demand>) -> Vec<String> {
    let Some(demand) = demand else { return vec!["any request".to_owned()] };
    let mut words = match &demand.requests {
        Requests::Any if demand.server_names.is_empty() => vec!["any request".to_owned()],
        Requests::Any => Vec::new(),
        Requests::Http(rules) => rules.iter().map(http).collect(),
        Requests::Dns(names) => names.iter().map(|name| format!("dns {name}")).collect(),
        Requests::Kafka(rules) => rules.iter().map(kafka).collect(),
        Requests::Custom { protocol, rules } if rules.is_empty() => vec![protocol.clone()],
        Requests::Custom { protocol, rules } => {
            rules.iter().map(|rule| format!("{protocol} {}", fields(rule))).collect()
        }
    };
    words.extend(demand.server_names.iter().map(|name| format!("tls {name}")));
    if demand.terminating.is_some() {
        words.push("tls ended at the gate".to_owned());
    }
    if demand.originating.is_some() {
        words.push("tls begun at the gate".to_owned());
    }
    words
}

fn kafka(rule: &KafkaRule) -> String {
    let mut words = vec!["kafka".to_owned()];
    words.extend(rule.topic.as_ref().map(|topic| format!("topic {topic}")));
    words.extend(rule.client.as_ref().map(|client| format!("client {client}")));
    words.extend(rule.api_version.map(|version| format!("version {version}")));
    words.extend(rule.api_keys.as_ref().map(|keys| {
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        format!("kinds {}", keys.join(","))
    }));
    words.join(" ")
}

fn fields(rule: &BTreeMap<String, String>) -> String {
    let words: Vec<String> = rule.iter().map(|(key, value)| format!("{key}={value}")).collect();
    words.join(" ")
}

fn http(rule: &HttpRule) -> String {
    let mut words = vec!["http".to_owned()];
    words.extend(rule.method.as_ref().map(|method| method.text().to_owned()));
    words.extend(rule.path.as_ref().map(|path| path.text().to_owned()));
    words.extend(rule.host.as_ref().map(|host| format!("host {}", host.text())));
    words.extend(rule.headers.iter().map(|header| format!("header {}", header.name)));
    let matches = rule.header_matches.iter();
    words.extend(matches.map(|header| format!("header {} {:?}", header.name, header.mismatch)));
    words.join(" ")
}
