//! The programs of the demo, one a role: what `podwall demo-app ROLE` runs inside a namespace.
//!
//! Servers answer strictly and bound what they read; clients ask steadily and write every attempt,
//! numbered, into their log.

mod ask;
mod cart;
mod customers;
mod dns;
mod http;
mod intruder;
mod journal;
mod metadata;
mod orders;
mod pace;
mod payments;
mod probe;
mod reach;
mod report;
mod resolve;
mod store;
mod store_client;
mod web;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use journal::Logs;

/// The hidden subcommand that starts a program.
pub(crate) const SUBCOMMAND: &str = "demo-app";

/// What a program plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The web front.
    Web,
    /// The cart behind it.
    Cart,
    /// The orders behind the cart.
    Orders,
    /// The database.
    Store,
    /// The batch job that reads the database.
    Report,
    /// The cluster's DNS server.
    Dns,
    /// The one who tries to get everywhere.
    Intruder,
    /// People outside who ask for the web front.
    Customers,
    /// The payment service outside.
    Payments,
    /// The cloud's metadata.
    Metadata,
}

const ROLES: [Role; 10] = [
    Role::Web,
    Role::Cart,
    Role::Orders,
    Role::Store,
    Role::Report,
    Role::Dns,
    Role::Intruder,
    Role::Customers,
    Role::Payments,
    Role::Metadata,
];

impl Role {
    /// The word on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Role::Web => "web",
            Role::Cart => "cart",
            Role::Orders => "orders",
            Role::Store => "db",
            Role::Report => "report",
            Role::Dns => "dns",
            Role::Intruder => "intruder",
            Role::Customers => "customers",
            Role::Payments => "payments",
            Role::Metadata => "metadata",
        }
    }

    /// The role of workloads with this `app` label, which is its word.
    pub(crate) fn of_app(app: &str) -> Option<Role> {
        ROLES.into_iter().find(|role| role.word() == app)
    }
}

/// Runs one program until it is killed: `ROLE --name NAME --logs DIRECTORY`.
pub fn run(arguments: &[String]) -> Result<()> {
    let [role, name_flag, name, logs_flag, directory] = arguments else {
        bail!("unable to read the arguments of a demo program: `{}`", arguments.join(" "));
    };
    if (name_flag.as_str(), logs_flag.as_str()) != ("--name", "--logs") {
        bail!("unknown arguments of a demo program: `{name_flag} {logs_flag}`");
    }
    let role = Role::of_app(role).with_context(|| format!("no such demo program: `{role}`"))?;
    let logs = Logs::new(PathBuf::from(directory), name.clone());
    match role {
        Role::Web => web::run(&logs),
        Role::Cart => cart::run(&logs),
        Role::Orders => orders::run(&logs),
        Role::Store => store::run(&logs),
        Role::Report => report::run(&logs),
        Role::Dns => dns::run(&logs),
        Role::Intruder => intruder::run(&logs),
        Role::Customers => customers::run(&logs),
        Role::Payments => payments::run(&logs),
        Role::Metadata => metadata::run(&logs),
    }
}

/// Says that this program listens, to whoever started it.
fn say_ready() -> Result<()> {
    let mut out = std::io::stdout();
    out.write_all(b"ready\n").and_then(|()| out.flush()).context("unable to say that it is ready")
}
