//! Source files as `tidy` sees them: the tracked files of a crate, and their code without comments
//! and strings.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

/// A file of the repository.
pub(crate) struct Source {
    /// Its path from the root.
    pub(crate) path: PathBuf,
    /// All of it.
    pub(crate) text: String,
}

/// The tracked files below a folder whose name ends so.
pub(crate) fn tracked(folder: &str, ending: &str) -> anyhow::Result<Vec<Source>> {
    let listed = Command::new("git").args(["ls-files", "--", folder]).output()?;
    String::from_utf8(listed.stdout)?
        .lines()
        .filter(|path| path.ends_with(ending) && Path::new(path).is_file())
        .map(|path| {
            let text = std::fs::read_to_string(path).with_context(|| path.to_owned())?;
            Ok(Source { path: PathBuf::from(path), text })
        })
        .collect()
}

impl Source {
    /// Whether it is a test: a file of a `tests` folder.
    pub(crate) fn is_test(&self) -> bool {
        self.path.components().any(|part| part.as_os_str() == "tests")
    }

    /// The code without comments and string contents, and without the inline test module that ends
    /// a file; line numbers stay.
    pub(crate) fn code(&self) -> String {
        let mut code = String::with_capacity(self.text.len());
        let mut in_string = false;
        for line in self.text.lines() {
            if !in_string && line.starts_with("#[cfg(test)]") {
                break;
            }
            strip(line, &mut in_string, &mut code);
            code.push('\n');
        }
        code
    }
}

fn strip(line: &str, in_string: &mut bool, code: &mut String) {
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, *in_string) {
            ('\\', true) => {
                letters.next();
            }
            ('"', open) => *in_string = !open,
            (_, true) => {}
            ('\'', false) if letters.peek() == Some(&'"') => {
                letters.nth(1);
            }
            ('/', false) if letters.peek() == Some(&'/') => return,
            (other, false) => code.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_no_code() {
        let text = "let a = \"unsafe\"; // unsafe\nlet b = '\"'; keep();\n#[cfg(test)]\nunsafe {}";
        let source = Source { path: "a.rs".into(), text: text.into() };
        assert_eq!(source.code(), "let a = ; \nlet b = ; keep();\n");
    }
}
