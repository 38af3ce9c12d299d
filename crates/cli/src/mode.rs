//! `podwall mode`.

use std::path::Path;

use hyper::Method;
use podwall_wire::rest::{Changed, Policies, SetMode};

use crate::arguments::{self, Target};
use crate::client::{Client, block_on, encoded, only};
use crate::status::mode_word;

/// Sets a mode and says what changed.
pub(crate) fn run(state: &Path, arguments: &arguments::SetMode) -> anyhow::Result<()> {
    let target = arguments.target()?;
    block_on(set(&Client::new(state), target))
}

async fn set(client: &Client, target: Target) -> anyhow::Result<()> {
    let (path, mode, whose) = match target {
        Target::Global(mode) => ("/api/v1/mode".to_owned(), Some(mode), "the default".to_owned()),
        Target::Namespace(name, mode) => {
            let path = format!("/api/v1/namespaces/{}/mode", encoded(&name));
            (path, Some(mode), format!("namespace {name}"))
        }
        Target::Policy(text, mode) => {
            let known: Policies = client.get("/api/v1/policies").await?;
            let ids: Vec<String> = known.policies.into_iter().map(|policy| policy.id).collect();
            let id = only(&ids, &text)?;
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
