//! Shell completions and manual pages, made from the arguments themselves.

use clap::CommandFactory;

use super::flags;
use crate::arguments::Arguments;

/// Prints the completions of a shell.
pub(crate) fn print(arguments: &flags::Completion) {
    let mut command = Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "podwall", &mut std::io::stdout());
}

/// Writes the manual pages into a folder.
pub(crate) fn write_manual(arguments: &flags::Man) -> anyhow::Result<()> {
    let folder = &arguments.folder;
    anyhow::ensure!(folder.is_dir(), "no such folder: `{}`, hint: make it first", folder.display());
    clap_mangen::generate_to(Arguments::command(), folder)?;
    Ok(())
}
