//! The arguments of `podwall`, with what `--help` says of them.

mod explain;
mod mode;
mod observe;
mod stats;
mod up;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use self::explain::Explain;
pub(crate) use self::mode::{SetMode, Target};
pub(crate) use self::observe::{Observe, Output, Verdict};
pub(crate) use self::stats::{Stats, StatsOutput};
pub(crate) use self::up::Up;
use crate::author;
use crate::author::flags::{Completion, Lint, Man, Test};

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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use podwall_wire::rest::Mode;

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
