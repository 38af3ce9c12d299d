//! Signatures: which bands of a half an identity is in. Equal ones have equal rows, so that a row
//! is made once for all identities that the half cannot tell apart.

use super::band::Bands;
use crate::hash::HashMap;

/// Finds signatures, with room that is used again for each half.
#[derive(Debug, Default)]
pub(super) struct Signatures {
    /// By position: the kind of the signature so far; 0 for none.
    kinds: Vec<u32>,
    /// A bit for each position that is in some band.
    met: Vec<u64>,
    /// The words of `met` that have such a bit.
    words: Vec<u32>,
    /// By kind: the one before and the band that came to it.
    steps: Vec<(u32, u32)>,
    known: HashMap<(u32, u32), u32>,
}

impl Signatures {
    /// Tells of each position that is in some band, in order, the kind of its signature and, if
    /// asked, the bands.
    pub(super) fn tell(
        &mut self,
        bands: &Bands,
        positions: usize,
        mut tell: impl FnMut(u32, u32, &dyn Fn() -> Vec<u32>),
    ) {
        self.kinds.resize(positions, 0);
        self.met.resize(positions.div_ceil(64), 0);
        self.steps.clear();
        self.steps.push((0, 0));
        self.known.clear();
        for (band, at) in bands.bands.iter().zip(0u32..) {
            // Members of a band mostly come with one signature after another.
            let mut latest = (u32::MAX, 0);
            for position in band.members.iter().map(|position| *position as usize) {
                let before = self.kinds[position];
                if latest.0 != before {
                    let next = || u32::try_from(self.steps.len()).expect("fewer than 2^32 kinds");
                    let kind = *self.known.entry((before, at)).or_insert_with(next);
                    if kind as usize == self.steps.len() {
                        self.steps.push((before, at));
                    }
                    latest = (before, kind);
                }
                self.kinds[position] = latest.1;
                let word = position / 64;
                if self.met[word] == 0 {
                    self.words.push(u32::try_from(word).expect("fewer than 2^32 words"));
                }
                self.met[word] |= 1 << (position % 64);
            }
        }
        let mut words = std::mem::take(&mut self.words);
        words.sort_unstable();
        for word in words.drain(..).map(|word| word as usize) {
            let mut bits = std::mem::take(&mut self.met[word]);
            while bits != 0 {
                let position = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let kind = std::mem::take(&mut self.kinds[position]);
                let place = u32::try_from(position).expect("fewer than 2^32 positions");
                tell(place, kind, &|| self.bands_of(kind));
            }
        }
        self.words = words;
    }

    fn bands_of(&self, kind: u32) -> Vec<u32> {
        let mut bands = Vec::new();
        let mut kind = kind;
        while kind != 0 {
            let (before, band) = self.steps[kind as usize];
            bands.push(band);
            kind = before;
        }
        bands.reverse();
        bands
    }
}
