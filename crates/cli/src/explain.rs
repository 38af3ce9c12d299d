//! `podwall explain`.

use std::io::Write;
use std::path::Path;

use podwall_wire::rest::{Direction, Explanation, Verdict};

use crate::arguments::{self, Shape};
use crate::client::{Client, block_on, encoded};

/// Says what would become of a connection.
pub(crate) fn run(state: &Path, arguments: &arguments::Explain) -> anyhow::Result<()> {
    let path = format!(
        "/api/v1/explain?from={}&to={}&port={}",
        encoded(&arguments.from),
        encoded(&arguments.to),
        encoded(&arguments.port)
    );
    let explanation: Explanation = block_on(Client::new(state).get(&path))?;
    let mut out = std::io::stdout().lock();
    match arguments.output {
        Shape::Json => {
            serde_json::to_writer_pretty(&mut out, &explanation)?;
            writeln!(out)?;
        }
        Shape::Text => write_text(&mut out, &explanation)?,
    }
    Ok(())
}

fn write_text(out: &mut impl Write, explanation: &Explanation) -> std::io::Result<()> {
    writeln!(out, "{}: {}", verdict_word(explanation.verdict), explanation.summary)?;
    for direction in &explanation.directions {
        let word = match direction.direction {
            Direction::Ingress => "into",
            Direction::Egress => "out of",
        };
        writeln!(out, "\n{word} {}: {}", direction.workload, verdict_word(direction.verdict))?;
        for sentence in &direction.sentences {
            writeln!(out, "  {sentence}")?;
        }
    }
    if let Some(change) = &explanation.change {
        writeln!(out, "\nto change it: {change}")?;
    }
    Ok(())
}

/// The word of a verdict for people.
pub(crate) fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Forwarded => "forwarded",
        Verdict::WouldDrop => "would drop",
        Verdict::Dropped => "dropped",
        Verdict::WouldAllow => "dropped, would allow",
    }
}
