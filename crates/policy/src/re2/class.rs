//! Classes of letters: brackets, `\d` and its like, POSIX names and Unicode's groups.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

use super::PatternError;
use super::escape;
use super::parse::error;
use super::scripts;

/// Whether upper and lower case are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// They are.
    Kept,
    /// They are not (`(?i)`).
    Folded,
}

/// A group and what follows it.
type Found<'text> = (ClassUnicode, &'text str);

/// One letter, in both cases if those are not told apart.
pub(super) fn letter(letter: char, case: Case) -> Hir {
    match case {
        Case::Kept => Hir::literal(letter.to_string().into_bytes()),
        Case::Folded => Hir::class(Class::Unicode(range(letter.into(), letter.into(), case))),
    }
}

/// A class in brackets and what follows it. The text begins with the bracket.
pub(super) fn parse(text: &str, case: Case) -> Result<Found<'_>, PatternError> {
    let missing = || error("missing closing ]", text);
    let mut rest = &text[1..];
    let is_negated = rest.starts_with('^');
    rest = rest.strip_prefix('^').unwrap_or(rest);
    let mut class = ClassUnicode::empty();
    let mut is_first = true;
    loop {
        match rest.chars().next() {
            None => return Err(missing()),
            Some(']') if !is_first => break,
            Some(_) => is_first = false,
        }
        if let Some((posix, after)) = posix(rest, case)? {
            class.union(&posix);
            rest = after;
            continue;
        }
        if let Some((group, after)) = named_by_escape(rest, case)? {
            class.union(&group);
            rest = after;
            continue;
        }
        let start = rest;
        let (low, after) = one(rest, missing)?;
        let dash =
            after.strip_prefix('-').filter(|more| !more.is_empty() && !more.starts_with(']'));
        let (high, after) = match dash {
            Some(more) => one(more, missing)?,
            None => (low, after),
        };
        rest = after;
        if high < low {
            let part = &start[..start.len() - rest.len()];
            return Err(error("invalid character class range", part));
        }
        class.union(&range(low, high, case));
    }
    if is_negated {
        class.negate();
    }
    Ok((class, &rest[1..]))
}

/// One letter of a class, escaped or not.
fn one(text: &str, missing: impl Fn() -> PatternError) -> Result<(u32, &str), PatternError> {
    match text.chars().next() {
        None => Err(missing()),
        Some('\\') => escape::parse(text),
        Some(letter) => Ok((letter.into(), &text[letter.len_utf8()..])),
    }
}

/// All letters from one to another; halves of pairs are none.
fn range(low: u32, high: u32, case: Case) -> ClassUnicode {
    let low = char::from_u32(low).unwrap_or('\u{e000}');
    let high = char::from_u32(high).unwrap_or('\u{d7ff}');
    let mut class = ClassUnicode::empty();
    if low <= high {
        class.push(ClassUnicodeRange::new(low, high));
    }
    fold(&mut class, case);
    class
}

fn fold(class: &mut ClassUnicode, case: Case) {
    match case {
        Case::Kept => {}
        Case::Folded => class.try_case_fold_simple().expect("the tables of cases are built in"),
    }
}

/// A group that is folded first and negated then, as RE2 has it.
fn group(mut class: ClassUnicode, is_negated: bool, case: Case) -> ClassUnicode {
    fold(&mut class, case);
    if is_negated {
        class.negate();
    }
    class
}

fn of_ranges(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|(low, high)| ClassUnicodeRange::new(*low, *high)))
}

/// `[:name:]` inside brackets.
fn posix(text: &str, case: Case) -> Result<Option<Found<'_>>, PatternError> {
    let Some((name, after)) = text.strip_prefix("[:").and_then(|rest| rest.split_once(":]")) else {
        return Ok(None);
    };
    let is_negated = name.starts_with('^');
    let ranges: &[(char, char)] = match name.strip_prefix('^').unwrap_or(name) {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7f')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => {
            let part = &text[..text.len() - after.len()];
            return Err(error("invalid character class range", part));
        }
    };
    Ok(Some((group(of_ranges(ranges), is_negated, case), after)))
}

/// `\d`, `\pN` and their like. The text may begin with anything.
pub(super) fn named_by_escape(text: &str, case: Case) -> Result<Option<Found<'_>>, PatternError> {
    let mut letters = text.chars();
    let (Some('\\'), Some(letter)) = (letters.next(), letters.next()) else { return Ok(None) };
    let ranges: &[(char, char)] = match letter {
        'd' | 'D' => &[('0', '9')],
        's' | 'S' => &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')],
        'w' | 'W' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        'p' | 'P' => return unicode(text, letter == 'P', case).map(Some),
        _ => return Ok(None),
    };
    let is_negated = letter.is_ascii_uppercase();
    Ok(Some((group(of_ranges(ranges), is_negated, case), letters.as_str())))
}

/// `\pN` or `\p{Greek}`; the capital negates, and so does a caret before the name.
fn unicode(text: &str, is_negated: bool, case: Case) -> Result<Found<'_>, PatternError> {
    let invalid = |part: &str| error("invalid character class range", part);
    let (name, rest) = match text[2..].chars().next() {
        None => return Err(invalid(text)),
        Some('{') => text[3..].split_once('}').ok_or_else(|| invalid(text))?,
        Some(letter) => text[2..].split_at(letter.len_utf8()),
    };
    let part = &text[..text.len() - rest.len()];
    let is_negated = is_negated != name.starts_with('^');
    let name = name.strip_prefix('^').unwrap_or(name);
    let class = of_name(name).ok_or_else(|| invalid(part))?;
    Ok((group(class, is_negated, case), rest))
}

/// The groups that RE2 knows. Its `C` has no unassigned letters, and no text has halves of pairs.
fn of_name(name: &str) -> Option<ClassUnicode> {
    let known = |name: &str| {
        let hir = regex_syntax::Parser::new().parse(&format!("\\p{{{name}}}")).ok()?;
        match hir.into_kind() {
            HirKind::Class(Class::Unicode(class)) => Some(class),
            _ => None,
        }
    };
    match name {
        "Any" => Some(of_ranges(&[('\0', char::MAX)])),
        "Cs" => Some(ClassUnicode::empty()),
        "C" => {
            let mut class = known("Cc")?;
            class.union(&known("Cf")?);
            class.union(&known("Co")?);
            Some(class)
        }
        name if scripts::CATEGORIES.contains(&name) => known(name),
        name if scripts::SCRIPTS.binary_search(&name).is_ok() => known(name),
        _ => None,
    }
}
