//! Names in pinned state: the text of a number, cut into parts that fit an element of a map.
//!
//! The first part says how many there are and is written last, so a name is there whole or not.

use std::collections::BTreeMap;

use crate::abi::{self, NAME_BYTES};

/// The longest name that is read back; rules and workloads stay far below, and an identity's labels
/// are bounded by what Kubernetes lets a pod carry.
const PARTS_LIMIT: u32 = 4096;

/// How many elements a name takes.
pub(crate) fn parts(text: &str) -> u64 {
    text.len().div_ceil(NAME_BYTES).max(1) as u64
}

/// The elements of a name, in the order to be written: the first part last.
pub(crate) fn elements(number: u32, text: &str) -> Vec<(abi::NameKey, abi::Name)> {
    let parts = u32::try_from(parts(text)).expect("a name fits in memory");
    let mut chunks = text.as_bytes().chunks(NAME_BYTES);
    let element = |part: u32| {
        let chunk = chunks.next().unwrap_or_default();
        let length = u32::try_from(chunk.len()).expect("a part has at most 248 bytes");
        let mut name = abi::Name { parts, length, text: [0; NAME_BYTES] };
        name.text[..chunk.len()].copy_from_slice(chunk);
        (abi::NameKey { number, part }, name)
    };
    let mut elements: Vec<_> = (0..parts).map(element).collect();
    elements.reverse();
    elements
}

/// The names that these elements make, by number, and the elements that belong to none.
pub(crate) fn assemble(
    elements: impl IntoIterator<Item = (abi::NameKey, abi::Name)>,
) -> (BTreeMap<u32, String>, Vec<abi::NameKey>) {
    let all: BTreeMap<(u32, u32), abi::Name> =
        elements.into_iter().map(|(key, name)| ((key.number, key.part), name)).collect();
    let mut names = BTreeMap::new();
    for ((number, part), first) in &all {
        if *part == 0
            && let Some(text) = whole(&all, *number, first.parts)
        {
            names.insert(*number, text);
        }
    }
    let stray = |(number, part): &(u32, u32)| {
        (!names.contains_key(number)).then_some(abi::NameKey { number: *number, part: *part })
    };
    let strays = all.keys().filter_map(stray).collect();
    (names, strays)
}

fn whole(all: &BTreeMap<(u32, u32), abi::Name>, number: u32, parts: u32) -> Option<String> {
    let mut bytes = Vec::new();
    for part in 0..parts.min(PARTS_LIMIT) {
        let name = all.get(&(number, part))?;
        bytes.extend_from_slice(name.text.get(..usize::try_from(name.length).ok()?)?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_length_is_read_back() {
        for length in [0, 1, NAME_BYTES - 1, NAME_BYTES, NAME_BYTES + 1, 5 * NAME_BYTES + 7] {
            let text: String = "äbc".chars().cycle().take(length).collect();
            let elements = elements(7, &text);
            assert_eq!(elements.len() as u64, parts(&text));
            assert_eq!(assemble(elements).0[&7], text);
        }
    }

    #[test]
    fn a_name_without_its_first_part_is_none() {
        let mut elements = elements(7, &"x".repeat(3 * NAME_BYTES));
        elements.pop();
        let (names, strays) = assemble(elements);
        assert!(names.is_empty());
        assert_eq!(strays.len(), 2);
    }
}
