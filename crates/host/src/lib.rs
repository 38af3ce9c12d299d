//! The machine's network, and what is made of it: namespaces, links, addresses, routes, mounts.
//!
//! Everything here blocks and is called from plain threads; no worker of an async runtime ever
//! changes its namespace. What is made is written to a record first ([`Made`]), so that it can be
//! undone after a kill. This crate decides nothing and knows no policy.

pub mod attachment;
pub mod behind;
pub mod bpffs;
pub mod made;
pub mod namespace;
pub mod network;
pub mod process;
pub mod socket;
pub mod sysctl;
pub mod watch;
pub mod wire;

pub use attachment::{AttachError, Attachment, Outside};
pub use behind::namespaces_behind;
pub use bpffs::MountError;
pub use made::{Made, RecordError, Thing, Undone};
pub use namespace::{Namespace, NamespaceError};
pub use network::{Link, Network, NetworkError, Route, Traffic};
pub use process::Process;
pub use socket::{Conversation, Socket, SocketError};
pub use watch::LinkWatch;
pub use wire::{Ends, Wire};
