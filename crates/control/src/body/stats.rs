//! Statistics, from what the ledger sums up.

use podwall_ledger::{Ledger, Pair, Sample, Sums, Window};
use podwall_model::Protocol;
use podwall_wire::rest::{self, NamespaceStats, Stats, Totals, VerdictCounts};

/// `GET /api/v1/stats`.
pub(crate) fn stats(window: Window) -> Stats {
    let namespaces = window.namespaces.into_iter().map(|(namespace, (sums, samples))| {
        let samples = samples.iter().map(packets).collect();
        NamespaceStats { namespace, packets: packets(&sums), samples }
    });
    Stats {
        samples: window.samples.iter().map(sample).collect(),
        total: totals(&window.total),
        namespaces: namespaces.collect(),
        pairs: window.pairs.into_iter().map(pair).collect(),
    }
}

/// One `tick` of the stream: the sample that was just taken.
pub(crate) fn tick(ledger: &Ledger, taken: Sample) -> Stats {
    let step = taken.end.saturating_sub(taken.start).max(1);
    let mut body = match ledger.window(taken.end.saturating_sub(1), taken.end, step) {
        Ok(window) => stats(window),
        Err(_) => Stats {
            samples: Vec::new(),
            total: Totals::default(),
            namespaces: Vec::new(),
            pairs: Vec::new(),
        },
    };
    body.samples = vec![sample(&taken)];
    body.total = totals(&taken.sums);
    for namespace in &mut body.namespaces {
        namespace.samples = vec![namespace.packets];
    }
    body
}

fn sample(sample: &Sample) -> rest::Sample {
    rest::Sample {
        start: sample.start,
        end: sample.end,
        packets: packets(&sample.sums),
        bytes: bytes(&sample.sums),
    }
}

fn totals(sums: &Sums) -> Totals {
    Totals { packets: packets(sums), bytes: bytes(sums) }
}

fn packets(sums: &Sums) -> VerdictCounts {
    VerdictCounts {
        forwarded: sums.forwarded.packets,
        would_drop: sums.would_drop.packets,
        dropped: sums.dropped.packets,
    }
}

fn bytes(sums: &Sums) -> VerdictCounts {
    VerdictCounts {
        forwarded: sums.forwarded.bytes,
        would_drop: sums.would_drop.bytes,
        dropped: sums.dropped.bytes,
    }
}

fn pair(pair: Pair) -> rest::Pair {
    let protocol = Protocol(pair.protocol);
    rest::Pair {
        source: pair.source,
        destination: pair.destination,
        port: if protocol.has_ports() {
            format!("{}/{protocol}", pair.port)
        } else {
            protocol.to_string()
        },
        verdict: pair.verdict.into(),
        count: pair.count,
        first: pair.first,
        last: pair.last,
        policy: pair.policy,
    }
}
