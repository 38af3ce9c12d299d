//! `podwall mode`.

use std::path::Path;
use std::time::Duration;

use hyper::Method;
use podwall_wire::rest::{AskPreview, Changed, Mode, Policies, Preview, SetMode};

use crate::arguments::{self, Target};
use crate::client::{Client, block_on, encoded, only};
use crate::observe::now_ms;
use crate::status::mode_word;

/// Sets a mode and says what changed.
pub(crate) fn run(state: &Path, arguments: &arguments::SetMode) -> anyhow::Result<()> {
    let target = arguments.target()?;
    let client = Client::new(state);
    match (arguments.preview, target) {
        (true, Target::Policy(text, Some(mode))) => {
            block_on(preview(&client, &text, mode, arguments.since))
        }
        (true, _) => anyhow::bail!("a preview needs a policy and a mode"),
        (false, target) => block_on(set(&client, target)),
    }
}

async fn preview(client: &Client, text: &str, mode: Mode, since: Duration) -> anyhow::Result<()> {
    let id = known(client, text).await?;
    let until = now_ms();
    let asked = AskPreview {
        policies: [(id.clone(), mode)].into(),
        since: until.saturating_sub(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
        until,
    };
    let found: Preview = client.change(Method::POST, "/api/v1/preview", &asked).await?;
    println!(
        "{id}: {} alone would have stopped {} of {} recorded events and released {}",
        mode_word(mode),
        found.stopped,
        found.judged,
        found.released
    );
    if found.left_out > 0 {
        println!("  not judged: {}, their workload is gone or they are too many", found.left_out);
    }
    for example in &found.examples {
        let by = example.rule.as_deref().unwrap_or("no rule allows it");
        let lean = example.leans_on.iter().map(|policy| format!(", {policy} would let it pass"));
        println!(
            "  {} x {} -> {} {}: {by}{}",
            example.count,
            example.source,
            example.destination,
            example.port,
            lean.collect::<String>()
        );
    }
    for lean in &found.leans_on {
        println!("needs {} as well: it would let {} of these pass", lean.policy, lean.count);
    }
    Ok(())
}

/// The id that a text means.
async fn known(client: &Client, text: &str) -> anyhow::Result<String> {
    let known: Policies = client.get("/api/v1/policies?brief=true").await?;
    let ids: Vec<String> = known.policies.into_iter().map(|policy| policy.id).collect();
    only(&ids, text)
}

async fn set(client: &Client, target: Target) -> anyhow::Result<()> {
    let (path, mode, whose) = match target {
        Target::Global(mode) => ("/api/v1/mode".to_owned(), Some(mode), "the default".to_owned()),
        Target::Namespace(name, mode) => {
            let path = format!("/api/v1/namespaces/{}/mode", encoded(&name));
            (path, Some(mode), format!("namespace {name}"))
        }
        Target::Policy(text, mode) => {
            let id = known(client, &text).await?;
            (format!("/api/v1/policies/{id}/mode"), mode, id)
        }
    };
    let changed: Changed = client.change(Method::PUT, &path, &SetMode { mode }).await?;
    let word = mode.map_or("without a mode of its own", mode_word);
    println!("{whose}: {word}, revision {}", changed.revision);
    for policy in changed.policies.iter().filter(|policy| **policy != whose) {
        println!("  changed: {policy}");
    }
    Ok(())
}
