//! Statistics, from what the ledger sums up.

use podwall_ledger::{Group, Ledger, NewPairs, Pair, QueryError, Question, Sample, Sums, Window};
use podwall_wire::rest::{self, Gap, GroupStats, NamespaceStats, Stats, Totals, VerdictCounts};

use super::map::port_text;

/// Steps below this are answered from what is kept second by second, for an hour.
const FINE_MS: u64 = 10_000;

/// What is asked of statistics.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The time, the scope and the groups.
    pub(crate) question: Question,
}

/// `GET /api/v1/stats`.
pub(crate) fn stats(ledger: &mut Ledger, asked: &Asked) -> Result<Stats, QueryError> {
    let Question { since, until, step, .. } = asked.question;
    let plain = asked.question.scope == podwall_ledger::Scope::default();
    let mut body = if plain && step < FINE_MS && ledger.has_seconds(since) {
        fine(ledger.window(since, until, step)?)
    } else {
        coarse(ledger, &asked.question)?
    };
    if asked.question.by.is_some() {
        let answer = ledger.answer(&Question { step: body.step, ..asked.question.clone() })?;
        body.groups = answer.groups.iter().map(group).collect();
        body.groups_left_out = answer.groups_left_out as u64;
    }
    body.lost = ledger.lost(since, until)?;
    Ok(body)
}

/// From what is kept by ten seconds and longer.
fn coarse(ledger: &mut Ledger, question: &Question) -> Result<Stats, QueryError> {
    let by = Some(podwall_ledger::By::Namespace);
    let answer = ledger.answer(&Question { by, ..question.clone() })?;
    let mut namespaces: Vec<NamespaceStats> = answer
        .groups
        .iter()
        .map(|group| NamespaceStats {
            namespace: group.name.clone(),
            packets: packets(&group.total),
            bytes: bytes(&group.total),
            samples: group.samples.iter().map(packets).collect(),
        })
        .collect();
    namespaces.sort_by(|a, b| a.namespace.cmp(&b.namespace));
    let pairs = ledger.pairs(question.since, question.until)?;
    Ok(Stats {
        step: answer.step,
        samples: answer.samples.iter().map(sample).collect(),
        total: totals(&answer.total),
        namespaces,
        pairs: pairs.into_iter().map(pair).collect(),
        gaps: answer.gaps.iter().map(gap).collect(),
        ..Stats::default()
    })
}

/// `GET /api/v1/pairs/new`.
pub(crate) fn new_pairs(found: NewPairs, (since, until): (u64, u64)) -> rest::NewPairs {
    let NewPairs { pairs, left_out, known_from } = found;
    let pairs = pairs.into_iter().map(pair).collect();
    rest::NewPairs { pairs, left_out, known_from, since, until }
}

fn gap(gap: &Sample) -> Gap {
    Gap { start: gap.start, end: gap.end, packets: packets(&gap.sums), bytes: bytes(&gap.sums) }
}

fn group(group: &Group) -> GroupStats {
    GroupStats {
        name: group.name.clone(),
        packets: packets(&group.total),
        bytes: bytes(&group.total),
        samples: group.samples.iter().map(packets).collect(),
        sample_bytes: group.samples.iter().map(bytes).collect(),
    }
}

/// From what is kept second by second.
fn fine(window: Window) -> Stats {
    let namespaces = window.namespaces.into_iter().map(|(namespace, (sums, samples))| {
        let samples = samples.iter().map(packets).collect();
        NamespaceStats { namespace, packets: packets(&sums), bytes: bytes(&sums), samples }
    });
    Stats {
        step: window.step,
        samples: window.samples.iter().map(sample).collect(),
        total: totals(&window.total),
        namespaces: namespaces.collect(),
        pairs: window.pairs.into_iter().map(pair).collect(),
        gaps: window.gaps.iter().map(gap).collect(),
        ..Stats::default()
    }
}

/// One `tick` of the stream: the sample that was just taken.
pub(crate) fn tick(ledger: &Ledger, taken: Sample) -> Stats {
    let step = taken.end.saturating_sub(taken.start).max(1);
    let mut body = fine(ledger.seconds(taken.end.saturating_sub(1), taken.end, step));
    body.samples = vec![sample(&taken)];
    body.total = totals(&taken.sums);
    for namespace in &mut body.namespaces {
        namespace.samples = vec![namespace.packets];
    }
    body
}

pub(super) fn sample(sample: &Sample) -> rest::Sample {
    rest::Sample {
        start: sample.start,
        end: sample.end,
        packets: packets(&sample.sums),
        bytes: bytes(&sample.sums),
    }
}

/// Packets and bytes of sums.
pub(crate) fn totals(sums: &Sums) -> Totals {
    Totals { packets: packets(sums), bytes: bytes(sums) }
}

pub(super) fn packets(sums: &Sums) -> VerdictCounts {
    VerdictCounts {
        forwarded: sums.forwarded.packets,
        would_drop: sums.would_drop.packets,
        dropped: sums.dropped.packets,
    }
}

pub(super) fn bytes(sums: &Sums) -> VerdictCounts {
    VerdictCounts {
        forwarded: sums.forwarded.bytes,
        would_drop: sums.would_drop.bytes,
        dropped: sums.dropped.bytes,
    }
}

fn pair(pair: Pair) -> rest::Pair {
    rest::Pair {
        source: pair.source,
        destination: pair.destination,
        port: port_text(pair.port, pair.protocol),
        verdict: pair.verdict.into(),
        count: pair.count,
        first: pair.first,
        last: pair.last,
        policy: pair.policy,
    }
}
