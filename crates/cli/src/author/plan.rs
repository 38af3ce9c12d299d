//! `podwall plan`.

use std::io::Write;

use podwall_author::plan::{Change, Plan, markdown};
use podwall_author::reach::{imagined, with_names};
use serde_json::{Value, json};

use super::flags::{self, PlanOutput};
use super::{EXIT_FINE, EXIT_FOUND, set};

/// Says what another set of policies changes.
pub(crate) fn run(arguments: &flags::Plan) -> anyhow::Result<u8> {
    let (old, new) = sides(arguments)?;
    let (old, new) = (set::policies(&[old])?, set::policies(&[new])?);
    let world = match set::world(arguments.world.as_deref())? {
        Some(world) => world,
        None => imagined(old.iter().chain(&new)),
    };
    let world = with_names(&world, old.iter().chain(&new));
    let plan = Plan::of(&old, &new, &world, set::options(arguments.mode));
    let text = match arguments.output {
        PlanOutput::Text => plan.text(),
        PlanOutput::Json => format!("{:#}\n", json(&plan)),
        PlanOutput::Markdown => markdown(&plan),
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    let differs = arguments.exit_code && !plan.is_empty();
    Ok(if differs { EXIT_FOUND } else { EXIT_FINE })
}

/// What is compared: two words, or the two ends of `A..B:path`.
fn sides(arguments: &flags::Plan) -> anyhow::Result<(String, String)> {
    if let Some(new) = &arguments.new {
        return Ok((arguments.old.clone(), new.clone()));
    }
    let (range, path) = arguments.old.split_once(':').unwrap_or((&arguments.old, ""));
    match range.split_once("..") {
        Some((old, new)) if !old.is_empty() && !new.is_empty() => {
            Ok((format!("{old}:{path}"), format!("{}:{path}", new.trim_start_matches('.'))))
        }
        Some(_) | None => anyhow::bail!(
            "two sets are wanted, hint: write OLD NEW, or a range of revisions as in main..HEAD:policies"
        ),
    }
}

fn json(plan: &Plan) -> Value {
    let change = |change: &Change| {
        let rules: Vec<String> = change.rules.iter().map(ToString::to_string).collect();
        json!({
            "effect": change.effect.to_string(),
            "from": change.from,
            "to": change.to,
            "over": change.lanes,
            "rules": rules,
        })
    };
    let policies = plan.policies.iter();
    let policies: Vec<Value> = policies
        .map(|(id, edited)| json!({ "policy": id.to_string(), "change": edited.to_string() }))
        .collect();
    let changes: Vec<Value> = plan.changes.iter().map(change).collect();
    json!({ "places": plan.places, "policies": policies, "changes": changes })
}
