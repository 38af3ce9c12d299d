//! The ledger from outside. `flows` mounts a small disk and needs root.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod counters;
mod damage;
mod edges;
mod flows;
mod history;
mod scratch;
