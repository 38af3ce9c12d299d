//! The policies that ship with the demo, and their folder in the state directory.
//!
//! They are written once. After that the folder is the user's: a mode that was switched there, or a
//! rule that was changed, stays.

#[cfg(test)]
mod verdicts;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder's name in the state directory.
const FOLDER: &str = "policies";

/// Each file and its text.
const SHIPPED: [(&str, &str); 7] = [
    ("10-shop-default-deny.yaml", include_str!("../policies/10-shop-default-deny.yaml")),
    ("20-shop-web.yaml", include_str!("../policies/20-shop-web.yaml")),
    ("21-shop-cart.yaml", include_str!("../policies/21-shop-cart.yaml")),
    ("22-shop-orders.yaml", include_str!("../policies/22-shop-orders.yaml")),
    ("30-data.yaml", include_str!("../policies/30-data.yaml")),
    ("40-dns.yaml", include_str!("../policies/40-dns.yaml")),
    ("50-block-cloud-metadata.yaml", include_str!("../policies/50-block-cloud-metadata.yaml")),
];

/// The folder, with the shipped policies in it if it was not there yet.
pub(crate) fn folder_in(state: &Path) -> Result<PathBuf> {
    let folder = state.join(FOLDER);
    if folder.exists() {
        return Ok(folder);
    }
    // Filled aside and moved into place, so that a kill leaves a whole folder or none.
    let aside = state.join(format!("{FOLDER}.new"));
    fs::create_dir_all(&aside).with_context(|| unable(&aside))?;
    for (name, text) in SHIPPED {
        let path = aside.join(name);
        fs::write(&path, text).with_context(|| unable(&path))?;
    }
    fs::rename(&aside, &folder).with_context(|| unable(&folder))?;
    Ok(folder)
}

fn unable(path: &Path) -> String {
    format!("unable to write the demo's policies: `{}`", path.display())
}
