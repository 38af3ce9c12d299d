//! Which files are test files, and their texts: of a folder, of a revision, from standard input.

use std::fs;
use std::path::{Path, PathBuf};

use podwall_author::spec::Spec;
use podwall_model::World;

use super::read::{KIND, SpecError, read_text};
use crate::source::{SourceError, SourceText, read_source};

/// Every case of every `.yaml` file right in a folder, but for those named; files in order.
pub fn read_folder(folder: &Path, except: &[&str], world: &World) -> Result<Vec<Spec>, SpecError> {
    let unreadable = |error: std::io::Error| SpecError {
        file: folder.display().to_string(),
        line: 0,
        message: error.to_string(),
    };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".yaml") && !except.contains(&name) {
            paths.push(path);
        }
    }
    paths.sort();
    let mut specs = Vec::new();
    for path in paths {
        specs.extend(read_text(&text_of(&path)?, &path, world)?);
    }
    Ok(specs)
}

/// Every test file that a word names (a file, a folder, `REV:path`, or `-` for standard input), in
/// order. A YAML file of a folder that holds no test (a world, policies) is none.
pub fn find_tests(word: &str) -> Result<Vec<(PathBuf, String)>, SourceError> {
    let sources = read_source(word)?;
    // What was named by itself is one, whatever it says.
    let alone = matches!(sources.as_slice(), [one] if one.name == word);
    let tests = sources.into_iter().filter(|source| alone || source.text.contains(KIND));
    Ok(tests.map(|source| (PathBuf::from(source.name), source.text)).collect())
}

/// The text of a file, or of one at a revision.
pub(super) fn text_of(path: &Path) -> Result<String, SpecError> {
    let file = path.display().to_string();
    let unreadable = |message: String| SpecError { file: file.clone(), line: 0, message };
    let sources = read_source(&upright(&file)).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        unreadable(format!("{error}{}", cause.unwrap_or_default()))
    })?;
    match <[SourceText; 1]>::try_from(sources) {
        Ok([one]) => Ok(one.text),
        Err(_) => Err(unreadable("one file is wanted, and it is a folder".to_owned())),
    }
}

/// `REV:path` without the steps up in it, which Git does not take.
fn upright(word: &str) -> String {
    let Some((revision, path)) = word.split_once(':').filter(|_| !Path::new(word).exists()) else {
        return word.to_owned();
    };
    format!("{revision}:{}", straight(path.split('/')))
}

/// A path without steps that stay or go up; none leads above where it begins.
pub(super) fn straight<'a>(steps: impl Iterator<Item = &'a str>) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for step in steps {
        match step {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}
