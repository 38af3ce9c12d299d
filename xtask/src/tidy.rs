//! The house rules that a compiler does not know: who may use whom, who alone owns what, how long
//! a file is, what each file opens with.

use anyhow::bail;

use crate::house::{self, House};
use crate::source::{self, Source};

/// A file longer than this must be cut.
const LINES_END: usize = 600;
/// Columns of a line of code.
const COLUMNS: usize = 100;

/// Checks everything and lists every fault.
pub(crate) fn check() -> anyhow::Result<()> {
    let house = house::read()?;
    let mut faults = Vec::new();
    for name in
        house.crates.keys().filter(|name| std::path::Path::new("crates").join(name).exists())
    {
        check_manifest(&house, name, &mut faults)?;
        for source in source::tracked(&format!("crates/{name}"), ".rs")? {
            check_file(&source, &mut faults);
            if !source.is_test() {
                check_code(&house, name, &source, &mut faults);
            }
        }
    }
    check_rooms_are_mapped(&house, &mut faults)?;
    for source in source::tracked("crates/datapath/bpf", "")? {
        check_bpf(&source, &mut faults);
    }
    if faults.is_empty() {
        return Ok(());
    }
    bail!("{} faults:\n{}", faults.len(), faults.join("\n"))
}

fn check_rooms_are_mapped(house: &House, faults: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir("crates")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !house.crates.contains_key(&name) {
            faults.push(format!("house.toml: crates/{name} is not on the map"));
        }
    }
    Ok(())
}

fn check_manifest(house: &House, name: &str, faults: &mut Vec<String>) -> anyhow::Result<()> {
    let room = &house.crates[name];
    let manifest = format!("crates/{name}/Cargo.toml");
    let used = house::dependencies(&manifest)?;
    for dependency in &used {
        let allowed = match dependency.strip_prefix("podwall-") {
            Some(ours) => room.uses.iter().any(|name| name == ours),
            None => room.libraries.contains(dependency),
        };
        if !allowed {
            faults.push(format!(
                "{manifest}: {name} may not use `{dependency}`, hint: house.toml says what it may, \
                 docs/adr says why"
            ));
        }
    }
    let ours = room.uses.iter().map(|name| format!("podwall-{name}"));
    for allowed in ours.chain(room.libraries.iter().cloned()).filter(|name| !used.contains(name)) {
        faults.push(format!("house.toml: {name} may use `{allowed}`, and does not"));
    }
    Ok(())
}

fn check_file(source: &Source, faults: &mut Vec<String>) {
    let path = source.path.display();
    if !source.text.starts_with("//!") && !source.text.starts_with("#![") {
        faults.push(format!("{path}: does not open with what it holds (`//!`)"));
    }
    let lines = source.code().lines().count();
    if lines > LINES_END && !source.is_test() {
        faults.push(format!("{path}: {lines} lines, hint: cut it at {LINES_END} at the latest"));
    }
    // What stands in a string is as long as it has to be.
    let code = source.code();
    for (number, (line, code)) in source.text.lines().zip(code.lines()).enumerate() {
        let counts = line.trim_start().starts_with("//") || !code.trim().is_empty();
        let has_string = line.contains('"') || line.contains("http");
        if line.chars().count() > COLUMNS && counts && !has_string {
            faults.push(format!("{path}:{}: more than {COLUMNS} columns", number + 1));
        }
    }
}

fn check_code(house: &House, name: &str, source: &Source, faults: &mut Vec<String>) {
    let code = source.code();
    for (number, line) in code.lines().enumerate() {
        let place = format!("{}:{}", source.path.display(), number + 1);
        for owned in house.owned.iter().filter(|owned| !owned.by.iter().any(|n| n == name)) {
            for word in owned.words.iter().filter(|word| says(line, word)) {
                let owners = owned.by.join(", ");
                faults.push(format!("{place}: `{word}`: {} belongs to {owners}", owned.what));
            }
        }
        let Some(parts) = &house.crates[name].std else { continue };
        for part in std_parts(line).filter(|part| !parts.iter().any(|p| p == part)) {
            faults.push(format!("{place}: {name} may not touch `std::{part}`"));
        }
    }
}

/// Whether the line says this word, not as a part of a longer one.
fn says(line: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(is_part);
        let after = line[at + word.len()..].chars().next().is_some_and(is_part);
        !before && !after
    })
}

/// The modules of std that a line names: `std::fs::read` names `fs`.
fn std_parts(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("std::").filter_map(|(at, _)| {
        let before = line[..at].chars().next_back();
        let rest = &line[at + 5..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let is_std = before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_');
        (is_std && end > 0).then_some(&rest[..end])
    })
}

fn check_bpf(source: &Source, faults: &mut Vec<String>) {
    let path = source.path.display();
    if !source.text.contains("GPL-2.0") || !source.text.contains("BSD-2-Clause") {
        faults.push(format!("{path}: no licence line (BSD-2-Clause and GPL-2.0)"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_inside_another_is_not_said() {
        assert!(says("unsafe { x }", "unsafe"));
        assert!(!says("unsafe_op_in_unsafe_fn", "unsafe"));
    }

    #[test]
    fn parts_of_std_are_found_wherever_they_stand() {
        let parts: Vec<&str> =
            std_parts("use std::fs::File; let t = std::time::Instant::now();").collect();
        assert_eq!(parts, ["fs", "time"]);
        assert_eq!(std_parts("not_std::fs::x").count(), 0);
    }
}
