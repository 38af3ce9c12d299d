//! Escapes that stand for one letter: octal, hexadecimal, C's, and punctuation as it is.

use super::PatternError;
use super::parse::error;

/// The letter's number that an escape stands for, and the text after it. The text begins with the
/// backslash.
pub(super) fn parse(text: &str) -> Result<(u32, &str), PatternError> {
    let mut letters = text[1..].chars();
    let Some(letter) = letters.next() else {
        return Err(error("trailing backslash at end of expression", ""));
    };
    let rest = letters.as_str();
    let invalid = |length: usize| {
        let mut end = length.min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        error("invalid escape sequence", &text[..end])
    };
    let plain = match letter {
        '0'..='7' => {
            // A single digit but 0 would be a reference back, which there is not.
            if letter != '0' && !rest.starts_with(|c: char| ('0'..='7').contains(&c)) {
                return Err(invalid(2));
            }
            let more = rest.bytes().take(2).take_while(|b| (b'0'..=b'7').contains(b)).count();
            let digits = &text[1..2 + more];
            let code = u32::from_str_radix(digits, 8).expect("octal digits");
            return Ok((code, &rest[more..]));
        }
        'x' => return hexadecimal(rest).ok_or_else(|| invalid(4)),
        'a' => 7,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        other if other.is_ascii() && !other.is_ascii_alphanumeric() => u32::from(other),
        other => return Err(invalid(1 + other.len_utf8())),
    };
    Ok((plain, rest))
}

/// `7f`, or any number of digits in braces.
fn hexadecimal(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = match text.strip_prefix('{') {
        Some(inner) => inner.split_once('}')?,
        None => text.split_at_checked(2)?,
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    let code = match significant {
        "" => 0,
        digits => u32::from_str_radix(digits, 16).ok()?,
    };
    (code <= u32::from(char::MAX)).then_some((code, rest))
}
