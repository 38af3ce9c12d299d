//! The arguments of `podwall`, with what `--help` says of them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use podwall_wire::rest::Mode;

use crate::author;
use crate::author::flags::{AsMode, Completion, Lint, Man, Test};
use crate::duration;

/// The exit code where nothing runs with the given state directory.
pub(crate) const EXIT_NOT_RUNNING: u8 = 3;

const CODES: &str = "\
Exit codes:
  0  done
  1  could not be done; the message says why and what to do
  2  the arguments cannot be understood
  3  nothing runs with this state directory

The log goes to standard error; PODWALL_LOG=debug says more.";

/// Network security for containers: sees what talks to what, says what a policy would stop, stops
/// it when told to.
#[derive(Debug, Parser)]
#[command(name = "podwall", version, after_help = CODES, propagate_version = true)]
pub(crate) struct Arguments {
    /// The state directory, which also names the run that commands talk to
    #[arg(long, global = true, default_value = podwall_control::DEFAULT_STATE, value_name = "DIR")]
    pub(crate) state: PathBuf,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch workloads on this machine, and enforce policies where they say so (root)
    Up(Up),
    /// End the run, or clean up what a killed one left (root)
    Down,
    /// Say what is going on, and where the page is
    Status(Status),
    /// Show flows with the policy and rule that decided, in the habit of `hubble observe`
    #[command(visible_alias = "flows")]
    Observe(Box<Observe>),
    /// Show packets and bytes over time, by workload, policy and so on
    Stats(Box<Stats>),
    /// Say what would become of a connection, why, and what to change
    Explain(Explain),
    /// Switch a policy, a namespace or everything between detect, enforce and off
    Mode(SetMode),
    /// Say what policies were probably not meant to say, and mend what is certain
    Lint(Lint),
    /// Run test files: worlds, policies, flows and what becomes of them
    Test(Test),
    /// Say who can reach whom over what, under some policies
    Map(author::flags::Map),
    /// Say which connections another set of policies gains and loses
    Plan(author::flags::Plan),
    /// Write the least policies that allow recorded flows
    Generate(author::flags::Generate),
    /// Print the completions of a shell
    Completion(Completion),
    /// Write the manual pages
    Man(Man),
    /// Print the description of the API
    #[command(hide = true)]
    Openapi,
    /// The agent of one node; `up` starts it
    #[command(hide = true)]
    Agent(Agent),
    /// A program of the demo; `up --demo` starts it
    #[command(hide = true, disable_help_flag = true)]
    DemoApp {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

impl Command {
    /// Whether it is one that authors of policies use, and ends with their codes.
    pub(crate) fn is_author(&self) -> bool {
        match self {
            Command::Lint(_)
            | Command::Test(_)
            | Command::Map(_)
            | Command::Plan(_)
            | Command::Generate(_) => true,
            Command::Explain(explain) => explain.is_offline(),
            Command::Up(_)
            | Command::Down
            | Command::Status(_)
            | Command::Observe(_)
            | Command::Stats(_)
            | Command::Mode(_)
            | Command::Completion(_)
            | Command::Man(_)
            | Command::Openapi
            | Command::Agent(_)
            | Command::DemoApp { .. } => false,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct Agent {
    /// What the node is called
    #[arg(long, value_name = "NAME")]
    pub(crate) node_name: String,
    /// The network namespace that is the node; else the one it is started in
    #[arg(long, value_name = "PATH")]
    pub(crate) node_netns: Option<PathBuf>,
    /// The process that it ends with; else whoever started it
    #[arg(long, value_name = "PID")]
    pub(crate) parent: Option<i32>,
}

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

#[derive(Args, Debug)]
pub(crate) struct Status {
    /// How to say it
    #[arg(short, long, value_enum, default_value_t = Shape::Text)]
    pub(crate) output: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// For people
    Text,
    /// One JSON document, as the API gives it
    Json,
}

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

const MODE_EXAMPLES: &str = "\
Examples:
  podwall mode NetworkPolicy/data/db enforce      writes the annotation into the policy's file
  podwall mode db enforce                         the same, where the end of the id says which
  podwall mode db none                            takes the policy's own mode away again
  podwall mode db enforce --preview               what it would have dropped; changes nothing
  podwall mode --namespace shop detect
  podwall mode --global enforce";

#[derive(Args, Debug)]
#[command(after_help = MODE_EXAMPLES)]
pub(crate) struct SetMode {
    /// The policy: its id, or the end of one; with --namespace or --global the mode
    #[arg(value_name = "POLICY")]
    pub(crate) policy_or_mode: String,
    /// detect, enforce, off; none takes a policy's own mode away
    pub(crate) mode: Option<String>,
    /// Set the mode of a namespace instead
    #[arg(short, long, value_name = "NAME", conflicts_with = "global")]
    pub(crate) namespace: Option<String>,
    /// Set the default of everything instead
    #[arg(long)]
    pub(crate) global: bool,
    /// Change nothing: say what this policy alone would have done to recorded flows
    #[arg(long, conflicts_with_all = ["namespace", "global"])]
    pub(crate) preview: bool,
    /// With --preview: flows of so long ago or later
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "24h")]
    pub(crate) since: Duration,
}

/// Whose mode is to be set, and to what.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Policy(String, Option<Mode>),
    Namespace(String, Mode),
    Global(Mode),
}

impl SetMode {
    /// The one thing that was asked for.
    pub(crate) fn target(&self) -> anyhow::Result<Target> {
        let whole =
            |word: &str| mode(word)?.ok_or_else(|| anyhow::anyhow!("`none` is for policies only"));
        match (&self.namespace, self.global, &self.mode) {
            (Some(name), _, None) => {
                Ok(Target::Namespace(name.clone(), whole(&self.policy_or_mode)?))
            }
            (None, true, None) => Ok(Target::Global(whole(&self.policy_or_mode)?)),
            (None, false, Some(word)) => {
                Ok(Target::Policy(self.policy_or_mode.clone(), mode(word)?))
            }
            (None, false, None) => anyhow::bail!(
                "a policy and a mode are needed, hint: podwall mode POLICY detect|enforce|off"
            ),
            (_, _, Some(_)) => anyhow::bail!(
                "a policy and --namespace or --global exclude each other, hint: leave one out"
            ),
        }
    }
}

fn mode(word: &str) -> anyhow::Result<Option<Mode>> {
    Ok(Some(match word {
        "off" => Mode::Off,
        "detect" => Mode::Detect,
        "enforce" => Mode::Enforce,
        "none" => return Ok(None),
        _ => anyhow::bail!("not a mode: `{word}`, hint: write detect, enforce or off"),
    }))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn target(words: &[&str]) -> Result<Target, String> {
        let line = ["podwall", "mode"].iter().chain(words);
        match Arguments::try_parse_from(line).map_err(|error| error.to_string())?.command {
            Command::Mode(mode) => mode.target().map_err(|error| error.to_string()),
            other => panic!("another command: {other:?}"),
        }
    }

    #[test]
    fn the_arguments_fit_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_mode_is_for_a_policy_a_namespace_or_everything() {
        let policy = Target::Policy("data/db".into(), Some(Mode::Enforce));
        assert_eq!(target(&["data/db", "enforce"]), Ok(policy));
        assert_eq!(target(&["db", "none"]), Ok(Target::Policy("db".into(), None)));
        let namespace = Target::Namespace("shop".into(), Mode::Detect);
        assert_eq!(target(&["--namespace", "shop", "detect"]), Ok(namespace));
        assert_eq!(target(&["--global", "off"]), Ok(Target::Global(Mode::Off)));
        for wrong in [
            &["db"][..],
            &["db", "audit"],
            &["--global", "none"],
            &["--global", "-n", "shop", "off"],
            &["--global", "db", "off"],
        ] {
            assert!(target(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_run_is_the_demo_or_files_and_not_both() {
        let parse = |words: &[&str]| Arguments::try_parse_from(words);
        assert!(parse(&["podwall", "up", "--demo", "--for", "60s"]).is_ok());
        assert!(parse(&["podwall", "up", "--workloads", "f", "--policies", "d"]).is_ok());
        for wrong in [
            &["podwall", "up"][..],
            &["podwall", "up", "--workloads", "f"],
            &["podwall", "up", "--policies", "d"],
            &["podwall", "up", "--demo", "--policies", "d"],
            &["podwall", "up", "--demo", "--for", "soon"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
