//! What is wrong with a document, as values: rendered at the doors, never here.
//!
//! A code never changes its meaning; the words may get better.

use std::fmt;

/// A stable name of one kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub &'static str);

impl Code {
    /// The text is larger than what is read.
    pub const TOO_LARGE: Code = Code("PW0001");
    /// The text is no YAML.
    pub const BROKEN_YAML: Code = Code("PW0002");
    /// More values, or deeper ones, than a document may hold; aliases count as what they stand for.
    pub const TOO_MANY: Code = Code("PW0003");
    /// A key stands twice in one mapping.
    pub const DUPLICATE_KEY: Code = Code("PW0004");
    /// A character that does not show, or that turns the direction of what follows.
    pub const INVISIBLE: Code = Code("PW0005");
    /// A list, a mapping or a single value where another is wanted.
    pub const SHAPE: Code = Code("PW0006");
    /// A value that YAML readers take for another kind.
    pub const VALUE: Code = Code("PW0007");
    /// YAML that is read in too many ways: tags, merge keys, directives.
    pub const YAML_FEATURE: Code = Code("PW0008");
    /// A field that the language does not have.
    pub const UNKNOWN_FIELD: Code = Code("PW0101");
    /// A field that the language has and Podwall does not act on yet.
    pub const UNSUPPORTED: Code = Code("PW0102");
    /// A field that must be there.
    pub const MISSING: Code = Code("PW0103");
    /// No kind of policy that is known, or not in this version.
    pub const KIND: Code = Code("PW0104");
    /// A name that Kubernetes would not take.
    pub const NAME: Code = Code("PW0105");
    /// The same policy twice.
    pub const DUPLICATE_POLICY: Code = Code("PW0106");
    /// An annotation of ours that says nothing we know.
    pub const ANNOTATION: Code = Code("PW0107");
    /// No rules at all, or none in a spec.
    pub const EMPTY: Code = Code("PW0201");
    /// Two ways to name peers in one element.
    pub const COMBINING: Code = Code("PW0202");
    /// A label selector that cannot be.
    pub const SELECTOR: Code = Code("PW0203");
    /// A word that names no entity.
    pub const ENTITY: Code = Code("PW0204");
    /// An address range that is none.
    pub const CIDR: Code = Code("PW0205");
    /// An exception outside its range.
    pub const EXCEPT: Code = Code("PW0206");
    /// A subject that is missing, or not allowed for the kind.
    pub const SUBJECT: Code = Code("PW0207");
    /// A tier, priority, action or number of rules that the kind does not have.
    pub const TIER: Code = Code("PW0208");
    /// A name or a pattern of names that is none.
    pub const NAME_PATTERN: Code = Code("PW0209");
    /// A port that is none.
    pub const PORT: Code = Code("PW0301");
    /// A protocol that is none, or not here.
    pub const PROTOCOL: Code = Code("PW0302");
    /// More ports or ICMP types than one list may hold.
    pub const TOO_MANY_PORTS: Code = Code("PW0303");
    /// An ICMP type or family that is none.
    pub const ICMP: Code = Code("PW0304");
    /// ICMP and ports in one element.
    pub const ICMP_AND_PORTS: Code = Code("PW0305");
    /// What is asked of requests cannot be asked there, or not so.
    pub const REQUEST: Code = Code("PW0401");
    /// A regular expression that is none.
    pub const EXPRESSION: Code = Code("PW0402");
    /// A header that is none, or that cannot be acted on.
    pub const HEADER: Code = Code("PW0403");
    /// A name or a pattern of names that is none.
    pub const DNS_NAME: Code = Code("PW0404");
    /// A server name that is none, or a pattern that is not taken.
    pub const SERVER_NAME: Code = Code("PW0405");
    /// A TLS context without what it needs.
    pub const TLS_CONTEXT: Code = Code("PW0406");
    /// A Kafka rule that cannot be.
    pub const KAFKA: Code = Code("PW0407");
    /// A namespace in a subject that is not the policy's own: overridden.
    pub const FOREIGN_NAMESPACE: Code = Code("PW0901");
    /// A selector that can match nothing.
    pub const MATCHES_NOTHING: Code = Code("PW0902");
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Whether a finding makes its document unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The document is refused as a whole.
    Error,
    /// The document is used.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// A place in a text, both counted from 1; the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// One finding about a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of finding.
    pub code: Code,
    /// Whether it refuses the document.
    pub severity: Severity,
    /// What is wrong: lower case, the value in backticks.
    pub message: String,
    /// The file, as it was named to `check`.
    pub file: String,
    /// Where in it.
    pub span: Span,
    /// What to do about it.
    pub help: Option<String>,
}

impl fmt::Display for Diagnostic {
    /// `file:line:column: error PW0101: unknown field: ..., hint: ...`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span { line, column } = self.span;
        write!(f, "{}:{line}:{column}: {} {}: ", self.file, self.severity, self.code)?;
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, ", hint: {help}"),
            None => Ok(()),
        }
    }
}

/// How much of a strange value a message repeats, in characters.
const SHOWN: usize = 80;

/// A value from a document as a message may show it: short, and with nothing hidden in it.
pub(crate) fn shown(value: &str) -> String {
    let mut out = String::new();
    for (count, character) in value.chars().enumerate() {
        if count == SHOWN {
            out.push('…');
            break;
        }
        if character.is_control() || is_invisible(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

/// Characters that do not show or that turn the direction of what follows, so that a reader sees
/// another text than the machine (Unicode technical report 36).
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
    )
}

/// The findings of one file, while it is read.
pub(crate) struct Findings {
    file: String,
    list: Vec<Diagnostic>,
    errors: usize,
}

/// More findings than anybody reads; the rest of a file is counted, not kept.
const KEPT: usize = 200;

impl Findings {
    pub(crate) fn of(file: &str) -> Findings {
        Findings { file: file.to_owned(), list: Vec::new(), errors: 0 }
    }

    /// How many errors there were up to now.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// Whether no more findings are kept: then good words for them are not worth the time.
    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= KEPT
    }

    pub(crate) fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.add(Severity::Error, code, span, (message.into(), None));
    }

    pub(crate) fn error_with(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Error, code, span, (message.into(), Some(help.into())));
    }

    pub(crate) fn warn(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Warning, code, span, (message.into(), Some(help.into())));
    }

    fn add(
        &mut self,
        severity: Severity,
        code: Code,
        span: Span,
        (message, help): (String, Option<String>),
    ) {
        match severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => {}
        }
        if self.list.len() < KEPT {
            let file = self.file.clone();
            self.list.push(Diagnostic { code, severity, message, file, span, help });
        }
    }

    /// The findings in the order of their places.
    pub(crate) fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|finding| (finding.span, finding.severity));
        self.list
    }
}
