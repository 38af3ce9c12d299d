//! Ending a run, and cleaning up what a killed one left. Undoes what was written down as made, and
//! nothing else.

use std::fs;

use anyhow::{Context, bail};
use podwall_host::made::undo_leftovers;

use crate::directory::Directory;

/// Undoes what a killed run left. Must not be called while one runs. Returns what was undone.
pub fn down(directory: &Directory) -> anyhow::Result<usize> {
    if let Some(pid) = directory.runner() {
        bail!("a run is still there: process `{pid}`");
    }
    let undone = undo_leftovers(&directory.made()).context("unable to undo what was made")?;
    for socket in [directory.socket(), directory.agent_socket()] {
        let _ = fs::remove_file(socket);
    }
    if let [(thing, why), ..] = undone.left.as_slice() {
        bail!(
            "`{}` things could not be undone, the first is {thing:?}: {why}, hint: undo it by hand \
             and run `podwall down` again",
            undone.left.len()
        );
    }
    Ok(undone.undone.len())
}
