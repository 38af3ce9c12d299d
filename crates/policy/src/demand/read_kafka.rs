//! Reading Kafka rules and those of custom protocols.

use std::collections::BTreeMap;

use super::kafka::{CONSUME, PRODUCE};
use super::{KafkaRule, Requests, api_key};
use crate::diagnostic::{Code, Findings, Span, shown};
use crate::fields::{self, Fields};
use crate::yaml::{Node, Value};

/// The longest topic (Kafka's own limit).
const MAX_TOPIC: usize = 255;

/// Reads one item of a `kafka` list.
pub(super) fn read(node: &Node, findings: &mut Findings) -> Option<KafkaRule> {
    let mut fields = Fields::of(node, findings)?;
    let [role, key] = ["role", "apiKey"].map(|name| fields.take(name));
    let [version, client, topic] =
        ["apiVersion", "clientID", "topic"].map(|name| fields.take(name));
    fields.finish(findings);
    let (role, key) = (said(role, findings)?, said(key, findings)?);
    let version = said(version, findings)?;
    let (client, topic) = (said(client, findings)?, said(topic, findings)?);
    let mut error = |at: Span, message: String| {
        findings.error(Code::KAFKA, at, message);
        None
    };
    let api_keys = match (role, key) {
        (Some((_, at)), Some(_)) => {
            return error(at, "Cannot set both Role:`..` and APIKey:`..` together".to_owned());
        }
        (None, None) => None,
        (Some((role, at)), None) => match role.to_ascii_lowercase().as_str() {
            "produce" => Some(PRODUCE.to_vec()),
            "consume" => Some(CONSUME.to_vec()),
            _ => return error(at, format!("invalid Kafka Role: `{}`", shown(role))),
        },
        (None, Some((key, at))) => match api_key(key) {
            Some(number) => Some(vec![number]),
            None => return error(at, format!("invalid Kafka APIKey: `{}`", shown(key))),
        },
    };
    let api_version = match version {
        None => None,
        Some((text, at)) => match text.parse::<i16>() {
            Ok(number) => Some(number),
            Err(_) => return error(at, format!("invalid Kafka APIVersion: `{}`", shown(text))),
        },
    };
    if let Some((topic, at)) = topic {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if topic.len() > MAX_TOPIC {
            return error(at, format!("kafka topic exceeds maximum len of {MAX_TOPIC}"));
        }
        if !topic.bytes().all(fits) {
            return error(at, format!("invalid Kafka Topic name: `{}`", shown(topic)));
        }
    }
    Some(KafkaRule {
        api_keys,
        api_version,
        client: client.map(|(text, _)| text.to_owned()),
        topic: topic.map(|(text, _)| text.to_owned()),
    })
}

/// A text and its place; an empty one says nothing. `None`: it is no text.
fn said<'node>(
    node: Option<&'node Node>,
    findings: &mut Findings,
) -> Option<Option<(&'node str, Span)>> {
    let Some(node) = node else { return Some(None) };
    let text = fields::text(node, findings)?;
    Some((!text.is_empty()).then_some((text, node.span)))
}

/// Reads `l7proto` and the fields under `l7`.
pub(super) fn read_custom(
    protocol: &Node,
    l7: Option<&Node>,
    findings: &mut Findings,
) -> Option<Requests> {
    let name = fields::text(protocol, findings)?;
    if name.is_empty() {
        findings.error(Code::REQUEST, protocol.span, "`l7proto` needs a name");
        return None;
    }
    let items = match l7 {
        Some(node) => fields::items(node, findings)?,
        None => &[],
    };
    let rules = items.iter().filter_map(|item| read_fields(item, findings)).collect();
    Some(Requests::Custom { protocol: name.to_owned(), rules })
}

fn read_fields(node: &Node, findings: &mut Findings) -> Option<BTreeMap<String, String>> {
    let Value::Map { entries, .. } = &node.value else {
        let _ = Fields::of(node, findings);
        return None;
    };
    let mut read = BTreeMap::new();
    for (key, value) in entries {
        if key.text.is_empty() {
            findings.error(Code::REQUEST, key.span, "Empty key not allowed");
            return None;
        }
        read.insert(key.text.clone(), fields::text(value, findings)?.to_owned());
    }
    Some(read)
}
