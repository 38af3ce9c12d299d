//! The example policies that ship with Cilium, each linted by itself. They are fetched by the Go
//! client and not kept here; what is found in them was looked at by hand once and is held below.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use podwall_author::lint::{Surroundings, Text, lint, page};

/// Files and what may be found in each, one a line.
const REVIEWED: &str = include_str!("examples.txt");

fn fetched() -> PathBuf {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/cilium");
    let output = Command::new("go")
        .args(["list", "-m", "-f", "{{.Dir}}", "github.com/cilium/cilium"])
        .current_dir(&module)
        .output()
        .expect("the slow tier needs go");
    let listed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !listed.is_empty() {
        return PathBuf::from(listed);
    }
    let download = ["mod", "download", "github.com/cilium/cilium"];
    let done = Command::new("go").args(download).current_dir(&module).status();
    let done = done.expect("the slow tier needs go");
    assert!(done.success(), "the module cannot be fetched");
    fetched()
}

fn files(folder: &Path, list: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the module") {
        let path = entry.expect("an entry that can be read").path();
        if path.is_dir() {
            files(&path, list);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            list.push(path);
        }
    }
}

#[test]
#[ignore = "fetches a module of 40 MB; the slow tier runs it"]
fn nothing_but_what_was_reviewed_is_found_in_ciliums_examples() {
    let root = fetched().join("examples/policies");
    let mut list = Vec::new();
    files(&root, &mut list);
    list.sort();
    assert_eq!(list.len(), 56, "examples of the pinned module");
    let mut found = Vec::new();
    for path in list {
        let name = path.strip_prefix(&root).expect("as the test wrote it").display().to_string();
        let text = Text {
            file: name.clone(),
            text: std::fs::read_to_string(&path).expect("as the test wrote it"),
        };
        let told = lint(&[text], &Surroundings::default()).findings;
        let codes: BTreeSet<&str> = told
            .iter()
            .map(|finding| finding.diagnostic.code.0)
            .filter(|code| page(code).is_some())
            .collect();
        found.extend(codes.into_iter().map(|code| format!("{name}: {code}")));
    }
    let reviewed: Vec<&str> = REVIEWED.lines().filter(|line| !line.starts_with('#')).collect();
    let new: Vec<&String> =
        found.iter().filter(|line| !reviewed.contains(&line.as_str())).collect();
    assert_eq!(new, Vec::<&String>::new(), "found, and not reviewed");
}
