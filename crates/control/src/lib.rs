//! Control: what runs once for all nodes, here for one machine.
//!
//! It reads workloads and policies, keeps the accepted set as a revision, publishes it to the
//! agent, keeps what the agent has seen, and serves the page, the API and the commands. `observe`
//! is the sockets and the watched files, `decide` is pure, `engine` does what was decided. No
//! packet depends on it.

mod account;
mod app;
mod body;
mod caller;
mod change;
mod changes;
mod child;
mod decide;
mod directory;
mod documents;
mod down;
mod engine;
mod event;
mod guard;
mod hubble;
mod listener;
mod memory;
mod node;
mod page;
mod refusal;
mod route;
mod selection;
mod server;
mod source;
mod state;
mod up;
mod watching;

#[cfg(test)]
mod tests;

pub use directory::{DEFAULT_STATE, Directory};
pub use down::down;
pub use up::{Settings, What, up};

/// The description of the API, as JSON.
pub fn openapi() -> String {
    let document = route::document();
    serde_json::to_string_pretty(&document).expect("a value is JSON")
}
