//! What tests share, and nothing else uses.

pub mod chance;
pub mod oracle;
pub mod random;
pub mod shape;
pub mod spec;
pub mod witness;
