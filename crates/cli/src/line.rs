//! One flow as a line: for people in the habit of `hubble observe`, and in Hubble's JSON.

use std::io::{self, Write};

use podwall_wire::rest::{Direction, Flow, Peer, Verdict};
use serde_json::{Value, json};

/// The head of a table: fixed widths, since flows come one by one.
pub(crate) fn head(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:24}  {:34}  {:34}  {:10}  {:9}  {:9}  DECIDED BY",
        "TIMESTAMP", "SOURCE", "DESTINATION", "PROTOCOL", "DIRECTION", "VERDICT",
    )
}

/// One line of a table.
pub(crate) fn row(out: &mut impl Write, flow: &Flow) -> io::Result<()> {
    let protocol = match flow.port {
        0 => flow.protocol.clone(),
        port => format!("{port}/{}", flow.protocol),
    };
    writeln!(
        out,
        "{:24}  {:34}  {:34}  {protocol:10}  {:9}  {:9}  {}",
        timestamp(flow.time),
        end(&flow.source, flow.source_port),
        end(&flow.destination, flow.port),
        direction(flow),
        verdict(flow.verdict),
        decided(flow),
    )
}

/// `time: source -> destination policy-verdict DIRECTION VERDICT (protocol) BY rule`, and for a
/// default deny the nearest rules under it.
pub(crate) fn compact(out: &mut impl Write, flow: &Flow) -> io::Result<()> {
    let service = flow.service.as_ref().map(|service| {
        let name = service.name.as_deref().unwrap_or(&service.ip);
        format!(" via {name}:{}", service.port)
    });
    let flags = flow.tcp_flags.as_ref().map(|flags| format!(" Flags: {flags}"));
    let many = if flow.count > 1 { format!(" x{}", flow.count) } else { String::new() };
    writeln!(
        out,
        "{}: {} -> {}{} {} {} ({}{}) {}{many}",
        timestamp(flow.time),
        end(&flow.source, flow.source_port),
        end(&flow.destination, flow.port),
        service.unwrap_or_default(),
        direction(flow),
        verdict(flow.verdict),
        flow.protocol,
        flags.unwrap_or_default(),
        decided(flow),
    )?;
    for near in &flow.nearest {
        writeln!(out, "    nearest: {}, but {}", near.rule, near.why)?;
    }
    Ok(())
}

fn decided(flow: &Flow) -> String {
    match (&flow.rule, &flow.policy, &flow.reason_text) {
        (Some(rule), _, _) => format!("by {rule}"),
        (None, Some(policy), Some(reason)) => format!("{reason}; isolated by {policy}"),
        (None, None, Some(reason)) => reason.clone(),
        (None, _, None) => "no policy is about it".to_owned(),
    }
}

fn direction(flow: &Flow) -> &'static str {
    match flow.direction {
        Direction::Ingress => "INGRESS",
        Direction::Egress => "EGRESS",
    }
}

/// In Hubble's words: what would drop is AUDIT, whatever was dropped is DROPPED.
fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Forwarded => "FORWARDED",
        Verdict::WouldDrop => "AUDIT",
        Verdict::Dropped | Verdict::WouldAllow => "DROPPED",
    }
}

fn end(peer: &Peer, port: u16) -> String {
    let name = peer.workload.as_ref().or(peer.names.first()).unwrap_or(&peer.ip);
    let name = shown(name);
    match port {
        0 => name,
        port if name.contains(':') => format!("[{name}]:{port}"),
        port => format!("{name}:{port}"),
    }
}

/// Names come from others: what a terminal would obey is shown instead.
fn shown(name: &str) -> String {
    name.chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect()
}

/// One flow in the names of Hubble's protocol (`flow.proto`), as `hubble observe -o jsonpb` has it.
pub(crate) fn hubble(flow: &Flow) -> Value {
    let direction = direction(flow);
    let by = flow.policy.as_ref().map(|policy| {
        let mut parts = policy.split('/');
        let kind = parts.next().unwrap_or_default();
        let rest: Vec<&str> = parts.collect();
        let (namespace, name) = match rest.as_slice() {
            [namespace, name] => (*namespace, *name),
            _ => ("", rest.first().copied().unwrap_or_default()),
        };
        json!([{ "name": name, "namespace": namespace, "kind": kind }])
    });
    let mut body = json!({
        "time": timestamp(flow.time),
        "verdict": verdict(flow.verdict),
        "IP": {
            "source": flow.source.ip,
            "destination": flow.destination.ip,
            "ipVersion": if flow.source.ip.contains(':') { "IPv6" } else { "IPv4" },
        },
        "l4": layer4(flow),
        "source": endpoint(&flow.source),
        "destination": endpoint(&flow.destination),
        "Type": "L3_L4",
        "event_type": { "type": 5 },
        "traffic_direction": direction,
        "source_names": flow.source.names,
        "destination_names": flow.destination.names,
        "Summary": summary(flow),
    });
    let list = match (flow.direction, flow.verdict) {
        (Direction::Ingress, Verdict::Forwarded) => "ingress_allowed_by",
        (Direction::Egress, Verdict::Forwarded) => "egress_allowed_by",
        (Direction::Ingress, _) => "ingress_denied_by",
        (Direction::Egress, _) => "egress_denied_by",
    };
    if let Some(by) = by {
        body[list] = by;
    }
    if let Some(reason) = &flow.reason {
        let name = match reason.as_str() {
            "default_deny" => "POLICY_DENIED",
            "deny_rule" => "POLICY_DENY",
            "invalid_source" => "INVALID_SOURCE_IP",
            "no_slot" => "CT_MAP_INSERTION_FAILED",
            _ => "INVALID_PACKET_DROPPED",
        };
        body["drop_reason_desc"] = json!(name);
    }
    json!({ "flow": body, "time": timestamp(flow.time) })
}

fn layer4(flow: &Flow) -> Value {
    let ports = json!({ "source_port": flow.source_port, "destination_port": flow.port });
    match flow.protocol.as_str() {
        "ICMPv4" | "ICMPv6" => json!({ flow.protocol.as_str(): { "type": flow.port } }),
        "TCP" => {
            let mut tcp = ports;
            let flags = flow.tcp_flags.iter().flat_map(|flags| flags.split(", "));
            tcp["flags"] = flags.map(|flag| (flag.to_owned(), json!(true))).collect();
            json!({ "TCP": tcp })
        }
        protocol => json!({ protocol: ports }),
    }
}

fn endpoint(peer: &Peer) -> Value {
    let (namespace, name) =
        peer.workload.as_deref().and_then(|workload| workload.split_once('/')).unwrap_or_default();
    json!({
        "identity": peer.identity,
        "namespace": namespace,
        "labels": peer.labels,
        "pod_name": name,
    })
}

fn summary(flow: &Flow) -> String {
    match &flow.tcp_flags {
        Some(flags) => format!("TCP Flags: {flags}"),
        None => flow.protocol.clone(),
    }
}

/// A moment in UTC, to the millisecond (RFC 3339).
fn timestamp(ms: u64) -> String {
    let (days, rest) = (ms / 86_400_000, ms % 86_400_000);
    let (year, month, day) = civil(days);
    let (hours, minutes) = (rest / 3_600_000, rest / 60_000 % 60);
    let (seconds, millis) = (rest / 1_000 % 60, rest % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z")
}

/// The date so many days after 1970-01-01, by eras of 400 years that begin in March.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_rfc_3339() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(timestamp(1_764_000_000_123), "2025-11-24T16:00:00.123Z");
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(shown("a\u{1b}[31mb"), "a\\u{1b}[31mb");
    }
}
