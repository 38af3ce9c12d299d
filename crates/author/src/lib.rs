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
pub mod shadow;
pub mod spec;

use podwall_policy::{Dialect, Gate, Reading};

/// How documents are read here: nothing comes into force, so that nothing has to be there for what
/// they ask.
pub fn dialect() -> Dialect {
    Dialect {
        node_labels: Reading::Accepted,
        host_policies: Reading::Accepted,
        gate: Gate::Present,
        ..Dialect::default()
    }
}
