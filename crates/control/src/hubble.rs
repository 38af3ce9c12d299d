//! Flow events counted with Hubble's labels, so that dashboards made for it have something to show.

use podwall_model::{Flow, Protocol, Reason, Side, Verdict};

use crate::route::{Family, labels};

/// The most series of each family: some dozens for each namespace. What is beyond goes to one.
const SERIES_LIMIT: usize = 20_000;
/// The namespaces of what is beyond.
const OVERFLOW: &str = "__overflow__";

/// What was counted since the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// `hubble_flows_processed_total`.
    pub(crate) processed: Family,
    /// `hubble_drop_total`.
    pub(crate) dropped: Family,
}

impl Seen {
    /// Counts one flow record.
    pub(crate) fn count(&mut self, flow: &Flow) {
        let protocol = protocol(flow.connection.protocol);
        let verdict = match flow.verdict {
            Verdict::Forwarded => "FORWARDED",
            Verdict::WouldDrop => "AUDIT",
            Verdict::Dropped | Verdict::WouldAllow => "DROPPED",
        };
        let processed = |source: &str, destination: &str| {
            labels(&[
                ("destination", destination),
                ("protocol", &protocol),
                ("source", source),
                ("subtype", ""),
                ("type", "PolicyVerdict"),
                ("verdict", verdict),
            ])
        };
        // With Hubble's `sourceContext=namespace;destinationContext=namespace`.
        let mut series = processed(namespace(&flow.source), namespace(&flow.destination));
        if self.processed.len() >= SERIES_LIMIT && !self.processed.contains_key(&series) {
            series = processed(OVERFLOW, OVERFLOW);
        }
        self.processed.entry(series).or_default()[0] += flow.count;
        if !flow.verdict.passed() {
            let dropped = labels(&[("protocol", &protocol), ("reason", reason(flow.reason))]);
            add(&mut self.dropped, dropped, flow.count);
        }
    }
}

/// The namespace of a workload; empty, where the end is none.
fn namespace(side: &Side) -> &str {
    side.workload.as_ref().map_or("", |name| &name.namespace)
}

fn add(family: &mut Family, labels: String, count: u64) {
    if family.len() < SERIES_LIMIT || family.contains_key(&labels) {
        family.entry(labels).or_default()[0] += count;
    }
}

fn protocol(protocol: Protocol) -> String {
    let named = protocol.to_string();
    if named.bytes().all(|byte| byte.is_ascii_digit()) { "Unknown L4".to_owned() } else { named }
}

/// Hubble's name of the drop reason with our number (flow.proto, DropReason).
fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::None => "DROP_REASON_UNKNOWN",
        Reason::InvalidSource => "INVALID_SOURCE_IP",
        Reason::DefaultDeny => "POLICY_DENIED",
        Reason::Malformed => "INVALID_PACKET_DROPPED",
        Reason::Truncated => "CT_TRUNCATED_OR_INVALID_HEADER",
        Reason::UnknownProtocol => "CT_UNKNOWN_L4_PROTOCOL",
        Reason::NotIp => "UNSUPPORTED_L3_PROTOCOL",
        Reason::NoSlot => "CT_MAP_INSERTION_FAILED",
        Reason::BadExtension => "INVALID_IPV6_EXTENSION_HEADER",
        Reason::FragmentUnknown => "FIRST_LOGICAL_DATAGRAM_FRAGMENT_NOT_FOUND",
        Reason::ForbiddenIcmp6 => "FORBIDDEN_ICMPV6_MESSAGE",
        Reason::GateRequired => "PROXY_REDIRECTION_NOT_SUPPORTED_FOR_PROTOCOL",
        Reason::DenyRule => "POLICY_DENY",
        Reason::Vlan => "VLAN_FILTERED",
        Reason::NotReady => "DROP_EP_NOT_READY",
    }
}
