//! The arguments of the authors' commands, with what `--help` says of them.

use clap::{Args, ValueEnum};

const LINT_EXAMPLES: &str = "\
Examples:
  podwall lint policies/                         a folder, all of it together
  podwall lint --world world.yaml policies/      also what only a world can show
  podwall lint --fix policies/                   mends what is certain, comments are kept
  git show HEAD:policies/shop.yaml | podwall lint -
  podwall lint main:policies                     a folder at a revision
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
    /// Mend what is certain, in the files
    #[arg(long)]
    pub(crate) fix: bool,
    /// Warnings count too
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print the page about a code instead
    #[arg(long, value_name = "CODE", conflicts_with_all = ["world", "fix", "strict"])]
    pub(crate) explain: Option<String>,
    /// How to say it
    #[arg(short, long, value_enum, default_value_t = LintOutput::Text)]
    pub(crate) output: LintOutput,
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

A test file is `kind: PolicyTest`; docs/book/policy-test.md describes it.

Exit codes:
  0  all as expected
  1  something is not
  2  a file cannot be used, or there is no test at all";

#[derive(Args, Debug)]
#[command(after_help = TEST_EXAMPLES)]
pub(crate) struct Test {
    /// Test files, and folders with some
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<String>,
    /// The world of test files that have none
    #[arg(long, value_name = "FILE")]
    pub(crate) world: Option<String>,
    /// The policies of test files that name none
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
