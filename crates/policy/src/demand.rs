//! Demands: what a rule asks of the requests on its ports, beyond who sends them.
//!
//! A port with a demand leads to the gate, which reads requests and asks each rule. The meanings
//! are those of Cilium 1.20's proxy; Kafka and custom protocols are those of 1.19.

mod http;
mod kafka;
pub(crate) mod read;
mod read_http;
mod read_kafka;
mod server_name;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use self::http::{HeaderMatch, HeaderTest, HttpRule, Mismatch, SecretName};
pub use self::kafka::{KafkaRule, api_key};
pub use self::server_name::{ServerName, ServerNameError};
use crate::names::NamePattern;
use crate::rule::Ports;

/// One item of an element's port list that has ports, with what it asks of requests there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PortDemand {
    /// The ports.
    pub ports: Ports,
    /// What is asked there.
    pub demand: Arc<Demand>,
}

/// What is asked of requests on a port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Demand {
    /// The names of which a TLS client must ask for one; empty for any, or none.
    pub server_names: Vec<ServerName>,
    /// The gate ends the client's TLS with this.
    pub terminating: Option<TlsContext>,
    /// The gate speaks TLS to the server with this.
    pub originating: Option<TlsContext>,
    /// The requests that may pass.
    pub requests: Requests,
}

/// The requests that may pass: any of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Requests {
    /// All, of any protocol.
    #[default]
    Any,
    /// HTTP requests that one of these fits.
    Http(Vec<HttpRule>),
    /// Questions for a name that one of these means.
    Dns(Vec<NamePattern>),
    /// Kafka requests whose topics these cover.
    Kafka(Vec<KafkaRule>),
    /// Requests of another protocol that have all fields of one of these; all, if there is none.
    Custom {
        /// The protocol's name.
        protocol: String,
        /// Fields and their values.
        rules: Vec<BTreeMap<String, String>>,
    },
}

/// Where the gate finds certificate, key and authorities.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TlsContext {
    /// The secret.
    pub secret: SecretName,
    /// The item of the trusted authorities.
    pub trusted_ca: String,
    /// The item of the certificate.
    pub certificate: String,
    /// The item of the private key.
    pub private_key: String,
}

/// What the gate reads on a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GateProtocol {
    /// The first message of TLS; the rest passes as it is.
    Tls,
    /// HTTP.
    Http,
    /// DNS.
    Dns,
    /// Kafka.
    Kafka,
    /// A protocol of the user's own.
    Custom(String),
}

impl fmt::Display for GateProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GateProtocol::Tls => "tls",
            GateProtocol::Http => "http",
            GateProtocol::Dns => "dns",
            GateProtocol::Kafka => "kafka",
            GateProtocol::Custom(protocol) => protocol,
        })
    }
}

impl Requests {
    /// Whether a request of a custom protocol may pass, by its fields.
    pub(crate) fn has_fields(&self, fields: &BTreeMap<String, String>) -> bool {
        match self {
            Requests::Custom { rules, .. } => {
                let has = |(key, value): (&String, &String)| fields.get(key) == Some(value);
                rules.is_empty() || rules.iter().any(|rule| rule.iter().all(has))
            }
            Requests::Any | Requests::Http(_) | Requests::Dns(_) | Requests::Kafka(_) => true,
        }
    }
}

impl Demand {
    /// What the gate has to read for it; `None`: nothing, every byte may pass unread.
    pub fn protocol(&self) -> Option<GateProtocol> {
        match &self.requests {
            Requests::Http(_) => Some(GateProtocol::Http),
            Requests::Dns(_) => Some(GateProtocol::Dns),
            Requests::Kafka(_) => Some(GateProtocol::Kafka),
            Requests::Custom { protocol, .. } => Some(GateProtocol::Custom(protocol.clone())),
            Requests::Any => {
                let is_plain = self.server_names.is_empty()
                    && self.terminating.is_none()
                    && self.originating.is_none();
                (!is_plain).then_some(GateProtocol::Tls)
            }
        }
    }
}
