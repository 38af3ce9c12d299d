//! Names that a TLS client may ask for: exact ones, and stars for whole labels.

use std::error::Error;
use std::fmt;

/// What a server name has to look like, as lower-case labels: `*` is one label, `**` one or more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerName(Vec<String>);

/// A text that is no server name and no pattern of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerNameError(pub String);

impl fmt::Display for ServerNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unsupported server name pattern: `{}`", self.0)
    }
}

impl Error for ServerNameError {}

/// The longest name (Cilium's limit).
const MAX_BYTES: usize = 255;

impl ServerName {
    /// Reads a name or pattern. What the proxy would not take is not taken here, nor is a star
    /// that stands for a part of a label.
    pub fn new(text: &str) -> Result<ServerName, ServerNameError> {
        let labels: Vec<String> = text.to_ascii_lowercase().split('.').map(str::to_owned).collect();
        let is_plain = |label: &str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            !label.is_empty() && label.bytes().all(fits)
        };
        let fits = |label: &String| matches!(label.as_str(), "*" | "**") || is_plain(label);
        if text.len() > MAX_BYTES || !labels.iter().all(fits) {
            return Err(ServerNameError(text.to_owned()));
        }
        // A star alone is any name, as deep as it may be.
        if labels == ["*"] {
            return Ok(ServerName(vec!["**".to_owned()]));
        }
        Ok(ServerName(labels))
    }

    /// Whether some label is a star.
    pub(crate) fn has_star(&self) -> bool {
        self.0.iter().any(|label| label.starts_with('*'))
    }

    /// Whether a star stands elsewhere than before all other labels.
    pub(crate) fn has_inner_star(&self) -> bool {
        let after = self.0.iter().skip(1).any(|label| label.starts_with('*'));
        after || (self.0.len() == 1 && self.has_star())
    }

    /// Whether a client asks for one of these names. An empty name is none.
    pub fn matches(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let labels: Vec<&str> = name.split('.').collect();
        labels.iter().all(|label| !label.is_empty()) && fits(&self.0, &labels)
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// Whether labels fit, the last star taken up anew where it reached too little.
fn fits(pattern: &[String], labels: &[&str]) -> bool {
    let (mut at, mut in_pattern) = (0, 0);
    let mut deep: Option<(usize, usize)> = None;
    while at < labels.len() {
        match pattern.get(in_pattern).map(String::as_str) {
            Some("**") => {
                deep = Some((in_pattern, at + 1));
                (at, in_pattern) = (at + 1, in_pattern + 1);
            }
            Some(label) if label == "*" || label == labels[at] => {
                (at, in_pattern) = (at + 1, in_pattern + 1);
            }
            Some(_) | None => match deep {
                Some((place, reached)) => {
                    deep = Some((place, reached + 1));
                    (at, in_pattern) = (reached + 1, place + 1);
                }
                None => return false,
            },
        }
    }
    in_pattern == pattern.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_whole_labels() {
        for (pattern, names, others) in [
            ("Example.com", &["example.com", "EXaMpLE.com"][..], &["www.example.com", "", "."][..]),
            ("*.x.io", &["a.x.io"], &["x.io", "a.b.x.io", ".x.io"]),
            ("**.x.io", &["a.x.io", "a.b.x.io"], &["x.io", "x.io.a"]),
            ("sub.**.x.io", &["sub.a.x.io", "sub.a.b-0.x.io"], &["sub.x.io", "a.x.io"]),
            ("**.a.*.io", &["b.a.c.io", "a.a.a.a.io", "x.a.b.a.c.io"], &["a.c.io", "b.a.io"]),
            ("*", &["a", "a.b.c"], &["", "a..b"]),
        ] {
            let pattern = ServerName::new(pattern).unwrap();
            for name in names {
                assert!(pattern.matches(name), "{pattern} and {name}");
            }
            for name in others {
                assert!(!pattern.matches(name), "{pattern} not {name}");
            }
        }
    }

    #[test]
    fn what_the_proxy_refuses_is_refused() {
        for bad in [
            "***",
            "a.***.b",
            "a.b**",
            "example.com.",
            "a..b",
            "^a$",
            ".+a",
            "[a-z]*.x",
            "",
            "a*.b",
        ] {
            assert!(ServerName::new(bad).is_err(), "{bad}");
        }
    }
}
