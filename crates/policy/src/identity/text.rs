//! The canonical text of an identity: what the kernel's names keep, and what an agent that starts
//! reads back. `labels|ports|ranges`, each a comma-separated list in order; bytes that have a
//! meaning here are written as `%` and two hexadecimal digits.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::str::FromStr;

use podwall_model::{Label, Labels, NamedPort, Source};

use super::Identity;

/// A text that names no identity that this version knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableIdentity(pub String);

impl fmt::Display for UnreadableIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an identity: `{}`, hint: write labels|ports|ranges", self.0)
    }
}

impl std::error::Error for UnreadableIdentity {}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels = self.labels.iter().map(|label| {
            let key = escaped(&label.key);
            let value = escaped(&label.value);
            let equals = if value.is_empty() { "" } else { "=" };
            format!("{}:{key}{equals}{value}", label.source.prefix())
        });
        let ports = self
            .ports
            .iter()
            .map(|port| format!("{}:{}/{}", escaped(&port.name), port.port, port.protocol.0));
        let ranges = self.ranges.iter().map(ToString::to_string);
        write!(f, "{}|{}|{}", joined(labels), joined(ports), joined(ranges))
    }
}

impl FromStr for Identity {
    type Err = UnreadableIdentity;

    fn from_str(text: &str) -> Result<Identity, UnreadableIdentity> {
        let read = || {
            let mut parts = text.split('|');
            let labels = items(parts.next()?).map(label).collect::<Option<Labels>>()?;
            let ports = items(parts.next()?).map(port).collect::<Option<BTreeSet<_>>>()?;
            let ranges =
                items(parts.next()?).map(|item| item.parse().ok()).collect::<Option<_>>()?;
            parts.next().is_none().then_some(Identity { labels, ports, ranges })
        };
        read().ok_or_else(|| UnreadableIdentity(text.to_owned()))
    }
}

fn joined(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(",")
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').filter(|item| !item.is_empty())
}

fn label(text: &str) -> Option<Label> {
    let (source, rest) = text.split_once(':')?;
    let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
    Some(Label::new(Source::from_prefix(source)?, plain(key)?, plain(value)?))
}

fn port(text: &str) -> Option<NamedPort> {
    let (name, rest) = text.split_once(':')?;
    let (port, protocol) = rest.split_once('/')?;
    let protocol = podwall_model::Protocol(protocol.parse().ok()?);
    Some(NamedPort { name: plain(name)?, port: port.parse().ok()?, protocol })
}

/// Only what Kubernetes lets stand in a key or a value stays as it is.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_./".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02x}").expect("a string takes all that is written");
        }
    }
    out
}

fn plain(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?].map(char::from);
            let high = digits[0].to_digit(16)?;
            let low = digits[1].to_digit(16)?;
            bytes.push(u8::try_from(high << 4 | low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
