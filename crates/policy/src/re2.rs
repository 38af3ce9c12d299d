//! Regular expressions as Cilium takes them: RE2's syntax, matched against a whole text.
//!
//! The API checks them with Go's `regexp` and the proxy matches them with RE2, so what is taken
//! here is what both take. The syntax is read by our own parser, since that of the `regex` crates
//! differs; matching is theirs, in linear time.

mod class;
mod escape;
mod parse;
mod scripts;
mod shape;

use std::cmp::Ordering;
use std::error::Error;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input, MatchKind, PatternSet};
use regex_syntax::hir::{Hir, Look};

pub(crate) use self::shape::Shape;

/// The longest expression that is read, in bytes. Documents hold far shorter ones.
const MAX_BYTES: usize = 16 << 10;

/// One expression, equal to another if it is written the same.
#[derive(Clone)]
pub struct Pattern(Arc<Read>);

struct Read {
    text: String,
    /// The expression between the text's two ends.
    hir: Hir,
    shape: Shape,
    /// Built when first asked.
    engine: OnceLock<Engine>,
}

/// Why an expression is none, in the words of Go's `regexp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// What is wrong.
    pub what: &'static str,
    /// The part where it is.
    pub part: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PatternError { what, part } = self;
        if part.is_empty() { f.write_str(what) } else { write!(f, "{what}: `{part}`") }
    }
}

impl Error for PatternError {}

impl Pattern {
    /// Reads an expression.
    pub fn new(text: &str) -> Result<Pattern, PatternError> {
        if text.len() > MAX_BYTES {
            return Err(PatternError { what: "expression too large", part: String::new() });
        }
        let hir = parse::parse(text)?;
        let shape = Shape::of(&hir);
        let whole = Hir::concat(vec![Hir::look(Look::Start), hir, Hir::look(Look::End)]);
        let text = text.to_owned();
        Ok(Pattern(Arc::new(Read { text, hir: whole, shape, engine: OnceLock::new() })))
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        match &self.0.shape.texts {
            Some(texts) => texts.iter().any(|one| one == text),
            None => {
                let engine = self.0.engine.get_or_init(|| Engine::new(&[self]));
                engine.0.is_match(Input::new(text).anchored(Anchored::Yes))
            }
        }
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// What every text that matches looks like.
    pub(crate) fn shape(&self) -> &Shape {
        &self.0.shape
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for Pattern {}

impl PartialOrd for Pattern {
    fn partial_cmp(&self, other: &Pattern) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pattern {
    fn cmp(&self, other: &Pattern) -> Ordering {
        self.0.text.cmp(&other.0.text)
    }
}

impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.text.hash(state);
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.0.text)
    }
}

/// Several expressions in one automaton.
#[derive(Debug)]
pub(crate) struct Engine(Regex);

impl Engine {
    /// Of these expressions, each by its position.
    pub(crate) fn new(patterns: &[&Pattern]) -> Engine {
        let hirs: Vec<&Hir> = patterns.iter().map(|pattern| &pattern.0.hir).collect();
        let config = Regex::config()
            .match_kind(MatchKind::All)
            // What an expression may cost was settled when it was read.
            .nfa_size_limit(None)
            .hybrid_cache_capacity(HYBRID_CACHE_BYTES);
        let built = Regex::builder().configure(config).build_many_from_hir(&hirs);
        Engine(built.expect("an expression of bounded size, without Unicode's word boundaries"))
    }

    /// Tells the position of each expression that matches the whole text.
    pub(crate) fn each_match(&self, text: &str, mut tell: impl FnMut(usize)) {
        let mut found = PatternSet::new(self.0.pattern_len());
        let input = Input::new(text).anchored(Anchored::Yes);
        self.0.which_overlapping_matches(&input, &mut found);
        found.iter().for_each(|pattern| tell(pattern.as_usize()));
    }
}

/// What one automaton may remember of its states; beyond that it starts over.
const HYBRID_CACHE_BYTES: usize = 8 << 20;

#[cfg(test)]
mod tests;
