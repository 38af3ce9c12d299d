//! The workload file: the world as policies see it, and where each workload is attached.
//!
//! Strict: an unknown field, a name given twice or an address that is none is refused with its
//! place. What is read is a whole world or a reason, never a part.

mod document;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use podwall_model::{WorkloadName, World};
use thiserror::Error;

use crate::folder::{Unusable, read_text};
pub use document::Document;

/// The greatest workload file, in bytes: some 50,000 workloads.
pub const WORKLOAD_FILE_LIMIT: u64 = 16 << 20;

/// What a workload file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workloads {
    /// Namespaces, nodes, workloads and services.
    pub world: World,
    /// Where the workloads are that have their hooks on this machine.
    pub attachments: BTreeMap<WorkloadName, Attachment>,
}

/// Where the network of a workload is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// Its network namespace; the hooks are put on the other ends of its veths.
    Netns(PathBuf),
    /// The interface that leads to it.
    Interface(String),
}

/// Why a workload file is not used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct WorldError {
    /// Line, from 1; 0 where the file as a whole is meant.
    pub line: u32,
    /// Column, from 1; 0 where the file as a whole is meant.
    pub column: u32,
    /// What is wrong and what to do.
    pub message: String,
}

/// The workloads that the file at this path names.
pub fn read_world(path: &Path) -> Result<(String, Workloads), WorldError> {
    let whole = |error: Unusable| WorldError { line: 0, column: 0, message: error.to_string() };
    let text = read_text(path, WORKLOAD_FILE_LIMIT).map_err(whole)?;
    let workloads = parse_world(&text)?;
    Ok((text, workloads))
}

/// The workloads that a text names.
pub fn parse_world(text: &str) -> Result<Workloads, WorldError> {
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    let document: Document =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| unreadable(&error))?;
    document.into_workloads()
}

fn unreadable(error: &serde_saphyr::Error) -> WorldError {
    let error = error.without_snippet();
    let (line, column) = error.location().map_or((0, 0), |at| {
        (at.line().try_into().unwrap_or(u32::MAX), at.column().try_into().unwrap_or(u32::MAX))
    });
    // The place is told beside the message, not in it.
    let message = error.to_string();
    let message = match message.find(" at line ") {
        Some(end) if line > 0 => message[..end].to_owned(),
        Some(_) | None => message,
    };
    let message = message.replace(", expected one of ", ", hint: one of ");
    WorldError { line, column, message }
}
