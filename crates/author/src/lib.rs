//! What authors of policies work with, before anything is in force anywhere.
//!
//! Cases that say what a policy has to mean, findings about what it probably was not meant to say,
//! the map of who can reach whom, the difference between two sets, and drafts from recorded flows.
//!
//! Pure, like `policy`: nothing here reads a file, a clock or the network.

pub mod generate;
pub mod lint;
pub mod map;
pub mod plan;
pub mod reach;
pub mod spec;
