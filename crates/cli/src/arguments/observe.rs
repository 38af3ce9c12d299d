//! The arguments of `podwall observe`, in the habit of `hubble observe`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::duration;

const OBSERVE_EXAMPLES: &str = "\
Examples:
  podwall observe -f                               everything, as it happens
  podwall observe --verdict AUDIT --last 50        what would be dropped
  podwall observe -n shop --since 5m --port 5432
  podwall observe --from-pod shop/web --to-pod data/db -o json

A pod is namespace/name; the name may be a beginning, `namespace/` is all of a namespace, and
without a slash the namespace is `default`.";

#[derive(Args, Debug)]
#[command(after_help = OBSERVE_EXAMPLES)]
pub(crate) struct Observe {
    /// Go on showing flows as they happen
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// How many of the newest flows [default: 20; with --since all of them]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) last: Option<usize>,
    /// Only flows of this long ago or later, e.g. 30s, 5m, 2h
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub(crate) since: Option<Duration>,
    /// Either end is in this namespace
    #[arg(short, long, value_name = "NAME")]
    pub(crate) namespace: Vec<String>,
    /// The client
    #[arg(long, value_name = "POD")]
    pub(crate) from_pod: Vec<String>,
    /// The server
    #[arg(long, value_name = "POD")]
    pub(crate) to_pod: Vec<String>,
    /// The client's address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) from_ip: Vec<String>,
    /// The server's address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to_ip: Vec<String>,
    /// FORWARDED, DROPPED, AUDIT (would drop)
    #[arg(long, value_name = "VERDICT", ignore_case = true)]
    pub(crate) verdict: Vec<Verdict>,
    /// The server's port
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Vec<u16>,
    /// TCP, UDP, SCTP, ICMPv4, ICMPv6 or a number
    #[arg(long, value_name = "PROTOCOL")]
    pub(crate) protocol: Vec<String>,
    /// Decided by this policy: its id, or the end of one
    #[arg(long, value_name = "POLICY")]
    pub(crate) policy: Vec<String>,
    /// How to show each
    #[arg(short, long, value_enum, default_value_t = Output::Compact)]
    pub(crate) output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verdict {
    #[value(name = "FORWARDED")]
    Forwarded,
    #[value(name = "DROPPED")]
    Dropped,
    #[value(name = "AUDIT", alias = "WOULD-DROP")]
    Audit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// One line each
    Compact,
    /// Columns under a head
    Table,
    /// One JSON object a line, as the API gives it
    Json,
    /// Comma-separated lines under a head
    Csv,
    /// One JSON object a line, in the names of Hubble's protocol
    Jsonpb,
}
