//! A set of policies for commands that work with what it means: documents with errors are told, and
//! end the command, since half a set means something else than the whole.

use podwall_model::{Mode, World};
use podwall_policy::options::Options;
use podwall_policy::rule::Policy;
use podwall_policy::{Severity, check_as};

use super::flags::AsMode;
use super::texts;

/// The policies that these words name.
pub(super) fn policies(words: &[String]) -> anyhow::Result<Vec<Policy>> {
    let mut policies: Vec<Policy> = Vec::new();
    let mut errors = Vec::new();
    for text in texts::read(words)? {
        let checked = check_as(&text.text, &text.file, &podwall_author::dialect());
        let is_error = |told: &&podwall_policy::Diagnostic| told.severity == Severity::Error;
        errors.extend(checked.diagnostics.iter().filter(is_error).map(ToString::to_string));
        for policy in checked.policies {
            match policies.iter().any(|other| other.id == policy.id) {
                true => errors
                    .push(format!("{}: the same policy stands twice: `{}`", text.file, policy.id)),
                false => policies.push(policy),
            }
        }
    }
    match errors.as_slice() {
        [] => Ok(policies),
        some => anyhow::bail!("policies cannot be used:\n{}", some.join("\n")),
    }
}

/// The world that a word names.
pub(super) fn world(word: Option<&str>) -> anyhow::Result<Option<World>> {
    word.map(texts::world).transpose()
}

/// The cluster-wide choices, with the mode of policies that say none.
pub(super) fn options(mode: AsMode) -> Options {
    let mode = match mode {
        AsMode::Detect => Mode::Detect,
        AsMode::Enforce => Mode::Enforce,
    };
    Options { mode, node_labels: true, ..Options::default() }
}
