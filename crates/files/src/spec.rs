//! Test files (`kind: PolicyTest`) and the files that they name, read into cases.

mod conversation;
mod document;
mod find;
mod read;

pub use self::find::{find_tests, read_folder};
pub use self::read::{Defaults, Named, SpecError, read_text, read_with, read_world};
