//! The parser: RE2's syntax as Go's `regexp/syntax` reads it, with Perl's extensions.
//!
//! Groups are kept on a stack of our own, and what an expression may cost is bounded while it is
//! read: depth, repeats (1,000 in all, nested ones multiplied) and states.

use regex_syntax::hir::{Dot, Hir, Look, Repetition};

use super::PatternError;
use super::class::{self, Case};
use super::escape;

/// The deepest nesting of groups. RE2's own limit is 1,000; deeper than this nobody writes.
const MAX_DEPTH: usize = 200;
/// The most that repeats may multiply to (RE2's and Go's limit).
const MAX_REPEAT: u32 = 1000;
/// The most states that an expression may need, counted generously.
const MAX_COST: usize = 100_000;

/// What `(?...)` switches. Greed makes no difference to whole matches and is only read.
#[derive(Clone, Copy, Debug)]
struct Flags {
    case: Case,
    lines: Lines,
    dot: Dot,
}

/// What `^` and `$` stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    /// The ends of the text.
    One,
    /// The ends of each line.
    Many,
}

/// One part of a sequence.
struct Part {
    hir: Hir,
    /// The largest product of repeats inside.
    repeat: u32,
    cost: usize,
}

/// A group that is still open, or the whole.
struct Group {
    flags_before: Flags,
    alternatives: Vec<Part>,
    sequence: Vec<Part>,
}

impl Group {
    fn new(flags_before: Flags) -> Group {
        Group { flags_before, alternatives: Vec::new(), sequence: Vec::new() }
    }

    fn end_sequence(&mut self) {
        let parts = std::mem::take(&mut self.sequence);
        let (repeat, cost) = sizes(&parts);
        let hir = Hir::concat(parts.into_iter().map(|part| part.hir).collect());
        self.alternatives.push(Part { hir, repeat, cost });
    }

    fn close(mut self) -> Part {
        self.end_sequence();
        let (repeat, cost) = sizes(&self.alternatives);
        let hir = Hir::alternation(self.alternatives.into_iter().map(|part| part.hir).collect());
        Part { hir, repeat, cost }
    }
}

fn sizes(parts: &[Part]) -> (u32, usize) {
    let repeat = parts.iter().map(|part| part.repeat).max().unwrap_or(1);
    (repeat, parts.iter().map(|part| part.cost).sum::<usize>() + 1)
}

struct Parser<'text> {
    rest: &'text str,
    flags: Flags,
    outer: Vec<Group>,
    group: Group,
}

/// What an expression stands for.
pub(super) fn parse(text: &str) -> Result<Hir, PatternError> {
    let flags = Flags { case: Case::Kept, lines: Lines::One, dot: Dot::AnyCharExceptLF };
    let group = Group::new(flags);
    let mut parser = Parser { rest: text, flags, outer: Vec::new(), group };
    // Where the last operator of repetition began, if the last token was one.
    let mut repeated: Option<&str> = None;
    while let Some(letter) = parser.rest.chars().next() {
        let before = parser.rest;
        repeated = match parser.repetition(letter)? {
            Some((min, max)) => {
                parser.repeat(min, max, before, repeated)?;
                Some(repeated.unwrap_or(before))
            }
            None => {
                parser.token(letter)?;
                None
            }
        };
        if parser.group.sequence.last().is_some_and(|part| part.cost > MAX_COST) {
            return Err(error("expression too large", ""));
        }
    }
    if !parser.outer.is_empty() {
        return Err(error("missing closing )", text));
    }
    let whole = parser.group.close();
    if whole.cost > MAX_COST {
        return Err(error("expression too large", ""));
    }
    Ok(whole.hir)
}

pub(super) fn error(what: &'static str, part: &str) -> PatternError {
    PatternError { what, part: part.to_owned() }
}

impl<'text> Parser<'text> {
    fn advance(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    fn push(&mut self, hir: Hir, cost: usize) {
        self.group.sequence.push(Part { hir, repeat: 1, cost });
    }

    fn literal(&mut self, letter: char) {
        let hir = class::letter(letter, self.flags.case);
        self.push(hir, letter.len_utf8() + 1);
    }

    /// Anything but a repetition.
    fn token(&mut self, letter: char) -> Result<(), PatternError> {
        match letter {
            '(' if self.rest.starts_with("(?") => return self.extension(),
            '(' => {
                self.advance(1);
                self.open(self.flags)?;
            }
            '|' => {
                self.advance(1);
                self.group.end_sequence();
            }
            ')' => self.close()?,
            '^' | '$' => {
                self.advance(1);
                let look = match (letter, self.flags.lines) {
                    ('^', Lines::One) => Look::Start,
                    ('^', Lines::Many) => Look::StartLF,
                    (_, Lines::One) => Look::End,
                    (_, Lines::Many) => Look::EndLF,
                };
                self.push(Hir::look(look), 1);
            }
            '.' => {
                self.advance(1);
                self.push(Hir::dot(self.flags.dot), 12);
            }
            '[' => {
                let (class, rest) = class::parse(self.rest, self.flags.case)?;
                self.rest = rest;
                self.class(class);
            }
            '\\' => self.escape()?,
            other => {
                self.advance(other.len_utf8());
                self.literal(other);
            }
        }
        Ok(())
    }

    fn class(&mut self, class: regex_syntax::hir::ClassUnicode) {
        // Each range needs some states for each length of its letters.
        let cost = 1 + 4 * class.ranges().len();
        self.push(Hir::class(regex_syntax::hir::Class::Unicode(class)), cost);
    }

    fn open(&mut self, flags: Flags) -> Result<(), PatternError> {
        if self.outer.len() >= MAX_DEPTH {
            return Err(error("expression nests too deeply", ""));
        }
        let group = std::mem::replace(&mut self.group, Group::new(self.flags));
        self.outer.push(group);
        self.flags = flags;
        Ok(())
    }

    fn close(&mut self) -> Result<(), PatternError> {
        let Some(outer) = self.outer.pop() else {
            return Err(error("unexpected )", self.rest));
        };
        self.advance(1);
        let inner = std::mem::replace(&mut self.group, outer);
        self.flags = inner.flags_before;
        self.group.sequence.push(inner.close());
        Ok(())
    }

    /// `(?...`: flags, a group that is not captured, or a name.
    fn extension(&mut self) -> Result<(), PatternError> {
        let start = self.rest;
        let name = start.strip_prefix("(?P<").or_else(|| start.strip_prefix("(?<"));
        if let Some(rest) = name {
            let end = rest.find('>').ok_or_else(|| error("invalid named capture", start))?;
            let name = &rest[..end];
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            let shown = &start[..start.len() - rest.len() + end + 1];
            if name.is_empty() || !name.bytes().all(fits) {
                return Err(error("invalid named capture", shown));
            }
            self.rest = &rest[end + 1..];
            return self.open(self.flags);
        }
        self.flags(start)
    }

    fn flags(&mut self, start: &'text str) -> Result<(), PatternError> {
        let bad = || error("invalid or unsupported Perl syntax", start);
        let mut flags = self.flags;
        let (mut is_set, mut saw_flag) = (true, false);
        for (at, letter) in start.char_indices().skip(2) {
            match letter {
                'i' => flags.case = if is_set { Case::Folded } else { Case::Kept },
                'm' => flags.lines = if is_set { Lines::Many } else { Lines::One },
                's' => flags.dot = if is_set { Dot::AnyChar } else { Dot::AnyCharExceptLF },
                'U' => {}
                '-' if is_set => {
                    (is_set, saw_flag) = (false, false);
                    continue;
                }
                ':' | ')' if is_set || saw_flag => {
                    self.rest = &start[at + 1..];
                    if letter == ':' {
                        return self.open(flags);
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => return Err(bad()),
            }
            saw_flag = true;
        }
        Err(error("missing closing )", start))
    }

    fn escape(&mut self) -> Result<(), PatternError> {
        let look = match self.rest.as_bytes().get(1) {
            Some(b'A') => Some(Look::Start),
            Some(b'z') => Some(Look::End),
            Some(b'b') => Some(Look::WordAscii),
            Some(b'B') => Some(Look::WordAsciiNegate),
            Some(_) | None => None,
        };
        if let Some(look) = look {
            self.advance(2);
            self.push(Hir::look(look), 1);
            return Ok(());
        }
        if let Some(rest) = self.rest.strip_prefix("\\Q") {
            let (quoted, rest) = rest.split_once("\\E").unwrap_or((rest, ""));
            quoted.chars().for_each(|letter| self.literal(letter));
            self.rest = rest;
            return Ok(());
        }
        if let Some((class, rest)) = class::named_by_escape(self.rest, self.flags.case)? {
            self.rest = rest;
            self.class(class);
            return Ok(());
        }
        let (code, rest) = escape::parse(self.rest)?;
        self.rest = rest;
        match char::from_u32(code) {
            Some(letter) => self.literal(letter),
            // Half of a pair: no text has it.
            None => self.push(Hir::fail(), 1),
        }
        Ok(())
    }

    /// Takes an operator of repetition, if the text goes on with one: its least and most.
    fn repetition(&mut self, letter: char) -> Result<Option<(u32, Option<u32>)>, PatternError> {
        let (bounds, length) = match letter {
            '*' => ((0, None), 1),
            '+' => ((1, None), 1),
            '?' => ((0, Some(1)), 1),
            '{' => match counted(self.rest) {
                Some((bounds, length)) => (bounds, length),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        let (min, max) = bounds;
        if min > MAX_REPEAT || max.is_some_and(|max| max > MAX_REPEAT || min > max) {
            return Err(error("invalid repeat count", &self.rest[..length]));
        }
        self.advance(length);
        if self.rest.starts_with('?') {
            self.advance(1);
        }
        Ok(Some((min, max)))
    }

    fn repeat(
        &mut self,
        min: u32,
        max: Option<u32>,
        before: &str,
        repeated: Option<&str>,
    ) -> Result<(), PatternError> {
        if let Some(first) = repeated {
            let shown = &first[..first.len() - self.rest.len()];
            return Err(error("invalid nested repetition operator", shown));
        }
        let shown = &before[..before.len() - self.rest.len()];
        let Some(part) = self.group.sequence.pop() else {
            return Err(error("missing argument to repetition operator", shown));
        };
        let times = max.unwrap_or(min).max(1);
        let repeat = part.repeat.saturating_mul(times);
        if times >= 2 && repeat > MAX_REPEAT {
            return Err(error("invalid repeat count", shown));
        }
        let cost = part.cost.saturating_mul(times as usize).saturating_add(2);
        let sub = Box::new(part.hir);
        let hir = Hir::repetition(Repetition { min, max, greedy: true, sub });
        self.group.sequence.push(Part { hir, repeat, cost });
        Ok(())
    }
}

/// `{n}`, `{n,}` or `{n,m}` and its length; anything else is a brace as it stands.
fn counted(text: &str) -> Option<((u32, Option<u32>), usize)> {
    let rest = text.strip_prefix('{')?;
    let (min, rest) = digits(rest)?;
    let (max, rest) = match rest.strip_prefix(',') {
        None => (Some(min), rest),
        Some(rest) if rest.starts_with('}') => (None, rest),
        Some(rest) => {
            let (max, rest) = digits(rest)?;
            (Some(max), rest)
        }
    };
    let rest = rest.strip_prefix('}')?;
    Some(((min, max), text.len() - rest.len()))
}

/// A number without leading zeros; one that is too large for anything is the largest.
fn digits(text: &str) -> Option<(u32, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(length);
    if number.is_empty() || (number.len() > 1 && number.starts_with('0')) {
        return None;
    }
    Some((number.parse().unwrap_or(u32::MAX), rest))
}
