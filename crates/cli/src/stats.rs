//! `podwall stats`: packets and bytes over time, from the ledger.

use std::io::{self, Write};
use std::path::Path;

use podwall_wire::csv;
use podwall_wire::rest::{Stats, VerdictCounts};

use crate::arguments::{self, StatsOutput};
use crate::client::{Client, block_on, encoded};
use crate::observe::now_ms;
use crate::table;

/// Shows statistics.
pub(crate) fn run(state: &Path, arguments: &arguments::Stats) -> anyhow::Result<()> {
    block_on(show(&Client::new(state), arguments))
}

async fn show(client: &Client, arguments: &arguments::Stats) -> anyhow::Result<()> {
    let until = now_ms();
    let since = until.saturating_sub(millis(arguments.since));
    let mut path = format!("/api/v1/stats?since={since}&until={until}");
    if let Some(step) = arguments.step {
        path.push_str(&format!("&step={}", millis(step)));
    }
    let mut add = |word: &str, values: &[String]| {
        if !values.is_empty() {
            let values: Vec<String> = values.iter().map(|value| encoded(value)).collect();
            path.push_str(&format!("&{word}={}", values.join(",")));
        }
    };
    add("namespace", &arguments.namespace);
    add("workload", &arguments.workload);
    add("policy", &arguments.policy);
    add("direction", arguments.direction.as_slice());
    let by = arguments.by.map(|by| by.word().to_owned());
    add("by", by.as_slice());
    let stats: Stats = client.get(&path).await?;
    let mut out = io::stdout().lock();
    match arguments.output {
        StatsOutput::Json => writeln!(out, "{}", serde_json::to_string_pretty(&stats)?)?,
        StatsOutput::Csv => out.write_all(csv::stats(&stats).as_bytes())?,
        StatsOutput::Table => text(&mut out, arguments, &stats)?,
    }
    Ok(())
}

fn text(out: &mut impl Write, arguments: &arguments::Stats, stats: &Stats) -> anyhow::Result<()> {
    let named = stats.groups.iter().map(|group| (group.name.as_str(), group.packets, group.bytes));
    let namespaces = stats.namespaces.iter();
    let namespaces = namespaces.map(|it| (it.namespace.as_str(), it.packets, it.bytes));
    let (head, parts): (&str, Vec<_>) = match arguments.by {
        Some(by) => (by.head(), named.collect()),
        None => ("NAMESPACE", namespaces.collect()),
    };
    let mut rows: Vec<Vec<String>> =
        parts.into_iter().map(|(name, packets, bytes)| row(name, &packets, &bytes)).collect();
    rows.push(row("all", &stats.total.packets, &stats.total.bytes));
    let head = [head, "FORWARDED", "WOULD DROP", "DROPPED", "BYTES", "BYTES STOPPED"];
    table::write(out, &head, &rows)?;
    if stats.groups_left_out > 0 {
        writeln!(out, "and {} more, hint: -o json has the samples", stats.groups_left_out)?;
    }
    if let Some(first) = stats.gaps.first() {
        let long: u64 = stats.gaps.iter().map(|gap| gap.end - gap.start).sum();
        let seconds = long / 1_000;
        writeln!(
            out,
            "nobody read for {seconds} s in {} gaps, the first at {}; their packets are in the sums",
            stats.gaps.len(),
            first.start
        )?;
    }
    Ok(())
}

fn row(name: &str, packets: &VerdictCounts, bytes: &VerdictCounts) -> Vec<String> {
    vec![
        name.to_owned(),
        packets.forwarded.to_string(),
        packets.would_drop.to_string(),
        packets.dropped.to_string(),
        (bytes.forwarded + bytes.would_drop).to_string(),
        (bytes.would_drop + bytes.dropped).to_string(),
    ]
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
