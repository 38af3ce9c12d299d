//! The web page: building it, proving that what is committed is what its source gives, and its
//! stories in a real browser.

use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::chore::{run_command, step};

/// Installs the page's packages and builds `ui/dist`.
pub(crate) fn build() -> anyhow::Result<()> {
    step("page packages", || npm(&["ci"]))?;
    step("page build", || npm(&["run", "build"]))
}

/// Types, unit tests, and no difference between a fresh build and what is committed.
pub(crate) fn check() -> anyhow::Result<()> {
    build()?;
    step("page types", || npm(&["run", "check"]))?;
    step("page tests", || npm(&["run", "test"]))?;
    let changed = Command::new("git").args(["status", "--porcelain", "ui/dist"]).output()?;
    if !changed.stdout.is_empty() {
        bail!(
            "ui/dist differs from its source:\n{}hint: run `./dev page` and commit ui/dist",
            String::from_utf8_lossy(&changed.stdout)
        );
    }
    Ok(())
}

/// The stories in a real browser: of the page alone, then against the real product.
pub(crate) fn stories() -> anyhow::Result<()> {
    step("page stories", || npm(&["run", "stories"]))?;
    npm(&["run", "e2e"])
}

/// The budgets of the page, printed and held to their bounds: for a machine with nothing else to do.
pub(crate) fn bench() -> anyhow::Result<()> {
    build()?;
    step("page budgets", || npm(&["run", "bench"]))
}

/// An hour of live view, in which the page may not grow.
pub(crate) fn live() -> anyhow::Result<()> {
    npm(&["run", "slow"])
}

fn npm(arguments: &[&str]) -> anyhow::Result<()> {
    run_command(Command::new("npm").args(arguments).current_dir(Path::new("ui")))
}
