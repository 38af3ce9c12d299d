//! `podwall up` as people run it: the real program, the real agent, packets in namespaces. Needs
//! root, and says so by failing.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod bad_input;
mod demo;
mod ledger;
mod node;
mod numbers;
mod run;
mod soak;
mod story;
mod workloads;
