//! Test files (`kind: PolicyTest`) and the files that they name, read into cases.

mod conversation;
mod document;
mod read;

pub use self::read::{
    Defaults, SpecError, find_tests, read_folder, read_text, read_with, read_world,
};
