//! Whether a policy acts, is only watched, or rests.

use std::fmt;
use std::str::FromStr;

/// What a policy does. The default of the whole product is to detect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// The policy is kept, and has no effect at all.
    Off,
    /// What it would drop is recorded; no packet is touched.
    #[default]
    Detect,
    /// What it forbids is dropped.
    Enforce,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Off => "off",
            Mode::Detect => "detect",
            Mode::Enforce => "enforce",
        })
    }
}

/// A word that is no mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownMode(pub String);

impl fmt::Display for UnknownMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a mode: `{}`, hint: write `detect`, `enforce` or `off`", self.0)
    }
}

impl std::error::Error for UnknownMode {}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(word: &str) -> Result<Mode, UnknownMode> {
        match word {
            "off" => Ok(Mode::Off),
            "detect" => Ok(Mode::Detect),
            "enforce" => Ok(Mode::Enforce),
            other => Err(UnknownMode(other.to_owned())),
        }
    }
}
