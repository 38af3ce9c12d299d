//! People outside: they ask for the web front at the node's port.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;

use super::ask;
use super::journal::Logs;
use super::pace::{Pace, alternate};
use crate::plan;

const ASK_EVERY: Duration = Duration::from_millis(250);

/// Asks for ever.
pub(crate) fn run(logs: &Logs) -> Result<()> {
    let journal = logs.own()?;
    super::say_ready()?;
    let mut pace = Pace::every(ASK_EVERY);
    loop {
        let ip = alternate(plan::NODE, pace.turn());
        // The outcome is in the log; people simply ask again.
        let _ = ask::ask_at(&journal, SocketAddr::new(ip, plan::NODE_PORT), "/");
    }
}
