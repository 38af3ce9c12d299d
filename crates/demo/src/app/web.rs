//! The web front: answers people outside with what the cart says, and sends the numbered probes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::Result;

use super::http::{self, Response};
use super::journal::Logs;
use super::{ask, probe, reach};
use crate::plan;

/// Serves for ever.
pub(crate) fn run(logs: &Logs) -> Result<()> {
    let journal = logs.own()?;
    let sent = logs.log("probe-sent")?;
    let turn = AtomicU64::new(0);
    let listener = http::listen(plan::HTTP_PORT)?;
    super::say_ready()?;
    thread::spawn(move || probe::send(&sent));
    http::serve(&listener, move |path| match path {
        "/" => {
            let turn = turn.fetch_add(1, Ordering::Relaxed);
            match ask::ask(&journal, turn, ask::CART, "/cart") {
                Ok(Response { status: 200, body }) => Response::ok(format!("shop\n{body}")),
                Ok(Response { status, .. }) => {
                    Response::bad_gateway(&format!("cart: status {status}"))
                }
                Err(error) => Response::bad_gateway(&format!("cart: {}", reach::word_of(&error))),
            }
        }
        _ => Response::not_found(),
    })
}
