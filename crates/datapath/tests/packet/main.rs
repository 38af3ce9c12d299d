//! The hooks, packet by packet: `BPF_PROG_TEST_RUN` over the object that the build compiled.
//!
//! Every test asserts what becomes of a packet and the whole change of all counters. Needs root.

mod corpus;
mod cost;
mod fault;
mod flow;
mod frame;
mod icmp;
mod identity;
mod mutation;
mod node;
mod object;
mod piece;
mod service;
mod shared;
mod tally;
