//! Results as JUnit XML, which every pipeline reads.

use std::io::{self, Write};

/// The results of one file.
pub(super) struct Suite {
    pub(super) name: String,
    pub(super) cases: Vec<Case>,
}

/// One result.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) class: String,
    pub(super) line: u32,
    /// What is wrong: a line, and all that is said of it.
    pub(super) failure: Option<(String, String)>,
}

/// Writes all of them.
pub(super) fn write(out: &mut impl Write, suites: &[Suite]) -> io::Result<()> {
    let count = |suite: &Suite| suite.cases.iter().filter(|case| case.failure.is_some()).count();
    let tests: usize = suites.iter().map(|suite| suite.cases.len()).sum();
    let failures: usize = suites.iter().map(count).sum();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"podwall\" tests=\"{tests}\" failures=\"{failures}\">")?;
    for suite in suites {
        let (name, tests, failures) = (escaped(&suite.name), suite.cases.len(), count(suite));
        writeln!(out, "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\">")?;
        for case in &suite.cases {
            write!(
                out,
                "    <testcase name=\"{}\" classname=\"{}\" file=\"{name}\" line=\"{}\"",
                escaped(&case.name),
                escaped(&case.class),
                case.line
            )?;
            match &case.failure {
                None => writeln!(out, "/>")?,
                Some((message, text)) => {
                    writeln!(out, ">")?;
                    write!(out, "      <failure message=\"{}\">", escaped(message))?;
                    writeln!(out, "{}</failure>\n    </testcase>", escaped(text))?;
                }
            }
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

/// Text as XML 1.0 takes it; what it has no way to say becomes a question mark.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(character),
            '\u{fffe}' | '\u{ffff}' => out.push('?'),
            other if other.is_control() => out.push('?'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_would_read_is_written_out() {
        assert_eq!(escaped("a<b> & \"c\"\u{1b}"), "a&lt;b&gt; &amp; &quot;c&quot;?");
    }
}
