//! The one form of a path that rules are asked about, and that the server is sent.
//!
//! What servers are known to read in two ways is refused or sent back to the client in its plain
//! form, so that nobody behind the gate sees another path than the rules did.

use std::error::Error;
use std::fmt;

/// A path that rules can be asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normalised {
    /// The path with its query.
    pub path: String,
    /// Whether it held an escaped slash: then the client is sent there (307) before it is served.
    pub is_redirected: bool,
}

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathError {
    /// It begins with no slash.
    NoSlash,
    /// It is too long to be read.
    TooLong,
    /// A byte that a path cannot have: control, space, raw letters beyond ASCII.
    Byte(u8),
    /// A percent sign without two digits behind it, or a byte that no server should see.
    Escape,
    /// Dots that are a way up only to some servers: escaped twice, or with a parameter.
    HiddenDots,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathError::NoSlash => f.write_str("path does not begin with a slash"),
            PathError::TooLong => write!(f, "path longer than `{MAX_BYTES} bytes`"),
            PathError::Byte(byte) => write!(f, "byte that a path cannot have: `{byte:#04x}`"),
            PathError::Escape => f.write_str("percent escape that means nothing"),
            PathError::HiddenDots => f.write_str("dots that are a way up only to some servers"),
        }
    }
}

impl Error for PathError {}

/// The longest path that is read.
const MAX_BYTES: usize = 64 << 10;
/// How often what was escaped may be escaped again before nobody unescapes it any more.
const DEPTH: usize = 3;

/// Normalises a path with its query (RFC 3986, 6.2.2): escapes of plain letters are undone, dots
/// are walked, slashes merged. `*` stays as it is.
pub fn normalise(text: &str) -> Result<Normalised, PathError> {
    if text == "*" {
        return Ok(Normalised { path: text.to_owned(), is_redirected: false });
    }
    if text.len() > MAX_BYTES {
        return Err(PathError::TooLong);
    }
    // A fragment is never sent by a client that means well.
    if let Some(byte) = text.bytes().find(|byte| !(0x21..0x7f).contains(byte) || *byte == b'#') {
        return Err(PathError::Byte(byte));
    }
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    if !path.starts_with(['/', '\\']) {
        return Err(PathError::NoSlash);
    }
    let (path, is_redirected) = unescape(path)?;
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    if segments.iter().any(|segment| hides_dots(segment)) {
        return Err(PathError::HiddenDots);
    }
    let mut whole = format!("/{}", segments.join("/"));
    let is_folder = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end));
    if is_folder && !whole.ends_with('/') {
        whole.push('/');
    }
    if let Some(query) = query {
        whole.push('?');
        whole.push_str(query);
    }
    Ok(Normalised { path: whole, is_redirected })
}

/// Undoes escapes of letters that need none; an escaped slash is one, and is told.
fn unescape(path: &str) -> Result<(String, bool), PathError> {
    let mut plain = String::with_capacity(path.len());
    let mut has_slash = false;
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'\\' => plain.push('/'),
            b'%' => {
                let byte = rest.get(..2).and_then(escaped).ok_or(PathError::Escape)?;
                rest = &rest[2..];
                match byte {
                    b'/' | b'\\' => {
                        has_slash = true;
                        plain.push('/');
                    }
                    // NUL and control characters; bytes that UTF-8 never has.
                    0..0x20 | 0x7f | 0xc0 | 0xc1 | 0xf5..=0xff => return Err(PathError::Escape),
                    byte if is_unreserved(byte) => plain.push(char::from(byte)),
                    byte => plain.push_str(&format!("%{byte:02X}")),
                }
            }
            byte => plain.push(char::from(byte)),
        }
    }
    Ok((plain, has_slash))
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The byte that two hexadecimal digits stand for.
fn escaped(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (high, low) = (digit(digits[0])?, digit(digits[1])?);
    u8::try_from(high * 16 + low).ok()
}

/// Whether a segment would be a way up to a server that unescapes more often, or that takes what
/// follows a semicolon for a parameter.
fn hides_dots(segment: &str) -> bool {
    let mut bytes = segment.as_bytes().to_vec();
    for _ in 0..DEPTH {
        let mut parts = bytes.split(|byte| matches!(byte, b'/' | b'\\'));
        let is_dots = |part: &[u8]| {
            let name = part.split(|byte| *byte == b';').next().unwrap_or_default();
            matches!(name, b"." | b"..")
        };
        if parts.any(is_dots) {
            return true;
        }
        let mut less = Vec::with_capacity(bytes.len());
        let mut rest = bytes.as_slice();
        while let Some((&byte, after)) = rest.split_first() {
            match after.get(..2).and_then(escaped).filter(|_| byte == b'%') {
                Some(byte) => {
                    less.push(byte);
                    rest = &after[2..];
                }
                None => {
                    less.push(byte);
                    rest = after;
                }
            }
        }
        if less == bytes {
            return false;
        }
        bytes = less;
    }
    // Escaped more often than anybody means.
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_to_one_form() {
        for (path, plain) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/./b", "/a/b"),
            ("/a/../b", "/b"),
            ("/../../b", "/b"),
            ("/a//b///c", "/a/b/c"),
            ("//a", "/a"),
            ("/a/", "/a/"),
            ("/a/.", "/a/"),
            ("/a/b/..", "/a/"),
            ("/a/..", "/"),
            ("/public/../private?x=/../y", "/private?x=/../y"),
            ("/%61%2e%7E%2D", "/a.~-"),
            ("/public/%2e%2e/admin", "/admin"),
            ("/public\\..\\admin", "/admin"),
            ("/a%20b%c3%a9", "/a%20b%C3%A9"),
            ("/a;v=1/b", "/a;v=1/b"),
            ("/a.b/...", "/a.b/..."),
            ("*", "*"),
        ] {
            let normalised = normalise(path).unwrap();
            assert_eq!((normalised.path.as_str(), normalised.is_redirected), (plain, false));
        }
        for (path, plain) in
            [("/a%2Fb", "/a/b"), ("/public%2f..%2fadmin", "/admin"), ("/a%5cb", "/a/b")]
        {
            let normalised = normalise(path).unwrap();
            assert_eq!((normalised.path.as_str(), normalised.is_redirected), (plain, true));
        }
    }

    #[test]
    fn what_is_read_in_two_ways_is_refused() {
        for path in [
            "",
            "a",
            "http://x/a",
            "/a b",
            "/a\tb",
            "/a\0b",
            "/é",
            "/a#b",
            "/%",
            "/%2",
            "/%XY",
            "/%00",
            "/%0a",
            "/%c0%ae",
            "/public/..;x/admin",
            "/public/%252e%252e/admin",
            "/public/%25%32%65%25%32%65/x",
            "/a/.;/b",
            "/a/..%3b/b",
            "/a/%25252525252e/b",
        ] {
            assert!(normalise(path).is_err(), "{path}: {:?}", normalise(path));
        }
    }

    #[test]
    fn a_plain_path_stays_plain() {
        for path in ["/a/../b%2Fc//d?e", "/%41/./b/..", "/x;y/%20/", "/a/b/../../../c/"] {
            let once = normalise(path).unwrap().path;
            assert_eq!(
                normalise(&once).unwrap(),
                Normalised { path: once.clone(), is_redirected: false }
            );
        }
    }
}
