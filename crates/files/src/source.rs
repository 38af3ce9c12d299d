//! Where authors keep policies: a file, a folder, standard input, or any of the first two at a
//! revision of a Git repository (`REV:path`, as `git show` has it).
//!
//! Git is asked through its own command: whoever has a repository has it.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use thiserror::Error;

use crate::folder::{Folder, FolderError, Unusable, read_text};

/// The greatest text of one source, in bytes: what the language reads at most.
pub const SOURCE_LIMIT: u64 = 16 << 20;
/// The most files that a folder of a revision may hold, as a folder on disk.
const FILES_LIMIT: usize = crate::folder::FILES_LIMIT;

/// One text and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText {
    /// A path, `REV:path`, or `-`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Why a source cannot be read.
#[derive(Debug, Error)]
pub enum SourceError {
    /// Neither a file, nor a folder, nor something that Git knows.
    #[error(
        "no such file, folder or revision: `{0}`, hint: a path, `REV:path`, or `-` for standard input"
    )]
    Absent(String),
    /// A file of it cannot be used.
    #[error("unable to read `{name}`")]
    Read {
        /// Which.
        name: String,
        /// Why not.
        #[source]
        source: Unusable,
    },
    /// The folder cannot be listed.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Git says no.
    #[error("unable to read the revision: `{word}`: {said}")]
    Git {
        /// What was asked for.
        word: String,
        /// What it said.
        said: String,
    },
}

/// The texts that a word of the command line names: every YAML file of a folder, in order.
pub fn read_source(word: &str) -> Result<Vec<SourceText>, SourceError> {
    let path = Path::new(word);
    if word == "-" {
        let text = read_input().map_err(|source| unreadable("-", source))?;
        return Ok(vec![SourceText { name: "-".to_owned(), text }]);
    }
    if path.is_dir() {
        return read_folder(word);
    }
    if path.exists() {
        let text = read_text(path, SOURCE_LIMIT).map_err(|source| unreadable(word, source))?;
        return Ok(vec![SourceText { name: word.to_owned(), text }]);
    }
    match word.split_once(':') {
        Some((revision, _)) if !revision.is_empty() => read_revision(word),
        Some(_) | None => Err(SourceError::Absent(word.to_owned())),
    }
}

fn unreadable(name: &str, source: Unusable) -> SourceError {
    SourceError::Read { name: name.to_owned(), source }
}

fn read_input() -> Result<String, Unusable> {
    let refused = |error: io::Error| Unusable::Read(error.to_string());
    let mut bytes = Vec::new();
    io::stdin().lock().take(SOURCE_LIMIT + 1).read_to_end(&mut bytes).map_err(refused)?;
    text_of(bytes)
}

fn text_of(bytes: Vec<u8>) -> Result<String, Unusable> {
    if bytes.len() as u64 > SOURCE_LIMIT {
        return Err(Unusable::TooLong { size_bytes: bytes.len() as u64, limit: SOURCE_LIMIT });
    }
    String::from_utf8(bytes)
        .map_err(|error| Unusable::NotText { offset: error.utf8_error().valid_up_to() })
}

fn read_folder(word: &str) -> Result<Vec<SourceText>, SourceError> {
    let front = word.trim_end_matches('/');
    let mut texts = Vec::new();
    for file in Folder::new(word).read()? {
        let name = format!("{front}/{}", file.name);
        let text = file.text.map_err(|source| unreadable(&name, source))?;
        texts.push(SourceText { name, text });
    }
    Ok(texts)
}

/// The objects of a file or folder at a revision, then their bytes in one go.
fn read_revision(word: &str) -> Result<Vec<SourceText>, SourceError> {
    let ask = |arguments: &[&str]| git(word, arguments, "");
    let object = ask(&["rev-parse", "--verify", "--end-of-options", word])?;
    let object = object.trim();
    let kind = ask(&["cat-file", "-t", object])?;
    let front = word.trim_end_matches('/');
    let files: Vec<(String, String)> = match kind.trim() {
        "blob" => vec![(object.to_owned(), word.to_owned())],
        "tree" => {
            let listed = ask(&["ls-tree", "-r", "-z", "--full-tree", object])?;
            let slash = if front.ends_with(':') { "" } else { "/" };
            listed
                .split('\0')
                .filter_map(|entry| {
                    let (about, name) = entry.split_once('\t')?;
                    let object = about.split(' ').nth(2)?;
                    let hidden = name.split('/').any(|part| part.starts_with('.'));
                    let yaml = name.ends_with(".yaml") || name.ends_with(".yml");
                    let wanted = yaml && !hidden && about.starts_with("100");
                    wanted.then(|| (object.to_owned(), format!("{front}{slash}{name}")))
                })
                .collect()
        }
        other => {
            let said = format!("it is a {other}, hint: write `REV:` for all of a revision");
            return Err(SourceError::Git { word: word.to_owned(), said });
        }
    };
    if files.len() > FILES_LIMIT {
        let said = format!("more than {FILES_LIMIT} YAML files, hint: is it the right folder?");
        return Err(SourceError::Git { word: word.to_owned(), said });
    }
    read_objects(word, files)
}

fn read_objects(word: &str, files: Vec<(String, String)>) -> Result<Vec<SourceText>, SourceError> {
    let asked: String = files.iter().map(|(object, _)| format!("{object}\n")).collect();
    let bytes = run(word, &["cat-file", "--batch"], &asked)?;
    let broken = || SourceError::Git { word: word.to_owned(), said: "an answer cut short".into() };
    let mut texts = Vec::new();
    let mut rest = bytes.as_slice();
    for (_, name) in files {
        let end = rest.iter().position(|byte| *byte == b'\n').ok_or_else(broken)?;
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        let size: usize =
            head.rsplit(' ').next().and_then(|size| size.parse().ok()).ok_or_else(broken)?;
        let body = rest.get(end + 1..end + 1 + size).ok_or_else(broken)?;
        let text = text_of(body.to_vec()).map_err(|source| unreadable(&name, source))?;
        texts.push(SourceText { name, text });
        rest = rest.get(end + size + 2..).unwrap_or_default();
    }
    Ok(texts)
}

fn git(word: &str, arguments: &[&str], input: &str) -> Result<String, SourceError> {
    run(word, arguments, input).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn run(word: &str, arguments: &[&str], input: &str) -> Result<Vec<u8>, SourceError> {
    let refused = |error: io::Error| SourceError::Git {
        word: word.to_owned(),
        said: format!("`git` cannot be run: {error}"),
    };
    let mut child = Command::new("git")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(refused)?;
    let mut pipe = child.stdin.take().expect("its input is a pipe");
    // Its answers may fill their pipe before it has read all questions.
    let questions = input.to_owned();
    let asking = std::thread::spawn(move || pipe.write_all(questions.as_bytes()));
    let output = child.wait_with_output().map_err(refused)?;
    // What it did not want to hear it says itself, by its status.
    let _ = asking.join();
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or("it does not say why").to_owned();
    Err(SourceError::Git { word: word.to_owned(), said })
}
