//! A workload file and a folder of policies: what one machine has in place of a cluster.
//!
//! Reads, watches and writes files. What a policy means is for others to say: here it is text with
//! a name. A file that cannot be used is a value with its place, never a stop for the rest.

mod create;
mod folder;
mod namespace_mode;
mod replace;
mod source;
pub mod spec;
mod watch;
mod world;

pub use create::CreateError;
pub use folder::{FILES_LIMIT, Folder, FolderError, POLICY_FILE_LIMIT, PolicyFile, Unusable};
pub use namespace_mode::{ModeError, set_namespace_mode};
pub use replace::{ReplaceError, replace, writable};
pub use source::{SOURCE_LIMIT, SourceError, SourceText, read_source};
pub use watch::{Watch, WatchError};
pub use world::{
    Attachment, Document as WorldDocument, WORKLOAD_FILE_LIMIT, Workloads, WorldError, parse_world,
    read_world,
};
