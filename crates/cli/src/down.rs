//! `podwall down`: ends a run, or cleans up after one that was killed.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::bail;
use podwall_control::Directory;

use crate::client::{Client, NotRunning, block_on};

/// How long a run may take to end: its agent has ten seconds, the demo a few.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(50);

/// Ends the run and waits for it, then undoes what is left.
pub(crate) fn run(state: &Path) -> anyhow::Result<()> {
    let directory = Directory::new(std::path::absolute(state)?);
    if let Some(pid) = directory.runner() {
        println!("ending the run of process {pid} ...");
        block_on(end(&Client::new(state), &directory))?;
    }
    let undone = podwall_control::down(&directory)?;
    match undone {
        0 => println!("nothing is left"),
        1 => println!("1 thing of a killed run undone, nothing is left"),
        count => println!("{count} things of a killed run undone, nothing is left"),
    }
    Ok(())
}

async fn end(client: &Client, directory: &Directory) -> anyhow::Result<()> {
    let began = Instant::now();
    // A run that has only just begun, or is ending already, does not listen.
    match client.post("/api/v1/stop").await {
        Err(error) if !error.is::<NotRunning>() => return Err(error),
        _ => {}
    }
    while let Some(pid) = directory.runner() {
        if began.elapsed() > PATIENCE {
            bail!(
                "the run does not end: process `{pid}`, hint: kill it, then `podwall down` again"
            );
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
