//! `podwall explain` without anything that runs: a world, policies and a question.

use std::io::Write;

use podwall_author::spec::{Place, Sent, State, ask};
use podwall_model::Verdict;
use podwall_policy::explain::Explanation;
use podwall_policy::judge::Enforcement;
use serde_json::{Value, json};

use super::{EXIT_FINE, EXIT_FOUND, EXIT_UNUSABLE, set};
use crate::arguments::{Explain, Shape};

/// Says what would become of a connection in the world that was given.
pub(crate) fn run(arguments: &Explain) -> anyhow::Result<u8> {
    let parsed = |text: &str| text.parse::<Place>().map_err(anyhow::Error::msg);
    let (from, to) = (parsed(&arguments.from)?, parsed(&arguments.to)?);
    let sent: Sent = arguments.port.parse().map_err(anyhow::Error::msg)?;
    let state = State {
        world: set::world(arguments.world.as_deref())?.unwrap_or_default(),
        policies: set::policies(&arguments.policies)?,
        options: set::options(arguments.mode),
        dialect: podwall_author::dialect(),
        enforcement: Enforcement::Default,
    };
    let mut out = std::io::stdout().lock();
    let answers = ask(&state, &from, &to, sent);
    match (arguments.output, &answers) {
        (Shape::Json, Ok(answers)) => {
            let answers: Vec<Value> = answers.iter().map(json).collect();
            writeln!(out, "{:#}", Value::from(answers))?;
        }
        (Shape::Json, Err(missing)) => {
            writeln!(out, "{:#}", json!([{ "verdict": "unknown", "summary": missing }]))?;
        }
        (Shape::Text, Ok(answers)) => {
            for (number, answer) in answers.iter().enumerate() {
                if number > 0 {
                    writeln!(out)?;
                }
                write_text(&mut out, answer)?;
            }
        }
        (Shape::Text, Err(missing)) => writeln!(out, "UNKNOWN: {missing}")?,
    }
    Ok(match answers {
        Err(_) => EXIT_UNUSABLE,
        Ok(answers) if answers.iter().all(|answer| answer.verdict.passed()) => EXIT_FINE,
        Ok(_) => EXIT_FOUND,
    })
}

fn write_text(out: &mut impl Write, explanation: &Explanation) -> std::io::Result<()> {
    writeln!(out, "{}: {}", word(explanation.verdict), explanation.summary)?;
    for direction in &explanation.directions {
        let way = match direction.direction {
            podwall_model::Direction::Ingress => "into",
            podwall_model::Direction::Egress => "out of",
        };
        writeln!(out, "\n{way} {}: {}", direction.workload, word(direction.verdict))?;
        for sentence in &direction.sentences {
            writeln!(out, "  {sentence}")?;
        }
    }
    match &explanation.change {
        Some(change) => writeln!(out, "\nto change it: {change}"),
        None => Ok(()),
    }
}

/// The word of a verdict.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Forwarded => "forwarded",
        Verdict::WouldDrop => "would drop",
        Verdict::Dropped => "dropped",
        Verdict::WouldAllow => "dropped, would allow",
    }
}

fn json(explanation: &Explanation) -> Value {
    let snake = |verdict: Verdict| match verdict {
        Verdict::Forwarded => "forwarded",
        Verdict::WouldDrop => "would_drop",
        Verdict::Dropped => "dropped",
        Verdict::WouldAllow => "would_allow",
    };
    let directions: Vec<Value> = explanation
        .directions
        .iter()
        .map(|direction| {
            let nearest: Vec<Value> = direction
                .nearest
                .iter()
                .map(|near| json!({ "rule": near.rule.to_string(), "why": near.why }))
                .collect();
            json!({
                "workload": direction.workload.to_string(),
                "direction": direction.direction.to_string(),
                "verdict": snake(direction.verdict),
                "rule": direction.rule.as_ref().map(ToString::to_string),
                "sentences": direction.sentences,
                "nearest": nearest,
            })
        })
        .collect();
    json!({
        "verdict": snake(explanation.verdict),
        "summary": explanation.summary,
        "directions": directions,
        "change": explanation.change,
    })
}
