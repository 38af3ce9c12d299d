//! Beginnings or endings of texts: which of many a text has, by one binary search.

/// Which side of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// How it begins.
    Front,
    /// How it ends.
    Back,
}

/// Affixes with what stands behind each. Each knows the longest other that it begins with, so
/// that those of a text are one chain.
#[derive(Debug)]
pub(super) struct Affixes<T> {
    side: Side,
    /// Sorted by the affix, which is turned round for the back.
    sorted: Vec<Affix<T>>,
}

#[derive(Debug)]
struct Affix<T> {
    bytes: Vec<u8>,
    parent: Option<usize>,
    value: T,
}

impl<T> Affixes<T> {
    /// Of different affixes.
    pub(super) fn new(side: Side, list: Vec<(String, T)>) -> Affixes<T> {
        let mut sorted: Vec<Affix<T>> = list
            .into_iter()
            .map(|(text, value)| {
                let mut bytes = text.into_bytes();
                match side {
                    Side::Front => {}
                    Side::Back => bytes.reverse(),
                }
                Affix { bytes, parent: None, value }
            })
            .collect();
        sorted.sort_by(|a, b| a.bytes.cmp(&b.bytes));
        for at in 1..sorted.len() {
            let mut parent = Some(at - 1);
            while let Some(one) = parent
                && !sorted[at].bytes.starts_with(&sorted[one].bytes)
            {
                parent = sorted[one].parent;
            }
            sorted[at].parent = parent;
        }
        Affixes { side, sorted }
    }

    /// Tells what stands behind each affix that a text has.
    pub(super) fn each(&self, text: &str, mut tell: impl FnMut(&T)) {
        if self.sorted.is_empty() {
            return;
        }
        let turned: Vec<u8>;
        let bytes = match self.side {
            Side::Front => text.as_bytes(),
            Side::Back => {
                turned = text.bytes().rev().collect();
                turned.as_slice()
            }
        };
        let after = self.sorted.partition_point(|affix| affix.bytes.as_slice() <= bytes);
        let mut at = after.checked_sub(1);
        while let Some(affix) = at.map(|at| &self.sorted[at]) {
            if bytes.starts_with(&affix.bytes) {
                tell(&affix.value);
            }
            at = affix.parent;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_each_affix_that_it_begins_or_ends_with() {
        let affixes = ["/a", "/a/b", "/a/bc", "/b", "/a/c", "ab", "b", "/b/", "bb", "/a/b/"];
        for side in [Side::Front, Side::Back] {
            let list = affixes.iter().map(|text| ((*text).to_owned(), *text)).collect();
            let index = Affixes::new(side, list);
            for text in ["/a/b/c", "/a/bc", "", "/", "/a", "/b/a/b", "xbb", "/a/b", "/zzz", "ab"] {
                let mut found = Vec::new();
                index.each(text, |affix| found.push(*affix));
                found.sort_unstable();
                let mut meant: Vec<&str> = affixes
                    .into_iter()
                    .filter(|affix| match side {
                        Side::Front => text.starts_with(affix),
                        Side::Back => text.ends_with(affix),
                    })
                    .collect();
                meant.sort_unstable();
                assert_eq!(found, meant, "{text} {side:?}");
            }
        }
    }
}
