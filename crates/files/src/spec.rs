//! Test files (`kind: PolicyTest`) and the files that they name, read into cases.

mod document;
mod read;

pub use self::read::{SpecError, read_folder, read_text, read_world};
