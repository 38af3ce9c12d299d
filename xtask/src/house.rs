//! `house.toml`: per crate what it may use, and what it alone owns.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Deserialize;

/// The map of the house.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct House {
    /// Crates by their folder's name.
    #[serde(rename = "crate")]
    pub(crate) crates: BTreeMap<String, Room>,
    /// What only some crates may touch.
    #[serde(rename = "own")]
    pub(crate) owned: Vec<Owned>,
}

/// One crate.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Room {
    /// Our crates it may depend on, by folder.
    pub(crate) uses: Vec<String>,
    /// Other crates it may depend on.
    #[serde(default)]
    pub(crate) libraries: Vec<String>,
    /// For the foundation: the parts of std it may touch; absent means all.
    pub(crate) std: Option<Vec<String>>,
}

/// Words of code that only their owners may say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Owned {
    /// What it is, for the message.
    pub(crate) what: String,
    /// Words, each a whole token of the code.
    pub(crate) words: Vec<String>,
    /// The crates that may.
    pub(crate) by: Vec<String>,
}

/// Reads the map.
pub(crate) fn read() -> anyhow::Result<House> {
    let text = std::fs::read_to_string("house.toml").context("house.toml")?;
    toml::from_str(&text).context("house.toml")
}

/// The dependencies of a crate's manifest that ship (not the ones of tests), by name.
pub(crate) fn dependencies(manifest: &str) -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(manifest).with_context(|| manifest.to_owned())?;
    let parsed: toml::Table = text.parse().with_context(|| manifest.to_owned())?;
    let names = ["dependencies", "build-dependencies"]
        .iter()
        .filter_map(|section| parsed.get(*section)?.as_table())
        .flat_map(|table| table.keys().cloned())
        .collect();
    Ok(names)
}
