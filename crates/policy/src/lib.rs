//! The policy language and its meaning.
//!
//! A document's text is checked into rules or diagnostics; rules and the world are compiled into
//! tables for each class of workloads; `judge` says what rules mean, literally, and shares no code
//! with the compiler, so that each can witness against the other.
//!
//! Nothing here reads a file, a clock or the network.

pub mod identity;
pub mod options;
pub mod rule;
pub mod table;
