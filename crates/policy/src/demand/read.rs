//! Reading what an item of `toPorts` asks of requests. The conditions are Cilium's, in its words.

use podwall_model::Direction;

use super::{Demand, Requests, SecretName, ServerName, TlsContext, read_http, read_kafka};
use crate::diagnostic::{Code, Findings, Span, shown};
use crate::fields::{self, Fields};
use crate::names::NamePattern;
use crate::scope::Gate;
use crate::yaml::{Node, Value};

/// Where an item stands.
#[derive(Clone, Copy)]
pub(crate) struct Place<'node> {
    pub(crate) direction: Direction,
    pub(crate) gate: Gate,
    /// Its `ports`, if it has any.
    pub(crate) ports: Option<&'node Node>,
}

/// Takes the fields that are the gate's out of an item.
pub(crate) fn take(fields: &mut Fields<'_>, place: Place<'_>, findings: &mut Findings) -> Demand {
    let at = fields.span;
    let rules = fields.take("rules");
    let server_names = fields.take("serverNames");
    let terminating = fields.take("terminatingTLS");
    let originating = fields.take("originatingTLS");
    let listener = fields.take("listener");
    let demand = Demand {
        requests: rules.map(|node| read_rules(node, place, findings)).unwrap_or_default(),
        server_names: server_names.map(|node| read_names(node, findings)).unwrap_or_default(),
        terminating: terminating.and_then(|node| read_context(node, findings)),
        originating: originating.and_then(|node| read_context(node, findings)),
    };
    let has_requests = demand.requests != Requests::Any;
    if !demand.server_names.is_empty() && has_requests && demand.terminating.is_none() {
        let message = "ServerNames are not allowed with L7 rules without TLS termination";
        let span = server_names.map_or(at, |node| node.span);
        findings.error_with(Code::REQUEST, span, message, "add `terminatingTLS`, or two items");
    }
    if let Some(listener) = listener {
        refuse_listener(listener, place.direction, has_requests, findings);
    }
    let present = [
        ("rules", rules),
        ("serverNames", server_names),
        ("terminatingTLS", terminating),
        ("originatingTLS", originating),
    ];
    let first = present.into_iter().find_map(|(name, node)| node.map(|node| (name, node)));
    if let (Gate::Absent, Some((name, node)), Some(_)) = (place.gate, first, demand.protocol()) {
        fields::unsupported(name, node.span, findings);
    }
    demand
}

fn read_rules(node: &Node, place: Place<'_>, findings: &mut Findings) -> Requests {
    let Some(mut fields) = Fields::of(node, findings) else { return Requests::Any };
    let kinds = ["http", "dns", "kafka", "l7proto"].map(|name| fields.take(name));
    let l7 = fields.take("l7");
    fields.finish(findings);
    let [http, dns, kafka, protocol] = kinds;
    let given = kinds.iter().flatten().count();
    if given > 1 {
        let message = "multiple L7 protocol rule types specified in single rule";
        findings.error(Code::REQUEST, node.span, message);
        return Requests::Any;
    }
    if let (Some(l7), None) = (l7, protocol) {
        let message = "'l7' may only be specified when a 'l7proto' is also specified";
        findings.error(Code::REQUEST, l7.span, message);
        return Requests::Any;
    }
    if given == 0 {
        let message = "`rules` needs one of `http`, `dns`, `kafka` and `l7proto`";
        findings.error_with(
            Code::REQUEST,
            node.span,
            message,
            "leave `rules` out for every request",
        );
        return Requests::Any;
    }
    let requests = if let Some(node) = http {
        list(node, findings, read_http::read).map(Requests::Http)
    } else if let Some(node) = dns {
        check_dns(node, place, findings);
        list(node, findings, read_dns).map(Requests::Dns)
    } else if let Some(node) = kafka {
        list(node, findings, read_kafka::read).map(Requests::Kafka)
    } else {
        protocol.and_then(|node| read_kafka::read_custom(node, l7, findings))
    };
    let requests = requests.unwrap_or_default();
    check_ports(&requests, node.span, place, findings);
    requests
}

/// The items of a list; an empty list asks for nothing.
fn list<T>(
    node: &Node,
    findings: &mut Findings,
    read: impl Fn(&Node, &mut Findings) -> Option<T>,
) -> Option<Vec<T>> {
    let items = fields::items(node, findings)?;
    let read: Vec<T> = items.iter().filter_map(|item| read(item, findings)).collect();
    (!items.is_empty()).then_some(read)
}

/// Which ports requests can be read on.
fn check_ports(requests: &Requests, at: Span, place: Place<'_>, findings: &mut Findings) {
    let is_dns = match requests {
        Requests::Any => return,
        Requests::Dns(_) => true,
        Requests::Http(_) | Requests::Kafka(_) | Requests::Custom { .. } => false,
    };
    let entries = match place.ports.map(|node| &node.value) {
        Some(Value::List(entries)) => entries.as_slice(),
        Some(Value::Scalar { .. } | Value::Map { .. }) | None => &[],
    };
    for entry in entries {
        let text = |key: &str| match entry.entry(key).map(|(_, node)| (node.is_null(), &node.value))
        {
            Some((false, Value::Scalar { text, .. })) => text.as_str(),
            Some((_, Value::Scalar { .. } | Value::List(_) | Value::Map { .. })) | None => "",
        };
        let protocol = match text("protocol").to_ascii_uppercase() {
            empty if empty.is_empty() => "ANY".to_owned(),
            protocol => protocol,
        };
        let fits = match protocol.as_str() {
            "TCP" => true,
            "UDP" | "ANY" => is_dns,
            _ => false,
        };
        if !fits {
            let message = format!(
                "L7 rules can only apply to TCP (not {}) except for DNS rules",
                shown(&protocol)
            );
            findings.error_with(Code::REQUEST, entry.span, message, "write `protocol: TCP`");
        }
        if text("port") == "0" {
            let message = "L7 rules can not be used when a port is 0";
            findings.error(Code::REQUEST, entry.span, message);
        }
        // A last port below the first is none, and a port's name begins no range here.
        let number = |key| fields::decimal(text(key));
        let is_range = number("port").is_some_and(|first| number("endPort") > Some(first));
        if is_dns && is_range {
            findings.error(Code::REQUEST, entry.span, "DNS rules do not support port ranges");
        }
    }
    if is_dns && entries.is_empty() {
        findings.error(Code::REQUEST, at, "port 53 must be specified for DNS rules");
    }
}

fn check_dns(node: &Node, place: Place<'_>, findings: &mut Findings) {
    match place.direction {
        Direction::Egress => {}
        Direction::Ingress => {
            let message = "DNS rules are not allowed on ingress";
            findings.error_with(Code::REQUEST, node.span, message, "ask in egress of the client");
        }
    }
}

fn read_dns(node: &Node, findings: &mut Findings) -> Option<NamePattern> {
    let mut fields = Fields::of(node, findings)?;
    let (name, pattern) = (fields.take("matchName"), fields.take("matchPattern"));
    fields.finish(findings);
    let (read, node) = match (name, pattern) {
        (Some(node), None) => (NamePattern::of_name(fields::text(node, findings)?), node),
        (None, Some(node)) => (NamePattern::of_pattern(fields::text(node, findings)?), node),
        (None, None) | (Some(_), Some(_)) => {
            let message = "a DNS rule has one of `matchName` and `matchPattern`";
            findings.error(Code::DNS_NAME, node.span, message);
            return None;
        }
    };
    match read {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            findings.error(Code::DNS_NAME, node.span, shown(&error.to_string()));
            None
        }
    }
}

fn read_names(node: &Node, findings: &mut Findings) -> Vec<ServerName> {
    let items = fields::items(node, findings).unwrap_or_default();
    if items.is_empty() {
        let message = "`serverNames` needs a name";
        findings.error_with(Code::SERVER_NAME, node.span, message, "leave it out for every name");
    }
    let mut names: Vec<ServerName> = Vec::new();
    for item in items {
        let Some(text) = fields::text(item, findings) else { continue };
        if text.is_empty() {
            findings.error(Code::SERVER_NAME, item.span, "empty server name is not allowed");
            continue;
        }
        match ServerName::new(text) {
            Ok(name) if names.contains(&name) => {}
            Ok(name) => names.push(name),
            Err(error) => {
                let message = format!("{}", error);
                let help = "labels between dots, of which `*` stands for one and `**` for some";
                findings.error_with(Code::SERVER_NAME, item.span, shown(&message), help);
            }
        }
    }
    names
}

fn read_context(node: &Node, findings: &mut Findings) -> Option<TlsContext> {
    let mut fields = Fields::of(node, findings)?;
    let secret = fields.take("secret");
    let items = ["trustedCA", "certificate", "privateKey"].map(|name| fields.take(name));
    fields.finish(findings);
    let Some(secret) = secret else {
        findings.error(Code::TLS_CONTEXT, node.span, "a TLS context needs a `secret`");
        return None;
    };
    let secret = read_secret(secret, findings)?;
    let mut named =
        items.into_iter().zip(["ca.crt", "tls.crt", "tls.key"]).map(|(item, usual)| match item {
            Some(item) => fields::text(item, findings).map(str::to_owned),
            None => Some(usual.to_owned()),
        });
    let mut next = || named.next().flatten();
    Some(TlsContext { secret, trusted_ca: next()?, certificate: next()?, private_key: next()? })
}

pub(super) fn read_secret(node: &Node, findings: &mut Findings) -> Option<SecretName> {
    let mut fields = Fields::of(node, findings)?;
    let (namespace, name) = (fields.take("namespace"), fields.take("name"));
    fields.finish(findings);
    let namespace = match namespace {
        Some(node) => fields::text(node, findings)?.to_owned(),
        None => String::new(),
    };
    let name = match name {
        Some(node) => fields::text(node, findings)?,
        None => "",
    };
    if name.is_empty() {
        findings.error(Code::TLS_CONTEXT, node.span, "Secret name missing");
        return None;
    }
    Some(SecretName { namespace, name: name.to_owned() })
}

/// There is no proxy of the user's own behind the gate.
fn refuse_listener(node: &Node, direction: Direction, has_requests: bool, findings: &mut Findings) {
    let name = match node.entry("name").map(|(_, name)| &name.value) {
        Some(Value::Scalar { text, .. }) => shown(text),
        Some(Value::List(_) | Value::Map { .. }) | None => String::new(),
    };
    match direction {
        Direction::Ingress => {
            let message = format!("Listener is not allowed on ingress ({name})");
            findings.error(Code::REQUEST, node.span, message);
        }
        Direction::Egress if has_requests => {
            let message = format!("Listener is not allowed with L7 rules ({name})");
            findings.error(Code::REQUEST, node.span, message);
        }
        Direction::Egress => fields::unsupported("listener", node.span, findings),
    }
}
