//! The small application that `up --demo` shows: a node inside the machine, workloads in front of
//! it, real servers and clients in them, and one intruder.
//!
//! [`Demo`] makes all of it and takes it away again. The programs are the same binary, started
//! again inside the namespaces; [`app::run`] is their entry. Nothing here judges a packet.

pub mod app;
mod demo;
mod node;
mod plan;
mod policies;
mod programs;
mod translation;
mod world;

pub use demo::{Demo, Settings, record_in};
