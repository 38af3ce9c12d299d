//! The policy language and its meaning.
//!
//! A document's text is checked into rules or diagnostics; rules and the world are compiled into
//! tables for each class of workloads; `judge` says what rules mean, literally, and shares no code
//! with the compiler, so that each can witness against the other.
//!
//! Nothing here reads a file, a clock or the network.

mod annotation;
mod cidr_group;
mod cloud;
mod cnp;
pub mod compile;
mod content;
pub mod demand;
mod diagnostic;
mod document;
pub mod end;
mod entity;
pub mod explain;
mod fields;
pub mod gate;
mod hash;
mod icmp;
pub mod identity;
pub mod impact;
pub mod judge;
mod knp;
pub mod matching;
pub mod mode;
pub mod names;
mod naming;
pub mod options;
mod peers;
mod ports;
pub mod re2;
pub mod request;
pub mod rule;
mod scalar;
mod scope;
mod selector;
mod sentence;
mod service;
pub mod suggest;
pub mod table;
pub mod target;
mod tiered;
pub mod yaml;

pub use annotation::{SetModeError, set_mode};
pub use diagnostic::{Code, Diagnostic, Severity, Span};
pub use document::{Checked, Document, MODE_ANNOTATION, check, check_as};
pub use icmp::{kind as icmp_kind, name as icmp_name};
pub use naming::{NAMING_LABELS, naming_labels};
pub use scalar::scalar;
pub use scope::{DefaultDeny, Dialect, Gate, Reading, UnnamedCluster};
pub use sentence::sentence;
pub use yaml::MAX_BYTES;

// The compiler's seeded faults are shown on the random cases of `testkit`. Its crate knows this one
// only as it is without faults, so the cases are compiled into this crate's own tests.
#[cfg(test)]
extern crate self as podwall_policy;
#[cfg(test)]
#[allow(unreachable_pub, dead_code, reason = "a part of `testkit`, used here in part")]
#[path = "../../testkit/src"]
mod testkit {
    pub mod chance;
    pub mod random;
    pub mod witness;
}
