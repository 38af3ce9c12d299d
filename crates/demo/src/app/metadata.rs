//! The cloud's metadata: hands the node's credentials to whoever can reach it, as clouds do.

use anyhow::Result;
use serde_json::json;

use super::http::{self, Response};
use super::journal::Logs;

/// Where clouds keep the credentials of a node's role.
pub(crate) const CREDENTIALS: &str = "/latest/meta-data/iam/security-credentials/demo-node";
/// The port of the metadata service.
pub(crate) const PORT: u16 = 80;

/// Serves for ever.
pub(crate) fn run(logs: &Logs) -> Result<()> {
    let journal = logs.own()?;
    let listener = http::listen(PORT)?;
    super::say_ready()?;
    http::serve(&listener, move |path| {
        journal.write(json!({ "action": format!("asked for {path}") }));
        match path {
            CREDENTIALS => {
                Response::ok("{\"AccessKeyId\": \"DEMO\", \"Token\": \"not-a-secret\"}\n")
            }
            _ => Response::not_found(),
        }
    })
}
