//! The commands that authors of policies work with: files, folders, revisions and standard input
//! in, words and exit codes out. Nothing has to run for them.
//!
//! What they say is `author`'s and `policy`'s to know; here it is read, shown and counted.

pub(crate) mod completion;
pub(crate) mod explain;
pub(crate) mod flags;
pub(crate) mod generate;
mod gitlab;
mod junit;
pub(crate) mod lint;
pub(crate) mod map;
pub(crate) mod plan;
mod sarif;
mod set;
mod snippet;
pub(crate) mod test;
mod texts;

/// Everything is as it should be.
pub(crate) const EXIT_FINE: u8 = 0;
/// Something was found, or is not as expected.
pub(crate) const EXIT_FOUND: u8 = 1;
/// What was given cannot be used.
pub(crate) const EXIT_UNUSABLE: u8 = 2;
