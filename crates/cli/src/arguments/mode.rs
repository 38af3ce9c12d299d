//! The arguments of `podwall mode`, and what they ask for.

use std::time::Duration;

use clap::Args;
use podwall_wire::rest::Mode;

use crate::duration;

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
