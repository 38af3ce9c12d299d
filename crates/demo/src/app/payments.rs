//! The payment service outside: it says yes to everything.

use anyhow::Result;

use super::http::{self, Response};
use super::journal::Logs;
use crate::plan;

/// Serves for ever.
pub(crate) fn run(_: &Logs) -> Result<()> {
    let listener = http::listen(plan::PAYMENT_PORT)?;
    super::say_ready()?;
    http::serve(&listener, |path| match path {
        "/charge" => Response::ok("charged\n"),
        _ => Response::not_found(),
    })
}
