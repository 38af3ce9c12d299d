//! The arguments of `podwall explain`.

use clap::Args;

use super::Shape;
use crate::author::flags::AsMode;

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  podwall explain --from shop/web --to data/db --port 5432
  podwall explain --from shop/web --to 169.254.169.254 --port 80/TCP
  podwall explain --from shop/web --to infra/dns --port 53/UDP
  podwall explain --world world.yaml --policies policies/ --from shop/web --to data/db --port 5432

With --world or --policies nothing has to run. An end may then also be entity:world, node:NAME or
name:HOST, and the exit codes are:
  0  it passes
  1  it is dropped
  2  UNKNOWN: the world does not say enough; or something given cannot be used";

#[derive(Args, Debug)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub(crate) struct Explain {
    /// The client: namespace/pod or an address
    #[arg(long, value_name = "END")]
    pub(crate) from: String,
    /// The server: namespace/pod, namespace/service or an address
    #[arg(long, value_name = "END")]
    pub(crate) to: String,
    /// The server's port with its protocol, TCP where none is said; or icmp, icmp6
    #[arg(long, value_name = "PORT")]
    pub(crate) port: String,
    /// How to say it
    #[arg(short, long, value_enum, default_value_t = Shape::Text)]
    pub(crate) output: Shape,
    /// A world to ask instead of what runs
    #[arg(long, value_name = "FILE")]
    pub(crate) world: Option<String>,
    /// Policies to ask instead of those in force: files, folders, `REV:path`
    #[arg(long, value_name = "PATH")]
    pub(crate) policies: Vec<String>,
    /// With --world or --policies: the mode of policies that say none
    #[arg(long, value_enum, default_value_t = AsMode::Enforce)]
    pub(crate) mode: AsMode,
}

impl Explain {
    /// Whether files are asked rather than what runs.
    pub(crate) fn is_offline(&self) -> bool {
        self.world.is_some() || !self.policies.is_empty()
    }
}
