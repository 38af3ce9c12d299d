//! The cases of `specs/` and who can judge them: what `author` and `files` have, and the compiled
//! tables as one more witness.

mod tables;

pub use podwall_author::spec::{
    Change, Crossing, Failure, Heard, Invalid, Judge, Outcome, Place, Report, Said, Sent, Spec,
    State, Step, Test, Told, Unfit, Witness, run,
};
pub use podwall_files::spec::{SpecError, read_folder, read_text, read_world};

pub use self::tables::Tables;
