//! A client's question to a server that it knows by name: look the name up, ask, write it down.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use serde_json::json;

use super::http::{self, Response};
use super::journal::Journal;
use super::pace::alternate;
use super::{reach, resolve};
use crate::plan;

/// A server as its clients know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
}

/// The name of a service in the cluster's zone.
pub(crate) const CART: Server = Server { name: "cart.shop.svc.cluster.local", port: 80 };
/// The orders.
pub(crate) const ORDERS: Server = Server { name: "orders.shop.svc.cluster.local", port: 80 };
/// The payment service outside.
pub(crate) const PAYMENTS: Server = Server { name: plan::PAYMENT_NAME, port: plan::PAYMENT_PORT };

/// Asks by the family whose turn it is, from look-up to answer, and writes down the outcome.
pub(crate) fn ask(
    journal: &Journal,
    turn: u64,
    server: Server,
    path: &str,
) -> io::Result<Response> {
    let resolver = alternate(plan::RESOLVER, turn);
    let began = Instant::now();
    let found = resolve::look_up(resolver, server.name, resolve::way_of(turn));
    let answer = found.and_then(|ip| http::fetch((ip, server.port).into(), server.name, path));
    note(journal, &format!("GET {}:{}{path}", server.name, server.port), resolver, began, &answer);
    answer
}

/// Asks a server by its address.
pub(crate) fn ask_at(journal: &Journal, to: SocketAddr, path: &str) -> io::Result<Response> {
    let began = Instant::now();
    let answer = http::fetch(to, &to.to_string(), path);
    note(journal, &format!("GET {to}{path}"), to.ip(), began, &answer);
    answer
}

fn note(
    journal: &Journal,
    action: &str,
    ip: IpAddr,
    began: Instant,
    answer: &io::Result<Response>,
) {
    let outcome = match answer {
        Ok(Response { status: 200, .. }) => "ok".to_owned(),
        Ok(Response { status, .. }) => format!("status {status}"),
        Err(error) => reach::word_of(error),
    };
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let family = family_word(ip);
    journal.write(json!({ "action": action, "family": family, "outcome": outcome, "ms": ms }));
}

/// `v4` or `v6`.
pub(crate) fn family_word(ip: IpAddr) -> &'static str {
    if ip.to_canonical().is_ipv4() { "v4" } else { "v6" }
}
