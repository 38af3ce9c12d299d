//! The batch job: reads the database with a new connection each time.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::ask::family_word;
use super::journal::Logs;
use super::orders::STORE_NAME;
use super::pace::{Pace, alternate};
use super::store_client::{PASSWORD, Store};
use super::{reach, resolve};
use crate::plan;

const READ_EVERY: Duration = Duration::from_millis(500);

/// Reads for ever.
pub(crate) fn run(logs: &Logs) -> Result<()> {
    let journal = logs.own()?;
    super::say_ready()?;
    let mut pace = Pace::every(READ_EVERY);
    loop {
        let turn = pace.turn();
        let resolver = alternate(plan::RESOLVER, turn);
        let answer = read(resolver, turn);
        let outcome = answer.as_ref().map_or_else(reach::word_of, |_| "ok".to_owned());
        let family = family_word(resolver);
        let action = format!("GET orders at {STORE_NAME}:{}", plan::STORE_PORT);
        let value = answer.unwrap_or_default();
        journal.write(json!({
            "action": action, "family": family, "outcome": outcome, "value": value
        }));
    }
}

fn read(resolver: IpAddr, turn: u64) -> io::Result<String> {
    let ip = resolve::look_up(resolver, STORE_NAME, resolve::way_of(turn))?;
    Store::log_in(ip, PASSWORD)?.ask("GET orders")
}
