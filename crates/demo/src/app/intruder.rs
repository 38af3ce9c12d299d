//! The intruder: somebody owns this workload and looks for the next. Each move is written down with
//! what became of it.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::ask::family_word;
use super::journal::{Journal, Logs};
use super::metadata::{self, CREDENTIALS};
use super::pace::{Pace, alternate};
use super::store_client::Store;
use super::{http, reach};
use crate::plan::{self, Addresses, BridgeFilter, FrontKind};

/// The pause between two rounds, where a round does not take longer.
const ROUND_EVERY: Duration = Duration::from_secs(4);
/// How long a swept port is waited for: well below the first retransmission.
const SWEEP_PATIENCE: Duration = Duration::from_millis(400);
/// What the sweep looks for.
const SWEPT_PORTS: [u16; 8] = [22, 80, 443, 3306, 5432, plan::STORE_PORT, plan::HTTP_PORT, 9090];
/// Whom it looks at.
const SWEPT_APPS: [&str; 4] = ["db", "orders", "cart", "web"];
/// What people use for passwords.
const GUESSES: [&str; 4] = ["admin", "password", "redis", "changeme"];

/// Tries for ever.
pub(crate) fn run(logs: &Logs) -> Result<()> {
    let journal = logs.own()?;
    super::say_ready()?;
    let mut pace = Pace::every(ROUND_EVERY);
    loop {
        let turn = pace.turn();
        steal_credentials(&journal, turn);
        guess_password(&journal, turn);
        sweep(&journal, turn);
    }
}

fn steal_credentials(journal: &Journal, turn: u64) {
    let ip = alternate(plan::METADATA, turn);
    let to = SocketAddr::new(ip, metadata::PORT);
    let answer = http::fetch(to, &ip.to_string(), CREDENTIALS);
    let outcome = match answer {
        Ok(answer) if answer.status == 200 => "connected, credentials read".to_owned(),
        Ok(answer) => format!("connected, status {}", answer.status),
        Err(error) => reach::word_of(&error),
    };
    note(journal, "metadata", to, &outcome);
}

/// At the database itself, and at its service.
fn guess_password(journal: &Journal, turn: u64) {
    let guess = GUESSES[usize::try_from(turn).unwrap_or(0) % GUESSES.len()];
    for addresses in [addresses_of("db"), plan::STORE_SERVICE] {
        let ip = alternate(addresses, turn);
        let outcome = match Store::log_in(ip, guess) {
            Ok(_) => "connected, logged in".to_owned(),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                "connected, wrong password".to_owned()
            }
            Err(error) => reach::word_of(&error),
        };
        note(journal, "login", SocketAddr::new(ip, plan::STORE_PORT), &outcome);
    }
}

fn sweep(journal: &Journal, turn: u64) {
    for addresses in SWEPT_APPS.map(addresses_of) {
        let ip = alternate(addresses, turn);
        knock_at(journal, "sweep", &SWEPT_PORTS.map(|port| SocketAddr::new(ip, port)));
    }
    // Asking the DNS server is everybody's right, and no move.
    for front in plan::fronts().into_iter().filter(|front| front.app != "dns") {
        let action = match front.kind {
            FrontKind::Cluster => "service",
            FrontKind::NodePort => "node port",
        };
        let to = SocketAddr::new(alternate(front.addresses, turn), front.port);
        knock_at(journal, action, &[to]);
    }
}

/// At all of them at once, as a scanner does.
fn knock_at(journal: &Journal, action: &str, targets: &[SocketAddr]) {
    thread::scope(|scope| {
        for to in targets {
            scope.spawn(|| note(journal, action, *to, &outcome_of(knock(*to))));
        }
    });
}

fn knock(to: SocketAddr) -> io::Result<()> {
    TcpStream::connect_timeout(&to, SWEEP_PATIENCE).map(|_| ())
}

fn outcome_of(result: io::Result<()>) -> String {
    result.map_or_else(|error| reach::word_of(&error), |()| "connected".to_owned())
}

fn addresses_of(app: &str) -> Addresses {
    let places = plan::places(BridgeFilter::On);
    let place = places.into_iter().find(|place| place.app == app);
    place.expect("the plan has everybody who is swept").addresses
}

fn note(journal: &Journal, action: &str, to: SocketAddr, outcome: &str) {
    let family = family_word(to.ip());
    let to = to.to_string();
    journal.write(json!({ "action": action, "to": to, "family": family, "outcome": outcome }));
}
