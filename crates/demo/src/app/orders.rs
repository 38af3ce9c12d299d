//! The orders: keep two connections to the database open (one a family), pay outside now and then,
//! and receive the numbered probes.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::ask::{self, family_word};
use super::http::{self, Response};
use super::journal::{Journal, Logs};
use super::pace::{Pace, alternate};
use super::store_client::{PASSWORD, Store};
use super::{probe, reach, resolve};
use crate::plan;

/// How often an order is paid for.
const PAY_EVERY: Duration = Duration::from_secs(1);
/// The database's service.
pub(crate) const STORE_NAME: &str = "db.data.svc.cluster.local";

/// The open connections, by the turn's family.
type Stores = [Mutex<Option<Store>>; 2];

/// Serves for ever.
pub(crate) fn run(logs: &Logs) -> Result<()> {
    let journal = logs.own()?;
    let payments = logs.log("orders-payments")?;
    let received = logs.log("probe")?;
    let receiver = probe::listen()?;
    let listener = http::listen(plan::HTTP_PORT)?;
    super::say_ready()?;
    thread::spawn(move || probe::receive(&receiver, &received));
    thread::spawn(move || pay(&payments));
    let stores: Stores = [Mutex::new(None), Mutex::new(None)];
    let turn = AtomicU64::new(0);
    http::serve(&listener, move |path| match path {
        "/orders" => {
            let turn = turn.fetch_add(1, Ordering::Relaxed);
            match count_order(&stores, &journal, turn) {
                Ok(count) => Response::ok(format!("orders {count}\n")),
                Err(error) => Response::bad_gateway(&format!("db: {}", reach::word_of(&error))),
            }
        }
        _ => Response::not_found(),
    })
}

fn pay(journal: &Journal) {
    let mut pace = Pace::every(PAY_EVERY);
    loop {
        let turn = pace.turn();
        // The outcome is in the log; an order that was not paid is tried again by the next turn.
        let _ = ask::ask(journal, turn, ask::PAYMENTS, "/charge");
    }
}

fn count_order(stores: &Stores, journal: &Journal, turn: u64) -> io::Result<String> {
    let resolver = alternate(plan::RESOLVER, turn);
    let index = usize::from(resolver.is_ipv6());
    let mut kept = stores[index].lock().unwrap_or_else(PoisonError::into_inner);
    let answer = kept_or_new(&mut kept, resolver).and_then(|store| store.ask("INCR orders"));
    if answer.is_err() {
        *kept = None;
    }
    let outcome = answer.as_ref().map_or_else(reach::word_of, |_| "ok".to_owned());
    let family = family_word(resolver);
    let action = format!("INCR {STORE_NAME}:{}", plan::STORE_PORT);
    journal.write(json!({ "action": action, "family": family, "outcome": outcome }));
    answer
}

fn kept_or_new(kept: &mut Option<Store>, resolver: IpAddr) -> io::Result<&mut Store> {
    match kept {
        Some(store) => Ok(store),
        None => {
            let ip = resolve::look_up(resolver, STORE_NAME, resolve::Way::Udp)?;
            Ok(kept.insert(Store::log_in(ip, PASSWORD)?))
        }
    }
}
