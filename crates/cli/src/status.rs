//! `podwall status`.

use std::io::Write;
use std::path::Path;

use podwall_wire::rest::{AgentState, Mode, ModeFrom, Policies, Policy, Status};

use crate::arguments::{self, Shape};
use crate::client::{Client, block_on};
use crate::table;

/// Says what is going on.
pub(crate) fn run(state: &Path, arguments: &arguments::Status) -> anyhow::Result<()> {
    let client = Client::new(state);
    let mut out = std::io::stdout().lock();
    match arguments.output {
        Shape::Json => {
            let status: Status = block_on(client.get("/api/v1/status"))?;
            serde_json::to_writer_pretty(&mut out, &status)?;
            writeln!(out)?;
        }
        Shape::Text => {
            let (status, policies) = block_on(async {
                let status: Status = client.get("/api/v1/status").await?;
                let policies: Policies = client.get("/api/v1/policies").await?;
                Ok((status, policies))
            })?;
            write_text(&mut out, &status, &policies)?;
        }
    }
    Ok(())
}

fn write_text(out: &mut impl Write, status: &Status, policies: &Policies) -> anyhow::Result<()> {
    writeln!(out, "{}", sentence(status))?;
    for problem in &status.problems {
        writeln!(out, "! {}: {}", problem.code, problem.message)?;
    }
    if let Some(page) = &status.page {
        writeln!(out, "page: {page}")?;
    }
    if policies.policies.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let head = ["POLICY", "MODE", "FROM", "WORKLOADS", "ALLOWED", "WOULD DROP", "DROPPED", "FILE"];
    let rows: Vec<Vec<String>> = policies.policies.iter().map(row).collect();
    table::write(out, &head, &rows)?;
    Ok(())
}

fn row(policy: &Policy) -> Vec<String> {
    let from = match policy.mode_from {
        ModeFrom::Policy => "policy",
        ModeFrom::Namespace => "namespace",
        ModeFrom::Cluster => "default",
    };
    let refused = policy.sentences.is_empty()
        && policy.diagnostics.iter().any(|finding| finding.severity == "error");
    let mode = if refused { "refused" } else { mode_word(policy.mode) };
    vec![
        policy.id.clone(),
        mode.to_owned(),
        from.to_owned(),
        policy.workloads.len().to_string(),
        policy.packets.forwarded.to_string(),
        policy.packets.would_drop.to_string(),
        policy.packets.dropped.to_string(),
        policy.file.clone(),
    ]
}

/// How things are, as one would tell a colleague.
fn sentence(status: &Status) -> String {
    let counts = &status.policies;
    let mut parts = Vec::new();
    for (count, verb) in
        [(counts.enforce, "enforce"), (counts.detect, "detect"), (counts.off, "rest")]
    {
        if count > 0 {
            parts.push(format!("{count} {verb}"));
        }
    }
    if counts.refused > 0 {
        parts.push(format!("{} refused", counts.refused));
    }
    let policies = match parts.as_slice() {
        [] => "there are no policies".to_owned(),
        parts => format!("policies: {}", parts.join(", ")),
    };
    let nodes: Vec<String> = status
        .nodes
        .iter()
        .map(|node| {
            let agent = match node.agent {
                AgentState::Running => "running",
                AgentState::Starting => "starting",
                AgentState::Gone => "gone, the kernel goes on as it was",
            };
            let lost = match node.events_lost {
                0 => String::new(),
                lost => format!(", {lost} events lost"),
            };
            format!("agent of {} {agent}, revision {} in force{lost}", node.name, node.revision)
        })
        .collect();
    let ready =
        if status.ready { "everything is in force" } else { "not everything is in force yet" };
    format!(
        "{ready} (revision {}, default {}); {policies}; {} workloads; {}",
        status.revision,
        mode_word(status.mode),
        status.coverage.workloads,
        nodes.join("; "),
    )
}

/// The word of a mode.
pub(crate) fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "off",
        Mode::Detect => "detect",
        Mode::Enforce => "enforce",
    }
}
