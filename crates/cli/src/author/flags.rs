//! The arguments of the authors' commands, with what `--help` says of them.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use podwall_policy::target::Target;

const LINT_EXAMPLES: &str = "\
Examples:
  podwall lint policies/                         a folder, all of it together
  podwall lint --world world.yaml policies/      also what only a world can show
  podwall lint --fix policies/                   mends what is certain, comments are kept
  git show HEAD:policies/shop.yaml | podwall lint -
  podwall lint main:policies                     a folder at a revision
  podwall lint --target cilium-1.18 policies/    also what means something else there
  podwall lint -o sarif policies/ > lint.sarif
  podwall lint --explain PW1005

Exit codes:
  0  nothing found, or warnings only
  1  errors found; with --strict also warnings
  2  something given cannot be read";

#[derive(Args, Debug)]
#[command(after_help = LINT_EXAMPLES)]
pub(crate) struct Lint {
    /// Files, folders, `REV:path` of a Git repository, or `-` for standard input
    #[arg(value_name = "PATH", required_unless_present = "explain")]
    pub(crate) paths: Vec<String>,
    /// The workloads that exist, in a workload file
    #[arg(long, value_name = "FILE")]
    pub(crate) world: Option<String>,
    /// A version of Cilium: tell also which policies mean something else there, and why
    #[arg(long, value_name = "VERSION", value_parser = target())]
    pub(crate) target: Option<Target>,
    /// Mend what is certain, in the files
    #[arg(long)]
    pub(crate) fix: bool,
    /// Warnings count too
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print the page about a code instead
    #[arg(long, value_name = "CODE", conflicts_with_all = ["world", "target", "fix", "strict"])]
    pub(crate) explain: Option<String>,
    /// How to say it
    #[arg(short, long, value_enum, default_value_t = LintOutput::Text)]
    pub(crate) output: LintOutput,
}

/// The versions by name, so that completions know them.
fn target() -> impl TypedValueParser<Value = Target> {
    PossibleValuesParser::new(Target::ALL.map(Target::name)).try_map(|name| name.parse::<Target>())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LintOutput {
    /// For people, with the lines
    Text,
    /// One JSON document
    Json,
    /// JUnit XML
    Junit,
    /// SARIF 2.1.0
    Sarif,
    /// GitLab's code quality report
    Gitlab,
}

const TEST_EXAMPLES: &str = "\
Examples:
  podwall test tests/                            every test file below the folder
  podwall test --world world.yaml --policies policies/ tests/
  podwall test --select suite=shop --filter database tests/
  podwall test -o junit tests/ > report.xml
  podwall test main:tests                        the tests of a revision, with the files they name

A test file is `kind: PolicyTest`; docs/book/policy-test.md describes it.

Exit codes:
  0  all as expected
  1  something is not
  2  a file cannot be used, or there is no test at all";

#[derive(Args, Debug)]
#[command(after_help = TEST_EXAMPLES)]
pub(crate) struct Test {
    /// Test files, folders with some, `REV:path` of a Git repository, or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<String>,
    /// The world of test files that have none
    #[arg(long, value_name = "FILE")]
    pub(crate) world: Option<String>,
    /// The policies of test files that name none: a file, a folder, or `REV:path`
    #[arg(long, value_name = "PATH")]
    pub(crate) policies: Option<String>,
    /// Only files with this label; several have to fit together
    #[arg(long, value_name = "LABEL=VALUE", value_parser = label)]
    pub(crate) select: Vec<(String, String)>,
    /// Only tests with this in their name, or in that of their file's case
    #[arg(long, value_name = "NAME")]
    pub(crate) filter: Option<String>,
    /// Stop at the first file with something that is not as expected
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// How many files at a time [default: as many as there are processors]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) jobs: Option<std::num::NonZeroUsize>,
    /// How to say it
    #[arg(short, long, value_enum, default_value_t = TestOutput::Text)]
    pub(crate) output: TestOutput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestOutput {
    /// For people: what is not as expected, and a count
    Text,
    /// One JSON document
    Json,
    /// JUnit XML
    Junit,
    /// Test Anything Protocol, version 13
    Tap,
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write LABEL=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

const COMPLETION_EXAMPLES: &str = "\
Examples:
  podwall completion bash > /etc/bash_completion.d/podwall
  podwall completion zsh > \"${fpath[1]}/_podwall\"
  podwall completion fish > ~/.config/fish/completions/podwall.fish";

#[derive(Args, Debug)]
#[command(after_help = COMPLETION_EXAMPLES)]
pub(crate) struct Completion {
    /// Which shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

const MAN_EXAMPLES: &str = "\
Examples:
  podwall man /usr/local/share/man/man1";

#[derive(Args, Debug)]
#[command(after_help = MAN_EXAMPLES)]
pub(crate) struct Man {
    /// The folder to write podwall.1 and the pages of its commands into; it has to be there
    #[arg(value_name = "DIR")]
    pub(crate) folder: std::path::PathBuf,
}

/// The mode of policies where neither they nor their subject's namespace say one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AsMode {
    /// Drop nothing, tell what would be dropped
    Detect,
    /// Drop
    Enforce,
}

const MAP_EXAMPLES: &str = "\
Examples:
  podwall map --world world.yaml policies/
  podwall map -o svg policies/ > map.svg         without a world, of what policies name
  podwall map -o mermaid --focus data/db policies/
  podwall map HEAD~1:policies

What is open only because no policy speaks of either end is not drawn.

Exit codes:
  0  done
  2  something given cannot be used";

#[derive(Args, Debug)]
#[command(after_help = MAP_EXAMPLES)]
pub(crate) struct Map {
    /// Policies: files, folders, `REV:path`, or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<String>,
    /// The workloads that exist; else one for each way in which policies name some
    #[arg(long, value_name = "FILE")]
    pub(crate) world: Option<String>,
    /// Only places with this in their name, and whom they reach or are reached by
    #[arg(long, value_name = "NAME")]
    pub(crate) focus: Option<String>,
    /// The mode of policies that say none
    #[arg(long, value_enum, default_value_t = AsMode::Enforce)]
    pub(crate) mode: AsMode,
    /// How to draw it
    #[arg(short, long, value_enum, default_value_t = MapOutput::Text)]
    pub(crate) output: MapOutput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MapOutput {
    /// Lines for people
    Text,
    /// One JSON document
    Json,
    /// Graphviz
    Dot,
    /// Mermaid, for Markdown
    Mermaid,
    /// A drawing
    Svg,
}

const PLAN_EXAMPLES: &str = "\
Examples:
  podwall plan policies/ new-policies/
  podwall plan main:policies policies/           the working tree against a branch
  podwall plan main..HEAD:policies -o markdown   for a merge request
  podwall plan --world world.yaml --exit-code main:policies policies/

Exit codes:
  0  done
  1  with --exit-code: some connection changes
  2  something given cannot be used";

#[derive(Args, Debug)]
#[command(after_help = PLAN_EXAMPLES)]
pub(crate) struct Plan {
    /// The policies as they are: a file, a folder, `REV:path`; or both sides as `OLD..NEW:path`
    #[arg(value_name = "OLD")]
    pub(crate) old: String,
    /// The policies as they will be
    #[arg(value_name = "NEW")]
    pub(crate) new: Option<String>,
    /// The workloads that exist; else one for each way in which policies name some
    #[arg(long, value_name = "FILE")]
    pub(crate) world: Option<String>,
    /// The mode of policies that say none
    #[arg(long, value_enum, default_value_t = AsMode::Enforce)]
    pub(crate) mode: AsMode,
    /// End with 1 where a connection changes
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// How to say it
    #[arg(short, long, value_enum, default_value_t = PlanOutput::Text)]
    pub(crate) output: PlanOutput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanOutput {
    /// Lines for people
    Text,
    /// One JSON document
    Json,
    /// A comment for a merge request
    Markdown,
}

const GENERATE_EXAMPLES: &str = "\
Examples:
  podwall observe --since 7d -o json > flows.jsonl; podwall generate --flows flows.jsonl
  hubble observe --last 10000 -o jsonpb | podwall generate --flows -

What is written only detects until somebody enforces it, and is judged again: every recorded flow
passes, or is told on standard error.

Exit codes:
  0  every recorded flow is allowed
  1  some are not, and are told
  2  something given cannot be used";

#[derive(Args, Debug)]
#[command(after_help = GENERATE_EXAMPLES)]
pub(crate) struct Generate {
    /// Recorded flows, one JSON object a line: our own or Hubble's; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) flows: String,
    /// The workloads that exist, where records say too little of them
    #[arg(long, value_name = "FILE")]
    pub(crate) world: Option<String>,
}
