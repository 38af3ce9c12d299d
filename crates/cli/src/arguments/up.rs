//! The arguments of `podwall up`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::duration;

const UP_EXAMPLES: &str = "\
Examples:
  podwall up --demo                      a small shop with an intruder, in a node of its own
  podwall up --demo --for 60s            the same, for a minute
  podwall up --workloads workloads.yaml --policies policies/

The workload file holds `namespaces`, `pods`, `services` and so on; each pod says where it is with
`attach: {netns: /run/netns/NAME}` or `attach: {interface: NAME}`. A change of a file takes effect
at once; a broken one changes nothing and says so. Ctrl-C leaves the machine as it was found.";

#[derive(Args, Debug)]
#[command(after_help = UP_EXAMPLES)]
#[group(id = "what", required = true, multiple = true)]
pub(crate) struct Up {
    /// Make a small application inside a nested node, and watch it
    #[arg(long, group = "what", conflicts_with_all = ["workloads", "policies"])]
    pub(crate) demo: bool,
    /// The workloads that exist, and where they are
    #[arg(long, group = "what", value_name = "FILE", requires = "policies")]
    pub(crate) workloads: Option<PathBuf>,
    /// The folder of policies: NetworkPolicy, CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy
    #[arg(long, group = "what", value_name = "DIR", requires = "workloads")]
    pub(crate) policies: Option<PathBuf>,
    /// End by itself after this long, e.g. 60s, 5m
    #[arg(long = "for", value_name = "TIME", value_parser = duration::parse)]
    pub(crate) lasts: Option<Duration>,
    /// Where the page listens [default: 127.0.0.1:4280, or any free port]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
}
