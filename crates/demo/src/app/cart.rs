//! The cart: one of two backends behind one service address, and a client of the orders.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;

use super::http::{self, Response};
use super::journal::Logs;
use super::{ask, reach};
use crate::plan;

/// Serves for ever.
pub(crate) fn run(logs: &Logs) -> Result<()> {
    let journal = logs.own()?;
    let name = logs.name().to_owned();
    let turn = AtomicU64::new(0);
    let listener = http::listen(plan::HTTP_PORT)?;
    super::say_ready()?;
    http::serve(&listener, move |path| match path {
        "/cart" => {
            let turn = turn.fetch_add(1, Ordering::Relaxed);
            match ask::ask(&journal, turn, ask::ORDERS, "/orders") {
                Ok(Response { status: 200, body }) => Response::ok(format!("{name}\n{body}")),
                Ok(Response { status, .. }) => {
                    Response::bad_gateway(&format!("orders: status {status}"))
                }
                Err(error) => Response::bad_gateway(&format!("orders: {}", reach::word_of(&error))),
            }
        }
        _ => Response::not_found(),
    })
}
