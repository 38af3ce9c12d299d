//! HTTP rules: what a request has to be, and what is done to its headers.
//!
//! Method, path and host are expressions for the whole of each. The path has its query, the host
//! its port. A header that comes several times is compared as one text with commas between.

use crate::re2::Pattern;
use crate::request::{Headers, HttpRequest};

/// One item of an `http` list; everything that it names must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpRule {
    /// The method; `None` for any.
    pub method: Option<Pattern>,
    /// The normalised path with its query.
    pub path: Option<Pattern>,
    /// The authority, with its port if it has one.
    pub host: Option<Pattern>,
    /// Headers that must be there.
    pub headers: Vec<HeaderTest>,
    /// Headers that are acted on.
    pub header_matches: Vec<HeaderMatch>,
}

/// A header that must be there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeaderTest {
    /// Its name, lower case.
    pub name: String,
    /// Its value; `None` for any, an empty one too.
    pub value: Option<String>,
}

/// A header with what is done where it is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeaderMatch {
    /// Its name, lower case.
    pub name: String,
    /// Its value; empty for any.
    pub value: String,
    /// Where its value is kept instead.
    pub secret: Option<SecretName>,
    /// What is done where it is not so.
    pub mismatch: Mismatch,
}

/// A secret of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName {
    /// Its namespace; empty for the policy's own.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What is done where a header is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mismatch {
    /// The rule does not fit.
    Fail,
    /// It is recorded.
    Log,
    /// The header is added; wrong ones stay.
    Add,
    /// The wrong header is removed.
    Delete,
    /// The header is set.
    Replace,
}

impl HttpRule {
    /// Whether the rule is about a request, as its headers are now.
    pub fn fits(&self, request: &HttpRequest, headers: &Headers) -> bool {
        let is = |pattern: &Option<Pattern>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
        };
        is(&self.method, &request.method)
            && is(&self.host, &request.host)
            && is(&self.path, &request.path)
            && self.has_headers(request, headers)
    }

    pub(crate) fn has_headers(&self, request: &HttpRequest, headers: &Headers) -> bool {
        self.headers.iter().all(|test| {
            let found = match test.name.as_str() {
                ":method" => Some(request.method.clone()),
                ":path" => Some(request.path.clone()),
                ":authority" | "host" => Some(request.host.clone()),
                name => headers.value(name),
            };
            found.is_some_and(|found| test.value.as_ref().is_none_or(|value| *value == found))
        })
    }

    /// Does what the rule says of headers; whether it still lets the request pass. All are acted
    /// on, whatever one of them says.
    pub fn act(&self, headers: &mut Headers) -> bool {
        let mut passes = true;
        for one in &self.header_matches {
            passes &= one.act(headers);
        }
        passes
    }
}

impl HeaderMatch {
    fn act(&self, headers: &mut Headers) -> bool {
        // A secret that is not there is never an empty value that everything has.
        if self.secret.is_some() && self.value.is_empty() {
            return false;
        }
        let found = headers.value(&self.name);
        let is_so = found.as_ref().is_some_and(|found| {
            self.value.is_empty() || is_equal(found.as_bytes(), self.value.as_bytes())
        });
        if is_so {
            return true;
        }
        match self.mismatch {
            Mismatch::Fail => return false,
            Mismatch::Log => {}
            Mismatch::Add => headers.add(&self.name, &self.value),
            Mismatch::Delete => headers.remove(&self.name),
            Mismatch::Replace => {
                headers.remove(&self.name);
                headers.add(&self.name, &self.value);
            }
        }
        true
    }
}

/// Compares without telling by time where two texts of one length differ.
fn is_equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&str, &str)]) -> Headers {
        Headers::new(list.iter().map(|(name, value)| (*name, *value)))
    }

    fn acted(matches: &[(&str, &str, Mismatch)], before: &[(&str, &str)]) -> (bool, Headers) {
        let header_matches = matches
            .iter()
            .map(|(name, value, mismatch)| HeaderMatch {
                name: (*name).into(),
                value: (*value).into(),
                secret: None,
                mismatch: *mismatch,
            })
            .collect();
        let mut headers = headers(before);
        let passes = HttpRule { header_matches, ..HttpRule::default() }.act(&mut headers);
        (passes, headers)
    }

    #[test]
    fn each_mismatch_does_its_own() {
        let wrong = [("x", "b"), ("y", "1")];
        for (mismatch, passes, after) in [
            (Mismatch::Fail, false, headers(&wrong)),
            (Mismatch::Log, true, headers(&wrong)),
            (Mismatch::Add, true, headers(&[("x", "b"), ("y", "1"), ("x", "a")])),
            (Mismatch::Delete, true, headers(&[("y", "1")])),
            (Mismatch::Replace, true, headers(&[("y", "1"), ("x", "a")])),
        ] {
            assert_eq!(acted(&[("x", "a", mismatch)], &wrong), (passes, after), "{mismatch:?}");
            let right = headers(&[("x", "a")]);
            assert_eq!(acted(&[("x", "a", mismatch)], &[("X", "a")]), (true, right));
        }
        assert_eq!(acted(&[("x", "", Mismatch::Delete)], &[]), (true, headers(&[])));
    }

    #[test]
    fn a_header_that_comes_twice_is_one_text() {
        assert!(!acted(&[("x", "a", Mismatch::Fail)], &[("x", "a"), ("x", "b")]).0);
        assert!(acted(&[("x", "a,b", Mismatch::Fail)], &[("x", "a"), ("x", "b")]).0);
    }

    #[test]
    fn what_was_done_stays_done_where_a_later_one_fails() {
        let matches = [("no", "", Mismatch::Fail), ("x", "a", Mismatch::Replace)];
        assert_eq!(acted(&matches, &[("x", "b")]), (false, headers(&[("x", "a")])));
    }

    #[test]
    fn a_secret_without_a_value_never_fits() {
        let secret = Some(SecretName { namespace: "d".into(), name: "s".into() });
        for mismatch in [Mismatch::Log, Mismatch::Add, Mismatch::Replace, Mismatch::Fail] {
            let one = HeaderMatch {
                name: "x".into(),
                value: String::new(),
                secret: secret.clone(),
                mismatch,
            };
            let rule = HttpRule { header_matches: vec![one], ..HttpRule::default() };
            assert!(!rule.act(&mut headers(&[("x", "a")])));
        }
    }
}
