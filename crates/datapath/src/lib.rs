//! The kernel: programs in C, tables, events, and pinned state that describes itself.

pub mod abi;

/// The object that the build compiled from `bpf/`.
pub const OBJECT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/datapath.bpf.o"));
