//! Bytes between Podwall's processes and to its clients.
//!
//! `rest` holds the bodies of `/api/v1`; `node` the messages between control and an agent.

pub mod csv;
pub mod node;
pub mod rest;
mod word;
