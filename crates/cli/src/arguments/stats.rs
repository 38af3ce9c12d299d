//! The arguments of `podwall stats`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::duration;

const STATS_EXAMPLES: &str = "\
Examples:
  podwall stats                                  the last 15 minutes, by namespace
  podwall stats --since 7d --by policy           which rules decided how much in a week
  podwall stats --since 1h --by workload -n shop
  podwall stats --since 30d --step 1h --by workload -o csv";

#[derive(Args, Debug)]
#[command(after_help = STATS_EXAMPLES)]
pub(crate) struct Stats {
    /// From so long ago on, e.g. 15m, 24h, 30d
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "15m")]
    pub(crate) since: Duration,
    /// How long each sample is; else some three hundred of them
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub(crate) step: Option<Duration>,
    /// Told apart by what
    #[arg(long, value_enum)]
    pub(crate) by: Option<By>,
    /// Judged at workloads of this namespace
    #[arg(short, long, value_name = "NAME")]
    pub(crate) namespace: Vec<String>,
    /// Judged at this workload, namespace/name
    #[arg(long, value_name = "POD")]
    pub(crate) workload: Vec<String>,
    /// Decided by a rule of this policy: its id
    #[arg(long, value_name = "POLICY")]
    pub(crate) policy: Vec<String>,
    /// ingress or egress
    #[arg(long, value_name = "DIRECTION")]
    pub(crate) direction: Option<String>,
    /// How to show it
    #[arg(short, long, value_enum, default_value_t = StatsOutput::Table)]
    pub(crate) output: StatsOutput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    Namespace,
    Workload,
    Direction,
    Policy,
    Rule,
}

impl By {
    /// As the API has it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            By::Namespace => "namespace",
            By::Workload => "workload",
            By::Direction => "direction",
            By::Policy => "policy",
            By::Rule => "rule",
        }
    }

    /// As the head of a column.
    pub(crate) fn head(self) -> &'static str {
        match self {
            By::Namespace => "NAMESPACE",
            By::Workload => "WORKLOAD",
            By::Direction => "DIRECTION",
            By::Policy => "POLICY",
            By::Rule => "RULE",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatsOutput {
    /// Sums in columns
    Table,
    /// One JSON document, as the API gives it
    Json,
    /// Comma-separated lines, one a sample
    Csv,
}
