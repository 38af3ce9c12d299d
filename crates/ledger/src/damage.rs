//! A ledger's file that is damaged: told from one that is somebody else's, and moved aside.

use std::fs;
use std::path::Path;

/// Whether the file is a database of which a part is broken. One that is none is left alone.
pub(crate) fn is_corrupt(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseCorrupt)
}

/// Moves it aside, for people to look at; says so.
pub(crate) fn move_aside(path: &Path, error: &rusqlite::Error) -> String {
    let with_end = |end: &str| {
        let mut text = path.as_os_str().to_owned();
        text.push(end);
        std::path::PathBuf::from(text)
    };
    let aside = with_end(".damaged");
    // What cannot be moved is in the way of a new one, which says so.
    let _ = fs::rename(path, &aside);
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(with_end(end));
    }
    format!(
        "the ledger is damaged ({error}) and was moved to `{}`; flows until then are gone",
        aside.display()
    )
}
