//! Bodies of the API as comma-separated lines (RFC 4180), for spreadsheets and scripts.

use std::fmt::Write;

use crate::rest::{Direction, Flow, Peer, Stats, Verdict, VerdictCounts};

/// The first line of flows.
pub const FLOW_HEAD: &str = "seq,time_ms,verdict,workload,direction,source,source_ip,source_port,\
                             destination,destination_ip,port,protocol,policy,rule,reason,count\r\n";

/// One line of a flow.
pub fn flow(text: &mut String, flow: &Flow) {
    let (source, destination) = (name(&flow.source), name(&flow.destination));
    let numbers = |number: u64| number.to_string();
    let cells: [&str; 16] = [
        &numbers(flow.seq),
        &numbers(flow.time),
        verdict(flow.verdict),
        &flow.workload,
        match flow.direction {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
        },
        source,
        &flow.source.ip,
        &numbers(flow.source_port.into()),
        destination,
        &flow.destination.ip,
        &numbers(flow.port.into()),
        &flow.protocol,
        flow.policy.as_deref().unwrap_or_default(),
        flow.rule.as_deref().unwrap_or_default(),
        flow.reason.as_deref().unwrap_or_default(),
        &numbers(flow.count),
    ];
    line(text, &cells);
}

/// Statistics: a line a sample for the whole, then for each group. A gap is a line of its own.
pub fn stats(stats: &Stats) -> String {
    let mut text = "kind,name,start_ms,end_ms,forwarded_packets,would_drop_packets,\
                    dropped_packets,forwarded_bytes,would_drop_bytes,dropped_bytes\r\n"
        .to_owned();
    for sample in &stats.samples {
        let span = (sample.start, sample.end);
        row(&mut text, ("sample", ""), span, &sample.packets, &sample.bytes);
    }
    for gap in &stats.gaps {
        row(&mut text, ("gap", ""), (gap.start, gap.end), &gap.packets, &gap.bytes);
    }
    for group in &stats.groups {
        let parts = group.samples.iter().zip(&group.sample_bytes).zip(&stats.samples);
        for ((packets, bytes), sample) in parts {
            let span = (sample.start, sample.end);
            row(&mut text, ("group", &group.name), span, packets, bytes);
        }
    }
    text
}

fn row(
    text: &mut String,
    (kind, name): (&str, &str),
    (start, end): (u64, u64),
    packets: &VerdictCounts,
    bytes: &VerdictCounts,
) {
    let mut cells = vec![kind.to_owned(), name.to_owned(), start.to_string(), end.to_string()];
    for counts in [packets, bytes] {
        let VerdictCounts { forwarded, would_drop, dropped } = counts;
        cells.extend([forwarded, would_drop, dropped].map(ToString::to_string));
    }
    line(text, &cells.iter().map(String::as_str).collect::<Vec<_>>());
}

fn line(text: &mut String, cells: &[&str]) {
    for (place, cell) in cells.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        if cell.contains([',', '"', '\r', '\n']) {
            let _ = write!(text, "{comma}\"{}\"", cell.replace('"', "\"\""));
        } else {
            let _ = write!(text, "{comma}{cell}");
        }
    }
    text.push_str("\r\n");
}

fn name(peer: &Peer) -> &str {
    let first = peer.names.first().map(String::as_str);
    peer.workload.as_deref().or(first).unwrap_or_default()
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Forwarded => "forwarded",
        Verdict::WouldDrop => "would_drop",
        Verdict::Dropped => "dropped",
        Verdict::WouldAllow => "would_allow",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_commas_quotes_and_line_ends_are_quoted() {
        let mut text = String::new();
        line(&mut text, &["a", "b,c", "say \"x\"", "1\n2"]);
        assert_eq!(text, "a,\"b,c\",\"say \"\"x\"\"\",\"1\n2\"\r\n");
    }
}
